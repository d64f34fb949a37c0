"""How counts of a harm become a ratio, people of 100, and bounds: one rule for all families."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reprieve.errors import SynthesisError
from reprieve.synthesis.findings import quantile
from reprieve.synthesis.rare.analysis import Method, rare_events
from reprieve.synthesis.rare.bounds import upper_bound
from reprieve.synthesis.rare.results import RareEvents
from reprieve.synthesis.rare.single_arm import pooled_risk

RARE = 0.10
"""Below this share of all people the odds ratio is close to the risk ratio (Zhang & Yu 1998 JAMA
280:1690)."""

ENOUGH = 5
"""Trials with an event from which on the variance between trials is estimated."""

RULE = (
    "no event in any trial: exact bounds; no event (or nothing else) on one side: the difference "
    "of all people together with Newcombe's interval; "
    f"fewer than {ENOUGH} trials with an event: Mantel–Haenszel, one ratio for all; {ENOUGH} or "
    f"more: the exact conditional mixed model (odds ratio) where fewer than {RARE:.0%} of people "
    "have the event, else inverse variance with random effects (risk ratio)"
)
"""Which model pools a harm (Cochrane Handbook 10.4.4; Stijnen 2010 Stat Med 29:3046)."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class People:
    """People with an event on one side.

    Attributes
    ----------
    trials, events, people : int
    person_months : float or None
        People times months; None where a trial does not say how long it watched.
    upper : float or None
        Where nobody had the event: people of 100 that this still allows (exact, one-sided 95 %).
    """

    trials: int
    events: int
    people: int
    person_months: float | None
    upper: float | None

    @property
    def one_in(self) -> int | None:
        """The same bound as one in so many people."""
        return None if self.upper is None else math.floor(100 / self.upper)

    @property
    def per_100(self) -> float:
        """People of 100 with the event, trials taken together."""
        return 100 * self.events / self.people


@dataclass(frozen=True)
class Ratio:
    """The pooled ratio of treatment to comparator.

    Attributes
    ----------
    measure : {"OR", "RR"}
    method : str
        As in `rare_events`.
    estimate, ci : float, tuple
        Above 1: more events with the treatment.
    trials : int
        Those with an event, which inform it.
    tau : float or None
        Spread between trials on the log scale; None where one ratio is assumed.
    """

    measure: str
    method: str
    estimate: float
    ci: Interval
    trials: int
    tau: float | None


@dataclass(frozen=True)
class PerHundredHarmed:
    """People of 100 with the event.

    Attributes
    ----------
    with_treatment, with_comparator, difference : float
    difference_ci : tuple of float
        From the uncertainty of the ratio, or of both risks where there is none.
    basis : str
        How it was computed.
    """

    with_treatment: float
    with_comparator: float
    difference: float
    difference_ci: Interval
    basis: str


@dataclass(frozen=True)
class Alone:
    """What happened with the treatment in all trials, whatever their design.

    Attributes
    ----------
    people : People
    per_100, ci : float, tuple
        Of a typical trial; the crude share, with its exact interval, where nobody or everybody
        has the event.
    method : str
    """

    people: People
    per_100: float
    ci: Interval
    method: str


@dataclass(frozen=True, eq=False)
class Pooled:
    """Both sides of a family of harms, pooled."""

    treatment: People
    comparator: People
    ratio: Ratio | None
    per_100: PerHundredHarmed
    fit: RareEvents | None

    def draws(self, n: int = 10_000, seed: int | None = None) -> NDArray[np.float64]:
        """People of 100 with the event, treatment and comparator: shape (n, 2).

        The comparator's risk is drawn from its Beta distribution (Jeffreys' prior), the
        treatment's from the ratio; where there is no ratio, from its own Beta distribution.
        """
        rng = np.random.default_rng(seed)
        risks = [
            rng.beta(side.events + 0.5, side.people - side.events + 0.5, n)
            for side in (self.treatment, self.comparator)
        ]
        if self.fit is not None and self.ratio is not None:
            logs = self.fit.estimate + self.fit.se * rng.standard_normal(n)
            risks[0] = _treated_risk(self.ratio.measure, np.exp(logs), risks[1])
        return 100 * np.column_stack(risks)


def pool(table: pl.DataFrame, level: float) -> Pooled:
    """Pool the counts of trials that compare both sides, by `RULE`.

    Parameters
    ----------
    table : polars.DataFrame
        ``trials`` of `harms_of`, one row or more.
    level : float
    """
    treatment, comparator = people_of(table, "t"), people_of(table, "c")
    fit = _ratio_fit(table, treatment, comparator, level)
    if fit is None:
        return Pooled(treatment, comparator, None, _difference(treatment, comparator, level), None)
    ratio = Ratio(
        measure=fit.measure,
        method=fit.method,
        estimate=math.exp(fit.estimate),
        ci=(math.exp(fit.ci[0]), math.exp(fit.ci[1])),
        trials=fit.k_used,
        tau=None if math.isnan(fit.tau2) else math.sqrt(fit.tau2),
    )
    return Pooled(treatment, comparator, ratio, _from_ratio(ratio, comparator), fit)


