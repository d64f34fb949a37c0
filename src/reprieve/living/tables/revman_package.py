"""RevMan's data package: the analyses of a review as CSV files in a zip, versions 1 and 2.

Two traps. The columns of a row that its data type does not use hold noughts, so the type (in the
file of settings) decides what is read. And where "Log-scale data" is true, ``GIV Mean`` and ``GIV
SE`` are logarithms while ``Mean`` and its interval are not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from reprieve.errors import InputError
from reprieve.living.account import LeftOut
from reprieve.living.tables.account import read_rows
from reprieve.living.tables.arms import sound
from reprieve.living.tables.cells import CellError, Row, read_cells
from reprieve.living.tables.measures import measure_named, natural
from reprieve.living.tables.revman_results import read_study_results
from reprieve.living.tables.values import RATIOS, ArmValue, ContrastValue, ReadTable

_ROWS, _SETTINGS = "data-rows.csv", "overall-estimates-and-settings.csv"
_RESULTS = "study-results.csv"
_SUMMARIES = ("subgroup-estimates.csv", _SETTINGS)
_USED = (
    "analysisgroup",
    "analysisnumber",
    "analysisname",
    "subgroup",
    "applicability",
    "study",
    "studyyear",
    "givmean",
    "givse",
    "experimentalmean",
    "experimentalsd",
    "experimentalcases",
    "experimentaln",
    "controlmean",
    "controlsd",
    "controlcases",
    "controln",
    "oe",
    "variance",
    "weight",
    "mean",
    "cistart",
    "ciend",
    "footnotes",
)


def is_data_package(files: Mapping[str, bytes]) -> bool:
    """Whether these files are those of a data package."""
    return _named(files, _ROWS) is not None or _named(files, _RESULTS) is not None


def read_data_package(files: Mapping[str, bytes]) -> ReadTable:
    """Read a data package.

    Parameters
    ----------
    files : mapping
        The CSV files by name, whatever folders they stand in.

    Returns
    -------
    ReadTable
        Results of analyses from "Study data" come by arm from the study results, where these are
        in the package; not a second time from the analyses.

    Raises
    ------
    InputError
        The package lacks the settings of its analyses.
    """
    arms: list[ArmValue] = []
    contrasts: list[ContrastValue] = []
    left_out: list[LeftOut] = []
    results, rows = _named(files, _RESULTS), _named(files, _ROWS)
    read = []
    if results is not None:
        read.append(read_study_results(read_cells(files[results], results)))
    if rows is not None:
        settings = _settings(files)
        table = read_cells(files[rows], rows)
        by_arm = results is not None and bool(read[0].arms or read[0].contrasts)
        read.append(
            read_rows(
                table,
                "RevMan data package",
                lambda row: _values(row, settings, twice=by_arm),
                _USED,
            )
        )
    for part in read:
        arms += part.arms
        contrasts += part.contrasts
        left_out += part.left_out
    left_out += _other_files(files, {results, rows})
    return ReadTable("RevMan data package", tuple(arms), tuple(contrasts), tuple(left_out))


def _settings(files: Mapping[str, bytes]) -> dict[tuple[str, str], Row]:
    name = _named(files, _SETTINGS)
    if name is None:
        raise InputError(
            f"the data package holds {_ROWS} without {_SETTINGS}, which says of what type its "
            "numbers are; give the whole package, as zip or as folder"
        )
    return {_analysis(row): row for row in read_cells(files[name], name).rows}


def _analysis(row: Row) -> tuple[str, str]:
    return row.text("analysisgroup"), row.text("analysisnumber")


def _values(
    row: Row, settings: Mapping[tuple[str, str], Row], *, twice: bool
) -> Iterator[ArmValue | ContrastValue]:
    setting = settings.get(_analysis(row))
    if setting is None:
        raise CellError("the settings know no such analysis")
    if not row.text("study"):
        raise CellError("which study it is, is not said")
    if twice and setting.text("datasource").lower() == "study data":
        raise CellError("the same result stands among the study results, by arm")
    kind = setting.text("datatype").lower()
    if kind in ("dichotomous", "continuous"):
        yield from _arms(row, setting, counted=kind == "dichotomous")
    elif kind == "contrast level":
        yield _contrast(row, setting)
    elif kind == "o-e and variance":
        yield _observed(row, setting)
    else:
        raise CellError(f"the data type {setting.text('datatype')[:40]!r} is not known")


def _arms(row: Row, setting: Row, *, counted: bool) -> Iterator[ArmValue]:
    for side, label in zip(("experimental", "control"), _labels(setting), strict=True):
        value = sound(
            ArmValue(
                row.text("study"),
                label,
                row.where,
                outcome=_outcome(row),
                subgroup=row.text("subgroup"),
                n=row.count(f"{side}n"),
                events=row.count(f"{side}cases") if counted else None,
                mean=None if counted else row.number(f"{side}mean"),
                sd=None if counted else row.positive(f"{side}sd"),
            )
        )
        if value is None:
            raise CellError(f"the {side} arm has no result")
        yield value


def _contrast(row: Row, setting: Row) -> ContrastValue:
    measure = measure_named(setting.text("effectmeasure"))
    estimate, error = row.number("givmean"), row.positive("givse")
    if estimate is None or error is None:
        raise CellError("the contrast has no estimate with a standard error")
    logarithmic = setting.text("logscaledata").lower() == "true"
    if logarithmic != (measure in RATIOS):
        kept = "logarithms" if logarithmic else "no logarithms"
        raise CellError(f"{measure} as {kept}: which scale the numbers have is not sure")
    shown = row.number("mean")
    value = natural(measure, estimate)
    if shown and abs(shown - value) > 0.01 * abs(value) + 0.005:
        raise CellError(f"the estimate {value:.4g} is shown as {shown:.4g}: the scales disagree")
    return _against(row, setting, measure, value, error)


def _observed(row: Row, setting: Row) -> ContrastValue:
    """A ratio from observed minus expected events: exp((O - E) / V), with error 1 / sqrt(V).

    Cochrane Handbook, version 6.5, section 10.4.2 (Peto) and 6.8.2 (time to event).
    """
    measure = measure_named(setting.text("effectmeasure"))
    difference, variance = row.number("oe"), row.positive("variance")
    if measure not in RATIOS or difference is None or variance is None:
        raise CellError("observed minus expected events without a variance, or for no ratio")
    value = natural(measure, difference / variance)
    return _against(row, setting, measure, value, 1 / math.sqrt(variance))


def _against(row: Row, setting: Row, measure: str, estimate: float, error: float) -> ContrastValue:
    treatment, comparator = _labels(setting)
    return ContrastValue(
        row.text("study"),
        treatment,
        comparator,
        measure,
        estimate,
        row.where,
        outcome=_outcome(row),
        subgroup=row.text("subgroup"),
        se=error,
    )


def _labels(setting: Row) -> tuple[str, str]:
    return (
        setting.text("experimentalintervention", "experimentalgrouplabel") or "experimental",
        setting.text("controlintervention", "controlgrouplabel") or "control",
    )


def _outcome(row: Row) -> str:
    group, number = _analysis(row)
    return f"{group}.{number} {row.text('analysisname')}".strip()


def _named(files: Mapping[str, bytes], ending: str) -> str | None:
    return next((name for name in sorted(files) if name.endswith(ending)), None)


def _other_files(files: Mapping[str, bytes], read: set[str | None]) -> Iterator[LeftOut]:
    for name in sorted(set(files) - read):
        if name.endswith(_SUMMARIES):
            reason = "settings and pooled estimates; they are computed anew"
        else:
            reason = "it holds no results of arms or contrasts"
        yield LeftOut(f"file {name.rpartition('/')[2]}", reason, name)
