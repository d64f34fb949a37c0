"""What the cells are: tissue, donor and processing, the route, and what they are held against.

Each is read from where the treatment is named (titles and interventions) before where it is
described, and from there before what is only mentioned. Two tissues or two donors named side by
side leave the field empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from reprieve.living.recognising.mentions import names_cells
from reprieve.living.recognising.passages import Passage, Passages, passage
from reprieve.living.recognising.patterns import Brand, brands_in, rules
from reprieve.living.recognising.recognition import Because

_ASIDE = re.compile(
    r"[ -](?:(?:tissue|blood|stem|stromal|mesenchymal|cells?|mscs?)[ -])*(?:derived |secreted )?"
    r"(?:exosom|extracellular vesic|secretom|conditioned med|lysate|extract|plasma\b|serum\b)"
)
"""What behind the name of a tissue says that something else than its cells is meant."""


class Found(NamedTuple):
    """A value, how it was found, and the words."""

    value: str | None
    kind: str
    because: tuple[Because, ...] = ()
    codes: tuple[str, ...] = ()


class Hits:
    """The codes that the patterns of a field find in some passages, with their words."""

    def __init__(
        self, field: str, passages: Iterable[Passage], *, strength: str = "strong"
    ) -> None:
        self.words: dict[str, list[Because]] = {}
        for text in passages:
            for code, match in rules(field, strength).found(text.low):
                if field == "cell_source" and _ASIDE.match(text.low, match.end()):
                    continue
                self.add(code, text.because(field, *match.span()))

    def add(self, code: str, words: Because) -> None:
        """Count words for a code."""
        self.words.setdefault(code, []).append(words)

    def drop(self, words: re.Pattern[str]) -> None:
        """Forget hits that some words tell to mean something else."""
        left = {
            code: [b for b in because if not words.search(b.word.lower())]
            for code, because in self.words.items()
        }
        self.words = {code: because for code, because in left.items() if because}

    def found(self, codes: Sequence[str], kind: str) -> Found:
        """The only code, or nothing where there are several or none."""
        if not codes:
            return Found(None, "not said")
        if len(codes) == 1:
            return Found(codes[0], kind, tuple(self.words.get(codes[0], [])[:2]))
        because = tuple(self.words[code][0] for code in codes)
        return Found(None, "several", because, tuple(codes))


class Product(NamedTuple):
    """All fields of the product of one record."""

    cell_source: Found
    donor: Found
    processing: Found
    route: Found
    comparator: Found


def product(passages: Passages, about: str | None, design: str | None = None) -> Product:
    """Read what is given, how it was made, where it goes, and what it is held against.

    `about` is the condition: an injection whose place isn't said goes where the trouble is. What
    a product implies of its donor holds for people, not for the animals of a study whose `design`
    is such.
    """
    brands = _brands(passages)
    source = _source(passages, brands)
    donor = _donor(passages, brands, source, implied=design != "animal")
    processing = _processing(passages, brands, source)
    return Product(source, donor, processing, _route(passages, about), _comparator(passages))


def _brands(passages: Passages) -> list[tuple[Brand, Passage, tuple[int, int]]]:
    return [
        (brand, text, span)
        for text in (*passages.titles, *passages.names, *passages.details)
        for brand, span in brands_in(text.low)
    ]


def _with_brands(
    field: str, hits: Hits, brands: Iterable[tuple[Brand, Passage, tuple[int, int]]]
) -> Hits:
    for brand, text, span in brands:
        code = getattr(brand, field)
        if code:
            hits.add(code, text.because(field, *span))
    return hits


# -- tissue ----------------------------------------------------------------------------------


def _source(passages: Passages, brands: list[tuple[Brand, Passage, tuple[int, int]]]) -> Found:
    named = passages.naming()
    whole = [*named, *passages.details]
    transplants = not _is_mesenchymal(whole)
    ungrafted = [text for text in whole if not _GRAFT.search(text.low)]
    tiers = (
        ("named", named, "strong"),
        ("described", passages.details, "strong"),
        ("named weakly", whole if transplants else [], "blood"),
        ("named weakly", ungrafted, "weak"),
        ("mentioned", [*passages.keywords, *passages.summary], "strong"),
        ("mentioned", passages.rest, "strong"),
        ("harvest", [*passages.summary, *passages.rest, *passages.eligibility()], "harvest"),
    )
    stem_cells = any(_STEM_CELLS.search(text.low) for text in named)
    for kind, texts, strength in tiers:
        hits = Hits("cell_source", texts, strength=strength)
        if kind == "mentioned" and not transplants:
            hits.drop(_TRANSPLANT)
        if kind == "described" and not hits.words:
            hits = _with_brands("cell_source", hits, brands)
        codes = _tissues(hits, stem_cells=stem_cells)
        if len(codes) > 1 and kind == "described":
            tried = Hits("cell_source", passages.tried())
            codes = _tissues(tried, stem_cells=stem_cells) or codes
        if len(codes) > 1 and kind != "named":
            codes = _most(hits, codes)
        if codes:
            return hits.found(codes, kind)
    return Found(None, "not said")


_MESENCHYMAL = re.compile(r"mesen|mscs?\b|strom")
_TRANSPLANT = re.compile(r"\bmarrow transplant")
_GRAFT = re.compile(r"\b(?:auto|bone |iliac )graft")
_STEM_CELLS = re.compile(r"\bstem|\bstrom|mesen|mscs?\b")


def _is_mesenchymal(texts: Iterable[Passage]) -> bool:
    """Whether such cells are given; beside them, a transplant of blood cells is no product."""
    return any(_MESENCHYMAL.search(text.low) for text in texts)


def _tissues(hits: Hits, *, stem_cells: bool) -> list[str]:
    """The tissues found; cells of cartilage beside stem cells do not count."""
    others = [code for code in hits.words if code != "cartilage"]
    return others if stem_cells else others or [*hits.words]


def _most(hits: Hits, codes: list[str]) -> list[str]:
    """The code that most words are for, where it is clear."""
    counts = Counter({code: len(hits.words[code]) for code in codes}).most_common()
    return [counts[0][0]] if counts[0][1] >= 3 * counts[1][1] else codes


# -- donor -----------------------------------------------------------------------------------

_BIRTH_TISSUE = frozenset({"umbilical_cord", "placenta"})
_OWN_CORD = re.compile(r"\b(?:autolog\w*|own) (?:[\w-]+ ){0,2}(?:umbilical|cord|ucb|placent)")


def _donor(
    passages: Passages,
    brands: list[tuple[Brand, Passage, tuple[int, int]]],
    source: Found,
    *,
    implied: bool,
) -> Found:
    named = passages.naming()
    whole = [*named, *passages.details]
    of_birth = source.kind == "named" and source.value in _BIRTH_TISSUE
    for kind, texts in (("named", named), ("described", passages.details)):
        hits = Hits("donor", texts)
        if kind == "described":
            hits = _with_brands("donor", hits, brands)
            if of_birth and not any(_OWN_CORD.search(text.low) for text in texts):
                hits.words.pop("autologous", None)
        if source.value == "cartilage" or "allogeneic" in hits.words:
            where = named if passages.brief and source.value != "cartilage" else whole
            of_cartilage = Hits("donor", where, strength="cartilage")
            for code, words in of_cartilage.words.items():
                hits.add(code, words[0])
        codes = [*hits.words]
        if len(codes) > 1 and kind == "described":
            codes = _most(hits, codes)
        if codes:
            return hits.found(codes, kind)
    if not _is_mesenchymal(whole):
        blood = Hits("donor", whole, strength="blood")
        if blood.words:
            return blood.found([*blood.words], "described")
    return (implied and _implied_donor(whole, source)) or _mentioned_donor(passages, implied)


def _implied_donor(whole: Iterable[Passage], source: Found) -> Found | None:
    """What the product implies: birth tissue is another's, what is given the same day one's own."""
    if source.value in _BIRTH_TISSUE:
        return Found("allogeneic", "implied by the tissue", _for_donor(source.because))
    if source.kind == "several" and _BIRTH_TISSUE & set(source.codes):
        return Found(None, "several")
    same_day = Hits("same_day", whole).words.get("autologous", [])
    if same_day:
        return Found("autologous", "implied by the product", _for_donor(same_day[:2]))
    return None


def _mentioned_donor(passages: Passages, implied: bool) -> Found:
    for texts in ([*passages.keywords, *passages.summary], passages.rest):
        hits = Hits("donor", texts)
        if hits.words:
            codes = [*hits.words]
            return hits.found(_most(hits, codes) if len(codes) > 1 else codes, "mentioned")
        harvest = Hits("own_harvest", [*passages.details, *texts]).words.get("autologous", [])
        if harvest and implied:
            return Found("autologous", "implied by the harvest", _for_donor(harvest[:2]))
    return Found(None, "not said")


def _for_donor(words: Iterable[Because]) -> tuple[Because, ...]:
    return tuple(replace(word, field="donor") for word in words)


# -- processing ------------------------------------------------------------------------------

_SAME_DAY = ("concentrate", "stromal_vascular_fraction", "microfragmented")


def _processing(
    passages: Passages,
    brands: list[tuple[Brand, Passage, tuple[int, int]]],
    source: Found,
) -> Found:
    tiers = (
        ("named", passages.naming()),
        ("described", passages.details),
        ("mentioned", [*passages.summary, *passages.keywords]),
        ("mentioned", passages.rest),
    )
    if source.kind == "several":
        return Found(None, "several")
    for kind, texts in tiers:
        hits = Hits("processing", texts)
        if kind == "described":
            hits = _with_brands("processing", hits, brands)
        same_day = [code for code in _SAME_DAY if code in hits.words]
        if "culture_expanded" in hits.words and (kind != "named" or not same_day):
            return hits.found(["culture_expanded"], kind)
        if same_day or hits.words:
            return hits.found(same_day or [*hits.words], kind)
    return _implied_processing(tiers, source)


def _implied_processing(tiers: Sequence[tuple[str, list[Passage]]], source: Found) -> Found:
    """What the words for the cells imply, in the first place that has such words."""
    at_once = any(_AT_ONCE.search(text.low) for _, texts in tiers[:2] for text in texts)
    for _, texts in tiers:
        weak = Hits("processing", texts, strength="weak")
        if "concentrate" in weak.words:
            return weak.found(["concentrate"] if source.value == "bone_marrow" else [], "implied")
        if "culture_expanded" in weak.words and not at_once:
            return weak.found(["culture_expanded"], "implied by the product")
        if any(names_cells(text.low) for text in texts):
            break
    return Found(None, "not said")


_AT_ONCE = re.compile(
    r"\b(?:same[- ](?:session|day|surg|procedure|operat)|one[- ]step|single[- ]stage|bedside"
    r"|point[- ]of[- ]care|minimal\w* manipul|non-?expanded|within the surgical)"
    r"|\baspirat\w+[^.;]{0,60}? prior to"
)


# -- route -----------------------------------------------------------------------------------


_PLACES = {
    "knee_osteoarthritis": "intra_articular",
    "hip_osteoarthritis": "intra_articular",
    "other_osteoarthritis": "intra_articular",
    "tendinopathy": "intratendinous",
    "rotator_cuff_tear": "intratendinous",
    "disc_degeneration": "intradiscal",
}
_LESS_TELLING = ("intravenous", "surgical", "topical", "other")
_INJECTED = re.compile(r"\b(?:inject|infiltrat|intra-? ?articular)\w*")
_BUILT_IN = re.compile(
    r"\bimplant\w*|\bscaffold|\bosteotom\w*|\bmicrofractur\w*|\bmembrane|\bpatch\b"
)


def _route(passages: Passages, about: str | None) -> Found:
    tiers = (
        ("named", passages.naming()),
        ("described", passages.details),
        ("mentioned", passages.summary),
        ("mentioned", passages.rest),
    )
    for kind, texts in tiers:
        hits = Hits("route", texts)
        if hits.words:
            telling = [code for code in hits.words if code not in _LESS_TELLING]
            best = max(telling or hits.words, key=lambda code: len(hits.words[code]))
            if best == "intra_articular" and _is_built_in(passages):
                best = "surgical"
            return hits.found([best], kind)
    return _implied_route([text for _, texts in tiers for text in texts], about)


def _is_built_in(passages: Passages) -> bool:
    """Whether the intervention's own words are of implanting, and none are of injecting."""
    own = " ".join(text.low for text in (*passages.names, *passages.details))
    return _BUILT_IN.search(own) is not None and _INJECTED.search(own) is None


