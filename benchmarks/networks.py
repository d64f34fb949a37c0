"""How fast networks are, beside R's netmeta, NumPyro's NUTS and bare NumPy.

    make bench

Each row is the same work, on the same data, on one core, in one run, and the numbers of both sides
are compared before their times are; a peer that is not installed is left out. Times are the fastest
of several runs; what takes netmeta over ten seconds it does once. Long work of peers is measured in
time of the processor, so that what else the machine does is not held against them.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import reprieve.synthesis as rs
from synthesis import Seconds, fastest, readable

REFERENCE = Path(__file__).parent.parent / "tests" / "reference"
COLUMNS = {
    "study": "study", "treatment1": "treat1", "treatment2": "treat2", "effect": "TE", "se": "seTE",
}  # fmt: skip
Data = dict[str, Any]


def published(name: str) -> Data:
    """Contrasts of a published network."""
    content = json.loads((REFERENCE / "netmeta" / "networks.json").read_text())
    found: Data = content[name]["data"]
    return found


def synthetic(treatments: int, trials: int, three_arms: float = 0.1) -> Data:
    """Trials of two treatments, a share of them of three; the first of them connect all."""
    rng = np.random.default_rng(50)
    truth, rows = rng.normal(0, 0.5, treatments), []
    for s in range(trials):
        size = 3 if rng.random() < three_arms else 2
        drawn = rng.choice(treatments, size, replace=False)
        arms = np.array([s, s + 1]) if s < treatments - 1 else drawn
        v = rng.uniform(0.02, 0.2, len(arms))
        x = truth[arms] + rng.normal(0, np.sqrt(v + 0.02))
        rows += [
            (f"trial {s}", f"T{arms[i]:03}", f"T{arms[j]:03}", x[i] - x[j], (v[i] + v[j]) ** 0.5)
            for i, j in combinations(range(len(arms)), 2)
        ]
    columns = (list(column) for column in zip(*rows, strict=True))
    return dict(zip(COLUMNS.values(), columns, strict=True))


def check(ours: Any, theirs: Any, tolerance: float, what: str) -> None:
    """Stop where two sides don't tell the same: then their times can't be compared."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    if ours.shape != theirs.shape or not np.allclose(ours, theirs, tolerance, tolerance):
        sys.exit(f"{what}: the two sides disagree")


def row(work: str, ours: Seconds, peer: str, theirs: Seconds | None) -> None:
    """A line of the table; the ratio is peer over Reprieve."""
    shown = "not installed | " if theirs is None else f"{readable(theirs)} | {ratio(theirs, ours)}"
    print(f"| {work} | {readable(ours)} | {peer} | {shown} |", flush=True)


def ratio(theirs: Seconds, ours: Seconds) -> str:
    """How many times as long a peer takes."""
    times = theirs / ours
    return f"{times:,.0f}×" if times >= 10 else f"{times:.2f}×"


# -- netmeta


@dataclass(frozen=True)
class Question:
    """What is asked: ours of a fresh fit, netmeta's of its fit `n`; both tell the same numbers."""

    name: str
    ours: Callable[[rs.NetworkMetaAnalysis], Any]
    r: str


def whole(fit: rs.NetworkMetaAnalysis) -> Any:
    """All pairs with standard errors, Q and its parts, direct proportions, P-scores."""
    found = fit.coherence()
    parts = [fit.tau2, found.total.Q, found.within.Q, found.between.Q]
    return np.concatenate(
        [fit.estimates, fit.standard_errors, parts, fit.evidence.proportion, fit.p_scores]
    )


def designs(fit: rs.NetworkMetaAnalysis) -> Any:
    """Q of the full design-by-treatment interaction model."""
    return fit.coherence().interaction.Q


def splits(fit: rs.NetworkMetaAnalysis) -> Any:
    """How far direct and indirect evidence are apart."""
    found = (row["difference"] for row in fit.split().to_dict()["split"])
    return [abs(difference) for difference in found if difference is not None]


def contributions(fit: rs.NetworkMetaAnalysis) -> Any:
    """Of direct comparisons to all estimates, by shortest paths."""
    return fit.contributions().shares


NOT_INSTALLED = 3
FIT = "n <- netmeta(TE, seTE, treat1, treat2, study, data = d, sep.trts = ':')"
ALL_PAIRS = "all pairs, Q and its parts, direct proportions, P-scores"
WHOLE = (
    FIT + "; pairs <- function(M) t(M)[lower.tri(M)]; c(pairs(n$TE.random), pairs(n$seTE.random), "
    "n$tau2, n$Q, n$Q.heterogeneity, n$Q.inconsistency, n$prop.direct.random, "
    "netrank(n, small.values = 'good')$ranking.random[n$trts])"
)
QUESTIONS = [
    Question("decomposition by designs", designs, "decomp.design(n)$Q.inc.random$Q"),
    Question("splits", splits, "x <- abs(netsplit(n)$compare.random$TE); x[!is.na(x)]"),
    Question("contributions", contributions, "t(netcontrib(n)$random)"),
]


