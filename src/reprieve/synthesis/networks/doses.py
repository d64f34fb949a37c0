"""Dose–response network meta-analysis: effects of agents as functions of their dose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from reprieve.errors import InputError, ReprieveError, SynthesisError, UnknownWordError
from reprieve.synthesis.bayes.mixtures import check_level
from reprieve.synthesis.networks.analysis import check_words
from reprieve.synthesis.networks.connection import components as connected_parts
from reprieve.synthesis.networks.dose_curves import (
    SHAPES,
    Curve,
    Curves,
    EmaxCurves,
    LinearCurves,
    Shape,
    plan_curves,
)
from reprieve.synthesis.networks.dose_fitting import Nodes, fit_curves
from reprieve.synthesis.networks.dose_reading import Dosed, read_doses
from reprieve.synthesis.networks.dose_results import DoseNetwork
from reprieve.synthesis.networks.dose_shapes import compare_shapes
from reprieve.synthesis.networks.independent import independent
from reprieve.synthesis.networks.parameters import fit_parameters
from reprieve.synthesis.networks.trials import Trials


def dose_network(
    data: Any = None,
    *,
    study: Any,
    agent: Any = None,
    dose: Any = None,
    mean: Any = None,
    sd: Any = None,
    events: Any = None,
    n: Any = None,
    measure: str | None = None,
    agent1: Any = None,
    dose1: Any = None,
    agent2: Any = None,
    dose2: Any = None,
    effect: Any = None,
    variance: Any = None,
    se: Any = None,
    shape: Shape | Literal["auto"] = "log-linear",
    unit: float | None = None,
    knots: int = 3,
    ed50: Literal["agent", "common"] = "agent",
    classes: Mapping[str, str] | None = None,
    placebo: str = "placebo",
    model: Literal["random", "common"] = "random",
    method: Literal["DL", "REML", "ML"] = "DL",
    level: float = 0.95,
) -> DoseNetwork:
    """Estimate how the effects of agents depend on their dose, from a network of trials.

    Each agent has a curve that is 0 at dose 0, and dose 0 of every agent is the same: placebo. So
    doses inform about each other, and trials that compare doses of an agent are of use as well.

    Parameters
    ----------
    data : data frame, optional
        Anything that narwhals reads, or a mapping of columns: a row an arm, or a row a contrast.
    study : str or sequence
        Column of study labels.
    agent, dose : str or sequence
        What each arm was given, and how much of it; with `mean`, `sd` and `n`, or with `events`
        and `n`.
    mean, sd, events, n, measure : optional
        As in `network`.
    agent1, dose1, agent2, dose2, effect, variance, se : str or sequence
        Contrasts instead of arms, the first minus the second; all pairs of a trial.
    shape : {"linear", "log-linear", "emax", "spline", "auto"}
        With z = dose/unit: βz; β log(1 + z); Emax · dose/(ED50 + dose); a restricted cubic spline
        in log(1 + z). "auto" takes the shape of lowest AIC, and says so: intervals then take no
        account of the choice (`DoseNetwork.shapes` compares them).
    unit : float, optional
        The dose that counts as one; the smallest that was tested, curve by curve, when not given.
        For cells, whose doses differ by powers of ten, a unit near the smallest dose makes a curve
        that rises by the same amount with each tenfold dose.
    knots : int
        Of splines, 3 to 7: at 0, at quantiles of the doses tested, at the largest; fewer where an
        agent has been tested at fewer doses.
    ed50 : {"agent", "common"}
        Whether each curve has its own ED50, or all share one (their doses must be comparable).
    classes : mapping of str to str, optional
        The class of agents that share one curve.
    placebo : str
        The name of what has no dose.
    model : {"random", "common"}
    method : {"DL", "REML", "ML"}
        Estimator of τ².
    level : float
        Coverage of the intervals.

    Returns
    -------
    DoseNetwork

    Raises
    ------
    InputError
        A column, agent or option that is not there; a dose that is no number.
    SynthesisError
        Curves that the trials can't tell.

    Notes
    -----
    Model-based network meta-analysis of Mawdsley et al. (2016) CPT Pharmacometrics Syst Pharmacol
    5:393 (R's MBNMAdose), by likelihood: trials of several arms are taken exactly, ED50 is profiled
    and τ² estimated on the tangent of Emax curves.

    Examples
    --------
    Two trials of an analgesic, pain on a scale from 0 to 100:

    >>> arms = {
    ...     "trial": ["1", "1", "1", "2", "2"],
    ...     "agent": ["placebo", "drug", "drug", "placebo", "drug"],
    ...     "dose": [0, 10, 20, 0, 40],
    ...     "mean": [50, 44, 41, 52, 40],
    ...     "sd": [20, 20, 20, 20, 20],
    ...     "n": [80, 80, 80, 100, 100],
    ... }
    >>> fit = dose_network(
    ...     arms, study="trial", agent="agent", dose="dose", mean="mean", sd="sd", n="n",
    ... )
    >>> found = fit.effect("drug", 30)
    >>> round(found.estimate, 1), [round(end, 1) for end in found.ci], found.extrapolated
    (-10.6, [-14.7, -6.6], False)
    """
    check_words({"model": model, "method": method})
    check_level(level)
    if shape not in (*SHAPES, "auto"):
        raise UnknownWordError("shape", str(shape), (*SHAPES, "auto"))
    if ed50 not in ("agent", "common"):
        raise UnknownWordError("value of ed50", str(ed50), ("agent", "common"))
    if not isinstance(knots, int) or not 3 <= knots <= 7:
        raise InputError(f"knots is a number from 3 to 7; it was {knots!r}")
    arms = {"agent": agent, "dose": dose, "mean": mean, "sd": sd, "events": events, "n": n}
    arms["measure"] = measure
    contrasts = {"agent1": agent1, "dose1": dose1, "agent2": agent2, "dose2": dose2}
    contrasts |= {"effect": effect, "variance": variance, "se": se}
    dosed = read_doses(data, study, arms, contrasts, placebo)
    tested: dict[str, list[float]] = {}
    for name, amount in dosed.nodes:
        if amount:
            tested.setdefault(name, []).append(amount)
    plan = plan_curves(tested, classes, unit)
    trials = Trials.of(dosed.rows)
    nodes = _nodes(trials, dosed, plan)
    candidates = _candidates(plan, knots, ed50 == "common")
    notes = [*trials.warnings, *_notes(dosed)]
    if shape == "auto":
        table = compare_shapes(nodes, candidates, model)
        usable = {name: row.AIC for name, row in table.items() if not math.isnan(row.AIC)}
        shape = min(usable, key=usable.__getitem__)  # type: ignore[arg-type]
        notes.append(
            f"the shape ({shape}) was chosen by AIC from the same trials: intervals take no "
            "account of that"
        )
    if isinstance(chosen := candidates[shape], ReprieveError):
        raise chosen
    estimator = method if model == "random" else "EE"
    curves, found = fit_curves(nodes, chosen, estimator)
    full = fit_parameters(nodes.contrasts.y, nodes.contrasts.v, nodes.contrasts.X, estimator)
    return DoseNetwork(
        trials=trials,
        agents=dosed.nodes,
        nodes=nodes,
        candidates=candidates,
        curves=curves,
        parameters=found,
        full=full,
        shape=shape,
        placebo=placebo,
        model=model,
        method=method,
        level=level,
        excluded=dosed.rows.excluded,
        warnings=(*notes, *_notes_of_fit(curves, found)),
    )


def _nodes(trials: Trials, dosed: Dosed, plan: tuple[Curve, ...]) -> Nodes:
    active = [i for i, (_, dose) in enumerate(dosed.nodes) if dose]
    place = {agent: i for i, curve in enumerate(plan) for agent in curve.agents}
    return Nodes(
        independent(trials),
        np.array(active, dtype=np.intp),
        np.array([place[dosed.nodes[i][0]] for i in active], dtype=np.intp),
        np.array([dosed.nodes[i][1] for i in active]),
    )


def _candidates(
    plan: tuple[Curve, ...], knots: int, common: bool
) -> dict[str, Curves | SynthesisError]:
    """Every shape, or why these doses do not allow it."""
    made: dict[str, Curves | SynthesisError] = {}
    for shape in SHAPES:
        if shape != "emax":
            made[shape] = LinearCurves(plan, shape, knots)
            continue
        try:
            made[shape] = EmaxCurves.of(plan, common)
        except SynthesisError as error:
            made[shape] = error
    return made


def _notes(dosed: Dosed) -> list[str]:
    rows, notes = dosed.rows, []
    if rows.excluded:
        number = len(rows.excluded)
        notes.append(f"{number} row{'s' * (number > 1)} could not be used; see excluded")
    parts = connected_parts(len(rows.treatments), rows.a, rows.b)
    if len(parts) > 1:
        shown = "; ".join(
            f"({i}) {', '.join(rows.treatments[t] for t in part)}"
            for i, part in enumerate(parts, 1)
        )
        notes.append(
            f"no trial connects these agents and doses: {shown}. Comparisons between the parts "
            "rest on the shape of the curves alone"
        )
    return notes


def _notes_of_fit(curves: Curves, found: Any) -> list[str]:
    notes = []
    known = found.estimable(np.eye(len(curves.names)))
    if isinstance(curves, EmaxCurves):
        known[curves.count :] |= curves.held
        for q in np.flatnonzero(curves.held):
            name = curves.names[curves.count + q][0]
            ended = "flat from the smallest" if (
                found.beta[curves.count + q] <= curves.bounds[q, 0] + 1e-9
            ) else "a straight line up to the largest"  # fmt: skip
            notes.append(
                f"trials do not tell the ED50 of {name}: the curve is as good as {ended} dose; it "
                "was held there, and intervals take no account of that"
            )
    if not known.all():
        lost = sorted({f"{a} ({b})" for (a, b), told in zip(curves.names, known, strict=True)
                       if not told})  # fmt: skip
        notes.append(f"trials do not tell {', '.join(lost)}")
    if math.isnan(found.tau2):
        notes.append(
            "the model has as many parameters as there are independent contrasts: τ² can't be "
            "estimated, and standard errors leave it out"
        )
    return notes
