"""Every effect size, against the numbers of R's metafor (see reference/escalc/README.md)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from reprieve.effects import quantiles
from reprieve.effects.measures import MEASURES, displayed, effect_sizes
from reprieve.errors import InputError, UnknownWordError

REFERENCE = Path(__file__).parents[1] / "reference" / "escalc"
FILES = sorted(path.stem for path in REFERENCE.glob("*.csv") if path.stem != "five_numbers")
NOT_COMPUTED = {"RTET", "ZTET"}
TOLERANCE = {"rtol": 1e-12, "atol": 1e-14}


def read(stem: str) -> dict[str, np.ndarray]:
    with (REFERENCE / f"{stem}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        name: np.array([float(row[name]) if row[name] else np.nan for row in rows])
        for name in rows[0]
        if name != "study"
    }


def cases() -> list[tuple[str, str, dict[str, object]]]:
    """File, column stem, and the options that made it, of every reference column."""
    found = []
    for stem in FILES:
        columns = read(stem)
        for name in columns:
            label, _, kind = name.rpartition("_")
            measure, *options = label.split("_")
            if kind not in ("yi", "vi") or measure in NOT_COMPUTED:
                continue
            given: dict[str, object] = {}
            if options[:1] == ["vtype"]:
                given["vtype"] = options[1]
            elif options:
                given = {"add": 0.5, "to": options[0], "drop00": options[1] == "drop00"}
            found.append((stem, name, given))
    return found


@pytest.mark.parametrize(("stem", "column", "options"), cases())
def test_agrees_with_metafor(stem: str, column: str, options: dict[str, object]) -> None:
    data = read(stem)
    measure, kind = column.split("_")[0], column.rpartition("_")[2]
    wanted = MEASURES[measure].columns
    columns = {name: data[name] for name in wanted if name in data}
    if "bi" in data:
        columns |= {"bi": data["bi"], "di": data["di"]}
    effect = effect_sizes(measure, **columns, **options)
    ours = effect.estimate if kind == "yi" else effect.variance
    np.testing.assert_allclose(ours, data[column], **TOLERANCE)


def test_every_reference_measure_is_tested() -> None:
    assert {column.split("_")[0] for _, column, _ in cases()} <= set(MEASURES)
    untested = set(MEASURES) - {column.split("_")[0] for _, column, _ in cases()}
    assert untested == {"IR", "IRLN", "IRS", "IRFT"}


def test_rates_of_one_group_by_hand() -> None:
    x, t = np.array([4.0, 0.0]), np.array([100.0, 50.0])
    assert effect_sizes("IR", xi=x, ti=t).estimate == pytest.approx([0.04, 0.01])
    assert effect_sizes("IR", xi=x, ti=t).variance == pytest.approx([0.0004, 0.0002])
    assert effect_sizes("IRLN", xi=x, ti=t).estimate == pytest.approx(np.log([0.04, 0.01]))
    assert effect_sizes("IRLN", xi=x, ti=t).variance == pytest.approx([0.25, 2.0])
    assert effect_sizes("IRS", xi=x, ti=t).estimate == pytest.approx([0.2, 0.0])
    assert effect_sizes("IRS", xi=x, ti=t).variance == pytest.approx([0.0025, 0.005])
    middle = (np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2
    assert effect_sizes("IRFT", xi=x, ti=t).estimate == pytest.approx(middle)


def test_five_numbers_agree_with_metafor() -> None:
    data = read("five_numbers")
    low, q1, median, q3, high, n = (
        data[name] for name in ("min", "q1", "median", "q3", "max", "n")
    )
    means = [
        quantiles.mean_from_range(low[0], median[0], high[0], n[0]),
        quantiles.mean_from_quartiles(q1[1], median[1], q3[1], n[1]),
        quantiles.mean_from_five_numbers(low[2], q1[2], median[2], q3[2], high[2], n[2]),
    ]
    sds = [
        quantiles.sd_from_range(low[0], high[0], n[0]),
        quantiles.sd_from_quartiles(q1[1], q3[1], n[1]),
        quantiles.sd_from_five_numbers(low[2], q1[2], q3[2], high[2], n[2]),
    ]
    np.testing.assert_allclose(means, data["mean"], **TOLERANCE)
    np.testing.assert_allclose(sds, data["sd"], **TOLERANCE)


def test_unknown_measure_names_the_nearest() -> None:
    with pytest.raises(UnknownWordError, match="did you mean 'SMD"):
        effect_sizes("SMDD", m1i=1)


def test_missing_column_is_named() -> None:
    with pytest.raises(InputError, match=r"SMD needs m1i, .*: sd2i, n2i are missing"):
        effect_sizes("SMD", m1i=1, sd1i=1, n1i=10, m2i=2)


def test_superfluous_column_is_named() -> None:
    with pytest.raises(InputError, match="vtpye is not understood; options: vtype"):
        effect_sizes("MD", m1i=1, sd1i=1, n1i=9, m2i=2, sd2i=1, n2i=9, vtpye="HO")


def test_unknown_option_is_named() -> None:
    with pytest.raises(UnknownWordError, match="vtype 'XX'"):
        effect_sizes("MD", m1i=1, sd1i=1, n1i=9, m2i=2, sd2i=1, n2i=9, vtype="XX")


def test_different_lengths_are_named() -> None:
    with pytest.raises(InputError, match="differ in length: ri has 2, ni has 3"):
        effect_sizes("COR", ri=[0.1, 0.2], ni=[9, 9, 9])


def test_totals_that_contradict_the_cells_are_refused() -> None:
    with pytest.raises(InputError, match=r"n1i\[1\] is 11; expected ai \+ bi"):
        effect_sizes("OR", ai=[1, 2], bi=[9, 8], n1i=[10, 11], ci=[1, 2], n2i=[10, 10])


def test_totals_and_complements_are_the_same() -> None:
    by_total = effect_sizes("PLO", xi=[3, 0], ni=[10, 12])
    by_rest = effect_sizes("PLO", xi=[3, 0], mi=[7, 12])
    np.testing.assert_array_equal(by_total, by_rest)


@pytest.mark.parametrize(
    ("measure", "columns", "value"),
    [
        ("PR", {"xi": 30, "ni": 100}, 0.3),
        ("PLN", {"xi": 30, "ni": 100}, 0.3),
        ("PLO", {"xi": 30, "ni": 100}, 0.3),
        ("PRZ", {"xi": 30, "ni": 100}, 0.3),
        ("PAS", {"xi": 30, "ni": 100}, 0.3),
        ("IRS", {"xi": 30, "ti": 100}, 0.3),
        ("ZCOR", {"ri": 0.3, "ni": 100}, 0.3),
        ("MNLN", {"mi": 0.3, "sdi": 1, "ni": 100}, 0.3),
        ("RR", {"ai": 10, "n1i": 100, "ci": 20, "n2i": 100}, 0.5),
    ],
)
def test_display_undoes_the_scale(measure: str, columns: dict[str, float], value: float) -> None:
    assert displayed(measure, effect_sizes(measure, **columns).estimate) == pytest.approx(value)


def test_display_of_an_unknown_measure() -> None:
    with pytest.raises(UnknownWordError):
        displayed("XYZ", 0)


def test_every_measure_reads_its_own_columns() -> None:
    """No column of the table names an argument that its function does not have."""
    for name, spec in MEASURES.items():
        given = dict.fromkeys(spec.columns, 10.0) | {
            column: 30.0 for column in ("n1i", "n2i", "ni") if column in spec.columns
        }
        if "ri" in given:
            given["ri"] = 0.5
        effect = effect_sizes(name, **given)
        assert np.isfinite(effect.estimate), name
        assert effect.variance > 0, name
