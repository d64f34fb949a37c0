"""From the numbers of a table and their headings to candidate rows of outcomes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reprieve.living.articles.arms import Arms, name_of, people_in
from reprieve.living.articles.article import Article
from reprieve.living.articles.candidate import Candidate, Refusal, stratified
from reprieve.living.articles.grid_parts import is_p_value
from reprieve.living.articles.instrument_words import NRS, VAS, family_in, names_a_measure
from reprieve.living.articles.instruments import Measure
from reprieve.living.articles.joining import joined
from reprieve.living.articles.layout import Layout, Reading
from reprieve.living.articles.numbers import plain
from reprieve.living.articles.spreads import spread_of
from reprieve.living.articles.statistics import compares_groups, said_of_numbers
from reprieve.living.articles.times import names_only_a_time, without_times
from reprieve.living.articles.timing import time_of

_TOGETHER = re.compile(
    r"^\W*(?:total|all(?: patients| participants| subjects)?|overall|whole)\b(?!.*score)",
    re.IGNORECASE,
)
_TOGETHER_ALONE = re.compile(r"^\W*(?:total|all|overall|whole sample)\W*$", re.IGNORECASE)
_TEST = re.compile(
    r"^\W*(?:t|f|z|u|r|df|χ\^?2|x\^?2|chi(?:[- ]?squared?)?(?: test)?|wilcoxon|"
    r"mann.*|anova.*|icc|mcid|mdc|effect size|es)\W*$",
    re.IGNORECASE,
)
_MODEL = re.compile(
    r"odds ratio|regression|correlat|predict|multivaria|univaria|logistic|cost|anova|"
    r"power analysis|sample size|hazard|"
    r"effect of time|main effects",
    re.IGNORECASE,
)
_MORE = 0.01
_COUNTED = re.compile(
    r"\bn\b\W*(?:\(%\)|$)|\bno\.? of|number of|^\W*(?:no|number|%)\W*$", re.IGNORECASE
)
_NEEDED = re.compile(r"\bNNTs?\b|numbers? needed", re.IGNORECASE)
_PERCENT = re.compile(
    r"percent\w* (?:of )?(?:change|improve|reduc|decreas|relief)|%\s*(?:change|improve\w*|"
    r"reduc\w*|decreas\w*|relief)|relative change|\breduction %|"
    r"(?:change|improve|reduction|decrease|relief)\w*,? ?\(?(?:in )?%|percentage|"
    r"(?<![\d(\s])\s+%\s*(?:[\[(]|$)",
    re.IGNORECASE,
)


def candidates_of(layout: Layout, article: Article) -> tuple[list[Candidate], list[Refusal]]:
    """The candidate rows of a table, and the numbers that became none."""
    caption = layout.table.caption[:200]
    if _NEEDED.search(caption) or (_MODEL.search(caption) and not _gives_spreads(layout)):
        return [], [Refusal(r, layout, "a table of models or tests") for r in layout.readings]
    found: list[Candidate] = []
    refused: list[Refusal] = []
    known = _Known.of(layout, article)
    for reading in joined(layout):
        outcome = _candidate(reading, layout, article, known)
        if isinstance(outcome, Candidate):
            found.append(outcome)
        else:
            refused.append(Refusal(reading, layout, outcome))
    found, more = stratified(found)
    return found, refused + more


def _gives_spreads(layout: Layout) -> bool:
    """Whether a table gives means with their deviations, whatever models it gives, too."""
    return any(
        reading.value.shape == "plus_minus"
        or any(said_of_numbers(heading).spread == "sd" for heading in reading.headings)
        for reading in layout.readings
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What holds for a whole table.

    Attributes
    ----------
    people : dict of int to int
        People by column, from a row that counts them.
    headings : tuple of str
        Every heading once.
    names_arms, names_measures : bool
        Whether any of them names an arm, or an instrument of pain or function.
    several : bool
        Whether the trial has arms, by its title or abstract.
    """

    people: dict[int, int]
    headings: tuple[str, ...]
    names_arms: bool
    names_measures: bool
    several: bool = False

    @classmethod
    def of(cls, layout: Layout, article: Article) -> _Known:
        headings = tuple(dict.fromkeys(h for r in layout.readings for h in r.headings))
        return cls(
            people=_people_rows(layout),
            headings=headings,
            names_arms=any(article.arms.match(heading) for heading in headings),
            names_measures=any(names_a_measure(h, any_measure=False) for h in headings),
            several=article.several,
        )


