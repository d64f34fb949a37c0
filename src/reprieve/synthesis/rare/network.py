"""Harms across many treatments: a network of rare events from the counts themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from reprieve.errors import UnknownWordError
from reprieve.synthesis.findings import choice, plain, share
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.networks.arms import rows_of_arms
from reprieve.synthesis.networks.connection import require_connected
from reprieve.synthesis.networks.relatives import Relatives
from reprieve.synthesis.networks.trials import Trials
from reprieve.synthesis.rare import network_classic
from reprieve.synthesis.rare.network_arms import ArmTable, groups_of, read_arms
from reprieve.synthesis.rare.network_mixed import NetworkFit, fit_mixed

METHODS = ("UM.FS", "CM.AL", "MH")
_NAMES = {
    "UM.FS": "mixed model of counts, fixed trial effects",
    "CM.AL": "given the total of events, approximate; one effect",
    "MH": "Mantel–Haenszel; one effect",
}


@dataclass(frozen=True, eq=False, repr=False)
class RareNetwork(Relatives):
    """What `rare_network` returns: log odds ratios of treatments against each other.

    Besides what every network gives (`effects`, `to_frame`, `relative`, `league`, `draws`,
    `ranks`):

    Attributes
    ----------
    method : str
    tau : float
        Standard deviation of true contrasts between trials; NaN where one effect is assumed.
    loglik : float
        NaN for MH.
    events, people : dict of str to int
        With each treatment, in the trials that inform.
    excluded : tuple of Excluded
        Arms that are not part of the analysis, and why; `row` 0 where a whole design has none.
    """

    method: str = "UM.FS"
    tau: float = math.nan
    loglik: float = math.nan
    events: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    excluded: tuple[Excluded, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        model = {
            "measure": "OR",
            "method": self.method,
            "tau": self.tau,
            "loglik": self.loglik,
            "k": self.k,
            "events": self.events,
            "people": self.people,
        }
        left_out = {"excluded": [vars(row) for row in self.excluded]}
        return dict(plain(model)) | super().to_dict() | dict(plain(left_out))

    def summary(self) -> str:
        """The result as a table to read."""
        spread = "" if math.isnan(self.tau) else f", τ {self.tau:.4f}"
        counts = "; ".join(
            f"{name} {self.events[name]:,} of {self.people[name]:,}" for name in self.names
        )
        head = f"log odds ratios, {_NAMES[self.method]}, {self.k} trials{spread}\n{counts}\n"
        return head + super().summary()


def rare_network(
    data: Any = None,
    *,
    study: Any,
    treatment: Any,
    events: Any,
    n: Any,
    reference: str | None = None,
    method: Literal["UM.FS", "CM.AL", "MH"] = "UM.FS",
    common: bool = False,
    level: float = 0.95,
    small_values: Literal["desirable", "undesirable"] = "desirable",
) -> RareNetwork:
    """Compare an event between all treatments of a network, from the counts of arms.

    Parameters
    ----------
    data : data frame, optional
        Anything that narwhals reads, or a mapping of columns: a row an arm.
    study, treatment : str or sequence
    events, n : str or sequence
        People with the event, and people.
    reference : str, optional
        The treatment that the others are shown against; the first by name when not given.
    method : {"UM.FS", "CM.AL", "MH"}
        The mixed model of counts with an intercept for each trial; the model given the total of
        events, approximated for rare ones (netmeta's "NCH"); or Mantel–Haenszel.
    common : bool
        One effect for all trials (UM.FS); the other two always assume it.
    level : float
        Coverage of the intervals, which are Wald's.
    small_values : {"desirable", "undesirable"}
        Whether fewer events are better, as with harms.

    Returns
    -------
    RareNetwork

    Raises
    ------
    InputError
        A number that can't be a count; a treatment named twice in a trial.
    SynthesisError
        Treatments that no trial connects; no event to tell odds apart.

    Notes
    -----
    Trials in which nobody or everybody has the event, and treatments with which nobody (or
    everybody) has it anywhere, have no share in an odds ratio: they are in `excluded`, each with
    its reason. Arms without an event in trials with some are kept as they are, without a
    correction, except by MH, which needs an event in each arm of a design. Trials of several arms
    are taken exactly.

    Examples
    --------
    >>> arms = {
    ...     "trial": [1, 1, 1, 2, 2, 3, 3, 4, 4],
    ...     "drug": ["a", "b", "c", "a", "b", "a", "c", "b", "c"],
    ...     "deaths": [1, 4, 3, 2, 5, 0, 2, 6, 5],
    ...     "people": [100, 100, 100, 150, 140, 80, 85, 200, 210],
    ... }
    >>> fit = rare_network(arms, study="trial", treatment="drug", events="deaths", n="people")
    >>> round(fit.relative("b", "a").estimate, 3), fit.tau
    (1.354, 0.0)
    """
    choice("method", method, METHODS)
    choice("small_values", small_values, ("desirable", "undesirable"))
    share("level", level)
    arms = read_arms(data, study, treatment, events, n)
    if method == "MH":
        every = arms
        arms = network_classic.without_sparse_arms(arms)
    if reference is not None and reference not in arms.treatments:
        raise UnknownWordError("treatment", reference, arms.treatments)
    trials = Trials.of(
        rows_of_arms(
            None, list(arms.study), list(arms.treatment), events=arms.x, n=arms.n, measure="OR"
        )
    )
    require_connected(trials.rows)
    size = len(arms.treatments)
    if method == "UM.FS":
        found = fit_mixed(groups_of(arms), size, common=common)
    elif method == "CM.AL":
        found = network_classic.fit_conditional(groups_of(arms), size)
    else:
        found = network_classic.fit_mantel_haenszel(arms, _designs(every))
    return _result(found, arms, trials, method, reference, level, small_values)


def _designs(arms: ArmTable) -> dict[str, tuple[str, ...]]:
    return {
        label: tuple(sorted(arms.treatment[i] for i in places))
        for label, places in arms.trials.items()
    }


def _result(
    found: NetworkFit,
    arms: ArmTable,
    trials: Trials,
    method: str,
    reference: str | None,
    level: float,
    small_values: str,
) -> RareNetwork:
    names, size = arms.treatments, len(arms.treatments)
    totals = {
        name: [i for i, treatment in enumerate(arms.treatment) if treatment == name]
        for name in names
    }
    varies = not math.isnan(found.tau)
    notes = []
    if arms.excluded:
        silent = len({row.study for row in arms.excluded} - set(arms.study))
        notes.append(
            f"{len(arms.excluded)} arms are not part of the odds ratios ({silent} trials in full); "
            "`excluded` says why"
        )
    return RareNetwork(
        trials=trials,
        names=names,
        weights=np.ones(1),
        mean=found.d[None],
        cov=found.cov[None],
        between=np.full((1, size), found.tau**2 if varies else math.nan),
        prediction_df=np.full(size, math.inf if varies else math.nan),
        bayesian=False,
        tail=math.inf,
        reference=reference or names[0],
        level=level,
        small_values=small_values,
        warnings=tuple(notes),
        method=method,
        tau=found.tau,
        loglik=found.loglik,
        events={name: int(arms.x[rows].sum()) for name, rows in totals.items()},
        people={name: int(arms.n[rows].sum()) for name, rows in totals.items()},
        excluded=arms.excluded,
    )
