"""When the people of a row were measured: from its headings, the caption, or the text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reprieve.living.articles.arms import name_of
from reprieve.living.articles.article import Article
from reprieve.living.articles.layout import Layout, Reading
from reprieve.living.articles.numbers import plain
from reprieve.living.articles.statistics import compares_groups
from reprieve.living.articles.times import Time, find_times, names_only_a_time, speaks_of_change

_BASELINE_TABLE = re.compile(
    r"base-?\s?line|demograph|characteristics|homogene|at (?:inclusion|entry|enrol)|"
    r"(?:before|prior to) (?:the )?(?:\w+ ){0,3}?(?:treatment|intervention|inhalation|injection|"
    r"surgery)|pre-?treatment",
    re.IGNORECASE,
)
_SINCE_BASELINE = re.compile(
    r"\b(?:from|since|versus|vs\.?|compared (?:to|with)|relative to|minus) (?:the )?"
    r"base-?\s?line\w*",
    re.IGNORECASE,
)
_OF_TRIAL = re.compile(
    r"\b\d+-(?:day|week|month|year)s?,?\s(?:[\w-]+\s){0,3}?(?:program\w*|trial|study|treatment|"
    r"intervention|course|training|period|therapy)",
    re.IGNORECASE,
)
_OVER_TIME = re.compile(
    r"follow-?up|over time|outcome|post|after|change|weeks?\b.*weeks?\b|months?\b.*months?\b|"
    r"\band\b.*\b(?:weeks?|months?)|result",
    re.IGNORECASE,
)


def time_of(reading: Reading, layout: Layout, article: Article) -> tuple[float, bool, float] | str:
    """Months, whether it is a change, and how surely; or why no time was found."""
    headings = reading.headings
    change = any(
        speaks_of_change(plain(h)) for h in (*headings, layout.corner) if _is_change_heading(h)
    )
    named = [(h, find_times(h)) for h in headings]
    alone = [times for h, times in named if times and names_only_a_time(name_of(h))]
    mixed = [times for h, times in named if times and not names_only_a_time(name_of(h))]
    caption = plain(layout.table.caption)
    certainty = 1.0
    for times in (*alone, *mixed):
        distinct = list(dict.fromkeys(times))
        if change and len(distinct) > 1:
            distinct = [time for time in distinct if time.when != "baseline"]
        if len(distinct) > 1:
            return "several times are named"
        time = distinct[0] if distinct else times[0]
        if time.when == "after" and _of_baseline_only(layout):
            return "a span of time in a table of baseline values"
        if time.when == "baseline" and change and len(alone) + len(mixed) > 1:
            continue
        month = _month_of(time, layout, article)
        if isinstance(month, str):
            return month
        if time.when == "baseline" and change:
            return "a change at baseline"
        return month[0], change or _caption_change(layout), month[1] * certainty
    return _time_of_caption(caption, change, layout, article)


def _of_baseline_only(layout: Layout) -> bool:
    """Whether a table gives values before treatment and no others, by its caption."""
    caption = _SINCE_BASELINE.sub("change", plain(layout.table.caption))
    return bool(_BASELINE_TABLE.search(caption)) and not _OVER_TIME.search(caption)


def _is_change_heading(heading: str) -> bool:
    return not re.search(r"interval|exchange|no change|weather", heading, re.IGNORECASE)


def _time_of_caption(
    caption: str, change: bool, layout: Layout, article: Article
) -> tuple[float, bool, float] | str:
    if _BASELINE_TABLE.search(_SINCE_BASELINE.sub(" ", caption)):
        caption = _OF_TRIAL.sub(" ", caption)
    times = [time for time in find_times(caption) if time.when != "visit"]
    later = list(dict.fromkeys(time for time in times if time.when != "baseline"))
    baseline = _BASELINE_TABLE.search(_SINCE_BASELINE.sub(" ", caption))
    if not change and baseline and not _caption_change(layout):
        if not later:
            return 0.0, False, 0.95
        if not _OVER_TIME.search(caption):
            return 0.0, False, 0.7
        return "the caption names several times"
    if len(later) == 1:
        month = _month_of(later[0], layout, article)
        if isinstance(month, str):
            return month
        return month[0], change or _caption_change(layout), month[1] * 0.85
    if later:
        return "the caption names several times"
    if change or _caption_change(layout):
        elsewhere = _times_elsewhere(layout)
        if len(elsewhere) == 1:
            month = _month_of(elsewhere[0], layout, article)
            if not isinstance(month, str):
                return month[0], True, month[1] * 0.85
        month = _month_of(Time("post"), layout, article)
        if not isinstance(month, str) and article.treatment_certainty >= 0.6:
            return month[0], True, month[1] * 0.8
    elif layout.describes_people and not _times_elsewhere(layout):
        return 0.0, False, 0.85
    return "no time is named"


def _times_elsewhere(layout: Layout) -> list[Time]:
    """The times after baseline that other headings of the table name."""
    found = {
        time
        for reading in layout.readings
        for heading in reading.headings
        for time in find_times(heading)
        if time.when in ("after", "post")
    }
    return sorted(found, key=lambda time: (time.when, time.months or 0.0))


def _month_of(time: Time, layout: Layout, article: Article) -> tuple[float, float] | str:
    """The month of a time, and how surely."""
    if time.when == "baseline":
        return 0.0, 1.0
    if time.when == "after" and time.months is not None:
        return _later(time, layout, article)
    if time.when == "visit":
        if time.visit in article.visits:
            return article.visits[time.visit], 0.85
        if time.visit == 0:
            return 0.0, 0.7
        return f"visit {time.visit} is not dated in the text"
    if time.when == "hours":
        return "hours after treatment: the evidence counts months"
    if _counts_hours(layout):
        return "at the end of a treatment of hours, no month of its own"
    return _end_of_treatment(time, layout, article)


def _end_of_treatment(time: Time, layout: Layout, article: Article) -> tuple[float, float] | str:
    """The month of the end of treatment, or of the one follow-up, as table or text say."""
    around = (layout.table.caption, layout.table.foot)
    compared = (text for path in layout.column_headings() for text in path if compares_groups(text))
    others = _months_in(_headings(layout))
    said = (_months_in(around) - others) or (_months_in(compared) - others)
    if len(said) == 1:
        return said.pop(), 0.85
    if time.follow_up and article.follow_up is not None and article.follow_up_certainty >= 0.45:
        return article.follow_up, 0.4 + 0.4 * article.follow_up_certainty
    earliest = min(others, default=None)
    if article.treatment is not None and earliest is not None and article.treatment >= earliest:
        return "the end of treatment would be later than a time after it"
    if article.treatment is not None and article.treatment_certainty >= 0.45:
        if time.follow_up:
            return article.treatment, 0.3 + 0.3 * article.treatment_certainty
        return article.treatment, 0.5 + 0.4 * article.treatment_certainty
    return "the end of treatment is not dated in the text"


def _headings(layout: Layout) -> set[str]:
    """The headings of arms' own numbers."""
    texts = {text for reading in layout.readings for text in (*reading.stubs, *reading.columns)}
    return {text for text in texts if not compares_groups(text)}


