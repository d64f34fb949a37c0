"""Rare events against metafor and meta; see tests/reference/metafor."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, log_expit

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import rare_events

SETS = ("bcg", "egger2001", "nielweise2007", "nissen2007_MI", "nissen2007_death")
COLUMNS = {"events1": "ai", "n1": "n1i", "events2": "ci", "n2": "n2i", "study": "study"}


@pytest.fixture(params=SETS)
def trials(request, reference):
    return reference("metafor/rare_events")[request.param]


def test_mantel_haenszel(trials):
    for measure in ("OR", "RR", "RD"):
        expected = trials[f"MH_{measure}"]
        fit = rare_events(trials["data"], **COLUMNS, measure=measure, method="MH")
        assert fit.estimate == pytest.approx(expected["beta"], rel=1e-12)
        assert fit.se == pytest.approx(expected["se"], rel=1e-12)
        assert fit.ci == pytest.approx((expected["ci_lb"], expected["ci_ub"]), rel=1e-10)
        assert fit.p == pytest.approx(expected["pval"], rel=1e-9)
        assert pytest.approx(expected["QE"], rel=1e-10) == fit.heterogeneity.Q
        assert fit.heterogeneity.p == pytest.approx(expected["QEp"], rel=1e-8)
        if measure == "OR":
            assert fit.association.statistic == pytest.approx(expected["MH"], rel=1e-10)
            assert fit.tarone.statistic == pytest.approx(expected["TA"], rel=1e-10)
            assert fit.tarone.p == pytest.approx(expected["TAp"], rel=1e-8)


def test_peto(trials):
    expected = trials["Peto"]
    fit = rare_events(trials["data"], **COLUMNS, method="Peto")
    assert (fit.estimate, fit.se) == pytest.approx((expected["beta"], expected["se"]), rel=1e-12)
    assert pytest.approx(expected["QE"], rel=1e-10) == fit.heterogeneity.Q
    assert fit.heterogeneity.p == pytest.approx(expected["QEp"], rel=1e-8)


@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize("method", ["UM.FS", "CM.AL", "CM.EL"])
def test_mixed_models(trials, method, common):
    expected = trials[f"GLMM_{method}_{'EE' if common else 'ML'}"]
    if expected.get("se") is None:
        pytest.skip("metafor itself fails here")
    fit = rare_events(trials["data"], **COLUMNS, method=method, common=common)
    # nielweise2007, UM.FS: lme4 stops short of the maximum, as the test below shows
    loose = 5e-4 if len(trials["data"]["ai"]) == 18 and method == "UM.FS" and not common else 2e-5
    assert fit.estimate == pytest.approx(expected["beta"], abs=loose)
    # metafor differentiates CM.EL numerically, and loses digits
    assert fit.se == pytest.approx(expected["se"], abs=3e-4 if method == "CM.EL" else 1e-4)
    if not common:
        assert fit.tau2 == pytest.approx(expected["tau2"], abs=max(loose, 1e-4))
    if common or method == "CM.EL":
        assert fit.loglik == pytest.approx(expected["logLik"], abs=2e-4)
    if method != "CM.EL":  # whose saturated model metafor differentiates numerically
        assert pytest.approx(expected["QE_Wld"], rel=2e-3) == fit.heterogeneity.Q
    assert fit.heterogeneity.df == expected["QE_df"]
    assert pytest.approx(expected["QE_LRT"], rel=1e-5) == fit.likelihood_ratio.Q
    assert fit.likelihood_ratio.p == pytest.approx(expected["QEp_LRT"], rel=1e-4)


@pytest.mark.parametrize("common", [True, False])
def test_random_trial_effects(trials, common):
    expected = trials[f"GLMM_UM.RS_{'EE' if common else 'ML'}"]
    fit = rare_events(trials["data"], **COLUMNS, method="UM.RS", common=common)
    # lme4 stops short of the maximum of egger2001 (likelihood 4e-4 lower)
    egger = fit.k == 16 and not common
    assert fit.estimate == pytest.approx(expected["beta"], abs=6e-4 if egger else 1e-4)
    assert fit.se == pytest.approx(expected["se"], abs=3e-3)
    assert fit.sigma2 == pytest.approx(expected["sigma2"], abs=5e-4)
    if not common:
        assert fit.loglik >= expected["logLik"] - 1e-7
        assert fit.tau2 == pytest.approx(expected["tau2"], abs=5e-4)


def test_fixed_intercepts_are_at_the_maximum(reference):
    """By brute force: a plain sum over effects, and a search without slopes."""
    data = reference("metafor/rare_events")["nielweise2007"]["data"]
    x1, n1, x2, n2 = (np.array(data[name], dtype=float) for name in ("ai", "n1i", "ci", "n2i"))
    z = np.linspace(-8, 8, 801)
    fit = rare_events(data, **COLUMNS, method="UM.FS")

    def negative(point, i):
        """Of trial i at the estimates, as a function of its intercept."""
        effect = fit.estimate + math.sqrt(fit.tau2) * z
        one, two = point[0] + effect / 2, point[0] - effect / 2
        logs = x1[i] * log_expit(one) + (n1[i] - x1[i]) * log_expit(-one) - z**2 / 2
        logs += x2[i] * log_expit(two) + (n2[i] - x2[i]) * log_expit(-two)
        ways = sum(
            gammaln(n[i] + 1) - gammaln(x[i] + 1) - gammaln(n[i] - x[i] + 1)
            for x, n in ((x1, n1), (x2, n2))
        )
        return -ways - math.log(np.exp(logs).sum() * 0.02 / math.sqrt(2 * math.pi))

    total = sum(
        -minimize(negative, [-3.0], args=(i,), method="Nelder-Mead", tol=1e-10).fun
        for i in np.flatnonzero(x1 + x2)
    )
    assert fit.loglik == pytest.approx(total, abs=1e-6)


def test_arcsine_and_corrections_of_zero_cells(reference):
    for name in ("nissen2007_MI", "egger2001", "bcg", "nielweise2007"):
        trials = reference("metafor/rare_events")[name]
        fit = rare_events(trials["data"], **COLUMNS, method="IV", measure="AS")
        expected = trials["AS"]
        assert (fit.estimate, fit.se) == pytest.approx((expected["beta"], expected["se"]), rel=1e-6)
        for measure in ("OR", "RR"):
            expected = trials[f"TACC_{measure}"]
            options = {"method": "IV", "measure": measure, "correction": "treatment-arm"}
            one = rare_events(trials["data"], **COLUMNS, **options, common=True)
            # meta adds to people of a risk ratio once, as to events; here both cells grow
            close = 1e-8 if measure == "OR" else 1e-4
            assert one.estimate == pytest.approx(expected["common"], rel=close)
            assert one.se == pytest.approx(expected["se_common"], rel=close)
            many = rare_events(trials["data"], **COLUMNS, **options)
            assert many.estimate == pytest.approx(expected["random"], rel=max(close, 1e-5))


def test_inverse_variance_with_and_without_half_an_event(trials):
    fit = rare_events(trials["data"], **COLUMNS, method="IV", correction="none")
    expected = trials["IV_REML_OR_add_none"]
    assert fit.estimate == pytest.approx(expected["beta"], abs=1e-7)
    assert fit.se == pytest.approx(expected["se"], abs=1e-7)
    fit = rare_events(trials["data"], **COLUMNS, method="IV")
    expected = trials["IV_REML_OR_add_only0"]
    if expected["k"] == fit.k_used:  # else metafor keeps trials without an event
        assert fit.estimate == pytest.approx(expected["beta"], abs=1e-7)


def test_person_time(reference):
    trials = reference("metafor/rare_events")["nielweise2008_IRR"]
    columns = {"events1": "x1i", "time1": "t1i", "events2": "x2i", "time2": "t2i"}
    for measure in ("IRR", "IRD"):
        fit = rare_events(trials["data"], **columns, measure=measure)
        expected = trials[f"MH_{measure}"]
        assert (fit.estimate, fit.se) == pytest.approx(
            (expected["beta"], expected["se"]), rel=1e-12
        )
    for method, close in (("UM.FS", 1e-4), ("CM.EL", 1e-5)):
        fit = rare_events(trials["data"], **columns, method=method)
        expected = trials[f"GLMM_IRR_{method}_ML"]
        assert fit.estimate == pytest.approx(expected["beta"], abs=close)
        assert fit.se == pytest.approx(expected["se"], abs=close)
        assert fit.tau2 == pytest.approx(expected["tau2"], abs=close)


def test_beta_binomial_is_at_the_maximum(reference):
    data = reference("metafor/rare_events")["nissen2007_MI"]["data"]
    x1, n1, x2, n2 = (np.array(data[name], dtype=float) for name in ("ai", "n1i", "ci", "n2i"))

    def negative(point):
        rho = 1 / (1 + math.exp(-point[2]))
        total = 0.0
        for x, n, eta in ((x1, n1, point[0] + point[1]), (x2, n2, point[0])):
            p = 1 / (1 + math.exp(-eta))
            a, b = p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho
            ways = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
            total += (ways + betaln(x + a, n - x + b) - betaln(a, b)).sum()
        return -total

    best = minimize(
        negative, [-5, 0, -6], method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000},
    )  # fmt: skip
    fit = rare_events(data, **COLUMNS, method="beta-binomial")
    assert fit.loglik == pytest.approx(-best.fun, abs=1e-8)
    assert fit.estimate == pytest.approx(best.x[1], abs=1e-5)
    assert fit.k_used == 42, "trials without an event take part"


def test_what_trials_without_an_event_do():
    data = {"ai": [2, 0, 1], "n1i": [50, 60, 70], "ci": [4, 0, 3], "n2i": [50, 60, 70]}
    columns = {key: value for key, value in COLUMNS.items() if key != "study"}
    ratio = rare_events(data, **columns)
    assert (ratio.k, ratio.k_used) == (3, 2)
    assert "1 of 3 trials had no event" in ratio.warnings[0]
    assert rare_events(data, **columns, measure="RD").k_used == 3


def test_errors_name_row_and_next_step():
    columns = {key: value for key, value in COLUMNS.items() if key != "study"}
    good = {"ai": [2, 3], "n1i": [50, 60], "ci": [4, 3], "n2i": [50, 60]}
    for change, message in (
        ({"ai": [2, 61]}, "row 2: events1 .* is 61; expected no more events"),
        ({"ci": [-1, 3]}, "row 1: events2 .* is -1"),
        ({"n1i": [50, 0]}, "row 2: n1 .* is 0; expected more than 0"),
        ({"ai": [2.5, 3]}, "whole number"),
        ({"ai": ["two", 3]}, "row 1: events1 is not a number: 'two'"),
    ):
        with pytest.raises(InputError, match=message):
            rare_events(good | change, **columns)
    with pytest.raises(SynthesisError, match="no trial had an event"):
        rare_events(good | {"ai": [0, 0], "ci": [0, 0]}, **columns)
    for method in ("MH", "CM.EL", "UM.FS", "UM.RS"):
        with pytest.raises(SynthesisError, match=r"`upper_bound`"):
            rare_events(good | {"ai": [0, 0]}, **columns, method=method)
    with pytest.raises(InputError, match=r"Peto knows OR of people; measure was 'RR'"):
        rare_events(good, **columns, method="Peto", measure="RR")
    with pytest.raises(InputError, match="give the people of both groups"):
        rare_events(good, events1="ai", events2="ci")
    fit = rare_events(good | {"n2i": [50, None]}, **columns)
    assert fit.counts.excluded[0].reason == "n2 is missing"


tables = st.lists(
    st.tuples(*(st.integers(0, 6), st.integers(20, 60)) * 2), min_size=3, max_size=6
).filter(lambda rows: sum(r[0] for r in rows) > 1 and sum(r[2] for r in rows) > 1)


@settings(max_examples=25, deadline=None)
@given(tables, st.sampled_from(["MH", "Peto", "UM.FS", "CM.EL"]), st.randoms())
def test_order_of_trials_and_of_groups(rows, method, random):
    def fit(rows):
        x1, n1, x2, n2 = zip(*rows, strict=True)
        return rare_events(events1=x1, n1=n1, events2=x2, n2=n2, method=method)

    try:
        found = fit(rows)
    except SynthesisError:  # no finite variance between trials; see the last test
        return
    shuffled = random.sample(rows, len(rows))
    assert fit(shuffled).estimate == pytest.approx(found.estimate, abs=1e-5)
    swapped = fit([(c, d, a, b) for a, b, c, d in rows])
    assert swapped.estimate == pytest.approx(-found.estimate, abs=1e-5)
    assert swapped.se == pytest.approx(found.se, rel=1e-4)


def test_trials_at_opposite_extremes_have_no_variance_between_them():
    with pytest.raises(SynthesisError, match="no finite estimate"):
        rare_events(
            events1=[3, 1, 0], n1=[57, 47, 22], events2=[0, 0, 3], n2=[60, 60, 38], method="CM.EL"
        )
