"""Trajectories of treatments over months, from all visits of all trials at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, Literal

import numpy as np

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis.networks.connection import parts_in_words
from reprieve.synthesis.networks.rows import label_of
from reprieve.synthesis.trajectories import choosing
from reprieve.synthesis.trajectories.fitting import (
    Nodes,
    covariance_at,
    fit_bayes,
    fit_layout,
)
from reprieve.synthesis.trajectories.layout import Layout, Structure
from reprieve.synthesis.trajectories.results import Trajectories
from reprieve.synthesis.trajectories.shapes import NAMES, candidates, shape_named
from reprieve.synthesis.trajectories.visits import Visits, read_visits


def trajectory(
    data: Any = None,
    *,
    study: Any = None,
    month: Any = None,
    treatment1: Any = None,
    treatment2: Any = None,
    effect: Any = None,
    covariance: Mapping[Any, Any] | None = None,
    variance: Any = None,
    se: Any = None,
    treatment: Any = None,
    mean: Any = None,
    sd: Any = None,
    n: Any = None,
    reference: str | None = None,
    shape: str = "auto",
    classes: Mapping[str, str] | None = None,
    correlation: float = 0.5,
    model: Literal["random", "common"] = "random",
    structure: Structure = "CS",
    method: Literal["REML", "ML"] = "REML",
    prior: str | Mapping[str, str] | None = None,
    level: float = 0.95,
    small_values: Literal["desirable", "undesirable"] = "desirable",
) -> Trajectories:
    """Estimate what separates all treatments at every month, from all visits of all trials.

    Parameters
    ----------
    data : data frame, Question or Visits, optional
        Anything that narwhals reads, or a mapping of columns: a row a contrast at a visit, or a
        row an arm at a visit. Or a question about a condition, which the trials of the snapshot
        answer, or what `every_visit` finds in other evidence; then no column is named.
    study, month : str or sequence
        Study labels; months since the start of treatment. Visits at month 0 may be there: the
        true difference is zero then, and they correct for chance imbalance.
    treatment1, treatment2, effect : str or sequence
        Contrasts, treatment1 minus treatment2; in a trial with several arms each arm against the
        same one.
    covariance : mapping of study to matrix, optional
        Covariance of the contrasts of each study, in the order of its rows.
    variance, se : str or sequence, optional
        In place of `covariance`; visits of a contrast are then correlated by `correlation`, and
        contrasts that share an arm by half of it.
    treatment, mean : str or sequence
        Arms instead of contrasts, with `se`, or `sd` and `n`.
    reference : str, optional
        The treatment that others are shown against; the first by name when not given. It
        changes no difference.
    shape : str
        "auto", or constant, loglinear, emax, exponential, piecewise, spline.
    classes : mapping of treatment to class, optional
        Sizes of the treatments of a class are exchangeable (normal about the mean of the class,
        one standard deviation for all classes): those with few trials borrow from the others.
    correlation : float
        Between visits of an arm, where `covariance` doesn't say.
    model : {"random", "common"}
        Whether the true contrasts of trials vary about the curves.
    structure : {"CS", "AR"}
        How that variation hangs together over the visits of a trial: a part that stays and one
        that is new at each visit, or decaying with the months between (ρ^|t − s|).
    method : {"REML", "ML"}
    prior : str or mapping, optional
        Exact Bayes instead: of the standard deviations, by name (``tau2``, ``departure``,
        ``class``) or one for all, such as ``"half-normal(10)"``.
    level : float
    small_values : {"desirable", "undesirable"}
        Whether less is better, as with pain.

    Returns
    -------
    Trajectories

    Raises
    ------
    InputError
        Columns or words that can't be used.
    SynthesisError
        Treatments that no trial connects, or a covariance that is none.

    Notes
    -----
    y(t) = f_a(t) − f_b(t) + heterogeneity + error, one set of curves for all trials, so that
    direct and indirect comparisons agree at every month (model-based network meta-analysis over
    time: Pedder et al. 2019 Res Synth Methods 10:267; with contrasts in place of arms). The
    curve of a treatment is its own size times a form that all share: 0 at month 0, 1 at its
    peak. Forms: constant from the first visit; log(1 + t); t/(ET50 + t); onset and wear-off as
    (1 − 2^(−t/onset)) 2^(−t/half-life); straight lines between up to three knots; a quadratic
    B-spline. So a treatment with one trial and one visit has a size of its own and borrows the
    form. With three or more treatments the last two add departures of each treatment from the
    common form, normal with a standard deviation that is estimated: much data make their own
    curve, few stay near the common one.

    A baseline visit is analysed with the others (constrained longitudinal data analysis: Liang &
    Zeger 2000 Sankhya B 62:134). Heterogeneity in a trial of several arms is τ²/2 for each arm.
    The form's parameters are integrated out on a grid, flat on the log scale between limits set
    by the visits; with REML and ML other variances stay at their estimates meanwhile.

    The shape is chosen by leaving out each trial in turn (see `shapes` of the result); where
    fewer than three trials can be left out without tearing the network, it is constant, and a
    warning says so.

    Examples
    --------
    >>> trials = {
    ...     "trial": ["A", "A", "B", "B", "C", "D", "D"],
    ...     "month": [3, 12, 3, 6, 6, 3, 12],
    ...     "t1": ["cells", "cells", "exercise", "exercise", "cells", "cells", "cells"],
    ...     "t2": ["saline", "saline", "saline", "saline", "exercise", "saline", "saline"],
    ...     "difference": [-6.0, -12.0, -5.0, -6.0, -3.0, -5.0, -10.0],
    ...     "se": [3.0, 3.5, 2.5, 2.5, 3.0, 2.5, 3.0],
    ... }
    >>> fit = trajectory(
    ...     trials, study="trial", month="month", treatment1="t1", treatment2="t2",
    ...     effect="difference", se="se", reference="saline", shape="loglinear",
    ... )
    >>> fit.difference("cells", "saline", [3, 12])["estimate"].round(2).to_list()
    [-5.93, -10.97]
    >>> fit.difference("exercise", "saline", [12])["estimate"].to_list()
    [nan]
    """
    _check(shape, model, structure, method, level, small_values)
    columns: dict[str, Any] = {
        "study": study,
        "month": month,
        "treatment1": treatment1,
        "treatment2": treatment2,
        "effect": effect,
        "covariance": covariance,
        "variance": variance,
        "se": se,
        "treatment": treatment,
        "mean": mean,
        "sd": sd,
        "n": n,
    }
    if is_dataclass(data):
        data, columns = _of_evidence(data)
        covariance = columns["covariance"]
    visits = read_visits(data, **columns, correlation=correlation)
    if reference is None:
        reference = visits.treatments[0]
    elif (reference := label_of(reference)) not in visits.treatments:
        raise UnknownWordError("reference treatment", reference, visits.treatments)
    _require_connected(visits)
    notes = _reading_notes(visits, covariance is not None, correlation)
    df = visits.contrasts() - (len(visits.treatments) - 1)
    between = _between(visits, df, model, notes)
    times = visits.month[visits.after]
    shapes = candidates(times) if shape == "auto" else [shape_named(shape, times)]
    layouts = [Layout.of(visits, one, classes) for one in shapes]
    if method == "ML":
        layouts = _without_random(layouts, shape)
    trials = choosing.predictable(visits)
    if len(layouts) > 1 and len(trials) < choosing.FEWEST:
        notes.append(
            f"only {len(trials)} trial(s) can be left out without tearing the network, too few "
            "to choose a shape by prediction: effects are taken as constant from the first visit "
            "on; shape= asks for another"
        )
        layouts = layouts[:1]
    scores = [_score(layout, structure, between, method, trials) for layout in layouts]
    chosen = choosing.best(scores)
    notes += _shape_notes(scores, chosen)
    nodes: Nodes = chosen.nodes
    if prior is not None:
        terms = chosen.layout.terms(structure, between)
        nodes = fit_bayes(chosen.layout, terms, nodes, prior)
    return Trajectories(
        layout=chosen.layout,
        nodes=nodes,
        reference=reference,
        method=method if prior is None else "Bayes",
        df=df,
        level=level,
        small_values=small_values,
        scores=tuple(choosing.table(scores, chosen)),
        correlation=correlation,
        excluded=visits.excluded,
        warnings=tuple(notes),
    )


def _of_evidence(given: Any) -> tuple[Any, dict[str, Any]]:
    """The table and columns of a question, put to the snapshot, or of visits of other evidence."""
    from reprieve.effects.question import Question
    from reprieve.effects.visits import Visits as Reported
    from reprieve.effects.visits import every_visit
    from reprieve.evidence.package import load_evidence

    found = every_visit(load_evidence(), given) if isinstance(given, Question) else given
    if not isinstance(found, Reported):
        raise InputError(
            "data must be a data frame, a mapping of columns, a Question or what `every_visit` "
            f"gives; it was {type(given).__name__}"
        )
    if found.table.is_empty():
        raise SynthesisError(
            f"no trial of {found.question.condition} gives {found.question.outcome} at a visit "
            "with numbers that can be used; `every_visit(…).excluded` says why"
        )
    return found.table, {
        "study": "study_id",
        "month": "month",
        "treatment1": "treatment1",
        "treatment2": "treatment2",
        "effect": "estimate",
        "covariance": found.covariance,
    }


def _score(
    layout: Layout, structure: Structure, between: str, method: str, trials: list[int]
) -> choosing.Score:
    """The fit of one shape, and how it predicts trials left out."""
    terms = layout.terms(structure, between)
    nodes = fit_layout(layout, terms, restricted=method == "REML")
    covariance = covariance_at(layout, terms, nodes)
    found = choosing.log_densities(layout, nodes, covariance, trials)
    return choosing.Score(layout.shape.name, layout, nodes, found)


def _check(
    shape: str, model: str, structure: str, method: str, level: float, small_values: str
) -> None:
    for kind, word, known in (
        ("shape", shape, ("auto", *NAMES)),
        ("model", model, ("random", "common")),
        ("structure", structure, ("CS", "AR")),
        ("method", method, ("REML", "ML")),
        ("value of small_values", small_values, ("desirable", "undesirable")),
    ):
        if word not in known:
            raise UnknownWordError(kind, str(word), known)
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, such as 0.95; it was {level!r}")


def _require_connected(visits: Visits) -> None:
    """Raise, with the parts of the network, unless trials connect all treatments."""
    after = visits.after
    if not after.any():
        raise SynthesisError("all visits are at month 0: there is no effect to follow over months")
    count, shown = parts_in_words(visits.treatments, visits.a[after], visits.b[after])
    if count > 1:
        raise SynthesisError(
            f"after month 0 the network falls into {count} parts that no trial connects: "
            f"{shown}. Analyse each part by itself (keep only its rows), or lump treatments of "
            "one class into one node"
        )


def _reading_notes(visits: Visits, known: bool, correlation: float) -> list[str]:
    notes = []
    if visits.excluded:
        number = len(visits.excluded)
        notes.append(f"{number} row{'s' * (number > 1)} could not be used; see excluded")
    if not known and max(map(len, visits.blocks)) > 1:
        notes.append(f"the correlation between visits of an arm is taken as {correlation:g}")
    return notes


def _between(visits: Visits, df: int, model: str, notes: list[str]) -> str:
    """What of the heterogeneity between trials the data can tell."""
    if model == "common":
        return "none"
    after = visits.after
    repeated = any(len(np.unique(visits.month[r[after[r]]])) > 1 for r in visits.rows_of_studies)
    if df >= 1:
        return "trials" if repeated else "trials once"
    if int(after.sum()) > len(visits.treatments):
        notes.append(
            "no comparison has been made by more than one trial and no loop closes: how trials "
            "differ can't be estimated, only how visits scatter about the curve"
        )
        return "visits"
    notes.append(
        "no comparison has been made more than once and no loop closes: τ² can't be estimated, "
        "and standard errors leave it out"
    )
    return "none"


def _without_random(layouts: list[Layout], shape: str) -> list[Layout]:
    """Layouts that have no random coefficients; ML has no use for others."""
    simple = [layout for layout in layouts if not layout.pseudo]
    if not simple or (shape != "auto" and len(simple) < len(layouts)):
        raise InputError(
            'classes and departures (piecewise, spline) need method="REML", or prior= for Bayes'
        )
    return simple


def _shape_notes(scores: list[choosing.Score], chosen: choosing.Score) -> list[str]:
    notes = []
    if len(scores) > 1:
        rows = choosing.table(scores, chosen)
        near = [
            str(row["shape"])
            for row in rows
            if not row["chosen"] and not float(str(row["difference"])) < -2 * float(str(row["se"]))
        ]
        if near:
            notes.append(
                f"by prediction of trials left out, {', '.join(near)} can't be told from "
                f"{chosen.shape} (difference below two standard errors)"
            )
        skipped = int(np.isnan(chosen.log_density).sum())
        if skipped:
            notes.append(f"{skipped} trial(s) without which the network falls apart are not scored")
    edges = choosing.at_limits(chosen.layout, chosen.nodes)
    if edges:
        notes.append(f"the data don't bound {', '.join(edges)} of the form: see limits in the docs")
    return notes