def _candidate(
    reading: Reading, layout: Layout, article: Article, known: _Known
) -> Candidate | str:
    reason = _no_mean(reading, layout)
    if reason:
        return reason
    arm = _arm_of(reading, layout, article.arms, known)
    if isinstance(arm, str):
        return arm
    number, arm_certainty, arm_headings = arm
    measure, strata = _measure_of(reading, layout, article, arm_headings, known)
    if measure.scale is None:
        return measure.reason
    if measure.scale.second:
        return "a part of the instrument that is neither pain nor daily function"
    if _PERCENT.search(" ".join(plain(h) for h in reading.headings)):
        return "a percentage of change, not a score"
    when = time_of(reading, layout, article)
    if isinstance(when, str):
        return when
    month, change, time_certainty = when
    said, spread_certainty = spread_of(reading, layout, article)
    if said.spread == "percent":
        return "a count with its percentage"
    if said.spread == "" and reading.value.shape == "interval":
        return "an interval of a kind that is not said"
    n = _n_of(reading, known.people)
    return Candidate(
        reading,
        layout,
        number,
        measure.scale,
        month,
        change,
        n,
        said,
        measure.certainty,
        time_certainty,
        arm_certainty,
        spread_certainty,
        strata=strata,
    )


def _no_mean(reading: Reading, layout: Layout) -> str:
    """Why a number is no mean or median of a group; empty where it may be one."""
    if reading.value.shape in ("percent", "fraction"):
        return "a count"
    for heading in reading.headings:
        heading = plain(heading)
        if is_p_value(heading) or _TEST.match(heading):
            return "a test"
        if compares_groups(heading) and not re.search(r"within", heading, re.IGNORECASE):
            return "a comparison between groups"
    for heading in reading.columns + reading.stubs[:1]:
        if _TOGETHER.match(name_of(heading)) and not names_a_measure(heading):
            return "all arms together"
    if any(_TOGETHER_ALONE.match(name_of(heading)) for heading in reading.columns):
        return "all arms together"
    nearest = plain(reading.columns[0]) if reading.columns else ""
    if _COUNTED.search(nearest) and not _is_mean_by_its_row(reading):
        return "a count"
    return ""


def _is_mean_by_its_row(reading: Reading) -> bool:
    """Whether a cell or the heading of its row says mean and deviation, whatever the column says.

    Tables of baseline values head their columns "n (%)" and say in the rows what is a mean.
    """
    said = (said_of_numbers(stub).spread for stub in reading.stubs)
    return reading.value.shape == "plus_minus" or any(one in ("sd", "se", "ci") for one in said)


def _arm_of(
    reading: Reading, layout: Layout, arms: Arms, known: _Known
) -> tuple[int, float, tuple[str, ...]] | str:
    """The arm, how surely, and the headings that named it."""
    if not len(arms):
        return "no arm is named" if known.several else (-1, 0.7, ())
    found: dict[int, float] = {}
    headings: list[str] = []
    for heading in reading.headings:
        match = arms.match(heading)
        if match is None:
            continue
        if (
            names_a_measure(heading)
            and match.certainty < 1.0
            and not re.search(r"group|arm|placebo|sham|control", heading, re.IGNORECASE)
        ):
            continue
        found[match.arm] = max(found.get(match.arm, 0.0), match.certainty)
        headings.append(heading)
    joined_path = " ".join(reversed(reading.columns))
    whole = arms.match(joined_path) if len(reading.columns) > 1 else None
    if whole is not None and whole.certainty >= min(1.0, _MORE + max(found.values(), default=0.0)):
        found = {whole.arm: whole.certainty}
        headings += [
            h
            for h in reading.columns
            if not names_only_a_time(name_of(h)) and not names_a_measure(h)
        ]
    if not found:
        if len(arms) == 1:
            return 0, 0.6, ()
        named = None if known.names_arms else arms.match_caption(layout.table.caption)
        return (named.arm, named.certainty, ()) if named else "no arm is named"
    if len(found) > 1:
        best = max(found, key=lambda arm: found[arm])
        if sorted(found.values())[-2] > 0.85 * found[best]:
            return "two arms are named"
        return best, found[best] * 0.8, tuple(headings)
    arm, certainty = next(iter(found.items()))
    return arm, certainty, tuple(headings)


