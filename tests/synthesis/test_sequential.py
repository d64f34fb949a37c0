import json
import math

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtri

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import fit_batch, meta_analysis
from reprieve.synthesis.accruing.group_sequential import efficacy_bounds
from reprieve.synthesis.accruing.sequential import sequential_analysis

TRIALS = pl.DataFrame(
    {
        "trial": ["E", "A", "C", "B", "D"],
        "year": [2021, 2012, 2015, 2014, 2018],
        "smd": [-0.41, -0.62, -0.48, -0.21, -0.35],
        "se": [0.12, 0.31, 0.22, 0.24, 0.15],
        "n": [280, 40, 80, 70, 180],
    }
)
HOW = {"effect": "smd", "se": "se", "study": "trial"}


def analyse(**more):
    return sequential_analysis(TRIALS, **({"delta": 0.3, "order": "year"} | HOW | more))


def test_required_information_and_boundaries():
    found = analyse(method="EE")
    required = ((ndtri(0.975) + ndtri(0.8)) / 0.3) ** 2
    assert found.required_information == pytest.approx(required, rel=1e-12)
    se = np.array([0.31, 0.24, 0.22, 0.15, 0.12])
    fraction = np.cumsum(se**-2.0) / required
    assert found.fraction == pytest.approx(fraction, rel=1e-12)
    assert found.boundary[:4] == pytest.approx(efficacy_bounds(fraction[:4]), rel=1e-12)
    assert math.isnan(found.boundary[4])
    assert found.study == ("A", "B", "C", "D", "E")
    assert found.crossed_at == 2
    assert found.reached_at == 3
    assert found.verdict == "effect"
    assert "below zero" in found.conclusion


def test_z_is_that_of_the_cumulative_meta_analysis(reference):
    for name in ("bcg_RR", "gibson2002_SMD", "normand1999_MD"):
        data = reference("metafor/pairwise")[name]
        y, v = np.array(data["yi"]), np.array(data["vi"])
        found = sequential_analysis(effect=y, variance=v, delta=0.2, method="DL")
        for k in (2, 5, len(y)):
            fit = meta_analysis(effect=y[:k], variance=v[:k], method="DL", test="z")
            assert found.estimate[k - 1] == pytest.approx(fit.estimate, rel=1e-10)
            assert found.z[k - 1] == pytest.approx(fit.statistic, rel=1e-10)
        assert found.z[0] == pytest.approx(y[0] / v[0] ** 0.5)


def test_three_ways_to_count_heterogeneity_agree_after_the_last_trial():
    y, v = np.array([0.1, -0.4, 0.8, 0.3, 0.5]), np.array([0.04, 0.03, 0.06, 0.05, 0.02])
    fit = meta_analysis(effect=y, variance=v, method="DL", test="z")
    tau2, diversity, foreseen, none = (
        sequential_analysis(fit, delta=0.5, heterogeneity=h)
        for h in ("tau2", "diversity", 0.5, 0.0)
    )
    # Wetterslev 2009: D² = 1 − variance of the fixed over that of the random mean
    common = fit_batch(y, v, method="EE", test="z").se[0] ** 2
    assert tau2.diversity == pytest.approx(1 - common / fit.se**2, rel=1e-12)
    assert tau2.information[-1] == pytest.approx(fit.se**-2, rel=1e-12)
    assert diversity.information[-1] == pytest.approx(fit.se**-2, rel=1e-12)
    assert foreseen.information == pytest.approx(none.information / 2, rel=1e-12)
    assert not np.allclose(tau2.information[:-1], diversity.information[:-1])


def test_people_still_needed():
    found = sequential_analysis(TRIALS.head(3), delta=0.1, participants="n", method="EE", **HOW)
    assert found.required_participants == pytest.approx(400 / found.fraction[-1])
    assert found.verdict == "open"
    missing = math.ceil(found.required_participants - 400)
    assert f"{missing:,} more people" in found.conclusion
    assert f"{math.ceil(found.required_participants):,} people" in found.summary()


def test_futility_and_absence():
    how = {"effect": [0.02, -0.03, 0.01], "delta": 0.3, "method": "EE"}
    futile = sequential_analysis(se=[0.2, 0.17, 0.17], heterogeneity=0.1, **how)
    assert futile.verdict == "futile"
    assert futile.futile_at is not None
    assert abs(futile.z[futile.futile_at]) <= futile.futility[futile.futile_at]
    absent = sequential_analysis(se=[0.12, 0.1, 0.1], **how)
    assert absent.verdict == "absent"
    assert absent.stagewise is not None
    assert absent.stagewise.low < 0 < absent.stagewise.high


