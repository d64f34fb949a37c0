"""Exact bounds by closed forms, and single-arm risks against metafor."""

import math

import pytest
from scipy.stats import beta, binom, poisson

from reprieve.errors import InputError
from reprieve.synthesis import pooled_risk, upper_bound


def test_nothing_happened():
    bound = upper_bound(0, n=340)
    assert bound.upper == pytest.approx(1 - 0.05 ** (1 / 340), rel=1e-12)
    assert "0 of 340 still allows up to 1 in 113" in bound.summary()
    assert upper_bound([0, 0], n=[40, 300]).upper == bound.upper
    assert upper_bound(0, time=200.0).upper == pytest.approx(-math.log(0.05) / 200, rel=1e-12)


@pytest.mark.parametrize(("events", "n"), [(1, 20), (5, 300), (19, 20)])
def test_the_bound_is_where_so_few_become_unlikely(events, n):
    bound = upper_bound(events, n=n, level=0.975).upper
    assert binom.cdf(events, n, bound) == pytest.approx(0.025, rel=1e-9)
    assert bound == pytest.approx(beta.ppf(0.975, events + 1, n - events), rel=1e-10)
    rate = upper_bound(events, time=float(n), level=0.975).upper
    assert poisson.cdf(events, rate * n) == pytest.approx(0.025, rel=1e-9)


def test_everybody_and_nonsense():
    assert upper_bound(20, n=20).upper == 1.0
    for bad in ({"events": 3, "n": 2}, {"events": -1, "n": 5}, {"events": 0.5, "n": 5}):
        with pytest.raises(InputError, match="entry 1"):
            upper_bound(bad["events"], n=bad["n"])
    with pytest.raises(InputError, match="either n="):
        upper_bound(0)


def test_proportions(reference):
    trials = reference("metafor/rare_events")["pritz1997"]
    fit = pooled_risk(trials["data"], events="xi", n="ni")
    expected = trials["PLO_GLMM"]
    assert fit.estimate == pytest.approx(expected["beta"], abs=2e-5)
    assert fit.se == pytest.approx(expected["se"], abs=2e-5)
    assert fit.tau2 == pytest.approx(expected["tau2"], abs=1e-4)
    back = trials["PFT_backtransformed"]
    arcsine = pooled_risk(trials["data"], events="xi", n="ni", method="FT")
    assert arcsine.risk == pytest.approx(back["pred"], abs=1e-6)
    assert arcsine.ci == pytest.approx((back["ci_lb"], back["ci_ub"]), abs=1e-6)
    assert "harmonic mean" in arcsine.warnings[0]


def test_no_event_points_to_the_bound():
    with pytest.raises(InputError, match="upper_bound"):
        pooled_risk(events=[0, 0], n=[10, 20])
    assert pooled_risk(events=[1, 0], n=[10, 20]).k == 2


def test_rates_with_equal_times_are_the_pooled_rate():
    fit = pooled_risk(events=[2, 3, 2, 3], time=[100.0] * 4)
    assert fit.risk == pytest.approx(10 / 400)
    assert fit.tau2 == 0
