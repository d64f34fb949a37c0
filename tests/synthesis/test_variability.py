import csv
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis
from reprieve.synthesis.variation.variability import variability_analysis

TWO_GROUPS = Path(__file__).parent.parent / "reference" / "escalc" / "twogroup_gibson2002.csv"
MADE = {"sd1i": [24, 22, 27], "n1i": [41, 30, 26], "sd2i": [20, 19, 25], "n2i": [40, 31, 25]}


def gibson():
    with TWO_GROUPS.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    names = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
    return pl.DataFrame({name: [float(row[name]) for row in rows] for name in names})


def test_the_pooled_ratio_of_gibson_2002_is_metafors(reference):
    data = reference("metafor/pairwise")["gibson2002_lnVR"]
    for key, expected in data["methods"].items():
        method, test = key.split("_")
        if method not in ("EE", "DL", "REML", "ML", "PM"):
            continue
        found = variability_analysis(gibson(), method=method, test=test)
        assert found.fit.y == pytest.approx(data["yi"], rel=1e-12)
        assert found.fit.estimate == pytest.approx(expected["beta"]["intrcpt"], rel=1e-6), key
        ends = [expected["ci_lb"], expected["ci_ub"]]
        assert np.log(found.ci) == pytest.approx(ends, rel=1e-5), key


@pytest.mark.parametrize("name", ["curtis1998_lnVR", "curtis1998_lnCVR"])
def test_pooling_of_curtis_1998(reference, name):
    data = reference("metafor/pairwise")[name]
    expected = data["methods"]["REML_z"]
    fit = meta_analysis(effect=data["yi"], variance=data["vi"], test="z")
    assert fit.estimate == pytest.approx(expected["beta"]["intrcpt"], rel=1e-6)


def test_cvr_needs_means_and_says_nothing_about_individual_effects():
    found = variability_analysis(gibson(), measure="CVR")
    assert found.ratio == pytest.approx(np.exp(found.fit.estimate))
    with pytest.raises(SynthesisError, match="VR"):
        _ = found.least_spread
    with pytest.raises(InputError, match="m1i"):
        variability_analysis(MADE, measure="CVR")


def test_implied_individual_effects_recover_the_truth():
    """Outcomes otherwise with SD 20, individual effects with SD 15."""
    n = [100_000]
    for correlation in (-1.0, 0.0, 0.6):
        treated = (400 + 225 + 2 * correlation * 300) ** 0.5
        found = variability_analysis(
            {"sd1i": [treated], "n1i": n, "sd2i": [20.0], "n2i": n}, test="z"
        )
        assert found.least_spread.estimate - 1e-3 <= 15 <= found.most_spread.estimate + 1e-3
        if correlation == 0:
            assert found.independent_spread.estimate == pytest.approx(15, abs=0.01)


def test_limits_of_the_least_spread():
    found = variability_analysis(MADE, test="z")
    assert found.least_spread.low == 0
    narrow = variability_analysis({**MADE, "n1i": [4000] * 3, "n2i": [4000] * 3}, test="z")
    low, high = narrow.ci
    assert low > 1
    assert narrow.least_spread.low == pytest.approx(narrow.control_sd * (low - 1))
    assert narrow.least_spread.high == pytest.approx(narrow.control_sd * (high - 1))
    swapped = {"sd1i": MADE["sd2i"], "sd2i": MADE["sd1i"], "n1i": [4000] * 3, "n2i": [4000] * 3}
    less = variability_analysis(swapped, test="z")
    assert less.independent_spread.estimate == 0
    assert "less under the treatment" in less.conclusion
    assert less.ratio == pytest.approx(1 / narrow.ratio)


def test_rows_left_out_words_and_json():
    data = {**MADE, "sd1i": [24, None, 27], "study": ["A", "B", "C"]}
    found = variability_analysis(data, study="study")
    assert [row.study for row in found.fit.excluded] == ["B"]
    assert found.control_sd == pytest.approx(((39 * 400 + 24 * 625) / 63) ** 0.5)
    assert "excluded: row 2 (B)" in found.summary()
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.draws(5, seed=1).shape == (5,)
    unlike = variability_analysis({**MADE, "sd2i": [2, 19, 25]})
    assert any("threefold" in warning for warning in unlike.warnings)


def test_bad_input():
    with pytest.raises(InputError, match="sd2i"):
        variability_analysis({k: v for k, v in MADE.items() if k != "sd2i"})
    with pytest.raises(InputError, match="above zero"):
        variability_analysis({**MADE, "sd1i": [24, -1, 27]})
    with pytest.raises(InputError, match="measure"):
        variability_analysis(MADE, measure="SMD")