def alone(table: pl.DataFrame, level: float) -> Alone:
    """The risk with the treatment alone.

    Parameters
    ----------
    table : polars.DataFrame
        ``treated`` of `harms_of`, one row or more.
    level : float
    """
    people = people_of(table, "t")
    if 0 < people.events < people.people:
        found = pooled_risk(table, events="events_t", n="n_t", study="study_id", level=level)
        return Alone(people, 100 * found.risk, _percent(found.ci), "GLMM")
    side = (1 + level) / 2
    if people.events == 0:
        upper = upper_bound(0, n=people.people, level=side).upper
        return Alone(people, 0.0, (0.0, 100 * upper), "exact")
    lower = 1 - upper_bound(0, n=people.people, level=side).upper
    return Alone(people, 100.0, (100 * lower, 100.0), "exact")


def people_of(table: pl.DataFrame, side: str) -> People:
    """One side of all trials, added up."""
    events, people = int(table[f"events_{side}"].sum()), int(table[f"n_{side}"].sum())
    months = table[f"person_months_{side}"]
    return People(
        trials=table.height,
        events=events,
        people=people,
        person_months=None if months.null_count() else float(months.sum()),
        upper=100 * upper_bound(0, n=people).upper if events == 0 else None,
    )


def _ratio_fit(
    table: pl.DataFrame, treatment: People, comparator: People, level: float
) -> RareEvents | None:
    """The ratio by the model that the rule names; None where it has no finite estimate."""
    if not treatment.events or not comparator.events:
        return None
    x = (table["events_t"] + table["events_c"]).to_numpy()
    n = (table["n_t"] + table["n_c"]).to_numpy()
    informing = int(((x > 0) & (x < n)).sum())
    rare = x.sum() < RARE * n.sum()
    measure = "OR" if rare else "RR"
    if informing >= ENOUGH:
        try:
            return _rare_events(table, measure, "CM.EL" if rare else "IV", level)
        except SynthesisError:  # nothing but events on one side: the sums below may still do
            pass
    try:
        return _rare_events(table, measure, "MH", level)
    except SynthesisError:
        return None


def _rare_events(table: pl.DataFrame, measure: str, method: Method, level: float) -> RareEvents:
    return rare_events(
        table,
        events1="events_t",
        n1="n_t",
        events2="events_c",
        n2="n_c",
        study="study_id",
        measure=measure,
        method=method,
        level=level,
    )


def _from_ratio(ratio: Ratio, comparator: People) -> PerHundredHarmed:
    """People of 100 from the ratio and the comparator's risk (Cochrane Handbook 15.4.4)."""
    base = comparator.per_100 / 100
    ends = np.array([ratio.estimate, *ratio.ci])
    found = 100 * _treated_risk(ratio.measure, ends, np.full(3, base))
    middle, low, high = (float(value) for value in found - 100 * base)
    return PerHundredHarmed(
        with_treatment=float(found[0]),
        with_comparator=100 * base,
        difference=middle,
        difference_ci=(low, high),
        basis=(
            f"the ratio on the comparator's risk, {comparator.events:,} of {comparator.people:,} "
            "in these trials; the range carries the uncertainty of the ratio only"
        ),
    )


def _difference(treatment: People, comparator: People, level: float) -> PerHundredHarmed:
    """People of 100 where no ratio can be estimated."""
    low, high = _newcombe(treatment, comparator, level)
    return PerHundredHarmed(
        with_treatment=treatment.per_100,
        with_comparator=comparator.per_100,
        difference=treatment.per_100 - comparator.per_100,
        difference_ci=(low, high),
        basis="people of all trials taken together, with Newcombe's interval of the difference",
    )


def _newcombe(one: People, two: People, level: float) -> Interval:
    """Interval of the difference of people of 100, from those of both (Newcombe's method 10).

    Newcombe 1998 Stat Med 17:873; it stays within what is possible also where nobody has the event.
    """
    p, q = one.per_100, two.per_100
    (p_low, p_high), (q_low, q_high) = (_wilson(side, level) for side in (one, two))
    return (
        p - q - math.hypot(p - p_low, q_high - q),
        p - q + math.hypot(p_high - p, q - q_low),
    )


def _wilson(side: People, level: float) -> Interval:
    """Wilson's interval of people of 100 (1927 J Am Stat Assoc 22:209)."""
    z2 = quantile((1 + level) / 2, math.inf) ** 2
    x, n = side.events, side.people
    middle = (x + z2 / 2) / (n + z2)
    half = math.sqrt(z2 * (x * (n - x) / n + z2 / 4)) / (n + z2)
    return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)


def _treated_risk(
    measure: str, ratio: NDArray[np.float64], base: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The risk with the treatment, from a ratio and the comparator's risk.

    Examples
    --------
    >>> print(_treated_risk("OR", np.array([2.0]), np.array([0.5])).round(4))
    [0.6667]
    """
    if measure == "RR":
        return np.minimum(ratio * base, 1.0)
    return ratio * base / (1 - base + ratio * base)


def _percent(ends: tuple[Any, Any]) -> Interval:
    low, high = ends
    return 100 * float(low), 100 * float(high)
