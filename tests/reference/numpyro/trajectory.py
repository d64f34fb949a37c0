"""A long NUTS run of the model of `trajectory`, for comparison with its quadrature.

Made with numpyro 0.22.0: ``python trajectory.py > trajectory.json``. Eight made-up trials of three
treatments (one has three arms), arms at months 1, 3, 6 and 12; shape emax, CS heterogeneity,
half-normal(5) for τ, uniform(0, 1) for ρ, flat on log ET50 between the limits that the package
sets, and sizes flat on an orthonormal basis of the design.
"""

from __future__ import annotations

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.diagnostics import summary
from numpyro.infer import MCMC, NUTS

jax.config.update("jax_enable_x64", True)
MONTHS = [1.0, 3.0, 6.0, 12.0]
ARMS = [[0, 1], [0, 1], [0, 2], [0, 2], [1, 2], [0, 1, 2], [0, 1], [0, 2]]
SIZE, ET50, CORRELATION, SE = [0.0, -12.0, -18.0], 2.0, 0.5, 2.0


def made() -> dict[str, list]:
    rng = np.random.default_rng(5)
    rows = {"study": [], "month": [], "treatment": [], "mean": [], "se": []}
    for study, arms in enumerate(ARMS):
        for arm in arms:
            stays = rng.normal(0, 2.0)
            errors = rng.multivariate_normal(
                np.zeros(4), SE**2 * (CORRELATION + (1 - CORRELATION) * np.eye(4))
            )
            for month, error in zip(MONTHS, errors, strict=True):
                true = SIZE[arm] * month / (ET50 + month)
                values = (str(study), month, "ABC"[arm], 50 + true + stays + error, SE)
                for name, value in zip(rows, values, strict=True):
                    rows[name].append(round(value, 3) if name == "mean" else value)
    return rows


def blocks(rows: dict[str, list]) -> list[tuple]:
    found = []
    for study, arms in enumerate(ARMS):
        mean = {
            (rows["treatment"][i], rows["month"][i]): rows["mean"][i]
            for i in range(len(rows["mean"]))
            if rows["study"][i] == str(study)
        }
        pairs = [(a, t) for a in arms[1:] for t in MONTHS]
        y = np.array([mean["ABC"[a], t] - mean["ABC"[arms[0]], t] for a, t in pairs])
        same_arm = np.array([[a == c for c, _ in pairs] for a, _ in pairs])
        same_month = np.array([[t == s for _, s in pairs] for _, t in pairs])
        likeness = np.where(same_arm, 1.0, 0.5)
        V = 2 * SE**2 * likeness * np.where(same_month, 1.0, CORRELATION)
        contrast = np.array([np.eye(3)[a] - np.eye(3)[arms[0]] for a, _ in pairs])[:, 1:]
        month = np.array([t for _, t in pairs])
        found.append((y, V, likeness, same_month, contrast, month))
    return found


def model(data: list[tuple]) -> None:
    tau = numpyro.sample("tau", dist.HalfNormal(5.0))
    rho = numpyro.sample("rho", dist.Uniform(0.0, 1.0))
    low, high = np.log(1.0 / 20), np.log(5 * 12.0)
    log_et50 = numpyro.sample("log_ET50", dist.Uniform(low, high))
    size = numpyro.sample("size", dist.ImproperUniform(dist.constraints.real_vector, (), (2,)))
    et50 = jnp.exp(log_et50)
    form = lambda t: t / (et50 + t) * (et50 + 12.0) / 12.0  # noqa: E731
    gram = 0.0
    for i, (y, V, likeness, same_month, contrast, month) in enumerate(data):
        X = contrast * form(month)[:, None]
        gram = gram + X.T @ X
        S = V + tau**2 * likeness * jnp.where(same_month, 1.0, rho)
        numpyro.sample(f"y{i}", dist.MultivariateNormal(X @ size, S), obs=y)
    numpyro.factor("flat", 0.5 * jnp.linalg.slogdet(gram)[1])
    numpyro.deterministic("B - A at month 3", size[0] * form(3.0))
    numpyro.deterministic("C - A at month 3", size[1] * form(3.0))
    numpyro.deterministic("B - A at month 12", size[0])
    numpyro.deterministic("C - A at month 12", size[1])


def run() -> dict:
    rows = made()
    numpyro.set_host_device_count(1)
    chains = MCMC(
        NUTS(model, target_accept_prob=0.95),
        num_warmup=2000,
        num_samples=20000,
        num_chains=2,
        chain_method="sequential",
        progress_bar=False,
    )
    chains.run(jax.random.PRNGKey(1), blocks(rows))
    drawn = chains.get_samples(group_by_chain=True)
    found = summary({k: v for k, v in drawn.items() if k != "size"}, prob=0.95)
    kept = ("mean", "std", "n_eff", "r_hat")
    posterior = {k: {name: float(v[name]) for name in kept} for k, v in found.items()}
    return {"data": rows, "posterior": posterior}


json.dump(run(), sys.stdout, indent=1)
