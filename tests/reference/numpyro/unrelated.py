"""NUTS for the smoking network: consistency and unrelated mean effects. Writes unrelated.json.

python unrelated.py  (numpyro 0.22.0, jax 0.10.2, 4 chains of 10,000 after 2,000; two minutes)
"""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.scipy.linalg import block_diag, solve_triangular
from numpyro.diagnostics import effective_sample_size, gelman_rubin
from numpyro.infer import MCMC, NUTS

HERE = Path(__file__).parent
jax.config.update("jax_enable_x64", True)


def trials(data):
    """Contrasts of each trial against its first arm: y, covariance, and their two treatments."""
    y, V, T, pairs = [], [], [], []
    for study in dict.fromkeys(data["study"]):
        value = {}
        for s, a, b, x, se in zip(*(data[c] for c in COLUMNS), strict=True):
            if s == study:
                value[a, b], value[b, a] = (x, se**2), (-x, se**2)
        first, *others = sorted({arm for pair in value for arm in pair})
        own = np.array([value[arm, first][1] for arm in others])
        between = [[value[a, b][1] if a != b else 0.0 for b in others] for a in others]
        y += [value[arm, first][0] for arm in others]
        V.append((own[:, None] + own - np.array(between)) / 2)
        T.append((1 + np.eye(len(others))) / 2)
        pairs += [(arm, first) for arm in others]
    return jnp.array(y), block_diag(*V), block_diag(*T), pairs


COLUMNS = ("study", "treat1", "treat2", "TE", "seTE")


def run(y, V, T, X):
    """Posterior summaries, with Monte Carlo standard errors."""
    root, root_V = jnp.linalg.cholesky(T), jnp.linalg.cholesky(V)

    def model():
        d = numpyro.sample("d", dist.Normal(0, 100).expand([X.shape[1]]).to_event(1))
        tau = numpyro.sample("tau", dist.HalfNormal(1.0))
        z = numpyro.sample("z", dist.Normal(0, 1).expand([len(y)]).to_event(1))
        delta = numpyro.deterministic("delta", X @ d + tau * (root @ z))
        off = solve_triangular(root_V, y - delta, lower=True)
        numpyro.deterministic("deviance", off @ off)
        numpyro.sample("y", dist.MultivariateNormal(delta, scale_tril=root_V), obs=y)

    kernel = NUTS(model, target_accept_prob=0.95)
    sampler = MCMC(
        kernel, num_warmup=2000, num_samples=10_000, num_chains=4, chain_method="sequential",
        progress_bar=False,
    )  # fmt: skip
    sampler.run(jax.random.PRNGKey(1))
    drawn = {name: np.array(x) for name, x in sampler.get_samples(group_by_chain=True).items()}
    out = {}
    for name in ("d", "tau", "deviance"):
        x = drawn[name]
        mcse = x.std((0, 1)) / np.sqrt(effective_sample_size(x))
        assert np.max(gelman_rubin(x)) < 1.01
        parts = {"mean": x.mean((0, 1)), "sd": x.std((0, 1)), "mcse": mcse}
        out[name] = {part: np.round(value, 6).tolist() for part, value in parts.items()}
    off = np.linalg.solve(np.array(root_V), np.array(y) - drawn["delta"].mean((0, 1)))
    out["pD"] = round(float(drawn["deviance"].mean() - off @ off), 6)
    return out


def main():
    networks = json.loads((HERE.parent / "netmeta" / "networks.json").read_text("utf-8"))
    y, V, T, pairs = trials(networks["smokingcessation_OR"]["data"])
    names = sorted({arm for pair in pairs for arm in pair})
    coherent = [[float(n == a) - float(n == b) for n in names[1:]] for a, b in pairs]
    seen = sorted(set(pairs))
    unrelated = [[float(pair == own) for own in seen] for pair in pairs]
    found = {
        "prior": "d normal(0, 100), tau half-normal(1)",
        "consistency": {"d": names[1:], "posterior": run(y, V, T, jnp.array(coherent))},
        "unrelated": {"d": seen, "posterior": run(y, V, T, jnp.array(unrelated))},
    }
    (HERE / "unrelated.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
