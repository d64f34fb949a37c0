"""Whether a record is about cells given as a treatment.

Mentions of cells are looked up in the title, the interventions, the arms, the keywords and the
summary. What was found where, as a product or as something else, are the features of a small
logistic model. It has two sets of weights, which are data: one for registrations with their
interventions, and one for papers and other records that tell title and text alone.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reprieve.living.recognising.mentions import AROUND, CELLS, ENDINGS, WORKS, mentions
from reprieve.living.recognising.passages import Passage, Passages
from reprieve.living.recognising.patterns import beginnings, rows
from reprieve.living.recognising.recognition import Because
from reprieve.living.record import Record

SUREST = 0.995
"""No verdict is held surer: among labelled records as sure as can be, about 1 in 200 was wrong."""

BY_NAME = 0.97
"""How sure the name of a known product is, in a title or as an intervention."""

_FIRST_WORDS = 60
"""Letters of a description within which cells are what it describes, not what it goes with."""

_LAST_LETTERS = 350
"""Letters of a text in which cells are what it comes to, not only its background."""

_HINTS = (
    "cell", "strom", "marrow", "mesen", "mensen", "msc", "adipose", "chondrocyt",
    "tenocyt", "keratinocyt", "melanocyt", "lymphocyt", "islet", "blast", "lipo", "fat graft",
    "fat trans", "fat inj", "ous fat", "cord blood", "amniotic", "engineered",
)  # fmt: skip
"""Syllables one of which a text must hold to be searched for cells."""

_LETTERS = 7
_NAMES = frozenset({
    "aci", "adoptiv", "adrc", "adrcs", "adsc", "adscs", "asct", "ascs", "bmac", "bmc", "bmmnc",
    "bmmncs", "bmt", "car", "celul", "célul", "easc", "ensheat", "epc", "epcs", "fat", "haemato",
    "hct", "hematop", "hepatoc", "hsct", "killer", "maci", "macroph", "microfa", "mnc", "mncs",
    "mpc", "mpcs", "nanofat", "pbmnc", "pbmncs", "pbsct", "schwann", "sct", "stammze", "svf",
    "svfs", "treg", "tregs", "ucb", "ucbt", "viable", "zellthe",
})  # fmt: skip
"""What else a title or a name may call them by: the first letters of a word."""

_PIECES = (*ENDINGS, "joint-stem", "rejoin", "age implant")
"""Of names that are not told by how their first word begins."""

_WORD = re.compile(r"\w+")
_LABORATORY = re.compile(
    r"\bin[ -]?vitro\b(?! (?:generat|expan|cultur|grown|and in[ -]vivo))"
    r"|\bcharacteri[sz](?:ing|ation)\b|\bisolat(?:e|ion)\b|\bbiops\w+"
    r"|\bbiomarkers?\b|\bcollect\b|\bcounts?\b|\bpre-clinical|\bsampl(?:e|es|ing)\b"
    r"|\bexplants?\b|\bdifferentiation\b|\bproliferation\b|\bfunctionality\b|\bprocurement\b"
    r"|(?<!next )(?<!next-)\bgeneration of|\bcell fate|\bco-?cultur\w+|\bbioreactor|\bcyclic"
    r"|\bmanufacturing|\bexpression\b|\bbank(?:ing)?\b|\bcolony|\bcfus?\b|\bchondrogene\w+"
    r"|\bmicrornas?\b"
    r"|\bmirnas?\b|\bsignal+ing|\bhoming\b|\bcultivation|\borgan culture|\bviability"
    r"|\bsurveys?\b|\battitudes?\b|\bdirect-to-consumer"
)
_THERAPY = re.compile(
    r"\b(?:inject|infus|implant|transplant|administ|infiltrat|treat|deliver|therap|efficac|safety"
    r"|effect|augment|versus|vs\b|use of|repair|mediated|graft|trial|randomi|phase|manag|combin"
    r"|patients|outcome|results|follow-?up|compar|tolerab|reconstruct|improv|amelior|attenuat|alleviat"
    r"|restor|promot|seed|enhanc)\w*"
)
_FOR = re.compile(
    rf"[^.;]{{0,60}}?\b(?:for\b|in\b(?! vitro)|versus\b|vs\b|plus\b|against\b|{WORKS})"
)
_SOMETHING_ELSE = re.compile(
    r"\b(?:platelet|prp\b|hyaluron|micro-?fractur|mosaicplast|scaffold|implants?\b|prosthe|osteotom"
    r"|arthroplast|replacement|autografts?\b|allografts?\b|menisc|ligament|cruciate|rehabilit|exercis"
    r"|diet|imaging|mri\b|magnetic|radiolog|ultraso|laser|stimulation|guide|g-csf|filgrastim"
    r"|cyclosporin|tacrolimus|chemotherap|prophyla|infection|vaccin|[a-z]{4,}mab\b|[a-z]{4,}nib\b)\w*"
)
_SECRETED = re.compile(
    r"\bexos|\bsecretom|\bvesicl|\bextracellular ves|\bmicrovesicl|\bevs?\b|\bconditioned med"
    r"|\btrophic factor|\bpleiotropic factor|\bmitochondri|-exo|\bculture-derived signal"
)
_BESIDE = re.compile(r"\band\b|\bplus\b|\bwith\b|\+|\bversus\b|\bvs\b|&|,|;")
_GIVEN = re.compile(
    r"\b(?:inject|infus|implant|transplant|administ|infiltrat|receiv|treat|deliver|given|instill"
    r"|appl|inocul|graft|augment|therap|dose|dosage|ingredient|allocat|assign|tolerat|had\b|seed|load|enrich)\w*"
    r"|\bcells ?/ ?kg|\(n ?= ?\d+\)"
)


@dataclass(slots=True)
class Evidence:
    """What a record says about cells.

    Attributes
    ----------
    features : dict of str to float
        For the logistic model.
    because : list of Because
        The words kept as products, then those that speak against.
    brief : bool
        Whether the record tells title and text alone.
    by_name : bool
        Whether a title or an intervention is the name of a known product.
    """

    features: dict[str, float]
    because: list[Because]
    brief: bool
    by_name: bool


def may_be_cells(record: Record) -> bool:
    """Whether a record holds any of the syllables without which no rule can match.

    Examples
    --------
    >>> from reprieve.living.record import Record
    >>> [may_be_cells(Record("file", "1", "paper", title=title))
    ...  for title in ("Exercise for low back pain", "JointStem in knee arthritis")]
    [False, True]
    """
    named, told = _named_and_told(record)
    return (
        _holds_any(_HINTS, named)
        or _holds_any(_HINTS, told)
        or not _begun_names().isdisjoint([word[:_LETTERS] for word in _WORD.findall(named)])
        or _holds_any(_PIECES, named)
    )


def each_may_be_cells(records: Iterable[Record]) -> list[bool]:
    """`may_be_cells` of many records, told in a third of the time.

    Examples
    --------
    >>> from reprieve.living.record import Record
    >>> each_may_be_cells([Record("file", "1", "paper", title="JointStem in knee arthritis")])
    [True]
    """
    import polars as pl

    texts = [_named_and_told(record) for record in records]
    named, told = (pl.Series([pair[i] for pair in texts], dtype=pl.String) for i in (0, 1))
    hinted = named.str.contains_any([*_HINTS, *_PIECES]) | told.str.contains_any([*_HINTS])
    return (hinted | named.str.contains(_words_begun())).to_list()


def _named_and_told(record: Record) -> tuple[str, str]:
    """What names and what describes the treatment, in lower case."""
    names = [record.title, record.official_title, *record.keywords]
    texts = [record.summary]
    for given in record.interventions:
        names += (given.name, *given.other_names)
        texts.append(given.description)
    for arm in record.arms:
        names.append(arm.label)
        texts.append(arm.description)
    return "\n".join(names).lower(), "\n".join(texts).lower()


def _holds_any(hints: Iterable[str], low: str) -> bool:
    # `map` over the method, for speed: this runs for every record of a whole register.
    return any(map(low.__contains__, hints))


@cache
def _begun_names() -> frozenset[str]:
    """The first letters of the words that names of cells or of products begin with."""
    products = (begun for row in rows("brands.csv") for begun in beginnings(row["pattern"]))
    return _NAMES | {_WORD.findall(begun)[0][:_LETTERS] for begun in products} - {"joint"}


@cache
def _words_begun() -> str:
    """What finds `_begun_names`, for polars.

    Edges of words are those of plain letters there: quicker to find, and never fewer.
    """
    edge = r"(?-u:\b)"
    return "|".join(
        (edge if begun[0].isascii() else "")
        + begun
        + (edge if len(begun) < _LETTERS and begun[-1].isascii() else "")
        for begun in sorted(_begun_names())
    )


def cell_evidence(passages: Passages, condition: str | None = None) -> Evidence:
    """Look for cells given as a treatment; `condition` is what a title was found to name."""
    kept: list[Because] = []
    against: list[Because] = []
    features: dict[str, float] = {}
    given = defined = in_title = by_name = title_for = concluded = False
    for area in ("title", "name", "detail", "keyword", "summary"):
        counts: dict[str, int] = {}
        naming = area in {"title", "name"}
        for text in passages.of(area):
            if not naming and not _holds_any(_HINTS, text.low):
                continue
            said = [*mentions(text.low)]
            if not said:
                continue
            secreted = naming and _only_secreted(text.low)
            for kind, start, end in said:
                kind = "derived" if secreted else kind
                counts[kind] = counts.get(kind, 0) + 1
                words = text.because("is_cell_therapy", start, end)
                if kind not in CELLS:
                    against.append(words)
                    continue
                kept.append(words)
                given = given or (kind != "transplant" and _is_given(text.low, start, end))
                concluded = concluded or (
                    area == "detail" and start > len(text.low) - _LAST_LETTERS
                )
                defined = defined or (area == "detail" and start < _FIRST_WORDS)
                in_title = in_title or area == "title"
                by_name = by_name or (naming and kind == "brand")
                title_for = title_for or (area == "title" and bool(_FOR.match(text.low, end)))
        for kind, count in counts.items():
            features[f"{area}_{kind}"] = 1.0 if naming else min(count, 3) / 3
    if not features:
        return Evidence(features, [], passages.brief, by_name=False)
    titles = [text.low for text in passages.titles]
    laboratory = bool(titles) and all(_LABORATORY.search(low) for low in titles)
    by_name = by_name and not laboratory and not {"title_derived", "name_derived"} & {*features}
    named = any(f"name_{kind}" in features for kind in CELLS)
    signs = {
        "given": given,
        "nothing_kept": not kept,
        "untitled": bool(kept) and not in_title,
        "defined": defined,
        "title_alone": passages.brief and not passages.details,
        "concluded": passages.brief and concluded,
        "registration": passages.brief and passages.record.kind == "registration",
        "something_else": passages.brief
        and bool(kept)
        and not in_title
        and _any(_SOMETHING_ELSE, passages.titles),
        "therapy_title": in_title and not laboratory and _any(_THERAPY, passages.titles),
        "title_for": title_for and not laboratory,
        "title_condition": in_title and not laboratory and condition is not None,
        "laboratory_title": laboratory,
        "laboratory_name": not named and _any(_LABORATORY, passages.names),
        "no_intervention": not passages.names,
        "observational": passages.record.study_type == "observational",
        "named_otherwise": bool(passages.names) and not named,
    }
    features.update({name: 1.0 for name, sign in signs.items() if sign})
    return Evidence(features, kept or against, passages.brief, by_name)


def _only_secreted(low: str) -> bool:
    """Whether a name speaks of what cells secrete, and of nothing beside it."""
    return _SECRETED.search(low) is not None and _BESIDE.search(low) is None


def _any(expression: re.Pattern[str], texts: Iterable[Passage]) -> bool:
    return any(expression.search(text.low) for text in texts)


def _is_given(low: str, start: int, end: int) -> bool:
    """Whether the words around a product say that it is given to people."""
    return _GIVEN.search(low, max(0, start - AROUND), end + AROUND) is not None


def enough(*, brief: bool) -> float:
    """The probability from which on a record is called cell therapy.

    Where title and text are all there is, a trial missed is held worse than one read in vain.

    Examples
    --------
    >>> enough(brief=True) < enough(brief=False)
    True
    """
    return 0.45 if brief else 0.5


@cache
def _weights(*, brief: bool) -> Mapping[str, float]:
    path = files("reprieve.living.recognising") / "rules" / "cell_weights.csv"
    column = "brief" if brief else "full"
    with path.open(encoding="utf-8") as file:
        return {row["feature"]: float(row[column] or 0) for row in csv.DictReader(file)}


def probability(evidence: Evidence) -> float:
    """The probability of cell therapy: a logistic model of the features.

    Examples
    --------
    >>> features = {"name_product": 1.0, "title_product": 1.0, "given": 1.0}
    >>> probability(Evidence(features, [], brief=False, by_name=False)) > 0.9
    True
    """
    weights = _weights(brief=evidence.brief)
    total = weights["constant"] + sum(
        weights.get(name, 0.0) * value for name, value in evidence.features.items()
    )
    chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
    if evidence.by_name:
        chance = max(chance, BY_NAME)
    return min(SUREST, max(1 - SUREST, chance))
