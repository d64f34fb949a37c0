"""The arms of a trial, and which of them each group of the record is.

Every part of a record numbers its groups anew and words their titles a little differently. Two
groups are one arm where their titles say the same once words such as "group" are gone; a group
that matches no arm, or two, belongs to none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reprieve.living.record import ArmGroup, Record
from reprieve.living.results.numerals import whole
from reprieve.living.results.posted import Group, PostedResults
from reprieve.living.results.treatments import Given, what_was_given

_HARMLESS = frozenset(
    (
        *("group", "arm", "cohort", "the", "of", "and", "who", "received", "receiving"),
        *("patients", "participants", "subjects", "treated", "treatment"),
        *("fas", "itt", "mitt", "ss", "pp", "set", "population", "full", "analysis", "safety"),
    )
)
_NUMBER_BEFORE = re.compile(r"^\s*(?:arm|group)?\s*\d+\s*[.):]\s+(?=[a-z])", re.I)
_PART = re.compile(
    r"\b(?:wom[ae]n|m[ae]n|males?|females?|completers?|non-?responders?|responders?|sub-?(?:group|set|study)"
    r"|left|right|index|contralateral|only|aged?|years|younger|older|mild|moderate|severe|grade|k-?l"
    r"|kellgren\w*|stratum|per[- ]protocol|with|without|who|not|pooled|combined|all|both)\b",
    re.I,
)
"""Words of groups that are parts of an arm, or several arms together."""
_TOTAL = re.compile(r"^total\b", re.I)


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm.

    Attributes
    ----------
    id : str
        The treatment, or a short form of the title where two arms share the treatment.
    label : str
        As the record names it.
    given : Given
    n_randomised : int or None
        People who started.
    words : frozenset of str
        What tells its title from others.
    description : str
    """

    id: str
    label: str
    given: Given
    n_randomised: int | None
    words: frozenset[str]
    description: str = ""


class Arms:
    """The arms of a trial and how the groups of the parts of its record map to them.

    Parameters
    ----------
    record : Record
    posted : PostedResults

    Examples
    --------
    >>> from reprieve.living.results.posted import Counts, Period
    >>> flow = Group("FG000", "Control Group"), Group("FG001", "MSC Group")
    >>> started = Period("", (Counts("STARTED", {"FG000": "15", "FG001": "15"}),))
    >>> arms = Arms(Record("clinicaltrials.gov", "NCT1", "registration"),
    ...             PostedResults(flow_groups=flow, periods=(started,)))
    >>> arms.of(Group("OG000", "MSC (FAS)")).n_randomised, arms.of(Group("OG001", "Both arms"))
    (15, None)
    """

    def __init__(self, record: Record, posted: PostedResults) -> None:
        self.all = self._build(record, posted)
        self._by_words = _unique((arm.words, arm) for arm in self.all)
        self._by_description = _unique(
            (_plain(arm.description), arm) for arm in self.all if arm.description
        )
        self._by_words.update(self._protocol_words(record))

    def of(self, group: Group, people: int | None = None, alone: bool = False) -> Arm | None:
        """The arm that a group is, or None.

        Parameters
        ----------
        group : Group
        people : int, optional
            How many people it holds.
        alone : bool
            Whether it is the only group of its table.
        """
        if is_total(group):
            return None
        words = words_of(group.title)
        found: Arm | None = self._by_words.get(words)
        if found is None and group.description:
            found = self._by_description.get(_plain(group.description))
            # A title that says more than that of its arm is one of a part of the arm.
            if found is not None and (found.words < words or _PART.search(group.title)):
                found = None
        if found is None and alone and len(self.all) == 1:
            # The only group of a trial with one arm: it is the arm if it holds the same people.
            arm = self.all[0]
            found = arm if people is not None and people == arm.n_randomised else None
        return found

    def rename(self, ids: Mapping[str, str]) -> None:
        """Give the arms other ids; groups of an arm without one belong to no arm any more."""
        renamed = {arm: replace(arm, id=ids[arm.id]) for arm in self.all if arm.id in ids}
        self.all = tuple(renamed.values())
        self._by_words = {
            key: renamed[arm] for key, arm in self._by_words.items() if arm in renamed
        }
        self._by_description = {
            key: renamed[arm] for key, arm in self._by_description.items() if arm in renamed
        }

    def _build(self, record: Record, posted: PostedResults) -> tuple[Arm, ...]:
        started: Mapping[str, str] = {}
        if posted.periods and posted.periods[0].milestones:
            started = posted.periods[0].milestones[0].people
        groups = [group for group in posted.flow_groups if whole(started.get(group.id, "")) != 0]
        protocol = _matching_protocol(groups, record.arms)
        given = [
            what_was_given(arm.kind if arm else "", _texts(group, arm, record), _titles(record))
            for group, arm in zip(groups, protocol, strict=True)
        ]
        times = Counter(found.treatment for found in given)
        ids = [
            found.treatment
            if times[found.treatment] == 1 and found.treatment != "other"
            else _slug(group.title)
            for group, found in zip(groups, given, strict=True)
        ]
        return tuple(
            Arm(
                unique,
                group.title or unique,
                found,
                whole(started.get(group.id, "")),
                words_of(group.title),
                group.description,
            )
            for unique, group, found in zip(_distinct(ids), groups, given, strict=True)
        )

    def _protocol_words(self, record: Record) -> dict[object, Arm]:
        """The labels of the protocol, as other titles of the arms that they describe."""
        named: dict[object, Arm] = {}
        for arm in record.arms:
            words = words_of(arm.label)
            by_description = self._by_description.get(_plain(arm.description))
            if words not in self._by_words and arm.description and by_description is not None:
                named[words] = by_description
        return named


