"""Posterior of a network of classes by NUTS: writes classes.json beside this file.

Run with ``python classes.py`` where numpyro is installed. The data are the arms of Dogliotti2014 in
../netmeta/arms.json (log odds ratios against the first arm of a trial, ½ added to all arms of a
trial with a zero cell).
"""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.diagnostics import effective_sample_size, gelman_rubin
from numpyro.infer import MCMC, NUTS

HERE = Path(__file__).parent
CLASSES = {
    "Apixaban": "DOAC",
    "Dabigatran 110mg": "DOAC",
    "Dabigatran 150mg": "DOAC",
    "Rivaroxaban": "DOAC",
    "Aspirin": "antiplatelet",
    "Aspirin+Clopidogtrel": "antiplatelet",
}
REFERENCE = "VKAs"
PRIOR = 0.5  # scale of the half-normal priors of τ and σ

numpyro.set_host_device_count(1)
jax.config.update("jax_enable_x64", True)


def read():
    """Contrasts against the first arm of each trial."""
    arms = json.loads((HERE.parent / "netmeta" / "arms.json").read_text())["arms"]
    arms = arms["Dogliotti2014_OR"]
    trials = {}
    for study, name, x, n in zip(*arms.values(), strict=True):
        if x is not None and n is not None:
            trials.setdefault(study, []).append((name, x, n))
    found = []
    for rows in trials.values():
        names, x, n = zip(*rows, strict=True)
        x, n = np.array(x), np.array(n)
        if len(names) < 2 or not x.any() or (x == n).all():
            continue
        if ((x == 0) | (x == n)).any():
            x, n = x + 0.5, n + 1.0
        log_odds, v = np.log(x / (n - x)), 1 / x + 1 / (n - x)
        m = len(names) - 1
        V = np.diag(v[1:]) + v[0]
        found.append((names, log_odds[1:] - log_odds[0], V, 0.5 * (np.eye(m) + 1)))
    return found


TRIALS = read()
NAMES = sorted({name for names, *_ in TRIALS for name in names})
GROUPS = sorted({CLASSES.get(name, name) for name in NAMES} - {REFERENCE})


def model():
    """Treatments about the mean of their class; true contrasts about the treatments."""
    tau = numpyro.sample("tau", dist.HalfNormal(PRIOR))
    sigma = numpyro.sample("sigma", dist.HalfNormal(PRIOR))
    mean = {
        group: numpyro.sample(f"class:{group}", dist.ImproperUniform(dist.constraints.real, (), ()))
        for group in GROUPS
    } | {REFERENCE: 0.0}
    effect = {}
    for name in NAMES:
        effect[name] = mean[CLASSES.get(name, name)]
        if name in CLASSES:
            effect[name] += sigma * numpyro.sample(f"u:{name}", dist.Normal())
            numpyro.deterministic(f"treatment:{name}", effect[name])
    for i, (names, y, V, S) in enumerate(TRIALS):
        at = jnp.stack([effect[name] - effect[names[0]] for name in names[1:]])
        numpyro.sample(f"y{i}", dist.MultivariateNormal(at, V + tau**2 * S), obs=y)


def main():
    """Sample, summarise, write."""
    mcmc = MCMC(
        NUTS(model, target_accept_prob=0.98),
        num_warmup=2000,
        num_samples=20_000,
        num_chains=4,
        chain_method="sequential",
        progress_bar=False,
    )
    mcmc.run(jax.random.PRNGKey(1))
    summary = {}
    for name, draws in mcmc.get_samples(group_by_chain=True).items():
        if name.startswith("u:"):
            continue
        draws = np.asarray(draws)
        size = float(effective_sample_size(draws))
        summary[name.split(":")[-1]] = {
            "mean": draws.mean(),
            "sd": draws.std(),
            "quantiles": np.quantile(draws, [0.025, 0.5, 0.975]).tolist(),
            "ess": size,
            "mcse": draws.std() / size**0.5,
            "rhat": float(gelman_rubin(draws)),
        }
    content = {
        "data": "Dogliotti2014_OR",
        "classes": CLASSES,
        "reference": REFERENCE,
        "prior": f"half-normal({PRIOR})",
        "numpyro": numpyro.__version__,
        "jax": jax.__version__,
        "seed": 1,
        "posterior": summary,
    }
    (HERE / "classes.json").write_text(json.dumps(content, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
