"""From visits as the user holds them to contrasts over time with their covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.inputs import Excluded, column, opened
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index, labels_of


@dataclass(frozen=True)
class ArmVisits:
    """Means of arms, as they were handed in; rows sorted by study.

    Attributes
    ----------
    study, treatment : ndarray of int, shape (m,)
    month, mean, variance : ndarray, shape (m,)
    correlation : float
        Between visits of an arm.
    """

    study: Index
    treatment: Index
    month: Array
    mean: Array
    variance: Array
    correlation: float


@dataclass(frozen=True)
class Visits:
    """Contrasts between treatments at visits, `a` minus `b`; rows sorted by study.

    Attributes
    ----------
    treatments : tuple of str
        Sorted without regard to case.
    studies : tuple of str
        In the order in which they come.
    study, a, b : ndarray of int, shape (m,)
    month, y : ndarray, shape (m,)
    blocks : tuple of ndarray
        Covariance of the rows of each study.
    arms : ArmVisits or None
        Where arms were handed in.
    excluded : tuple of Excluded
        Rows of the data that could not be used.
    """

    treatments: tuple[str, ...]
    studies: tuple[str, ...]
    study: Index
    a: Index
    b: Index
    month: Array
    y: Array
    blocks: tuple[Array, ...]
    arms: ArmVisits | None
    excluded: tuple[Excluded, ...]

    @property
    def after(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Rows after baseline."""
        return np.asarray(self.month > 0)

    @property
    def months(self) -> Array:
        """The different months of visits after baseline."""
        return np.unique(self.month[self.after])

    @property
    def variance(self) -> Array:
        """Sampling variance of each row."""
        return np.concatenate([np.diag(block) for block in self.blocks])

    @property
    def rows_of_studies(self) -> list[Index]:
        """The rows of each study."""
        ends = np.cumsum([0, *map(len, self.blocks)])
        return [np.arange(start, end) for start, end in pairwise(ends.tolist())]

    def likeness(self) -> list[Array]:
        """How the true contrasts of a trial hang together: τ² times these, study by study.

        Arms of a trial vary by τ²/2 about their curves, so that contrasts vary by τ² and two of
        them that share an arm are correlated by ½. At baseline nothing varies.
        """
        found = []
        for rows in self.rows_of_studies:
            a, b, after = self.a[rows], self.b[rows], self.after[rows]
            M = 0.5 * _shared(a, b)
            found.append(M * (after[:, None] & after))
        return found

    def contrasts(self) -> int:
        """Independent contrasts after baseline: arms less one, over all trials."""
        return sum(
            int(np.linalg.matrix_rank(M)) for M in (
                0.5 * _shared(self.a[rows], self.b[rows])
                for rows in (r[self.after[r]] for r in self.rows_of_studies)
            ) if len(M)
        )  # fmt: skip


def _shared(a: Index, b: Index) -> Array:
    """2 where contrasts are the same, 1 where they share an arm on the same side."""
    same = [[np.equal.outer(p, q).astype(float) for q in (a, b)] for p in (a, b)]
    return np.asarray(same[0][0] - same[0][1] - same[1][0] + same[1][1])


def read_visits(
    data: Any,
    *,
    study: Any,
    month: Any,
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
    correlation: float = 0.5,
) -> Visits:
    """Contrasts at visits from contrasts, or from arms; the arguments of `trajectory`.

    Raises
    ------
    InputError
        Columns that are missing, contradict each other or repeat a visit.
    SynthesisError
        No row can be used, or a covariance that isn't one.

    Examples
    --------
    >>> visits = read_visits(
    ...     None, study=["A"] * 4, month=[0, 0, 3, 3], treatment=["drug", "sham"] * 2,
    ...     mean=[60, 61, 40, 50], se=[2, 2, 2, 2],
    ... )
    >>> visits.y, visits.month
    (array([ 1., 10.]), array([0., 3.]))
    >>> visits.blocks[0]
    array([[8., 4.],
           [4., 8.]])
    """
    data = opened(data)
    if not -1 < correlation < 1:
        raise InputError(f"correlation must lie between -1 and 1; it was {correlation!r}")
    contrasts = {"treatment1": treatment1, "treatment2": treatment2, "effect": effect}
    spread = {"covariance": covariance, "variance": variance, "se": se}
    arms = {"treatment": treatment, "mean": mean}
    people = {"sd": sd, "n": n}
    times = {"study": study, "month": month}
    if treatment is None:
        _need(contrasts, "contrasts", {**arms, **people})
        given = [name for name, part in spread.items() if part is not None]
        if len(given) != 1:
            raise InputError(
                "contrasts need one of covariance=, variance= and se=; given were "
                f"{', '.join(given) or 'none'}"
            )
        return _of_contrasts(data, times, contrasts, spread, correlation)
    _need(arms, "arms", {**contrasts, "covariance": covariance, "variance": variance})
    if (se is None) == (sd is None or n is None):
        raise InputError("arms need either se=, or sd= and n=")
    return _of_arms(data, times, arms, {"se": se, **people}, correlation)


