"""How fast a package with a million outcomes is read and checked.

    python benchmarks/check_million_rows.py [ROWS]

Writes a package of that many outcome rows (trials of two arms, ten instruments, five times, every
row with its own numbers) into a temporary folder, checks it, and prints the seconds and rows a
second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from reprieve.evidence.check import gates
from reprieve.evidence.package import load_evidence, scan_package, write_package
from reprieve.evidence.records import Evidence
from reprieve.evidence.vocabulary import instruments

MONTHS = (0.0, 1.0, 3.0, 6.0, 12.0)
INSTRUMENTS = [
    name
    for (domain, name), known in instruments().items()
    if domain == "pain" and known.higher_is == "worse" and known.score_max == 100
][:10]
SOURCE = "https://example.org/trial"


def large_evidence(rows: int) -> Evidence:
    """Evidence with about `rows` outcomes, made up to be measured and not to be read."""
    snapshot = load_evidence()
    per_study = 2 * len(MONTHS) * len(INSTRUMENTS)
    count = rows // per_study
    rng = np.random.default_rng(1)
    study = pl.Series("study_id", [f"trial-{i}" for i in range(count)])
    studies = pl.concat([snapshot.studies[:1]] * count).with_columns(
        study,
        doi=pl.format("10.1000/{}", study),
        pmid=pl.Series([str(10_000_000 + i) for i in range(count)]),
        registration=pl.lit(None, pl.String),
        n_randomised=pl.lit(80, pl.Int64),
        follow_up_months=pl.lit(12.0),
        row=pl.int_range(2, count + 2),
    )
    two = pl.DataFrame({"arm_id": ["cells", "saline"]})
    arms = pl.concat([snapshot.arms[:1]] * count).with_columns(
        study, n_randomised=pl.lit(40, pl.Int64), row=pl.int_range(2, count + 2)
    )
    arms = arms.drop("arm_id").join(two, how="cross").select(snapshot.arms.columns)
    moments = two.join(pl.DataFrame({"instrument": INSTRUMENTS}), how="cross")
    moments = moments.join(pl.DataFrame({"month": MONTHS}), how="cross")
    keys = study.to_frame().join(moments, how="cross")
    size = keys.height
    outcomes = keys.with_columns(
        domain=pl.lit("pain"),
        scale_min=pl.lit(0.0),
        scale_max=pl.lit(100.0),
        higher_is=pl.lit("worse"),
        statistic=pl.lit("final"),
        n=pl.lit(40, pl.Int64),
        mean=pl.Series(rng.uniform(20, 80, size).round(3)),
        sd=pl.Series(rng.uniform(14, 24, size).round(3)),
        **{name: pl.lit(None, pl.Float64) for name in ("se", "ci_low", "ci_high", "median")},
        **{name: pl.lit(None, pl.Float64) for name in ("q1", "q3", "min", "max")},
        locator=pl.format("Table {}, row {}", pl.int_range(0, size) % 9, pl.int_range(0, size)),
        source_url=pl.format("{}/{}", pl.lit(SOURCE), "study_id"),
        flag=pl.lit(None, pl.String),
        readings=pl.lit(1, pl.Int64),
        row=pl.int_range(2, size + 2),
    ).select(snapshot.outcomes.columns)
    return Evidence(
        studies,
        arms.with_columns(row=pl.int_range(2, arms.height + 2)),
        outcomes,
        *(snapshot.table(name)[:0] for name in ("contrasts", "events", "cautions", "conflicts")),
        date="2026-01-01",
        origin="made up",
    )


def main(rows: int) -> None:
    """Write, read and check, each with its time."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "package"
        evidence = large_evidence(rows)
        start = time.perf_counter()
        write_package(evidence, package)
        written, spent = time.perf_counter(), -time.process_time()
        scan = scan_package(package)
        read = time.perf_counter()
        faults = gates(scan.evidence)
        done, spent = time.perf_counter(), spent + time.process_time()
        size = sum(file.stat().st_size for file in package.iterdir()) / 1e6
    height = scan.evidence.outcomes.height
    print(f"{height:,} outcome rows, {size:.0f} MB, polars on {pl.thread_pool_size()} threads")
    print(f"write  {written - start:6.2f} s")
    print(f"read   {read - written:6.2f} s")
    print(f"gates  {done - read:6.2f} s")
    print(f"check  {done - written:6.2f} s, {height / (done - written):,.0f} rows/s")
    print(f"       {spent:6.2f} s of processor time")
    print("faults:", dict(Counter(fault.level for fault in faults)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
