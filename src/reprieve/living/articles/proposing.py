"""Candidate rows of evidence: what was read, in the columns of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reprieve.living.articles.arms import Arm
from reprieve.living.articles.article import Article
from reprieve.living.articles.harms import Happened
from reprieve.living.articles.outcomes import Judged
from reprieve.living.articles.study import Row, arm_row, slug, source_of, study_id_of, study_row
from reprieve.living.record import Record

_FLAG = "unverified"


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A row of evidence that an article seems to hold, for a person to accept or refuse.

    Attributes
    ----------
    table : str
        ``"studies"``, ``"arms"``, ``"outcomes"`` or ``"events"``.
    row : dict
        The columns of that table.
    confidence : float
        How surely each of its parts was read, multiplied; 1 where all of them were plain.
    where : str
        ``"Table 2, row 5, column 3"``.
    doubts : tuple of str
        What speaks against it, in words.
    """

    table: str
    row: Row
    confidence: float
    where: str
    doubts: tuple[str, ...] = ()


def rows_of(
    record: Record,
    article: Article,
    outcomes: Sequence[Judged],
    happened: Sequence[Happened],
    text: str,
) -> list[CandidateRow]:
    """All rows, the trial and its arms first."""
    used = dict.fromkeys((j.candidate.arm, j.candidate.stratum) for j in outcomes)
    used |= dict.fromkeys((h.arm, "") for h in happened)
    if not used:
        return []
    ids = _arm_ids(article, list(used))
    arms = [_arm(article, record, key, arm_id) for key, arm_id in ids.items()]
    values = [_outcome(judgement, article, ids) for judgement in outcomes]
    events = [_event(row, ids) for row in happened]
    months = [row.row["month"] for row in (*values, *events) if row.row["month"] is not None]
    arms = [_without_contradicted_people(arm, (*values, *events)) for arm in arms]
    study = study_row(record, text, [arm.row for arm in arms], months)
    common = {"study_id": study_id_of(record), "readings": 0}
    read_off = {"source_url": source_of(record), "flag": _FLAG}
    first = CandidateRow("studies", study, 0.8, "front matter and text")
    return [
        replace(
            row, row=common | (read_off if row.table in ("outcomes", "events") else {}) | row.row
        )
        for row in (first, *arms, *values, *events)
    ]


def _without_contradicted_people(arm: CandidateRow, values: Sequence[CandidateRow]) -> CandidateRow:
    """An arm whose people are not known where one of its rows counts more of them."""
    randomised = arm.row["n_randomised"]
    analysed = [
        row.row["n"] for row in values if row.row["arm_id"] == arm.row["arm_id"] and row.row["n"]
    ]
    if randomised is None or max(analysed, default=0) <= randomised:
        return arm
    return replace(arm, row=arm.row | {"n_randomised": None})


def _arm_ids(article: Article, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], str]:
    ids: dict[tuple[int, str], str] = {}
    for arm, stratum in keys:
        name = slug(article.arms.arms[arm].label) if arm >= 0 else "all"
        base = f"{name}_{slug(stratum)}" if stratum else name
        number, arm_id = 2, base
        while arm_id in ids.values():
            arm_id, number = f"{base}_{number}", number + 1
        ids[arm, stratum] = arm_id
    return ids


def _arm(article: Article, record: Record, key: tuple[int, str], arm_id: str) -> CandidateRow:
    number, stratum = key
    arm = article.arms.arms[number] if number >= 0 else Arm("all participants", [record.title])
    label = f"{arm.label}, {stratum}" if stratum else arm.label
    meaning = " ".join(article.short.get(word, "") for name in arm.names for word in name.split())
    row = arm_row(arm, arm_id, label, meaning.strip(), record)
    return CandidateRow("arms", row, 0.7, "headings of the tables")


def _outcome(
    judgement: Judged, article: Article, ids: Mapping[tuple[int, str], str]
) -> CandidateRow:
    c, value = judgement.candidate, judgement.candidate.reading.value
    where = c.layout.table.place(c.reading.cell)
    row: Row = {
        "arm_id": ids[c.arm, c.stratum],
        "domain": c.scale.domain,
        "instrument": c.scale.instrument,
        "scale_min": judgement.ends[0] if judgement.ends else None,
        "scale_max": judgement.ends[1] if judgement.ends else None,
        "higher_is": judgement.higher_is,
        "month": c.month,
        "statistic": "change" if c.change else "final",
        "n": c.n if c.n is not None or c.month or c.arm < 0 else article.arms.arms[c.arm].n,
        "locator": f"{where} (sign turned)" if c.turned else where,
    }
    interval = {"ci": ("ci_low", "ci_high"), "iqr": ("q1", "q3"), "range": ("min", "max")}
    row["median" if c.said.centre == "median" else "mean"] = value.main
    if c.said.spread in ("sd", "se") and value.spread is not None:
        row[c.said.spread] = value.spread
    elif c.said.spread in interval and value.low is not None:
        low, high = interval[c.said.spread]
        row[low], row[high] = value.low, value.high
    return CandidateRow("outcomes", row, judgement.confidence, where, judgement.doubts)


def _event(row: Happened, ids: Mapping[tuple[int, str], str]) -> CandidateRow:
    where = row.layout.table.place(row.reading.cell)
    found = {
        "arm_id": ids[row.arm, ""],
        "event": row.event,
        "month": row.month,
        "events": row.events,
        "n": row.n,
        "locator": where,
    }
    return CandidateRow("events", found, round(row.confidence, 3), where)
