"""From a table to rows that the gates let through: only what people have said the meaning of."""

from dataclasses import replace

import polars as pl
import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import check_package, load_evidence, schema, write_package
from reprieve.evidence.typed import empty_table
from reprieve.living.tables.opening import read_table
from reprieve.living.tables.placing import Count, Score, place

PAGE = "https://example.org/review"
PAIN = Score("pain", "VAS", 0, 100, month=6)
TEXT = (
    "study,treatment,outcome,n,mean,sd,events\n"
    "Vega 2015,MSC,pain,15,31.5,18,\n"
    "vega  2015,hyaluronic_acid,pain,15,41,20,\n"
    "Vega 2015,MSC,harm,15,,,2\n"
    "Vega 2015,MSC,stairs,15,12,3,\n"
    "Vega 2015,MSC,pain,15,310,18,\n"
    "Vega 2015,steroid,pain,15,30,18,\n"
    "Nobody 1999,MSC,pain,15,30,18,\n"
    "Vega 2015,MSC,pain,15,thirty,18,\n"
)


@pytest.fixture
def read(tmp_path):
    (tmp_path / "pain.csv").write_text(TEXT)
    return read_table(tmp_path / "pain.csv")


@pytest.fixture(scope="module")
def evidence():
    return load_evidence()


@pytest.fixture
def rows(read, evidence):
    arms = evidence.arms.filter(pl.col("study_id") == "vega-2015")
    cells = arms.filter(pl.col("category") == "cell_therapy")["arm_id"][0]
    meanings = {"pain": PAIN, "harm": Count("serious_adverse_event", month=6)}
    return place(read, evidence, meanings, source_url=PAGE, names={"MSC": cells})


def test_what_is_known_is_placed_and_flagged(rows):
    assert {name: len(table) for name, table in rows.tables.items()} == {
        "outcomes": 2,
        "contrasts": 0,
        "events": 1,
    }
    first = rows.tables["outcomes"][0]
    assert (first["study_id"], first["mean"], first["sd"], first["n"]) == (
        "vega-2015",
        31.5,
        18.0,
        15,
    )
    assert (first["instrument"], first["month"], first["statistic"]) == ("VAS", 6, "final")
    every = [row for table in rows.tables.values() for row in table]
    assert all((row["flag"], row["readings"]) == ("unverified", 0) for row in every)
    assert first["locator"] == "pain.csv, row 2"


def test_what_is_not_is_left_out_with_the_reason(rows):
    reasons = [fault.reason for fault in rows.left_out]
    assert reasons == [
        "'thirty' in column 'y' is no number",
        "what the outcome 'stairs' is, was not said",
        "310 is outside of the range from 0 to 100",
        "vega-2015 has no arm called 'steroid'",
        "the evidence knows no trial called 'Nobody 1999'",
    ]
    assert len(rows.placed) + len(rows.left_out) == 8


def test_the_gates_let_the_rows_through(rows, evidence, tmp_path):
    tables = {}
    for name in schema.TABLES:
        old = evidence.table(name)
        fresh = rows.tables.get(name, [])
        made = pl.DataFrame(fresh, schema=dict(empty_table(name).schema)) if fresh else None
        tables[name] = old if made is None else pl.concat([old, made])
    with_rows = type(evidence)(
        **tables,
        cautions=evidence.cautions,
        conflicts=evidence.conflicts,
        date=evidence.date,
        origin="",
    )
    write_package(with_rows, tmp_path / "package")
    faults = [fault for fault in check_package(tmp_path / "package") if "vega-2015" in str(fault)]
    assert faults == []


def test_contrasts_and_subgroups(tmp_path, evidence):
    (tmp_path / "c.csv").write_text("studlab,treat1,treat2,TE,seTE\nVega 2015,a,b,-9,4\n")
    arms = evidence.arms.filter(pl.col("study_id") == "vega-2015")["arm_id"].to_list()
    names = dict(zip("ab", arms, strict=True))
    read = read_table(tmp_path / "c.csv", measure="MD")
    placed = place(read, evidence, {"": PAIN}, source_url=PAGE, names=names)
    (row,) = placed.tables["contrasts"]
    assert (row["arm_a"], row["arm_b"], row["measure"], row["estimate"]) == (*arms, "MD", -9.0)
    ratio = read_table(tmp_path / "c.csv", measure="OR")
    placed = place(ratio, evidence, {"": PAIN}, source_url=PAGE, names=names)
    assert placed.tables["contrasts"] == []
    assert "has no place" in placed.left_out[-1].reason


def test_meanings_that_make_no_sense_are_refused(read, evidence):
    with pytest.raises(UnknownWordError, match="instrument"):
        place(read, evidence, {"pain": Score("pain", "no such", 0, 1, 6)}, source_url=PAGE)
    with pytest.raises(UnknownWordError, match="event"):
        place(read, evidence, {"pain": Count("no_such")}, source_url=PAGE)
    with pytest.raises(InputError, match="low to high"):
        place(read, evidence, {"pain": Score("pain", "VAS", 100, 0, 6)}, source_url=PAGE)


def test_an_outcome_with_several_times_is_of_no_one_month(tmp_path, evidence):
    """Said to be of month 6, the scores of month 12 must not become those of month 6."""
    file = tmp_path / "pain.csv"
    file.write_text(
        "study,treatment,outcome,time,n,mean,sd\n"
        "Vega 2015,hyaluronic_acid,pain,6,15,41,20\n"
        "Vega 2015,hyaluronic_acid,pain,12,15,39,20\n"
        "Vega 2015,hyaluronic_acid,later,12,15,39,20\n"
    )
    meanings = {"pain": PAIN, "later": Score("pain", "VAS", 0, 100, month=12)}
    rows = place(read_table(file), evidence, meanings, source_url=PAGE)
    assert [row["month"] for row in rows.tables["outcomes"]] == [12]
    assert [left.reason for left in rows.left_out if "several times" in left.reason] == [
        "its outcome has several times; name an outcome for each of them"
    ] * 2


def test_a_label_of_two_trials_names_neither(read, evidence):
    """Numbers of one Vega 2015 must not become those of another."""
    twice = evidence.studies.with_columns(label=pl.lit("Vega 2015"))
    rows = place(read, replace(evidence, studies=twice), {"pain": PAIN}, source_url=PAGE)
    assert rows.tables["outcomes"] == []
    assert "the evidence knows several trials called 'Vega 2015'" in {
        left.reason for left in rows.left_out
    }
