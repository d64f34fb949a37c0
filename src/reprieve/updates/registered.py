"""Registered trials for the pipeline: from the extract that ships, and from fetched records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprieve.evidence.records import Evidence
from reprieve.evidence.register import AS_OF, REGISTER, registered
from reprieve.living.record import Record
from reprieve.updates.pipeline import Pipeline, RegisteredTrial, pipeline


def shipped_pipeline(evidence: Evidence) -> Pipeline:
    """The pipeline of the extract that ships, on the day of the extract.

    What has happened since is not known to it, so that no later day can be asked for.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> found = shipped_pipeline(load_evidence())
    >>> found.on.isoformat(), sum(trials for trials, _ in found.counts.values())
    ('2022-10-10', 195)
    """
    from reprieve.living.formats import words

    trials = [
        RegisteredTrial(
            id=row["nct_id"],
            title=row["title"],
            url=f"https://clinicaltrials.gov/study/{row['nct_id']}",
            condition=row["condition"],
            cell_source=row["cell_source"] or "",
            donor=row["donor"] or "",
            status=words.status(row["status"] or ""),
            planned=row["planned"],
            ended=str(row["primary_completion_date"] or row["completion_date"] or ""),
            has_results=bool(row["has_results"]),
            updated=str(row["last_update"] or ""),
            sponsor=row["sponsor"] or "",
        )
        for row in registered().iter_rows(named=True)
    ]
    return pipeline(trials, evidence, AS_OF, f"{REGISTER}, extract of {AS_OF.isoformat()}")


def registered_trial(record: Record, recognised: Mapping[str, Any]) -> RegisteredTrial:
    """A registration for the pipeline.

    Parameters
    ----------
    record : Record
    recognised : mapping
        What recognising made of it: ``condition``, ``cell_source``, ``donor``, ``processing``.

    Examples
    --------
    >>> from reprieve.living.record import Dates
    >>> record = Record("clinicaltrials.gov", "NCT00000001", "registration", title="A trial",
    ...                 status="completed", dates=Dates(primary_completion="2024-03-14"))
    >>> registered_trial(record, {"condition": "knee_osteoarthritis"}).ended
    '2024-03-14'
    """
    dates = record.dates
    return RegisteredTrial(
        id=record.id,
        title=record.title,
        url=record.url,
        condition=recognised.get("condition") or "",
        cell_source=recognised.get("cell_source") or "",
        donor=recognised.get("donor") or "",
        processing=recognised.get("processing") or "",
        status=record.status,
        planned=record.enrollment,
        ended=dates.primary_completion or dates.completion,
        posted=dates.results_first_posted,
        has_results=record.has_results,
        updated=dates.last_update,
        sponsor=record.sponsor,
    )
