"""What an arm was given: words of labels and descriptions as a node of the vocabulary."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reprieve.evidence import vocabulary
from reprieve.evidence.schema import CATEGORIES

_CELL_SOURCES = {
    "bone_marrow": r"bone[- ]marrow|\bbm-?msc|\bbmac\b|iliac crest",
    "adipose": r"adipos|lipoaspirat|\bfat\b|\bad-?msc|\basc\b|allo-?asc",
    "umbilical_cord": r"umbilical|cord blood|wharton|\buc-?msc|cartistem",
    "placenta": r"placent|amnio",
}
_DONORS = {
    "allogeneic": r"allogen|\ballo-?|healthy donors?|unrelated donor",
    "autologous": r"autologous|patient'?s own|own (?:bone|fat|cells)|withdrawn from (?:a|the pat)",
}
_ROUTES = {
    "intra_articular": r"intra-?\s?articular|articular injection"
    r"|into (?:the|target|their)[a-z ']{0,20} knee",
    "intradiscal": r"intra-?\s?disc|into the disc|lumbar disc",
    "intratendinous": r"intra-?\s?tend|into the tendon",
    "intravenous": r"intravenous|\bi\.?v\.?\b(?= |$)",
    "intrathecal": r"intra-?thecal",
    "epidural": r"epidural",
    "intramuscular": r"intra-?muscular",
    "oral": r"\boral(?:ly)?\b|\btablet|\bcapsule|\bpill\b",
    "surgical": r"\bsurger|surgical|implantation",
}
_DOSE = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s*"
    r"(?:(?P<million>millions?)|(?:x|×|\*)\s*10\s*(?:e|\^|\*\*)?\s*(?P<power>[5-9]))\s*(?:of )?"
    r"(?:allogen\w+ |autolog\w+ |[\w-]+-l )?(?:mscs?|cells?|stem cells|mpcs?)\b"
    r"(?!\s*(?:/|per)\s*\w)",
    re.I,
)
_NOT_GIVEN = re.compile(
    r"\b(?:without|instead of|rather than|not (?:receiv\w*|given|containing)|versus|vs\.?"
    r"|compared (?:to|with)|no(?! treatment| intervention))\b[^.,;()]*",
    re.I,
)
"""What an arm is told from; it was not given."""
_SOLVENTS = ("saline", "lactated_ringer", "vehicle")
_GIVING = re.compile(
    r"\b(?:active|comparators?|controls?|groups?|arms?|normal|sterile|isotonic|physiologic(?:al)?|solutions?"
    r"|injections?|injected|single|intra-?\s?articular|knees?|drug|other|biological|device|procedure"
    r"|placebo|only|of|the|an?|with|in|into|received?|receives?|receiving|patients|participants|one|dose"
    r"|ml|cc|\d+(?:\.\d+)?)\b|[%®]",
    re.I,
)
_SINGLE = re.compile(r"\b(?:single|one|1)\s+(?:[\w-]+\s+){0,2}injection\b", re.I)


@dataclass(frozen=True, slots=True)
class Given:
    """What an arm was given, in the words of the evidence.

    Attributes
    ----------
    treatment, category : str
        ``"other"`` where the words are not known.
    cell_source, donor, processing, route, adjunct : str
        Empty where they are not said, or where two are said.
    dose_cells : float or None
    injections : int or None
    """

    treatment: str = "other"
    category: str = "other"
    cell_source: str = ""
    donor: str = ""
    processing: str = ""
    route: str = ""
    adjunct: str = ""
    dose_cells: float | None = None
    injections: int | None = None


def what_was_given(kind: str, texts: Sequence[str], of_trial: str = "") -> Given:
    """What an arm was given.

    Parameters
    ----------
    kind : str
        As registered: ``"experimental"``, ``"placebo comparator"`` …
    texts : sequence of str
        What is said of the arm, the shortest name first, then descriptions.
    of_trial : str
        Titles of the trial; they tell source and donor of the cells where the arm does not.

    Examples
    --------
    >>> given = what_was_given("experimental", ["JointStem", "autologous adipose tissue derived "
    ...                        "mesenchymal stem cells, a single intra-articular injection"])
    >>> given.treatment, given.donor, given.route, given.injections
    ('ad_msc', 'autologous', 'intra_articular', 1)
    >>> what_was_given("placebo comparator", ["Placebo", "saline solution"]).treatment
    'saline'
    >>> what_was_given("experimental", ["XYZ-1"]).treatment
    'other'
    """
    everything = " ".join(texts)
    treatment = _node(kind, texts)
    if vocabulary.treatment_class(treatment) == "cell_therapy":
        return _cells(treatment, texts, of_trial)
    return Given(
        treatment=treatment,
        category=_category(treatment),
        route=_one_of(_ROUTES, everything),
        injections=1 if _SINGLE.search(everything) else None,
    )


def _node(kind: str, texts: Sequence[str]) -> str:
    """The node that the shortest text names which names any.

    A text that names two treatments without cells is of neither: the evidence holds no arm of one
    of them there. Saline is a treatment where nothing else is named; else things are dissolved in
    it.
    """
    control = kind in ("placebo comparator", "sham comparator", "no intervention")
    allowed = ("placebo", "sham", "usual_care", "no_treatment") if control else CATEGORIES
    for place, text in enumerate(texts):
        given = _NOT_GIVEN.sub("", text)
        named = [
            node
            for pattern, node in _nodes()
            if vocabulary.treatment_class(node) in allowed
            and pattern.search(given)
            and (control or node not in _SOLVENTS or _is_all(pattern, given))
        ]
        cells = [node for node in named if vocabulary.treatment_class(node) == "cell_therapy"]
        if named:
            return [*cells, *named][0] if cells or control or len(named) == 1 else "other"
        if not control and place == 0 and (word := re.search(r"\b(?:sham|placebo)\b", text, re.I)):
            return _node(f"{word[0].lower()} comparator", texts)
    fallback = {"placebo comparator": "placebo", "sham comparator": "sham"}
    return fallback.get(kind, "no_treatment" if kind == "no intervention" else "other")


def _is_all(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a text names nothing beside a treatment and how it is given."""
    return not re.search(r"\w", _GIVING.sub(" ", pattern.sub(" ", text)))


