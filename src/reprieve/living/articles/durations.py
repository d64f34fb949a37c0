"""How long treatment went on, and when numbered visits were, as the text of an article tells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from reprieve.living.articles.numbers import plain
from reprieve.living.articles.times import (
    WORD_NUMBERS,
    Time,
    as_number,
    find_times,
    months_of,
    unit_of,
)

_MANY = re.compile(
    r"(?:\d+(?:\.\d+)?-?\s*(?:days?|weeks?|months?|years?)?\s*(?:,\s*and|,|and|"
    r"&)\s*)+\d+(?:\.\d+)?[- ]?(?:days?|weeks?|months?|years?)"
    r"[^.;]{0,60}?\bvisits? ?(?P<first>\d)\s*(?:-|to|through|"
    r",[^.;]{0,20}?and)\s*(?:visit ?)?(?P<last>\d)",
    re.IGNORECASE,
)
_VISIT_DATED = re.compile(
    r"\bvisit ?(?P<v1>\d)\s*[(\[=,:]\s*(?P<t1>[^)\];]{2,30})[)\];]|"
    r"(?P<t2>(?:(?:day|week|month)s? ?\d+|\d+[- ]?(?:days?|weeks?|months?)|"
    r"base-?line))\s*[(\[]\s*visit ?(?P<v2>\d)\s*[)\]]",
    re.IGNORECASE,
)
_TREAT = (
    r"(?:treat\w*|therap\w*|intervention\w*|program\w*|exercis\w*|training|sessions?|supplement\w*|"
    r"administ\w*|acupuncture|stimulation|course|diet\w*|medication|physiotherapy|daily|"
    r"regimen|trial|study|"
    r"rehabilitation|double-?blind\w*|randomi[sz]ed|controlled|phase|placebo|injections?)"
)
_SPAN_NUMBER = r"\d+|" + "|".join(WORD_NUMBERS)
_SPAN_UNIT = r"days?|weeks?|wks?|months?"
_BETWEEN = (
    r"(?:(?!after|post|follow|before|prior|of\b|since|later|at\b|and\b|or\b)[a-z-]+,?\s){0,3}"
)
_TREATED_FOR = re.compile(
    rf"(?:\b(?P<a>{_SPAN_NUMBER})[- ]?(?P<ua>{_SPAN_UNIT})[-, ]+{_BETWEEN}{_TREAT}\b)"
    rf"|(?:{_TREAT}[^.;]{{0,60}}?\bfor\s+(?:a (?:total|period) of |the |"
    rf"up to )?(?P<b>{_SPAN_NUMBER})"
    rf"[- ](?:consecutive )?(?P<ub>{_SPAN_UNIT})\b)"
    rf"|(?:(?:times?|sessions?|days?|once|twice|thrice)\s*"
    rf"(?:of \d+(?:-\d+)?[- ]min\w*\s(?:each\s)?)?"
    rf"(?:a|per|/|each|every)\s*(?:week|day)[^.;]{{0,40}}?"
    rf"\b(?:for|over|during|in|throughout|within)\s+(?:a |the )?(?:total |period )?(?:of )?"
    rf"(?P<c>{_SPAN_NUMBER})[- ](?:consecutive )?"
    rf"(?P<uc>{_SPAN_UNIT})\b)"
    rf"|(?:(?:after|over|during|at the end of|end of|"
    rf"following) (?:the )?(?P<d>{_SPAN_NUMBER})[- ](?P<ud>{_SPAN_UNIT}) of\b)",
    re.IGNORECASE,
)
_OF_TRIAL = re.compile(
    r"(?:trial|study|double-?blind\w*|randomi[sz]ed|controlled|phase|placebo)$", re.IGNORECASE
)
_ASSESSED = re.compile(
    rf"post-?\s?(?:treatment|test|intervention)[^.;]{{0,60}}?\b(?P<a>{_SPAN_NUMBER})[- ]"
    rf"(?P<ua>weeks?|months?)\s(?:after|from|of|following)",
    re.IGNORECASE,
)
_AFTER_THE_END = re.compile(
    rf"\b(?P<a>{_SPAN_NUMBER})[- ]?(?P<ua>weeks?|months?|years?)\s(?:after|post|following|from|"
    r"beyond|past)[- ](?:the )?(?:end|completion|cessation|conclusion|finishing|completing|"
    r"termination|last (?:session|treatment))\b",
    re.IGNORECASE,
)
_LABEL = r"(?:visit|v|t|time ?point|time|assessment|examination|evaluation|test) ?"
_LABEL_DATED = re.compile(
    rf"(?<![\w.]){_LABEL}(?P<v1>\d)\s*[(\[=,:]\s*(?P<t1>[^)\];.,=]{{3,60}})|"
    rf"(?P<t2>[^()\[\];,.]{{3,60}})[(\[]\s*{_LABEL}(?P<v2>\d)\s*[)\]]",
    re.IGNORECASE,
)
_FOLLOWED = re.compile(
    rf"\b(?P<a>{_SPAN_NUMBER})[- ]?(?P<ua>weeks?|months?|years?)[- ](?:of )?follow[- ]?up"
    rf"|follow(?:ed|[- ]?up)(?: up)?\s(?:\w+\s){{0,3}}?(?:for|at|after|was|of|to)\s"
    rf"(?P<b>{_SPAN_NUMBER})[- ](?P<ub>weeks?|months?|years?)",
    re.IGNORECASE,
)
_RATE = (
    r"(?:\d|one|two|three|four|five|six|once|twice|thrice)\s*(?:times |sessions |days )?(?:a|"
    r"per|/|each|every)\s*week"
    r"|every other day|daily|every day|once a day"
)
_TOTAL = (
    rf"(?:\d+|{'|'.join(WORD_NUMBERS)})\s+(?:\w+ )?"
    r"(?:sessions?|treatments|injections?|visits|times)\b"
)
_SESSION_COUNT = re.compile(
    rf"\b(?P<total>{_TOTAL})(?:(?!\d+[- ]?(?:weeks|months))[^.;]){{0,60}}?(?P<rate>{_RATE})"
    rf"|\b(?P<rate2>{_RATE})(?:(?!\d+[- ]?(?:weeks|months))[^.;]){{0,50}}?(?:total|"
    rf"course) of (?P<total2>{_TOTAL})",
    re.IGNORECASE,
)
_A_WEEK = re.compile(
    r"\b(?:\d|one|two|three|four|five|six|once|twice|thrice)\s*(?:times |sessions |days )?"
    r"(?:a|per|/|each|every)\s*week",
    re.IGNORECASE,
)


def length_of_treatment(title: str, abstract: str, methods: str) -> tuple[float | None, float]:
    """How long treatment went on, as far as the text tells, in months, and how surely.

    Title, abstract and methods are searched for spans beside words for treatment; the title
    counts most. Sessions a week are counted out.

    Returns
    -------
    months : float or None
    certainty : float
        Share of the votes that went to it.

    Examples
    --------
    >>> length_of_treatment("A 4-week randomised trial", "Patients took it for 4 weeks.", "")
    (0.9, 0.89)
    """
    of_treatment: defaultdict[float, float] = defaultdict(float)
    of_trial: defaultdict[float, float] = defaultdict(float)
    for weight, text in ((4.0, title), (2.0, abstract), (1.0, methods)):
        text = plain(text)
        for match in _TREATED_FOR.finditer(text):
            months = _span(match, "abcd")
            if months is not None:
                votes = of_trial if _OF_TRIAL.search(match[0]) else of_treatment
                votes[months] += weight
        for match in _ASSESSED.finditer(text):
            months = _span(match, "a")
            if months is not None:
                of_treatment[months] += 3.0
        for match in _SESSION_COUNT.finditer(text):
            total = as_number((match["total"] or match["total2"]).split()[0])
            rate = _rate(_A_WEEK.search(match[0]) or match["rate"] or match["rate2"])
            if rate:
                of_treatment[months_of(total / rate, "week")] += weight
    votes = of_treatment or of_trial
    if not votes:
        return None, 0.0
    for months in votes:
        votes[months] += of_trial[months] if votes is of_treatment else 0.0
    return _most_voted(votes)


def _most_voted(votes: Mapping[float, float]) -> tuple[float, float]:
    """The months with most votes, and their share; of equals the longest."""
    months, most = max(votes.items(), key=lambda item: (item[1], item[0]))
    # Half a vote for what was not found keeps a single mention from being certain.
    return months, round(most / (sum(votes.values()) + 0.5), 2)


def _span(match: re.Match[str], names: str) -> float | None:
    """The months of a span of a day to a year, from whichever of its groups was found."""
    name = next(name for name in names if match[name])
    unit = unit_of(match[f"u{name}"])
    months = months_of(as_number(match[name]), unit)
    return months if unit in ("day", "week", "month") and 0.15 <= months <= 12 else None


def length_of_follow_up(title: str, abstract: str, text: str) -> tuple[float | None, float]:
    """At which month people were followed up, where the text speaks of one follow-up.

    Returns
    -------
    months : float or None
    certainty : float
        Share of the votes that went to it.

    Examples
    --------
    >>> length_of_follow_up("", "Pain fell at the 6-month follow-up.", "followed for 6 months")
    (6.0, 0.86)
    >>> length_of_follow_up("", "", "")
    (None, 0.0)
    """
    votes: defaultdict[float, float] = defaultdict(float)
    for weight, part in ((4.0, title), (2.0, abstract), (1.0, text)):
        for match in _FOLLOWED.finditer(plain(part)):
            number, unit = match["a"] or match["b"], unit_of(match["ua"] or match["ub"])
            if unit in ("week", "month", "year"):
                votes[months_of(as_number(number), unit)] += weight
    if not votes:
        return None, 0.0
    return _most_voted(votes)


def months_after_the_end(text: str) -> frozenset[float]:
    """Spans that a text counts from the end of treatment, in months.

    Examples
    --------
    >>> months_after_the_end("assessed 6 months after the end of treatment and at 12 months")
    frozenset({6.0})
    """
    return frozenset(
        months_of(as_number(found["a"]), unit_of(found["ua"]))
        for found in _AFTER_THE_END.finditer(plain(text))
    )


def only_time_named(text: str) -> float | None:
    """The one time in weeks or months that a title and an abstract name, in months.

    Examples
    --------
    >>> only_time_named("Pain was measured before and after 8 weeks."), only_time_named("")
    (1.8, None)
    """
    named = {
        time.months
        for sentence in re.split(r"(?<=[.;:])\s", plain(text))
        for time in find_times(sentence)
        if time.when == "after" and time.months is not None and 0.15 <= time.months <= 12
    }
    return named.pop() if len(named) == 1 else None


def dated_visits(text: str, treatment: float | None = None) -> dict[int, float]:
    """The months of numbered visits, where the text dates them.

    Parameters
    ----------
    text : str
        Methods and notes of tables.
    treatment : float or None
        The month at which treatment ended, for visits at its end.

    Examples
    --------
    >>> dated_visits("seen at 1 week, 6 weeks, and 12 weeks (Visit 5-Visit 7)")
    {5: 0.2, 6: 1.4, 7: 2.8}
    >>> dated_visits("at week 4 (visit 3) and visit 4 (3 months)")
    {3: 0.9, 4: 3.0}
    >>> dated_visits("T0, baseline; T1, end of treatment; T2, after 90 days", 0.9)
    {0: 0.0, 1: 0.9, 2: 3.0}
    """
    text = plain(text)
    found: dict[int, float] = {}
    for match in _MANY.finditer(text):
        first, last = int(match["first"]), int(match["last"])
        words = match[0][: match.start("first") - match.start()]
        months = [time.months for time in find_times(words) if time.when == "after"]
        if len(months) == last - first + 1:
            found.update({first + i: month for i, month in enumerate(months) if month is not None})
    for match in _VISIT_DATED.finditer(text):
        visit = int(match["v1"] or match["v2"])
        times = find_times(match["t1"] or match["t2"])
        if len(times) == 1 and visit not in found:
            found[visit] = 0.0 if times[0].when == "baseline" else times[0].months or 0.0
    for match in _LABEL_DATED.finditer(text):
        visit = int(match["v1"] or match["v2"])
        months_named = [
            _month_of(time, treatment) for time in find_times(match["t1"] or match["t2"])
        ]
        if len(months_named) == 1 and visit not in found and months_named[0] is not None:
            found[visit] = months_named[0]
    return dict(sorted(found.items()))


def _month_of(time: Time, treatment: float | None) -> float | None:
    """The month of a time of measuring that a text gives to a visit."""
    if time.when == "post":
        return treatment
    return {"baseline": 0.0, "after": time.months}.get(time.when)


def _rate(said: re.Match[str] | str) -> float | None:
    """Sessions a week; what is said by the week goes before what is said by the day."""
    words = (said if isinstance(said, str) else said[0]).lower()
    if "every other day" in words:
        return 3.0
    if "daily" in words or "every day" in words or "a day" in words:
        return 7.0
    first = words.split()[0]
    return {"once": 1.0, "twice": 2.0, "thrice": 3.0}.get(first) or as_number(first) or None
