"""With what: the headings of a number as an instrument of the vocabulary, and its range."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reprieve.evidence import vocabulary
from reprieve.living.articles.instrument_words import (
    KIND,
    KIND_WORDS,
    NOT_INTENSITY,
    NRS,
    OF_A_QUESTIONNAIRE,
    OTHER_BY_LINE,
    OTHER_SCALE,
    PAIN,
    PAIN_BY_NRS,
    PAIN_BY_VAS,
    VAS,
    Family,
    Scale,
    all_families,
    all_pain_kinds,
    all_parts,
    bare_part,
    family_in,
    has_words,
    is_part,
    kind_is_known,
    names_a_measure,
    set_apart,
)
from reprieve.living.articles.numbers import plain
from reprieve.living.articles.scale_ranges import Ranges

_BEFORE_PAIN = re.compile(r"^\W*([A-Z][A-Za-z]{2,}|[A-Z]{2,})(?:[- ]?\d+)?[ :-]+[Pp]ain\b")
_DISABILITY = re.compile(r"disabilit|^(?:physical )?function", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measure:
    """What a row of numbers measures, as far as its headings tell.

    Attributes
    ----------
    scale : Scale or None
        None where it is no instrument of the vocabulary; `reason` says what it is.
    certainty : float
    reason : str
    """

    scale: Scale | None
    certainty: float = 1.0
    reason: str = ""


@dataclass(slots=True)
class Instruments:
    """Reads headings with what the article says about its instruments in mind.

    Parameters
    ----------
    text : str
        Abstract, methods and results.
    short : mapping of str to str
        What short names stand for.
    """

    text: str
    short: Mapping[str, str] = field(default_factory=dict)
    _vas: int = field(init=False, default=0)
    _nrs: int = field(init=False, default=0)
    ranges: Ranges = field(init=False)

    def __post_init__(self) -> None:
        self.text = plain(self.text)
        self.ranges = Ranges(self.text)
        self._vas = len(VAS.findall(self.text))
        self._nrs = len(NRS.findall(self.text))

    def read(
        self,
        headings: Sequence[str],
        caption: str = "",
        notes: str = "",
        before: Sequence[str] = (),
        siblings: Sequence[str] = (),
    ) -> Measure:
        """The instrument that headings name, the innermost heading first.

        Parameters
        ----------
        headings : sequence of str
            Headings of rows and columns that speak of what was measured.
        caption, notes : str
            Used where the headings leave it open; notes tell only the sort of a scale.
        before : sequence of str
            Headings of the rows before, the nearest first, for parts of an instrument that is
            named once.
        siblings : sequence of str
            Every heading of the table, for parts of an instrument that only the text names.

        Examples
        --------
        >>> Instruments("").read(["Pain subscore", "WOMAC"]).scale.instrument
        'WOMAC pain'
        >>> Instruments("Pain was rated on a VAS.").read(["Pain at rest"]).scale.instrument
        'VAS (rest)'
        >>> Instruments("").read(["Hamstring strength"]).reason
        'not pain or function'
        """
        part = ""
        kinds: list[str] = []
        for place, heading in enumerate(headings):
            if heading.strip() in _SHORT_PARTS and len(_SHORT_FORMS & set(siblings)) >= 4:
                return Measure(_scale_of("sf36", _SHORT_PARTS[heading.strip()]), 0.95)
            heading = self._spelled_out(set_apart(plain(heading)))
            told = is_part(heading) and self._family_of_parts(heading, siblings) is not None
            if KIND.match(heading) and not told and place + 1 < len(headings) + bool(caption):
                kinds.append(heading)
                continue
            family = family_in(heading)
            if family is not None:
                inner = " ".join((part, heading)) if part else heading
                return self._of_family(family, inner, part, " ".join(headings[place + 1 :]))
            if is_part(heading):
                part = part or heading
                continue
            if self._is_pain(heading):
                rest = headings[place + 1 :]
                around = self._family_around(heading, rest)
                if around is not None:
                    return self._of_family(around, heading, heading, "")
                return self._pain([*kinds, heading, *rest], f"{caption} {notes}")
            if not has_words(heading):
                continue
            if not part:
                return Measure(None, 0.0, "no instrument of pain or function is named")
        if kinds and not part and (PAIN.search(" ".join(kinds)) or self._is_pain(plain(caption))):
            return self._pain([*kinds, *headings], f"{caption} {notes}")
        return self._outside(part, caption, notes, before, siblings)

    def _spelled_out(self, heading: str) -> str:
        """A heading that is a short name, with what it stands for."""
        if names_a_measure(heading) and not re.search(r"VAS ?\d", heading):
            return heading
        bare = re.sub(r"[^A-Za-z0-9-]", "", re.sub(r"\([^)]*\)", "", heading))
        long = self.short.get(bare, "")
        return long if is_part(long) and len(long) > 3 else f"{heading} {long}" if long else heading

    def _outside(
        self, part: str, caption: str, notes: str, before: Sequence[str], siblings: Sequence[str]
    ) -> Measure:
        """The instrument of headings that name a part at most: named above, or in the caption."""
        caption = plain(caption)[:220]
        part_family = family_in(caption)
        for above in before[:5] if part else ():
            family = family_in(plain(above))
            if family is not None and len(all_parts().get(family.name, ())) > 1:
                measure = self._of_family(family, part, part, "")
                return Measure(measure.scale, measure.certainty * 0.85, measure.reason)
            if family is not None or not is_part(plain(above)):
                break
        if part_family is not None and part_family.name in all_parts():
            words = part or caption
            measure = self._of_family(part_family, words, part, "")
            return Measure(measure.scale, measure.certainty * 0.85, measure.reason)
        family = self._family_of_parts(part, siblings) if part else None
        if family is not None:
            measure = self._of_family(family, part, part, "")
            return Measure(measure.scale, 0.75, measure.reason)
        if part and _DISABILITY.search(part):
            family = self._only_family_of_function()
            if family is not None:
                return Measure(all_parts()[family.name][0][1], 0.7)
        if part and (OF_A_QUESTIONNAIRE.search(part) or not PAIN.search(part)):
            return Measure(None, 0.0, "a part of an instrument that is not named")
        if part or self._is_pain(caption):
            measure = self._pain([part] if part else [caption], f"{caption} {notes}")
            return Measure(measure.scale, measure.certainty * 0.8, measure.reason)
        return Measure(None, 0.0, "no instrument of pain or function is named")

    def _family_around(self, heading: str, outer: Sequence[str]) -> Family | None:
        """An instrument with a part for pain that the headings around a bare "pain" name."""
        if VAS.search(heading) or NRS.search(heading):
            return None
        for text in outer:
            family = family_in(set_apart(plain(text)))
            if family is not None:
                return (
                    family
                    if len(all_parts().get(family.name, ())) > 1 or family.name == "fhsq"
                    else None
                )
        return None

    def _family_of_parts(self, part: str, siblings: Sequence[str]) -> Family | None:
        """The instrument of the text to which all the parts that a table names belong."""
        named = {
            bare_part(set_apart(plain(sibling)))
            for sibling in siblings
            if is_part(set_apart(plain(sibling)))
        }
        if "bodily pain" in (bare_part(part), *named):
            health = [f for f in all_families() if f.name in ("sf36", "rand36")]
            spoken_of = [f for f in health if f.pattern.search(self.text)]
            if len(spoken_of) == 1:
                return spoken_of[0]
        for name, telling in _TELLING.items():
            if sum(1 for word in telling if any(re.search(word, p) for p in named)) >= 2:
                family = next(f for f in all_families() if f.name == name)
                if len(family.pattern.findall(self.text)) >= 2:
                    return family
        return None

    def _only_family_of_function(self) -> Family | None:
        """The one questionnaire of function that the text names, where it names no other."""
        named = [f for f in all_families() if len(f.pattern.findall(self.text)) >= 2]
        scored = [f for f in named if f.name in all_parts()]
        whole = [f for f in scored if [s.domain for _, s in all_parts()[f.name]] == ["function"]]
        other = any(f.name in _OTHER_FUNCTION for f in named)
        return whole[0] if len(whole) == 1 and not other else None

    def _of_family(self, family: Family, inner: str, part: str, outer: str) -> Measure:
        parts = all_parts().get(family.name)
        if parts is None:
            return Measure(None, 0.0, family.note)
        if family.name == "odi" and not re.search(
            "Oswestry", f"{inner} {self.text}", re.IGNORECASE
        ):
            return Measure(None, 0.0, "ODI, but the text never speaks of Oswestry")
        named = family.pattern.sub(" ", inner)
        # A bare mention of the name is stripped, so that "pain" of "shoulder pain and disability
        # index" is not taken for its part.
        for pattern, scale in parts:
            if pattern.search(named) or (part and pattern.search(part)):
                return Measure(scale, 1.0)
        for pattern, scale in parts:
            if outer and pattern.search(outer) and is_part(outer):
                return Measure(scale, 0.9)
        if family.name == "walk6_feet" and re.search(r"\bfeet\b|\bft\b", self.text, re.IGNORECASE):
            return Measure(parts[0][1], 0.8)
        if family.default:
            scale = next(s for p, s in parts if p.search(family.default))
            return Measure(scale, 0.9 if len(parts) == 1 or not has_words(named) else 0.6)
        return Measure(None, 0.0, f"no part of {family.name.upper()} is named")

    def _is_pain(self, heading: str) -> bool:
        bare = VAS.sub(" ", NRS.sub(" ", heading))
        if NOT_INTENSITY.search(bare):
            return False
        named = bare != heading
        if PAIN.search(bare):
            return named or not OTHER_SCALE.search(bare)
        return named

    def _pain(self, headings: Sequence[str], around: str) -> Measure:
        words = plain(" ".join(headings))
        other = _BEFORE_PAIN.match(plain(headings[0]))
        if other and not self._sort(words) and self._is_questionnaire(other[1]):
            return Measure(None, 0.0, "not an instrument of the vocabulary")
        certainty = 1.0
        sort = self._sort(words)
        if not PAIN.search(words) and not PAIN.search(plain(around)):
            if len(plain(headings[0])) < 60 and self._is_foreign(headings):
                return Measure(None, 0.0, "a line or rating of something else than pain")
            if sort and not self._rates_pain(sort):
                return Measure(None, 0.0, f"no word says that the {sort.upper()} rates pain")
        elif len(plain(headings[0])) < 60 and self._is_foreign(headings):
            certainty = 0.7
        if re.search("bothersome", words, re.IGNORECASE) and sort != "vas":
            sort, certainty = "nrs", 0.9 * certainty
        if not sort:
            sort, certainty = self._sort(plain(around)), 0.9 * certainty
        if not sort:
            sort, certainty = self._sort_of_text(), certainty / 0.9 * 0.75
        if not sort:
            sort, certainty = self._sort_by_ends(f"{words} {plain(around)}"), certainty / 0.75 * 0.6
        if not sort:
            return Measure(None, 0.0, "pain, but on which scale is not said")
        for pattern, its_sort, name in all_pain_kinds():
            if its_sort == sort and pattern.search(words):
                return Measure(_pain_scale(name, sort), certainty)
            if its_sort != sort and pattern.search(words) and not kind_is_known(sort, pattern):
                return Measure(
                    None, 0.0, f"no {sort.upper()} of this kind of pain in the vocabulary"
                )
        return Measure(_pain_scale(sort.upper(), sort), certainty)

    def _rates_pain(self, sort: str) -> bool:
        """Whether the text rates pain on a line or by numbers, or may: it tells of no other use."""
        by_pain = PAIN_BY_VAS if sort == "vas" else PAIN_BY_NRS
        return bool(by_pain.search(self.text)) or not OTHER_BY_LINE.search(self.text)

    def _is_foreign(self, headings: Sequence[str]) -> bool:
        """Whether the heading of a line or rating has words that pain does not explain."""
        heading = plain(headings[0])
        words = [word for word in re.findall(r"[A-Za-z-]+", heading) if word in self.short]
        spelled = " ".join([heading, *(self.short[word] for word in words)])
        bare = VAS.sub(" ", NRS.sub(" ", spelled))
        return not PAIN.search(bare) and has_words(KIND_WORDS.sub(" ", bare))

    def _sort(self, words: str) -> str:
        vas, nrs = bool(VAS.search(words)), bool(NRS.search(words))
        return "vas" if vas and not nrs else "nrs" if nrs and not vas else ""

    def _is_questionnaire(self, word: str) -> bool:
        """Whether the text speaks of a questionnaire of that name."""
        kind = r"questionnaire|inventory|instrument|index"
        return bool(re.search(rf"\b{word}\b[^.;]{{0,25}}\b(?:{kind})", self.text))

    def _sort_by_ends(self, words: str) -> str:
        """The sort of scale that its ends tell: a line has millimetres, a rating ten points."""
        if re.search(r"\b(?:0 ?- ?)?10(?:0 ?mm| ?cm)\b", words):
            return "vas"
        return "nrs" if re.search(r"\b0 ?(?:-|to) ?10\b(?!\.)", words) else ""

    def _sort_of_text(self) -> str:
        """The sort of scale for pain that the text names most, in a breath with pain first."""
        vas, nrs = len(PAIN_BY_VAS.findall(self.text)), len(PAIN_BY_NRS.findall(self.text))
        if vas and vas > 2 * nrs:
            return "vas"
        if nrs and nrs > 2 * vas:
            return "nrs"
        if self._vas > 2 * self._nrs:
            return "vas"
        return "nrs" if self._nrs > 2 * self._vas else ""


def higher_is(scale: Scale) -> str:
    """What a higher score of an instrument means, by the vocabulary."""
    return vocabulary.instrument(scale.domain, scale.instrument).higher_is


_TELLING = {
    "womac": ("pain", "stiff", "function|^activit"),
    "koos": ("symptom", "adl|daily", "sport", "qol|quality"),
    "spadi": ("pain", "disability"),
    "sf36": ("bodily pain", "physical function", "social function|vitality|general health"),
}
"""Parts that tell an instrument when two of them stand in one table."""


_OTHER_FUNCTION = {"pdi", "ndi", "fiq", "fri", "hfaq", "quebec", "haq", "auscan", "foot_function"}
"""Questionnaires of function that the vocabulary has not."""
_SHORT_FORMS = {"PF", "RP", "PR", "BP", "GH", "VT", "V", "SF", "RE", "ER", "MH"}
"""Short names of the parts of the SF-36; four of them in one table tell it."""
_SHORT_PARTS = {"PF": "physical function", "BP": "bodily pain"}


def _scale_of(family: str, words: str) -> Scale:
    """The part of a family that words name."""
    return next(scale for pattern, scale in all_parts()[family] if pattern.search(words))


def _pain_scale(name: str, sort: str) -> Scale:
    ranges = ((0.0, 10.0), (0.0, 100.0))
    return Scale("pain", name, sort, ranges)