def test_repeated_and_stagewise_intervals_are_wider_than_the_naive_one():
    found = analyse(method="EE")
    look = found.crossed_at
    assert found.ci_high[look] - found.ci_low[look] > 2 * 1.96 * found.se[look]
    assert found.ci_high[look] < 0
    assert found.stagewise.high < 0
    assert abs(found.stagewise.estimate) < abs(found.estimate[look]) + 1e-12
    early = sequential_analysis(TRIALS.sort("year").head(3), delta=0.3, method="EE", **HOW)
    assert 0.78 < early.power_at_looks < 0.8


def test_sign_scale_and_order_do_not_matter():
    found, turned = (
        analyse(),
        sequential_analysis(
            effect=(-7 * TRIALS["smd"]).to_list(),
            se=(7 * TRIALS["se"]).to_list(),
            order=TRIALS["year"],
            delta=-2.1,
        ),
    )
    assert turned.z == pytest.approx(-found.z)
    assert turned.boundary == pytest.approx(found.boundary, nan_ok=True)
    assert turned.fraction == pytest.approx(found.fraction)
    assert "above zero" in turned.conclusion
    again = sequential_analysis(TRIALS.sort("year"), delta=0.3, **HOW)
    assert again.z == pytest.approx(found.z)


def test_a_trial_without_information_shares_the_look_before_it():
    found = sequential_analysis(
        effect=[-0.3, 2.0, -0.3], se=[0.2, 500.0, 0.2], delta=0.3, method="EE"
    )
    assert found.boundary[1] == found.boundary[0]


def test_rows_left_out_and_json():
    data = TRIALS.with_columns(se=pl.when(pl.col("trial") == "C").then(None).otherwise("se"))
    found = sequential_analysis(data, delta=0.3, order="year", participants="n", **HOW)
    assert found.study == ("A", "B", "D", "E")
    assert found.excluded[0].study == "C"
    assert "excluded" in found.summary()
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert content["conclusion"] == found.conclusion
    assert found.to_frame()["crossed"].to_list() == [False, False, True, True]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"delta": 0.0}, "delta"),
        ({"alpha": 1.5}, "alpha"),
        ({"heterogeneity": "D2"}, "heterogeneity"),
        ({"heterogeneity": 1.0}, "heterogeneity"),
        ({"order": [1, 2]}, "order holds 2"),
        ({"order": [1, "b", 3, 4, 5]}, "do not sort"),
        ({"order": [1, None, 3, 4, 5]}, "missing for study 'A'"),
        ({"order": "yeer"}, "year"),
        ({"spending": "HP"}, "spending"),
        ({"weights": [1, 1, 1, 1, 1]}, "inverse-variance"),
    ],
)
def test_bad_calls(more, message):
    with pytest.raises(InputError, match=message):
        analyse(**more)


def test_no_study_and_one_study():
    with pytest.raises(SynthesisError):
        sequential_analysis(effect=[], variance=[], delta=1)
    one = sequential_analysis(effect=[-0.5], variance=[0.04], delta=0.3)
    assert one.z == pytest.approx([-2.5])
    assert one.verdict == "open"
    assert any("1 study" in warning for warning in one.warnings)


@pytest.mark.slow
def test_error_and_power_over_all_looks():
    rng, k, runs = np.random.default_rng(3), 8, 4000
    v = np.full(k, 0.04)
    bound = sequential_analysis(effect=np.zeros(k), variance=v, delta=0.2, method="EE").boundary
    crossed = {}
    for effect in (0.0, 0.2):
        y = rng.normal(effect, v**0.5, (runs, k))
        z = np.cumsum(y / v, axis=1) / np.sqrt(np.cumsum(1 / v))
        crossed[effect] = (np.abs(z) >= bound).any(axis=1).mean()
    assert crossed[0.0] == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / runs) ** 0.5)
    assert 0.75 < crossed[0.2] < 0.85


def test_absurd_information_is_refused_not_computed_for_ever():
    with pytest.raises(InputError, match=r"information|fractions"):
        sequential_analysis(effect=[0.1, 0.2, 0.3], se=[1e-6] * 3, delta=1.0, method="EE")
