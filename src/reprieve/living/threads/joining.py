"""Joining records into trial threads: surely by numbers, likely by what they say.

Two records are joined where their numbers say that they are of one trial. Where only their words
say so, they are joined if the titles are practically the same and nothing speaks against it;
otherwise a question is put. Different numbers of one register always speak against it: a wrong join
would mix two trials' results, a missed one only leaves a record by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from reprieve.living.formats.dates import year_of
from reprieve.living.record import Record, Reference
from reprieve.living.threads.groups import Groups, Item, item_keys, same_items
from reprieve.living.threads.keys import (
    identity,
    is_about_trials,
    named_trials,
    number_order,
    own_trials,
    reference_keys,
    register_of,
)
from reprieve.living.threads.likeness import (
    Likeness,
    Titles,
    candidates,
    likeness,
    telling_words,
)
from reprieve.living.threads.thread import Question, Threads, TrialThread

ASK = 0.2
JOIN = 0.8
LEAST_TITLE = 0.3
SAME_TITLE = 0.95
TELLING_WORDS = 4
QUESTIONS_OF_A_THREAD = 3


def join_threads(records: Iterable[Record]) -> Threads:
    """Join the records of each trial.

    Parameters
    ----------
    records : iterable of Record
        In any order; the result does not depend on it.

    Returns
    -------
    Threads

    Examples
    --------
    >>> registration = Record("clinicaltrials.gov", "NCT01245062", "registration")
    >>> paper = Record("pubmed", "22663011", "paper", ids=("NCT01245062",))
    >>> thread, = join_threads([paper, registration]).threads
    >>> thread.id, len(thread.members), thread.because
    ('NCT01245062', 2, ('pmid:22663011 names NCT01245062',))
    """
    joined = _Joined(records)
    joined.by_numbers()
    joined.by_words()
    return joined.threads()


class _Joined:
    """The state of one joining.

    The nodes of `groups` are trials, known by a register number, and papers that are not yet known
    to be of one. `trials_of` holds the nodes that each record belongs to: several for a paper on
    several trials.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.items = same_items(records)
        self.names = [item_keys(item)[0] for item in self.items]
        self.firsts = [max(item, key=lambda record: len(record.summary)) for item in self.items]
        self.titles = Titles(self.firsts)
        self._about = [any(map(is_about_trials, item)) for item in self.items]
        self.item_of = {key: at for at, item in enumerate(self.items) for key in item_keys(item)}
        self.groups = Groups()
        self.trials_of: list[tuple[str, ...]] = [()] * len(self.items)
        self.because: dict[str, set[str]] = defaultdict(set)
        self.questions: dict[tuple[str, str], tuple[float, str]] = {}

    def by_numbers(self) -> None:
        """Join what names the same trial or paper."""
        self._registrations()
        self._papers()
        self._through_papers()

    def _registrations(self) -> None:
        edges = []
        named_by: dict[str, set[str]] = defaultdict(set)
        for at, item in enumerate(self.items):
            if item[0].kind == "registration":
                own = self.names[at]
                self.trials_of[at] = (own,)
                self.groups.add(own, _numbers(own))
                for number in {n for record in item for n in named_trials(record)} - {own}:
                    edges.append((own, number, f"{own} names {number}"))
                    if register_of(number) == register_of(own):
                        named_by[number].add(own)
        # A number that no record has and one record of its register names is an old one of that.
        for number, (own, *others) in named_by.items():
            if number not in self.item_of and not others:
                self.groups.add(own, (number,))
        for number in sorted({number for _, number, _ in edges}):
            self.groups.add(number, (number,))
        for own, number, reason in sorted(edges):
            self._join(own, number, reason)

    def _papers(self) -> None:
        """Papers to the trials that they name, or that name them as their result."""
        of_trials = self._trials_of_papers()
        for at, item in enumerate(self.items):
            if item[0].kind == "paper":
                node = self.names[at]
                self.trials_of[at] = tuple(sorted(of_trials[at])) or (node,)
                for trial in self.trials_of[at]:
                    self.groups.add(trial, _numbers(trial))
                    self.because[trial].update(filter(None, [of_trials[at].get(trial)]))
        self._retractions()

    def _trials_of_papers(self) -> dict[int, dict[str, str]]:
        """The trials that each paper reports, with the reason."""
        of_trials: dict[int, dict[str, str]] = defaultdict(dict)
        for at, item in enumerate(self.items):
            if item[0].kind == "paper":
                if not self._about[at]:
                    for number in sorted({n for record in item for n in own_trials(record)}):
                        of_trials[at][number] = f"{self.names[at]} names {number}"
                continue
            for record in item:
                for reference in record.references:
                    of = self._paper(reference_keys(reference))
                    if of is not None and self._is_result(record, reference, of):
                        reason = f"{self.names[at]} names {self.names[of]} as its result"
                        of_trials[of].setdefault(self.names[at], reason)
        return of_trials

    def _paper(self, keys: Iterable[str]) -> int | None:
        """The paper that has one of these numbers, if it was read."""
        found = (self.item_of[key] for key in keys if key in self.item_of)
        return next((at for at in found if self.items[at][0].kind == "paper"), None)

    def _is_result(self, registration: Record, reference: Reference, of: int) -> bool:
        """Whether what a registration calls its result can be that.

        Some name as results what they build on: reviews, and papers older than the trial. What the
        register derived itself ("derived") stands in PubMed's data bank of the paper.
        """
        if self._about[of]:
            return False
        started, appeared = year_of(registration.dates.start), self.firsts[of].year
        older = started is not None and appeared is not None and appeared < started
        return reference.kind == "derived" or (reference.kind == "result" and not older)

    def _retractions(self) -> None:
        """Notices of retraction to where the papers are that they retract."""
        for at, item in enumerate(self.items):
            if item[0].kind != "paper" or self.trials_of[at] != (self.names[at],):
                continue
            for reference in (r for record in item for r in record.references if r.retracted):
                of = self._paper(reference_keys(reference))
                if of is not None and of != at:
                    self.trials_of[at] = self.trials_of[of]
                    reason = f"{self.names[at]} retracts {self.names[of]}"
                    self.because[self.trials_of[of][0]].add(reason)

    def _through_papers(self) -> None:
        """Numbers of one paper in different registers are of one trial, unless records differ."""
        for at, item in enumerate(self.items):
            trials = [trial for trial in self.trials_of[at] if _numbers(trial)]
            registers = {register_of(trial) for trial in trials}
            if item[0].kind != "paper" or len(trials) < 2 or len(registers) < len(trials):
                continue
            for first, second in combinations(trials, 2):
                reason = f"{self.names[at]} names {first} and {second}"
                if self._differ(first, second):
                    self._ask(first, second, ASK, f"{reason}, which differ in what they say")
                else:
                    self._join(first, second, reason)

    def _differ(self, first: str, second: str) -> bool:
        """Whether both trials have a registration and these do not look like one trial."""
        one, other = self.item_of.get(first), self.item_of.get(second)
        if one is None or other is None:
            return False
        return likeness(self.firsts[one], self.firsts[other], self.titles).score < ASK

    def _join(self, first: str, second: str, reason: str) -> None:
        if self.groups.find(first) == self.groups.find(second):
            self.because[first].add(reason)
            return
        against = self.groups.contradiction(first, second)
        if against:
            self._ask(first, second, 0.5, f"{reason}, but {against[0]} is not {against[1]}")
        else:
            self.groups.join(first, second)
            self.because[first].add(reason)

    def _ask(self, first: str, second: str, score: float, reason: str) -> None:
        pair = (min(first, second), max(first, second))
        if score > self.questions.get(pair, (0.0, ""))[0]:
            self.questions[pair] = (score, reason)

    def by_words(self) -> None:
        """Join, or ask about, threads whose records look like one trial."""
        firsts = self.firsts
        found = []
        registers = [
            frozenset[str]().union(*map(self.groups.registers, trials)) for trials in self.trials_of
        ]
        for one, other in candidates(firsts, self.titles, registers):
            alike = self.titles.likeness(firsts[one], firsts[other]) >= LEAST_TITLE
            if not alike or not self._apart(one, other):
                continue
            compared = likeness(firsts[one], firsts[other], self.titles)
            if compared.score >= ASK:
                found.append((-compared.score, one, other, compared))
        for _, one, other, compared in sorted(found, key=lambda pair: pair[:3]):
            first, second = self.trials_of[one][0], self.trials_of[other][0]
            if not self._apart(one, other):
                continue
            reason = f"{self.names[one]} and {self.names[other]}: {compared.words}"
            if _practically_same(firsts[one], firsts[other], compared):
                self.groups.join(first, second)
                self.because[first].add(reason)
            else:
                self._ask(first, second, compared.score, reason)

    def _apart(self, one: int, other: int) -> bool:
        """Whether two records are in different threads that nothing keeps apart."""
        first, second = self.trials_of[one], self.trials_of[other]
        if len(first) > 1 or len(second) > 1 or self._about[one] or self._about[other]:
            return False
        same = self.groups.find(first[0]) == self.groups.find(second[0])
        return not same and not self.groups.contradiction(first[0], second[0])

    def threads(self) -> Threads:
        """The threads and questions as they stand."""
        members: dict[str, set[int]] = defaultdict(set)
        for at, trials in enumerate(self.trials_of):
            for trial in trials:
                members[self.groups.find(trial)].add(at)
        numbers: dict[str, set[str]] = defaultdict(set)
        reasons: dict[str, set[str]] = defaultdict(set)
        for node in self.groups:
            root = self.groups.find(node)
            numbers[root].update(_numbers(node))
            reasons[root] |= self.because.get(node, set())
        mentions = self._mentions()
        retracted = self._retracted()
        ids: dict[str, str] = {}
        threads = []
        for root, held in members.items():
            thread = _thread(
                [self.items[at] for at in sorted(held)],
                tuple(sorted(numbers[root], key=number_order)),
                mentions,
                retracted,
                tuple(sorted(reasons[root])),
            )
            ids[root] = thread.id
            threads.append(thread)
        return Threads(
            tuple(sorted(threads, key=lambda thread: (thread.id, thread.numbers))),
            tuple(self._questions(ids)),
        )

    def _questions(self, ids: dict[str, str]) -> Iterator[Question]:
        best: dict[tuple[str, str], tuple[float, str]] = {}
        for (first, second), (score, reason) in self.questions.items():
            one, other = self.groups.find(first), self.groups.find(second)
            if one == other or one not in ids or other not in ids:
                continue
            pair = (min(ids[one], ids[other]), max(ids[one], ids[other]))
            best[pair] = max(best.get(pair, (0.0, "")), (score, reason))
        asked: dict[str, int] = defaultdict(int)
        for pair, (score, reason) in sorted(best.items(), key=lambda q: (-q[1][0], q[0])):
            if max(asked[pair[0]], asked[pair[1]]) < QUESTIONS_OF_A_THREAD:
                asked[pair[0]] += 1
                asked[pair[1]] += 1
                yield Question(*pair, round(score, 3), reason)

    def _mentions(self) -> dict[str, list[Record]]:
        """Papers that only name trials, by the number that they name."""
        by_number: dict[str, list[Record]] = defaultdict(list)
        for item, about in zip(self.items, self._about, strict=True):
            if item[0].kind == "paper" and (about or not any(map(own_trials, item))):
                for number in {number for record in item for number in named_trials(record)}:
                    by_number[number].append(item[0])
        return by_number

    def _retracted(self) -> frozenset[str]:
        """The numbers of papers that are retracted, by themselves or by what others say."""
        numbers: set[str] = set()
        for item in self.items:
            for record in item:
                if record.retracted:
                    numbers.update(item_keys(item))
                for reference in record.references:
                    if reference.retracted:
                        numbers.update(reference_keys(reference))
        return frozenset(numbers)


