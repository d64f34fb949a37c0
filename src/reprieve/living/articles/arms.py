"""Who: the arms of a trial, found in the headings of its tables and told apart by their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from reprieve.living.articles.instrument_words import names_a_measure
from reprieve.living.articles.numbers import plain, read_value
from reprieve.living.articles.statistics import said_of_numbers
from reprieve.living.articles.times import (
    names_only_a_time,
    without_joining_words,
    without_times,
)

_PEOPLE = re.compile(
    r"\(?\s*\b[nN](?:\s?[=:]\s?|\s)(?P<n>\d{1,3}(?: \d{3})+(?!\d)|\d{1,5})\s*(?:/\s*\d+)?\s*"
    r"(?:patients|subjects|participants|"
    r"%|\(%\))?\)?"
    r"|\(\s*(?P<m>\d{1,5})\s*(?:patients|subjects|participants|people|knees|cases)\s*\)"
    r"|(?<=[A-Za-z])\s*\(\s*(?P<bare>\d{2,4})\s*\)$"
)
NO_ARM = re.compile(
    r"^\W*(?:p|t|f|z|u|r|df|β|χ\^?2|x\^?2|chi\w*)\b\W*(?:$|value|val\b|\()|"
    r"p[- ]?values?|\bp\s?[<=>]|"
    r"^\W*sig(?:n|nif)?\W*$|signific\w*|\btotal\b(?! (?:knee|hip|joint|contact|body))|"
    r"\ball\b(?! other)|\boverall\b|\bwhole\b(?![- ]body)|"
    r"differen\w*|^number of|^no\. of|responders?\b|^improve|^benefit|^better|^worse|"
    r"\bvs\.?\b|\bversus\b|"
    r"compar\w*|effect size|cohen|hedges|treatment effect|odds|risk ratio|\bor\b \(|\brr\b|"
    r"\bhr\b|interaction|"
    r"\bci\b|confidence|statistic\w*|^\W*(?:\w+\s)?test\W*$|test statistic|anova|minus|"
    r"adjusted (?:mean )?diff|"
    r"between[- ]group|within[- ]group|"
    r"coefficient|correlat\w*|regress\w*|\bmodels?\b|predictors?\b|univariat\w*|multivaria\w*|"
    r"^(?:main |group |time |linear )+(?:effect|trend)|^\W*range of\b|\bcut-?offs?\b|"
    r"(?:itt|pp|safety|efficacy|analysis|per[- ]protocol|to[- ]treat|total|full|whole|study) "
    r"(?:population|sets?|analysis|samples?)\b|^\W*(?:emax|cmax|tmax|auc\w*|gmr|icc|srm)\b|"
    r"\bmd\b|\bmean diff|\bsmd\b|\bsum\b|reference (?:range|value|categor)\w*|(?:normal|"
    r"standard) range",
    re.IGNORECASE,
)
_COMPARING_GROUP = re.compile(
    r"\b(?:comparison|comparator|comparative|reference|test|testing|whole|overall)\s+"
    r"(?:group|arm|treatment|intervention)",
    re.IGNORECASE,
)
_STUB_TITLE = re.compile(
    r"^\W*(?:characteristics?|variables?|parameters?|measures?|outcomes?|outcome (?:measures?|"
    r"variables?)|"
    r"(?:demographic|baseline|clinical)\w*(?: and \w+)?"
    r"(?: (?:characteristics?|data|variables?|features?|parameters?|measures?|findings?))?|"
    r"items?|scores?|scales?|tests?|groups?|"
    r"arms?|times?|time ?points?|category|"
    r"categories|visits?|weeks?|months?|factors?|data|information|group assignment|"
    r"itt|pp|per[- ]protocol|intention[- ]to[- ]treat|assessments?|domains?|no\.?|number|n|%|"
    r"questionnaires?|values?|"
    r"evaluation|instrument|period|stage|type|event|adverse events?)\W*$",
    re.IGNORECASE,
)
_CHARACTERISTIC = re.compile(
    r"^\W*(?:mean |median |average )?(?:minimum|maximum|min|max|standard (?:error|deviation)|"
    r"quartile|age|sex|gender|bmi|body mass|height|duration|n started|started|completed|marital|"
    r"onset|male|female|frequency|number|percent\w*)\b(?! (?:group|arm))"
    r"|^\W*(?:range|weight|side|men|women|scores?|count|results?|costs?|dose|grade)\W*$",
    re.IGNORECASE,
)
_DOSE = re.compile(
    r"^\W*\d+(?:\.\d+)?\s?(?:mg|µg|μg|mcg|g|ml|IU|%|J|Hz|Gy|units?)\b", re.IGNORECASE
)
_WITH_UNIT = re.compile(
    r"\([^)]*(?:/|%|\^|\b(?:mm|cm|kg|m[lL]|mg|g|sec|s|min|h|score|points?|mmHg|bpm|Hz|N|Nm|W|"
    r"ms)\b|°)[^)]*\)\s*$"
)
_OF_NUMBERS = re.compile(
    r"\b(?:means?|medians?|averages?|lsm?|least|squares?|chang\w*|from|to|at|in|of|the|base-?line|"
    r"bl|s\.?e\.?m?|s\.?d|ci|observed|imputed|raw|crude|(?:un)?adjusted|ranges?|estimates?|"
    r"estimated|scores?|values?|rank|sums?|min|max|standard (?:error|deviation)s?|final|n|no)\b|"
    r"[^A-Za-z]",
    re.IGNORECASE,
)
_CONTROL = re.compile(
    r"control|placebo|sham|usual|\btau\b|standard|wait|conventional|routine|vehicle|saline|"
    r"no treatment",
    re.IGNORECASE,
)
_GENERIC = re.compile(
    r"^\W*(?:(?P<control>controls?|comparison|comparator|placebo)|intervention|experimental|"
    r"treatment|treated|"
    r"active|study|test)(?:\s(?:group|arm|condition))?\W*$",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"\b(?:groups?|arms?|patients|subjects|participants|treated|treatment|therapy|the|of|in|"
    r"with|and|plus|mean|sd|se|"
    r"m|values?|scores?|only|alone|n|no|mg|ml|daily|once|twice|day|cohort|cases?)\b|[±%]",
    re.IGNORECASE,
)
_STATS = re.compile(
    r"\(?\s*\b(?:adjusted |ls |lsm |least[- ]squares? )?(?:means?|m|medians?|averages?|"
    r"values?)\b\s*(?:\(?[±,/ ]*\(?\s*(?:±\s*)?(?:s\.?d\.?|s\.?e\.?m?\.?|"
    r"iqr|range|95\s?%\s?(?:ci|confidence interval)|standard (?:deviation|error)|"
    r"interquartile range)[\])]*\)?)?|"
    r"\(?±?\s?\b(?:s\.?d\.?|sem|iqr|95\s?%\s?ci)\b\)?|\(\s*±?\s?s\.?e\.?\s*\)|"
    r"\b[nNf]o?\.?\s?\(\s?%\s?\)|\(\s?%\s?\)|,?\s?n\s?=?\s?\(?%\)?$",
    re.IGNORECASE,
)


_CAPITALS = re.compile(r"^(?!SDS?$|SEM?$|CI$|IQR$|OR$|RR$|HR$|MD$|NS?$)[A-Z]{2,5}$")
_LETTERED = re.compile(r"^(?:groups?|arm)?\s?(?:[A-H]|[1-8]|I{1,3}|IV|V)$", re.IGNORECASE)


@dataclass(slots=True)
class Arm:
    """One arm as the tables name it.

    Attributes
    ----------
    label : str
        The longest name that a table gives it.
    names : list of str
        Every name, without numbers of people and statistics.
    n : int or None
        People in it, as the first table says.
    stratum : str
        The part of the arm, where results are given by strata.
    """

    label: str
    names: list[str] = field(default_factory=list)
    n: int | None = None
    stratum: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """An arm that a heading names, and how surely."""

    arm: int
    certainty: float


def people_in(heading: str) -> int | None:
    """How many people a heading counts.

    Examples
    --------
    >>> people_in("Cingal (n = 149)"), people_in("Placebo"), people_in("N=24")
    (149, None, 24)
    """
    found = _PEOPLE.search(plain(heading))
    if found is None:
        return None
    return int((found["n"] or found["m"] or found["bare"]).replace(" ", ""))


@lru_cache(maxsize=8192)
def name_of(heading: str) -> str:
    """A heading without numbers of people and statistics: the name that is left.

    Examples
    --------
    >>> name_of("Exercise group (n = 30), mean ± SD"), name_of("mean (95% CI)")
    ('Exercise group', '')
    """
    name = _PEOPLE.sub(" ", plain(heading))
    name = _STATS.sub(" ", name)
    name = re.sub(r"\(\s*[,;]?\s*\)|\[\s*\]", " ", name)
    name = re.sub(r"\s+", " ", name).strip(" ,;:*†‡§.-#/±")
    return without_joining_words(name)


def is_no_arm(name: str) -> bool:
    """Whether a heading stands above tests, totals or comparisons.

    Examples
    --------
    >>> is_no_arm("P value"), is_no_arm("Comparison group"), is_no_arm("Compared with placebo")
    (True, False, True)
    """
    return bool(NO_ARM.search(_COMPARING_GROUP.sub(" ", name)))


def may_be_an_arm(heading: str, *, of_row: bool = False) -> bool:
    """Whether a heading may name an arm: it names no time, no measure, and no comparison.

    Headings of rows are judged harder: they name many things that are no instrument of pain.

    Examples
    --------
    >>> [may_be_an_arm(h) for h in ("Placebo (n = 30)", "6 months", "P value", "WOMAC pain")]
    [True, False, False, False]
    """
    name = name_of(heading)
    if not name or len(name) > 140 or not re.search(r"[A-Za-z]", name):
        return False
    if people_in(heading) and _CAPITALS.match(name):
        return True
    if is_no_arm(name) or _STUB_TITLE.match(name) or _CHARACTERISTIC.match(name):
        return False
    if _WITH_UNIT.search(name) or (said_of_numbers(name) and not _tokens(name)):
        return False
    if read_value(name) is not None and not _DOSE.match(name):
        return False
    if not _OF_NUMBERS.sub("", without_times(name)) and not _LETTERED.match(name):
        return False
    if names_only_a_time(name):
        return False
    return not names_a_measure(without_times(name), any_measure=of_row) or _arm_words(name)


def _arm_words(name: str) -> bool:
    return bool(
        re.search(
            r"\bgroup\b|\barm\b|placebo|sham|control|\bplus\b|exercise|injection|educat|program|"
            r"training|therap|\bschool\b|counsel|intervention|management|diet|surgery|stimulat|"
            r"mobili[sz]|massage|\btap(?:e|ing)\b|orthos|\bbrace|\bblock\b|patch|\bgel\b",
            name,
            re.IGNORECASE,
        )
    ) and not re.search(
        r"score|scale|index|womac|koos|\bvas\b|\bnrs\b|\bodi\b|questionnaire", name, re.IGNORECASE
    )


class Arms:
    """The arms of one article.

    Parameters
    ----------
    arms : sequence of Arm
    abbreviations : mapping of str to str
        What short names stand for.
    """

    def __init__(self, arms: Sequence[Arm], abbreviations: Mapping[str, str]) -> None:
        self.arms = list(arms)
        self._short = {_together(short): long for short, long in abbreviations.items()}
        self._words = [self._words_of(arm.names) for arm in self.arms]
        shared = Counter(word for words in self._words for word in words)
        self._common = {word for word, count in shared.items() if count == len(self.arms) > 1}

    def __len__(self) -> int:
        return len(self.arms)

    def match(self, heading: str) -> Match | None:
        """The arm that a heading names; None where it names none, or no single one."""
        whole = name_of(heading)
        name = without_times(whole) or whole
        if not name or not re.search(r"\w", name):
            return None
        simple = {_simple(whole), _simple(name)}
        for i, arm in enumerate(self.arms):
            if any(_simple(other) in simple for other in arm.names):
                return Match(i, 1.0)
        if is_no_arm(name) or names_only_a_time(whole):
            return None
        initials = [i for i, arm in enumerate(self.arms) if name in _initials(arm.names)]
        if len(initials) == 1:
            return Match(initials[0], 0.9)
        generic = self._generic(name)
        if generic is not None:
            return Match(generic, 0.8)
        words = self._words_of([name])
        if not words:
            return None
        scores = [self._score(words, its) for its in self._words]
        best = max(range(len(scores)), key=lambda i: scores[i], default=None)
        if best is None or scores[best] < 0.5:
            return self._only_one_in(words)
        second = max((s for i, s in enumerate(scores) if i != best), default=0.0)
        if second > 0.8 * scores[best]:
            return None
        return Match(best, round(min(0.95, scores[best]), 2))

    def _only_one_in(self, words: set[str]) -> Match | None:
        """The one arm all of whose telling words stand among the words of a heading."""
        within = [
            bool(its - self._common) and all(any(_alike(w, o) for o in words) for w in its)
            for its in self._words
        ]
        return Match(within.index(True), 0.75) if within.count(True) == 1 else None

    def _generic(self, name: str) -> int | None:
        """The arm of a trial of two arms that "intervention" or "control" means."""
        said = _GENERIC.match(name)
        controls = [i for i, arm in enumerate(self.arms) if _CONTROL.search(" ".join(arm.names))]
        if said is None or len(self.arms) != 2 or len(controls) != 1:
            return None
        return controls[0] if said["control"] else 1 - controls[0]

    def match_caption(self, caption: str) -> Match | None:
        """The one arm that a caption names with all its telling words."""
        words = self._words_of([caption])
        covered = [max(self._covered(name, words) for name in arm.names) for arm in self.arms]
        best = max(range(len(covered)), key=lambda i: covered[i], default=None)
        if best is None or not covered[best] or covered.count(covered[best]) > 1:
            return None
        return Match(best, 0.8)

    def _covered(self, name: str, words: set[str]) -> int:
        """How many words of a name, or of what it stands for, a caption holds, if all of them."""
        long = self._short.get(_together(name), "")
        counts = [0]
        for version in (name, long):
            its = set(_tokens(version))
            if its and all(any(_alike(word, other) for other in words) for word in its):
                counts.append(len(its))
        return max(counts)

    def _score(self, words: set[str], its: set[str]) -> float:
        """The share of the telling words of a heading that an arm's names hold."""
        telling, own = words - self._common, its - self._common
        if not telling:
            return 0.0
        hits = sum(1 for word in telling if any(_alike(word, other) for other in own))
        if not hits:
            return 0.0
        covered = sum(1 for word in own if any(_alike(word, other) for other in words))
        return hits / len(telling) * (0.7 + 0.3 * covered / max(1, len(own)))

    def _words_of(self, names: Iterable[str]) -> set[str]:
        words: set[str] = set()
        for name in names:
            if _together(name) in self._short:
                words |= set(_tokens(self._short[_together(name)]))
                continue
            words |= set(_tokens(name))
            for short in re.findall(r"[A-Za-z][A-Za-z0-9-]*", name):
                words |= set(_tokens(self._short.get(_together(short), "")))
        return words


def _initials(names: Iterable[str]) -> set[str]:
    """The first letters of names of several words, as they are written for short."""
    words = [re.findall(r"[A-Za-z]+", re.sub(r"\b[Gg]roups?\b", "", name)) for name in names]
    return {"".join(word[0] for word in some).upper() for some in words if len(some) > 1}


def _together(name: str) -> str:
    return re.sub(r"\s+", "", name.lower())


def _simple(name: str) -> str:
    return re.sub(r"[^a-z0-9+]", "", re.sub(r"\b(?:groups?|arms?|the)\b", " ", name.lower()))


def _tokens(name: str) -> list[str]:
    name = _NOISE.sub(" ", plain(name))
    words = re.findall(r"[A-Za-z]+\d*|\d+(?:\.\d+)?", name)
    return [word.lower() for word in words]


def _alike(a: str, b: str) -> bool:
    if a == b:
        return True
    if min(len(a), len(b)) >= 4 and (a.startswith(b) or b.startswith(a) or a[:7] == b[:7]):
        return True
    roman = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
    return roman.get(a, a) == roman.get(b, b)
