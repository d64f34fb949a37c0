"""When: the words of titles and time frames as months since treatment."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS_A_MONTH = 30.4375
_SAME_VISIT = 0.3
"""Months by which "week 12" and "month 3" differ at most."""
_MONTHS = {"day": 1 / DAYS_A_MONTH, "week": 7 / DAYS_A_MONTH, "month": 1.0, "year": 12.0}
_WORDS = "one two three four five six seven eight nine ten eleven twelve"
_UNIT = r"(?P<unit>d(?:ays?)?|w(?:ee)?ks?|wks?|m(?:o(?:nths?|s)?)?|months?|y(?:ea)?rs?)\b"
_NUMBER = r"\d+(?:\.\d+)?"
_NUMBERS = rf"{_NUMBER}(?:(?:\s*(?:,|/|;|&|-|–|and|or|to|,\s*and)\s*(?:at\s+)?){_NUMBER})*"
_BEFORE_UNIT = re.compile(
    rf"(?<![\w.,:])(?P<numbers>{_NUMBERS})\s*-?\s*{_UNIT}"
    r"(?!\s*(?:walk|(?:fast|self)[- ]paced|distance|sprint|(?:stem |stromal )?cells?\b|mscs?\b))",
    re.I,
)
_AFTER_UNIT = re.compile(
    rf"\b(?P<unit>days?|weeks?|wks?|months?|years?)\s*(?P<numbers>{_NUMBERS})(?![\d.]*\s*(?:mm|cm|%))",
    re.I,
)
_BASELINE = re.compile(
    r"\bbase\s?-?line\b|\bbasal\b|\bpre-?\s?(?:treatment|injection|op(?:erative)?|dose|infusion)\b"
    r"|\bbefore (?:the )?(?:treatment|injection|infusion|surgery|procedure|intervention|therapy)"
    r"|\bzero\b|\bday 0\b|\bscreening\b",
    re.I,
)
_FROM_BASELINE = re.compile(
    r"(?:from|since|versus|vs\.?|compared (?:to|with)|relative to)\s+(?:the\s+)?"
    r"(?:base\s?-?line|basal)"
    r"(?:\s+(?:to|at|through)\b)?",
    re.I,
)
_NAMED_BASELINE = re.compile(r"(base\s?-?line)\s*\([^()]*\)", re.I)
_FROM_ZERO = re.compile(r"^0\s*(?:-|–|to)\s*")
_SHORT = re.compile(r"\b(?P<unit>[MW])(?P<numbers>\d{1,3})\b")
_CHANGE = re.compile(r"\bchanges?\b|\bdifferences? (?:from|to|between) (?:base|pre)|[Δ∆]", re.I)
_TURNED = re.compile(
    r"\b(?:reductions?|decreases?|improvements?|declines?|gains?|increases?|relief)\b", re.I
)
_RELATIVE = re.compile(
    r"(?:%|\bpercent(?:age)?\b|\brelative\b|\bpercent-)\s*(?:of\s+)?(?:the\s+)?(?:pain\s+)?"
    r"(?:changes?|reduction|improvement|decrease|difference)"
    r"|(?:change|reduction|improvement)s? \(?(?:in )?(?:%|percent)",
    re.I,
)
_BOUND = re.compile(r"\bup to\b|\bthrough(?:out)?\b|\bwithin\b|\bduring\b|\bover\b|\buntil\b", re.I)
_RECALL = re.compile(
    r"\b(?:past|last|previous|preceding|prior)\s+(?:\d+|two|three|four|few|several)?\s*-?\s*"
    r"(?:hours?|days?|weeks?|months?)\b|\b\d+\s*-?\s*hours?\b"
    r"|\b\d+[\s-]*(?:days?|weeks?)[\s-]+(?:average|mean|recall|diary|period)s?\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Times:
    """The times that a text names.

    Attributes
    ----------
    months : tuple of float
        Each once, ascending; without baseline.
    baseline : bool
        Whether the time before treatment is named, other than as what a change is from.
    bound : bool
        Whether the times are ends of a span ("up to 24 months") rather than visits.
    """

    months: tuple[float, ...] = ()
    baseline: bool = False
    bound: bool = False

    @property
    def one(self) -> float | None:
        """The time, where the text names exactly one."""
        if self.bound or len(self.months) + self.baseline != 1:
            return None
        return self.months[0] if self.months else 0.0

    def fit(self, others: Times) -> bool:
        """Whether all these times are among others, where both name any.

        Examples
        --------
        >>> times_in("week 12").fit(times_in("3 and 6 months"))
        True
        >>> times_in("month 2").fit(times_in("6 months")), times_in("month 2").fit(Times())
        (False, True)
        """
        if not others.months:
            return True
        return all(
            any(abs(month - other) <= _SAME_VISIT for other in others.months)
            or (others.bound and month <= others.months[-1])
            for month in self.months
        )

    @property
    def latest(self) -> float | None:
        """The latest time named."""
        return self.months[-1] if self.months else None


def months_of(number: float, unit: str) -> float:
    """A span in months with one decimal, as the evidence writes it; two for the first days.

    Examples
    --------
    >>> months_of(6, "week"), months_of(12, "week"), months_of(90, "day"), months_of(1, "day")
    (1.4, 2.8, 3.0, 0.03)
    """
    months = number * _MONTHS[unit]
    return round(months, 1 if months >= 0.15 else 2)


def times_in(text: str) -> Times:
    """The times that a text names.

    A number without a unit is no time, and a span that people look back on ("pain in the past
    week") is none.

    Examples
    --------
    >>> times_in("Change from baseline at Month 9 (Pain)").one
    9.0
    >>> times_in("Baseline, 6 weeks, 12 weeks, 6, 12, 24 months after intervention")
    Times(months=(1.4, 2.8, 6.0, 12.0, 24.0), baseline=True, bound=False)
    >>> times_in("Sural Nerve conduction Velocity at zero day").one, times_in("year 2").one
    (0.0, 24.0)
    >>> times_in("Weeks 8-12").one, times_in("0 to 6 months").one, times_in("10 M cells").one
    (None, 6.0, None)
    >>> times_in("Up to 24 months").one, times_in("Up to one year").latest
    (None, 12.0)
    """
    text = _NAMED_BASELINE.sub(r"\1", _spelled_out(text))
    named_from = _FROM_BASELINE.search(text)
    text = _RECALL.sub(" ", _FROM_BASELINE.sub(" ", text))
    months: set[float] = set()
    baseline = bool(_BASELINE.search(text))
    for pattern in (_BEFORE_UNIT, _AFTER_UNIT, _SHORT):
        for match in pattern.finditer(text):
            unit = _unit(match["unit"])
            numbers = re.findall(_NUMBER, _FROM_ZERO.sub("", match["numbers"]))
            for number in numbers:
                month = months_of(float(number), unit)
                if float(number) == 0:
                    baseline = True
                elif month <= 600:
                    months.add(month)
        text = pattern.sub(" ", text)
    bound = bool(_BOUND.search(text)) and not named_from
    return Times(tuple(sorted(months)), baseline, bound)


def without_times(text: str) -> str:
    """What is left of a text without its times, in small letters.

    Examples
    --------
    >>> without_times("SF-36. Vitality. 6 months"), without_times("Sural NCV at zero day")
    ('sf 36 vitality', 'sural ncv')
    """
    text = _FROM_BASELINE.sub(" ", _spelled_out(text))
    for pattern in (_BEFORE_UNIT, _AFTER_UNIT, _BASELINE):
        text = pattern.sub(" ", text)
    return " ".join(re.sub(r"[^a-z0-9]+|\b(?:at|days?|zero)\b", " ", text.lower()).split())


def speaks_of_change(text: str) -> bool:
    """Whether a text says that values are changes since baseline.

    Examples
    --------
    >>> speaks_of_change("Change From Baseline on VAS"), speaks_of_change("IKDC Score")
    (True, False)
    """
    return bool(_CHANGE.search(text) or _FROM_BASELINE.search(text))


def speaks_of_gain(text: str) -> bool:
    """Whether a text names a change by where it goes ("reduction"), so that its sign is unsaid.

    Examples
    --------
    >>> speaks_of_gain("Reduction in VAS pain"), speaks_of_gain("Change in VAS pain")
    (True, False)
    """
    return bool(_TURNED.search(text))


def speaks_of_percent(text: str) -> bool:
    """Whether a text is about a change in percent of the first value.

    Examples
    --------
    >>> speaks_of_percent("Percent change in VAS"), speaks_of_percent("Change in VAS (0-100)")
    (True, False)
    """
    return bool(_RELATIVE.search(text))


def _spelled_out(text: str) -> str:
    return re.sub(
        rf"\b({_WORDS.replace(' ', '|')})(?=[\s-]+(?:days?|weeks?|months?|years?)\b)",
        lambda match: str(_WORDS.split().index(match[1].lower()) + 1),
        text,
        flags=re.I,
    )


def _unit(written: str) -> str:
    return {"d": "day", "w": "week", "m": "month", "y": "year"}[written[0].lower()]
