"""How fast the synthesis is, beside R's metafor and bayesmeta, PyMARE and statsmodels.

    make bench

Each row of the table is the same work, on the same data, on one core, in one run; a peer that is
not installed is left out. Times are the fastest of several runs, so that what else the machine
does weighs least; ratios are peer over Reprieve.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import reprieve.synthesis as rs

RNG = np.random.default_rng(20)
Seconds = float
REFERENCE = Path(__file__).parent.parent / "tests" / "reference"
COUNTS = {"events1": "ai", "n1": "n1i", "events2": "ci", "n2": "n2i"}


def effects(k: int, tau: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """K effects with variances of trials of 20 to 200 people."""
    v = 4 / RNG.uniform(20, 200, k)
    return RNG.normal(0.3, np.sqrt(tau**2 + v)), v


def clustered(k: int, per_cluster: int = 5) -> dict[str, np.ndarray]:
    """Effects nested in studies, with variance between studies and within them."""
    study = np.repeat(np.arange(k // per_cluster), per_cluster)
    v = 4 / RNG.uniform(20, 200, k)
    y = RNG.normal(0, 0.3, k // per_cluster)[study] + RNG.normal(0, np.sqrt(0.04 + v))
    return {"yi": y, "vi": v, "study": study, "esid": np.arange(k)}


def published_counts() -> dict[str, np.ndarray]:
    """Catheter infections in 18 trials (Niel-Weise et al. 2007), as shipped with metadat."""
    content = json.loads((REFERENCE / "metafor" / "rare_events.json").read_text())
    data = content["nielweise2007"]["data"]
    return {name: np.array(data[name]) for name in COUNTS.values()}


@dataclass
class Work:
    """One piece of work: ours, and how each peer does it.

    `r` is R code that sees the columns of `data` as `d` and prints nothing; `python` are peers
    that run here. `repeat` scales what a peer does in a part of the work up to the whole.
    """

    name: str
    ours: Callable[[], object]
    data: dict[str, np.ndarray]
    r: dict[str, str] = field(default_factory=dict)
    python: dict[str, Callable[[], object]] = field(default_factory=dict)
    repeat: dict[str, float] = field(default_factory=dict)


def works() -> list[Work]:
    """All rows of the table."""
    y12, v12 = effects(12)
    batch = [effects(12) for _ in range(10_000)]
    many_y, many_v = (np.array([b[i] for b in batch]) for i in (0, 1))
    y100, v100 = effects(100)
    y20, v20 = effects(20)
    y15, v15 = effects(15)
    y10, v10 = effects(10)
    nested = clustered(1_000)
    counts = published_counts()
    fit100 = rs.meta_analysis(effect=y100, variance=v100, test="z")
    fit20 = rs.meta_regression("~ 1", {"yi": y20, "vi": v20}, effect="yi", variance="vi", test="z")
    fit15 = rs.meta_analysis(effect=y15, variance=v15, test="z")
    return [
        Work(
            "one REML + Knapp–Hartung fit, k = 12",
            lambda: rs.meta_analysis(effect=y12, variance=v12),
            {"yi": y12, "vi": v12},
            {"metafor": "rma(yi, vi, data=d, test='knha')"},
            {"PyMARE": lambda: pymare_fit(y12, v12), "statsmodels": lambda: statsmodels(y12, v12)},
        ),
        Work(
            "10,000 REML fits, k = 12",
            lambda: rs.fit_batch(many_y, many_v),
            {"yi": y12, "vi": v12},
            {"metafor": "for (i in 1:20) rma(yi, vi, data=d, test='knha')"},
            {"PyMARE": lambda: pymare_many(many_y, many_v)},
            {"metafor": 500},
        ),
        Work(
            "leave-one-out, k = 100",
            lambda: rs.leave_one_out(fit100),
            {"yi": y100, "vi": v100},
            {"metafor": "leave1out(rma(yi, vi, data=d))"},
        ),
        Work(
            "influence, k = 100",
            lambda: rs.influence(fit100),
            {"yi": y100, "vi": v100},
            {"metafor": "influence(rma(yi, vi, data=d))"},
        ),
        Work(
            "permutation test, 1,000 permutations, k = 20",
            lambda: fit20.permutation_test(1_000, seed=1, exact=False),
            {"yi": y20, "vi": v20},
            {"metafor": "permutest(rma(yi, vi, data=d), iter=1000, progbar=FALSE)"},
        ),
        Work(
            "GOSH, all 32,767 subsets, k = 15",
            lambda: rs.gosh(fit15),
            {"yi": y15, "vi": v15},
            {"metafor": "gosh(rma(yi, vi, data=d), subsets=500, progbar=FALSE)"},
            repeat={"metafor": 32_767 / 500},
        ),
        Work(
            "selection model (beta), k = 100",
            lambda: rs.selection_model(fit100, kind="beta"),
            {"yi": y100, "vi": v100},
            {"metafor": "selmodel(rma(yi, vi, data=d, method='ML'), type='beta')"},
        ),
        Work(
            "multilevel REML, k = 1,000 in 200 clusters",
            lambda: rs.multilevel(nested, effect="yi", variance="vi", random="study/esid"),
            nested,
            {
                "metafor, sparse": "rma.mv(yi, vi, random=~1|study/esid, data=d, sparse=TRUE)",
                "metafor, dense": "rma.mv(yi, vi, random=~1|study/esid, data=d)",
            },
        ),
        *(
            Work(
                f"{name} mixed model of counts ({model}), k = 18",
                partial(rs.rare_events, counts, **COUNTS, method=model),
                counts,
                {
                    "metafor": "rma.glmm(measure='OR', ai=ai, n1i=n1i, ci=ci, n2i=n2i, data=d, "
                    f"model='{model}', method='ML')"
                },
            )
            for name, model in (("unconditional", "UM.FS"), ("exact conditional", "CM.EL"))
        ),
        Work(
            "Bayes, half-normal(0.5), k = 10",
            lambda: rs.bayesian_meta_analysis(
                effect=y10, variance=v10, prior="half-normal(0.5)"
            ).to_dict(),
            {"yi": y10, "vi": v10},
            {"bayesmeta": BAYES},
        ),
        Work(
            "Bayes, half-normal(0.5), k = 100",
            lambda: rs.bayesian_meta_analysis(
                effect=y100, variance=v100, prior="half-normal(0.5)"
            ).to_dict(),
            {"yi": y100, "vi": v100},
            {"bayesmeta": BAYES},
        ),
    ]


BAYES = (
    "bayesmeta(d$yi, sqrt(d$vi), tau.prior=function(t) dhalfnormal(t, scale=0.5), "
    "mu.prior=c(NA, NA))"
)


def pymare_fit(y: np.ndarray, v: np.ndarray) -> object:
    """One restricted maximum likelihood fit by PyMARE."""
    from pymare import Dataset
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    return (
        VarianceBasedLikelihoodEstimator(method="REML")
        .fit_dataset(Dataset(y[:, None], v[:, None]))
        .summary()
        .get_fe_stats()
    )


def pymare_many(y: np.ndarray, v: np.ndarray) -> object:
    """Parallel data sets in PyMARE: one column a meta-analysis."""
    from pymare import Dataset
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    return (
        VarianceBasedLikelihoodEstimator(method="REML")
        .fit_dataset(Dataset(y.T, v.T))
        .summary()
        .get_fe_stats()
    )


def statsmodels(y: np.ndarray, v: np.ndarray) -> object:
    """A Paule–Mandel fit by statsmodels, which has no REML for meta-analysis."""
    from statsmodels.stats.meta_analysis import combine_effects

    return combine_effects(y, v, method_re="iterated", use_t=True).summary_frame()


def fastest(work: Callable[[], object], budget: Seconds = 2.0) -> Seconds:
    """The fastest of as many runs as fit into the budget, after one to warm up."""
    work()
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < budget:
        before = time.perf_counter()
        work()
        times.append(time.perf_counter() - before)
    return min(times)


def in_r(package: str, code: str, data: dict[str, np.ndarray]) -> Seconds | None:
    """Seconds that R takes for `code`: the fastest of as many runs as fit into two seconds."""
    if not shutil.which("Rscript"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        table = np.column_stack([np.asarray(column, float) for column in data.values()])
        path = Path(folder) / "d.csv"
        np.savetxt(path, table, delimiter=",", header=",".join(data), comments="")
        script = f"""
            if (!suppressWarnings(requireNamespace("{package}", quietly=TRUE))) quit(status=3)
            suppressPackageStartupMessages(library({package}))
            d <- read.csv("{path}")
            f <- function() suppressWarnings(suppressMessages({code}))
            t <- system.time(f())[["elapsed"]]
            if (t < 2) {{ n <- max(1, ceiling(1 / max(t, 1e-3)))
              for (i in 1:3) t <- min(t, system.time(for (j in 1:n) f())[["elapsed"]] / n) }}
            cat(format(t, digits=15))
        """
        done = subprocess.run(
            ["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=False
        )
    return float(done.stdout) if done.returncode == 0 and done.stdout else None


def measure(work: Work) -> dict[str, Seconds | None]:
    """Seconds of ours and of each peer."""
    seconds: dict[str, Seconds | None] = {"reprieve": fastest(work.ours)}
    for peer, code in work.r.items():
        found = in_r(peer.split(",")[0], code, work.data)
        seconds[peer] = None if found is None else found * work.repeat.get(peer, 1)
    for peer, call in work.python.items():
        try:
            seconds[peer] = fastest(call)
        except ImportError:
            seconds[peer] = None
    return seconds


def growth() -> list[str]:
    """Seconds and memory of the multilevel fit as k grows."""
    lines = ["| k | clusters | seconds | peak memory |", "|---|---|---|---|"]
    for k in (1_000, 10_000, 100_000):
        data = clustered(k)
        start = time.perf_counter()
        rs.multilevel(data, effect="yi", variance="vi", random="study/esid")
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        lines.append(f"| {k:,} | {k // 5:,} | {seconds:.3f} | {peak:,.0f} MB |")
    return lines


def readable(seconds: Seconds) -> str:
    """Seconds in the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def versions() -> str:
    """What was measured, with versions."""
    names = [f"Python {platform.python_version()}", f"numpy {np.__version__}"]
    for package in ("pymare", "statsmodels"):
        try:
            names.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            names.append(f"{package} not installed")
    if shutil.which("Rscript"):
        code = (
            'for (p in c("metafor", "bayesmeta")) cat(", ", p, " ", tryCatch(as.character('
            'packageVersion(p)), error=function(e) "not installed"), sep="")'
        )
        done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False)
        names.append("R" + done.stdout)
    return "; ".join(names)


def main() -> None:
    """Measure everything and print the table; ``--json FILE`` keeps the seconds too."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, one used. {versions()}.\n")
    print("| work | Reprieve | peer | its time | ratio |\n|---|---|---|---|---|")
    kept = {}
    for work in works():
        kept[work.name] = seconds = measure(work)
        ours = seconds.pop("reprieve") or 0.0
        for peer, theirs in seconds.items():
            shown = (
                ("not installed", "")
                if theirs is None
                else (readable(theirs), f"{theirs / ours:,.0f}×")
            )
            print(
                f"| {work.name} | {readable(ours)} | {peer} | {shown[0]} | {shown[1]} |", flush=True
            )
    print("\nThe multilevel fit as it grows:\n")
    print("\n".join(growth()))
    if "--json" in sys.argv:
        Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