def netmeta(data: Data, code: str, before: str = "") -> tuple[Seconds, list[float]] | None:
    """Seconds that R takes for `code`, and the numbers that it makes; `before` is not timed."""
    if not shutil.which("Rscript"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        table, numbers = Path(folder) / "d.csv", Path(folder) / "numbers.txt"
        pl.DataFrame(data).write_csv(table, float_precision=17)
        script = f"""
            there <- suppressWarnings(requireNamespace("netmeta", quietly=TRUE))
            if (!there) quit(status={NOT_INSTALLED})
            suppressPackageStartupMessages(library(netmeta))
            d <- read.csv("{table}")
            {before}
            f <- function() suppressWarnings(suppressMessages({{ {code} }}))
            used <- function(work) sum(system.time(work)[c("user.self", "sys.self")])
            t <- used(x <- f())
            if (t < 10) for (i in 1:3) t <- min(t, used(f()))
            write(format(as.numeric(x), digits=15), "{numbers}", ncolumns=1)
            cat(format(t, digits=15))
        """
        done = subprocess.run(
            ["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=False
        )
        if done.returncode == NOT_INSTALLED:
            return None
        if done.returncode:
            sys.exit(f"netmeta failed at {code}: {done.stderr}")
        return float(done.stdout), [float(line) for line in numbers.read_text().split()]


def beside_netmeta() -> None:
    """The rows of netmeta."""
    networks = {
        "Senn2013": published("Senn2013_MD"),
        "Linde2016": published("Linde2016_OR"),
        "50 treatments, 300 trials": synthetic(50, 300),
    }
    for name, data in networks.items():
        work = f"{ALL_PAIRS}; {name}"
        ours = fastest(lambda data=data: whole(rs.network(data, **COLUMNS)))
        found = netmeta(data, WHOLE)
        if found:
            check(whole(rs.network(data, **COLUMNS)), found[1], 1e-7, work)
        row(work, ours, "netmeta", found and found[0])
    data = networks["Senn2013"]
    fit = rs.network(data, **COLUMNS)
    for question in QUESTIONS:
        work = f"{question.name}; Senn2013"
        # a copy has kept nothing of what was asked before
        ours = fastest(lambda ask=question.ours: ask(replace(fit)))
        found = netmeta(data, question.r, before=FIT)
        if found:
            mine = np.ravel(question.ours(fit))
            check(mine, found[1], 1e-7, work)
        row(work, ours, "netmeta", found and found[0])


# -- NumPyro


def beside_nuts() -> None:
    """The same posterior, by quadrature and by four chains of 1,000 draws after 1,000."""
    for name, prior, reference in (
        ("Senn2013_MD", 2.0, "plac"),
        ("smokingcessation_OR", 5.0, "A"),
    ):
        data = published(name)

        def ours(data: Data = data, prior: float = prior, reference: str = reference) -> Any:
            fit = rs.bayesian_network(
                data, **COLUMNS, prior=f"half-normal({prior})", effect_prior="normal(0, 100)",
                reference=reference,
            )  # fmt: skip
            pairs = fit.between(*fit.pairs)
            return fit.tau.mean, pairs.mean, pairs.sd, pairs.quantile([0.025, 0.5, 0.975])

        work = f"posterior of all pairs and of τ; {name.split('_')[0]}"
        seconds, sampled = fastest(ours), nuts(name, prior)
        if sampled is None:
            row(work, seconds, "NumPyro", None)
            continue
        once, alone, tau = sampled
        check(ours()[0], tau, 0.03, work)
        row(work, seconds, "NumPyro, sampling alone", alone)
        row(work, seconds, "NumPyro, as run", once)


def nuts(name: str, prior: float) -> tuple[Seconds, Seconds, float] | None:
    """Seconds as run, seconds of sampling alone, and the mean of τ."""
    if importlib.util.find_spec("numpyro") is None:
        return None
    where = REFERENCE / "numpyro" / "networks.py"
    spec = importlib.util.spec_from_file_location("networks_by_nuts", where)
    if spec is None or spec.loader is None:
        return None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    import jax
    from numpyro.infer import MCMC, NUTS

    _, others, *model = made.arrays(made.from_netmeta(name), made.REFERENCES[name])
    i, j = np.triu_indices(len(others) + 1, 1)

    def run(draws: int) -> tuple[Seconds, float]:
        start = time.process_time()
        chains = MCMC(
            NUTS(made.model), num_warmup=draws, num_samples=draws, num_chains=4,
            chain_method="sequential", progress_bar=False,
        )  # fmt: skip
        chains.run(jax.random.PRNGKey(1), *model, prior)
        drawn = chains.get_samples()
        d = np.column_stack([np.zeros(len(drawn["tau"])), drawn["d"]])
        between = d[:, i] - d[:, j]
        _ = between.mean(0), between.std(0), np.quantile(between, (0.025, 0.5, 0.975), axis=0)
        return time.process_time() - start, float(drawn["tau"].mean())

    once, tau = run(1_000)
    often, _ = run(10_000)  # what does not grow with the draws is compiling
    return once, (often - once) / 9, tau


# -- bare NumPy


def bare(y: Any, v: Any, a: Any, b: Any, n: int) -> tuple[Any, Any]:
    """Estimates and standard errors of all pairs, DerSimonian–Laird, trials of two arms.

    Numbered treatments, nothing checked, nothing kept: what any program must at least do.
    """

    def solve(w: Any) -> tuple[Any, Any]:
        laplacian = -np.bincount(a * n + b, w, n * n).reshape(n, n)
        laplacian += laplacian.T
        np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
        cov = np.zeros((n, n))
        cov[1:, 1:] = np.linalg.inv(laplacian[1:, 1:])
        return cov @ (np.bincount(a, w * y, n) - np.bincount(b, w * y, n)), cov

    w = 1 / v
    theta, cov = solve(w)
    own = cov.diagonal()
    Q = w @ (y - theta[a] + theta[b]) ** 2
    taken = w.sum() - w**2 @ (own[a] + own[b] - 2 * cov[a, b])
    theta, cov = solve(1 / (v + max(0.0, (Q - len(y) + n - 1) / taken)))
    own, (i, j) = cov.diagonal(), np.triu_indices(n, 1)
    return theta[i] - theta[j], np.sqrt(own[i] + own[j] - 2 * cov[i, j])


def beside_numpy() -> None:
    """Estimates and standard errors of 100 treatments in 1,000 trials."""
    data = synthetic(100, 1_000, three_arms=0)
    frame = pl.DataFrame(data)
    names, numbers = np.unique(frame.select("treat1", "treat2").to_numpy(), return_inverse=True)
    a, b = numbers.reshape(-1, 2).T
    low, high = np.minimum(a, b), np.maximum(a, b)
    y = np.where(a < b, 1, -1) * frame["TE"].to_numpy()
    given = (y, frame["seTE"].to_numpy() ** 2, low, high, len(names))

    def ours(source: Any) -> tuple[Any, Any]:
        fit = rs.network(source, **COLUMNS)
        return fit.estimates, fit.standard_errors

    theirs = fastest(lambda: bare(*given))
    size = f"{len(names)} treatments, {frame.height:,} trials"
    for source, kind in ((data, "columns"), (frame, "a data frame")):
        work = f"estimates and standard errors; {size}, from {kind}"
        check(ours(source), bare(*given), 1e-9, work)
        row(work, fastest(lambda source=source: ours(source)), "bare NumPy", theirs)


# -- large


LARGE = """
import resource, sys, time
sys.path.insert(0, {here!r})
from networks import COLUMNS, rs, synthetic, whole
data = synthetic(300, 10_000)
start = time.perf_counter()
whole(rs.network(data, **COLUMNS))
seconds = time.perf_counter() - start
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def large() -> str:
    """Seconds and memory of a large network, in a process of its own."""
    code = LARGE.format(here=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, peak = map(float, done.stdout.split())
    return (
        f"300 treatments, 10,000 trials; {ALL_PAIRS}: {seconds:.2f} s, peak memory {peak:,.0f} MB."
    )


def versions() -> str:
    """What was measured, with versions."""
    names = [f"Python {platform.python_version()}", f"numpy {np.__version__}"]
    installed = importlib.util.find_spec("numpyro") is not None
    names.append(f"numpyro {version('numpyro')}" if installed else "numpyro not installed")
    if shutil.which("Rscript"):
        code = (
            'cat("netmeta", tryCatch(as.character(packageVersion("netmeta")), '
            'error=function(e) "not installed"))'
        )
        done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False)
        names.append(done.stdout)
    return "; ".join(names)


def main() -> None:
    """Measure everything and print the table."""
    if hasattr(os, "sched_setaffinity"):  # one core for everyone, however many threads they start
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{platform.machine()}, one core. {versions()}.\n")
    print("| work | Reprieve | peer | its time | ratio |\n|---|---|---|---|---|")
    told = large()  # first: a process inherits the peak of the one that starts it
    beside_numpy()
    beside_nuts()
    beside_netmeta()
    print(f"\n{told}")


if __name__ == "__main__":
    main()
