"""One record → what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from reprieve.living.recognising import confidence
from reprieve.living.recognising.cells import (
    cell_evidence,
    each_may_be_cells,
    enough,
    may_be_cells,
    probability,
)
from reprieve.living.recognising.conditions import condition
from reprieve.living.recognising.designs import design, phase
from reprieve.living.recognising.passages import Passages
from reprieve.living.recognising.products import Found, product
from reprieve.living.recognising.recognition import Because, Recognition
from reprieve.living.record import Record

MOST_WORDS = 6
"""Words for cells that are kept as reasons; a record may hold a hundred."""

AT_ONCE = 500
"""Records that are looked through together."""


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
    return _recognised(record, likely=may_be_cells(record))


def recognise_each(records: Iterable[Record]) -> Iterator[tuple[Record, Recognition]]:
    """Records, and what each is about: what `recognise` says, sooner where there are many.

    Examples
    --------
    >>> from reprieve.living.record import Record
    >>> records = [Record("file", "1", "paper", title="Stem cells for gonarthrosis")]
    >>> [found.condition for _, found in recognise_each(records)]
    ['knee_osteoarthritis']
    """
    waiting = iter(records)
    while batch := [*islice(waiting, AT_ONCE)]:
        for record, likely in zip(batch, each_may_be_cells(batch), strict=True):
            yield record, _recognised(record, likely=likely)


def _recognised(record: Record, *, likely: bool) -> Recognition:
    about = condition(record)
    how = design(record)
    sure = {"condition": confidence.of("condition", about.kind)}
    chance = 1 - confidence.NO_WORDS
    said = False
    words: list[Because] = []
    given: dict[str, Found] = {}
    if likely:
        passages = Passages(record)
        evidence = cell_evidence(passages, about.code)
        words = evidence.because
        if words:
            chance = probability(evidence)
            said = chance >= enough(brief=evidence.brief)
        if said:
            given = product(passages, about.code, how.value)._asdict()
            sure |= {
                name: confidence.of(name, part.kind)
                for name, part in given.items()
                if name != "comparator"  # not measured
            }
    return Recognition(
        id=record.id,
        is_cell_therapy=said,
        condition=about.code,
        design=how.value,
        phase=phase(record),
        confidence=chance if said else 1 - chance,
        confidences=sure,
        because=(
            *words[:MOST_WORDS],
            *about.because,
            *how.because,
            *chain.from_iterable(part.because for part in given.values()),
        ),
        **{name: part.value for name, part in given.items()},
    )
