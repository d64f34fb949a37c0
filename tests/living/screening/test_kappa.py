"""Cohen's κ: against published numbers, and what must hold for any two people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import InputError
from reprieve.living.screening import cohen_kappa

words = st.sampled_from(["include", "exclude", "maybe"])
judgements = st.lists(st.tuples(words, words), min_size=1, max_size=60)


def _of_table(table):
    """The judgements of two people from the table of how often each pair of words came."""
    pairs = [
        (i, j) for i, row in enumerate(table) for j, times in enumerate(row) for _ in range(times)
    ]
    return [i for i, _ in pairs], [j for _, j in pairs]


def test_the_diagnoses_of_fleiss():
    """Fleiss, Statistical Methods for Rates and Proportions, table 13.1 (100 subjects): κ 0.68.

    The standard error is that of statsmodels 0.15.0:
    ``cohens_kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]]).std_kappa``.
    """
    found = cohen_kappa(*_of_table([[75, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert found.observed == pytest.approx(0.89)
    assert found.expected == pytest.approx(0.66)
    assert found.kappa == pytest.approx(0.676470588235294)
    assert found.se == pytest.approx(0.08770295347521254)
    assert found.low == pytest.approx(0.5045759580860855)
    assert found.high == pytest.approx(0.8483652183845026)


def test_one_word_only_leaves_kappa_undefined():
    found = cohen_kappa(["exclude"] * 5, ["exclude"] * 5)
    assert found.kappa is None
    assert found.observed == 1
    assert "one word only" in str(found)


def test_nothing_judged_by_both():
    assert cohen_kappa([], []).to_dict()["kappa"] is None


def test_two_lists_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="judged 2 things and the second 1"):
        cohen_kappa([1, 2], [1])


@given(judgements)
def test_the_same_as_scikit_learn(pairs):
    from sklearn.metrics import cohen_kappa_score

    first, second = zip(*pairs, strict=True)
    found = cohen_kappa(first, second)
    if found.kappa is None:
        assert set(first) == set(second)
        assert len(set(first)) == 1
    else:
        assert found.kappa == pytest.approx(cohen_kappa_score(first, second))


@given(judgements)
def test_who_comes_first_does_not_matter(pairs):
    first, second = zip(*pairs, strict=True)
    one, other = cohen_kappa(first, second), cohen_kappa(second, first)
    assert one.agreed == other.agreed
    if one.kappa is not None:
        assert one.kappa == pytest.approx(other.kappa)
        assert (one.se is None) == (other.se is None)
    if one.se is not None:
        assert one.se == pytest.approx(other.se, abs=1e-7)
        assert one.low <= one.kappa <= one.high <= 1 + 1e-12
