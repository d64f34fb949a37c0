"""Fit the weights of `reprieve recognise` and its confidences, and say how good they are.

    python tools/train_recognition.py RECORDS... [--write]

RECORDS are files that hold the labelled records (tests/living/labels says which; the numbers can be
asked from the register). Records without a label, and labels without a record, are left out. There
are two models: one of registrations as they are, one of records that tell title and text alone. The
second is fitted to the same registrations cut down to titles or to title and summary, to records
that came so, and to papers.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from reprieve.living.formats.opening import RecordFault, read_records
from reprieve.living.recognising import recognise
from reprieve.living.recognising.cells import cell_evidence, enough, may_be_cells
from reprieve.living.recognising.conditions import condition
from reprieve.living.recognising.designs import design
from reprieve.living.recognising.passages import Passages
from reprieve.living.recognising.products import product
from reprieve.living.record import Record

ROOT = Path(__file__).parents[1]
LABELS = ROOT / "tests" / "living" / "labels"
RULES = ROOT / "src" / "reprieve" / "living" / "recognising" / "rules"
PENALTY = 3.0
SEEN_BEFORE = 5
"""How many records a kind of evidence is credited with at the rate of its field."""


def main() -> None:
    """Read, fit, report, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true", help="write the rules' tables")
    options = parser.parse_args()
    faults: list[RecordFault] = []
    records = {r.id: r for path in options.records for r in read_records(path, faults)}
    for fault in faults:
        print("not read:", fault)
    records |= papers()
    weights = fit_cells(records)
    confidences = [row for field in FIELDS for row in shares(field, records)]
    if options.write:
        write("cell_weights.csv", ["feature", FULL, BRIEF], weights)
        write("confidence.csv", ["field", "kind", "right", "seen"], confidences)


