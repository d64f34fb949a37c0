"""The words for instruments: families, their parts, and pain on what.

They are data: ``families.csv`` (instruments, and what is no instrument of pain or function),
``scales.csv`` (their parts) and ``pain_kinds.csv`` (pain at rest, on walking …).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from reprieve.living.articles.numbers import plain

PAIN = re.compile(r"\bpains?\b|pain\b|\bache\b|\bpainful|bothersome", re.IGNORECASE)
VAS = re.compile(r"\bp?vas\s?\d?\b|\bvass\b|visual[- –]*analog\w*", re.IGNORECASE)
NRS = re.compile(
    r"\b(?:pi-?)?n\.?p?rs\b|\bnprs\b|\bvn?rs\b|\bpnrs\b|\bnpr\b|"
    r"numeri\w*[- ]+(?:pain[- ]+)?(?:rating|analog|scale|pain)\w*|"
    r"11-point|verbal numeri\w*",
    re.IGNORECASE,
)
PAIN_BY_VAS = re.compile(
    rf"pain[^.;]{{0,90}}?(?:{VAS.pattern})|(?:{VAS.pattern})[^.;]{{0,40}}?pain", re.IGNORECASE
)
PAIN_BY_NRS = re.compile(
    rf"pain[^.;]{{0,90}}?(?:{NRS.pattern})|(?:{NRS.pattern})[^.;]{{0,40}}?pain", re.IGNORECASE
)
_OTHER_WORDS = (
    r"eq-?\s?5d|euroqol|thermometer|pruritus|itch\w*|hunger|appetite|anxiety|mood|nausea|fatigue|"
    r"satisf\w+|dyspn\w+|sleepiness|dry mouth|craving|well-?being|\bliking\b|allerg\w+|stool"
)
OTHER_BY_LINE = re.compile(
    rf"(?:{_OTHER_WORDS})[^.;]{{0,60}}?(?:{VAS.pattern}|{NRS.pattern})|"
    rf"(?:{VAS.pattern}|{NRS.pattern})[^.;]{{0,40}}?(?:{_OTHER_WORDS})",
    re.IGNORECASE,
)
OF_A_QUESTIONNAIRE = re.compile(r"sub-?\s?scale|sub-?\s?score|domain|bodily", re.IGNORECASE)
NOT_INTENSITY = re.compile(
    r"\bdays? (?:with|of|off)|pain days|durat\w*|frequen\w*|episodes?|medicat\w*|locat\w*|"
    r"onset|history|free\b|quality|unpleasant\w*|"
    r"area of pain|sites?\b|distribution|killer|relie\w*|\bresponder|achiev|≥|<|>|no pain|"
    r"previous pain|\bbodily\b|"
    r"type of|number of|site|side\b|lower[- ]extremity pain|knee pain \(|bilateral|presence|"
    r"present\b|coping|attitude|consult\w*|because of|prior\b|expect\w*|"
    r"\bhealth\b|well-?being|satisf\w*|comfort|nausea|stress|itch|severity of (?!pain)|"
    r"palpat\w*|pressure|touch|needle|"
    r"insertion|during (?:the )?(?:procedure|injection|insertion|biopsy)|manipulation|"
    r"self|questionnaire|disability|threshold|stiff\w*|function\w*",
    re.IGNORECASE,
)
_SUBSCALES = re.compile(
    r"^(?:pain|composite|(?:physical )?functions?|functioning|stiffness|symptoms?|total|"
    r"global|adl|activities of daily living|"
    r"sports?(?:\s?(?:&|and|/)?\s?rec\w*)?|sportrec|qol|quality of life|disability|"
    r"bodily pain|interference|severity|"
    r"intensity|a|b|c|dpda|activity|physical activity|function,? daily living|daily living|"
    r"sports? and recreation(?:al)? (?:function|activities)|"
    r"(?:knee[- ]related )?quality of life|physical functioning)$",
    re.IGNORECASE,
)
KIND = re.compile(
    r"^\W*(?:at |on |during |in |after |with |when |while )?(?:the )?(?:rest(?:ing)?|"
    r"activit(?:y|ies)|motion|movements?|moving|"
    r"walking|night|nocturnal|weight[- ]?bearing|standing(?: up)?|sports?|"
    r"stairs?(?: climbing)?|climbing stairs|"
    r"(?:daily|physical) activit(?:y|ies)|exercise|effort|loading|palpation|sitting|worst|"
    r"average|current|present|now|least|"
    r"maximum|max|intensity|back|leg|low back|lower back|(?:low )?back pain|"
    r"leg pain)(?: pain)?\W*$",
    re.IGNORECASE,
)
OTHER_SCALE = re.compile(
    r"pain (?:rating|severity|intensity|grading|experience)\w* (?:scale|index)|inventory|"
    r"pain index",
    re.IGNORECASE,
)
KIND_WORDS = re.compile(
    r"\b(?:rest\w*|activit\w*|motion|mov\w+|walk\w*|night\w*|nocturnal|daily|weight|bearing|"
    r"stand\w*|up|down|sports?|stairs?|"
    r"climb\w*|ascend\w*|descend\w*|exercise|effort|load\w*|palpation|sit\w*|worst|current|"
    r"present|now|least|max\w*|"
    r"minim\w*|back|leg|lower|upper|limb|arm|knee|hip|shoulder|neck|elbow|foot|heel|ankle|"
    r"wrist|hand|low|right|left|"
    r"sensation|during|after|before|with|when|while|past|last|previous|week|weeks|month|"
    r"months|day|days|hours?|today|first|step|"
    r"morning|evening|general|global pain|to|from|by|baseline|post|pre|treatment|therapy|sd|"
    r"se|ci|iqr|median|change|"
    r"changes|difference|reduction|improvement|visual|analogue?|numeric\w*|unit|units|group|"
    r"total|patients?|subjects?|"
    r"follow|next|pretreatment|posttreatment|initial|final|h|d|w|m|min)\b",
    re.IGNORECASE,
)
_FILLERS = re.compile(
    r"\b(?:sub-?scales?|sub-?scores?|scores?|scales?|items?|index|indices|mean|mm|cm|points?|"
    r"values?|level|intensity|"
    r"the|of|in|for|on|and|at|outcome|measures?|primary|secondary|parameters?|variables?|"
    r"results?|average|overall|"
    r"worst|raw|rating|ratings|assessment|likert|range|out)\b|[0-9()\[\],:;.*/%–—±=^-]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Scale:
    """An instrument of the vocabulary and the ranges that it is used on.

    Attributes
    ----------
    domain, instrument, family : str
    ranges : tuple of (float, float)
        The usual one first.
    second : bool
        A part that is neither pain nor daily function at heart, such as stiffness or sport.
    """

    domain: str
    instrument: str
    family: str
    ranges: tuple[tuple[float, float], ...]
    second: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    name: str
    pattern: re.Pattern[str]
    default: str
    note: str


@cache
def all_families() -> tuple[Family, ...]:
    """Every family, those of the vocabulary among them."""
    return tuple(
        Family(
            row["family"], re.compile(row["pattern"], re.IGNORECASE), row["default"], row["note"]
        )
        for row in _read("families.csv")
    )


@cache
def all_parts() -> dict[str, list[tuple[re.Pattern[str], Scale]]]:
    """The instruments of the vocabulary that make up each family, with the words for them."""
    parts: dict[str, list[tuple[re.Pattern[str], Scale]]] = {}
    for row in _read("scales.csv"):
        ranges = tuple(_range(text) for text in row["ranges"].split(";") if text)
        second = row["second"] == "yes"
        scale = Scale(row["domain"], row["instrument"], row["family"], ranges, second)
        parts.setdefault(row["family"], []).append(
            (re.compile(row["pattern"], re.IGNORECASE), scale)
        )
    return parts


@cache
def all_pain_kinds() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Words for a kind of pain, the sort of scale, and its instrument of the vocabulary."""
    return tuple(
        (re.compile(row["pattern"], re.IGNORECASE), row["scale"], row["instrument"])
        for row in _read("pain_kinds.csv")
    )


