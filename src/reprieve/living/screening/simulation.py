"""Screening played through on records whose labels are known: what priority saves, and whether
the stopping rule keeps its word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError
from reprieve.living.screening.priority import IRRELEVANT, RELEVANT, UNSCREENED, Priority
from reprieve.living.screening.stopping import Stopping, assess, may_stop


@dataclass(frozen=True, slots=True)
class Simulation:
    """One review, screened from the first record to the last.

    Attributes
    ----------
    seed : int
        Of the random order in which it began.
    order : tuple of int
        The records in the order in which they were screened.
    found : tuple of int
        How many relevant records had been found after each.
    stopping : Stopping
        What the rule said when it first said stop; at the last record where it never did before.
    """

    seed: int
    order: tuple[int, ...]
    found: tuple[int, ...]
    stopping: Stopping

    @property
    def relevant(self) -> int:
        """All relevant records."""
        return self.found[-1]

    @property
    def recall_at_stop(self) -> float:
        """The recall that had really been reached when the rule said stop."""
        return self.stopping.found / self.relevant

    @property
    def saved_at_stop(self) -> float:
        """Share of the records that the rule spared people."""
        return 1 - self.stopping.screened / len(self.order)

    @property
    def statement_true(self) -> bool:
        """Whether recall had reached the target when the rule said that it had."""
        return self.recall_at_stop >= self.stopping.target - 1e-12

    def screened_for(self, recall: float) -> int:
        """Records that had to be screened for a recall such as 0.95."""
        wanted = math.ceil(recall * self.relevant - 1e-9)
        return 1 + int(np.searchsorted(self.found, wanted))

    def work_saved(self, recall: float = 0.95) -> float:
        """Work saved over sampling at a recall, WSS@95 by default.

        The share of records not screened when the recall is reached, less the share that would
        have been spared in random order (Cohen et al. 2006, JAMIA 13:206).
        """
        return 1 - self.screened_for(recall) / len(self.order) - (1 - recall)

    def time_to_discovery(self) -> float:
        """Average time to discovery: the mean place of a relevant record, as a share of all.

        In random order it is one half (Ferdinands et al. 2023, Systematic Reviews 12:100).
        """
        places = 1 + np.flatnonzero(np.diff(self.found, prepend=0))
        return float(places.mean() / len(self.order))

    def to_dict(self) -> dict[str, Any]:
        """The measures as JSON can hold them."""
        return {
            "seed": self.seed,
            "records": len(self.order),
            "relevant": self.relevant,
            "work_saved_at_95": self.work_saved(0.95),
            "screened_for_95": self.screened_for(0.95),
            "time_to_discovery": self.time_to_discovery(),
            "stopped_after": self.stopping.screened,
            "saved_at_stop": self.saved_at_stop,
            "recall_at_stop": self.recall_at_stop,
            "recall_stated": self.stopping.recall_at_least,
            "statement_true": self.statement_true,
        }


def simulate(
    texts: Sequence[str],
    labels: Sequence[int],
    *,
    seed: int = 0,
    model: Priority | None = None,
    by_priority: bool = True,
    batch: int = 10,
    target: float = 0.95,
    confidence: float = 0.95,
) -> Simulation:
    """Screen records whose labels are known, by priority or in random order.

    It begins in random order, until one relevant and one irrelevant record have been found (nothing
    is known beforehand); then the model ranks what is left, and is trained anew after each batch.
    The stopping rule is asked after each batch too.

    Parameters
    ----------
    texts : sequence of str
        One a record.
    labels : sequence of {0, 1}
        Whether it is relevant.
    seed : int
        Of the random order.
    model : Priority, optional
        One made from the same texts, so that many simulations share it.
    by_priority : bool
        False screens in random order to the end, for comparison.
    batch : int
        Records between two trainings; 2 % of those screened where that is more.
    target, confidence : float
        Of the stopping rule, see :func:`~reprieve.living.screening.stopping.assess`.

    Raises
    ------
    InputError
        Not as many labels as texts, or no relevant or no irrelevant record.

    Examples
    --------
    >>> texts = [f"knee pain {i}" for i in range(20)] + [f"heart failure {i}" for i in range(80)]
    >>> played = simulate(texts, [1] * 20 + [0] * 80, seed=1)
    >>> played.relevant, played.statement_true
    (20, True)
    """
    truth = np.asarray(labels, dtype=np.int64)
    if len(truth) != len(texts):
        raise InputError(f"{len(texts)} records but {len(truth)} labels; give one for each")
    if set(truth.tolist()) != {IRRELEVANT, RELEVANT}:
        raise InputError("a simulation needs labels 1 (relevant) and 0 (irrelevant), some of each")
    shuffled = np.random.default_rng(seed).permutation(len(truth))
    known = np.full(len(truth), UNSCREENED)
    model = model or Priority(texts) if by_priority else None
    order: list[int] = []
    stopped = 0
    while len(order) < len(truth):
        chosen = _next(model, known, shuffled, max(batch, len(order) // 50))
        order.extend(chosen.tolist())
        known[chosen] = truth[chosen]
        if not stopped and may_stop(truth[order], len(truth), target=target, confidence=confidence):
            stopped = len(order)
    stopping = assess(truth[order[:stopped]], len(truth), target=target, confidence=confidence)
    return Simulation(seed, tuple(order), tuple(np.cumsum(truth[order]).tolist()), stopping)


def _next(
    model: Priority | None,
    known: NDArray[np.int64],
    shuffled: NDArray[np.int64],
    batch: int,
) -> NDArray[np.int64]:
    """The next records to screen."""
    left: NDArray[np.int64] = shuffled[known[shuffled] == UNSCREENED]
    if model is None:
        return left[:batch]
    if not {RELEVANT, IRRELEVANT} <= set(known.tolist()):
        return left[:1]  # on at random, one by one, to the first record of the other kind
    best = np.argsort(-model.scores(known)[left], kind="stable")
    return left.take(best[:batch])


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """Many simulations of one review together.

    Attributes
    ----------
    runs, records, relevant : int
    work_saved_at_95, time_to_discovery, saved_at_stop, recall_at_stop : tuple of float
        Mean, lowest, highest.
    statements_true : float
        Share of the runs in which recall had reached the target when the rule said stop; it
        promises at least its confidence.
    """

    runs: int
    records: int
    relevant: int
    work_saved_at_95: tuple[float, float, float]
    time_to_discovery: tuple[float, float, float]
    saved_at_stop: tuple[float, float, float]
    recall_at_stop: tuple[float, float, float]
    statements_true: float

    def to_dict(self) -> dict[str, Any]:
        """The measures as JSON can hold them."""
        return asdict(self)


def summarise(simulations: Sequence[Simulation]) -> SimulationSummary:
    """Put simulations of one review together.

    Raises
    ------
    InputError
        There are none.

    Examples
    --------
    >>> texts, labels = ["knee pain", "knee", "heart", "liver"], [1, 1, 0, 0]
    >>> summarise([simulate(texts, labels, seed=seed) for seed in range(3)]).runs
    3
    """
    if not simulations:
        raise InputError("no simulation to summarise; run at least one")

    def spread(values: list[float]) -> tuple[float, float, float]:
        return float(np.mean(values)), min(values), max(values)

    return SimulationSummary(
        runs=len(simulations),
        records=len(simulations[0].order),
        relevant=simulations[0].relevant,
        work_saved_at_95=spread([s.work_saved() for s in simulations]),
        time_to_discovery=spread([s.time_to_discovery() for s in simulations]),
        saved_at_stop=spread([s.saved_at_stop for s in simulations]),
        recall_at_stop=spread([s.recall_at_stop for s in simulations]),
        statements_true=float(np.mean([s.statement_true for s in simulations])),
    )
