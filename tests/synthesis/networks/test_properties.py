"""What must hold in any network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.synthesis import network


@st.composite
def networks(draw):
    """Arms of 5 to 15 trials of two to four arms among 3 to 6 treatments, all connected."""
    n = draw(st.integers(3, 6))
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    trials = [[0, 1], *([t, t + 1] for t in range(n - 1))]
    for _ in range(draw(st.integers(2, 9))):
        size = int(seed.integers(2, min(n, 4) + 1))
        trials.append(seed.choice(n, size, replace=False).tolist())
    true = seed.normal(size=n)
    return [
        [(f"t{t}", true[t] + seed.normal(0, 0.6), seed.uniform(0.05, 0.5)) for t in arms]
        for arms in trials
    ]


def contrasts(trials):
    """Rows of all pairs of arms: study, treatments, effect, variance."""
    return [
        (f"s{s}", a[0], b[0], a[1] - b[1], a[2] + b[2])
        for s, arms in enumerate(trials)
        for i, a in enumerate(arms)
        for b in arms[i + 1 :]
    ]


def fit(rows, **options):
    study, one, two, y, v = zip(*rows, strict=True)
    return network(study=study, treatment1=one, treatment2=two, effect=y, variance=v, **options)


def gls(trials, tau2):
    """Effects against t0 and their covariance, of contrasts with the first arm of each trial."""
    names = sorted({arm[0] for arms in trials for arm in arms})
    information, pull = 0.0, 0.0
    for arms in trials:
        C = np.hstack([np.ones((len(arms) - 1, 1)), -np.eye(len(arms) - 1)])
        V = C @ np.diag([arm[2] + tau2 / 2 for arm in arms]) @ C.T
        X = C @ np.array([[float(arm[0] == name) for name in names[1:]] for arm in arms])
        W = np.linalg.inv(V)
        information = information + X.T @ W @ X
        pull = pull + X.T @ W @ C @ [arm[1] for arm in arms]
    cov = np.linalg.inv(information)
    return cov @ pull, cov


@settings(max_examples=40, deadline=None)
@given(networks(), st.sampled_from(["DL", "REML", "ML"]))
def test_trials_of_several_arms_are_taken_exactly(trials, method):
    made = fit(contrasts(trials), method=method)
    theta, cov = gls(trials, made.tau2)
    assert made.fit.theta[1:] == pytest.approx(theta, abs=1e-8)
    assert made.fit.cov[1:, 1:] == pytest.approx(cov, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(networks(), st.randoms())
def test_reference_order_and_direction_do_not_matter(trials, chance):
    rows = contrasts(trials)
    first = fit(rows)
    turned = [
        (s, b, a, -y, v) if chance.random() < 0.5 else (s, a, b, y, v) for s, a, b, y, v in rows
    ]
    chance.shuffle(turned)
    second = fit(turned, reference="t2")
    assert second.estimates == pytest.approx(first.estimates, abs=1e-9)
    assert second.standard_errors == pytest.approx(first.standard_errors, abs=1e-9)
    assert second.tau2 == pytest.approx(first.tau2, abs=1e-9)
    assert pytest.approx(first.coherence().within.Q, abs=1e-8) == second.coherence().within.Q
    assert second.evidence.proportion == pytest.approx(first.evidence.proportion, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(networks())
def test_likelihood_is_highest_at_its_estimate(trials):
    from reprieve.synthesis.networks.likelihood import likelihood

    for method in ("ML", "REML"):
        made = fit(contrasts(trials), method=method)
        top, _ = likelihood(made.trials, made.tau2, method == "REML")
        for tau2 in (0.0, 0.01, 0.1, 0.5, made.tau2 * 1.1, made.tau2 * 0.9):
            assert likelihood(made.trials, tau2, method == "REML")[0] <= top + 1e-9


@settings(max_examples=25, deadline=None)
@given(networks())
def test_q_is_the_sum_of_its_parts_and_splitting_leaves_others_alone(trials):
    rows = contrasts(trials)
    made = fit(rows)
    found = made.coherence()
    assert pytest.approx(made.Q, abs=1e-8) == found.within.Q + found.between.Q
    assert found.within.df + found.between.df == made.df
    shares = made.contributions("randomwalk").shares
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(shares)))
    assert made.contributions().shares.sum(axis=1) == pytest.approx(np.ones(len(shares)))
    # one trial of t0 and t1 now tests a new treatment: direct evidence elsewhere stays
    split = [(s, "t0_new" if s == "s0" and a == "t0" else a, b, y, v) for s, a, b, y, v in rows]
    from reprieve.synthesis.networks.direct import direct_estimates

    one, two = fit(rows, model="common"), fit(split, model="common")
    before, after = (direct_estimates(each.trials, 0.0)[0] for each in (one, two))
    kept = [two.treatments.index(name) for name in one.treatments]
    same = after[np.ix_(kept, kept)]
    same[0, 1] = before[0, 1]
    assert same == pytest.approx(before, nan_ok=True)
