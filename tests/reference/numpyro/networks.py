"""Posteriors of networks of treatments by NUTS: writes networks.json beside this file.

Run with ``python networks.py`` where numpyro is installed. The true contrasts of a trial are
integrated out: its contrasts against its first arm are normal with covariance V + τ²(I + J)/2,
in which arms that a trial shares are taken exactly.
"""

import json
from itertools import combinations
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.diagnostics import effective_sample_size, gelman_rubin
from numpyro.infer import MCMC, NUTS

HERE = Path(__file__).parent
PRIORS = {"parkinsons": 5.0, "smokingcessation_OR": 5.0, "Senn2013_MD": 2.0}  # half-normal, of τ
EFFECT_SD = 100.0
REFERENCES = {"parkinsons": "4", "smokingcessation_OR": "A", "Senn2013_MD": "plac"}
QUANTILES = (0.025, 0.25, 0.5, 0.75, 0.975)
CHAINS, WARMUP, DRAWS, BATCHES = 4, 2_000, 25_000, 25
SEED = 1

jax.config.update("jax_enable_x64", True)


def parkinsons():
    """Trials as (arms, contrasts against the first arm, their covariance)."""
    data = json.loads((HERE.parent / "multinma" / "parkinsons.json").read_text())["data"]
    trials = []
    for study in dict.fromkeys(data["studyn"]):
        mine = [i for i, s in enumerate(data["studyn"]) if s == study]
        arms = [str(data["trtn"][i]) for i in mine]
        y = np.array([data["diff"][i] for i in mine[1:]])
        shared, *own = (data["se_diff"][i] ** 2 for i in mine)  # of the first arm, of contrasts
        V = np.full((len(y), len(y)), shared)
        np.fill_diagonal(V, own)
        trials.append((arms, y, V))
    return trials


def from_netmeta(name):
    """The same of contrasts that name each pair of arms: their variances tell the covariance."""
    data = json.loads((HERE.parent / "netmeta" / "networks.json").read_text())[name]["data"]
    of_trial = {}
    for study, *row in zip(*(data[key] for key in COLUMNS), strict=True):
        of_trial.setdefault(study, []).append(row)
    trials = []
    for rows in of_trial.values():
        arms = list(dict.fromkeys(arm for row in rows for arm in row[:2]))
        y = {(a, b): effect for a, b, effect, _ in rows}
        y |= {(b, a): -effect for a, b, effect, _ in rows}
        v = {frozenset((a, b)): se**2 for a, b, _, se in rows}
        first, *others = arms
        own = np.array([v[frozenset((first, arm))] for arm in others])
        V = np.diag(own)
        for i, j in combinations(range(len(others)), 2):
            V[i, j] = V[j, i] = (own[i] + own[j] - v[frozenset((others[i], others[j]))]) / 2
        trials.append((arms, np.array([y[arm, first] for arm in others]), V))
    return trials


COLUMNS = ("study", "treat1", "treat2", "TE", "seTE")


def arrays(trials, reference):
    """Treatments, and all trials as y ~ N(X d, V + τ² T), d against the reference."""
    names = sorted({arm for arms, *_ in trials for arm in arms}, key=str.casefold)
    others = [name for name in names if name != reference]
    size = sum(len(y) for _, y, _ in trials)
    X, V, T = np.zeros((size, len(others))), np.zeros((size, size)), np.zeros((size, size))
    at = 0
    for (first, *rest), y, cov in trials:
        here = slice(at, at + len(y))
        V[here, here], T[here, here] = cov, (1 + np.eye(len(y))) / 2
        for row, arm in enumerate(rest, at):
            X[row] = [(name == arm) - float(name == first) for name in others]
        at += len(y)
    return names, others, np.concatenate([y for _, y, _ in trials]), X, V, T


def model(y, X, V, T, scale):
    """Random effects between trials, coherent treatment effects."""
    tau = numpyro.sample("tau", dist.HalfNormal(scale))
    d = numpyro.sample("d", dist.Normal(0, EFFECT_SD).expand([X.shape[1]]).to_event(1))
    cov = V + tau**2 * T
    numpyro.sample("y", dist.MultivariateNormal(jnp.matmul(X, d), cov), obs=y)


def estimate(draws, statistic):
    """A statistic of all draws, and its Monte Carlo standard error from batches of each chain."""
    parts = [statistic(part) for chain in draws for part in np.array_split(chain, BATCHES)]
    whole = statistic(np.concatenate(list(draws)))
    return whole, np.std(parts, axis=0, ddof=1) / np.sqrt(len(parts))


def told(draws):
    """Mean, sd and quantiles of one quantity, shape (chains, draws), with their errors."""
    found = {}
    for name, statistic in (
        ("mean", np.mean),
        ("sd", np.std),
        ("quantiles", lambda part: np.quantile(part, QUANTILES)),
    ):
        value, error = estimate(draws, statistic)
        found[name], found[f"mcse_{name}"] = np.round(value, 6).tolist(), error.round(7).tolist()
    found["ess"] = round(float(effective_sample_size(draws)))
    found["rhat"] = round(float(gelman_rubin(draws)), 6)
    return found


def ranks(effects):
    """Share of draws in which each treatment (row) has each rank (column); smallest is first."""
    places = effects.argsort(axis=1).argsort(axis=1)
    return np.stack([(places == r).mean(axis=0) for r in range(effects.shape[1])], axis=1)


def posterior(name):
    """Sample one network and summarise."""
    trials = parkinsons() if name == "parkinsons" else from_netmeta(name)
    reference = REFERENCES[name]
    names, others, y, X, V, T = arrays(trials, reference)
    mcmc = MCMC(
        NUTS(model, target_accept_prob=0.995),
        num_warmup=WARMUP,
        num_samples=DRAWS,
        num_chains=CHAINS,
        chain_method="sequential",
        progress_bar=False,
    )
    mcmc.run(jax.random.PRNGKey(SEED), y, X, V, T, PRIORS[name], extra_fields=("diverging",))
    drawn = {key: np.asarray(x) for key, x in mcmc.get_samples(group_by_chain=True).items()}
    effects = np.zeros((*drawn["tau"].shape, len(names)))
    effects[..., [names.index(name) for name in others]] = drawn["d"]
    shares, error = estimate(effects, ranks)
    return {
        "data": name,
        "treatments": names,
        "reference": reference,
        "prior": f"half-normal({PRIORS[name]:g})",
        "effect_prior": f"normal(0, {EFFECT_SD:g})",
        "divergences": int(mcmc.get_extra_fields()["diverging"].sum()),
        "tau": told(drawn["tau"]),
        "effects": [
            {"treatment1": a, "treatment2": b}
            | told(effects[..., names.index(a)] - effects[..., names.index(b)])
            for a, b in combinations(names, 2)
        ],
        "rank_probabilities": shares.round(6).tolist(),
        "mcse_rank_probabilities": error.round(7).tolist(),
    }


def main():
    """Sample all networks and write."""
    content = {
        "numpyro": numpyro.__version__,
        "jax": jax.__version__,
        "seed": SEED,
        "draws": [CHAINS, DRAWS],
        "quantiles": QUANTILES,
        "networks": {name: posterior(name) for name in PRIORS},
    }
    (HERE / "networks.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
