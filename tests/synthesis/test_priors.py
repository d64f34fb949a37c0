import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import halfcauchy, halfnorm, invgamma, lognorm, t

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis.bayes.evidence_priors import RHODES, TURNER
from reprieve.synthesis.bayes.priors import Prior, parse_prior, rhodes_prior, turner_prior

V = np.array([0.1, 0.2, 0.5])
PROPER = [
    "half-normal(0.5)",
    "half-cauchy(0.5)",
    "half-t(4, 0.3)",
    "exponential(2)",
    "log-normal(-1, 0.5)",
    "log-t(-1, 0.5, 5)",
    "inverse-gamma(2, 0.3)",
    "uniform(0, 4)",
    "uniform(0.5, 0.7)",
    "dumouchel",
    "shrinkage",
    "i2",
]
IMPROPER = ["uniform", "sqrt", "jeffreys", "overall-jeffreys", "berger-deely"]


@pytest.mark.parametrize("text", PROPER)
def test_proper_densities_integrate_to_one(text):
    prior = parse_prior(text)
    low, high = prior.support
    ends = (-60, 60) if math.isinf(high) else (math.log(max(low, 1e-20)), math.log(high))
    mass, _ = quad(
        lambda u: math.exp(prior.log_density([math.exp(u)], V)[0] + u),
        *ends,
        limit=2000,
        points=np.linspace(ends[0], ends[1], 41)[1:-1],
    )
    assert mass == pytest.approx(1, abs=1e-7)
    assert prior.proper
    assert prior.scaled


def test_densities_equal_those_of_scipy():
    tau = np.array([0.01, 0.3, 2.0])
    for text, expected in [
        ("half-normal(0.5)", halfnorm.logpdf(tau, scale=0.5)),
        ("half-cauchy(0.5)", halfcauchy.logpdf(tau, scale=0.5)),
        ("half-t(4, 0.3)", np.log(2) + t.logpdf(tau, 4, scale=0.3)),
        ("log-normal(-1, 0.5)", lognorm.logpdf(tau, 0.5, scale=math.exp(-1))),
        ("inverse-gamma(2, 0.3)", invgamma.logpdf(tau**2, 2, scale=0.3) + np.log(2 * tau)),
        ("log-t(-1, 0.5, 5)", t.logpdf(np.log(tau), 5, -1, 0.5) - np.log(tau)),
    ]:
        np.testing.assert_allclose(parse_prior(text).log_density(tau), expected, rtol=1e-12)


def test_densities_set_by_the_data_equal_the_formulas_of_bayesmeta():
    # ?bayesmeta, section "Prior specification details"
    x, sigma2, k = 0.4, V, len(V)
    a = 1 / sigma2
    harmonic = k / a.sum()
    typical = (k - 1) * a.sum() / (a.sum() ** 2 - (a**2).sum())
    share = x / (sigma2 + x**2)
    for word, expected in {
        "sqrt": x**-0.5,
        "jeffreys": np.sqrt((share**2).sum()),
        "overall-jeffreys": np.sqrt((1 / (sigma2 + x**2)).sum() * (share**2).sum()),
        "berger-deely": np.prod(share ** (1 / k)),
        "conventional": np.prod((x / (sigma2 + x**2) ** 1.5) ** (1 / k)),
        "dumouchel": np.sqrt(harmonic) / (np.sqrt(harmonic) + x) ** 2,
        "shrinkage": 2 * harmonic * x / (harmonic + x**2) ** 2,
        "i2": 2 * typical * x / (typical + x**2) ** 2,
    }.items():
        found = np.exp(parse_prior(word).log_density([x], V)[0])
        assert found == pytest.approx(expected, rel=1e-12), word


