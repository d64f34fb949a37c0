"""What a table of results says, whatever form it had."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from reprieve.living.account import LeftOut, Placed

if TYPE_CHECKING:
    import polars as pl

RATIOS = ("OR", "RR", "HR")


@dataclass(frozen=True, slots=True)
class ArmValue:
    """The result of one arm in one outcome.

    Attributes
    ----------
    study, arm, outcome : str
        As the table calls them; `outcome` is empty where it has only one.
    subgroup : str
    time : float or None
        As the table gives it, in whatever unit.
    n : int or None
        People analysed.
    events : int or None
        People with the event.
    mean, sd, se, ci_low, ci_high : float or None
        In points of the scale as used; the interval is a 95 % one.
    where : str
        File and line.
    """

    study: str
    arm: str
    where: str
    outcome: str = ""
    subgroup: str = ""
    time: float | None = None
    n: int | None = None
    events: int | None = None
    mean: float | None = None
    sd: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True, slots=True)
class ContrastValue:
    """A difference between two arms, or a ratio.

    Attributes
    ----------
    study, arm_a, arm_b, outcome : str
        `arm_a` minus, or over, `arm_b`.
    measure : str
        ``"MD"``, ``"SMD"``, ``"RD"``, ``"OR"``, ``"RR"`` or ``"HR"``.
    estimate : float
        On the natural scale: a ratio, not its logarithm.
    se : float or None
        Of the logarithm for ratios.
    ci_low, ci_high : float or None
        Of a 95 % interval, on the natural scale.
    where : str
        File and line.
    """

    study: str
    arm_a: str
    arm_b: str
    measure: str
    estimate: float
    where: str
    outcome: str = ""
    subgroup: str = ""
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True, slots=True)
class ReadTable:
    """What was read from a file, and what was not.

    Attributes
    ----------
    form : str
        Which form it was taken for: ``"metafor means"``, ``"CINeMA or MetaInsight arms, wide"`` …
    arms : tuple of ArmValue
    contrasts : tuple of ContrastValue
    left_out : tuple of LeftOut
        Rows, columns and files that could not be used, with the reason.
    """

    form: str
    arms: tuple[ArmValue, ...] = ()
    contrasts: tuple[ContrastValue, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def placed(self) -> tuple[Placed, ...]:
        """One line a value."""
        return (
            *(
                Placed(f"{a.study}, {a.arm}: {_said(a)}", a.where, _table(a.events))
                for a in self.arms
            ),
            *(
                Placed(
                    f"{c.study}, {c.arm_a} against {c.arm_b}: {c.measure} {c.estimate:.4g}",
                    c.where,
                    "contrasts",
                )
                for c in self.contrasts
            ),
        )

    def to_frame(self, kind: str = "arms") -> pl.DataFrame:
        """The values as a table, a row a value.

        Parameters
        ----------
        kind : {"arms", "contrasts"}

        Returns
        -------
        polars.DataFrame

        Examples
        --------
        >>> read = ReadTable("made", arms=(ArmValue("Vega 2015", "cells", "line 2", mean=33.0),))
        >>> read.to_frame().select("study", "arm", "mean").row(0)
        ('Vega 2015', 'cells', 33.0)
        """
        import polars as pl

        types = {"str": pl.String, "int | None": pl.Int64}
        of = ArmValue if kind == "arms" else ContrastValue
        schema = {field.name: types.get(str(field.type), pl.Float64) for field in fields(of)}
        values = self.arms if kind == "arms" else self.contrasts
        return pl.DataFrame([asdict(value) for value in values], schema=schema)


def _table(events: int | None) -> str:
    return "outcomes" if events is None else "events"


def _said(value: ArmValue) -> str:
    shown = ("n", "events", "mean", "sd", "se", "ci_low", "ci_high")
    given = ((name, getattr(value, name)) for name in shown)
    return ", ".join(f"{name} {number:.6g}" for name, number in given if number is not None)