def _months_in(texts: Iterable[str]) -> set[float]:
    found = (time for text in texts for time in find_times(text) if time.when == "after")
    return {time.months for time in found if time.months is not None}


def _counts_hours(layout: Layout) -> bool:
    """Whether a table follows people over hours."""
    return any(
        time.when == "hours"
        for reading in layout.readings
        for heading in (*reading.stubs, *reading.columns)
        if names_only_a_time(name_of(heading))
        for time in find_times(heading)
    )


def _later(time: Time, layout: Layout, article: Article) -> tuple[float, float]:
    """Months since treatment began, of a time that may be counted from its end."""
    months = time.months or 0.0
    others = {
        found.when
        for path in (*layout.column_headings(), *(reading.stubs for reading in layout.readings))
        for text in path
        for found in find_times(text)
    }
    if (
        months in article.after_end
        and article.treatment is not None
        and article.treatment >= 0.4
        and article.treatment_certainty >= 0.45
    ):
        return round(months + article.treatment, 1), 0.75
    if (
        "hours" in others
        or "post" not in others
        or article.treatment is None
        or article.treatment < 0.4
        or article.treatment >= min(_months_in(_headings(layout)), default=0.0)
    ):
        return months, 1.0
    if months <= 1.3 * article.treatment and article.treatment_certainty >= 0.45:
        return round(months + article.treatment, 1), 0.65
    return months, 0.75


def _caption_change(layout: Layout) -> bool:
    """Whether the caption makes all later numbers of a table changes."""
    caption = plain(layout.table.caption)
    if not re.search(
        r"differences? (?:of|between|from|in) (?:the )?pre|chang\w*[^.]{0,40}(?:from|since|"
        r"between) (?:the )?(?:base|pre)|mean chang|change scores?|differences? (?:from|between|"
        r"in)\b[^.]{0,40}"
        r"(?:base|pre)|(?:reduction|decrease|improvement)s? (?:from|in)[^.]{0,60}(?:from|after)",
        caption,
        re.IGNORECASE,
    ):
        return False
    baseline = any(
        time.when == "baseline"
        for path in (*layout.column_headings(), *(r.headings for r in layout.readings))
        for text in path
        if not speaks_of_change(text)
        for time in find_times(text)
    )
    return not baseline
