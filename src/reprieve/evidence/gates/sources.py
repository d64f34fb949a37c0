"""Where the evidence comes from: identifiers that lead to the report, and years that fit them."""

from __future__ import annotations

import datetime

import polars as pl

from reprieve.evidence.faults import Fault, faults_where
from reprieve.evidence.records import Evidence

REGISTERS = {
    "ClinicalTrials.gov": ("NCT", r"^NCT\d{8}$"),
    "ISRCTN": ("ISRCTN", r"^ISRCTN\d{8}$"),
    "ANZCTR": ("ACTRN", r"^ACTRN\d{14}$"),
    "ChiCTR": ("ChiCTR", r"^ChiCTR(-[A-Z]+-)?\d{8,10}$"),
    "IRCT": ("IRCT", r"^IRCT\d{8,}N\d+$"),
    "EudraCT": ("EudraCT", r"^EudraCT \d{4}-\d{6}-\d{2}$"),
    "CTIS": ("CTIS", r"^CTIS \d{4}-\d{6}-\d{2}(-\d{2})?$"),
    "Netherlands": ("NTR", r"^NTR\d{1,5}$"),
    "Netherlands (new)": ("NL", r"^NL\d{1,5}$"),
    "Japan": ("JPRN", r"^JPRN-\S+$"),
    "UMIN": ("UMIN", r"^UMIN\d{9}$"),
    "jRCT": ("jRCT", r"^jRCTs?\d{9,10}$"),
    "Korea": ("KCT", r"^KCT\d{7}$"),
    "India": ("CTRI", r"^CTRI/\d{4}/\d{2,3}/\d{6}$"),
    "Germany": ("DRKS", r"^DRKS\d{8}$"),
    "Brazil": ("RBR", r"^RBR-[0-9a-z]{6,7}$"),
    "Thailand": ("TCTR", r"^TCTR\d{11}$"),
    "Pan Africa": ("PACTR", r"^PACTR\d{15,16}$"),
}
"""Trial registers: how their numbers start, and what a whole number looks like."""

# The first record of each year among 150 records of ClinicalTrials.gov, by day first posted:
# a number at or above it was given in that year or later.
NCT_FROM_YEAR = {
    2000: 0,
    2008: 810212,
    2009: 816803,
    2010: 1061099,
    2011: 1274975,
    2012: 1513694,
    2013: 1809769,
    2014: 2064062,
    2015: 2379442,
    2016: 2674399,
    2017: 3007576,
    2018: 3449082,
    2019: 3792594,
    2020: 4222140,
    2021: 4711811,
    2022: 5187936,
}
FIRST_YEAR = 1950
"""The first randomised trials of medicine were published at about this time."""


def identifiers(evidence: Evidence) -> list[Fault]:
    """Each trial can be found again, by a DOI, a PubMed number or a registration that is one."""
    studies = evidence.studies
    return (
        faults_where(
            "studies",
            studies,
            pl.all_horizontal(pl.col("pmid", "doi", "registration").is_null()),
            None,
            "has no identifier",
            "a doi, a pmid or a registration",
        )
        + faults_where(
            "studies",
            studies,
            ~pl.col("doi").str.contains(r"^10\.\d{4,9}/\S+$"),
            "doi",
            pl.format("'{}' is no DOI", "doi"),
            "10.<number>/<name>, without https://doi.org/ before it",
        )
        + faults_where(
            "studies",
            studies,
            ~pl.col("pmid").str.contains(r"^[1-9]\d{0,7}$"),
            "pmid",
            pl.format("'{}' is no PubMed number", "pmid"),
            "one to eight digits",
        )
    )


def shared_identifiers(evidence: Evidence) -> list[Fault]:
    """Two trials with one identifier may be one trial entered twice."""
    faults = []
    for name in ("doi", "pmid", "registration"):
        faults += faults_where(
            "studies",
            evidence.studies.with_columns(first=pl.col("study_id").first().over(name)),
            ~pl.col(name).is_first_distinct() & pl.col(name).is_not_null(),
            name,
            pl.format("{} is also that of {}", name, "first"),
            "one row a trial",
            "warning",
        )
    return faults


def registrations(evidence: Evidence) -> list[Fault]:
    """Register numbers are whole, and of a register that is known."""
    numbers = _numbers(evidence)
    starts = pl.any_horizontal(
        pl.col("number").str.starts_with(prefix) for prefix, _ in REGISTERS.values()
    )
    whole = pl.any_horizontal(
        pl.col("number").str.contains(pattern) for _, pattern in REGISTERS.values()
    )
    american = pl.col("number").str.to_uppercase().str.starts_with("NCT")
    broken = pl.format("'{}' is not a whole register number", "number")
    return (
        faults_where(
            "studies", numbers, american & ~whole, "registration", broken, "NCT and eight digits"
        )
        + faults_where(
            "studies",
            numbers,
            starts & ~whole & ~american,
            "registration",
            broken,
            "a number as the register prints it",
            "warning",
        )
        + faults_where(
            "studies",
            numbers,
            ~starts & ~american,
            "registration",
            pl.format("'{}' is of no known register", "number"),
            "a number such as NCT01183728 or ISRCTN17545443",
            "warning",
        )
    )


def years(evidence: Evidence) -> list[Fault]:
    """The year of publication is possible, and not before the trial was registered."""
    today = datetime.date.today().year
    faults = faults_where(
        "studies",
        evidence.studies,
        ~pl.col("year").is_between(FIRST_YEAR, today),
        "year",
        pl.format("{} can't be the year of publication", "year"),
        f"{FIRST_YEAR} to {today}",
    )
    numbers = _numbers(evidence).filter(pl.col("number").str.contains(r"^NCT\d{8}$"))
    given = pl.col("number").str.slice(3).cast(pl.Int64)
    registered = pl.max_horizontal(
        pl.when(given >= first).then(pl.lit(year)) for year, first in NCT_FROM_YEAR.items()
    )
    return faults + faults_where(
        "studies",
        numbers.with_columns(registered=registered),
        pl.col("year") < pl.col("registered") - 1,
        "year",
        pl.format("{} is before {} was registered", "year", "number"),
        pl.format("{} or later", "registered"),
        "warning",
    )


def _numbers(evidence: Evidence) -> pl.DataFrame:
    """One row a register number: ``row``, ``year``, ``number``."""
    return (
        evidence.studies.select("row", "year", number=pl.col("registration").str.split(";"))
        .explode("number", empty_as_null=True)
        .drop_nulls("number")
        .with_columns(pl.col("number").str.strip_chars())
    )
