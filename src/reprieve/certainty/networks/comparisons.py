"""What trials say about each pair of treatments themselves, as bodies that rules can rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from reprieve.certainty.grading.body import CLASS_OF, Asymmetry, Body, TrialFacts
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED
from reprieve.certainty.risk_of_bias.using import judgement_of
from reprieve.certainty.unpublished import MissingEvidence, WhatIf
from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import quantile
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.missing_evidence.asymmetry import regression_test
from reprieve.synthesis.networks.results import NetworkMetaAnalysis
from reprieve.synthesis.pairwise import meta_analysis

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class TrialNotes:
    """What is known of a trial besides its numbers; what is not known has a default.

    Attributes
    ----------
    bias : str
        A judgement in the words of any tool; a trial that nobody has judged is never low.
    people : mapping of str to float
        People analysed, by treatment.
    same_people : bool
        Whether both sides hold the same people.
    randomised, double_blind : bool
    funding : str
    add_on : bool
        Whether the treatment was given on top of what both groups got.
    month : float or None
    """

    bias: str = NOT_JUDGED
    people: Mapping[str, float] = field(default_factory=dict)
    same_people: bool = False
    randomised: bool = True
    double_blind: bool = False
    funding: str = ""
    add_on: bool = False
    month: float | None = None

    def between(self, pair: Pair) -> int:
        """People in two of its arms; 0 where one is not known."""
        sides = [self.people.get(code) or 0.0 for code in pair]
        if not all(sides):
            return 0
        return round(max(sides) if self.same_people else sum(sides))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is asked of a network, for all of its pairs.

    Attributes
    ----------
    outcome : str
        A code of the outcomes.
    month, mcid : float or None
    names : mapping of str to str
        The treatments in words.
    key : str
        What the network is about, as the start of the keys of its pairs.
    missing : MissingEvidence or None
        The registered trials of the condition that stay silent.
    silent_about : frozenset of str
        The treatments that they tested.
    """

    outcome: str = "pain"
    month: float | None = None
    mcid: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    key: str = "network"
    missing: MissingEvidence | None = None
    silent_about: frozenset[str] = frozenset()

    def name(self, code: str) -> str:
        """A treatment in words."""
        return self.names.get(code, code)


def with_judgements(
    notes: Mapping[str, TrialNotes],
    judgements: Sequence[BiasJudgement],
    outcome: str | None = None,
) -> dict[str, TrialNotes]:
    """The notes with what people judged about the risk of bias; the others stay as they are.

    Examples
    --------
    >>> mine = [BiasJudgement("a", "overall", "low", who="A. Reader", date="2026-11-30")]
    >>> with_judgements({"a": TrialNotes(), "b": TrialNotes()}, mine)["a"].bias
    'low'
    """
    judged = judgement_of(judgements, outcome=outcome)
    return {
        study: replace(note, bias=judged.get(study, note.bias)) for study, note in notes.items()
    }


@dataclass(frozen=True)
class Direct:
    """Trials that compare two treatments themselves.

    Attributes
    ----------
    body : Body
        Treatment minus comparator from these trials alone, with the network's τ².
    add_on : float
        Share of the weight in trials that gave the treatment on top of what both groups got.
    month : float or None
        Of the visits, by weight.
    """

    body: Body
    add_on: float
    month: float | None


def direct_comparisons(
    fit: NetworkMetaAnalysis, notes: Mapping[str, TrialNotes], setting: Setting
) -> dict[Pair, Direct]:
    """Every pair that trials compare, by codes in the order of the network."""
    rows, names = fit.trials.rows, fit.treatments
    found = {}
    for a, b in sorted({*zip(rows.a.tolist(), rows.b.tolist(), strict=True)}):
        mine = np.flatnonzero((rows.a == a) & (rows.b == b))
        pair = names[a], names[b]
        known = [notes.get(rows.studies[rows.study[e]], TrialNotes()) for e in mine]
        labels = [rows.studies[rows.study[e]] for e in mine]
        found[pair] = _direct(fit, pair, labels, known, rows.y[mine], rows.v[mine], setting)
    return found


