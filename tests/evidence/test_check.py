"""Each gate finds its fault in the snapshot, says where, and finds nothing else."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from reprieve.evidence.check import check_package, gates
from reprieve.evidence.faults import MOST_PER_KIND, Fault
from reprieve.evidence.package import SNAPSHOT, load_evidence
from reprieve.evidence.schema import TABLES

Row = dict[str, str]
Want = str | Callable[[str], bool]


def read(folder: Path, file: str) -> list[Row]:
    with (folder / file).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def write(folder: Path, file: str, rows: list[Row]) -> None:
    with (folder / file).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@cache
def usual() -> frozenset[Fault]:
    return frozenset(check_package(SNAPSHOT))


def new_faults(folder: Path) -> list[Fault]:
    return [fault for fault in check_package(folder) if fault not in usual()]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SNAPSHOT, tmp_path / "package"))


def given(text: str) -> bool:
    return text != ""


def above(least: float) -> Callable[[str], bool]:
    return lambda text: text != "" and float(text) > least


VAS = {
    "domain": "pain",
    "instrument": "VAS",
    "scale_min": "0",
    "scale_max": "10",
    "statistic": "final",
    "flag": "",
    "mean": above(1),
    "median": "",
    "sd": given,
    "se": "",
    "n": above(9),
}
LATER = {**VAS, "month": above(0)}
NRS = {**VAS, "instrument": "NRS", "n": above(15)}
CHANGE = {"statistic": "change", "mean": given, "scale_max": "10", "month": above(0), "sd": ""}
MD = {"measure": "MD", "ci_low": given, "ci_high": given, "p": given, "scale_max": given}


@dataclass(frozen=True)
class Slip:
    """One corruption: the first row like `pick` gets `change`; what must then be said."""

    file: str
    pick: dict[str, Any]
    change: dict[str, str]
    column: str | None
    phrase: str
    level: str = "error"
    name: str = field(default="", compare=False)


SLIPS = {
    # studies
    "required cell": Slip("studies", {}, {"label": ""}, "label", "is empty"),
    "schema word": Slip("studies", {}, {"design": "paralel"}, "design", "(did you mean parallel?)"),
    "condition": Slip(
        "studies",
        {"condition": "knee_osteoarthritis"},
        {"condition": "knee_osteoarthritus"},
        "condition",
        "(did you mean knee_osteoarthritis",
    ),
    "doi": Slip(
        "studies",
        {"doi": given},
        {"doi": "https://doi.org/10.1097/abc"},
        "doi",
        "is no DOI, expected 10.<number>",
    ),
    "pmid": Slip("studies", {}, {"pmid": "PMC4430713"}, "pmid", "'PMC4430713' is no PubMed number"),
    "registration": Slip(
        "studies", {}, {"registration": "NCT123"}, "registration", "expected NCT and eight digits"
    ),
    "register": Slip(
        "studies",
        {"registration": ""},
        {"registration": "Acme 12"},
        "registration",
        "'Acme 12' is of no known register",
        "warning",
    ),
    "register's own form": Slip(
        "studies",
        {"registration": ""},
        {"registration": "ISRCTN12"},
        "registration",
        "'ISRCTN12' is not a whole",
        "warning",
    ),
    "registration of another trial": Slip(
        "studies",
        {"registration": "", "study_id": lambda name: name > "d", "year": above(2014)},
        {"registration": "NCT02034032"},
        "registration",
        "NCT02034032 is also that of",
        "warning",
    ),
    "year": Slip("studies", {"registration": ""}, {"year": "1895"}, "year", "1895 can't be"),
    "year to come": Slip("studies", {}, {"year": "2999"}, "year", "2999 can't be the year"),
    "year before registration": Slip(
        "studies",
        {"registration": ""},
        {"year": "2009", "registration": "NCT04000000"},
        "year",
        "2009 is before NCT04000000 was registered, expected 2019 or later",
        "warning",
    ),
    "thousands": Slip(
        "studies", {}, {"n_randomised": "1,015"}, "n_randomised", "leave out the thousands"
    ),
    "percent": Slip(
        "studies", {}, {"percent_female": "140"}, "percent_female", "expected 0 to 100"
    ),
    "age": Slip("studies", {}, {"mean_age": "575"}, "mean_age", "575.0 is out of range"),
    "country": Slip("studies", {}, {"country": "Korea"}, "country", "'Korea' is no list of"),
    "no identifier": Slip(
        "studies",
        {},
        {"pmid": "", "doi": "", "registration": ""},
        None,
        "has no identifier, expected a doi, a pmid or a registration",
    ),
    "script as address": Slip(
        "studies",
        {},
        {"source_url": "javascript:alert(1)"},
        "source_url",
        "'javascript:alert(1)' is no address of a web page",
    ),
    "no address": Slip(
        "studies",
        {},
        {"source_url": "the library"},
        "source_url",
        "'the library' is no address",
        "warning",
    ),
    "formula": Slip("studies", {}, {"label": '=HYPERLINK("x")'}, "label", "would run as a formula"),
    "formula at": Slip("studies", {}, {"label": "@SUM(A1)"}, "label", "would run as a formula"),
    "formula after tab": Slip("studies", {}, {"note": "\t=1"}, "note", "would run as a formula"),
    "formula with pipe": Slip(
        "studies", {}, {"note": "-2+3+cmd|' /C calc'!A0"}, "note", "would run as a formula"
    ),
    "control character": Slip("studies", {}, {"note": "a\x07b"}, "note", "a control character"),
    "hidden character": Slip(
        "studies", {}, {"label": "Ve\u200bga"}, "label", "an invisible character", "warning"
    ),
    "loose space": Slip(
        "studies", {}, {"label": "Vega 2015 "}, "label", "spaces around the text", "warning"
    ),
    "arms beyond trial": Slip(
        "studies",
        {"study_id": "vega-2015"},
        {"n_randomised": "3"},
        "n_randomised",
        "3 is less than its arms together",
        "warning",
    ),
    # arms
    "treatment": Slip(
        "arms", {"treatment": "bm_msc"}, {"treatment": "bm_mcs"}, "treatment", "did you mean bm_msc"
    ),
    "donor": Slip("arms", {}, {"donor": "mine"}, "donor", "expected autologous or allogeneic"),
    "dose": Slip("arms", {}, {"dose_cells": "0"}, "dose_cells", "0.0 is out of range"),
    "dose as text": Slip("arms", {}, {"dose_cells": "4x10^7"}, "dose_cells", "is not a number"),
    "injections": Slip("arms", {}, {"injections": "0"}, "injections", "0 is out of range"),
    # outcomes
    "decimal comma": Slip("outcomes", VAS, {"mean": "6,5"}, "mean", "write the decimal with a po"),
    "nan": Slip("outcomes", VAS, {"sd": "NaN"}, "sd", "'NaN' is not a number (leave the cell em"),
    "infinite": Slip("outcomes", VAS, {"sd": "inf"}, "sd", "'inf' is not a number"),
    "unit": Slip("outcomes", VAS, {"n": "12 people"}, "n", "(leave out the unit)"),
    "two numbers": Slip("outcomes", VAS, {"mean": "6.5 ± 2"}, "mean", "(one number a cell)"),
    "part of a person": Slip("outcomes", VAS, {"n": "12.5"}, "n", "whole number (has decimals)"),
    "off the scale": Slip(
        "outcomes", VAS, {"mean": "65", "sd": ""}, "mean", "65.0 is off the scale, expected 0.0 to"
    ),
    "change off the scale": Slip(
        "outcomes", CHANGE, {"mean": "-22"}, "mean", "a change of -22.0 is more than the scale"
    ),
    "sd": Slip("outcomes", VAS, {"sd": "88"}, "sd", "88.0 is more than the scale allows, expected"),
    "sd for its mean": Slip(
        "outcomes", VAS, {"mean": "0.1", "sd": "4"}, "sd", "with a mean of 0.1"
    ),
    "sd below se": Slip("outcomes", VAS, {"sd": "2", "se": "2.5"}, "sd", "less than the standard"),
    "negative sd": Slip("outcomes", VAS, {"sd": "-2"}, "sd", "-2.0 is out of range, expected 0 or"),
    "interval of a mean": Slip(
        "outcomes", VAS, {"ci_low": "9.9", "ci_high": "10"}, "ci_low", "9.9 is above mean"
    ),
    "interval turned": Slip(
        "outcomes", VAS, {"ci_low": "9", "ci_high": "1"}, "ci_low", "9.0 is above ci_high"
    ),
    "quartiles": Slip(
        "outcomes", VAS, {"q1": "8", "median": "6", "q3": "9"}, "q1", "8.0 is above median"
    ),
    "no people": Slip("outcomes", VAS, {"n": "0"}, "n", "0 is out of range, expected 1 to"),
    "no value": Slip("outcomes", VAS, {"mean": ""}, "mean", "is empty, and so is median"),
    "negative month": Slip("outcomes", LATER, {"month": "-3"}, "month", "-3.0 is out of range"),
    "no month": Slip("outcomes", LATER, {"month": ""}, "month", "is empty", "warning"),
    "beyond follow-up": Slip(
        "outcomes", LATER, {"month": "400"}, "month", "later than the follow-up", "warning"
    ),
    "change at start": Slip(
        "outcomes",
        {**VAS, "month": "0"},
        {"statistic": "change"},
        "statistic",
        "a change at month 0 has nothing to change from",
    ),
    "scale turned": Slip(
        "outcomes",
        {"scale_min": "", "scale_max": "", "mean": given, "domain": "structure"},
        {"scale_min": "9e9", "scale_max": "1"},
        "scale_max",
        "1.0 is not above scale_min",
    ),
    "half a scale": Slip(
        "outcomes",
        {"scale_min": "", "scale_max": "", "mean": given, "domain": "structure"},
        {"scale_min": "0"},
        "scale_max",
        "one end of the scale is given without the other",
        "warning",
    ),
    "two scales": Slip(
        "outcomes", LATER, {"scale_max": "100"}, "scale_max", "as before in this arm"
    ),
    "instrument": Slip(
        "outcomes", VAS, {"instrument": "VASS"}, "instrument", "'VASS' is no known instrument of pa"
    ),
    "instrument of another domain": Slip(
        "outcomes",
        {"instrument": "RMDQ", "mean": given},
        {"domain": "structure"},
        "instrument",
        "'RMDQ' is no known instrument of structure (it measures function)",
    ),
    "flag": Slip("outcomes", VAS, {"flag": "guessed"}, "flag", "expected imputed or read_off or"),
    "grim": Slip(
        "outcomes",
        NRS,
        {"mean": "5.17", "n": "16"},
        "mean",
        "5.17 can't be the mean of 16 whole scores",
        "warning",
    ),
    "se as sd": Slip(
        "outcomes", NRS, {"sd": "0.33", "n": "16"}, "sd", "looks like a standard", "warning"
    ),
    "more analysed than randomised": Slip(
        "outcomes",
        {**VAS, "study_id": lambda name: name.startswith("b")},
        {"n": "5000"},
        "n",
        "5000 is more than were randomised",
    ),
    "unknown arm": Slip("outcomes", VAS, {"arm_id": "nobody"}, "arm_id", "'nobody' is no arm of"),
    "unknown trial": Slip(
        "outcomes", VAS, {"study_id": "nobody"}, "study_id", "'nobody' is no trial of this package"
    ),
    # contrasts
    "arm against itself": Slip(
        "contrasts", {"arm_a": "dlx60"}, {"arm_b": "dlx60"}, "arm_b", "is compared with itself"
    ),
    "estimate out of interval": Slip(
        "contrasts",
        {**MD, "p": ""},
        {"estimate": "4", "ci_low": "5", "ci_high": "6"},
        "ci_low",
        "5.0 is above estimate, expected at most 4.0",
    ),
    "difference off the scale": Slip(
        "contrasts",
        {"measure": "MD", "scale_max": "10", "ci_low": ""},
        {"estimate": "-30"},
        "estimate",
        "a difference of -30.0 is more than the scale allows",
    ),
    "estimate as text": Slip(
        "contrasts", MD, {"estimate": "-1.2 points"}, "estimate", "(leave out the unit)"
    ),
    "negative ratio": Slip(
        "contrasts",
        {"measure": "RR"},
        {"estimate": "-0.5", "ci_low": "", "ci_high": ""},
        "estimate",
        "-0.5 can't be part of a ratio (RR)",
    ),
    "p beyond one": Slip(
        "contrasts", MD, {"p": "4.6"}, "p", "4.6 is out of range, expected 0 to 1"
    ),
    "p of another story": Slip(
        "contrasts",
        MD,
        {"estimate": "1", "ci_low": "0.9", "ci_high": "1.1", "p": "0.4"},
        "p",
        "0.4 does not fit",
        "warning",
    ),
    "se of another story": Slip(
        "contrasts",
        {**MD, "p": ""},
        {"estimate": "1", "ci_low": "0", "ci_high": "2", "se": "5"},
        "se",
        "5.0 does not fit the interval, expected about 0.51",
        "warning",
    ),
    # events and side tables
    "events": Slip(
        "events", {"n": above(0)}, {"events": "9999"}, "events", "more than the people at risk"
    ),
    "event": Slip(
        "events",
        {"event": "any_adverse_event"},
        {"event": "any_adverse_evnt"},
        "event",
        "did you mean any_adverse_event",
    ),
    "caution": Slip("cautions", {}, {"kind": "odd"}, "kind", "'odd' is no known kind"),
    "caution about nobody": Slip(
        "cautions", {}, {"study_id": "nobody"}, "study_id", "'nobody' is no trial of this package"
    ),
}


def like(row: Row, pick: dict[str, Want]) -> bool:
    return all(
        want(row[name]) if callable(want) else row[name] == want for name, want in pick.items()
    )


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_slip_is_found_where_it_is_and_nothing_else(slip: Slip, package: Path) -> None:
    file = f"{slip.file}.csv"
    rows = read(package, file)
    place = next(i for i, row in enumerate(rows) if like(row, slip.pick))
    rows[place] |= slip.change
    write(package, file, rows)

    found = new_faults(package)

    here = [fault for fault in found if (fault.file, fault.row) == (file, place + 2)]
    assert any(slip.phrase in str(f) and f.level == slip.level for f in here), [*map(str, found)]
    told = next(f for f in here if slip.phrase in str(f))
    where = f"{file}:{place + 2}: " + (f"{slip.column}: " if slip.column else "")
    assert str(told).startswith(where)
    errors = [str(fault) for fault in found if fault.level == "error"]
    assert errors == ([str(told)] if slip.level == "error" else [])


def test_the_snapshot_has_no_error() -> None:
    assert [str(fault) for fault in usual() if fault.level == "error"] == []


def test_gates_say_the_same_of_evidence_in_memory() -> None:
    assert set(gates(load_evidence())) == usual()


def test_a_bare_number_with_a_sign_is_no_formula(package: Path) -> None:
    rows = read(package, "studies.csv")
    rows[0] |= {"condition_detail": "-12.5", "note": "-3 points at month 6"}
    write(package, "studies.csv", rows)
    assert new_faults(package) == []


def append(folder: Path, table: str, count: int = 1, **changes: str) -> tuple[int, list[Row]]:
    """Copy the last row to the end `count` times; the number of the first new row."""
    rows = read(folder, f"{table}.csv")
    first = len(rows) + 2
    rows += [rows[-1] | changes for _ in range(count)]
    write(folder, f"{table}.csv", rows)
    return first, rows


@pytest.mark.parametrize(("table", "column"), [("studies", "study_id"), ("arms", "arm_id")])
def test_an_id_that_stands_twice(package: Path, table: str, column: str) -> None:
    row, rows = append(package, table)
    (error,) = (fault for fault in new_faults(package) if fault.level == "error")
    assert str(error).startswith(f"{table}.csv:{row}: {column}: '{rows[-1][column]}' stands in an ")


@pytest.mark.parametrize("table", ["outcomes", "contrasts", "events"])
def test_a_row_that_stands_twice(package: Path, table: str) -> None:
    row, _ = append(package, table, locator="another table")
    (error,) = (fault for fault in new_faults(package) if fault.level == "error")
    assert str(error) == f"{table}.csv:{row}: repeats an earlier row, expected each row once"


def test_two_values_for_one_thing(package: Path) -> None:
    row, _ = append(package, "outcomes", n="7")
    (warning,) = new_faults(package)
    assert (warning.row, warning.level) == (row, "warning")
    assert "gives another value for what an earlier row gives" in str(warning)


@pytest.mark.parametrize("flag", ["", "read_off", "imputed"])
def test_two_counts_of_one_event(package: Path, flag: str) -> None:
    row, rows = append(package, "events", events="0", n="7", flag=flag)
    (error,) = new_faults(package)
    assert (error.row, error.column, error.level) == (row, "events", "error")
    assert f"0 of 7 is a second count of '{rows[-1]['event']}' in" in error.message
    assert error.message.endswith(f"beside row {row - 1}")
    assert "conflicts.csv" in error.expected


def test_counts_that_no_analysis_adds_stand_apart(package: Path) -> None:
    append(package, "events", flag="subgroup", events="0", n="7")
    assert new_faults(package) == []
    row, _ = append(package, "events", flag="subgroup", events="1", n="7")
    (warning,) = new_faults(package)
    assert (warning.row, warning.level) == (row, "warning")


def arms_copied(package: Path, times: int) -> list[Fault]:
    """The faults after one arm's numbers at several months were copied to another arm."""
    rows = read(package, "outcomes.csv")
    made = [
        rows[0]
        | VAS_ROW
        | {"study_id": "vega-2015", "arm_id": arm, "month": str(month), "mean": f"{6 - month}.1"}
        for arm in ("msc", "ha")
        for month in range(times)
    ]
    write(package, "outcomes.csv", rows + made)
    return [fault for fault in new_faults(package) if fault.row and fault.row > len(rows) + 1]