def _need(parts: dict[str, Any], kind: str, others: dict[str, Any]) -> None:
    missing = [f"{name}=" for name, part in parts.items() if part is None]
    if missing:
        raise InputError(
            f"{kind} lack {', '.join(missing)}: give contrasts (treatment1=, treatment2=, effect= "
            "and covariance=, variance= or se=), or arms (treatment=, mean= and se=, or sd= and n=)"
        )
    extra = [f"{name}=" for name, part in others.items() if part is not None]
    if extra:
        raise InputError(f"{kind} were given, so that {', '.join(extra)} can't be")


# -- columns and their faults


@dataclass(frozen=True)
class _Table:
    """Columns that were read: labels and numbers, and which rows can be used."""

    labels: dict[str, list[str | None]]
    numbers: dict[str, Array]
    faults: dict[int, str]

    @classmethod
    def of(cls, data: Any, labels: dict[str, Any], numbers: dict[str, Any]) -> _Table:
        words = {role: labels_of(column(data, part, role)) for role, part in labels.items()}
        values = {role: _floats(column(data, part, role)) for role, part in numbers.items()}
        lengths = {role: len(part) for role, part in words.items()}
        lengths |= {role: len(part) for role, part in values.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"columns must be of one length; they are {lengths}")
        faults: dict[int, str] = {}
        for role, part in words.items():
            for i, word in enumerate(part):
                if word is None:
                    faults.setdefault(i, f"{role} is missing")
        for role, value in values.items():
            for i in np.flatnonzero(~np.isfinite(value)).tolist():
                faults.setdefault(i, f"{role} is missing or not a finite number")
            low = value < 0 if role == "month" else value <= 0
            if role in ("month", "se", "variance", "sd", "n"):
                for i in np.flatnonzero(low).tolist():
                    faults.setdefault(i, f"{role} is {value[i]:g}, below what is possible")
        return cls(words, values, faults)

    def leave_out(self, i: int, reason: str) -> None:
        """Leave out a row, with the reason."""
        self.faults.setdefault(i, reason)

    def by_study(self) -> dict[str, list[int]]:
        """Rows that can be used, by study."""
        found: dict[str, list[int]] = {}
        for i, name in enumerate(self.labels["study"]):
            if i not in self.faults:
                found.setdefault(str(name), []).append(i)
        return found

    def excluded(self) -> tuple[Excluded, ...]:
        """Rows that can't be used."""
        names = self.labels["study"]
        return tuple(
            Excluded(i + 1, names[i] or "?", why) for i, why in sorted(self.faults.items())
        )


def _floats(values: Any) -> Array:
    out = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        try:
            out[i] = np.nan if value is None else float(value)
        except (TypeError, ValueError):
            continue
    return out


def _numbered(names: Sequence[str]) -> tuple[tuple[str, ...], dict[str, int]]:
    known = tuple(sorted(set(names), key=lambda word: (word.casefold(), word)))
    return known, {name: i for i, name in enumerate(known)}


# -- contrasts