def _practically_same(first: Record, second: Record, compared: Likeness) -> bool:
    """Whether words alone may join two records: one title, someone or some number in common."""
    return (
        compared.score >= JOIN
        and compared.title >= SAME_TITLE
        and len(telling_words(first) & telling_words(second)) >= TELLING_WORDS
        and min(compared.people, compared.size, compared.time) >= 0
        and max(compared.people, compared.size) > 0
    )


def _numbers(node: str) -> tuple[str, ...]:
    """A trial's register number; none where a node is a paper, or a trial without one."""
    return () if ":" in node else (node,)


def _thread(
    items: list[Item],
    numbers: tuple[str, ...],
    mentions: dict[str, list[Record]],
    retracted: frozenset[str],
    because: tuple[str, ...],
) -> TrialThread:
    records = [record for item in items for record in item]
    registrations = tuple(r for r in records if r.kind == "registration")
    papers = tuple(r for r in records if r.kind == "paper")
    own = [key for item in items for key in item_keys(item)]
    named = {id(r): r for number in numbers for r in mentions.get(number, ())}
    return TrialThread(
        id=_id(registrations, numbers, own),
        numbers=numbers,
        registrations=registrations,
        papers=papers,
        mentions=tuple(r for r in named.values() if identity(r)[0] not in own),
        duplicates=tuple(
            tuple(f"{record.source} {record.id}" for record in item)
            for item in items
            if len(item) > 1
        ),
        retracted=tuple(sorted(key for key in own if key in retracted)),
        because=because,
    )


def _id(registrations: Sequence[Record], numbers: Sequence[str], own: Sequence[str]) -> str:
    """The best number: of a registration that was read, else of any register, else of a paper."""
    registered = [identity(record)[0] for record in registrations]
    return min(registered or numbers or own, key=number_order)