def _category(treatment: str) -> str:
    found = vocabulary.treatment_class(treatment)
    return found if found in CATEGORIES else "other"


def _cells(treatment: str, texts: Sequence[str], of_trial: str) -> Given:
    everything = " ".join(texts)
    source = _one_of(_CELL_SOURCES, everything)
    donor = _one_of(_DONORS, everything)
    if not any(re.search(pattern, everything, re.I) for pattern in _CELL_SOURCES.values()):
        source = _one_of(_CELL_SOURCES, of_trial)
    if not any(re.search(pattern, everything, re.I) for pattern in _DONORS.values()):
        donor = _one_of(_DONORS, of_trial)
    if treatment in ("msc", "cell_therapy"):
        treatment = _of_source(treatment, source, everything)
    product = _product(treatment, source, donor)
    doses = {
        float(match["number"]) * (1e6 if match["million"] else 10.0 ** int(match["power"]))
        for text in texts
        for match in _DOSE.finditer(text)
    }
    adjuncts = [
        node
        for pattern, node in _nodes()
        if vocabulary.treatment_class(node) == "injection" and texts and pattern.search(texts[0])
    ]
    return Given(
        treatment=treatment,
        category="cell_therapy",
        cell_source=product[0],
        donor=product[1],
        processing=product[2],
        route=_one_of(_ROUTES, everything),
        adjunct=";".join(adjuncts),
        dose_cells=doses.pop() if len(doses) == 1 else None,
        injections=1 if _SINGLE.search(everything) else None,
    )


def _of_source(treatment: str, source: str, text: str) -> str:
    """The node of mesenchymal cells from a tissue; cells of unsaid kind stay as they are."""
    cultured = treatment == "msc" or re.search(r"expan|cultur", text, re.I)
    by_source = {
        "bone_marrow": "bm_msc",
        "adipose": "ad_msc",
        "umbilical_cord": "uc_msc",
        "placenta": "placental_msc",
    }
    return by_source.get(source, treatment) if cultured else treatment


def _product(treatment: str, source: str, donor: str) -> tuple[str, str, str]:
    """Source, donor and processing, each filled in where the products known leave one only."""
    known = [
        product
        for product in vocabulary.cell_products()
        if product.treatment == treatment
        and source in ("", product.cell_source)
        and donor in ("", product.donor)
    ]
    if not known:
        return source, donor, ""
    sources = {product.cell_source for product in known}
    donors = {product.donor for product in known}
    processing = {product.processing for product in known}
    return (
        sources.pop() if len(sources) == 1 else source,
        donors.pop() if len(donors) == 1 else donor,
        processing.pop() if len(processing) == 1 else "",
    )


def _one_of(patterns: dict[str, str], text: str) -> str:
    """The word whose pattern a text holds; none where it holds those of two."""
    found = [word for word, pattern in patterns.items() if re.search(pattern, text, re.I)]
    return found[0] if len(found) == 1 else ""


@cache
def _nodes() -> tuple[tuple[re.Pattern[str], str], ...]:
    file = files("reprieve.living.results").joinpath("data", "treatments.csv")
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return tuple((re.compile(row["pattern"], re.I), row["treatment"]) for row in rows)