def is_total(group: Group) -> bool:
    """Whether a group is the sum over all groups.

    Examples
    --------
    >>> is_total(Group("BG002", "Total", "Total of all reporting groups"))
    True
    """
    return bool(_TOTAL.match(group.title)) or group.description.startswith(
        "Total of all reporting groups"
    )


def words_of(title: str) -> frozenset[str]:
    """What tells a title from others: its words, without those that any group may have.

    Examples
    --------
    >>> sorted(words_of("CZP 200 mg Q2W (FAS)")) == sorted(words_of("CZP 200 mg Q2W"))
    True
    >>> words_of("1. Placebo") == words_of("Patients Who Received Placebo")
    True
    """
    bare = _NUMBER_BEFORE.sub("", title)
    words = re.findall(r"[a-z0-9]+(?:\.\d+)?", bare.lower())
    return frozenset(words) - _HARMLESS or frozenset(words)


def _unique(pairs: Iterable[tuple[object, Arm]]) -> dict[object, Arm]:
    """The arms by what only one of them has."""
    listed = list(pairs)
    times = Counter(key for key, _ in listed)
    return {key: arm for key, arm in listed if times[key] == 1}


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _matching_protocol(
    groups: Sequence[Group], protocol: Sequence[ArmGroup]
) -> list[ArmGroup | None]:
    """For each group the arm of the protocol with the same title, or the same place."""
    by_words = {words_of(arm.label): arm for arm in protocol}
    found = [by_words.get(words_of(group.title)) for group in groups]
    if len(protocol) == 1:
        return [protocol[0]] * len(groups)
    left = [arm for arm in protocol if arm not in found]
    if found.count(None) == 1 and len(left) == 1:
        found[found.index(None)] = left[0]
    return found


def _texts(group: Group, arm: ArmGroup | None, record: Record) -> list[str]:
    """What is said of an arm, the shortest name first."""
    texts = [group.title]
    if arm is not None:
        texts += [arm.label, *arm.interventions]
    texts.append(group.description)
    if arm is not None:
        texts.append(arm.description)
        for given in record.interventions:
            if given.name in arm.interventions:
                texts += [*given.other_names, given.description]
    return [text for text in texts if text]


def _titles(record: Record) -> str:
    return f"{record.title} {record.official_title}"


def _slug(title: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", title.lower()))[:40].strip("_") or "arm"


def _distinct(ids: Sequence[str]) -> list[str]:
    """The same ids, with a number behind those that stand twice."""
    seen: Counter[str] = Counter()
    distinct = []
    for given in ids:
        seen[given] += 1
        distinct.append(given if seen[given] == 1 else f"{given}_{seen[given]}")
    return distinct
