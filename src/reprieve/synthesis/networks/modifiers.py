"""Network meta-regression: how the effects of treatments depend on features of the trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.bayes.mixtures import check_level
from reprieve.synthesis.findings import choice
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.analysis import check_words, set_up
from reprieve.synthesis.networks.covariates import Covariates, read_covariates
from reprieve.synthesis.networks.independent import Contrasts, independent
from reprieve.synthesis.networks.modified import Coefficients, NetworkRegression
from reprieve.synthesis.networks.reading import read_trials
from reprieve.synthesis.networks.shrinkage import estimate_variances, predicted

Interactions = Literal["common", "exchangeable", "independent"]
_KINDS = ("common", "exchangeable", "independent")
# a direction of the design this small, of one, is no information
_LOST = 1e-9
_FEW = 5  # treatments, below which their spread is hardly known


def network_regression(
    formula: str,
    data: Any,
    *,
    study: Any,
    treatment1: Any = None,
    treatment2: Any = None,
    effect: Any = None,
    variance: Any = None,
    se: Any = None,
    treatment: Any = None,
    mean: Any = None,
    sd: Any = None,
    events: Any = None,
    n: Any = None,
    measure: str | None = None,
    interactions: Interactions = "common",
    reference: str | None = None,
    method: Literal["REML", "ML", "DL"] = "REML",
    level: float = 0.95,
    small_values: Literal["desirable", "undesirable"] = "desirable",
) -> NetworkRegression:
    """Let features of trials modify the effect of each treatment against the reference.

    Parameters
    ----------
    formula : str
        Covariates, such as ``"~ year"`` or ``"~ dose + C(blinding)"``. They belong to a whole
        trial: any of its rows may give the value, and none may give another.
    data : data frame
        A row a contrast, or a row an arm.
    study, treatment1, treatment2, effect, variance, se
        Contrasts, as in `network`.
    treatment, mean, sd, events, n, measure
        Arms, as in `network`.
    interactions : {"common", "exchangeable", "independent"}
        One coefficient for all treatments against the reference; coefficients that vary about
        their mean by ω; or one for each treatment.
    reference : str, optional
        The first treatment by name when not given. With common and exchangeable interactions
        another reference is another model.
    method : {"REML", "ML", "DL"}
        Estimator of τ² (and, not DL, of ω).
    level : float
        Coverage of intervals.
    small_values : {"desirable", "undesirable"}
        Whether less is better.

    Returns
    -------
    NetworkRegression

    Raises
    ------
    InputError
        A covariate that is not there, or that differs within a trial.
    SynthesisError
        Trials without a connection; an interaction that they can't tell.

    Notes
    -----
    The effect of treatment k against the reference in a trial with covariate x is
    d_k + β_k (x − x̄), with x̄ the mean over trials: effects are shown at the mean, and `at`
    shows them elsewhere. A single β means that x changes all treatments alike against the
    reference, and therefore nothing between two others. See Dias, Sutton, Welton & Ades (2013)
    Med Decis Making 33:618 (NICE DSU TSD 3); R's ``netmetareg`` gives d_k at zero. Trials differ
    in more than x: what β shows is an association, and says nothing of people within a trial.

    Examples
    --------
    >>> trials = {
    ...     "trial": ["1", "2", "3", "4", "5", "6"],
    ...     "t1": ["cells", "cells", "cells", "exercise", "exercise", "cells"],
    ...     "t2": ["saline", "saline", "saline", "saline", "saline", "exercise"],
    ...     "difference": [-14.0, -9.0, -4.0, -9.0, -6.0, -3.0],
    ...     "se": [3.0, 3.0, 3.0, 2.5, 2.5, 3.0],
    ...     "month": [3, 6, 12, 3, 12, 6],
    ... }
    >>> fit = network_regression(
    ...     "~ month", trials, study="trial", treatment1="t1", treatment2="t2",
    ...     effect="difference", se="se", reference="saline",
    ... )
    >>> fit.interactions()["estimate"].round(2).to_list()
    [0.64]
    >>> [round(fit.at(month).relative("cells", "saline").estimate, 1) for month in (3, 12)]
    [-11.9, -6.2]
    """
    choice("interactions", interactions, _KINDS)
    check_words({"method": method, "value of small_values": small_values})
    check_level(level)
    everything = read_trials(
        data,
        study=study,
        treatment1=treatment1,
        treatment2=treatment2,
        effect=effect,
        variance=variance,
        se=se,
        treatment=treatment,
        mean=mean,
        sd=sd,
        events=events,
        n=n,
        measure=measure,
    )
    covariates = read_covariates(formula, data, study, everything)
    rows = covariates.rows
    trials, reference, notes = set_up(rows, reference)
    model = Model(independent(trials), covariates, rows.treatments, reference, interactions)
    y, v = model.contrasts.y, model.contrasts.v
    model.require_estimable()
    variances = estimate_variances(y, v, model.X, model.Z, method)
    at = {name: np.array([value]) for name, value in variances.terms.items()}
    beta, cov = predicted(y, v, model.X, model.Z, np.array([variances.tau2_used]), at)
    plain = estimate_variances(y, v, model.X[:, : len(rows.treatments) - 1], {}, method)
    lost = [name for name in everything.treatments if name not in rows.treatments]
    return NetworkRegression(
        trials=trials,
        covariates=covariates,
        coefficients=Coefficients(beta[0], cov[0], *model.maps(), model.tested),
        kind=interactions,
        variances=variances,
        tau2_without=plain.tau2,
        reference=reference,
        method=method,
        level=level,
        small_values=small_values,
        excluded=rows.excluded,
        warnings=(*notes, *_notes(model, lost, variances.tau2)),
    )


class Model:
    """The design of a network meta-regression.

    Attributes
    ----------
    X : ndarray, shape (k, p)
        Fixed part: treatments but the reference, then interactions.
    Z : dict of ndarray, shape (k, n − 1)
        Random interactions of the treatments about their mean, one block a covariate.
    labels : list of str
        What each column of X stands for.
    """

    def __init__(
        self,
        contrasts: Contrasts,
        covariates: Covariates,
        treatments: Sequence[str],
        reference: str,
        kind: str,
    ) -> None:
        self.contrasts, self.covariates, self.kind = contrasts, covariates, kind
        self.treatments, self.reference = treatments, reference
        self.others = [t for t, name in enumerate(treatments) if name != reference]
        main = contrasts.X[:, self.others]
        x = covariates.columns[contrasts.study]
        own = [main * x[:, [j]] for j in range(x.shape[1])]
        names = [treatments[t] for t in self.others]
        if kind == "independent":
            slopes = np.concatenate(own, axis=1)
            terms = [f"{name} with {z}" for z in covariates.names for name in names]
        else:
            slopes = np.stack([part.sum(axis=1) for part in own], axis=1)
            terms = [f"all treatments with {z}" for z in covariates.names]
        self.X = np.concatenate([main, slopes], axis=1)
        self.labels = [*names, *terms]
        self.Z: dict[str, Array] = {}
        if kind == "exchangeable":
            self.Z = {f"omega[{z}]": part for z, part in zip(covariates.names, own, strict=True)}

    @property
    def tested(self) -> tuple[str, ...]:
        """Names of the interactions of the fixed part."""
        return tuple(self.labels[len(self.others) :])

    def maps(self) -> tuple[Array, Array]:
        """From coefficients to the effects of all treatments, and to their interactions.

        Shapes (n, p + random), (q, n, p + random); the reference has zero of both.
        """
        n, m, q = len(self.treatments), len(self.others), len(self.covariates.names)
        total = self.X.shape[1] + m * len(self.Z)
        main, slopes = np.zeros((n, total)), np.zeros((q, n, total))
        main[self.others, np.arange(m)] = 1.0
        for j in range(q):
            if self.kind == "independent":
                slopes[j, self.others, m + j * m + np.arange(m)] = 1.0
            else:
                slopes[j, self.others, m + j] = 1.0
            if self.Z:
                slopes[j, self.others, self.X.shape[1] + j * m + np.arange(m)] = 1.0
        return main, slopes

    def require_estimable(self) -> None:
        """Refuse a design whose interactions the trials can't tell, and name them.

        Raises
        ------
        SynthesisError
        """
        if self.kind == "exchangeable" and len(self.others) < 2:
            raise SynthesisError(
                "exchangeable interactions need two treatments or more besides the reference; "
                'use interactions="common"'
            )
        length = np.linalg.norm(self.X, axis=0)
        scaled = self.X / np.where(length > 0, length, 1.0)
        _, size, axes = np.linalg.svd(np.linalg.qr(scaled, mode="r"))
        rank = int((size > _LOST * size.max()).sum())
        silent = np.abs(axes[rank:]).max(axis=0, initial=0.0) > 1e-6
        unknown = [self.labels[j] for j in np.flatnonzero(silent) if j >= len(self.others)]
        if not unknown:
            return
        hint = (
            'use interactions="common" or "exchangeable", fewer covariates, or drop the treatment'
            if self.kind == "independent"
            else "the covariates say the same, or do not differ where the reference is compared; "
            "leave one out, or choose another reference"
        )
        raise SynthesisError(
            f"trials can't tell the interaction of {'; '.join(unknown)} from the effects of "
            f"treatments, because the covariate does not differ (enough) between them: {hint}"
        )


def _notes(model: Model, lost: Sequence[str], tau2: float) -> list[str]:
    """What a reader should know."""
    notes = []
    if lost:
        notes.append(f"no trial with all covariates has {', '.join(lost)}: not in the analysis")
    if math.isnan(tau2):
        notes.append("no degree of freedom is left: τ² can't be estimated and is left out")
    if model.kind == "common":
        notes.append(
            f"one interaction for all treatments against {model.reference}: the covariate is "
            "taken to change nothing between two others, and another reference is another model"
        )
    few = len(model.others)
    if model.Z and few < _FEW:
        notes.append(f"how much interactions differ (ω) rests on {few} treatments alone")
    return notes
