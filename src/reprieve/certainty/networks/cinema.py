"""CINeMA: confidence in the estimates of a network, by six domains.

Nikolakopoulou et al. 2020 PLoS Med 17:e1003082; the rules for imprecision, heterogeneity and
incoherence are those of the documentation of the CINeMA application.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Literal

from reprieve.certainty.grading.certainty import Certainty
from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.publication_bias import publication_bias
from reprieve.certainty.grading.rating import DEFAULT
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.grading.text import interval_text, share_text
from reprieve.certainty.grading.verdicts import verdict_of
from reprieve.certainty.networks.comparisons import (
    Direct,
    Pair,
    Setting,
    TrialNotes,
    direct_comparisons,
    place_of,
)
from reprieve.certainty.networks.loops import ordered, shares_of
from reprieve.certainty.networks.results import NetworkCertainty, PairCertainty
from reprieve.errors import UnknownWordError
from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import quantile, two_sided_p
from reprieve.synthesis.networks.contribution import Contributions
from reprieve.synthesis.networks.results import NetworkMetaAnalysis

Summarise = Callable[[Mapping[int, float]], int]
Summary = Literal["majority", "average", "highest"]
SOURCE = "CINeMA: Nikolakopoulou 2020 PLoS Med 17:e1003082"
CONCERNS = ("no concerns", "some concerns", "major concerns")
_POINTS = {"low": 1, "some concerns": 2, "not judged": 2, "high": 3}


def cinema(
    fit: NetworkMetaAnalysis,
    notes: Mapping[str, TrialNotes] | None = None,
    setting: Setting | None = None,
    *,
    summary: Summary = "average",
    rules: Rules = DEFAULT,
) -> NetworkCertainty:
    """The confidence in every estimate of a network, by CINeMA's six domains.

    Parameters
    ----------
    fit : NetworkMetaAnalysis
    notes : mapping of str to TrialNotes, optional
        As for `rate_network`.
    setting : Setting, optional
    summary : {"majority", "average", "highest"}
        How the judgements of trials become one, by what each contributes to the estimate.
    rules : Rules
        Only the thresholds about time and silent trials count here.

    Returns
    -------
    NetworkCertainty
        Some concerns count one level, major concerns two.

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> fit = network(study=["1", "2", "3"], treatment1=["cells", "cells", "exercise"],
    ...               treatment2=["saline"] * 3, effect=[-8, -9, -5], se=[3, 3, 3],
    ...               reference="saline")
    >>> found = cinema(fit, setting=Setting(mcid=5.0)).pair("cells", "saline").certainty
    >>> [domain.domain for domain in found.domains]
    ['within-study bias', 'reporting bias', 'indirectness', 'imprecision', 'heterogeneity',
     'incoherence']
    """
    if summary not in _SUMMARIES:
        raise UnknownWordError("summary", summary, tuple(_SUMMARIES))
    notes, setting = notes or {}, setting or Setting()
    directs = {
        ordered(pair): found for pair, found in direct_comparisons(fit, notes, setting).items()
    }
    contributions = fit.contributions()
    pairs = [
        _rate(fit, pair, setting, directs, contributions, _SUMMARIES[summary], rules)
        for pair in combinations(fit.treatments, 2)
    ]
    return NetworkCertainty("CINeMA", setting.outcome, fit.reference, tuple(pairs))


def _rate(
    fit: NetworkMetaAnalysis,
    pair: Pair,
    setting: Setting,
    directs: Mapping[Pair, Direct],
    contributions: Contributions,
    summarise: Summarise,
    rules: Rules,
) -> PairCertainty:
    place = place_of(fit, pair)
    first, second = pair[::-1] if pair[0] == fit.reference else pair
    relative = fit.relative(first, second)
    ci = float(relative.ci[0]), float(relative.ci[1])
    shares = {step: s for step, s in shares_of(pair, contributions).items() if s > 0}
    domains = (
        _within_study(shares, directs, summarise),
        _reporting(shares, directs, rules),
        _indirectness(shares, directs, setting, summarise, rules),
        _imprecision(ci, setting.mcid),
        _heterogeneity(ci, relative.prediction_interval, setting.mcid),
        _incoherence(fit, place, setting.mcid),
    )
    certainty = Certainty(
        key=f"{setting.key} {first} {second}",
        treatment=setting.name(first),
        comparator=setting.name(second),
        outcome=setting.outcome,
        start="high",
        domains=domains,
        upgrades=(),
        verdict=verdict_of(relative.estimate, setting.mcid, rules),
        estimate=relative.estimate,
        mcid=setting.mcid,
        rules=rules,
    )
    return PairCertainty(
        treatment=first,
        comparator=second,
        estimate=relative.estimate,
        ci=ci,
        trials=int(fit.evidence.trials[place]),
        proportion_direct=float(fit.evidence.proportion[place]),
        certainty=certainty,
        direct=None,
        indirect=None,
        rests_on="direct" if fit.evidence.trials[place] else "indirect",
        via=(),
    )


def _within_study(
    shares: Mapping[Pair, float],
    directs: Mapping[Pair, Direct],
    summarise: Summarise,
) -> Domain:
    parts = dict.fromkeys(_POINTS, 0.0)
    by_trial: dict[str, float] = {}
    for step, share in shares.items():
        for trial in directs[step].body.trials:
            parts[trial.bias] += share * trial.weight
            by_trial[trial.study] = by_trial.get(trial.study, 0.0) + share * trial.weight
    down = summarise(_by_points({word: parts[word] for word in parts}))
    told = ", ".join(f"{share_text(part)} {word}" for word, part in parts.items() if part > 0)
    return Domain(
        "within-study bias",
        down,
        f"judgements of trials weighted by their contribution; not judged counts as some concerns "
        f"({SOURCE})",
        {word.replace(" ", "_"): part for word, part in parts.items()} | {"trials": by_trial},
        f"{CONCERNS[down]}: by contribution, {told}",
    )


def _by_points(parts: Mapping[str, float]) -> dict[int, float]:
    points = dict.fromkeys((1, 2, 3), 0.0)
    for word, part in parts.items():
        points[_POINTS[word]] += part
    return points


def _majority(points: Mapping[int, float]) -> int:
    return max(points, key=lambda level: (round(points[level], 9), level)) - 1


def _average(points: Mapping[int, float]) -> int:
    mean = sum(level * part for level, part in points.items()) / (sum(points.values()) or 1.0)
    return min(2, math.floor(mean + 0.5 + 1e-9) - 1)


def _highest(points: Mapping[int, float]) -> int:
    return max(level for level, part in points.items() if part > 0) - 1


_SUMMARIES: Mapping[str, Summarise] = {
    "majority": _majority,
    "average": _average,
    "highest": _highest,
}


def _reporting(
    shares: Mapping[Pair, float], directs: Mapping[Pair, Direct], rules: Rules
) -> Domain:
    suspect = {
        step: share
        for step, share in shares.items()
        if publication_bias(directs[step].body, rules).proposed
    }
    part = math.fsum(suspect.values())
    down = int(part >= 0.5)
    comparisons = "; ".join(
        f"{directs[step].body.treatment} against {directs[step].body.comparator}"
        for step in suspect
    )
    return Domain(
        "reporting bias",
        down,
        f"suspected where most of the evidence comes from comparisons in which results are likely "
        f"to have stayed unpublished by the rules for a pair ({SOURCE}, which leaves it to "
        "judgement)",
        {"suspected_share": part},
        (
            f"{'suspected' if down else 'not suspected'}: {share_text(part)} of the evidence comes "
            f"from {comparisons}, where silent or small trials may hide results"
            if suspect
            else "undetected"
        ),
    )


def _indirectness(
    shares: Mapping[Pair, float],
    directs: Mapping[Pair, Direct],
    setting: Setting,
    summarise: Summarise,
    rules: Rules,
) -> Domain:
    far = added = 0.0
    asked = setting.month
    for step, share in shares.items():
        added += share * directs[step].add_on
        for trial in directs[step].body.trials:
            if asked is None or trial.month is None:
                continue
            near = rules.nearest_month * asked <= trial.month <= rules.farthest_month * asked
            far += 0.0 if near else share * trial.weight
    surrogate = setting.outcome in rules.surrogates
    some = 1.0 if surrogate else min(1.0, far + added)
    down = summarise({1: 1 - some, 2: some, 3: 0.0})
    told = [f"{setting.outcome} stands in for what people feel"] if surrogate else []
    if added:
        told.append(
            f"{share_text(added)} of the evidence is from trials that gave the treatment on top "
            "of what both groups got"
        )
    if far:
        told.append(f"{share_text(far)} is from visits far from month {asked:g}")
    return Domain(
        "indirectness",
        down,
        f"trials of another kind than asked for raise some concerns, weighted by their "
        f"contribution ({SOURCE})",
        {"add_on": added, "far_from_month": far, "surrogate_outcome": surrogate},
        f"{CONCERNS[down]}: {'; '.join(told) or 'as asked, as far as is known'}",
    )


def crossings(interval: Interval, mcid: float | None) -> int:
    """How many limits of the range of unimportant effects an interval crosses, 0 to 2.

    Without a smallest worthwhile difference both limits are no difference, which counts once.

    Examples
    --------
    >>> crossings((-30.0, -6.0), 5.0), crossings((-9.0, 1.0), 5.0), crossings((-9.0, 8.0), 5.0)
    (0, 1, 2)
    """
    low, high = interval
    if mcid is None:
        return int(low < 0 < high)
    return sum(low < limit < high for limit in (-mcid, mcid))


def _imprecision(ci: Interval, mcid: float | None) -> Domain:
    down = crossings(ci, mcid)
    limits = "no difference" if mcid is None else f"±{mcid:g} points"
    return Domain(
        "imprecision",
        down,
        "some concerns where the confidence interval crosses one limit of the range of unimportant "
        f"effects, major where it crosses both ({SOURCE})",
        {"ci": ci, "mcid": mcid, "crossings": down},
        f"{CONCERNS[down]}: the interval ({interval_text(ci)}) crosses "
        f"{('none', 'one', 'both')[down]} of {limits}"
        if mcid is not None
        else f"{CONCERNS[down]}: the interval ({interval_text(ci)}) "
        f"{'crosses' if down else 'does not cross'} {limits}",
    )


def _heterogeneity(ci: Interval, prediction: Interval, mcid: float | None) -> Domain:
    rule = (
        "each limit of the range of unimportant effects that the prediction interval crosses and "
        f"the confidence interval does not raises the concerns by one ({SOURCE}); where nothing "
        "shows how much trials differ, some concerns (our own reading)"
    )
    low, high = (float(end) for end in prediction)
    if math.isnan(low):
        return Domain(
            "heterogeneity", 1, rule, {"prediction_interval": None, "ci": ci},
            "some concerns: too few comparisons were repeated to show how much trials differ",
        )  # fmt: skip
    down = max(0, crossings((low, high), mcid) - crossings(ci, mcid))
    return Domain(
        "heterogeneity",
        down,
        rule,
        {"prediction_interval": (low, high), "ci": ci, "mcid": mcid},
        f"{CONCERNS[down]}: a new trial may find {interval_text((low, high))}, against "
        f"{interval_text(ci)} for the mean",
    )


def _incoherence(fit: NetworkMetaAnalysis, place: int, mcid: float | None) -> Domain:
    rule = (
        "direct evidence alone: no concerns; indirect alone: by the test of design by treatment "
        "(some below 0.10, major below 0.01); both: where they differ (p below 0.10), by the areas "
        "(benefit, unimportant, harm) that both intervals share: three none, two some, fewer "
        f"major ({SOURCE}); where no test is possible, some concerns (our own reading)"
    )
    found = fit.evidence
    if math.isnan(float(found.indirect[place])):
        told = "no concerns: only direct evidence"
        return Domain("incoherence", 0, rule, {"p": None}, told)
    if not found.trials[place]:
        p = float(fit.coherence().between.p)
        if math.isnan(p):
            told = "some concerns: only indirect evidence, and no loop of trials to check it by"
            return Domain("incoherence", 1, rule, {"design_by_treatment_p": None}, told)
        down = int(p < 0.10) + int(p < 0.01)
        told = f"{CONCERNS[down]}: only indirect evidence; designs disagree with p {p:.2f}"
        return Domain("incoherence", down, rule, {"design_by_treatment_p": p}, told)
    z = quantile((1 + fit.level) / 2, math.inf)
    sides = [
        (float(value - z * se), float(value + z * se))
        for value, se in (
            (found.direct[place], found.direct_se[place]),
            (found.indirect[place], found.indirect_se[place]),
        )
    ]
    p = two_sided_p(
        float(found.direct[place] - found.indirect[place])
        / math.hypot(float(found.direct_se[place]), float(found.indirect_se[place]))
    )
    common = len(_areas(sides[0], mcid) & _areas(sides[1], mcid))
    down = 0 if p > 0.10 else {3: 0, 2: 1}.get(common, 2)
    return Domain(
        "incoherence",
        down,
        rule,
        {"direct_ci": sides[0], "indirect_ci": sides[1], "p": p, "common_areas": common},
        f"{CONCERNS[down]}: direct {interval_text(sides[0])} against indirect "
        f"{interval_text(sides[1])} (p {p:.2f})",
    )


def _areas(interval: Interval, mcid: float | None) -> set[str]:
    low, high = interval
    limit = mcid or 0.0
    parts = {"benefit": low < -limit, "harm": high > limit,
             "unimportant": low <= limit and high >= -limit}  # fmt: skip
    return {name for name, holds in parts.items() if holds}
