"""Pooling events of two groups when events are rare."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.findings import choice, share
from reprieve.synthesis.rare import classic
from reprieve.synthesis.rare.counts import Counts, read_counts
from reprieve.synthesis.rare.heterogeneity_tests import (
    Heterogeneity,
    inverse_variance_q,
    likelihood_ratio_q,
    peto_q,
    wald_q,
)
from reprieve.synthesis.rare.results import RareEvents

METHODS = ("MH", "Peto", "IV", "UM.FS", "UM.RS", "CM.AL", "CM.EL", "beta-binomial")
_MEASURES = {
    "MH": ("OR", "RR", "RD", "IRR", "IRD"),
    "Peto": ("OR",),
    "IV": ("OR", "RR", "RD", "AS", "IRR", "IRD"),
    "UM.FS": ("OR", "IRR"),
    "UM.RS": ("OR", "IRR"),
    "CM.AL": ("OR",),
    "CM.EL": ("OR", "IRR"),
    "beta-binomial": ("OR", "RR"),
}
"""What each method can estimate; the first is the default."""

Method = Literal["MH", "Peto", "IV", "UM.FS", "UM.RS", "CM.AL", "CM.EL", "beta-binomial"]
Correction = Literal["constant", "treatment-arm", "empirical", "none"]


def rare_events(
    data: Any = None,
    *,
    events1: Any,
    events2: Any,
    n1: Any = None,
    n2: Any = None,
    time1: Any = None,
    time2: Any = None,
    study: Any = None,
    measure: str | None = None,
    method: Method = "MH",
    common: bool = False,
    correction: Correction = "constant",
    level: float = 0.95,
) -> RareEvents:
    """Pool events of two groups from their counts.

    Parameters
    ----------
    data : data frame, optional
        Anything that narwhals reads, or a mapping of columns: a row a trial.
    events1, events2 : str or sequence
        People with the event (or events, with person-time) in the treated and the other group.
    n1, n2 : str or sequence
        People of each group.
    time1, time2 : str or sequence
        Person-time instead, for rates.
    study : str or sequence, optional
    measure : str, optional
        OR, RR, RD, AS (arcsine), or IRR and IRD of rates; by default the first that the method
        knows. Ratios are on the log scale.
    method : str
        MH (Mantel–Haenszel); Peto; IV (inverse variance, random effects by REML); mixed models of
        the counts, with the names of R's metafor: UM.FS and UM.RS (unconditional, fixed or random
        trial effects), CM.EL and CM.AL (given the total of events, exact or approximate);
        beta-binomial.
    common : bool
        For IV and the mixed models: one effect for all trials. MH and Peto always assume one.
    correction : {"constant", "treatment-arm", "empirical", "none"}
        For IV: what is added to tables with a zero; see `corrected`.
    level : float
        Coverage of the interval.

    Returns
    -------
    RareEvents

    Raises
    ------
    InputError
        Counts that can't be, or arguments that contradict each other.
    SynthesisError
        No trial informs, or an effect without a finite estimate.

    Notes
    -----
    Trials without an event in either group inform RD, AS and the beta-binomial model; for ratios
    they are left out, counted, and said (Cochrane Handbook 10.4.4). The interval is Wald's.

    Examples
    --------
    >>> trials = {"ai": [2, 1, 0], "n1i": [357, 774, 213], "ci": [0, 1, 1], "n2i": [176, 185, 109]}
    >>> fit = rare_events(trials, events1="ai", n1="n1i", events2="ci", n2="n2i", method="Peto")
    >>> round(fit.estimate, 3), round(fit.se, 3), fit.k
    (-0.63, 1.012, 3)
    """
    choice("method", method, METHODS)
    choice("correction", correction, ("constant", "treatment-arm", "empirical", "none"))
    share("level", level)
    person_time = time1 is not None or time2 is not None
    if person_time == (n1 is not None or n2 is not None):
        raise InputError(
            "give the people of both groups (n1= and n2=), or their person-time (time1= and time2=)"
        )
    sizes = (time1, time2) if person_time else (n1, n2)
    if None in sizes:
        raise InputError(
            "one of the two groups has no size: give n1= and n2=, or time1= and time2="
        )
    counts = read_counts(data, study, events1, sizes[0], events2, sizes[1], person_time=person_time)
    fitting = [m for m in _MEASURES[method] if m.startswith("IR") == person_time]
    if measure is None and fitting:
        measure = fitting[0]
    if measure not in fitting:
        of = "rates" if person_time else "people"
        known = ", ".join(fitting) or "no measure at all"
        raise InputError(f"{method} knows {known} of {of}; measure was {measure!r}")
    return _Analysis(counts, measure, method, common, correction, level).result()


class _Analysis:
    """One analysis; a method for each family of models."""

    def __init__(
        self,
        counts: Counts,
        measure: str,
        method: str,
        common: bool,
        correction: str,
        level: float,
    ) -> None:
        self.all, self.measure, self.method = counts, measure, method
        self.common, self.correction, self.level = common, correction, level
        ignores = measure in ("OR", "RR", "IRR") and method != "beta-binomial"
        self.used = counts.only(~counts.without_event) if ignores else counts
        self.notes: list[str] = []
        if not self.used.k:
            raise SynthesisError(
                f"no trial had an event: there is no {measure} to estimate. See `upper_bound` for "
                "how many events this still allows, or estimate RD"
            )
        silent = counts.k - self.used.k
        if silent:
            self.notes.append(
                f"{silent} of {counts.k} trials had no event (or only events) in both groups; they "
                f"say nothing about a ratio, and are not part of it"
            )

    def result(self) -> RareEvents:
        if self.method == "MH":
            return self._mantel_haenszel()
        if self.method == "Peto":
            return self._peto()
        if self.method == "IV":
            return self._inverse_variance()
        if self.method == "beta-binomial":
            return self._beta_binomial()
        return self._mixed_model()

    def _build(self, estimate: float, se: float, **more: Any) -> RareEvents:
        if not math.isfinite(estimate) or not math.isfinite(se):
            raise SynthesisError(
                f"{self.measure} can't be estimated by {self.method}: one group has no event (or "
                "only events) in any trial. See `upper_bound`, or take IV, which adds to cells"
            )
        return RareEvents(
            measure=self.measure,
            method=self.method,
            estimate=estimate,
            se=se,
            level=self.level,
            counts=self.all,
            k_used=self.used.k,
            warnings=tuple(self.notes),
            **more,
        )

    def _mantel_haenszel(self) -> RareEvents:
        pooled = classic.mantel_haenszel(self.all, self.measure)
        more: dict[str, Any] = {}
        if self.measure == "OR" and math.isfinite(pooled.estimate):
            more["association"] = classic.cochran_mantel_haenszel(self.all)
            more["tarone"] = classic.tarone(self.all, math.exp(pooled.estimate))
        q = inverse_variance_q(self.used, self.measure, pooled.estimate)
        return self._build(*pooled, heterogeneity=q, **more)

    def _peto(self) -> RareEvents:
        found = classic.peto(self.used)
        share_largest = self.all.n1 / (self.all.n1 + self.all.n2)
        if (abs(share_largest - 0.5) > 1 / 6).any() or abs(found.pooled.estimate) > math.log(2):
            self.notes.append(
                "Peto's method is biased where groups differ in size by more than 2 to 1 or the "
                "effect is large; compare MH or CM.EL"
            )
        return self._build(*found.pooled, heterogeneity=peto_q(found))

    def _inverse_variance(self) -> RareEvents:
        from reprieve.synthesis.pairwise import meta_analysis
        from reprieve.synthesis.rare.corrections import corrected

        y, v = corrected(self.used, self.measure, self.correction)
        known = np.isfinite(y) & np.isfinite(v) & (v > 0)
        if not known.all():
            self.notes.append(
                f"{int((~known).sum())} trials have no estimate without a correction of zero cells"
            )
        if not known.any():
            raise SynthesisError(
                "no trial has an estimate without a correction of zero cells; give correction="
            )
        fit = meta_analysis(
            effect=y[known],
            variance=v[known],
            method="EE" if self.common else "REML",
            test="z",
            level=self.level,
        )
        q = Heterogeneity(fit.Q, fit.Q_df, fit.Q_p)
        tau2 = math.nan if self.common else fit.tau2
        return self._build(fit.estimate, fit.se, heterogeneity=q, tau2=tau2, loglik=fit.loglik)

    def _beta_binomial(self) -> RareEvents:
        from reprieve.synthesis.rare.beta_binomial import beta_binomial

        _require_finite(self.all)
        found, correlation = beta_binomial(self.all, self.measure)
        return self._build(found.mean, found.se, loglik=found.loglik, correlation=correlation)

    def _mixed_model(self) -> RareEvents:
        from reprieve.synthesis.rare.arms import Arms
        from reprieve.synthesis.rare.conditional import (
            binomial_kernel,
            hypergeometric_kernel,
        )
        from reprieve.synthesis.rare.integral import maximise, maximise_mean
        from reprieve.synthesis.rare.intercepts import maximise_with_intercepts
        from reprieve.synthesis.rare.random_intercepts import (
            maximise_with_random_intercepts,
        )

        _require_finite(self.used)
        more: dict[str, Any] = {}
        kernel = None
        if self.method == "UM.FS":
            found = maximise_with_intercepts(Arms.of(self.used), common=self.common)
        elif self.method == "UM.RS":
            found, sigma = maximise_with_random_intercepts(Arms.of(self.used), common=self.common)
            more["sigma2"] = sigma**2
        else:
            exact = self.method == "CM.EL" and not self.used.person_time
            kernel = (hypergeometric_kernel if exact else binomial_kernel)(self.used)
            found = maximise_mean(kernel) if self.common else maximise(kernel)
        if self.method != "UM.RS":
            more["heterogeneity"] = wald_q(self.used, kernel)
            more["likelihood_ratio"] = likelihood_ratio_q(self.used, kernel)
        tau2 = math.nan if self.common else found.tau**2
        return self._build(found.mean, found.se, tau2=tau2, loglik=found.loglik, **more)


def _require_finite(counts: Counts) -> None:
    """Raise where one group has no event, or nothing but events, in any trial."""
    x1, x2 = counts.x1.sum(), counts.x2.sum()
    full1 = not counts.person_time and bool((counts.x1 == counts.n1).all())
    full2 = not counts.person_time and bool((counts.x2 == counts.n2).all())
    if x1 and x2 and not full1 and not full2:
        return
    group = "group 1" if not x1 or full1 else "group 2"
    what = "no event" if not x1 or not x2 else "nothing but events"
    raise SynthesisError(
        f"{group} has {what} in any trial: the effect has no finite estimate. See `upper_bound` "
        "for what this still allows, or take IV, which adds to cells"
    )
