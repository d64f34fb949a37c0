"""A record as passages of text, from those that name the treatment to those that only mention."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reprieve.living.recognising.recognition import Because
from reprieve.living.record import Record

TEXT_LIMIT = 20_000
"""Characters of one passage that are read; longer ones are cut."""

_PLACEBO = re.compile(r"\b(?:placebo|sham)\b")
_CELLS = ("cell", "stem", "msc")
_UNTREATED = frozenset({"placebo comparator", "sham comparator", "no intervention"})
_COMPARATORS = _UNTREATED | {"active comparator"}
_AREAS = {
    "title": "titles",
    "name": "names",
    "detail": "details",
    "keyword": "keywords",
    "summary": "summary",
}
_PLAIN = tuple(zip("‐‑‒–—−’‘´®™\xa0", "------'''   ", strict=True))


class Passage(NamedTuple):
    """A text of the record, with the name of its field and its lower-case form.

    The two texts have the same length, so that places in one are places in the other.
    """

    where: str
    text: str
    low: str

    def because(self, field: str, start: int, end: int) -> Because:
        """The words of this passage as a reason for a field."""
        return Because(field, self.text[start:end], self.where, start, end)


def passage(where: str, text: str) -> Passage:
    """A text in both forms.

    Examples
    --------
    >>> passage("title", "Wharton’s Jelly–derived").low
    "wharton's jelly-derived"
    """
    text = text[:TEXT_LIMIT]
    low = text.lower()
    if not low.isascii():
        if len(low) != len(text):  # a few capitals have lower-case forms of two characters
            low = "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
        for written, plain in _PLAIN:
            low = low.replace(written, plain)
    return Passage(where, text, low)


class Passages:
    """The passages of a record, by what they say about the treatment.

    Attributes
    ----------
    brief : bool
        Whether the record tells its story in title and text alone, as papers do, and registrations
        that came as references.
    titles, names, details, keywords, summary, rest : list of Passage
        `names` are those of interventions, other names too; `details` describe interventions and
        arms, or are the summary where the record is brief. What only stands for a placebo or for
        no treatment is left out of both. `rest` is the detailed description.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.brief = not (record.interventions or record.arms or record.study_type)
        self.titles = list(_given([("title", record.title), ("official_title", _other(record))]))
        self.names = list(_given(_names(record)))
        self.details = list(_given(_details(record)))
        self.keywords = list(
            _given((f"keywords[{i}]", word) for i, word in enumerate(record.keywords))
        )
        self.summary = list(_given([("summary", record.summary)]))
        if self.brief:
            self.details, self.summary = self.summary, []
        self._rest: list[Passage] | None = None

    @property
    def rest(self) -> list[Passage]:
        """The detailed description; most records are told without it."""
        if self._rest is None:
            self._rest = list(_given([("description", self.record.description)]))
        return self._rest

    def of(self, area: str) -> list[Passage]:
        """The passages of an area: title, name, detail, keyword or summary."""
        whole: list[Passage] = getattr(self, _AREAS[area])
        return whole

    def naming(self) -> list[Passage]:
        """Where the treatment is named: titles, interventions, labels of arms."""
        labels = [
            passage(f"arms[{i}].label", arm.label)
            for i, arm in enumerate(self.record.arms)
            if arm.kind not in _COMPARATORS and arm.label
        ]
        return [*self.titles, *self.names, *labels]

    def tried(self) -> list[Passage]:
        """Labels and descriptions of the experimental arms alone."""
        return list(
            _given(
                (f"arms[{i}].{part}", text)
                for i, arm in enumerate(self.record.arms)
                if arm.kind == "experimental"
                for part, text in (("label", arm.label), ("description", arm.description))
            )
        )

    def eligibility(self) -> list[Passage]:
        """Who can take part."""
        return list(_given([("eligibility", self.record.eligibility)]))


def _given(pairs: Iterable[tuple[str, str]]) -> Iterator[Passage]:
    return (passage(where, text) for where, text in pairs if text)


def _other(record: Record) -> str:
    return record.official_title if record.official_title != record.title else ""


def _is_placebo(name: str) -> bool:
    """Whether a name is that of a placebo alone."""
    low = name.lower()
    return _PLACEBO.search(low) is not None and not any(word in low for word in _CELLS)


def _names(record: Record) -> Iterator[tuple[str, str]]:
    for i, intervention in enumerate(record.interventions):
        if _is_placebo(intervention.name):
            continue
        yield f"interventions[{i}].name", intervention.name
        for j, name in enumerate(intervention.other_names):
            yield f"interventions[{i}].other_names[{j}]", name


def _details(record: Record) -> Iterator[tuple[str, str]]:
    for i, intervention in enumerate(record.interventions):
        if not _is_placebo(intervention.name):
            yield f"interventions[{i}].description", intervention.description
    for i, arm in enumerate(record.arms):
        if arm.kind not in _UNTREATED:
            yield f"arms[{i}].label", arm.label
            yield f"arms[{i}].description", arm.description
