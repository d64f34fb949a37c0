"""When: the words of a heading or a caption as months since treatment began."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from reprieve.living.articles.numbers import plain

When = Literal["baseline", "after", "post", "visit", "hours"]

DAYS_IN_MONTH = 30.4375

WORD_NUMBERS = {
    word: number
    for number, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ],
        1,
    )
}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
        ],
        1,
    )
}
_NUMBER = r"\d+(?:\.\d+)?|" + "|".join(WORD_NUMBERS) + "|" + "|".join(_ORDINALS)
_UNITS = {
    "hour": r"hours?|hrs?|h",
    "minute": r"minutes?|mins?",
    "day": r"days?|d",
    "week": r"weeks?|wks?|wk|w",
    "month": r"months?|mths?|mos?|mo|m",
    "year": r"years?|yrs?|yr|y",
}
_UNIT = "|".join(f"(?P<{name}>{pattern})" for name, pattern in _UNITS.items())
_AFTER = re.compile(
    rf"(?<![\w.])(?P<number>{_NUMBER})(?:st|nd|rd|th)?[-\s]*(?:{_UNIT})(?![\w])\.?", re.IGNORECASE
)
_UNIT_FIRST = re.compile(
    r"(?<![\w])(?P<unit>hours?|days?|weeks?|wks?|wk|months?|mths?|mo|years?|yrs?)[-\s.]*"
    rf"(?P<number>{_NUMBER})(?![\w.]*\d)(?![/\w])",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?:[01]?\d|2[0-4]):[0-5]\d\b(?! *(?:next|the next|following))|\bsame day\b", re.IGNORECASE
)
_NEXT_DAY = re.compile(
    r"(?:next|following) (?:day|morning)|\b(?:one|1|the) day after", re.IGNORECASE
)
_SHORT = re.compile(r"(?<![\w])(?P<unit>[WMDY])(?P<number>\d{1,3})(?![\w])")
_LIST = re.compile(
    r"(?P<numbers>\d+(?:\.\d+)?(?:\s*(?:,|and|or|to|&|-)\s*(?:and\s*)?\d+(?:\.\d+)?)+)[-\s]*"
    r"(?P<unit>hours?|days?|weeks?|wks?|months?|mths?|years?|yrs?)\b",
    re.IGNORECASE,
)
_UNIT_LIST = re.compile(
    r"(?P<unit>days|weeks|months|years)\s*(?P<numbers>\d+(?:\s*(?:,|and|or|to|"
    r"&)\s*(?:and\s*)?\d+)+)",
    re.IGNORECASE,
)
_BASELINE = re.compile(
    r"base-?\s?line|pre-?\s?(?:treatment|therapy|intervention|op(?:erative(?:ly)?|eration)?\b|"
    r"injection|test|study|exercise|training|infusion|pharmacopuncture|procedure|surgery|block|"
    r"experiment(?:al)?|treatments?)|\bpre\b|before|at inclusion|\binitial(?:ly)?\b|\badmission\b|"
    r"at (?:entry|enrol?ment|randomi[sz]ation)|\bT0\b|\bday 0\b|\bweek 0\b|\bmonth 0\b|"
    r"\b0\s?(?:weeks?|wks?|months?|days?|min\w*|h)\b|\b(?:week|month|day)s? 0\b|\bentry\b",
    re.IGNORECASE,
)
_POST = re.compile(
    r"post-?\s?(?:treatment|therapy|intervention|test|exercise|training|study|experiment(?:al)?|"
    r"op(?:erative(?:ly)?)?\b|"
    r"injection|infusion|pharmacopuncture|procedure|surgery|block)|\bpost\b|"
    r"(?:after|end|completion|conclusion|finish|close) (?:of )?(?:the )?(?:\w+[- ])?"
    r"(?:treatment|therapy|intervention|program\w*|study|trial|training|sessions?|course|exercise)|"
    r"\bafter\b|end-?\s?point|\bend\b|\bfinal\b|\bfinish\b|last visit|follow-?\s?up|\bdischarge\b|"
    r"study end|completion",
    re.IGNORECASE,
)
_SESSIONS = re.compile(
    r"(?:after|at|following)\s+(?:the\s+)?(?:\w+\s+)?(\d+|"
    + "|".join(WORD_NUMBERS)
    + r")(?:st|nd|rd|th)?\s+(?:treatment\s+)?sessions?",
    re.IGNORECASE,
)
_VISIT = re.compile(
    r"\b(?:visit|v|time ?point|t|assessment|examination|evaluation)\s?(\d)\b", re.IGNORECASE
)
_CHANGE = re.compile(
    r"base\w*\s*-\s*(?:\w+\s)?(?:end|final|post|follow|week|month)|pre\w*\s*[-&]\s*post|"
    r"\bchang\w*|\breduc\w*|\bdecreas\w*|\bimprove\w*|\bdifferences?\b|\bdelta\b|[Δ∆]|\bdiff\b|"
    r"\brelief\b|\bgains?\b|\bdecline\b",
    re.IGNORECASE,
)
_FROM_BASELINE = re.compile(
    r"(?:from|since|versus|vs\.?|to|minus|and|compared (?:to|with)|against|relative to|over|of)"
    r"\s+(?:the\s+)?(?:base-?line|pre-?treatment|before)|base-?line[- ]?(?:to|-|vs\.?)|"
    r"-\s?base-?line|"
    r"adjust\w* (?:for|by) base-?line\w*( values?)?|base-?line[- ]adjusted|"
    r"pre\s?[-/]\s?post|pre-?treatment\s?-|"
    r"between (?:pre|base)",
    re.IGNORECASE,
)


_JOINING = re.compile(
    r"^(?:(?:or|and|in|of|at|for)\s+)+(?=\w)|(?:\s+(?:or|and|in|of|at|for|the))+$|^(?:or|and)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Time:
    """A point in time as words give it.

    Attributes
    ----------
    when : str
        ``"baseline"``; ``"after"`` a number of months; ``"post"``, at the end of treatment, which
        only the text can date; a numbered ``"visit"``; ``"hours"`` after treatment.
    months : float or None
    visit : int or None
    follow_up : bool
        Whether the words say that the months run from the end of treatment.
    """

    when: When
    months: float | None = None
    visit: int | None = None
    follow_up: bool = False


def months_of(number: float, unit: str) -> float:
    """A span in months, as the evidence writes it: one decimal, whole where it nearly is.

    Examples
    --------
    >>> [months_of(n, "week") for n in (1, 2, 6, 8, 12, 26)]
    [0.2, 0.5, 1.4, 1.8, 2.8, 6.0]
    >>> months_of(1, "year"), months_of(30, "day"), months_of(1, "day")
    (12.0, 1.0, 0.03)
    """
    if unit == "year":
        return round(number * 12.0, 1)
    if unit == "month":
        return round(number, 2)
    days = number * {"week": 7.0, "day": 1.0, "hour": 1 / 24, "minute": 1 / 1440}[unit]
    months = days / DAYS_IN_MONTH
    return round(months, 1) if months >= 0.15 else round(months, 2)


def find_times(text: str) -> list[Time]:
    """Every point in time that a heading names, in its order.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> find_times("At baseline"), find_times("9-month follow-up")
    ([Time(when='baseline', months=None, visit=None, follow_up=False)],
     [Time(when='after', months=9.0, visit=None, follow_up=True)])
    >>> [time.months for time in find_times("after 4, 8 and 12 weeks")]
    [0.9, 1.8, 2.8]
    >>> find_times("Post-treatment")[0].when, find_times("Visit 5")[0].visit
    ('post', 5)
    """
    return [time for _, _, time in _found_times(text)]


def without_times(text: str) -> str:
    """A heading without the words that say when.

    Examples
    --------
    >>> without_times("Pain Baseline"), without_times("VAS at 12 weeks")
    ('Pain', 'VAS')
    """
    kept = plain(text)
    for pattern in (_LIST, _UNIT_LIST, _AFTER, _UNIT_FIRST, _BASELINE, _VISIT):
        kept = pattern.sub(" ", kept)
    kept = re.sub(
        r"\b(?:post-?\s?(?:treatment|test|intervention|experiment(?:al)?|therapy)|post|end|final|"
        r"follow-?\s?up|after)\b",
        " ",
        kept,
        flags=re.IGNORECASE,
    )
    return without_joining_words(re.sub(r"\s+", " ", kept).strip(" -,;:"))


def without_joining_words(name: str) -> str:
    """A name without the words that joined it to a time or a number that was taken out.

    Examples
    --------
    >>> without_joining_words("Group C at"), without_joining_words("or Control")
    ('Group C', 'Control')
    """
    return _JOINING.sub("", name).strip(" -,;:")


@lru_cache(maxsize=8192)
def _found_times(text: str) -> list[tuple[int, int, Time]]:
    text = plain(text)
    text = _FROM_BASELINE.sub(" ", text)
    text = (
        re.sub(
            r"(?:over|for|in|during|within|past|previous|last|preceding)\s+(?:the\s+)?"
            r"(?:(?:past|previous|last|preceding)\s+)?(?:\d+|\w+)?\s*(?:days?|hours?|weeks?|"
            r"months?|h)\b(?=.*(?:vas|nrs|pain|average|worst))",
            " ",
            text,
            flags=re.IGNORECASE,
        )
        if re.search(r"past|previous|last \w+ (?:day|hour|week)|preceding", text, re.IGNORECASE)
        else text
    )
    text = re.sub(
        r"\d+\s?[-–]?\s?(?:min(?:ute)?s?|m|meters?|metres?|feet)\b[- ]*(?:timed )?(?:walk\w*)",
        " ",
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(
        r"(?:six|6|two|2|ten|10)[- ]?(?:min(?:ute)?s?|m)[- ](?:walk\w*)",
        " ",
        text,
        flags=re.IGNORECASE,
    )
    metres = bool(re.search(r"walk|\brun|distance|sprint", text, re.IGNORECASE))
    found: list[tuple[int, int, Time]] = []
    taken: list[tuple[int, int]] = []

    def take(match: re.Match[str], times: list[Time]) -> None:
        if any(a < match.end() and match.start() < b for a, b in taken):
            return
        taken.append(match.span())
        found.extend((match.start(), match.end(), time) for time in times)

    follow_up = bool(
        re.search(
            r"follow-?\s?up|after (?:the )?(?:end|treatment|intervention|completion|therapy)|"
            r"post-?\s?(?:treatment|intervention|therapy)",
            text,
            re.IGNORECASE,
        )
    )
    for pattern in (_LIST, _UNIT_LIST):
        for match in pattern.finditer(text):
            unit = unit_of(match["unit"])
            numbers = [float(n) for n in re.findall(r"\d+(?:\.\d+)?", match["numbers"])]
            take(match, [_after(n, unit, follow_up) for n in numbers])
    for match in _AFTER.finditer(text):
        unit = next(name for name in _UNITS if match[name])
        if unit == "month" and match[unit].lower() == "m" and metres:
            continue
        take(match, [_after(as_number(match["number"]), unit, follow_up)])
    for match in _UNIT_FIRST.finditer(text):
        take(match, [_after(as_number(match["number"]), unit_of(match["unit"]), follow_up)])
    for match in _SHORT.finditer(text):
        take(match, [_after(float(match["number"]), unit_of(match["unit"]), follow_up)])
    for match in _NEXT_DAY.finditer(text):
        take(match, [_after(1.0, "day", False)])
    for match in _CLOCK.finditer(text):
        take(match, [Time("hours", months=0.0)])
    for match in _BASELINE.finditer(text):
        take(match, [Time("baseline")])
    for match in _SESSIONS.finditer(text):
        take(match, [Time("post")])
    for match in _VISIT.finditer(text):
        take(match, [Time("visit", visit=int(match[1]))])
    if not found:
        for match in _POST.finditer(text):
            take(
                match, [Time("post", follow_up=bool(re.search("follow", match[0], re.IGNORECASE)))]
            )
            break
    if any(time.when != "visit" for _, _, time in found):
        found = [item for item in found if item[2].when != "visit"]
    return sorted(found, key=lambda item: item[0])


@lru_cache(maxsize=8192)
def names_only_a_time(name: str) -> bool:
    """Whether a heading says when, and nothing else.

    Examples
    --------
    >>> names_only_a_time("After 12 weeks"), names_only_a_time("WOMAC at 12 weeks")
    (True, False)
    """
    times = find_times(name)
    if not times:
        return False
    if times[0].when == "visit":
        return bool(
            re.match(r"^\W*(?:visit|v|t|time ?point|assessment)\s?\d\W*$", name, re.IGNORECASE)
        )
    bare = re.sub(
        r"\d+|\b(?:weeks?|wks?|months?|days?|years?|hours?|h|min\w*|baseline|pre|post|after|"
        r"before|at|follow|up|followup|"
        r"visit|treatment|therapy|intervention|change|from|since|to|end|of|th|st|nd|rd|w|m|d|"
        r"test|initial|final|"
        r"immediate(?:ly)?|experiment(?:al)?|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|"
        r"twelfth|last|next|following|morning|sessions?|time|point|mean|one|two|three|four|six|"
        r"eight|twelve|assessment|"
        r"procedure|injection|surgery|operation|operative|study|endpoint|the|in|score|month|week|"
        r"period|\w*treatment|\w*therapy|"
        r"\w*intervention|(?:pre|post)\w+|\w*operative\w*|\w*test|evaluation|pharmacopuncture|"
        r"difference|differences|reduction|improvement)\b|[^\w]",
        " ",
        name,
        flags=re.IGNORECASE,
    )
    return len(re.sub(r"\s", "", bare)) < 3


def speaks_of_change(text: str) -> bool:
    """Whether a heading is about a change since baseline.

    Examples
    --------
    >>> speaks_of_change("Mean change from baseline"), speaks_of_change("6 months")
    (True, False)
    """
    return bool(_CHANGE.search(text))


def _after(number: float, unit: str, follow_up: bool) -> Time:
    if number == 0:
        return Time("baseline")
    if unit in ("hour", "minute"):
        return Time("hours", months=months_of(number, unit))
    return Time("after", months=months_of(number, unit), follow_up=follow_up)


def unit_of(unit: str) -> str:
    """The unit of time that a word or its short form means."""
    first = unit.lower()
    for name, start in (
        ("month", ("mo", "mth", "m")),
        ("minute", ("min",)),
        ("week", ("w",)),
        ("day", ("d",)),
        ("year", ("y",)),
        ("hour", ("h",)),
    ):
        if first.startswith(start) and not (name == "month" and first.startswith("min")):
            return name
    return "day"


def as_number(text: str) -> float:
    """A number in figures or words."""
    text = text.lower()
    return float(WORD_NUMBERS.get(text) or _ORDINALS.get(text) or text)