def _measure_of(
    reading: Reading, layout: Layout, article: Article, arm_headings: Sequence[str], known: _Known
) -> tuple[Measure, tuple[str, ...]]:
    """The instrument, and headings that may name a part of the arm."""
    own = [
        part
        for h in (*reading.stubs, *reading.sections, *reading.columns)
        for part in (_measure_beside(h, article.arms) if h in arm_headings else [h])
        if _about(part, ())
    ]
    if names_a_measure(layout.corner):
        own.append(layout.corner)
    telling = [h for h in own if names_a_measure(h)]
    others = tuple(
        h
        for h in (*reading.stubs, *reading.sections)
        if h in own and not names_a_measure(h) and re.search(r"[A-Za-z]{2}", name_of(h))
    )
    lone = not own and known.names_measures
    caption = "" if lone else layout.table.caption
    notes = layout.table.foot
    bare = [without_times(h) or h for h in own]
    measure = article.instruments.read(bare, caption, notes, reading.before, known.headings)
    if measure.scale is not None or not others:
        return measure, others
    arm_in_row = any(h in arm_headings for h in reading.stubs) and not known.names_measures
    if arm_in_row or (telling and own[0] in telling):
        again = article.instruments.read(telling, caption, notes, reading.before, known.headings)
        if again.scale is not None:
            return replace(again, certainty=again.certainty * 0.9), others
    return measure, others


def _measure_beside(heading: str, arms: Arms) -> list[str]:
    """What a heading that names an arm names besides: the instrument of "VAS - control group"."""
    parts = re.split(r"\s+[-–—]\s+|\s*[:/,;(]\s*", heading)
    named = [part for part in parts if VAS.search(part) or NRS.search(part) or family_in(part)]
    return [part for part in named if len(parts) > 1 and arms.match(part) is None]


def _about(heading: str, arm_headings: Sequence[str]) -> bool:
    """Whether a heading may speak of what was measured."""
    if heading in arm_headings:
        return False
    name = name_of(heading)
    if not re.search(r"[A-Za-z]", name):
        return False
    if names_only_a_time(name):
        return False
    bare = re.sub(
        r"\b(?:mean|bl|lsm|se|sem|ci|change|changes|from|in|the|difference|differences|reduction|score|scores|"
        r"value|values|improvement|"
        r"within|groups?|of|follow|up|baseline|sd|treatment|effects?|raw|data|to|at|after|before|"
        r"unadjusted|adjusted|least|squares|ls|post|pre|\d+)\b|[^A-Za-z]",
        "",
        name,
        flags=re.IGNORECASE,
    )
    return bool(bare)


def _people_rows(layout: Layout) -> dict[int, int]:
    """People by column, from a row that counts them."""
    people: dict[int, int] = {}
    for reading in layout.readings:
        if (
            reading.stubs
            and re.match(
                r"^\W*(?:n|no\.?|number(?: of (?:patients|subjects|participants|people))?|"
                r"patients|sample size|n \(%\)(?: of participants)?)\W*$",
                plain(reading.stubs[0]),
                re.IGNORECASE,
            )
            and reading.value.main == int(reading.value.main) > 1
        ):
            people.setdefault(reading.column, int(reading.value.main))
    return people


def _n_of(reading: Reading, people: dict[int, int]) -> int | None:
    """People analysed: from the heading nearest to the number, or from a row of counts."""
    for heading in (reading.cell.text, *reading.stubs, *reading.columns, *reading.sections):
        count = people_in(heading)
        if count:
            return count
    return people.get(reading.column)
