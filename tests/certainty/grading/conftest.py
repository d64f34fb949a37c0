"""Bodies of evidence made by hand: what a test leaves out changes nothing."""

import pytest

from reprieve.certainty import Body, TrialFacts


def made_trial(study="a", weight=1.0, estimate=-20.0, half=2.0, **changed):
    """A trial at low risk of bias, double-blind, with 500 people at month 6."""
    facts = {
        "study": study,
        "label": study,
        "weight": weight,
        "estimate": estimate,
        "ci": (estimate - half, estimate + half),
        "people": 500,
        "bias": "low",
        "double_blind": True,
        "month": 6.0,
    }
    return TrialFacts(**{**facts, **changed})


def made_body(*trials, **changed):
    """An important benefit of 20 points (19 to 21), the threshold at 15, nothing to rate down."""
    facts = {
        "key": "q",
        "treatment": "cells",
        "comparator": "saline",
        "outcome": "pain",
        "month": 6.0,
        "estimate": -20.0,
        "ci": (-21.0, -19.0),
        "mcid": 15.0,
        "sd": 20.0,
        "people": 500 * max(len(trials), 1),
        "trials": trials or (made_trial(),),
    }
    return Body(**{**facts, **changed})


@pytest.fixture
def body():
    return made_body


@pytest.fixture
def trial():
    return made_trial
