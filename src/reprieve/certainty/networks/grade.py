"""GRADE for networks: direct, indirect and network estimates rated one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np

from reprieve.certainty.grading.body import Body
from reprieve.certainty.grading.certainty import Certainty
from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.imprecision import imprecision
from reprieve.certainty.grading.indirectness import indirectness
from reprieve.certainty.grading.overrules import Overrule, overruled, standing
from reprieve.certainty.grading.publication_bias import publication_bias
from reprieve.certainty.grading.rating import DEFAULT
from reprieve.certainty.grading.risk_of_bias import risk_of_bias
from reprieve.certainty.grading.rules import SOURCES, Rules
from reprieve.certainty.grading.statements import LEVELS
from reprieve.certainty.grading.text import interval_text, number_text, share_text
from reprieve.certainty.grading.verdicts import target_of, verdict_of
from reprieve.certainty.networks.comparisons import (
    Direct,
    Pair,
    Setting,
    TrialNotes,
    direct_comparisons,
    place_of,
    typical_sd,
)
from reprieve.certainty.networks.loops import chain, ordered
from reprieve.certainty.networks.results import NetworkCertainty, PairCertainty
from reprieve.synthesis.findings import quantile, two_sided_p
from reprieve.synthesis.networks.contribution import Contributions
from reprieve.synthesis.networks.results import NetworkMetaAnalysis

NETWORK_SOURCES = {
    "network": "Puhan 2014 BMJ 349:g5630; Brignardello-Petersen 2018 J Clin Epidemiol 93:36; "
    "Izcovich 2023 BMJ 381:e074495",
    "incoherence": "Brignardello-Petersen 2019 J Clin Epidemiol 108:77",
    "imprecision": "Brignardello-Petersen 2021 J Clin Epidemiol 139:49 (GRADE guidelines 33)",
    "intransitivity": "no guidance sets a threshold (BMJ Open 2023;13:e075212); our own reading",
}
"""The guidance behind what is particular to networks."""

DIFFER, DIFFER_MUCH = 0.05, 0.01
"""P values of direct against indirect evidence from which one level and two are due: our own
reading, since the guidance leaves it to judgement."""

INCONSISTENCY = (
    "one level for each threshold that the prediction interval of the direct comparison reaches "
    "beyond its confidence interval, up to two; one level where I² is substantial, intervals of "
    "trials do not overlap, and trials lie on different sides of the threshold"
)
INTRANSITIVITY = (
    "one level where the comparisons of the chain differ in what may change effects: in visits "
    "more than twice as late, or in trials that gave the treatment on top of what both groups got"
)
INCOHERENCE = (
    "one level where direct and indirect estimates differ by more than chance explains (p below "
    "0.05), two where p is below 0.01 and they make different claims"
)


def rate_network(
    fit: NetworkMetaAnalysis,
    notes: Mapping[str, TrialNotes] | None = None,
    setting: Setting | None = None,
    *,
    rules: Rules = DEFAULT,
    overrules: Iterable[Overrule] = (),
) -> NetworkCertainty:
    """The certainty of every estimate of a network by GRADE.

    Parameters
    ----------
    fit : NetworkMetaAnalysis
        Effects in points where negative is better.
    notes : mapping of str to TrialNotes, optional
        What is known of each trial, by its label in the network. Trials that are not in it have
        not been judged.
    setting : Setting, optional
        Outcome, month, smallest worthwhile difference, names.
    rules : Rules
    overrules : iterable of Overrule

    Returns
    -------
    NetworkCertainty

    Notes
    -----
    A direct estimate is rated without imprecision; an indirect one has the lower of the ratings
    of the comparisons in the most dominant first-order loop (or, without one, in the shortest
    chain), less one level for intransitivity; the network estimate starts from the higher of the
    two and is rated down for incoherence between them and for its own imprecision (Puhan 2014 BMJ
    349:g5630; Brignardello-Petersen 2018 J Clin Epidemiol 93:36; Izcovich 2023 BMJ 381:e074495).

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> fit = network(study=["1", "2", "3"], treatment1=["cells", "cells", "exercise"],
    ...               treatment2=["saline"] * 3, effect=[-8, -9, -5], se=[3, 3, 3],
    ...               reference="saline")
    >>> found = rate_network(fit, {"1": TrialNotes(bias="low"), "2": TrialNotes(bias="low")})
    >>> pair = found.pair("cells", "exercise")
    >>> pair.rests_on, pair.via, pair.level
    ('indirect', ('saline',), 'low')
    """
    notes, setting = notes or {}, setting or Setting()
    directs = {
        ordered(pair): found for pair, found in direct_comparisons(fit, notes, setting).items()
    }
    rating = _Rating(
        fit=fit,
        setting=setting,
        directs=directs,
        rated={pair: _rate_direct(found, rules) for pair, found in directs.items()},
        contributions=fit.contributions(),
        sd=_spread(fit, directs),
        rules=rules,
        overrules=tuple(overrules),
    )
    pairs = tuple(rating.of(pair) for pair in combinations(fit.treatments, 2))
    return NetworkCertainty("GRADE", setting.outcome, fit.reference, pairs)


@dataclass(frozen=True, kw_only=True)
class _Rating:
    """What the rating of every pair needs."""

    fit: NetworkMetaAnalysis
    setting: Setting
    directs: Mapping[Pair, Direct]
    rated: Mapping[Pair, Certainty]
    contributions: Contributions
    sd: float | None
    rules: Rules
    overrules: tuple[Overrule, ...]

    def of(self, pair: Pair) -> PairCertainty:
        """The certainty of the network estimate of a pair."""
        fit, place = self.fit, place_of(self.fit, pair)
        body, path = self._body(pair), self._path(pair, place)
        direct = self.rated.get(ordered(pair))
        indirect = self._indirect(body, path) if path else None
        better = _stands_on(direct, indirect)
        decided = standing(self.overrules, body.key)
        domains = (
            *better.domains,
            _incoherence(fit, place, body, direct, indirect, self.rules),
            _network_imprecision(body, self.sd, self.rules),
        )
        randomised = better.start == "high"
        return PairCertainty(
            treatment=self._sides(pair)[0],
            comparator=self._sides(pair)[1],
            estimate=body.estimate,
            ci=body.ci,
            trials=int(fit.evidence.trials[place]),
            proportion_direct=float(fit.evidence.proportion[place]),
            certainty=_certainty(
                body, [overruled(d, decided) for d in domains], self.rules, randomised=randomised
            ),
            direct=direct,
            indirect=indirect,
            rests_on="direct" if better is direct else "indirect",
            via=path[1:-1],
        )

    def _sides(self, pair: Pair) -> Pair:
        """Treatment and comparator: the reference is always the comparator."""
        return (pair[1], pair[0]) if pair[0] == self.fit.reference else pair

    def _path(self, pair: Pair, place: int) -> tuple[str, ...]:
        if math.isnan(float(self.fit.evidence.indirect[place])):
            return ()
        path = chain(pair, self.directs, self.contributions)
        return path if self._sides(pair) == pair else path[::-1]

    def _body(self, pair: Pair) -> Body:
        """The network estimate; people are those that a single trial as precise would have."""
        treatment, comparator = self._sides(pair)
        found, setting, sd = self.fit.relative(treatment, comparator), self.setting, self.sd
        return Body(
            key=f"{setting.key} {treatment} {comparator}",
            treatment=setting.name(treatment),
            comparator=setting.name(comparator),
            outcome=setting.outcome,
            month=setting.month,
            estimate=found.estimate,
            ci=(float(found.ci[0]), float(found.ci[1])),
            mcid=setting.mcid,
            people=0 if sd is None or not found.se else round(4 * sd**2 / found.se**2),
            sd=sd,
            trials=(),
        )

    def _indirect(self, body: Body, path: tuple[str, ...]) -> Certainty:
        """The weakest comparison of the chain, less one level where the chain does not hold."""
        steps = [ordered(step) for step in pairwise(path)]
        weakest = min((self.rated[step] for step in steps), key=_rank)
        link = "weaker" if len(steps) == 2 else "weakest"
        told = f"in {weakest.treatment} against {weakest.comparator}, the {link} link: "
        domains = (
            *(replace(domain, reason=told + domain.reason) for domain in weakest.domains),
            _intransitivity([self.directs[step] for step in steps], self.rules),
        )
        return _certainty(body, domains, self.rules, randomised=weakest.start == "high")


def _rate_direct(found: Direct, rules: Rules) -> Certainty:
    body = found.body
    domains = (
        risk_of_bias(body, rules),
        _inconsistency(body, rules),
        indirectness(body, rules),
        publication_bias(body, rules),
    )
    return _certainty(body, domains, rules, randomised=body.randomised)


def _certainty(
    body: Body, domains: Iterable[Domain], rules: Rules, *, randomised: bool
) -> Certainty:
    return Certainty(
        key=body.key,
        treatment=body.treatment,
        comparator=body.comparator,
        outcome=body.outcome,
        start="high" if randomised else "low",
        domains=tuple(domains),
        upgrades=(),
        verdict=verdict_of(body.estimate, body.mcid, rules),
        estimate=body.estimate,
        mcid=body.mcid,
        rules=rules,
    )


def _inconsistency(body: Body, rules: Rules) -> Domain:
    """As for a pair alone, but beyond its interval, since imprecision is not rated here."""
    target = target_of(body.estimate, body.mcid, rules)
    prediction = body.prediction_interval
    beyond = 0
    if prediction is not None:
        beyond = min(2, max(0, target.crossed(prediction) - target.crossed(body.ci)))
    pairs = list(combinations(body.trials, 2))
    apart = sum(a.ci[1] < b.ci[0] or b.ci[1] < a.ci[0] for a, b in pairs)
    sides = sorted({verdict_of(t.estimate, body.mcid, rules) for t in body.trials})
    substantial = body.I2 is not None and rules.substantial_i2 <= body.I2
    told = "one trial can't contradict itself"
    if body.I2 is not None:
        told = f"I² is {body.I2:.0f}%; in {apart} of {len(pairs)} pairs of trials the intervals "
        told += "do not overlap"
        if prediction is not None:
            told += f"; a new trial may find {interval_text(prediction)}"
    return Domain(
        "inconsistency",
        max(beyond, int(substantial and apart > 0 and len(sides) > 1)),
        f"{INCONSISTENCY} ({SOURCES['inconsistency']})",
        {
            "prediction_interval": prediction,
            "ci": body.ci,
            "I2": body.I2,
            "pairs_apart": apart,
            "pairs": len(pairs),
            "trials_say": sides,
        },
        told,
    )


def _spread(fit: NetworkMetaAnalysis, directs: Mapping[Pair, Direct]) -> float | None:
    """The typical standard deviation between people, over all trials."""
    z = quantile((1 + fit.level) / 2, math.inf)
    trials = [trial for found in directs.values() for trial in found.body.trials]
    v = np.array([((t.ci[1] - t.ci[0]) / (2 * z)) ** 2 for t in trials])
    return typical_sd(trials, v)


def _stands_on(direct: Certainty | None, indirect: Certainty | None) -> Certainty:
    """The higher of the two ratings; the direct one where they are alike."""
    known = [found for found in (direct, indirect) if found is not None]
    return max(known, key=_rank)


def _rank(found: Certainty) -> int:
    return LEVELS.index(found.level)


def _intransitivity(links: list[Direct], rules: Rules) -> Domain:
    months = [link.month for link in links if link.month is not None]
    late = bool(months) and max(months) > rules.farthest_month * min(months)
    shares = [link.add_on for link in links]
    mixed = max(shares) - min(shares) >= rules.mismatch_share
    concerns = []
    if late:
        visits = " and ".join(number_text(month) for month in months)
        concerns.append(f"its comparisons were measured at months {visits} on average")
    if mixed:
        parts = " and ".join(share_text(share) for share in shares)
        concerns.append(
            f"the treatment was given on top of what both groups got in {parts} of the weight"
        )
    return Domain(
        "intransitivity",
        int(bool(concerns)),
        f"{INTRANSITIVITY} ({NETWORK_SOURCES['intransitivity']})",
        {"months": months, "add_on": shares},
        "; ".join(concerns)
        or "the comparisons are alike in the time of their visits and in what was given besides, "
        "as far as is known",
    )


def _incoherence(
    fit: NetworkMetaAnalysis,
    place: int,
    body: Body,
    direct: Certainty | None,
    indirect: Certainty | None,
    rules: Rules,
) -> Domain:
    """Whether direct and indirect evidence disagree about this pair; the whole network does not
    count (Brignardello-Petersen 2018).
    """
    rule = f"{INCOHERENCE} ({NETWORK_SOURCES['incoherence']}; thresholds are our own)"
    if direct is None or indirect is None:
        only = "indirect" if direct is None else "direct"
        reason = f"only {only} evidence exists: nothing shows whether the two would agree"
        return Domain("incoherence", 0, rule, {"p": None}, reason)
    found = fit.evidence
    one, two = float(found.direct[place]), float(found.indirect[place])
    spread = math.hypot(float(found.direct_se[place]), float(found.indirect_se[place]))
    p = two_sided_p((one - two) / spread)
    claims = [verdict_of(value, body.mcid, rules) for value in (one, two)]
    down = int(p < DIFFER) + int(p < DIFFER_MUCH and claims[0] != claims[1])
    told = f"direct {number_text(one)} against indirect {number_text(two)} points (p {p:.2f})"
    if down and direct.level != indirect.level:
        better = "direct" if _rank(direct) > _rank(indirect) else "indirect"
        told += f"; the {better} estimate alone is the surer one"
    return Domain(
        "incoherence",
        down,
        rule,
        {"direct": one, "indirect": two, "p": p, "claims": claims},
        told,
    )


def _network_imprecision(body: Body, sd: float | None, rules: Rules) -> Domain:
    if sd is None:  # nobody's number is known: only the interval counts
        rules = replace(rules, information_size=0.0)
    found = imprecision(body, rules)
    return replace(
        found,
        rule=f"{found.rule}; in a network, people are those of a single trial as precise as the "
        f"estimate ({NETWORK_SOURCES['imprecision']})",
    )
