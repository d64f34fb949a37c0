"""Which value of a flat list belongs to which line of which measure: every way that fits.

The old flat form of the register strings the values of all measures together and drops what is
empty. Groups, titles, numbers of people, kinds of value and spreads still rule out most ways of
cutting the string. All ways that are left are followed at once, as paths through a graph of
states; a value is placed where all paths put it, and nowhere where they disagree.

What is taken as given, because the register asks for it: a measure with several classes gives
each a title, unlike the others; a class with several categories does the same; each line has one
value for each group in which anybody was analysed; counts of people are whole numbers, and those
of the categories of a class are no more together than the people analysed; a value that is no
number has no spread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

MOST_STATES = 50_000
"""So many states mean that nearly everything fits; nothing would be certain anyway."""


@dataclass(frozen=True, slots=True)
class Table:
    """What is known of the table of one measure before its values are found.

    Attributes
    ----------
    groups : tuple of str
        Numbers of its groups, in their order.
    people : mapping
        Group to people analysed; empty where that is not known.
    counts : bool
        Whether its values count people.
    must_spread, may_spread : bool
        Whether a kind of spread has to be, or can be, given with its values.
    fitting : frozenset of int
        Which titles of classes may stand in it, by their place in the list.
    fitting_categories : frozenset of int
        The same of the titles of categories.
    lines : int
        How many lines it has, where that is fixed; 0 where it is not.
    untitled : bool
        Whether its only class, or category, may lack a title.
    """

    groups: tuple[str, ...]
    people: Mapping[str, int]
    counts: bool
    must_spread: bool
    may_spread: bool
    fitting: frozenset[int]
    fitting_categories: frozenset[int]
    lines: int = 0
    untitled: bool = True


@dataclass(frozen=True, slots=True)
class Strings:
    """The lists as they stand in the record.

    Attributes
    ----------
    groups, values : tuple of str
        Of all values.
    classes, categories : tuple of str
        Titles.
    limited : tuple of bool
        For each kind of spread that is given, whether it is two limits rather than one number.
    spreads, limits : int
        How many spreads, and pairs of limits, there are.
    people : tuple of tuple of (str, str)
        Group and people analysed, for each class that gives them.
    glued : frozenset of int
        Titles of classes that stand in the same table as the title before them.
    sorts : tuple of bool
        For each title of a class, which of two sorts it is of; all of a table are of one sort.
        Empty where that is not asked for.
    """

    groups: tuple[str, ...]
    values: tuple[str, ...]
    classes: tuple[str, ...]
    categories: tuple[str, ...]
    limited: tuple[bool, ...]
    spreads: int
    limits: int
    people: tuple[tuple[str, str], ...]
    glued: frozenset[int] = frozenset()
    sorts: tuple[bool, ...] = ()


class Place(NamedTuple):
    """Where one way of cutting puts a value; None where there is no such thing."""

    table: int
    title: int | None
    category: int | None
    kind: int | None
    spread: int | None
    limits: int | None
    people: int | None


class _State(NamedTuple):
    """How far a path has come: the table, and the next unused item of each list.

    `first_title` and `first_category` are where the titles of this table and of this class began;
    `kind` and `own_people` are what this table was found to have. `titled` tells of the table
    whether its classes have titles (None before the first), `lines` how many lines the class has
    and `lines_before` those of the table before it, `split` whether they are categories, and
    `counted` how many people of each group they count.
    """

    table: int
    at: int = 0
    title: int = 0
    category: int = 0
    kinds: int = 0
    spread: int = 0
    limits: int = 0
    people: int = 0
    begun: bool = False
    kind: int | None = None
    own_people: bool = False
    first_title: int = 0
    titled: bool | None = None
    first_category: int = 0
    lines: int = 0
    split: bool = False
    class_people: int | None = None
    lines_before: int = 0
    counted: tuple[int, ...] = ()


class TooManyWaysError(Exception):
    """More ways of cutting the lists than can be followed."""


def placements(
    tables: Sequence[Table], strings: Strings, is_number: Sequence[bool]
) -> list[set[Place]] | None:
    """For each value, every place that some way of cutting gives it.

    Parameters
    ----------
    tables : sequence of Table
        The measures with values, in the order of the record.
    strings : Strings
    is_number : sequence of bool
        For each value, whether it is a number (and so has a spread where its table has).

    Returns
    -------
    list of set of Place, or None
        None where nothing fits.

    Raises
    ------
    TooManyWaysError
        If so much fits that following it all is in vain.

    Examples
    --------
    Two measures of one group, three values, two titles: both ways of cutting put the second
    value elsewhere, but the spreads (one measure has none) leave only one way.

    >>> from dataclasses import replace
    >>> measure = Table(("A",), {"A": 9}, False, True, True, frozenset({0, 1}), frozenset())
    >>> number = replace(measure, must_spread=False, may_spread=False)
    >>> strings = Strings(("A",) * 3, ("5", "6", "7"), ("day", "night"), (), (False,), 2, 0, ())
    >>> [sorted(p.table for p in places)
    ...  for places in placements([measure, number], strings, [True] * 3)]
    [[0], [0], [1]]
    """
    graph = _Graph(tables, strings, is_number)
    return graph.places() if graph.explore() else None


class _Graph:
    """All paths through the lists; an edge is a line, or a step between tables and classes."""

    def __init__(
        self, tables: Sequence[Table], strings: Strings, is_number: Sequence[bool]
    ) -> None:
        self._tables, self._strings, self._is_number = tables, strings, is_number
        self._before: defaultdict[_State, list[tuple[_State, bool]]] = defaultdict(list)
        self._numbers_left = [*accumulate(reversed(is_number), initial=0)][::-1]
        must = [table.must_spread for table in tables]
        self._all_must = [all(must[place:]) for place in range(len(tables) + 1)]
        self._last_class = _last_fit([table.fitting for table in tables], strings.classes)
        self._last_category = _last_fit(
            [table.fitting_categories for table in tables], strings.categories
        )
        self._end = _State(
            table=len(tables),
            at=len(strings.values),
            title=len(strings.classes),
            category=len(strings.categories),
            kinds=len(strings.limited),
            spread=strings.spreads,
            limits=strings.limits,
            people=len(strings.people),
        )

    def explore(self) -> bool:
        """Follow all paths from the start; whether one of them uses up everything.

        Raises
        ------
        TooManyWaysError
        """
        start = _State(table=0)
        seen, waiting = {start}, [start]
        while waiting:
            state = waiting.pop()
            for following, is_line in self._steps(state):
                if self._is_hopeless(following):
                    continue
                self._before[following].append((state, is_line))
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
            if len(seen) > MOST_STATES:
                raise TooManyWaysError
        return self._end in seen

    def _is_hopeless(self, state: _State) -> bool:
        """Whether what is left can't come out even, whatever follows."""
        strings, table = self._strings, state.table
        numbers = self._numbers_left[state.at]
        spreads = strings.spreads + strings.limits - state.spread - state.limits
        has = not state.begun or state.kind is not None
        exact = has and self._all_must[table + state.begun]
        if spreads > numbers or (exact and spreads < numbers):
            return True
        return (state.title < len(strings.classes) and self._last_class[state.title] < table) or (
            state.category < len(strings.categories) and self._last_category[state.category] < table
        )

    def places(self) -> list[set[Place]]:
        """The places on paths that lead to the end, by value."""
        found: list[set[Place]] = [set() for _ in self._strings.values]
        seen, waiting = {self._end}, [self._end]
        while waiting:
            state = waiting.pop()
            for earlier, is_line in self._before[state]:
                if is_line:
                    self._put(found, earlier, state)
                if earlier not in seen:
                    seen.add(earlier)
                    waiting.append(earlier)
        return found

    def _put(self, found: list[set[Place]], before: _State, after: _State) -> None:
        spread, limits = before.spread, before.limits
        limited = after.kind is not None and self._strings.limited[after.kind]
        for at in range(before.at, after.at):
            has = after.kind is not None and self._is_number[at]
            found[at].add(
                Place(
                    after.table,
                    after.title - 1 if after.titled else None,
                    after.category - 1 if after.split else None,
                    after.kind,
                    spread if has and not limited else None,
                    limits if has and limited else None,
                    after.class_people,
                )
            )
            spread += has and not limited
            limits += has and limited

    def _steps(self, state: _State) -> Iterator[tuple[_State, bool]]:
        if state.table == len(self._tables):
            return
        if not state.begun:
            yield from ((begun, False) for begun in self._begin(state))
            return
        if self._is_whole(state):
            yield self._next_table(state), False
        yield from ((line, True) for line in self._lines(state))

    def _begin(self, state: _State) -> Iterator[_State]:
        """Ways to begin a table: with or without a kind of spread, and people of its own."""
        table = self._tables[state.table]
        kinds: list[int | None] = [] if table.must_spread else [None]
        if table.may_spread and state.kinds < len(self._strings.limited):
            kinds.append(state.kinds)
        for kind in kinds:
            used = state.kinds + (kind is not None)
            for own in {False, bool(self._strings.people)}:
                yield state._replace(
                    begun=True, kinds=used, kind=kind, own_people=own, first_title=state.title
                )

    def _is_whole(self, state: _State) -> bool:
        """Whether the table may end here."""
        table = self._tables[state.table]
        lines = state.lines_before + state.lines
        if not self._class_is_whole(state) or (table.lines and lines != table.lines):
            return False
        glued = state.titled and state.title in self._strings.glued
        return not glued and (table.untitled or bool(state.titled) or state.split)

    def _next_table(self, state: _State) -> _State:
        return _State(*state[:8])._replace(table=state.table + 1)

    def _class_is_whole(self, state: _State) -> bool:
        return state.lines > (1 if state.split else 0)

    def _lines(self, state: _State) -> Iterator[_State]:
        """Ways to go on with a line: of the class that is open, or of a new one."""
        if state.split and state.lines:
            yield from self._category(state)
        if state.lines == 0 or (state.titled and self._class_is_whole(state)):
            for opened in self._open_class(state):
                yield from self._values(opened._replace(lines=1))
                yield from self._category(opened)

    def _open_class(self, state: _State) -> Iterator[_State]:
        before = state.lines_before + state.lines if self._tables[state.table].lines else 0
        fresh = state._replace(
            lines=0,
            lines_before=before,
            split=False,
            first_category=0,
            class_people=None,
            counted=(),
        )
        if state.own_people:
            groups = self._tables[state.table].groups
            given = self._strings.people[state.people : state.people + len(groups)]
            if tuple(group for group, _ in given) != groups:
                return
            fresh = fresh._replace(class_people=state.people, people=state.people + len(groups))
        if state.titled is None:
            yield fresh._replace(titled=False)
        titles = self._strings.classes
        if state.titled is not False and state.title < len(titles):
            others = titles[state.first_title : state.title]
            fits = state.title in self._tables[state.table].fitting and self._goes_on(state)
            if fits and titles[state.title] not in others:
                yield fresh._replace(titled=True, title=state.title + 1)

    def _goes_on(self, state: _State) -> bool:
        """Whether the next title can follow those that the table has."""
        if state.titled is None:
            return state.title not in self._strings.glued
        sorts = self._strings.sorts
        return not sorts or sorts[state.title] == sorts[state.first_title]

    def _category(self, state: _State) -> Iterator[_State]:
        titles = self._strings.categories
        if state.category == len(titles):
            return
        table = self._tables[state.table]
        first = state.first_category if state.split else state.category
        if (
            state.category in table.fitting_categories
            and titles[state.category] not in titles[first : state.category]
        ):
            # How many lines there are beyond two makes a difference only where that is fixed.
            lines = state.lines + 1 if table.lines else min(state.lines + 1, 2)
            yield from self._values(
                state._replace(
                    split=True, category=state.category + 1, first_category=first, lines=lines
                )
            )

    def _values(self, state: _State) -> Iterator[_State]:
        """Ways to take the values of one line."""
        table = self._tables[state.table]
        if table.lines and state.lines_before + state.lines > table.lines:
            return
        people = self._people(state)
        needed = {group for group in table.groups if people.get(group, 1) > 0}
        order = {group: place for place, group in enumerate(table.groups)}
        missing, last, at = len(needed), -1, state.at
        while at < len(self._strings.values):
            group = self._strings.groups[at]
            if order.get(group, -1) <= last:
                return
            if table.counts and not self._can_count(at, people.get(group)):
                return
            last, at = order[group], at + 1
            missing -= group in needed
            if missing == 0 and (counted := self._counted(state, at, people)) is not None:
                yield self._with_spreads(state, at)._replace(counted=counted)

    def _people(self, state: _State) -> Mapping[str, int]:
        table = self._tables[state.table]
        if state.class_people is None:
            return table.people
        given = self._strings.people[state.class_people : state.class_people + len(table.groups)]
        return {group: int(number) for group, number in given if number.isdigit()}

    def _can_count(self, at: int, people: int | None) -> bool:
        value = self._strings.values[at]
        if not self._is_number[at]:
            return True
        return value.isdigit() and (people is None or int(value) <= people)

    def _counted(self, state: _State, at: int, people: Mapping[str, int]) -> tuple[int, ...] | None:
        """People of each group counted in the categories so far; None where it is too many."""
        table = self._tables[state.table]
        if not (table.counts and state.split):
            return ()
        sums = dict(zip(table.groups, state.counted or (0,) * len(table.groups), strict=True))
        for place in range(state.at, at):
            if self._is_number[place]:
                sums[self._strings.groups[place]] += int(self._strings.values[place])
        too_many = any(sums[group] > people.get(group, sums[group]) for group in table.groups)
        return None if too_many else tuple(sums.values())

    def _with_spreads(self, state: _State, at: int) -> _State:
        if state.kind is None:
            return state._replace(at=at)
        numbers = sum(self._is_number[state.at : at])
        if self._strings.limited[state.kind]:
            return state._replace(at=at, limits=state.limits + numbers)
        return state._replace(at=at, spread=state.spread + numbers)


def _last_fit(fitting: Sequence[frozenset[int]], titles: Sequence[str]) -> list[int]:
    """For each title, the last table that it can stand in; -1 where there is none."""
    return [
        max((table for table, places in enumerate(fitting) if place in places), default=-1)
        for place in range(len(titles))
    ]
