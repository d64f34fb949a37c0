"""With what: the words of a measure as an instrument of the vocabulary.

The words are data: ``data/families.csv`` tells questionnaires apart, ``data/parts.csv`` their
parts. A part without an instrument is one that the vocabulary has no word for.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PAIN = re.compile(r"\bpain(?:ful)?\b|\bache\b|\bnprs\b", re.I)
_NOT_PAIN = re.compile(
    r"global|fatigue|stiff|prurit|itch|satisf|disab|quality|\bhealth\b|instabil|swell|sleep"
    r"|anxiety|well-?being|difficult|activity limitation|responder|percent|number of|rescue"
    r"|function|mobility|mood|depress|nausea|numb|tingl|spasm|procedur|harvest|iliac crest"
    r"|donor site|injection pain|during (?:the )?injection",
    re.I,
)
_NOT_THE_ARM = re.compile(
    r"sub-?group|kellgren|\bk-?l\b|responders|completers|per[- ]protocol|sensitivity analysis"
    r"|contralateral|untreated|opposite (?:knee|side)|non-?(?:treated|index)",
    re.I,
)
_NOT_A_SCORE = re.compile(
    r"\bauc\b|area under|time-?weighted|\bspid\b|\bsum of\b|cumulative|\bslope\b|rate of change"
    r"|variability|standardi[sz]ed|\bz-?scores?\b|\blog\b|\btime to\b|maximum change|correlation",
    re.I,
)
_NERVES = (
    ("common peroneal motor", re.compile(r"common peroneal", re.I)),
    ("tibial motor", re.compile(r"tibial motor", re.I)),
    ("ulnar motor", re.compile(r"ulnar motor", re.I)),
    ("ulnar sensory", re.compile(r"ulnar sensory", re.I)),
    ("sural", re.compile(r"\bsural\b", re.I)),
)
_RESPONSE_FORMAT = re.compile(r"\b(?:vas|nrs|likert)[- ](?:version|format|subscale|scaled)", re.I)
_WORST_END = re.compile(
    r"\bworst\b(?![^.;,()]{0,40}\b(?:last|past|previous|preceding|24|days?|weeks?|months?)\b)", re.I
)
"""The worst as the end of a scale; a kind of pain is the worst of a time."""
_CONDUCTION = re.compile(r"velocit(?:y|ies)|latenc(?:y|ies)|amplitudes?", re.I)
_UNDERSTOOD = re.compile(
    r"\b(?:changes?|differences?|from|to|at|in|of|on|the|and|for|per|post|after|between|during|with|by"
    r"|base\s?-?line|basal|before|zero|day|days|weeks?|wks?|months?|mo|m|years?|yrs?|y|d|w"
    r"|visits?|follow-?\s?ups?|fu|time|point|injections?|treatments?|interventions?|therapy"
    r"|scores?|subscores?|scales?|sub-?scales?|means?|values?|index|domain|level|points?|mm|cm|ms"
    r"|outcomes?|results?|measurements?|assessment|no|nº|number|knees?|shoulder|elbow|back|pains?"
    r"|intensity|raw|t|mri|map|mapping|health|global|nerves?|motor|sensory|conduction|loss|life"
    r"|velocit(?:y|ies)|latenc(?:y|ies)|amplitudes?)\b",
    re.I,
)
NO_INSTRUMENT = "names no instrument that is known"
_ANY_VERSION = ("WOMAC", "VAS", "Lequesne", "EQ-5D", "RMDQ", "SF-MPQ", "tendon", "nerve")
"""Instruments whose range must be read with every score."""


@dataclass(frozen=True, slots=True)
class Found:
    """An instrument of the vocabulary, or why there is none.

    Attributes
    ----------
    domain, instrument : str
        Empty where nothing was found.
    reason : str
        Empty where something was.
    of_whole : bool
        Whether a questionnaire with parts was named without one of them; its range must tell
        that the score is of the whole.
    """

    domain: str = ""
    instrument: str = ""
    reason: str = ""
    of_whole: bool = False

    @property
    def has_one_range(self) -> bool:
        """Whether the instrument is always used on the range that the vocabulary gives."""
        return bool(self.instrument) and not self.instrument.startswith(_ANY_VERSION)


def families_in(text: str) -> frozenset[str]:
    """The questionnaires and scales that a text names.

    Examples
    --------
    >>> sorted(families_in("WOMAC and Visual Analog Scale (VAS)"))
    ['vas', 'womac']
    """
    text = _spaced(text)
    found = {name for name, pattern in _families().items() if pattern.search(text)}
    if found & {"eq5d", "global_rating"} or (len(found) == 2 and _RESPONSE_FORMAT.search(text)):
        found -= {"vas", "nrs"}
    return frozenset(found)


def families_with_part(text: str) -> frozenset[str]:
    """The questionnaires that have a part of this name, for a title that names none of them.

    A title that says more than the part and a time may be of anything. Pain is a part of more
    questionnaires than the vocabulary knows parts of, and what rating scales are for.

    Examples
    --------
    >>> sorted(families_with_part("QOL")), sorted(families_with_part("Item 6"))
    (['koos'], [])
    >>> families_with_part("Pain at rest"), "vas" in families_with_part("Pain, month 6")
    (frozenset(), True)
    """
    text = _spaced(text)
    found = {
        family
        for family, parts in _parts().items()
        if family not in _RATINGS
        for part in parts
        if part.instrument and part.pattern.pattern and part.pattern.search(text)
        if not _strange_words(family, text)
    }
    return frozenset(found | _WITH_PAIN if found and _PAIN.search(text) else found)


def find_instrument(line: str, title: str, description: str, unit: str = "") -> Found:
    """The instrument behind a value.

    What stands nearest to the value counts: the title of its line, then that of the measure, then
    the description. Two instruments in one of them are one too many, and so is a word of the
    line that is not understood.

    Parameters
    ----------
    line, title, description, unit : str
        Of the line of the table, and of the measure.

    Examples
    --------
    >>> find_instrument("KOOS Pain (3 months)", "Knee Injury and Osteoarthritis Outcome Score", "")
    Found(domain='pain', instrument='KOOS pain', reason='', of_whole=False)
    >>> find_instrument("", "Pain During Rest", "assessed by visual analog scale (VAS)").instrument
    'VAS (rest)'
    >>> find_instrument("", "Pain (WOMAC and KOOS)", "").reason
    'names several instruments (koos, womac)'
    >>> find_instrument("Left knee", "WOMAC pain", "").reason
    "the title of its line says more than is understood: 'left'"
    """
    line, title = _spaced(line), _spaced(title)
    family, reason = _family(line, title, description)
    if reason:
        return Found(reason=reason)
    if _NOT_THE_ARM.search(f"{line} {title}"):
        return Found(reason="is of a part of the people or of another joint, not of the arm")
    if _NOT_A_SCORE.search(f"{line} {title} {unit}"):
        return Found(reason="is made of several scores, or of something else than a score")
    if family == "nerve":
        return _nerve(line, title)
    if family in _RATINGS and (reason := _not_of_pain(line, title, description)):
        return Found(reason=reason)
    found = _part(family, line, title, description, unit)
    if found.instrument and (strange := _strange_words(family, line)):
        return Found(reason=f"the title of its line says more than is understood: {strange!r}")
    return found


def _family(line: str, title: str, description: str) -> tuple[str, str]:
    for text in (line, title, description):
        found = families_in(text)
        if len(found) > 1:
            return "", f"names several instruments ({', '.join(sorted(found))})"
        if found:
            return next(iter(found)), ""
    return "", NO_INSTRUMENT


def _not_of_pain(line: str, title: str, description: str) -> str:
    """Why a rating scale is not one of pain; empty where it is."""
    if _NOT_PAIN.search(line if families_in(line) else f"{line} {title}"):
        return "a rating, but not simply of pain"
    said = f"{line} {title} {description}"
    return "" if _PAIN.search(said) else "a rating of something unsaid"


def _part(family: str, line: str, title: str, description: str, unit: str) -> Found:
    parts = _parts().get(family, ())
    if not parts:
        return Found(reason="an instrument that the vocabulary has no word for")
    texts = [line, title]
    if family in _RATINGS:
        texts.append(_WORST_END.sub(" ", _spaced(description)))
    elif family == "t2":
        texts = [unit]
    for text in texts:
        named = {part for part in parts if part.pattern.pattern and part.pattern.search(text)}
        if len(named) > 1:
            return Found(reason=f"names several parts or kinds of {_SHOWN.get(family, family)}")
        if named:
            part = named.pop()
            if not part.instrument:
                kind = "kind of pain" if family in _RATINGS else f"part of {_SHOWN[family]}"
                return Found(reason=f"names a {kind} that the vocabulary has no word for")
            return Found(part.domain, part.instrument)
    for part in parts:
        if not part.pattern.pattern:
            return Found(part.domain, part.instrument)
    if family in _WHOLE:
        return Found(*_WHOLE[family], of_whole=family not in _RATINGS)
    return Found(reason=f"names no part of {_SHOWN.get(family, family)} that the vocabulary has")


def _nerve(line: str, title: str) -> Found:
    """A nerve conduction study: which nerve, and which of its three numbers."""
    nerves = [name for name, pattern in _NERVES if pattern.search(line or title)]
    for text in (line, title):
        measures = {word.lower()[:5] for word in _CONDUCTION.findall(text)}
        if measures:
            break
    if len(nerves) != 1 or len(measures) != 1:
        return Found(reason="names no nerve, or no measure of it, that the vocabulary has")
    measure = next(word for word in ("velocity", "latency", "amplitude") if word[:5] in measures)
    return Found("structure", f"nerve conduction {measure} ({nerves[0]})")


def _strange_words(family: str, line: str) -> str:
    """What the title of a line says beyond instrument, part and time."""
    known = [_families()[family], *(part.pattern for part in _parts().get(family, ()))]
    for pattern in known:
        if pattern.pattern:
            line = re.sub(f"(?:{pattern.pattern})\\w*", " ", line, flags=re.I)
    letters = re.sub(r"[^a-zº]+", " ", line.lower())
    return " ".join(_UNDERSTOOD.sub(" ", letters).split())


def _spaced(text: str) -> str:
    return text.replace("_", " ")


@dataclass(frozen=True, slots=True)
class _Part:
    pattern: re.Pattern[str]
    domain: str
    instrument: str


_RATINGS = ("vas", "nrs")
_WITH_PAIN = {*_RATINGS, "lysholm", "hhs", "ases", "ucla", "constant", "kujala", "ikdc", "spadi"}
_WHOLE = {"vas": ("pain", "VAS"), "nrs": ("pain", "NRS"), "womac": ("global", "WOMAC total")}
_SHOWN = {
    "sf36": "the SF-36",
    "sf12": "the SF-12",
    "rand36": "the RAND-36",
    "eq5d": "the EQ-5D",
    "womac": "the WOMAC",
    "koos": "the KOOS",
    "promis": "PROMIS",
    "ikdc": "the IKDC",
    "vas": "pain",
    "nrs": "pain",
}


@cache
def _families() -> dict[str, re.Pattern[str]]:
    return {row["family"]: re.compile(row["pattern"], re.I) for row in _rows("families")}


@cache
def _parts() -> dict[str, tuple[_Part, ...]]:
    parts: dict[str, tuple[_Part, ...]] = {}
    for row in _rows("parts"):
        part = _Part(re.compile(row["pattern"], re.I), row["domain"], row["instrument"])
        parts[row["family"]] = (*parts.get(row["family"], ()), part)
    return parts


def _rows(name: str) -> Iterable[dict[str, str]]:
    file = files("reprieve.living.results").joinpath("data", f"{name}.csv")
    return csv.DictReader(file.read_text(encoding="utf-8").splitlines())
