"""One record → what it is about."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from reprieve.living.recognising import confidence
from reprieve.living.recognising.cells import cell_evidence, may_be_cells, probability
from reprieve.living.recognising.conditions import condition
from reprieve.living.recognising.designs import design, phase
from reprieve.living.recognising.passages import Passages
from reprieve.living.recognising.products import product
from reprieve.living.recognising.recognition import Recognition
from reprieve.living.record import Record

MOST_WORDS = 6
"""Words for cells that are kept as reasons; a record may hold a hundred."""


def recognise(record: Record) -> Recognition:
    """Tell whether a record is about cell therapy, of what, for which condition.

    Parameters
    ----------
    record : Record
        A registration or a paper.

    Returns
    -------
    Recognition

    Examples
    --------
    >>> from reprieve.living.record import Record
    >>> found = recognise(Record("file", "1", "paper", title=(
    ...     "Intra-articular injection of autologous adipose-derived mesenchymal stem cells "
    ...     "for osteoarthritis of the knee: a randomized controlled trial")))
    >>> found.is_cell_therapy, found.condition, found.cell_source, found.donor
    (True, 'knee_osteoarthritis', 'adipose', 'autologous')
    >>> [why.word for why in found.because if why.field == "donor"]
    ['autologous']
    """
    about = condition(record)
    how = design(record)
    found = Recognition(
        id=record.id,
        is_cell_therapy=False,
        condition=about.code,
        design=how.value,
        phase=phase(record),
        confidence=confidence.NO_WORDS,
        confidences={"condition": confidence.of("condition", about.kind)},
        because=(*about.because, *how.because),
    )
    if not may_be_cells(record):
        return found
    passages = Passages(record)
    evidence = cell_evidence(passages, about.code)
    if not evidence.because:
        return found
    chance = probability(evidence)
    found = replace(
        found,
        is_cell_therapy=chance >= 0.5,
        confidence=max(chance, 1 - chance),
        because=(*evidence.because[:MOST_WORDS], *found.because),
    )
    return _with_product(found, passages) if found.is_cell_therapy else found


def _with_product(found: Recognition, passages: Passages) -> Recognition:
    given = product(passages, found.condition, found.design)._asdict()
    sure = {
        name: confidence.of(name, part.kind)
        for name, part in given.items()
        if name != "comparator"  # not measured
    }
    return replace(
        found,
        **{name: part.value for name, part in given.items()},
        confidences={**found.confidences, **sure},
        because=(*found.because, *chain.from_iterable(part.because for part in given.values())),
    )
