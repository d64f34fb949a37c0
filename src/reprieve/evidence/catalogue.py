"""What the evidence holds: trials by condition and treatment, and the cells that are empty."""

from __future__ import annotations

from typing import Any

import polars as pl

from reprieve.errors import UnknownWordError
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence

MAP_COLUMNS = (
    "cell_therapy",
    "physical_therapy",
    "medication",
    "nerve_block",
    "surgery",
    "injection",
    "placebo",
    "usual_care",
    "no_treatment",
    "other",
)
"""The classes of treatment that the evidence map shows, in its order."""


def studies_of(
    evidence: Evidence, condition: str | None = None, treatment: str | None = None
) -> pl.DataFrame:
    """The trials of a condition and a treatment or class, with what they compare.

    Parameters
    ----------
    evidence : Evidence
    condition, treatment : str, optional
        Codes of the vocabulary; None for all.

    Returns
    -------
    polars.DataFrame
        A row a trial: ``study_id``, ``label``, ``year``, ``condition``, ``design``,
        ``n_randomised``, ``treatments`` (codes joined by ``;``), ``values`` (rows of outcomes
        and contrasts read) and ``link``.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> trials = studies_of(load_evidence(), "diabetic_neuropathy", "cell_therapy")
    >>> trials.columns[:3]
    ['study_id', 'label', 'year']
    """
    studies, arms = evidence.studies, evidence.arms
    if condition is not None:
        studies = studies.filter(pl.col("condition") == vocabulary.condition(condition).code)
    if treatment is not None:
        nodes = vocabulary.descendants(vocabulary.treatment(treatment).code)
        with_it = arms.filter(pl.col("treatment").is_in(list(nodes))).select("study_id")
        studies = studies.join(with_it, on="study_id", how="semi")
    named = arms.group_by("study_id").agg(
        pl.col("treatment").unique(maintain_order=True).str.join(";").alias("treatments")
    )
    read = (
        pl.concat([evidence.outcomes.select("study_id"), evidence.contrasts.select("study_id")])
        .group_by("study_id")
        .len("values")
    )
    return (
        studies.join(named, on="study_id", how="left")
        .join(read, on="study_id", how="left")
        .with_columns(
            pl.col("values").fill_null(0),
            pl.struct("doi", "pmid", "registration")
            .map_elements(study_link, return_dtype=pl.String)
            .alias("link"),
        )
        .sort("condition", "year", "study_id")
        .select(
            "study_id",
            "label",
            "year",
            "condition",
            "design",
            "n_randomised",
            "treatments",
            "values",
            "link",
        )
    )


def evidence_map(evidence: Evidence) -> pl.DataFrame:
    """The grid of conditions × classes of treatment, with its empty cells.

    Returns
    -------
    polars.DataFrame
        A row a cell: ``condition``, ``condition_name``, ``treatment``, ``treatment_name``,
        ``trials``, ``people`` (randomised to arms of that class, where reported) and
        ``trials_with_numbers`` (those whose pain or function results have been read).
        Sham counts as placebo.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> cells = evidence_map(load_evidence())
    >>> sorted(set(cells["treatment"]))[:2]
    ['cell_therapy', 'injection']
    """
    classes = {
        node: "placebo" if group == "sham" else group
        for node in evidence.arms["treatment"].unique()
        for group in (vocabulary.treatment_class(node),)
    }
    counted = pl.col("domain").is_in(["pain", "function"])
    read = {
        *evidence.outcomes.filter(counted & (pl.col("month") > 0))["study_id"],
        *evidence.contrasts.filter(counted)["study_id"],
    }
    cells = (
        evidence.arms.join(evidence.studies.select("study_id", "condition"), on="study_id")
        .with_columns(pl.col("treatment").replace_strict(classes).alias("class"))
        .group_by("condition", "class")
        .agg(
            pl.col("study_id").n_unique().alias("trials"),
            pl.col("n_randomised").sum().alias("people"),
            pl.col("study_id")
            .filter(pl.col("study_id").is_in(list(read)))
            .n_unique()
            .alias("trials_with_numbers"),
        )
    )
    studied = [c for c in vocabulary.conditions().values() if c.code in set(cells["condition"])]
    grid = pl.DataFrame(
        [
            {
                "condition": c.code,
                "condition_name": c.name,
                "treatment": t,
                "treatment_name": vocabulary.treatment(t).name,
            }
            for c in studied
            for t in MAP_COLUMNS
        ]
    )
    return grid.join(
        cells, left_on=["condition", "treatment"], right_on=["condition", "class"], how="left"
    ).with_columns(pl.col("trials", "people", "trials_with_numbers").fill_null(0).cast(pl.Int64))


def study_link(study: dict[str, Any]) -> str | None:
    """The address to show for a trial: its DOI, else PubMed, else its register record.

    Examples
    --------
    >>> study_link({"doi": None, "pmid": "25822648", "registration": "NCT01586312"})
    'https://pubmed.ncbi.nlm.nih.gov/25822648/'
    """
    if study["doi"]:
        return f"https://doi.org/{study['doi']}"
    if study["pmid"]:
        return f"https://pubmed.ncbi.nlm.nih.gov/{study['pmid']}/"
    for number in (study["registration"] or "").split(";"):
        if number.startswith("NCT"):
            return f"https://clinicaltrials.gov/study/{number}"
        if number.startswith("ISRCTN"):
            return f"https://www.isrctn.com/{number}"
    return None


def find_study(evidence: Evidence, word: str) -> dict[str, Any]:
    """The trial whose id, label, registration, DOI or PubMed number is `word`.

    Raises
    ------
    UnknownWordError
        With the nearest ids and labels.
    """
    asked = word.strip().lower()
    for study in evidence.studies.iter_rows(named=True):
        names = [study["study_id"], study["label"], study["doi"], study["pmid"]]
        names += (study["registration"] or "").split(";")
        if asked in {str(name).lower() for name in names if name}:
            return study
    raise UnknownWordError(
        "trial", word, [*evidence.studies["study_id"], *evidence.studies["label"]]
    )


def readings_of(evidence: Evidence, study_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table about one trial, by table."""
    tables = ("arms", "outcomes", "contrasts", "events", "cautions", "conflicts")
    return {
        name: evidence.table(name).filter(pl.col("study_id") == study_id).to_dicts()
        for name in tables
    }