@pytest.mark.parametrize("text", [*PROPER, *IMPROPER, "conventional"])
def test_the_tail_is_the_power_with_which_the_density_falls(text):
    prior = parse_prior(text)
    if math.isinf(prior.tail):
        near, far = prior.log_density([1e3, 1e4], V)
        assert np.isneginf(far) or near - far > 10 * math.log(10)
        return
    tau = 1e30 if text.startswith("log-t") else 1e6
    fall = -np.subtract(*prior.log_density([10 * tau, tau], V)) / math.log(10)
    assert fall == pytest.approx(prior.tail, abs=0.1 if text.startswith("log-t") else 1e-3)


@pytest.mark.parametrize("text", IMPROPER)
def test_improper_priors_say_so(text):
    assert not parse_prior(text).proper


@given(st.sampled_from([*PROPER, *IMPROPER, "normal(0, 4)", "normal(-1.5, 0.25)", "flat"]))
def test_the_text_of_a_prior_reads_back(text):
    prior = parse_prior(text)
    assert prior.text == ("improper-uniform" if text == "uniform" else text)
    assert parse_prior(prior.text) == prior
    assert parse_prior(prior) is prior


def test_case_spaces_and_underscores_do_not_matter():
    assert parse_prior(" Half_Normal ( 0.5 ) ") == Prior("half-normal", (0.5,))


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("half-norml(0.5)", UnknownWordError, "half-normal"),
        ("half-normal(-1)", InputError, "scale .* must be positive"),
        ("half-normal(0)", InputError, "must be positive"),
        ("half-normal(inf)", InputError, "must be finite"),
        ("half-normal(a)", InputError, "must be numbers"),
        ("half-normal", InputError, r"takes 1 parameters, as half-normal\(scale\)"),
        ("half-normal(1, 2)", InputError, "2 were given"),
        ("uniform(4, 0)", InputError, "low < high"),
        ("normal(0)", InputError, r"normal\(mean, sd\)"),
        ("", InputError, "can't be read"),
        ("0.5", InputError, "can't be read"),
        ("half-normal(0.5", InputError, "can't be read"),
        ("turner(pains, pharmacological vs placebo)", UnknownWordError, "'pain'"),
        ("turner(pain)", InputError, "name both"),
        ("turner(pain, drugs)", UnknownWordError, "comparison"),
        ("rhodes(mental health, non-pharmacological)", InputError, "could not be confirmed"),
    ],
)
def test_bad_priors_say_what_is_wrong(text, error, says):
    with pytest.raises(error, match=says):
        parse_prior(text)


def test_a_prior_serves_its_own_purpose_only():
    with pytest.raises(InputError, match="for τ such as half-normal"):
        parse_prior("normal(0, 1)").expect("heterogeneity")
    with pytest.raises(InputError, match="for effects"):
        parse_prior("half-normal(1)").expect("effect")
    with pytest.raises(InputError, match="sampling variances"):
        parse_prior("jeffreys").log_density([0.1])
    with pytest.raises(SynthesisError, match="two studies"):
        parse_prior("i2").log_density([0.1], np.array([0.1]))


def test_evidence_tables_keep_the_additive_pattern_of_their_models():
    # both papers model log τ² by outcome plus comparison, so rows differ by a constant
    for table in (TURNER, RHODES):
        rows = np.array(table.locations)
        gaps = rows - rows[0]
        assert np.nanmax(np.nanmax(gaps, axis=1) - np.nanmin(gaps, axis=1)) < 0.025
        assert rows.shape == np.array(table.scales).shape
        assert rows.shape == (len(table.comparisons), len(table.outcomes))


def test_evidence_priors_are_for_tau_not_its_square():
    # Turner et al. 2015: log-normal(-2.56, 1.74²) for τ² in a general setting
    assert turner_prior() == Prior("log-normal", (-1.28, 0.87))
    assert parse_prior("rhodes()") == rhodes_prior() == Prior("log-t", (-1.72, 1.295, 5.0))
    same = rhodes_prior("adverse events", "pharmacological vs placebo")
    assert same == rhodes_prior("pain", "pharmacological vs placebo")
