"""Which record comes next."""

import numpy as np
import pytest

from reprieve.errors import InputError
from reprieve.living.record import Intervention, Record
from reprieve.living.screening import Priority, screening_text

TEXTS = [
    "marrow cells for knee pain",
    "fat cells for knee pain",
    "insulin for diabetes",
    "metformin for diabetes",
    "cells for knee osteoarthritis",
    "diabetes and exercise",
]


def test_like_what_was_included_comes_first():
    scores = Priority(TEXTS).scores([1, -1, 0, -1, -1, -1])
    assert {1, 4} == set(np.argsort(-scores)[:3]) - {0}


@pytest.mark.parametrize("labels", [[-1] * 6, [1, 1, -1, -1, -1, -1], [0, 0, -1, -1, -1, -1]])
def test_the_prior_holds_until_both_kinds_are_known(labels):
    prior = [0.1, 0.9, 0.3, 0.2, 0.8, 0.0]
    assert Priority(TEXTS, prior).scores(labels).tolist() == prior


def test_the_same_labels_give_the_same_scores():
    labels = [1, -1, 0, -1, -1, 0]
    model = Priority(TEXTS)
    assert model.scores(labels).tolist() == Priority(TEXTS).scores(labels).tolist()


@pytest.mark.parametrize("texts", [[], ["cells"], ["", "", ""], ["a", "b"]])
def test_texts_with_nothing_to_learn_from_keep_their_order(texts):
    labels = [1, 0, -1][: len(texts)]
    assert Priority(texts).scores(labels).tolist() == [0.0] * len(texts)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InputError, match="6 records but 1 prior"):
        Priority(TEXTS, [0.5])
    with pytest.raises(InputError, match="6 records but 2 labels"):
        Priority(TEXTS).scores([1, 0])
    with pytest.raises(InputError, match="a label is 1"):
        Priority(TEXTS).scores([1, 0, 2, -1, -1, -1])


def test_the_text_of_a_record_holds_what_tells_it():
    record = Record(
        "clinicaltrials.gov",
        "NCT1",
        "registration",
        title="Cells",
        official_title="Cells",
        summary="A trial",
        interventions=(Intervention("BM-MSC"),),
        mesh=("Osteoarthritis, Knee",),
    )
    assert screening_text(record).split("\n") == [
        "Cells",
        "A trial",
        "BM-MSC",
        "Osteoarthritis, Knee",
    ]