VAS_ROW = {
    **dict.fromkeys(("se", "ci_low", "ci_high", "median", "q1", "q3", "min", "max", "flag"), ""),
    **{"domain": "pain", "instrument": "VAS", "scale_min": "0", "scale_max": "10"},
    **{"higher_is": "worse", "statistic": "final", "n": "14", "sd": "2.3"},
}


def test_equal_numbers_in_two_arms_once_are_a_warning(package: Path) -> None:
    pair = {fault.level for fault in arms_copied(package, 1) if "stands in the arm" in str(fault)}
    assert pair == {"warning"}


def test_equal_numbers_in_two_arms_three_times_are_an_error(package: Path) -> None:
    copied = [fault for fault in arms_copied(package, 3) if "stands in the arm" in str(fault)]
    assert {fault.level for fault in copied} == {"error"}
    assert len(copied) == 3


def test_no_baseline(package: Path) -> None:
    rows = read(package, "outcomes.csv")
    rows.append(rows[0] | VAS_ROW | {"study_id": "vega-2015", "arm_id": "msc", "month": "3"})
    rows[-1] |= {"instrument": "NRS", "mean": "5", "n": "10"}
    write(package, "outcomes.csv", rows)
    found = [str(fault) for fault in new_faults(package)]
    start = f"outcomes.csv:{len(rows) + 1}: month: no value of NRS before treatment in msc"
    assert any(text.startswith(start) for text in found), found


