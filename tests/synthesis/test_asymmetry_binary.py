import numpy as np
import pytest

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.missing_evidence.asymmetry import RankTest
from reprieve.synthesis.missing_evidence.asymmetry_binary import binary_asymmetry_test

METHODS = ("Harbord", "Peters", "Deeks", "Macaskill", "Thompson", "Schwarzer")
# meta adds 0.5, not 1, to the group sizes of risk ratios with a zero cell: another estimate
OTHER_RISK_RATIO = {"Olkin1995_RR"}


def counts(data):
    return {"events1": data["e1"], "n1": data["n1"], "events2": data["e2"], "n2": data["n2"]}


@pytest.mark.parametrize("method", METHODS)
def test_equal_to_meta(reference, method):
    compared = 0
    for name, data in reference("meta/small_study").items():
        if method not in data:
            continue
        if name in OTHER_RISK_RATIO and method not in ("Harbord", "Schwarzer"):
            continue
        expected = data[method]
        found = binary_asymmetry_test(**counts(data), method=method, measure=data["sm"])
        assert found.statistic == pytest.approx(expected["statistic"], rel=1e-10), name
        assert found.p == pytest.approx(expected["pval"], rel=1e-9), name
        if not isinstance(found, RankTest):
            assert found.df == expected["df"]
            assert found.slope == pytest.approx(expected["estimate"][0], rel=1e-10), name
        compared += 1
    assert compared >= 7


@pytest.mark.parametrize("method", METHODS)
def test_groups_may_change_places(reference, method):
    data = reference("meta/small_study")["bcg_OR"]
    one = binary_asymmetry_test(**counts(data), method=method)
    other = binary_asymmetry_test(
        events1=data["e2"], n1=data["n2"], events2=data["e1"], n2=data["n1"], method=method
    )
    assert other.p == pytest.approx(one.p, rel=1e-9)
    assert other.statistic == pytest.approx(-one.statistic, rel=1e-9)


def test_trials_that_tell_nothing_are_named(reference):
    data = counts(reference("meta/small_study")["bcg_OR"])
    more = {key: [*values, 0 if key.startswith("e") else 50] for key, values in data.items()}
    found = binary_asymmetry_test(**more)
    assert found.p == binary_asymmetry_test(**data).p
    assert "left out: 14" in found.warnings[-1]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"events1": [5, 3, 30]}, InputError, "row 3: 30 of 20"),
        ({"events1": [5, 3]}, InputError, "one value per trial"),
        ({"events1": [5, np.nan, 3]}, InputError, "row 2"),
        ({"events1": [0, 3, 4], "events2": [0, 2, 2]}, SynthesisError, "at least three trials"),
        ({"method": "Egger"}, InputError, "method must be one of"),
        ({"measure": "RD"}, InputError, "measure must be one of"),
    ],
)
def test_what_can_not_be(change, error, message):
    good = {"events1": [5, 3, 2], "n1": [20] * 3, "events2": [4, 6, 3], "n2": [20] * 3}
    with pytest.raises(error, match=message):
        binary_asymmetry_test(**(good | change))
