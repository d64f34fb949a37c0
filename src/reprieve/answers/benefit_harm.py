"""Benefit and harm on one page: people of 100 helped, people of 100 harmed, and the balance.

What an event is worth is not in the evidence: weights come from the person who asks, and without
them there is no balance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.answers.answer import Answer, PerHundred
from reprieve.answers.harm_models import PerHundredHarmed
from reprieve.answers.harms import HarmsAnswer
from reprieve.errors import InputError
from reprieve.evidence import vocabulary
from reprieve.evidence.event_families import event_family
from reprieve.synthesis.findings import plain

Interval = tuple[float, float]
HELPED = "a worthwhile improvement"
_FLAT = 6.0
"""On the probit scale: beyond it everybody, or nobody, improves."""

_OVERLAPPING = (
    ("any", "serious"), ("any", "treatment_related"), ("any", "non_serious"),
    ("any", "injection_site"), ("any", "infection"), ("any", "tumour"), ("any", "joint"),
    ("any", "death"), ("serious", "death"), ("withdrawal", "withdrawal_harm"),
)  # fmt: skip
"""Families of which one holds people of the other."""


@dataclass(frozen=True)
class Balance:
    """One line of the page.

    Attributes
    ----------
    code, name : str
        ``benefit``, or the family of the harm.
    with_treatment, with_comparator, difference : float
        People of 100, as the answers give them.
    with_treatment_ci, with_comparator_ci, difference_ci : tuple of float
        From the draws.
    trials : int
    """

    code: str
    name: str
    with_treatment: float
    with_treatment_ci: Interval
    with_comparator: float
    with_comparator_ci: Interval
    difference: float
    difference_ci: Interval
    trials: int


@dataclass(frozen=True)
class NetBenefit:
    """What the weights make of it.

    Attributes
    ----------
    weights : dict of str to float
        How bad one person with the event is, in people with a worthwhile improvement.
    estimate, ci : float, tuple
        More people of 100 helped, less weighted people harmed, with the treatment; median.
    probability : float
        That it is above zero.
    """

    weights: dict[str, float]
    estimate: float
    ci: Interval
    probability: float


@dataclass(frozen=True)
class BenefitHarm:
    """What `benefit_harm` returns.

    Attributes
    ----------
    treatment, comparator : str
        Names.
    condition : str
        Name.
    benefit : Balance
    harms : tuple of Balance
    not_counted : tuple of str
        Harms that no trial compares.
    net : NetBenefit or None
        Only where weights were given.
    level : float
    in_words : str
    """

    treatment: str
    comparator: str
    condition: str
    benefit: Balance
    harms: tuple[Balance, ...]
    not_counted: tuple[str, ...]
    net: NetBenefit | None
    level: float
    in_words: str

    def to_dict(self) -> dict[str, Any]:
        """The page as plain data, ready for JSON."""
        return dict(plain(asdict(self)))


def benefit_harm(
    answer: Answer,
    harms: HarmsAnswer,
    weights: Mapping[str, float] | None = None,
    *,
    draws: int = 10_000,
    seed: int = 1,
) -> BenefitHarm:
    """People of 100 helped and harmed, on one scale.

    Parameters
    ----------
    answer : Answer
        Of the benefit; one whose `per_100` is known.
    harms : HarmsAnswer
        Of the same treatment and comparator. Its condition may be wider, since harms are rarer.
    weights : mapping of str to float, optional
        For families of harms: how many people with a worthwhile improvement one person with the
        event outweighs. ``{"serious": 5}``: a serious adverse event is as bad as five such
        improvements are good. Without weights there is no net benefit.
    draws, seed : int

    Returns
    -------
    BenefitHarm

    Raises
    ------
    InputError
        Another treatment or comparator, no people of 100, a weight for a harm that no trial
        compares, or weights that count the same people twice.

    Notes
    -----
    Benefit and harms are drawn independently: trials rarely say who had both. The benefit's draws
    are those of the pooled difference, with the comparator's improvement as it was seen.

    Examples
    --------
    >>> from reprieve.answers import Question, ask
    >>> from reprieve.answers.harms import ask_harms
    >>> from reprieve.effects.harms import HarmsQuestion
    >>> sides = {"condition": "knee_osteoarthritis", "comparator": "hyaluronic_acid"}
    >>> page = benefit_harm(ask(Question(**sides)), ask_harms(HarmsQuestion(**sides)), {"any": 0.2})
    >>> page.benefit.difference > 0, page.net.weights
    (True, {'any': 0.2})
    """
    _require_same_sides(answer, harms)
    people, improved = _improved(answer, draws, seed)
    level = harms.question.level
    benefit = _balance("benefit", HELPED, people, improved, len(answer.studies), level)
    drawn: dict[str, NDArray[np.float64]] = {}
    centre: dict[str, float] = {}
    lines = []
    for place, found in enumerate(harms.families, 1):
        if found.pooled is not None:
            code, name = found.family.code, found.family.name
            drawn[code] = found.pooled.draws(draws, seed + place)
            centre[code] = found.pooled.per_100.difference
            lines.append(
                _balance(code, name, found.pooled.per_100, drawn[code], len(found.trials), level)
            )
    net = None
    if weights:
        chosen = {event_family(code).code: float(weight) for code, weight in weights.items()}
        _require_weights(chosen, drawn)
        gain = improved[:, 0] - improved[:, 1]
        for code, weight in chosen.items():
            more = drawn[code][:, 0] - drawn[code][:, 1]
            # about the difference that was seen: where nobody had the event, priors alone would
            # put the risk of the smaller group higher
            gain = gain - weight * (more - more.mean() + centre[code])
        middle, ends = _middle(gain, level)
        net = NetBenefit(chosen, middle, ends, float((gain > 0).mean()))
    question = answer.question
    names = tuple(
        vocabulary.treatment(code).name for code in (question.treatment, question.comparator)
    )
    not_counted = tuple(f.family.name for f in harms.families if f.pooled is None)
    return BenefitHarm(
        treatment=names[0],
        comparator=names[1],
        condition=vocabulary.condition(question.condition).name,
        benefit=benefit,
        harms=tuple(lines),
        not_counted=not_counted,
        net=net,
        level=level,
        in_words=_in_words(benefit, lines, not_counted, net, names),
    )


def _require_same_sides(answer: Answer, harms: HarmsAnswer) -> None:
    question, other = answer.question, harms.question
    for role in ("treatment", "comparator"):
        one, two = getattr(question, role), getattr(other, role)
        if one != two:
            raise InputError(
                f"the benefit has {role} {one!r} and the harms {two!r}; ask both about the same"
            )
    if other.condition not in (None, question.condition):
        raise InputError(
            f"the benefit is in {question.condition!r} and the harms in {other.condition!r}; ask "
            "for harms in the same condition, or in all (condition=None)"
        )


def _require_weights(chosen: Mapping[str, float], drawn: Mapping[str, Any]) -> None:
    for code, weight in chosen.items():
        if not 0 <= weight < np.inf:
            raise InputError(f"the weight of {code} is {weight:g}; expected 0 or more")
        if code not in drawn:
            known = ", ".join(drawn) or "none"
            raise InputError(
                f"no trial compares {event_family(code).name} between both sides, so it can't be "
                f"weighed; harms that can: {known}"
            )
    for pair in _OVERLAPPING:
        if all(chosen.get(code) for code in pair):
            raise InputError(
                f"{pair[0]} and {pair[1]} count some of the same people; weigh one of the two"
            )


def _improved(answer: Answer, draws: int, seed: int) -> tuple[PerHundred, NDArray[np.float64]]:
    """People of 100 with a worthwhile improvement, and draws of both sides: shape (draws, 2).

    Improvements are normal, so that the share improved is a straight line of the difference on
    the probit scale, on which the answer's people of 100 lie; the two furthest apart that are not
    all or nothing give its slope.
    """
    from scipy.special import ndtr, ndtri

    people, effect = answer.per_100, answer.effect
    if people is None or effect is None or answer.fit is None:
        raise InputError(
            "this answer has no numbers of people (no published threshold, or no trial shows how "
            "much the comparator's people varied), so that benefit and harm have no common scale"
        )
    low, high = effect.ci
    least, most = people.with_treatment_ci
    shares = np.array([people.with_comparator, people.with_treatment, most, least])
    effects, scores = np.array([0.0, effect.estimate, low, high]), ndtri(shares / 100)
    known = np.abs(scores) < _FLAT
    if not known[0] or np.ptp(effects[known]) == 0:
        raise InputError(
            f"{people.with_comparator:.0f} of 100 people improve with the comparator, so that the "
            "answer does not show how people of 100 follow from points; look at the points instead"
        )
    first = int(np.where(known, effects, np.inf).argmin())
    last = int(np.where(known, effects, -np.inf).argmax())
    slope = (scores[last] - scores[first]) / (effects[last] - effects[first])
    base = scores[0]
    drawn = answer.fit.draws(draws, seed)
    treated = 100 * ndtr(base + slope * drawn)
    return people, np.column_stack([treated, np.full(draws, people.with_comparator)])


def _balance(
    code: str,
    name: str,
    found: PerHundred | PerHundredHarmed,
    risks: NDArray[np.float64],
    trials: int,
    level: float,
) -> Balance:
    one, two = (_middle(part, level)[1] for part in (risks[:, 0], risks[:, 1]))
    return Balance(
        code=code,
        name=name,
        with_treatment=found.with_treatment,
        with_treatment_ci=one,
        with_comparator=found.with_comparator,
        with_comparator_ci=two,
        difference=found.difference,
        difference_ci=found.difference_ci,
        trials=trials,
    )


def _middle(values: NDArray[np.float64], level: float) -> tuple[float, Interval]:
    low, middle, high = np.quantile(values, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return float(middle), (float(low), float(high))


def _in_words(
    benefit: Balance,
    harms: list[Balance],
    not_counted: tuple[str, ...],
    net: NetBenefit | None,
    names: tuple[str, ...],
) -> str:
    lines = "; ".join(_line(part) for part in (benefit, *harms))
    sentences = [f"Of 100 people with {names[0]} instead of {names[1]}: {lines}."]
    if not_counted:
        sentences.append(f"No trial compares: {', '.join(not_counted)}.")
    if net is None:
        sentences.append("How much one weighs against another is for each person to say.")
    else:
        weights = ", ".join(
            f"{event_family(code).name} {weight:g}" for code, weight in net.weights.items()
        )
        low, high = net.ci
        sentences.append(
            f"With your weights ({weights}, where one worthwhile improvement is 1) the balance is "
            f"{_signed(net.estimate)} improvements per 100 people (from {_signed(low)} to "
            f"{_signed(high)}); it favours {names[0]} with a probability of "
            f"{net.probability:.0%}."
        )
    return " ".join(sentences)


def _line(part: Balance) -> str:
    low, high = part.difference_ci
    return f"{part.name}: {_more(part.difference)} (from {_more(low)} to {_more(high)})"


def _more(value: float) -> str:
    size = f"{abs(value):.0f}" if abs(value) >= 9.95 else f"{abs(value):.1f}"
    if size == "0.0":
        return "0 more"
    return f"{size} {'more' if value > 0 else 'fewer'}"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")