def test_the_opposite_direction_on_the_usual_scale(package: Path) -> None:
    rows = read(package, "outcomes.csv")
    rows.append(rows[0] | VAS_ROW | {"study_id": "vega-2015", "arm_id": "msc", "month": "0"})
    rows[-1] |= {"instrument": "NRS", "mean": "5", "n": "10", "higher_is": "better"}
    write(package, "outcomes.csv", rows)
    (error,) = (fault for fault in new_faults(package) if fault.level == "error")
    assert str(error) == (
        f"outcomes.csv:{len(rows) + 1}: higher_is: higher is better on NRS, against its use, "
        "expected worse"
    )


def test_readings_are_counted_from_nought(package: Path) -> None:
    rows = [row | {"readings": "2"} for row in read(package, "arms.csv")]
    rows[3]["readings"] = "0"  # an arm that only a program has read so far
    rows[4]["readings"] = "-1"
    write(package, "arms.csv", rows)
    (error,) = new_faults(package)
    assert str(error) == "arms.csv:6: readings: -1 is too few, expected 0 or more"


@pytest.mark.parametrize("table", ["outcomes", "contrasts", "events"])
def test_numbers_that_nobody_has_read_are_flagged_so(package: Path, table: str) -> None:
    rows = [row | {"readings": "1"} for row in read(package, f"{table}.csv")]
    rows[1] |= {"readings": "0", "flag": "unverified"}
    write(package, f"{table}.csv", rows)
    assert not new_faults(package)
    rows[1]["flag"] = ""
    rows[2] |= {"readings": "2", "flag": "unverified"}
    write(package, f"{table}.csv", rows)
    silent, claimed = sorted(new_faults(package))
    assert (silent.row, claimed.row) == (3, 4)
    assert "no person has read this row" in str(silent)
    assert "2 for a row that is flagged as unverified" in str(claimed)


