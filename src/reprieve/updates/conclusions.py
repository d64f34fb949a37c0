"""What the evidence says at one moment, small enough to keep and to hold against the next.

A conclusion is an answer without its workings: the numbers that people act on and the trials that
they stand on. It survives as JSON, so that versions years apart can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from statistics import NormalDist
from typing import Any, Literal

from reprieve.errors import InputError

Interval = tuple[float, float]
Side = Literal["more", "fewer", "not shown"]

SLIGHT = 1.0
"""Points of 100 below which two options count as level: their order is not told."""

LIKELY = 0.6
"""Probability of being the better one below which two options count as level."""

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class TrialUsed:
    """A trial that a number stands on.

    Attributes
    ----------
    study_id, label : str
    link : str or None
        The page that people would open.
    says : str
        Its own number in words; empty where it has none of its own.
    """

    study_id: str
    label: str
    link: str | None = None
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectConclusion:
    """A treatment against a comparator: one outcome at one month.

    Attributes
    ----------
    key : str
        The question in short, as for overrules of certainty.
    title : str
        The question in words.
    condition, treatment, comparator, outcome, month
        As in the question.
    status : str
        Of the answer: ``"pooled"``, ``"single_trial"``, ``"not_read"`` …
    estimate, ci : float, tuple of float, or None
        Treatment minus comparator in points of 100; negative is better. None without a number.
    mcid : float or None
        The smallest worthwhile difference.
    per_100, per_100_ci : tuple of float or None
        People of 100 with a worthwhile improvement with treatment and comparator; and the
        interval of the difference.
    people : int
    certainty : str
        By GRADE: ``"high"`` … ``"very low"``, ``"not rated"``.
    provisional : bool
        Whether trials wait for a judgement of their risk of bias.
    verdict : str or None
        The claim that is rated, such as ``"little or no difference"``.
    trials : tuple of TrialUsed
    in_words : str
        The answer in plain words.
    """

    key: str
    title: str
    condition: str
    treatment: str
    comparator: str
    outcome: str
    month: float
    status: str
    estimate: float | None
    ci: Interval | None
    mcid: float | None
    per_100: tuple[float, float] | None
    per_100_ci: Interval | None
    people: int
    certainty: str
    provisional: bool
    verdict: str | None
    trials: tuple[TrialUsed, ...]
    in_words: str
    kind: Literal["effect"] = "effect"

    @property
    def better(self) -> str:
        """Which side the interval shows to be better: treatment, comparator or neither."""
        if self.ci is None or self.ci[0] <= 0 <= self.ci[1]:
            return "neither"
        return "treatment" if self.ci[1] < 0 else "comparator"


@dataclass(frozen=True, slots=True)
class OptionPair:
    """Two options of a network.

    Attributes
    ----------
    one, two : str
        Codes of nodes.
    estimate, ci : float, tuple of float
        One minus two from all evidence; negative: one is better.
    certainty : str or None
        Where the pair was rated.
    """

    one: str
    two: str
    estimate: float
    ci: Interval
    certainty: str | None

    @property
    def first(self) -> str | None:
        """The code of the better one; None where they are level (see `SLIGHT`, `LIKELY`).

        With wide intervals nearly every new trial turns some pair by a hair; that is no news.
        """
        se = (self.ci[1] - self.ci[0]) / (2 * _Z)
        likely = NormalDist().cdf(abs(self.estimate) / se) if se > 0 else 1.0
        if abs(self.estimate) < SLIGHT or likely < LIKELY:
            return None
        return self.one if self.estimate < 0 else self.two


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConclusion:
    """All options of a condition at once: one outcome at one month.

    Attributes
    ----------
    key, title, condition, outcome, month
        As for an effect.
    options : tuple of str
        Codes of nodes, the best by P-score first.
    reference : str
        What certainty is rated against.
    pairs : tuple of OptionPair
        Each pair once.
    trials : tuple of TrialUsed
    in_words : str
    """

    key: str
    title: str
    condition: str
    outcome: str
    month: float
    options: tuple[str, ...]
    reference: str
    pairs: tuple[OptionPair, ...]
    trials: tuple[TrialUsed, ...]
    in_words: str
    kind: Literal["order"] = "order"

    def pair(self, one: str, two: str) -> OptionPair | None:
        """Two options in this order, or None where the network lacks one of them."""
        for pair in self.pairs:
            if (pair.one, pair.two) == (one, two):
                return pair
            if (pair.two, pair.one) == (one, two):
                low, high = pair.ci
                return OptionPair(one, two, -pair.estimate, (-high, -low), pair.certainty)
        return None


@dataclass(frozen=True, slots=True)
class HarmSignal:
    """One family of unwanted events.

    Attributes
    ----------
    family, name : str
        Its code, and in words.
    events_treatment, people_treatment, events_comparator, people_comparator : int
        In trials that count both sides; all zero where none does.
    difference, ci : float, tuple of float, or None
        More people of 100 with the event with the treatment; None where no trial counts both.
    ratio_ci : tuple of float or None
        The interval of the pooled ratio, where there is one.
    trials : tuple of TrialUsed
    in_words : str
    """

    family: str
    name: str
    events_treatment: int
    people_treatment: int
    events_comparator: int
    people_comparator: int
    difference: float | None
    ci: Interval | None
    ratio_ci: Interval | None
    trials: tuple[TrialUsed, ...]
    in_words: str

    @property
    def side(self) -> Side:
        """Whether the treatment is shown to have more of it, or fewer: intervals without none.

        The interval of the ratio decides, since rare events are pooled on it; where there is
        no ratio that of the difference does.
        """
        for ends, none in ((self.ratio_ci, 1.0), (self.ci, 0.0)):
            if ends is not None:
                if ends[0] > none:
                    return "more"
                return "fewer" if ends[1] < none else "not shown"
        return "not shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmConclusion:
    """The harms of a treatment against a comparator in a condition.

    Attributes
    ----------
    key, title, condition, treatment, comparator
        As for an effect.
    families : tuple of HarmSignal
        Those that some trial counts on both sides.
    in_words : str
    """

    key: str
    title: str
    condition: str
    treatment: str
    comparator: str
    families: tuple[HarmSignal, ...]
    in_words: str
    kind: Literal["harm"] = "harm"

    @property
    def trials(self) -> tuple[TrialUsed, ...]:
        """The trials behind any family, each once."""
        return tuple({t.study_id: t for f in self.families for t in f.trials}.values())


Conclusion = EffectConclusion | OrderConclusion | HarmConclusion
_KINDS: dict[str, type[Any]] = {
    "effect": EffectConclusion,
    "order": OrderConclusion,
    "harm": HarmConclusion,
}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something known of a trial that bears on what stands on it.

    Attributes
    ----------
    trial : str
        The study of the evidence, or a register number.
    label : str
    link : str or None
    condition : str
        The trial's condition; empty where unknown.
    why : str
        Where it is known from, or since when.
    without : tuple of str
        What the answers that stand on it would say without it, a line each.
    """

    trial: str
    label: str
    link: str | None
    condition: str
    why: str
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything concluded at one moment.

    Attributes
    ----------
    date : str
        The day, ISO 8601.
    conclusions : mapping of str to Conclusion
        By key.
    retracted : mapping of str to Notice
        Trials of the evidence with a retracted report, by study.
    silent : mapping of str to Notice
        Registered trials whose results are overdue, by register number.
    """

    date: str
    conclusions: Mapping[str, Conclusion] = field(default_factory=dict)
    retracted: Mapping[str, Notice] = field(default_factory=dict)
    silent: Mapping[str, Notice] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The standing as JSON can hold it; `standing_from` reads it back."""
        return {
            "date": self.date,
            "conclusions": {key: to_dict(each) for key, each in self.conclusions.items()},
            "retracted": {key: asdict(each) for key, each in self.retracted.items()},
            "silent": {key: asdict(each) for key, each in self.silent.items()},
        }