def _direct(
    fit: NetworkMetaAnalysis,
    pair: Pair,
    labels: list[str],
    notes: list[TrialNotes],
    y: Array,
    v: Array,
    setting: Setting,
) -> Direct:
    w = 1 / (v + fit.tau2_used)
    shares = w / w.sum()
    estimate, se = float(shares @ y), float(1 / math.sqrt(w.sum()))
    z = quantile((1 + fit.level) / 2, math.inf)
    trials = tuple(
        TrialFacts(
            study=label,
            label=label,
            weight=float(share),
            estimate=float(effect),
            ci=(float(effect - z * math.sqrt(spread)), float(effect + z * math.sqrt(spread))),
            people=note.between(pair),
            bias=CLASS_OF.get(note.bias, NOT_JUDGED),
            randomised=note.randomised,
            double_blind=note.double_blind,
            funding=note.funding,
            month=note.month,
        )
        for label, note, share, effect, spread in zip(labels, notes, shares, y, v, strict=True)
    )
    body = Body(
        key=f"{setting.key} {pair[0]} {pair[1]}",
        treatment=setting.name(pair[0]),
        comparator=setting.name(pair[1]),
        outcome=setting.outcome,
        month=setting.month,
        estimate=estimate,
        ci=(estimate - z * se, estimate + z * se),
        prediction_interval=_prediction(fit, len(y), estimate, se),
        mcid=setting.mcid,
        I2=_i2(y, v),
        people=sum(trial.people for trial in trials),
        trials=trials,
        asymmetry=_asymmetry(y, v),
    )
    months = [(note.month, share) for note, share in zip(notes, shares, strict=True) if note.month]
    weights = math.fsum(share for _, share in months)
    return Direct(
        replace(body, missing=_silent(fit, body, pair, setting, w)),
        float(shares[[note.add_on for note in notes]].sum()),
        math.fsum(m * share for m, share in months) / weights if months else None,
    )


def _prediction(fit: NetworkMetaAnalysis, k: int, estimate: float, se: float) -> Interval | None:
    """Of a new trial of the pair, with the network's τ² and its degrees of freedom."""
    if k < 3 or fit.df < 2 or math.isnan(fit.tau2):
        return None
    half = quantile((1 + fit.level) / 2, fit.df) * math.sqrt(se**2 + fit.tau2)
    return estimate - half, estimate + half


def _i2(y: Array, v: Array) -> float | None:
    if len(y) == 1:
        return None
    w = 1 / v
    Q = float((w * (y - (w @ y) / w.sum()) ** 2).sum())
    return 100 * max(0.0, 1 - (len(y) - 1) / Q) if Q > 0 else 0.0


def _asymmetry(y: Array, v: Array) -> Asymmetry | None:
    """Egger's test; small trials favour whichever treatment looks better when the signs agree."""
    if len(y) < 3 or float(np.ptp(v)) == 0:
        return None
    fit = meta_analysis(effect=y, variance=v, method="REML")
    test = regression_test(fit)
    return Asymmetry(p=test.p, favours_treatment=test.slope * fit.estimate > 0)


def _silent(
    fit: NetworkMetaAnalysis, body: Body, pair: Pair, setting: Setting, w: Array
) -> MissingEvidence | None:
    """The silent trials of the condition, where one of the two treatments is what they tested."""
    missing = setting.missing
    if missing is None or len(setting.silent_about & {*pair}) != 1:
        return None
    silent = missing.trials.filter(
        (pl.col("state") == "silent") & (pl.col("allocation") == "Randomized")
    )
    sizes = silent["planned"].fill_null(0).to_numpy()
    sd = typical_sd(body.trials, 1 / w - fit.tau2_used)
    null = None
    if sd is not None and (sizes > 1).any():
        more = (1 / (4 * sd**2 / sizes[sizes > 1] + fit.tau2_used)).sum()
        estimate, half = (
            body.estimate * w.sum() / (w.sum() + more),
            quantile((1 + fit.level) / 2, math.inf) / math.sqrt(w.sum() + more),
        )
        null = WhatIf(0.0, float(estimate), (float(estimate - half), float(estimate + half)))
    return replace(
        missing,
        silent=silent.height,
        planned_silent=int(sizes.sum()),
        people=body.people,
        estimate=body.estimate,
        ci=body.ci,
        if_null=null,
        if_opposite=None,
    )


def place_of(fit: NetworkMetaAnalysis, pair: Pair) -> int:
    """Where a pair, in the order of the network, stands among all of its pairs."""
    i, j = fit.place(pair[0]), fit.place(pair[1])
    return i * fit.n - i * (i + 1) // 2 + j - i - 1


def typical_sd(trials: Sequence[TrialFacts], v: Array) -> float | None:
    """The spread between people that trials' own precision implies: √(v n / 4), the median."""
    people = np.array([trial.people for trial in trials], dtype=float)
    spreads = np.sqrt(v * people / 4)[people > 0]
    return float(np.median(spreads)) if len(spreads) else None