@pytest.mark.parametrize("table", TABLES)
def test_a_column_with_another_name(package: Path, table: str) -> None:
    file, last = f"{table}.csv", TABLES[table][-1].name
    text = (package / file).read_text(encoding="utf-8").replace(last, f"{last}s", 1)
    (package / file).write_text(text, encoding="utf-8")
    found = [fault for fault in new_faults(package) if fault.level == "error"]
    assert [(fault.file, fault.row, fault.column) for fault in found] == [
        (file, 1, last),
        (file, 1, f"{last}s"),
    ]
    assert "is missing" in str(found[0])
    assert f"is no column of this table, expected {last}" in str(found[1])


def test_a_column_twice(package: Path) -> None:
    text = (package / "arms.csv").read_text(encoding="utf-8").replace("donor", "route", 1)
    (package / "arms.csv").write_text(text, encoding="utf-8")
    found = [str(fault) for fault in new_faults(package) if fault.level == "error"]
    assert "arms.csv:1: route: stands 2 times, expected each column once" in found
    assert len(found) == 2


def test_columns_in_another_order_are_no_fault(package: Path) -> None:
    rows = [dict(reversed(row.items())) for row in read(package, "arms.csv")]
    write(package, "arms.csv", rows)
    assert new_faults(package) == []


def test_rows_with_many_equal_faults_are_counted(package: Path) -> None:
    rows = [row | {"locator": ""} for row in read(package, "outcomes.csv")]
    write(package, "outcomes.csv", rows)
    errors = [fault for fault in new_faults(package) if fault.level == "error"]
    assert len(errors) == MOST_PER_KIND + 1
    (rest,) = (fault for fault in errors if fault.row is None)
    assert str(rest) == (
        f"outcomes.csv: locator: {len(rows) - MOST_PER_KIND} more rows have the fault of row "
        f"{MOST_PER_KIND + 1}: is empty, expected where in the source: Table 2, abstract, Figure 3"
    )


def test_knees_may_be_more_than_people_where_a_caution_says_so() -> None:
    evidence = load_evidence()
    without = evidence.cautions.filter(pl.col("kind") != "unit")
    changed = type(evidence)(**{**evidence.__dict__, "cautions": without})
    errors = [fault for fault in gates(changed) if fault.level == "error"]
    assert errors
    assert {fault.column for fault in errors} == {"n"}
