"""What analyses that start from a fit give back, in a form that all of them share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class Finding:
    """A frozen result that can be read, put in a table and handed to machines."""

    def __repr__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """The result as a table to read."""
        raise NotImplementedError

    def to_frame(self) -> pl.DataFrame:
        """The result as a table; here one row, with a column for each number."""
        import polars as pl

        row: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], float):
                row[f"{part.name}_low"], row[f"{part.name}_high"] = value
            elif isinstance(value, str | int | float):
                row[part.name] = value
        return pl.DataFrame([row])

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        return {part.name: plain(getattr(self, part.name)) for part in fields(self)}


@dataclass(frozen=True, eq=False, repr=False)
class Adjusted(Finding):
    """A mean effect, adjusted for what small or insignificant studies do to it.

    Attributes
    ----------
    estimate, se : float
        The mean effect and its standard error.
    df : float
        Degrees of freedom of the t distribution; infinite for the normal.
    level : float
        Coverage of `ci`.
    """

    estimate: float
    se: float
    df: float
    level: float

    @property
    def statistic(self) -> float:
        """Estimate over standard error; NaN where that is zero."""
        return self.estimate / self.se if self.se else math.nan

    @property
    def p(self) -> float:
        """Two-sided p value of no mean effect."""
        return two_sided_p(self.statistic, self.df)

    @property
    def ci(self) -> tuple[float, float]:
        """Confidence interval at `level`."""
        half = quantile((1 + self.level) / 2, self.df) * self.se
        return self.estimate - half, self.estimate + half

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        return super().to_dict() | {"p": plain(self.p), "ci": plain(self.ci)}

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the mean effect, of the distribution behind `ci`."""
        rng = np.random.default_rng(seed)
        unit = rng.standard_normal(n) if math.isinf(self.df) else rng.standard_t(self.df, n)
        return np.asarray(self.estimate + self.se * unit)


def quantile(probability: float, df: float) -> float:
    """Quantile of Student's t; of the normal distribution for infinite `df`."""
    from scipy.special import ndtri, stdtrit

    return float(ndtri(probability) if math.isinf(df) else stdtrit(df, probability))


def two_sided_p(statistic: float, df: float = math.inf) -> float:
    """Two-sided p value of a t statistic, or of z for infinite `df`."""
    from scipy.special import ndtr, stdtr

    size = -abs(statistic)
    return float(2 * (ndtr(size) if math.isinf(df) else stdtr(df, size)))


def choice(name: str, value: str, known: Sequence[str]) -> str:
    """`value`, if it is one of `known`."""
    if value not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}; it was {value!r}")
    return value


def share(name: str, value: float) -> float:
    """`value`, if it lies between 0 and 1."""
    if not 0 < value < 1:
        raise InputError(f"{name} must lie between 0 and 1, such as 0.05; it was {value!r}")
    return value


def plain(value: Any) -> Any:
    """`value` in lists, dictionaries and plain numbers, None for numbers that are not finite."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, the first column to the left, the others to the right.

    Examples
    --------
    >>> text_table(["test", "p"], [["Egger", "0.19"], ["Begg", "0.9"]])
    ['test      p', 'Egger  0.19', 'Begg    0.9']
    """
    table = [list(header), *(list(row) for row in rows)]
    width = [max(len(row[i]) for row in table) for i in range(len(header))]
    return [
        "  ".join(
            [row[0].ljust(width[0])] + [cell.rjust(width[i + 1]) for i, cell in enumerate(row[1:])]
        ).rstrip()
        for row in table
    ]


def number(value: float, digits: int = 4) -> str:
    """A number for a table; a dash for what can't be computed."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def p_text(p: float) -> str:
    """A p value for a table."""
    if math.isnan(p):
        return "–"
    return "<.0001" if p < 0.0001 else f"{p:.4f}"


def interval_text(ends: tuple[float, float]) -> str:
    """An interval for a table."""
    return "–" if math.isnan(ends[0]) else f"{ends[0]:.4f} to {ends[1]:.4f}"


def notes_text(warnings: Sequence[str]) -> list[str]:
    """Warnings as the last lines of a summary."""
    return ["", *(f"note: {warning}" for warning in warnings)] if warnings else []
