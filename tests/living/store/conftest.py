"""Stores on both databases."""

import pytest


@pytest.fixture(scope="session")
def small(make_shared_evidence):
    """Two trials that pass the gates: ``vega-2015`` and ``lee-2019``."""
    return make_shared_evidence(
        studies=[
            {"study_id": "vega-2015", "label": "Vega 2015", "n_randomised": 40, "doi": "10.1000/a"},
            {"study_id": "lee-2019", "label": "Lee 2019", "n_randomised": 40, "doi": "10.1000/b"},
        ],
        outcomes=[
            {"study_id": study, "arm_id": arm, "month": month, "mean": mean, "sd": 21.5}
            for study in ("vega-2015", "lee-2019")
            for arm, month, mean in (
                ("cells", 0, 61.5),
                ("cells", 12, 41.2),
                ("saline", 0, 60.5),
                ("saline", 12, 52.5),
            )
        ],
        events=[
            {
                "study_id": "vega-2015",
                "arm_id": "cells",
                "event": "serious_adverse_event",
                "month": 12,
                "events": 1,
                "n": 20,
                "locator": "text",
                "source_url": "https://example.org",
            }
        ],
        cautions=[
            {
                "study_id": "lee-2019",
                "kind": "overlap",
                "other_study_id": "vega-2015",
                "reason": "Some people may be counted in both.",
            }
        ],
    )


@pytest.fixture
def pain(filled):
    """The row of Vega 2015: pain at month 12 in the arm of cells."""
    (row,) = filled.rows("outcomes", "vega-2015", arm_id="cells", month="12")
    return row
