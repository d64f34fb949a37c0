"""How far the data go: for each pair of treatments, the months that trials speak of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.trajectories.visits import Visits


@dataclass(frozen=True)
class Reach:
    """First and last months with data; NaN where there are none.

    Attributes
    ----------
    treatment : ndarray, shape (T,)
        Of each treatment in any trial.
    direct : ndarray, shape (T, T)
        Of trials that compare the two.
    overall : ndarray, shape (T, T)
        Up to which trials connect the two: the last month m such that comparisons at m or later
        make a path between them.
    start : ndarray, shape (T, T)
        From which trials connect the two: the first month m such that comparisons at m or earlier
        make a path between them. Before it the difference is the model's alone.
    trials : ndarray of int, shape (T, T)
        Trials that compare the two, at whatever month.
    """

    treatment: Array
    direct: Array
    overall: Array
    start: Array
    trials: np.ndarray[tuple[int, ...], np.dtype[np.intp]]


def reach_of(visits: Visits) -> Reach:
    """How far visits go.

    Examples
    --------
    >>> from reprieve.synthesis.trajectories.visits import read_visits
    >>> visits = read_visits(
    ...     None, study=["1", "2"], month=[12, 6], treatment1=["drug", "exercise"],
    ...     treatment2=["sham", "sham"], effect=[-5, -8], se=[2, 2],
    ... )
    >>> reach_of(visits).overall
    array([[nan,  6., 12.],
           [ 6., nan,  6.],
           [12.,  6., nan]])
    >>> reach_of(visits).start[0]
    array([nan, 12., 12.])
    """
    T = len(visits.treatments)
    direct, sooner = np.full((T, T), -np.inf), np.full((T, T), -np.inf)
    trials = np.zeros((T, T), dtype=np.intp)
    after = visits.after
    for rows in visits.rows_of_studies:
        rows = rows[after[rows]]
        seen = np.zeros((T, T), dtype=bool)
        for month in np.unique(visits.month[rows]):
            here = rows[visits.month[rows] == month]
            arms = np.unique(np.concatenate([visits.a[here], visits.b[here]]))
            pairs = np.ix_(arms, arms)
            direct[pairs] = np.maximum(direct[pairs], month)
            sooner[pairs] = np.maximum(sooner[pairs], -month)
            seen[pairs] = True
        trials += seen
    np.fill_diagonal(direct, -np.inf)
    np.fill_diagonal(trials, 0)
    parts = direct, _widest(direct), _widest(sooner)
    known = [np.where(np.isfinite(part), part, np.nan) for part in parts]
    return Reach(np.asarray(direct.max(axis=1)), known[0], known[1], -known[2], trials)


def _widest(direct: Array) -> Array:
    """The widest path between all pairs, as Floyd and Warshall find the shortest."""
    wide = direct.copy()
    for middle in range(len(wide)):
        wide = np.maximum(wide, np.minimum(wide[:, [middle]], wide[[middle], :]))
    np.fill_diagonal(wide, -np.inf)
    return wide
