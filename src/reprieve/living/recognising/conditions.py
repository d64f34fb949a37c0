"""Which painful condition a record is about.

The registered conditions and the title are searched; the order of the rules decides where several
fit (``rules/patterns.csv`` holds them in that order). Spinal cord injury without pain, rheumatoid
arthritis, ankylosing spondylitis, osteonecrosis, fractures, and injuries of menisci, ligaments and
cartilage without osteoarthritis are none of the conditions of the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import NamedTuple

from reprieve.living.recognising.passages import Passage, passage
from reprieve.living.recognising.patterns import Openings, rows, rules, sorted_by_letter
from reprieve.living.recognising.recognition import Because
from reprieve.living.record import Record

_PAINFUL_ELSEWHERE = re.compile(r"\b(?:shoulders?|tendin\w*|rotator|pressure|ulcer|wrist)")


_FEARED = re.compile(
    r"\b(?:lead\w*|progress\w*|risk|develop\w*|prevent\w*|delay\w*|predispos\w*|onset)"
    r"(?: (?:in)?to| of| for| the)*(?: (?:early|onset|premature|secondary|knee|post-?traumatic))* $"
)
_EXCLUDED = re.compile(r"[^.;]{0,40}\b(?:was|were|are) (?:all )?excluded")
_BOTH = re.compile(
    r"\b(?:knee|hip|shoulder|ankle|hand)s?(?:,? (?:and|or|and/or) |, ?| ?/ ?)(?:the )?"
    r"(?:knee|hip|shoulder|ankle|hand|glenohumeral)(?:s|\b)"
)


class Found(NamedTuple):
    """A condition, how it was found, and the words."""

    code: str | None
    kind: str
    because: tuple[Because, ...] = ()


NONE = Found(None, "none")
PAIN_OF_JOINT = "pain of a joint"
"""Of a condition of which only the aching joint is named; a second place may tell more."""

_ABSTRACT = 1500
"""Letters of an abstract that are read: what is treated stands in its beginning."""


def condition(record: Record) -> Found:
    """The condition of a record.

    Examples
    --------
    >>> from reprieve.living.record import Record
    >>> found = condition(Record("file", "1", "paper", title="Stem cells for gonarthrosis"))
    >>> found.code, found.because[0].word
    ('knee_osteoarthritis', 'gonarthrosis')
    """
    named: dict[str, Sequence[str]] = {"conditions": record.conditions}
    if record.kind == "paper":
        named |= {"keywords": record.keywords, "mesh": record.mesh}
    found = _told(record, {**named, "title": (record.title,)})
    for where in ("official_title", "summary") if _is_brief(record) else ("official_title",):
        if found.code is not None and found.kind != PAIN_OF_JOINT:
            break
        second = _told(record, {where: (getattr(record, where)[:_ABSTRACT],)})
        worth = second.kind != PAIN_OF_JOINT or (found.code is None and where != "summary")
        if second.code is not None and worth:
            found = second._replace(kind=where.replace("_", " "))
    return found


def _is_brief(record: Record) -> bool:
    """Whether title and text are all there is, so that the text must name the condition."""
    return record.kind == "paper" or not (record.conditions or record.study_type)


def _told(record: Record, texts: Mapping[str, Sequence[str]]) -> Found:
    """What the texts say; most say nothing of pain, and are not looked at any closer."""
    low = "\n".join(text for given in texts.values() for text in given).lower()
    if not _any_condition().search(low):
        return NONE
    passages = [p for where, given in texts.items() for p in _passages(where, given)]
    return _in(record, passages, _openings().likely(low))


def _passages(where: str, texts: Sequence[str]) -> list[Passage]:
    several = where in {"conditions", "keywords", "mesh"}
    return [
        passage(f"{where}[{i}]" if several else where, text) for i, text in enumerate(texts) if text
    ]


class _Words:
    """What the rules find in a few passages, each rule looked for when it is asked for."""

    def __init__(self, passages: list[Passage], likely: Container[object]) -> None:
        self.passages = passages
        self._likely = likely
        self._found: dict[tuple[str, str], list[Because]] = {}

    def of(self, code: str, strength: str = "strong") -> list[Because]:
        """The words for a code."""
        if (code, strength) not in self._likely:
            return []
        if (code, strength) not in self._found:
            pattern = _patterns()[code, strength]
            self._found[code, strength] = [
                text.because("condition", *match.span())
                for text in self.passages
                for match in pattern.finditer(text.low)
                if text.where != "summary" or _is_meant(text.low, *match.span())
            ]
        return self._found[code, strength]

    @cached_property
    def against(self) -> set[str]:
        """Codes of the words that rule conditions out."""
        return {
            code for text in self.passages for code, _ in rules("not_condition").found(text.low)
        }


def _is_meant(low: str, start: int, end: int) -> bool:
    """Whether a condition in an abstract is what people have, not feared or kept out."""
    return not (_FEARED.search(low, max(0, start - 50), start) or _EXCLUDED.match(low, end))


@cache
def _rows() -> Mapping[tuple[str, str], str]:
    """The pattern of each code and strength; every one has only one row."""
    return {
        (row["code"], row["strength"]): row["pattern"]
        for row in rows("patterns.csv")
        if row["field"] == "condition"
    }


@cache
def _patterns() -> Mapping[tuple[str, str], re.Pattern[str]]:
    return {key: re.compile(sorted_by_letter([pattern])) for key, pattern in _rows().items()}


@cache
def _any_condition() -> re.Pattern[str]:
    return re.compile(sorted_by_letter([*_rows().values()]))


@cache
def _openings() -> Openings[tuple[str, str]]:
    return Openings.of(_rows())


_ORDER = (
    "trigeminal_neuralgia",
    "diabetic_neuropathy",
    "facet_or_sacroiliac_pain",
    "radiculopathy",
    "spinal_cord_injury_pain",
    "disc_degeneration",
    "low_back_pain",
    "rotator_cuff_tear",
    "tendinopathy",
    "osteoarthritis",
    "peripheral_nerve_injury",
    "other_neuropathic_pain",
    "other_chronic_pain",
)
_SPINAL = frozenset({"facet_or_sacroiliac_pain", "low_back_pain"})
_NERVES = frozenset({"peripheral_nerve_injury", "other_neuropathic_pain"})


_SHOULDER = frozenset({"rotator_cuff_tear", "tendinopathy"})


def _in(record: Record, passages: list[Passage], likely: Container[object]) -> Found:
    words = _Words(passages, likely)
    for code in _ORDER:
        because = _fits(code, words)
        if because and code in _SHOULDER and _is_of_the_knee(record, words):
            continue
        if because and code == "osteoarthritis":
            return _of_joint(record, passages, because)
        if because:
            return Found(code, "named", tuple(because[:3]))
    weak = words.of("other_chronic_pain", "weak")
    if weak and not words.against & {"joint_lesion", "inflammatory_arthritis"}:
        return Found("other_chronic_pain", PAIN_OF_JOINT, tuple(weak[:3]))
    return NONE


def _is_of_the_knee(record: Record, words: _Words) -> bool:
    """Whether tendons are named beside osteoarthritis, and only the knee is treated."""
    return bool(words.of("osteoarthritis")) and [*_joints(_treated(record))] == [_JOINTS[0]]


def _fits(code: str, words: _Words) -> list[Because]:
    """The words that speak for a condition; none where others rule it out."""
    if code == "spinal_cord_injury_pain":
        return _spinal_cord_pain(words)
    because = words.of(code)
    if code == "osteoarthritis" and not because:
        joint = words.of("arthritis_of_joint")
        return joint if joint and "inflammatory_arthritis" not in words.against else []
    if code == "tendinopathy" and not because:
        cuff = words.of("rotator_cuff_tear")
        return cuff if cuff and "tear_not_named" in words.against else []
    if not because:
        return []
    if code == "rotator_cuff_tear":
        unnamed = "tear_not_named" in words.against and "tear_named" not in words.against
        return [] if unnamed else because
    if code in _SPINAL and "spondyloarthritis" in words.against:
        return []
    if code in _NERVES and "other_nerves" in words.against:
        return []
    return because


def _spinal_cord_pain(words: _Words) -> list[Because]:
    injury = words.of("spinal_cord_injury")
    if not injury:
        return []
    pain = [
        because
        for code in ("pain", "other_neuropathic_pain", "other_chronic_pain")
        for because in words.of(code)
    ]
    elsewhere = any(_PAINFUL_ELSEWHERE.search(text.low) for text in words.passages)
    return injury[:1] + pain[:1] if pain and not elsewhere else []


def _of_joint(record: Record, passages: list[Passage], because: list[Because]) -> Found:
    """Osteoarthritis of the joint that is named; of other or mixed joints where several are."""
    joints = _joints(passages)
    kind = "named"
    for texts in _further(record):
        if joints:
            break
        kind = "joint from the text"
        joints = _joints(texts)
        if len(joints) > 1 and any(_BOTH.search(text.low) for text in texts):
            return Found("other_osteoarthritis", kind, tuple(because[:3]))
        if len(joints) > 1:  # one passage names several: the first of knee, hip, others counts
            first = next(iter(sorted(joints, key=_JOINTS.index)))
            joints = {first: joints[first]}
    if len(joints) == 1:
        ((code, words),) = joints.items()
        return Found(code, kind, (*because[:2], words))
    return Found("other_osteoarthritis", kind if joints else "joint not named", tuple(because[:3]))


_JOINTS = ("knee_osteoarthritis", "hip_osteoarthritis", "other_osteoarthritis")


def _joints(passages: Iterable[Passage]) -> dict[str, Because]:
    found: dict[str, Because] = {}
    for text in passages:
        for code, match in rules("joint").found(text.low):
            found.setdefault(code, text.because("condition", *match.span()))
    return found


def _further(record: Record) -> Iterator[list[Passage]]:
    """Where else the joint may be named, the likeliest places first."""
    yield [passage("official_title", record.official_title)]
    yield [passage(f"keywords[{i}]", word) for i, word in enumerate(record.keywords)]
    yield _treated(record)
    yield [passage("summary", record.summary)]
    yield [
        passage(f"outcomes[{i}].measure", outcome.measure)
        for i, outcome in enumerate(record.outcomes)
    ]
    yield [passage("eligibility", record.eligibility)]
    yield [passage("description", record.description)]


def _treated(record: Record) -> list[Passage]:
    """What is done to people."""
    return [
        passage(f"interventions[{i}].{part}", text)
        for i, given in enumerate(record.interventions)
        for part, text in (("name", given.name), ("description", given.description))
    ] + [
        passage(f"arms[{i}].{part}", text)
        for i, arm in enumerate(record.arms)
        for part, text in (("label", arm.label), ("description", arm.description))
    ]
