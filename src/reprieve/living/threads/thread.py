"""A trial thread: all records of one trial, and questions about records that may be of it too."""

from __future__ import annotations

from dataclasses import dataclass, field

from reprieve.living.record import Record
from reprieve.living.threads.keys import identity


@dataclass(frozen=True, slots=True)
class TrialThread:
    """The records of one trial.

    Attributes
    ----------
    id : str
        The trial's number in the most widely used register that has it (``"NCT02674399"``), else a
        number of its first paper (``"pmid:22663011"``).
    numbers : tuple of str
        All register numbers of the trial.
    registrations, papers : tuple of Record
        A paper that reports several trials stands in the thread of each.
    mentions : tuple of Record
        Papers that only name the trial: reviews, and papers on more than three trials.
    duplicates : tuple of tuple of str
        Sources of the same registration or paper that was read more than once, as
        ``"pubmed 22663011"``.
    retracted : tuple of str
        Numbers of the thread's papers that have been retracted, by what any record says.
    because : tuple of str
        What holds the records together, in words.
    """

    id: str
    numbers: tuple[str, ...] = ()
    registrations: tuple[Record, ...] = ()
    papers: tuple[Record, ...] = ()
    mentions: tuple[Record, ...] = ()
    duplicates: tuple[tuple[str, ...], ...] = ()
    retracted: tuple[str, ...] = ()
    because: tuple[str, ...] = ()

    @property
    def members(self) -> tuple[Record, ...]:
        """Registrations, then papers."""
        return self.registrations + self.papers

    @property
    def posted_results(self) -> tuple[Record, ...]:
        """The registrations with results."""
        return tuple(record for record in self.registrations if record.has_results)

    @property
    def keys(self) -> frozenset[str]:
        """All numbers by which the thread can be found."""
        return frozenset(
            (self.id, *self.numbers, *(key for record in self.members for key in identity(record)))
        )


@dataclass(frozen=True, slots=True)
class Question:
    """Two threads that may be of one trial, for a person to decide.

    Attributes
    ----------
    first, second : str
        Their ids.
    score : float
        How likely it is that they are, 0 to 1.
    because : str
        What speaks for it and against it, in words.
    """

    first: str
    second: str
    score: float
    because: str


@dataclass(frozen=True, slots=True)
class Threads:
    """What `join_threads` made of a set of records.

    Attributes
    ----------
    threads : tuple of TrialThread
        In order of their ids.
    questions : tuple of Question
        Most likely first.
    """

    threads: tuple[TrialThread, ...]
    questions: tuple[Question, ...]
    _by_key: dict[str, tuple[TrialThread, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Index the threads by their numbers."""
        for thread in self.threads:
            for key in thread.keys:
                self._by_key[key] = (*self._by_key.get(key, ()), thread)

    def of(self, number: str) -> tuple[TrialThread, ...]:
        """The threads that have a number; several for a paper on several trials.

        Parameters
        ----------
        number : str
            ``"NCT02674399"``, ``"pmid:22663011"``, ``"doi:10.1056/nejmoa1203421"`` …

        Examples
        --------
        >>> Threads((TrialThread("NCT02674399"),), ()).of("NCT02674399")[0].id
        'NCT02674399'
        """
        return self._by_key.get(number, ())