def _read(name: str) -> list[dict[str, str]]:
    text = files("reprieve.living.articles").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low), float(high)


@lru_cache(maxsize=8192)
def names_a_measure(heading: str, *, any_measure: bool = True) -> bool:
    """Whether a heading names an instrument, a kind of pain, or a part of an instrument.

    With `any_measure`, things that are no instrument of the vocabulary count as well.

    Examples
    --------
    >>> names_a_measure("WOMAC pain"), names_a_measure("Group A"), names_a_measure("6 months")
    (True, False, False)
    """
    heading = plain(heading)
    family = family_in(heading)
    return bool(
        (family is not None and (any_measure or family.name in all_parts()))
        or PAIN.search(heading)
        or VAS.search(heading)
        or NRS.search(heading)
        or (is_part(heading) and len(heading.strip()) > 1)
        or len({word for word in re.findall(r"[a-z]{3,}", heading.lower()) if not is_part(word)})
        == 0
        < len(re.findall(r"[a-z]{3,}", heading.lower()))
    )


@lru_cache(maxsize=8192)
def family_in(heading: str) -> Family | None:
    """The family that a heading names; one that the vocabulary holds goes first."""
    known: tuple[int, Family] | None = None
    other: Family | None = None
    for family in all_families():
        match = family.pattern.search(heading)
        if not match:
            continue
        if family.name in all_parts():
            if known is None or match.start() < known[0]:
                known = match.start(), family
        elif other is None:
            other = family
    return known[1] if known else other


