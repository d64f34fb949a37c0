"""The likelihood of the Copas selection model, maximised for a given chance of being published."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reprieve.synthesis.least_squares import Array

_BOUND = 0.9999  # of the correlation ρ, as in metasens
_STEPS = 60
_HALVINGS = 30
_RHO = np.linspace(0.0, 0.98, 8)
_TAU = np.linspace(0.0, 1.0, 9)
_WIDTH = 1e-4  # of the differences that give the curvature


class CopasMaximum(NamedTuple):
    """Where the likelihood is highest.

    Attributes
    ----------
    beta : ndarray, shape (p,)
        Coefficients.
    rho, tau : float
        Correlation of effect and publication, and heterogeneity.
    loglik : float
        Without the constants of the normal density.
    """

    beta: Array
    rho: float
    tau: float
    loglik: float


class CopasLikelihood:
    """Effects whose publication depends on their standard errors, and on themselves through ρ.

    A study is published when `u + δ > 0` with `u = γ₀ + γ₁/s`, δ standard normal and correlated
    by ρ with the sampling error of its effect (Copas & Shi 2000 Biostatistics 1:247).

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Effects and sampling variances, given publication.
    X : ndarray, shape (k, p)
        Design.
    u : ndarray, shape (k,)
        Quantiles of the chance of being published.
    """

    def __init__(self, y: Array, v: Array, X: Array, u: Array) -> None:
        from scipy.special import log_ndtr

        self.y, self.v, self.X, self.u = y, v, X, u
        self.log_published = log_ndtr(u)
        ratio = _mills(u)
        self.shrink = ratio * (u + ratio)

    def profile(self, rho: Array, tau: Array) -> tuple[Array, Array]:
        """Highest log-likelihood and its coefficients for each pair of ρ and τ.

        Concave in the coefficients, so that Newton's steps find the one maximum.

        Returns
        -------
        tuple of ndarray, shapes (n,) and (n, p)
        """
        S2, root, pull = self._scales(rho, tau)
        w = 1 / S2
        beta = self._solve(w, w * self.y)
        height = self._height(beta, S2, root, pull)
        for _ in range(_STEPS):
            r = self.y - beta @ self.X.T
            at = self.u / root + pull * r
            ratio = _mills(at)
            step = self._solve(w + pull**2 * ratio * (at + ratio), r * w - pull * ratio)
            share = np.ones(len(rho))
            new = self._height(beta + step, S2, root, pull)
            for _halving in range(_HALVINGS):
                worse = new < height - 1e-13 * np.abs(height)
                if not worse.any():
                    break
                share = np.where(worse, share / 2, share)
                new = self._height(beta + share[:, None] * step, S2, root, pull)
            beta, gain = beta + share[:, None] * step, new - height
            height = new
            if gain.max() < 1e-12 * (1 + np.abs(height).max()):
                break
        return height, beta

    def _scales(self, rho: Array, tau: Array) -> tuple[Array, Array, Array]:
        """Variance of each effect; and what scales u and the residual in the chance to be seen."""
        sigma2 = self.v / (1 - rho[:, None] ** 2 * self.shrink)
        S2 = sigma2 + tau[:, None] ** 2
        tilde = rho[:, None] * np.sqrt(sigma2 / S2)
        root = np.sqrt(1 - tilde**2)
        return S2, root, tilde / (np.sqrt(S2) * root)

    def _solve(self, weight: Array, score: Array) -> Array:
        information = np.einsum("nk,kp,kq->npq", weight, self.X, self.X)
        return np.asarray(np.linalg.solve(information, (score @ self.X)[..., None])[..., 0])

    def _height(self, beta: Array, S2: Array, root: Array, pull: Array) -> Array:
        from scipy.special import log_ndtr

        r = self.y - beta @ self.X.T
        seen = log_ndtr(self.u / root + pull * r) - self.log_published
        return np.asarray((seen - 0.5 * np.log(S2) - 0.5 * r * r / S2).sum(axis=1))

    def maximum(self, sign: float) -> CopasMaximum:
        """The highest maximum with ρ of this sign (0: none): the best of a grid, and on uphill."""
        from scipy.optimize import minimize

        reach = 2 * float(np.std(self.y)) + 1e-9
        rho, tau = (part.ravel() for part in np.meshgrid(sign * _RHO, reach * _TAU))
        best = int(self.profile(rho, tau)[0].argmax())
        found = minimize(
            lambda at: -float(self.profile(sign * at[:1], reach * at[1:])[0][0]),
            np.array([abs(rho[best]), tau[best] / reach]),
            method="L-BFGS-B",
            bounds=[(0.0, _BOUND), (0.0, None)],
            options={"ftol": 1e-14, "gtol": 1e-8},
        )
        at = sign * found.x[:1], reach * found.x[1:]
        top, beta = self.profile(*at)
        return CopasMaximum(beta[0], float(at[0][0]), float(at[1][0]), float(top[0]))

    def standard_error(self, at: CopasMaximum) -> float:
        """Of the first coefficient; NaN where the likelihood has no curvature.

        From the information on coefficients, ρ and τ together; a ρ at its bounds counts as known.
        """
        p = len(at.beta)
        theta = np.array([*at.beta, at.rho, at.tau])
        scale = float(np.sqrt(self.v.mean()))
        unit = np.array([*(np.full(p, scale)), 1.0, scale]) * _WIDTH
        free = np.ones(p + 2, dtype=bool)
        free[p] = 0 < abs(at.rho) < _BOUND - 2 * _WIDTH
        steps = np.diag(unit)[free]

        def height(points: Array) -> Array:
            return self._height(
                points[:, :p], *self._scales(points[:, p], np.abs(points[:, p + 1]))
            )

        up_up, up_down, down_up, down_down = (
            height((theta + a * steps[:, None] + b * steps[None]).reshape(-1, p + 2))
            for a in (1, -1)
            for b in (1, -1)
        )
        n = int(free.sum())
        curvature = (up_up - up_down - down_up + down_down).reshape(n, n)
        information = -curvature / (4 * np.outer(unit[free], unit[free]))
        try:
            np.linalg.cholesky(information)
        except np.linalg.LinAlgError:
            return float("nan")
        return float(np.sqrt(np.linalg.inv(information)[0, 0]))


def _mills(u: Array) -> Array:
    """φ(u)/Φ(u); zero far to the right."""
    from scipy.special import log_ndtr

    return np.asarray(np.exp(-0.5 * u * u - log_ndtr(u)) / np.sqrt(2 * np.pi))