def _of_contrasts(
    data: Any,
    times: dict[str, Any],
    contrasts: dict[str, Any],
    spread: dict[str, Any],
    correlation: float,
) -> Visits:
    words = {"study": times["study"]} | {k: contrasts[k] for k in ("treatment1", "treatment2")}
    numbers = {"month": times["month"], "effect": contrasts["effect"]}
    kind = next(name for name, part in spread.items() if part is not None)
    if kind != "covariance":
        numbers[kind] = spread[kind]
    table = _Table.of(data, words, numbers)
    whole = _matrices(table, spread["covariance"]) if kind == "covariance" else {}
    studies = table.by_study()
    if not studies:
        raise SynthesisError("there is no visit to use: no row can be used; see the columns given")
    order = [i for rows in studies.values() for i in rows]
    first, second = ([str(table.labels[k][i]) for i in order] for k in ("treatment1", "treatment2"))
    treatments, number = _numbered([*first, *second])
    a = np.array([number[name] for name in first], dtype=np.intp)
    b = np.array([number[name] for name in second], dtype=np.intp)
    month = table.numbers["month"][order]
    size = table.numbers[kind][order] if kind != "covariance" else np.empty(0)
    sizes = size if kind == "se" else np.sqrt(size)
    blocks, start = [], 0
    for name, rows in studies.items():
        here = slice(start, start + len(rows))
        _check_rows(name, a[here], b[here], month[here], treatments)
        if kind == "covariance":
            matrix, place = whole[name]
            inside = [place[i] for i in rows]
            block = matrix[np.ix_(inside, inside)]
        else:
            block = _compound(a[here], b[here], month[here], sizes[here], correlation)
        _require_positive(name, block)
        blocks.append(block)
        start += len(rows)
    return Visits(
        treatments=treatments,
        studies=tuple(studies),
        study=np.repeat(np.arange(len(studies)), [len(rows) for rows in studies.values()]),
        a=a,
        b=b,
        month=month,
        y=table.numbers["effect"][order],
        blocks=tuple(blocks),
        arms=None,
        excluded=table.excluded(),
    )


def _matrices(
    table: _Table, covariance: Mapping[Any, Any]
) -> dict[str, tuple[Array, dict[int, int]]]:
    """The matrix of each study, and where each of its rows stands in it."""
    places: dict[str, dict[int, int]] = {}
    for i, name in enumerate(table.labels["study"]):
        if name is not None:
            places.setdefault(name, {})[i] = len(places.get(name, {}))
    given = {str(name): np.atleast_2d(np.asarray(part, float)) for name, part in covariance.items()}
    found = {}
    for name, place in places.items():
        if name not in given:
            raise InputError(f"covariance holds no matrix of study {name!r}; it must hold all")
        if given[name].shape != (len(place), len(place)):
            raise InputError(
                f"the covariance of study {name!r} has shape {given[name].shape}, but the study "
                f"has {len(place)} rows"
            )
        found[name] = given[name], place
    return found


def _compound(a: Index, b: Index, month: Array, se: Array, correlation: float) -> Array:
    """Covariance from standard errors: arms of equal size, visits equally correlated."""
    R = 0.5 * _shared(a, b) * np.where(np.equal.outer(month, month), 1.0, correlation)
    return np.asarray(np.outer(se, se) * R)


def _check_rows(name: str, a: Index, b: Index, month: Array, treatments: Sequence[str]) -> None:
    if (a == b).any():
        raise InputError(
            f"study {name!r} compares {treatments[a[(a == b).argmax()]]!r} with itself; give two "
            "different treatments"
        )
    seen: set[tuple[float, frozenset[int]]] = set()
    for i, j, t in zip(a.tolist(), b.tolist(), month.tolist(), strict=True):
        key = (t, frozenset((i, j)))
        if key in seen:
            raise InputError(
                f"study {name!r} gives {treatments[i]} against {treatments[j]} at month {t:g} "
                "more than once"
            )
        seen.add(key)
    for t in np.unique(month):
        rows = month == t
        arms = set(a[rows].tolist()) | set(b[rows].tolist())
        if rows.sum() >= len(arms):
            raise InputError(
                f"study {name!r} has {len(arms)} arms at month {t:g} but {rows.sum()} contrasts: "
                "give each arm against the same one, so that no contrast follows from others; or "
                "give the data of the arms"
            )


