"""Coefficients, their tests and intervals, where degrees of freedom may differ between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.findings import p_text
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Estimates, their covariance, and t or normal inference for each.

    Attributes
    ----------
    names : tuple of str
    beta : ndarray, shape (p,)
    cov : ndarray, shape (p, p)
    df : ndarray, shape (p,)
        Degrees of freedom of t; infinite for the normal distribution.
    level : float
        Coverage of the intervals shown by default.

    Examples
    --------
    >>> table = Coefficients(("a",), np.array([0.5]), np.array([[0.04]]), np.array([7.0]), 0.95)
    >>> float(table.statistic[0]), float(table.p[0].round(4))
    (2.5, 0.041)
    """

    names: tuple[str, ...]
    beta: Array
    cov: Array
    df: Array
    level: float

    @cached_property
    def se(self) -> Array:
        """Standard errors."""
        return np.asarray(np.sqrt(np.diagonal(self.cov)))

    @cached_property
    def statistic(self) -> Array:
        """Estimates over standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.beta / self.se)

    @cached_property
    def p(self) -> Array:
        """Two-sided p values."""
        from scipy.special import ndtr, stdtr

        size = -np.abs(self.statistic)
        finite = np.where(np.isfinite(self.df), self.df, 1.0)
        return np.asarray(2 * np.where(np.isinf(self.df), ndtr(size), stdtr(finite, size)))

    def critical(self, level: float | None = None, df: Array | None = None) -> Array:
        """Half-widths of central intervals, in standard errors."""
        from scipy.special import ndtri, stdtrit

        level = self.level if level is None else level
        if not 0 < level < 1:
            raise InputError(f"level must lie between 0 and 1, such as 0.95; it was {level!r}")
        df = self.df if df is None else df
        finite = np.where(np.isfinite(df), df, 1.0)
        upper = (1 + level) / 2
        return np.asarray(np.where(np.isinf(df), ndtri(upper), stdtrit(finite, upper)))

    def which(self, columns: Sequence[str] | str) -> list[int]:
        """The places of the coefficients named `columns`."""
        columns = [columns] if isinstance(columns, str) else list(columns)
        unknown = [name for name in columns if name not in self.names]
        if unknown or not columns:
            raise InputError(
                f"columns must be among {list(self.names)}; "
                + (f"these are not: {unknown}" if unknown else "none was given")
            )
        return [self.names.index(name) for name in columns]

    def to_frame(self) -> pl.DataFrame:
        """One row per coefficient: name, estimate, se, statistic, df, p, ci_low, ci_high."""
        import polars as pl

        half = self.critical() * self.se
        return pl.DataFrame(
            {
                "name": list(self.names),
                "estimate": self.beta,
                "se": self.se,
                "statistic": self.statistic,
                "df": self.df,
                "p": self.p,
                "ci_low": self.beta - half,
                "ci_high": self.beta + half,
            }
        )

    def to_list(self) -> list[dict[str, Any]]:
        """The same for JSON: a mapping per coefficient, its interval under `ci`."""
        rows = self.to_frame().to_dicts()
        return [row | {"ci": [row.pop("ci_low"), row.pop("ci_high")]} for row in rows]

    def lines(self) -> list[str]:
        """The same as a table to read."""
        width = max([len(name) for name in self.names] + [4])
        normal = bool(np.isinf(self.df).all())
        shown = "" if normal else f"  {'df':>7}"
        lines = [
            f"{'':{width}}  {'estimate':>10}  {'se':>9}  {'z' if normal else 't':>8}{shown}  "
            f"{'p':>7}  {f'{100 * self.level:g} % CI':>22}"
        ]
        for row in self.to_frame().iter_rows(named=True):
            shown = "" if normal else f"  {row['df']:>7.2f}"
            lines.append(
                f"{row['name']:{width}}  {row['estimate']:>10.4f}  {row['se']:>9.4f}  "
                f"{row['statistic']:>8.3f}{shown}  {p_text(row['p']):>7}  "
                f"{row['ci_low']:>9.4f} to {row['ci_high']:>9.4f}"
            )
        return lines

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the coefficients, shape (n, p): normal, or t with their least degrees."""
        rng = np.random.default_rng(seed)
        unit = rng.standard_normal((n, len(self.beta)))
        df = float(self.df.min())
        if math.isfinite(df):
            unit *= np.sqrt(df / rng.chisquare(df, n))[:, None]
        values, vectors = np.linalg.eigh(self.cov)
        return np.asarray(self.beta + unit @ (vectors * np.sqrt(np.maximum(values, 0))).T)
