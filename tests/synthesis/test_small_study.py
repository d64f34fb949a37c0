"""Fail-safe numbers, excess significance, funnel contours, and all of them together."""

import math

import numpy as np
import pytest

from reprieve.errors import InputError
from reprieve.synthesis import meta_analysis
from reprieve.synthesis.missing_evidence.excess_significance import excess_significance
from reprieve.synthesis.missing_evidence.failsafe import failsafe_n
from reprieve.synthesis.missing_evidence.funnel import funnel_contours
from reprieve.synthesis.missing_evidence.overview import small_study_effects

Y = np.array([-1.2, -0.9, -0.8, -0.4, -0.5, -0.3])
SE = np.array([0.5, 0.4, 0.3, 0.2, 0.15, 0.1])


def number(value):
    return value[0] if isinstance(value, list) else value


def test_failsafe_numbers_equal_metafor(reference):
    for name, data in reference("metafor/small_study").items():
        fit = meta_analysis(effect=data["yi"], variance=data["vi"], test="z")
        expected = data["fsn"]
        found = {kind: failsafe_n(fit, kind=kind).n for kind in ("Rosenthal", "Orwin", "Rosenberg")}
        assert list(found.values()) == [
            number(expected[key]) for key in ("Rosenthal", "Orwin_half", "Rosenberg")
        ], name
        # metafor's search ends a little beyond the number and rounds up to the next
        general = number(expected["General_REML"])
        assert failsafe_n(fit, kind="General").n in (general, general - 1), name


def test_general_number_is_the_first_to_lose_significance():
    from reprieve.synthesis.missing_evidence.failsafe import _diluted_p

    fit = meta_analysis(effect=Y, se=SE, method="DL", test="z")
    n = failsafe_n(fit, kind="General").n
    assert _diluted_p(fit, n) >= 0.05 > _diluted_p(fit, n - 1)


def test_failsafe_limits():
    assert failsafe_n(effect=[0.1, -0.1], se=[1, 1]).n == 0
    assert failsafe_n(effect=[0.1, -0.1], se=[1, 1], kind="General").n == 0
    assert failsafe_n(effect=Y, se=SE, kind="Orwin", target=0).n == math.inf
    same = failsafe_n(effect=Y, se=SE, kind="Orwin", target=0.2)
    assert same.n == failsafe_n(effect=Y, se=SE, kind="Orwin", target=-0.2).n
    with pytest.raises(InputError, match="belongs to kind Orwin"):
        failsafe_n(effect=Y, se=SE, target=0.1)
    with pytest.raises(InputError, match="alpha must lie"):
        failsafe_n(effect=Y, se=SE, alpha=0)
    assert "Fail-safe N (Orwin)" in same.summary()


def test_excess_significance_equals_metafor(reference):
    for name, data in reference("metafor/small_study").items():
        given = {"effect": data["yi"], "variance": data["vi"]}
        expected = data["tes"]
        found = excess_significance(**given)
        assert found.observed == expected["O"], name
        assert found.expected == pytest.approx(expected["E"], rel=1e-10), name
        assert found.theta == pytest.approx(expected["theta"], rel=1e-10), name
        np.testing.assert_allclose(found.power, expected["power"], rtol=1e-9)
        if len(data["yi"]) < 20:  # beyond, metafor's default is chi2
            assert found.p == pytest.approx(expected["pval"], rel=1e-9), name
        chi2 = excess_significance(**given, test="chi2")
        assert chi2.p == pytest.approx(expected["pval_chisq"], rel=1e-9), name
        binomial = excess_significance(**given, test="binom")
        assert binomial.p == pytest.approx(data["tes_binom"]["pval"], rel=1e-9), name
        one_sided = excess_significance(**given, test="chi2", alternative="greater")
        assert one_sided.observed == data["tes_greater"]["O"], name
        assert one_sided.p == pytest.approx(data["tes_greater"]["pval"], rel=1e-8), name


def test_excess_significance_with_heterogeneity(reference):
    for name, data in reference("metafor/small_study").items():
        fit = meta_analysis(effect=data["yi"], variance=data["vi"], test="z")
        found = excess_significance(fit, test="chi2")
        # metafor integrates the power over true effects numerically; here in closed form
        assert found.expected == pytest.approx(data["tes_fit"]["E"], rel=5e-3), name
        limit = number(data["tes_fit"]["lim"]) if data["tes_fit"]["lim"] else None
        if limit is not None:
            assert found.limit == pytest.approx(limit, rel=2e-3), name


def test_power_with_heterogeneity_equals_simulation():
    fit = meta_analysis(effect=Y, se=SE, method="DL")
    assert fit.tau2 > 0
    rng = np.random.default_rng(2)
    z = rng.normal(fit.estimate, np.sqrt(SE**2 + fit.tau2), (400_000, 6)) / SE
    simulated = (np.abs(z) >= 1.959964).mean(axis=0)
    np.testing.assert_allclose(excess_significance(fit).power, simulated, atol=4e-3)


def test_exact_p_for_many_studies():
    rng = np.random.default_rng(1)
    y = rng.normal(0.3, 0.2, 200)
    found = excess_significance(effect=y, se=np.full(200, 0.2))
    binomial = excess_significance(effect=y, se=np.full(200, 0.2), test="binom")
    assert found.p == pytest.approx(binomial.p, rel=1e-8)


def test_funnel_contours():
    found = funnel_contours(effect=Y, se=SE)
    assert sum(found.counts) == 6
    assert found.counts == tuple(
        int(((found.p >= low) & (found.p < high)).sum())
        for low, high in ((0.10, 1.1), (0.05, 0.10), (0.01, 0.05), (0, 0.01))
    )
    lines = found.lines()
    edge = lines.row(1, named=True)
    assert edge["high"] / edge["se"] == pytest.approx(2.5758, abs=1e-4)
    assert lines["line"].to_list()[-1] == "funnel"
    assert found.to_frame()["region"].to_list()[-1] == 0.01
    assert "p ≥ 0.1" in found.summary()
    with pytest.raises(InputError, match="contours"):
        funnel_contours(effect=Y, se=SE, contours=[5])


def test_everything_together():
    found = small_study_effects(effect=Y, se=SE, n1=[10, 20, 30, 40, 50, 60], n2=[10] * 6)
    assert [test.name for test in found.tests][-1] == "Pustejovsky–Rodgers test"
    assert found.to_frame()["name"][0] == "unadjusted"
    assert found.tests_frame().height == 3
    assert "fewer than 10" in found.summary()
    assert found.to_dict()["means"]["PET-PEESE"]["chosen"] in ("PET", "PEESE")
    assert found.means["selection model"].alternative == "less"


def test_what_the_data_do_not_allow_is_named():
    found = small_study_effects(effect=[0.1, 0.3, 0.2], variance=[0.1, 0.1, 0.1])
    reasons = " ".join(found.warnings)
    for name in ("Egger", "Begg", "trim and fill", "PET-PEESE", "limit"):
        assert name in reasons
    assert "Henmi–Copas" in found.means
    assert any("similar size" in line for line in found.advice)
    assert any("no study is significant" in line for line in found.advice)
    one = small_study_effects(effect=[0.1], variance=[0.1])
    assert not one.means
    assert not one.tests
    assert one.summary()


def test_groups_come_in_pairs():
    with pytest.raises(InputError, match="both n1= and n2="):
        small_study_effects(effect=Y, se=SE, n1=[10] * 6)
