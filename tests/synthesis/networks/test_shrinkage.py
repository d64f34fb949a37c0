"""The quick likelihood of a few shared random effects is that of the Gaussian engine."""

import numpy as np
import pytest

from reprieve.synthesis import GaussianModel
from reprieve.synthesis.networks.shrinkage import ShrinkageModel, estimate_variances, predicted


@pytest.fixture
def parts():
    rng = np.random.default_rng(7)
    y, v, X = rng.normal(size=24), rng.uniform(0.1, 1, 24), rng.normal(size=(24, 3))
    return y, v, X, {"one": 0.4 * rng.normal(size=(24, 4)), "two": rng.normal(size=(24, 2))}


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("kept", [(), ("one",), ("one", "two")])
def test_likelihood_and_its_slopes(parts, kept, restricted):
    y, v, X, Z = parts
    Z = {name: Z[name] for name in kept}
    quick = ShrinkageModel(y, v, X, Z, restricted=restricted)
    engine = GaussianModel(y, v, X, quick.terms, restricted=restricted)
    points = np.random.default_rng(1).uniform(0, 1, (6, len(kept) + 1))
    points[0, :-1] = 0
    for mine, theirs in zip(quick.profile(points), engine.profile(points), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-9)
    for mine, theirs in zip(quick._climb(points[1]), engine._climb(points[1]), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-9)
    assert quick.fit().theta == pytest.approx(engine.fit().theta, rel=1e-6, abs=1e-9)


def test_random_effects_of_no_variance_are_zero(parts):
    y, v, X, Z = parts
    none = {name: np.zeros(1) for name in Z}
    found, cov = predicted(y, v, X, Z, np.array([0.3]), none)
    alone, alone_cov = predicted(y, v, X, {}, np.array([0.3]), {})
    assert found[0, 3:] == pytest.approx(0)
    assert cov[0, 3:] == pytest.approx(0)
    assert found[0, :3] == pytest.approx(alone[0])
    assert cov[0, :3, :3] == pytest.approx(alone_cov[0])


def test_many_points_are_each_by_itself(parts):
    y, v, X, Z = parts
    tau2 = np.linspace(0, 2, 600)
    terms = {"one": np.linspace(1, 0, 600), "two": tau2**2}
    found, cov = predicted(y, v, X, Z, tau2, terms)
    for i in (0, 255, 256, 599):
        one, own = predicted(y, v, X, Z, tau2[[i]], {name: t[[i]] for name, t in terms.items()})
        assert found[i] == pytest.approx(one[0], rel=1e-9)
        assert cov[i] == pytest.approx(own[0], rel=1e-9, abs=1e-12)


def test_without_random_terms_tau2_is_any_method(parts):
    y, v, X, _ = parts
    found = estimate_variances(4 * y, v, X, {}, "DL")
    W = np.diag(1 / v)
    P = W - W @ X @ np.linalg.inv(X.T @ W @ X) @ X.T @ W
    assert pytest.approx(16 * y @ P @ y) == found.Q
    assert found.df == 21
    assert found.tau2 == pytest.approx((found.Q - 21) / np.trace(P))