def _require_positive(name: str, block: Array) -> None:
    square = np.isfinite(block).all() and np.allclose(block, block.T, rtol=1e-8)
    if not square or np.linalg.eigvalsh(block)[0] <= 1e-12 * np.trace(block):
        raise SynthesisError(
            f"the covariance of the visits of study {name!r} is not symmetric and positive "
            "definite; check its standard errors and the correlation between visits"
        )


# -- arms


def _of_arms(
    data: Any, times: dict[str, Any], arms: dict[str, Any], people: dict[str, Any], r: float
) -> Visits:
    spread = {"se": people["se"]} if people["se"] is not None else {}
    spread = spread or {"sd": people["sd"], "n": people["n"]}
    table = _Table.of(
        data,
        {"study": times["study"], "treatment": arms["treatment"]},
        {"month": times["month"], "mean": arms["mean"], **spread},
    )
    values = table.numbers
    variance = values["se"] ** 2 if "se" in values else values["sd"] ** 2 / values["n"]
    _leave_lonely(table)
    studies = table.by_study()
    if not studies:
        raise SynthesisError("there is no visit to use: no study has two arms at one month")
    order = [i for rows in studies.values() for i in rows]
    named = [str(table.labels["treatment"][i]) for i in order]
    treatments, number = _numbered(named)
    arm = np.array([number[name] for name in named], dtype=np.intp)
    month, mean, v = values["month"][order], values["mean"][order], variance[order]
    study = np.repeat(np.arange(len(studies)), [len(rows) for rows in studies.values()])
    pieces: list[tuple[Index, Index, Index, Array, Array]] = []
    blocks = []
    for s, name in enumerate(studies):
        rows = np.flatnonzero(study == s)
        first, second = _against_base(arm[rows], month[rows])
        L = np.eye(len(rows))[first] - np.eye(len(rows))[second]
        se = np.sqrt(v[rows])
        same = np.equal.outer(arm[rows], arm[rows])
        S = np.outer(se, se) * same * np.where(np.eye(len(rows), dtype=bool), 1.0, r)
        block = L @ S @ L.T
        _require_positive(name, block)
        blocks.append(block)
        pieces.append(
            (np.full(len(first), s), arm[rows][first], arm[rows][second], month[rows][first],
             L @ mean[rows])
        )  # fmt: skip
    labels = [np.concatenate([piece[i] for piece in pieces]) for i in range(3)]
    values_of = [np.concatenate([piece[i] for piece in pieces]) for i in (3, 4)]
    return Visits(
        treatments=treatments,
        studies=tuple(studies),
        study=labels[0],
        a=labels[1],
        b=labels[2],
        month=values_of[0],
        y=values_of[1],
        blocks=tuple(blocks),
        arms=ArmVisits(study, arm, month, mean, v, r),
        excluded=table.excluded(),
    )


def _leave_lonely(table: _Table) -> None:
    """Leave out arms that have nothing to be compared with; refuse arms given twice."""
    for name, rows in table.by_study().items():
        of_month: dict[float, dict[str, int]] = {}
        for i in rows:
            month, arm = float(table.numbers["month"][i]), str(table.labels["treatment"][i])
            arms = of_month.setdefault(month, {})
            if arm in arms:
                raise InputError(
                    f"study {name!r} gives {arm!r} at month {month:g} more than once; combine its "
                    "arms first, or give them names of their own"
                )
            arms[arm] = i
        for arms in of_month.values():
            if len(arms) == 1:
                table.leave_out(
                    next(iter(arms.values())), "the study has no other arm at this month"
                )


def _against_base(arm: Index, month: Array) -> tuple[list[int], list[int]]:
    """Places of both sides of the contrasts: at each month all arms against one.

    The base is the arm with most visits, and at months that it lacks the next.
    """
    visits = np.bincount(arm)
    first, second = [], []
    for t in np.unique(month):
        here = sorted(np.flatnonzero(month == t).tolist(), key=lambda i: (-visits[arm[i]], arm[i]))
        first += here[1:]
        second += [here[0]] * (len(here) - 1)
    return first, second