def to_dict(conclusion: Conclusion) -> dict[str, Any]:
    """A conclusion as JSON can hold it; `from_dict` reads it back."""
    return asdict(conclusion)


def from_dict(content: Mapping[str, Any]) -> Conclusion:
    """A conclusion from what `to_dict` gave, or its JSON.

    Raises
    ------
    InputError
        It is not a conclusion that this version knows.

    Examples
    --------
    >>> signal = HarmSignal("serious", "a serious adverse event", 9, 100, 1, 100, 8.0, (1.5, 15.0),
    ...                     None, (), "")
    >>> harms = HarmConclusion(key="k", title="t", condition="knee_osteoarthritis",
    ...     treatment="cell_therapy", comparator="placebo", families=(signal,), in_words="")
    >>> from_dict(to_dict(harms)) == harms, signal.side
    (True, 'more')
    """
    return _convert(content, _KINDS.get(str(content.get("kind"))))  # type: ignore[no-any-return]


def standing_from(content: Mapping[str, Any]) -> Standing:
    """A standing from what `Standing.to_dict` gave, or its JSON.

    Examples
    --------
    >>> standing_from(Standing("2026-03-01").to_dict())
    Standing(date='2026-03-01', conclusions={}, retracted={}, silent={})
    """
    return Standing(
        date=str(content["date"]),
        conclusions={key: from_dict(each) for key, each in content["conclusions"].items()},
        retracted={key: notice_from(each) for key, each in content["retracted"].items()},
        silent={key: notice_from(each) for key, each in content["silent"].items()},
    )


def notice_from(content: Mapping[str, Any]) -> Notice:
    """A notice from its JSON."""
    return _convert(content, Notice)  # type: ignore[no-any-return]


def _convert(content: Mapping[str, Any], kind: type[Any] | None) -> Any:
    import msgspec

    if kind is None:
        raise InputError(
            f"a stored conclusion is of kind {content.get('kind')!r}; expected one of "
            f"{', '.join(_KINDS)}: was it written by a newer version?"
        )
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise InputError(
            f"a stored {kind.__name__} can't be read ({error}); was it written by a newer version?"
        ) from error
