import json
import math

import numpy as np
import pytest
from scipy.optimize import brentq

from reprieve.errors import InputError
from reprieve.synthesis import meta_analysis
from reprieve.synthesis.accruing.anytime import anytime_analysis

Y, V = np.array([-0.62, -0.21, -0.48, -0.35, -0.41]), np.array([0.1, 0.06, 0.05, 0.02, 0.015])


def test_safe_z_test_by_hand():
    found = anytime_analysis(effect=Y, variance=V, delta=0.3, model="common")
    score, information = np.cumsum(Y / V), np.cumsum(1 / V)
    by_hand = np.exp(-0.045 * information) * np.cosh(0.3 * score)
    assert found.e_value == pytest.approx(by_hand, rel=1e-10)
    less, greater = (
        anytime_analysis(effect=Y, variance=V, delta=0.3, model="common", alternative=side).e_value
        for side in ("less", "greater")
    )
    assert (less + greater) / 2 == pytest.approx(by_hand, rel=1e-10)
    assert less[-1] > greater[-1]
    assert found.p == pytest.approx(1 / by_hand.max())


def test_robbins_interval_by_hand():
    found = anytime_analysis(effect=Y, variance=V, delta=0.3, model="common", alpha=0.1)
    information = np.cumsum(1 / V)
    mean = np.cumsum(Y / V) / information
    widened = 1 + 0.09 * information
    half = np.sqrt(widened / 0.09 * (2 * math.log(10) + np.log(widened))) / information
    assert found.ci_low == pytest.approx(mean - half, rel=1e-9)
    assert found.ci_high == pytest.approx(mean + half, rel=1e-9)


def test_random_effects_interval_by_hand():
    """Two studies: predictive density of the second, against its best under each mean."""
    y, v, delta = np.array([0.1, 0.9]), np.array([0.04, 0.05]), 0.4
    found = anytime_analysis(effect=y, variance=v, delta=delta, model="random")
    tau = np.geomspace(1e-4, 40, 200_001)
    prior = np.exp(-0.5 * (tau / delta) ** 2) * np.gradient(tau)
    spread = v[1] + v[0] + 2 * tau**2
    density = np.exp(-0.5 * (y[1] - y[0]) ** 2 / spread) / np.sqrt(2 * np.pi * spread)
    foretold = (density * prior).sum() / prior.sum()

    def log_e(mean):
        # the best variance is the squared distance, or v if that is larger
        best = max((y[1] - mean) ** 2, v[1])
        return (
            math.log(foretold)
            + 0.5 * math.log(2 * np.pi * best)
            + 0.5 * (y[1] - mean) ** 2 / best
            - math.log(20)
        )

    assert found.ci_low[1] == pytest.approx(brentq(log_e, -1e4, 0.5), rel=5e-3)
    assert found.ci_high[1] == pytest.approx(brentq(log_e, 0.5, 1e4), rel=5e-3)
    assert np.isinf(found.ci_low[0])
    assert np.isinf(found.ci_high[0])


def test_shift_sign_and_scale():
    for model in ("common", "random"):
        found = anytime_analysis(effect=Y, variance=V, delta=0.3, model=model)
        moved = anytime_analysis(effect=-5 * Y, variance=25 * V, delta=1.5, model=model)
        assert moved.e_value == pytest.approx(found.e_value, rel=1e-6)
        assert moved.ci_low[1:] == pytest.approx(-5 * found.ci_high[1:], rel=1e-6)
        shifted = anytime_analysis(effect=Y + 1, variance=V, delta=0.3, model=model)
        assert shifted.ci_low[1:] == pytest.approx(1 + found.ci_low[1:], rel=1e-3)


def test_the_model_follows_the_fit_and_the_order_counts():
    common = meta_analysis(effect=Y, variance=V, method="EE")
    assert anytime_analysis(common, delta=0.3).model == "common"
    assert anytime_analysis(effect=Y, variance=V, delta=0.3).model == "random"
    back = anytime_analysis(effect=Y, variance=V, delta=0.3, model="common", order=[5, 4, 3, 2, 1])
    forth = anytime_analysis(effect=Y, variance=V, delta=0.3, model="common")
    assert back.study == ("5", "4", "3", "2", "1")
    assert back.e_value[-1] == pytest.approx(forth.e_value[-1])
    assert back.e_value[0] != pytest.approx(forth.e_value[0])


def test_overwhelming_evidence_does_not_overflow():
    found = anytime_analysis(effect=[-50.0] * 3, variance=[1e-4] * 3, delta=5, model="common")
    assert np.isfinite(found.e_value).all()
    assert found.crossed_at == 0


def test_words_table_and_json():
    found = anytime_analysis(effect=Y, variance=V, delta=0.3, model="common")
    assert "The e-value reached 20 with" in found.summary()
    assert found.to_frame().columns[:4] == ["look", "study", "estimate", "e_value"]
    json.dumps(found.to_dict(), allow_nan=False)
    open_ended = anytime_analysis(effect=Y[:2], variance=V[:2], delta=0.3)
    assert "settles nothing yet" in open_ended.conclusion
    json.dumps(open_ended.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "more", [{"delta": 0}, {"alpha": 0}, {"alternative": "both"}, {"model": "fixed"}]
)
def test_bad_calls(more):
    with pytest.raises(InputError, match=next(iter(more))):
        anytime_analysis(effect=Y, variance=V, **({"delta": 0.3} | more))


@pytest.mark.slow
@pytest.mark.parametrize(("model", "tau"), [("common", 0.0), ("random", 0.0), ("random", 0.3)])
def test_validity_at_all_looks(model, tau):
    rng, k, runs = np.random.default_rng(11), 12, 500 if model == "random" else 3000
    held, bets = [], []
    for _ in range(runs):
        v = rng.uniform(0.02, 0.2, k)
        y = rng.normal(0, np.sqrt(v + tau**2))
        found = anytime_analysis(effect=y, variance=v, delta=0.3, model=model, method="DL")
        held.append(((found.ci_low <= 0) & (found.ci_high >= 0)).all())
        bets.append(found.e_value)
    bets = np.array(bets)
    assert np.mean(held) >= 0.95 - 3 * (0.05 * 0.95 / runs) ** 0.5
    assert (bets >= 20).any(axis=1).mean() <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5
    # an e-value: its mean is at most one at every look (common: exactly one, a martingale)
    assert (bets.mean(axis=0) <= 1 + 4 * bets.std(axis=0) / runs**0.5).all()
