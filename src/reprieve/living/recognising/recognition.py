"""What a record was recognised as, and the words that decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FIELDS = (
    "is_cell_therapy",
    "condition",
    "cell_source",
    "donor",
    "processing",
    "route",
    "comparator",
    "design",
    "phase",
)


@dataclass(frozen=True, slots=True)
class Because:
    """Words of the record that decided a field.

    Attributes
    ----------
    field : str
        The field decided: ``"cell_source"``.
    word : str
        The words as they stand in the record.
    where : str
        The field of the record that holds them: ``"title"``, ``"interventions[0].name"``.
    start, end : int
        Where they stand in it, as positions of a Python slice.
    """

    field: str
    word: str
    where: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a record is about, in the vocabulary of the evidence.

    Attributes
    ----------
    id : str
        The number of the record.
    is_cell_therapy : bool
        Whether the treatment studied is cells, or tissue given for its cells.
    condition : str or None
        A code of the vocabulary of conditions; None where it is none of them. Given whatever the
        treatment is.
    cell_source, donor, processing, route : str or None
        Of the cells; None where no cells are given, where the record doesn't say, or where it
        names several.
    comparator : str or None
        The class of what the cells are held against; None where there is nothing or no cells.
    design : str or None
        ``"parallel"``, ``"crossover"``, ``"cluster"``, ``"nonrandomised"``, ``"single_arm"``; for
        what is no trial ``"observational"``, ``"expanded_access"``, ``"review"``, ``"protocol"``,
        ``"case_report"``, ``"animal"``, ``"laboratory"``.
    phase : str or None
        ``"phase2"``; ``"phase1;phase2"`` where two are named; ``"early_phase1"``.
    confidence : float
        The probability that `is_cell_therapy` is right.
    confidences : mapping
        For every other field that is judged, the probability that it is right, None included.
    because : tuple of Because
    """

    id: str
    is_cell_therapy: bool
    condition: str | None = None
    cell_source: str | None = None
    donor: str | None = None
    processing: str | None = None
    route: str | None = None
    comparator: str | None = None
    design: str | None = None
    phase: str | None = None
    confidence: float = 1.0
    confidences: Mapping[str, float] = field(default_factory=dict)
    because: tuple[Because, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The recognition as plain values, ready for JSON.

        Examples
        --------
        >>> Recognition("NCT1", True, because=(Because("donor", "Own", "title", 0, 3),)).to_dict()
        {'id': 'NCT1', 'is_cell_therapy': True, 'condition': None, ...,
        'because': [{'field': 'donor', 'word': 'Own', 'where': 'title', 'start': 0, 'end': 3}]}
        """
        return {
            "id": self.id,
            **{name: getattr(self, name) for name in FIELDS},
            "confidence": round(self.confidence, 4),
            "confidences": dict(self.confidences),
            "because": [
                {
                    "field": why.field,
                    "word": why.word,
                    "where": why.where,
                    "start": why.start,
                    "end": why.end,
                }
                for why in self.because
            ],
        }
