"""How far the data go: for each pair of treatments, the last month that trials speak of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.trajectories.visits import Visits


@dataclass(frozen=True)
class Reach:
    """Last months with data; NaN where there are none.

    Attributes
    ----------
    treatment : ndarray, shape (T,)
        Of each treatment in any trial.
    direct : ndarray, shape (T, T)
        Of trials that compare the two.
    overall : ndarray, shape (T, T)
        Up to which trials connect the two: the last month m such that comparisons at m or later
        make a path between them.
    trials : ndarray of int, shape (T, T)
        Trials that compare the two, at whatever month.
    """

    treatment: Array
    direct: Array
    overall: Array
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
    """
    T = len(visits.treatments)
    direct = np.full((T, T), -np.inf)
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
            seen[pairs] = True
        trials += seen
    np.fill_diagonal(direct, -np.inf)
    np.fill_diagonal(trials, 0)
    overall = direct.copy()
    for middle in range(T):  # the widest path, as Floyd and Warshall find the shortest
        detour = np.minimum(overall[:, [middle]], overall[[middle], :])
        overall = np.maximum(overall, detour)
    np.fill_diagonal(overall, -np.inf)
    known = [np.where(np.isfinite(part), part, np.nan) for part in (direct, overall)]
    return Reach(np.asarray(direct.max(axis=1)), known[0], known[1], trials)
