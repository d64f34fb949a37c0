"""Network meta-analysis of contrasts, or of the arms of trials."""

from __future__ import annotations

import math
from typing import Any, Literal

from reprieve.errors import UnknownWordError
from reprieve.synthesis.bayes.mixtures import check_level
from reprieve.synthesis.networks.connection import require_connected
from reprieve.synthesis.networks.fitting import Fit, cochran_q, dersimonian_laird, fit_at
from reprieve.synthesis.networks.reading import read_trials
from reprieve.synthesis.networks.results import NetworkMetaAnalysis
from reprieve.synthesis.networks.rows import Rows, label_of
from reprieve.synthesis.networks.trials import Trials

_KNOWN = {
    "model": ("random", "common"),
    "method": ("DL", "REML", "ML"),
    "value of small_values": ("desirable", "undesirable"),
}


def network(
    data: Any = None,
    *,
    study: Any = None,
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
    reference: str | None = None,
    model: Literal["random", "common"] = "random",
    method: Literal["DL", "REML", "ML"] = "DL",
    level: float = 0.95,
    small_values: Literal["desirable", "undesirable"] = "desirable",
) -> NetworkMetaAnalysis:
    """Estimate the effects of all treatments against each other from trials that compare some.

    Parameters
    ----------
    data : data frame, Question or AllComparisons, optional
        Anything that narwhals reads, or a mapping of columns: a row a contrast, or a row an arm.
        Or a question about a condition, which the trials of the snapshot answer, or what
        `compare_all` finds in other evidence; then no column is named.
    study : str or sequence
        Column of study labels. Rows of one study are one trial.
    treatment1, treatment2, effect : str or sequence
        Contrasts, treatment1 minus treatment2 (logarithms for ratios). A trial with n arms gives
        all its n(n − 1)/2 contrasts.
    variance, se : str or sequence
        Sampling variances of the contrasts, or standard errors.
    treatment : str or sequence
        Arms instead of contrasts: the treatment of each arm, with `mean`, `sd` and `n`, or
        `events` and `n`.
    mean, sd, events, n : str or sequence
        What each arm reports.
    measure : str, optional
        For arms: MD (default with means), SMD or ROM; OR (default with events), RR or RD.
    reference : str, optional
        The treatment that the others are shown against; the first by name when not given. It
        changes no difference between treatments.
    model : {"random", "common"}
        Whether the true contrasts of trials vary, by one τ² for all comparisons.
    method : {"DL", "REML", "ML"}
        Estimator of τ²: generalised DerSimonian–Laird, (restricted) maximum likelihood.
    level : float
        Coverage of the intervals.
    small_values : {"desirable", "undesirable"}
        Whether less is better, as with pain; it decides ranks.

    Returns
    -------
    NetworkMetaAnalysis

    Raises
    ------
    InputError
        A column or treatment that is not there, or arguments that contradict each other.
    SynthesisError
        Treatments that no trial connects (the parts are named); a trial with several arms that
        lacks contrasts, or whose contrasts contradict each other.

    Notes
    -----
    The graph-theoretical method of Rücker (2012) Res Synth Methods 3:312, as in R's netmeta:
    trials of several arms are taken exactly. REML and ML maximise the Gaussian likelihood with
    the full covariance of such trials. netmeta knows that covariance only where it is given arms;
    of contrasts it treats those of one trial as uncorrelated while it estimates τ² by these two
    methods. Arms with a zero cell follow netmeta's `pairwise`: ½ is added to all arms of a trial
    that has one, and a pair without information about a ratio is left out, unless it belongs to a
    trial with other arms that inform.

    Examples
    --------
    >>> trials = {
    ...     "trial": ["1", "2", "3", "4", "4", "4"],
    ...     "t1": ["exercise", "injection", "injection", "exercise", "injection", "injection"],
    ...     "t2": ["usual care", "usual care", "exercise", "usual care", "usual care", "exercise"],
    ...     "difference": [-8.0, -10.0, -3.0, -6.0, -11.0, -5.0],
    ...     "se": [3.0, 3.5, 3.0, 2.5, 2.7, 2.6],
    ... }
    >>> fit = network(
    ...     trials, study="trial", treatment1="t1", treatment2="t2", effect="difference",
    ...     se="se", reference="usual care",
    ... )
    >>> injection = fit.relative("injection", "usual care")
    >>> round(injection.estimate, 2), [round(end, 2) for end in injection.ci]
    (-10.67, [-14.42, -6.93])
    """
    check_words({"model": model, "method": method, "value of small_values": small_values})
    check_level(level)
    rows = read_trials(
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
    return fit_rows(
        rows,
        reference=reference,
        model=model,
        method=method,
        level=level,
        small_values=small_values,
    )


def fit_rows(
    rows: Rows,
    *,
    reference: str | None,
    model: str,
    method: str,
    level: float,
    small_values: str,
) -> NetworkMetaAnalysis:
    """The fit of rows that have been read."""
    trials, reference, notes = set_up(rows, reference)
    common = fit_at(trials, 0.0)
    Q, df = cochran_q(trials, common), trials.degrees - (trials.n - 1)
    tau2 = 0.0
    if model == "random":
        tau2 = _tau2(trials, common, Q, df, method)
    fit = common if not tau2 > 0 else fit_at(trials, tau2)
    if math.isnan(tau2):
        notes += (
            "no comparison has been made more than once and no loop closes: τ² can't be estimated, "
            "and standard errors leave it out",
        )
    return NetworkMetaAnalysis(
        trials=trials,
        common=common,
        fit=fit,
        reference=reference,
        tau2=tau2,
        Q=Q,
        model=model,
        method=method,
        level=level,
        small_values=small_values,
        excluded=rows.excluded,
        warnings=notes,
    )


def set_up(rows: Rows, reference: str | None) -> tuple[Trials, str, tuple[str, ...]]:
    """Trials that connect all treatments, the reference, and what to know about the data.

    Parameters
    ----------
    rows : Rows
    reference : str or None
        None is the first treatment by name.
    """
    if reference is None:
        reference = rows.treatments[0]
    elif (reference := label_of(reference)) not in rows.treatments:
        raise UnknownWordError("reference treatment", reference, rows.treatments)
    require_connected(rows)
    trials = Trials.of(rows)
    notes = trials.warnings
    if number := len(rows.excluded):
        notes = (f"{number} row{'s' * (number > 1)} could not be used; see excluded", *notes)
    return trials, reference, notes


def _tau2(trials: Trials, common: Fit, Q: float, df: int, method: str) -> float:
    if df < 1:
        return math.nan
    start = dersimonian_laird(trials, common, Q, df)
    if method == "DL":
        return start
    from reprieve.synthesis.networks.likelihood import maximum_likelihood

    return maximum_likelihood(trials, start, restricted=method == "REML")


def check_words(given: dict[str, str]) -> None:
    """Refuse a word of `model`, `method` or `value of small_values` that is not known."""
    for kind, word in given.items():
        if word not in _KNOWN[kind]:
            raise UnknownWordError(kind, str(word), _KNOWN[kind])
