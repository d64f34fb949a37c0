"""How much two records look like one trial, by title, people, size, time and what is studied."""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

from reprieve.living.formats.dates import year_of
from reprieve.living.record import Record

_WORD = re.compile(r"[a-z0-9]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STOP = _set(
    """a an and as at by for from in into is its of on or the their to using versus vs with without
    after before between during who than this that these"""
)
# Words that nearly every trial's title has say little of which trial it is.
_GENERIC = _set(
    """study trial clinical randomized controlled double blind blinded open label phase pilot
    multicenter prospective safety efficacy effect effectiveness evaluation evaluate evaluating
    comparison comparing compared comparative treatment therapy therapeutic patient subject
    participant people adult placebo single group parallel arm outcome result month year week follow
    up term long report preliminary i ii iii iv 1 2 3 4 use assess assessing investigation
    feasibility tolerability new"""
)
_GENERIC_WEIGHT = 0.25
_RARE_WORDS = 10
_MOST_WITH_WORDS = 40
_SPELLING = (
    ("randomis", "randomiz"),
    ("labell", "label"),
    ("oedema", "edema"),
    ("haem", "hem"),
    ("paed", "ped"),
    ("centre", "center"),
    ("tumour", "tumor"),
)
_NUMBER_OF_PEOPLE = re.compile(
    r"\b(\d{1,6}) (?:[a-z-]+ ){0,3}(?:patients|participants|subjects|people|individuals|adults"
    r"|women|men|volunteers|knees)\b|\bn ?= ?(\d{1,6})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two records have in common.

    Attributes
    ----------
    title : float
        0 to 1: shared words of the titles, weighed by how much they tell.
    people : float
        1 where they share a name (two papers: that of the first author), -0.5 where both name
        people and share none, 0 where that is not known.
    size : float
        1 where the numbers of people agree, -0.5 where they differ by more than half, else 0.
    time : float
        0, or -1 where the years can't be those of one trial.
    topic : float
        Share of the words of one's conditions and interventions that the other has, 0 to 1; 0.5
        where neither names any.
    """

    title: float
    people: float
    size: float
    time: float
    topic: float

    @property
    def score(self) -> float:
        """How likely it is that both are of one trial, 0 to 1."""
        found = (1, self.title, self.topic, self.time, self.people, self.size)
        return 1 / (1 + math.exp(-sum(map(operator.mul, _WEIGHTS, found))))

    @property
    def words(self) -> str:
        """The likeness in words."""
        said = (
            (True, f"titles {self.title:.0%} alike"),
            (self.people > 0, "a name in common"),
            (self.people < 0, "no name in common"),
            (self.size > 0, "the same number of people"),
            (self.size < 0, "different numbers of people"),
            (self.time < 0, "years that do not fit"),
            (self.topic >= 0.75, "the same conditions and treatments"),
        )
        return "; ".join(words for true, words in said if true)


# Log odds: constant, title, topic, time, people, size. The first four are a logistic regression of
# 39 true among 47,242 pairs of registrations of cell trials and papers that they refer to, by title
# and year only; those data name no investigators and give no abstracts, so that what a shared name
# or number of people adds (odds times 7) is set by judgement.
_WEIGHTS = (-7.9, 5.5, 5.0, 5.2, 2.0, 2.0)


@lru_cache(maxsize=200_000)
def title_words(title: str) -> frozenset[str]:
    """The words of a title, spelt one way, without those that tell nothing.

    Examples
    --------
    >>> sorted(title_words("A Randomised Trial of Cells in the Knee"))
    ['cell', 'knee', 'randomized', 'trial']
    """
    plain = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    for british, american in _SPELLING:
        plain = plain.replace(british, american)
    return frozenset(_singular(word) for word in _WORD.findall(plain) if word not in _STOP)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "sis", "us", "is")):
        return word[:-1]
    return word


class Titles:
    """Weighs the words of titles by how rare they are among `records`."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._among = Counter(word for record in records for word in record_words(record))
        self._weights = {word: self._weight(word, len(records)) for word in self._among}
        self._weighed: dict[str, tuple[frozenset[str], float]] = {}

    def _weight(self, word: str, count: int) -> float:
        """How much a word tells: about 1 in a small set, more where it is rare in a large one."""
        rare = math.log((count + 50) / (self._among[word] + 1)) / math.log(51)
        return max(rare, 0.1) * (_GENERIC_WEIGHT if word in _GENERIC else 1)

    def _of(self, title: str) -> tuple[frozenset[str], float]:
        """The words of a title and what they weigh together."""
        if title not in self._weighed:
            words = title_words(title)
            self._weighed[title] = words, math.fsum(self._weights[word] for word in words)
        return self._weighed[title]

    def rarest(self, words: Iterable[str], most: int) -> list[str]:
        """The words that tell most, first the rarest."""
        telling = (word for word in words if word not in _GENERIC)
        return sorted(telling, key=lambda word: (self._among[word], word))[:most]

    def likeness(self, first: Record, second: Record) -> float:
        """How alike the titles of two records are, 0 to 1; of several, the two most alike."""
        pairs = product(*((r.title, r.official_title) for r in (first, second)))
        return max(self._shared(one, other) if one and other else 0.0 for one, other in pairs)

    def _shared(self, first: str, second: str) -> float:
        (a, in_a), (b, in_b) = self._of(first), self._of(second)
        both = a & b
        if not both:
            return 0.0
        shared = math.fsum(self._weights[word] for word in both)
        of_both = shared / (in_a + in_b - shared)
        # A register's short title within a paper's long one, or the other way round.
        of_shorter = shared / min(in_a, in_b) if min(in_a, in_b) >= 3 else 0.0
        return max(of_both, 0.8 * of_shorter)


def record_words(record: Record) -> frozenset[str]:
    """The words of all titles of a record."""
    return title_words(record.title) | title_words(record.official_title)


def telling_words(record: Record) -> frozenset[str]:
    """The words of a record's titles that not every trial's title has."""
    return record_words(record) - _GENERIC


def likeness(first: Record, second: Record, titles: Titles) -> Likeness:
    """Compare two records.

    Examples
    --------
    >>> a = Record("isrctn", "ISRCTN1", "registration", title="Fat cells for painful knees")
    >>> b = Record("pubmed", "1", "paper", title="Cells from fat for the painful knee", year=2020)
    >>> compared = likeness(a, b, Titles([a, b]))
    >>> compared.title, compared.people
    (1.0, 0)
    """
    return Likeness(
        title=titles.likeness(first, second),
        people=_people(first, second),
        size=_size(first, second),
        time=_time(first, second),
        topic=_topic(first, second),
    )


def family_names(record: Record) -> tuple[str, ...]:
    """Family names of a record's people, in lower case without accents, in their order."""
    return _family_names(record.authors)


@lru_cache(maxsize=200_000)
def _family_names(authors: tuple[str, ...]) -> tuple[str, ...]:
    plain = (
        unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
        for name in authors
    )
    return tuple(re.sub(r" [a-z]{1,4}$", "", name) for name in plain if name)


def _people(first: Record, second: Record) -> float:
    one, other = family_names(first), family_names(second)
    if not one or not other:
        return 0
    if first.kind == second.kind == "paper":
        return 1 if one[0] == other[0] else (0 if set(one) & set(other) else -0.5)
    return 1 if set(one) & set(other) else -0.5


def _size(first: Record, second: Record) -> float:
    one, other = _sizes(first), _sizes(second)
    if not one or not other:
        return 0
    if one & other:
        return 1
    closest = min(min(a, b) / max(a, b) for a in one for b in other)
    return -0.5 if closest < 0.5 else 0


def _sizes(record: Record) -> frozenset[int]:
    """How many people a record says it is about; a paper may name several numbers."""
    if record.enrollment:
        return frozenset((record.enrollment,))
    return _sizes_in(record.summary)


@lru_cache(maxsize=20_000)
def _sizes_in(summary: str) -> frozenset[int]:
    found = _NUMBER_OF_PEOPLE.findall(summary)
    return frozenset(int(number) for pair in found for number in pair if number and number != "0")


def _time(first: Record, second: Record) -> float:
    """-1 where a paper is older than its trial, or two papers are far apart."""
    if first.kind == second.kind == "paper":
        if first.year and second.year and abs(first.year - second.year) > 12:
            return -1
        return 0
    started = [year_of(r.dates.start) for r in (first, second) if r.kind == "registration"]
    if len(started) == 2:
        return -1 if started[0] and started[1] and abs(started[0] - started[1]) > 2 else 0
    paper = first if first.kind == "paper" else second
    if started[0] and paper.year and not started[0] <= paper.year <= started[0] + 20:
        return -1
    return 0


def _topic(first: Record, second: Record) -> float:
    shares = [
        len(words & topic_words(other)) / len(words)
        for one, other in ((first, second), (second, first))
        if (words := subject_words(one))
    ]
    return max(shares, default=0.5)


@lru_cache(maxsize=20_000)
def _words_of(texts: tuple[str, ...]) -> frozenset[str]:
    return title_words(" ".join(texts)) - _GENERIC


def subject_words(record: Record) -> frozenset[str]:
    """The words of a record's conditions and interventions."""
    return _words_of((*record.conditions, *(given.name for given in record.interventions)))


def topic_words(record: Record) -> frozenset[str]:
    """All words by which a record says what it is about."""
    named = (*record.conditions, *(given.name for given in record.interventions))
    said = (record.title, record.official_title, record.summary[:3000])
    return _words_of((*said, *named, *record.keywords, *record.mesh))


def candidates(
    records: Sequence[Record], titles: Titles, registers: Sequence[frozenset[str]]
) -> Iterator[tuple[int, int]]:
    """Pairs that share two of their rarest words, unless many records do.

    Parameters
    ----------
    records : sequence of Record
    titles : Titles
    registers : sequence of frozenset
        In which registers each record's trial has a number. Records that have one in the same
        register are of one trial or of two, and need no words to tell.
    """
    with_words: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, record in enumerate(records):
        rarest = sorted(titles.rarest(record_words(record), _RARE_WORDS))
        for pair in combinations(rarest, 2):
            with_words[pair].append(at)
    groups_of: list[list[list[int]]] = [[] for _ in records]
    for held in with_words.values():
        if 2 <= len(held) <= _MOST_WITH_WORDS:
            for at in held:
                groups_of[at].append(held)
    for one, groups in enumerate(groups_of):
        others = {at for held in groups for at in held if at > one}
        for other in sorted(others):
            if registers[one].isdisjoint(registers[other]):
                yield one, other