def labels(name: str) -> list[dict[str, str]]:
    """The rows of a file of labels."""
    with (LABELS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def papers() -> dict[str, Record]:
    """The papers among the labelled records; their titles and abstracts lie beside the labels."""
    with gzip.open(LABELS / "knee_cells_reviewed.csv.gz", "rt", encoding="utf-8") as file:
        return {
            row["openalex_id"]: Record(
                "file", row["openalex_id"], "paper", title=row["title"], summary=row["abstract"]
            )
            for row in csv.DictReader(file)
        }


# -- cell therapy or not ---------------------------------------------------------------------


FULL, BRIEF = "full", "brief"


def fit_cells(records: dict[str, Record]) -> list[tuple[str, float | str, float | str]]:
    """Weights of both models, after a report of how they do on records they have not seen."""
    known = {
        row["id"]: row["is_cell_therapy"] == "true"
        for row in labels("cell_therapy.csv")
        if row["id"] in records
    }
    weights = {}
    for model, forms in ((FULL, {"as registered": as_it_is}), (BRIEF, CUT)):
        told = Told()
        for number, cells in known.items():
            for form, cut in forms.items():
                told.add(form, number, cut(records[number]), cells=cells, brief=model == BRIEF)
        weights[model] = told.fit(enough(brief=model == BRIEF))
    names = ["constant", *sorted({*weights[FULL], *weights[BRIEF]} - {"constant"})]
    return [(name, *(weights[model].get(name, "") for model in (FULL, BRIEF))) for name in names]


class Told:
    """Features of labelled records in one or several forms."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, dict[str, float], bool]] = []

    def add(
        self, form: str, number: str, record: Record | None, *, cells: bool, brief: bool
    ) -> None:
        """Keep a record in a form; records in which no word speaks of cells are settled before."""
        if record is None or not may_be_cells(record):
            return
        evidence = cell_evidence(Passages(record), condition(record).code)
        if evidence.because and evidence.brief == brief:
            self.rows.append((form, number, evidence.features, cells))

    def fit(self, verdict: float) -> dict[str, float]:
        """The weights, after a report by form; the forms of one record are never parted."""
        forms = np.array([form for form, *_ in self.rows])
        groups = np.array([number for _, number, *_ in self.rows])
        told = np.array([cells for *_, cells in self.rows])
        names = sorted({name for _, _, found, _ in self.rows for name in found})
        x = np.array([[found.get(name, 0.0) for name in names] for _, _, found, _ in self.rows])
        chances = np.zeros(len(told))
        for seen, unseen in StratifiedGroupKFold(10, shuffle=True, random_state=1).split(
            x, told, groups
        ):
            chances[unseen] = fitted(x[seen], told[seen]).predict_proba(x[unseen])[:, 1]
        for form in dict.fromkeys(forms):
            report(form, chances[forms == form], told[forms == form], verdict)
        model = fitted(x, told)
        found = dict(zip(names, model.coef_[0], strict=True))
        return {
            "constant": round(float(model.intercept_[0]), 3),
            **{name: round(float(w), 3) for name, w in found.items() if abs(w) > 0.01},
        }


def as_it_is(record: Record) -> Record:
    """A registration as it is."""
    return record


def with_title(record: Record) -> Record:
    """What is left where only the title came."""
    return Record(record.source, record.id, "paper", title=record.title)


def with_official_title(record: Record) -> Record | None:
    """The same with the other title, which is longer; nothing where there is no other."""
    title = record.official_title
    return Record(record.source, record.id, "paper", title=title) if title else None


def with_summary(record: Record) -> Record:
    """Titles and summary, as a paper tells them, and a register's export as references."""
    return Record(
        record.source,
        record.id,
        record.kind,
        title=record.title,
        official_title=record.official_title,
        summary=record.summary,
        description=record.description if not record.study_type else "",
    )


CUT = {"title": with_title, "official title": with_official_title, "and summary": with_summary}


def fitted(x: np.ndarray, told: np.ndarray) -> LogisticRegression:
    """The model fitted to records."""
    return LogisticRegression(C=PENALTY, max_iter=5000).fit(x, told)


def report(form: str, chance: np.ndarray, told: np.ndarray, verdict: float) -> None:
    """Recall, precision, Brier score and how often what was said with which certainty is true."""
    said = chance >= verdict
    both = (said & told).sum()
    print(
        f"{form}: {len(told)} records with words for cells, {told.sum()} of them cell therapy, "
        f"{both} found (recall {both / told.sum():.4f}) and {said.sum() - both} more (precision "
        f"{both / said.sum():.4f}), Brier score {((chance - told) ** 2).mean():.4f}"
    )
    for low in np.arange(0, 1, 0.1):
        here = (chance >= low) & (chance < low + 0.1 + 1e-9)
        if here.any():
            print(f"  said {chance[here].mean():.3f}, true {told[here].mean():.3f}, n {here.sum()}")


# -- the other fields ------------------------------------------------------------------------

ALL_FIELDS = (
    "study_fields_150.csv",
    "landscape_163.csv",
    "unseen_148.csv",
    "unseen_170.csv",
    "papers_74.csv",
)
UNJUDGED = "?"
FIELDS = ("condition", "cell_source", "donor", "processing", "route")


def shares(field: str, records: dict[str, Record]) -> list[tuple[str, str, float, int]]:
    """How often a field is right, by the kind of words that it was read from."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in (row for name in ALL_FIELDS for row in labels(name)):
        if row["id"] not in records or row.get(field, UNJUDGED) == UNJUDGED:
            continue
        kind, value = reading(field, records[row["id"]])
        if kind:
            counts[kind][0] += (value or "") == row[field]
            counts[kind][1] += 1
    right = sum(r for r, _ in counts.values())
    seen = sum(n for _, n in counts.values())
    mean = (right + 0.5) / (seen + 1)
    print(f"{field}: {right} of {seen} right")
    return [
        (field, "", round(mean, 3), seen),
        *(
            (field, kind, round((r + SEEN_BEFORE * mean) / (n + SEEN_BEFORE), 3), n)
            for kind, (r, n) in sorted(counts.items(), key=lambda item: -item[1][1])
        ),
    ]


def reading(field: str, record: Record) -> tuple[str, str | None]:
    """The kind of words and the value; no kind where no cells are given."""
    about = condition(record)
    if field == "condition":
        return about.kind, about.code
    if not recognise(record).is_cell_therapy:
        return "", None
    found = getattr(product(Passages(record), about.code, design(record).value), field)
    return found.kind, found.value


def write(name: str, heading: list[str], rows: list[tuple[object, ...]]) -> None:
    """Write one of the rules' tables."""
    with (RULES / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heading)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