def _implied_route(every: list[Passage], about: str | None) -> Found:
    for text in every:
        injected = _INJECTED.search(text.low)
        if about in _PLACES and injected:
            words = text.because("route", *injected.span())
            return Found(_PLACES[about], "implied by the condition", (words,))
    weak = Hits("route", every, strength="weak")
    if about == "disc_degeneration":
        weak.words.pop("surgical", None)
    if weak.words:
        best = max(weak.words, key=lambda code: len(weak.words[code]))
        return weak.found([best], "implied")
    return Found(None, "not said")


# -- comparator ------------------------------------------------------------------------------

_CONTROLS = {
    "placebo comparator": "placebo",
    "sham comparator": "sham",
    "no intervention": "no_treatment",
}


def _comparator(passages: Passages) -> Found:
    """The class of the first arm that is given no cells, as its label and interventions say."""
    for i, arm in enumerate(passages.record.arms):
        named = [
            passage(f"arms[{i}].label", arm.label),
            *(passage(f"arms[{i}].interventions[{j}]", n) for j, n in enumerate(arm.interventions)),
        ]
        if arm.kind == "experimental" or any(names_cells(text.low) for text in named):
            continue
        for texts in (named, [passage(f"arms[{i}].description", arm.description)]):
            hits = Hits("comparator", texts)
            codes = [code for code in hits.words if code != "no_treatment"] or [*hits.words]
            if codes:
                return hits.found(codes[:1], "described")
        if arm.kind in _CONTROLS:
            return Found(_CONTROLS[arm.kind], "registered")
    return Found(None, "not said")