def is_part(heading: str) -> bool:
    """Whether a heading names a part of an instrument and nothing else."""
    return bool(_SUBSCALES.match(bare_part(heading)))


def bare_part(heading: str) -> str:
    """A heading without the words that stand beside the name of a part, in lower case."""
    bare = re.sub(r"\([^)]*\)", " ", heading)
    bare = re.sub(
        r"\b(?:sub-?scales?|sub-?scores?|scores?|scale|domain|items?|index|mean|sd|mm|points?|"
        r"baseline)\b|[*†‡:,.±#§]|\d+-\d+",
        " ",
        bare,
        flags=re.IGNORECASE,
    )
    bare = re.sub(r"\s+", " ", bare).strip().lower()
    return re.sub(r"^(\w+) - \1$", r"\1", bare)


def has_words(heading: str) -> bool:
    """Whether a heading says more than scales and scores."""
    return bool(re.search(r"[a-zA-Z]{2,}", _FILLERS.sub(" ", heading)))


def set_apart(heading: str) -> str:
    """Names that a lost blank runs together with the next word, set apart."""
    heading = re.sub(r"\b(SPADI|WOMAC|KOOS|ODI|SF-?36)(?=[a-z])", r"\1 ", heading)
    # "VASda" and "VASgl" are lines for something else than pain.
    heading = re.sub(
        r"\b(VAS|NRS)(?=(?:pain|rest|mo[tv]|act|walk|night|worst|scor))", r"\1 ", heading
    )
    return re.sub(
        r"\b(Baseline|baseline|worst|actual|average|Mean)(?=pain|phys|stiff)", r"\1 ", heading
    )


@cache
def kind_is_known(sort: str, pattern: re.Pattern[str]) -> bool:
    """Whether the vocabulary has an instrument of a sort for a kind of pain."""
    return any(p.pattern == pattern.pattern and s == sort for p, s, _ in all_pain_kinds()) or any(
        s == sort and set(p.pattern.split("|")) & set(pattern.pattern.split("|"))
        for p, s, _ in all_pain_kinds()
    )
