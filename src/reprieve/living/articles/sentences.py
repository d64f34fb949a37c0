"""Means and deviations in the sentences of an abstract or of results, for what no table gives.

A sentence is read only where it names one instrument, and where each of its numbers has an arm
and a time of its own, or shares them with the numbers beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprieve.living.articles.arms import Arm, Arms
from reprieve.living.articles.article import Article
from reprieve.living.articles.candidate import Candidate, key_of
from reprieve.living.articles.instrument_words import (
    NOT_INTENSITY,
    NRS,
    PAIN,
    VAS,
    family_in,
    names_a_measure,
)
from reprieve.living.articles.instruments import Measure
from reprieve.living.articles.layout import Layout, Reading
from reprieve.living.articles.numbers import Value, plain
from reprieve.living.articles.statistics import Said
from reprieve.living.articles.tables import Cell, Table
from reprieve.living.articles.times import Time, find_times

_SENTENCE = re.compile(r"(?<=[.;])\s+(?=[A-Z])")
_VALUE = re.compile(
    r"(?P<mean>-?\d+(?:\.\d+)?)\s?(?:mm|cm|points?|%)?\s?(?:±|\(SD[ =:,]{0,3})(?P<sd>\d+(?:\.\d+)?)"
)
_GROUP = re.compile(
    r"\bgroups? (?P<a>[IVX]{1,3}|[A-D]|[1-4])\b|\b(?P<b>[A-Za-z][A-Za-z-]{2,20}) group\b",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"^(?:the|each|both|other|this|that|which|per|two|three|between|within|every|same|age|of|one|"
    r"and|first|second|whole|entire|study|respective|another)$",
    re.IGNORECASE,
)
_AS_BEFORE = re.compile(
    r"\b(?:the|this|these|their) (?:mean )?(?:values?|scores?|decrease|reduction)\b", re.IGNORECASE
)
_COMPARED = re.compile(
    r"difference between|between[- ]group|intergroup|than in|sample size|assum", re.IGNORECASE
)
_SHARED = re.compile(r"respectively|\bvs\b|versus")
_BESIDE = re.compile(r"\s*(?:mm|cm)?\s*(?:and|vs\.?|versus|,)\s*")
_CHANGE = re.compile(r"\bchang\w*|\bdifferen\w*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Number:
    """A mean with its deviation in a sentence, and the words around it."""

    value: Value
    start: int
    end: int
    before: str
    after: str


def groups_in_text(text: str) -> list[Arm]:
    """The groups that a text names again and again, for articles whose tables name none.

    Examples
    --------
    >>> text = "The laser group had less pain than the sham group. " * 3
    >>> [arm.label for arm in groups_in_text(text)]
    ['laser group', 'sham group']
    """
    counts: Counter[str] = Counter()
    for found in _GROUP.finditer(text):
        name = f"Group {found['a'].upper()}" if found["a"] else f"{found['b']} group"
        if found["a"] or not _NO_NAME.match(found["b"]):
            counts[name.lower() if found["b"] else name] += 1
    often = [name for name, count in counts.most_common(6) if count >= 3]
    numbered = [name for name in often if name.startswith("Group ")]
    names = numbered if len(numbered) >= 2 else [n for n in often if n not in numbered]
    return [Arm(name, [name]) for name in names] if 2 <= len(names) <= 4 else []


def candidates_in_text(
    passages: Sequence[tuple[str, str]], article: Article, known: Sequence[Candidate]
) -> list[Candidate]:
    """The candidate rows that sentences hold, of instruments that no table gives.

    Parameters
    ----------
    passages : sequence of (str, str)
        Where a paragraph stands (``"abstract"``, ``"Results, paragraph 3"``) and its text.
    article : Article
    known : sequence of Candidate
        Those of the tables.
    """
    tabled = {(c.scale.domain, c.scale.family) for c in known}
    found: dict[tuple[object, ...], Candidate] = {}
    for where, text in passages:
        measure: Measure | None = None
        for sentence in _SENTENCE.split(plain(text)):
            measure = _measure_of(sentence, article, measure)
            if measure is None or measure.scale is None or _COMPARED.search(sentence):
                continue
            if (measure.scale.domain, measure.scale.family) in tabled:
                continue
            for candidate in _of_sentence(sentence, where, measure, article):
                found.setdefault(key_of(candidate), candidate)
    return list(found.values())


def _measure_of(sentence: str, article: Article, last: Measure | None) -> Measure | None:
    """The one instrument that a sentence names; the last one where it names none."""
    words = _VALUE.sub(" ", sentence)
    if not names_a_measure(words):
        return last if _AS_BEFORE.search(words) else None
    family = family_in(words)
    if family is not None:
        named = family.pattern.search(words)
        return article.instruments.read([named[0] if named and not PAIN.search(words) else words])
    scale = VAS.search(words) or NRS.search(words)
    if scale:
        return article.instruments.read([scale[0]])
    subject = _VALUE.split(sentence)[0]
    if NOT_INTENSITY.search(subject) or not PAIN.search(subject):
        return None
    return article.instruments.read([*PAIN.findall(subject)[:1]])


def _of_sentence(
    sentence: str, where: str, measure: Measure, article: Article
) -> Iterator[Candidate]:
    numbers = list(_numbers(sentence))
    mentions = _mentions(sentence, article.arms)
    arms = _arms_of(numbers, mentions)
    times = _times_of(numbers)
    if measure.scale is None or not numbers or _is_a_change(numbers[0].before):
        return
    table = Table(where, sentence, "", (), 0)
    for place, (number, arm, time) in enumerate(zip(numbers, arms, times, strict=True), 1):
        month = _month_of(time)
        if arm is None or month is None:
            continue
        change = bool(re.search(r"\bby (?:a mean of )?$", number.before))
        reading = Reading(
            Cell(sentence[number.start : number.end], 0, place),
            number.value,
            columns=(),
            stubs=(sentence[:200],),
            sections=(),
            before=(),
            row=0,
            column=place,
        )
        yield Candidate(
            reading, Layout(table, 0, 0), arm, measure.scale, month, change, None,
            Said("mean", "sd" if article.spread != "se" else "se"),
            0.9 * measure.certainty, 0.85, 0.85, 1.0 if article.spread else 0.9,
        )  # fmt: skip


def _month_of(time: Time | None) -> float | None:
    if time is None:
        return None
    return 0.0 if time.when == "baseline" else time.months


def _is_a_change(before: str) -> bool:
    """Whether the words before the first number make it a change of which no start is given."""
    return bool(_CHANGE.search(before)) and not re.search(r"\bfrom\b", before)


def _numbers(sentence: str) -> Iterator[_Number]:
    matches = list(_VALUE.finditer(sentence))
    for i, match in enumerate(matches):
        start = match.start()
        last = matches[i - 1].end() if i else 0
        mean = match["mean"]
        if i and start == last and mean.startswith("-"):
            # "6.6 ± 1.5–2.1 ± 0.9": the dash means "to".
            mean = mean[1:]
        next_start = matches[i + 1].start() if i + 1 < len(matches) else len(sentence)
        value = Value(float(mean), "plus_minus", float(match["sd"]))
        yield _Number(
            value, start, match.end(), sentence[last:start], sentence[match.end() : next_start]
        )


def _mentions(sentence: str, arms: Arms) -> list[tuple[int, int]]:
    """Where arms are named, and which."""
    found: dict[int, int] = {}
    for number, arm in enumerate(arms.arms):
        for name in arm.names:
            core = re.sub(r"\s+groups?$", "", name, flags=re.IGNORECASE)
            if len(core) < 2:
                continue
            for match in re.finditer(rf"(?<!\w){re.escape(core)}(?!\w)", sentence, re.IGNORECASE):
                found.setdefault(match.start(), number)
    return sorted(found.items())


def _arms_of(numbers: Sequence[_Number], mentions: Sequence[tuple[int, int]]) -> list[int | None]:
    """The arm of each number."""
    order = list(dict.fromkeys(arm for _, arm in mentions))
    if len(order) < 2:
        return [order[0] if order else None] * len(numbers)
    arms: list[int | None] = []
    for number in numbers:
        stop = number.end + len(number.after)
        after = [arm for start, arm in mentions if number.end <= start < min(stop, number.end + 40)]
        arms.append(after[0] if len(after) == 1 else None)
    if any(arm is not None for arm in arms[:-1]) or not mentions:
        named = [i for i, arm in enumerate(arms) if arm is not None]
        rest = [i for i, arm in enumerate(arms) if arm is None]
        if not rest or rest[0] < named[-1] or len(rest) % len(order):
            return arms
    else:
        rest = list(range(len(arms)))
    told = [number for number in numbers if _SHARED.search(number.after + number.before)]
    if len(rest) % len(order) or not told:
        return arms
    for place, i in enumerate(rest):
        arms[i] = order[place % len(order)]
    return arms


def _times_of(numbers: Sequence[_Number]) -> list[Time | None]:
    """The time of each number: said after it, or before it, or shared with its neighbour."""
    listed = find_times(numbers[0].before) if numbers else []
    if len(listed) > 1 and len(numbers) > 1:
        # "at baseline, 2 and 4 weeks were 5.0 ± 1.2, 3.4 ± 1.5 and 3.3 ± 1.4"
        dated = [time if time.when in ("after", "baseline") else None for time in listed]
        return dated if len(dated) == len(numbers) else [None] * len(numbers)
    times: list[Time | None] = []
    for number in numbers:
        after = find_times(re.split(r"\bto\b|\bby\b", number.after)[0])
        before = find_times(number.before)
        starts = bool(re.search(r"\bfrom\b|base-?line", number.before[-40:]))
        if starts and not (after and after[0].when == "after"):
            times.append(Time("baseline"))
        elif after:
            times.append(after[0] if after[0].when in ("after", "baseline") else None)
        elif before and before[-1].when in ("after", "baseline"):
            times.append(before[-1])
        else:
            times.append(times[-1] if times and not _moves_on(number) else None)
    # Numbers before "respectively, at 4 weeks" share the time that is said after the last.
    for i in range(len(numbers) - 2, -1, -1):
        if times[i] is None and _BESIDE.fullmatch(numbers[i].after):
            times[i] = times[i + 1]
    return times


def _moves_on(number: _Number) -> bool:
    return bool(re.search(r"\bto\b|further|then", number.before))
