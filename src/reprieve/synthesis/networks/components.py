"""Component network meta-analysis: treatments as sums of what they are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from reprieve.errors import UnknownWordError
from reprieve.synthesis.bayes.mixtures import check_level
from reprieve.synthesis.networks.analysis import check_words
from reprieve.synthesis.networks.combinations import Alphabet, parts_of
from reprieve.synthesis.networks.component_results import ComponentNetwork
from reprieve.synthesis.networks.connection import components as connected_parts
from reprieve.synthesis.networks.independent import independent
from reprieve.synthesis.networks.parameters import Parameters, fit_parameters
from reprieve.synthesis.networks.reading import read_trials
from reprieve.synthesis.networks.rows import Rows, label_of
from reprieve.synthesis.networks.trials import Trials


def component_network(
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
    separator: str = "+",
    inactive: str | None = None,
    interactions: Sequence[str] = (),
    reference: str | None = None,
    model: Literal["random", "common"] = "random",
    method: Literal["DL", "REML", "ML"] = "DL",
    level: float = 0.95,
    small_values: Literal["desirable", "undesirable"] = "desirable",
) -> ComponentNetwork:
    """Estimate the effects of the components that treatments are made of.

    The effect of "cells + carrier" is that of cells plus that of carrier, whatever else is given:
    so trials of combinations inform about components, and the other way round, even where no trial
    connects them.

    Parameters
    ----------
    data, study, treatment1, treatment2, effect, variance, se : optional
        Contrasts, as in `network`.
    treatment, mean, sd, events, n, measure : optional
        Arms, as in `network`.
    separator : str
        What stands between the components of a treatment.
    inactive : str, optional
        A component that is taken to have no effect, such as placebo. Without it only those
        components can be estimated that some trial added to something.
    interactions : sequence of str
        Components that may do more, or less, together than their sum, as ``"A*B"`` (or
        ``"A*B*C"``): a parameter each, for treatments that hold all of them.
    reference : str, optional
        The treatment that the others are shown against; the inactive one, or else the first.
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
    ComponentNetwork

    Raises
    ------
    InputError
        A column, component or treatment that is not there; a name that can't be taken apart.
    SynthesisError
        Trials that compare nothing that differs in any component, or that contradict themselves.

    Notes
    -----
    Additive model of Welton et al. (2009) Am J Epidemiol 169:1158 and Rücker, Petropoulou &
    Schwarzer (2020) Biom J 62:808, with the numbers of R's ``netcomb`` and ``discomb``. What trials
    can't tell is NaN, and named in the warnings.

    Examples
    --------
    Physiotherapy, injected cells, or both, against usual care:

    >>> trials = {
    ...     "trial": ["1", "2", "3", "4"],
    ...     "t1": ["physio", "cells", "cells + physio", "cells + physio"],
    ...     "t2": ["usual care", "usual care", "usual care", "physio"],
    ...     "difference": [-6.0, -8.0, -13.0, -9.0],
    ...     "se": [2.0, 3.0, 3.0, 2.5],
    ... }
    >>> fit = component_network(
    ...     trials, study="trial", treatment1="t1", treatment2="t2", effect="difference",
    ...     se="se", inactive="usual care",
    ... )
    >>> fit.to_frame()["estimate"].round(2).to_list()
    [-8.24, -5.62]
    >>> round(fit.combination("cells + physio").estimate, 2)
    -13.86
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
    alphabet = Alphabet.of(rows.treatments, separator, inactive, interactions)
    if reference is None:
        reference = inactive if inactive in rows.treatments else rows.treatments[0]
    if (reference := label_of(reference)) not in rows.treatments:
        raise UnknownWordError("reference treatment", reference, rows.treatments)
    trials = Trials.of(rows)
    contrasts = independent(trials)
    C = alphabet.rows(rows.treatments)
    chosen = method if model == "random" else "EE"
    additive = fit_parameters(contrasts.y, contrasts.v, contrasts.X @ C, chosen)
    full = fit_parameters(contrasts.y, contrasts.v, contrasts.X, "EE")
    return ComponentNetwork(
        trials=trials,
        alphabet=alphabet,
        C=C,
        parameters=additive,
        full=full,
        reference=reference,
        model=model,
        method=method,
        level=level,
        small_values=small_values,
        excluded=rows.excluded,
        warnings=(*trials.warnings, *_notes(rows, alphabet, C, additive)),
    )


def _notes(rows: Rows, alphabet: Alphabet, C: Any, fit: Parameters) -> list[str]:
    """What a reader of the result should know."""
    notes = []
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
            f"no trial connects these parts of the network: {shown}. Comparisons between parts "
            "rest on the assumption, which no trial here tests, that a component has the same "
            "effect in each of them, whatever it is combined with"
        )
    spellings: dict[frozenset[str], list[str]] = {}
    for name in rows.treatments:
        spellings.setdefault(parts_of(name, alphabet.separator), []).append(name)
    notes += [
        f"{' and '.join(names)} are made of the same; write them in one way"
        for names in spellings.values()
        if len(names) > 1
    ]
    known = fit.estimable(np.eye(len(alphabet.names)))
    if not known.all():
        lost = [name for name, told in zip(alphabet.names, known, strict=True) if not told]
        hint = "" if alphabet.inactive else "; naming an inactive component may help"
        notes.append(
            f"trials do not tell the effect{'s' * (len(lost) > 1)} of {', '.join(lost)} by "
            f"{'themselves' if len(lost) > 1 else 'itself'}{hint}"
        )
    if math.isnan(fit.tau2):
        notes.append(
            "the model has as many parameters as there are independent contrasts: τ² can't be "
            "estimated, and standard errors leave it out"
        )
    return notes
