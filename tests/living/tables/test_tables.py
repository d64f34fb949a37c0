"""Every form of table, told by its columns; each row is placed or left out with the reason."""

import csv
import io
import math
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import InputError
from reprieve.living.tables.opening import read_table
from reprieve.living.tables.values import ArmValue, ContrastValue

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def write(tmp_path):
    def write(text, name="table.csv"):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return write


def rows(read):
    """The rows of a table that were left out (not its columns or other files)."""
    return [fault for fault in read.left_out if ", row " in fault.where]


def test_metafor_counts(tmp_path):
    # Berkey 1995: 13 trials of BCG, metafor's dat.bcg
    read = read_table(DOCS / "bcg.csv", arms=("vaccinated", "not vaccinated"))
    assert read.form == "metafor counts"
    assert len(read.arms) == 26
    assert rows(read) == []
    first = read.arms[0]
    assert (first.study, first.arm, first.events, first.n) == ("Aronson", "vaccinated", 4, 123)
    assert {fault.what for fault in read.left_out} == {"column 'ablat'", "column 'alloc'"}
    assert {placed.table for placed in read.placed} == {"events"}


def test_metafor_means_and_people(write):
    read = read_table(
        write("slab,m1i,sd1i,n1i,m2i,sd2i,n2i,yi,vi\nDavis,5,4.7,13,6.5,3.8,13,-0.34,0.16\n")
    )
    assert [(a.arm, a.mean, a.sd, a.n) for a in read.arms] == [
        ("experimental", 5, 4.7, 13),
        ("control", 6.5, 3.8, 13),
    ]
    assert {f.what for f in read.left_out} == {"column 'yi'", "column 'vi'"}
    read = read_table(write("trial,ai,n1i,ci,n2i\nAMIS,246,2267,219,2257\n"))
    assert [(a.events, a.n) for a in read.arms] == [(246, 2267), (219, 2257)]


def test_long_arms_with_times():
    # osteoarthritis pain over weeks, as MBNMAtime has it
    read = read_table(DOCS / "osteoarthritis-pain.csv")
    with (DOCS / "osteoarthritis-pain.csv").open(encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    assert len(read.arms) == len(expected)
    assert [(a.study, a.arm, a.time, a.mean, a.se) for a in read.arms] == [
        (r["studyID"], r["treatment"], float(r["time"]), float(r["y"]), float(r["se"]))
        for r in expected
    ]
    read = read_table(DOCS / "parkinson.csv")
    assert (read.arms[0].mean, read.arms[0].sd, read.arms[0].n) == (-1.22, 3.7, 54)


LONG = "Study,T,N,R\nA,cells,10,2\nA,HA,11,4\nB,cells,20,5\nB,saline,20,9\nB,HA,19,7\n"
WIDE = (
    "id,t1,n1,r1,t2,n2,r2,t3,n3,r3,rob,indirectness\n"
    "A,cells,10,2,HA,11,4,,,,1,1\nB,cells,20,5,saline,20,9,HA,19,7,2,1\n"
)


def test_long_and_wide_say_the_same(write):
    long = read_table(write(LONG))
    wide = read_table(write(WIDE))
    dotted = read_table(write(WIDE.replace("t1,n1,r1", "T.1,N.1,R.1").replace("t2,n2", "T.2,N.2")))

    def said(read):
        return sorted((a.study, a.arm, a.n, a.events) for a in read.arms)

    assert said(long) == said(wide) == said(dotted)
    assert len(long.arms) == 5
    assert [fault.what for fault in wide.left_out] == ["column 'rob'", "column 'indirectness'"]


def test_columns_are_named_never_counted(write):
    names = LONG.splitlines()[0].split(",")
    for seed in range(6):
        order = random.Random(seed).sample(range(4), 4)
        shuffled = "\n".join(
            ",".join(line.split(",")[i] for i in order) for line in LONG.splitlines()
        )
        assert len(names) == 4
        assert read_table(write(shuffled)).arms == read_table(write(LONG)).arms


def test_netmeta_and_cinema_contrasts(write):
    text = "studlab,treat1,treat2,TE,seTE\nA,MSC,HA,-0.5,0.25\n"
    (value,) = read_table(write(text), measure="OR").contrasts
    assert (value.arm_a, value.arm_b, value.measure, value.se) == ("MSC", "HA", "OR", 0.25)
    assert value.estimate == pytest.approx(math.exp(-0.5))
    (value,) = read_table(write("id,t1,t2,effect,se\n1,MSC,HA,-7.5,2\n"), measure="MD").contrasts
    assert (value.study, value.estimate, value.se) == ("1", -7.5, 2.0)
    (value,) = read_table(
        write("author,year,yi,vi\nVega,2015,-7.5,4\n"), measure="MD", arms=("MSC", "HA")
    ).contrasts
    assert (value.study, value.arm_a, value.arm_b, value.se) == ("Vega 2015", "MSC", "HA", 2.0)


def test_an_effect_of_unknown_kind_is_left_out(write):
    text = "studlab,treat1,treat2,TE,seTE\nA,MSC,HA,-0.5,0.25\n"
    read = read_table(write(text))
    assert read.contrasts == ()
    assert [f.reason for f in read.left_out] == ["which measure it is, is not said"]
    assert "IRR" in rows(read_table(write(text), measure="IRR"))[0].reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A,cells,10,12", "12 events in 10 people"),
        ("A,cells,0,0", "nobody was analysed"),
        ("A,cells,,2", "of how many people is not said"),
        ("A,cells,10,2.5", "2.5 in column 'r' is no number of people"),
        ("A,cells,10,-1", "-1 in column 'r'"),
        ("A,cells,10,two", "'two' in column 'r' is no number"),
        ("A,cells,10,inf", "'inf' in column 'r' is no number"),
        ("A,cells,10,", "holds no result"),
        ("A,,10,2", "which treatment"),
        (",cells,10,2", "which study"),
    ],
)
def test_rows_that_can_not_be_are_left_out(write, line, reason):
    read = read_table(write(f"Study,T,N,R\n{line}\nB,HA,20,3\n"))
    assert [value.study for value in read.arms] == ["B"]
    (fault,) = read.left_out
    assert reason in fault.reason
    assert fault.where == "table.csv, row 2"


def test_spread_that_is_none_is_left_out(write):
    read = read_table(write("Study,T,N,Mean,SD\nA,cells,10,33,0\nA,HA,10,40,-2\nB,HA,10,40,NA\n"))
    assert [(a.study, a.sd) for a in read.arms] == [("B", None)]
    assert [f.reason for f in read.left_out] == [
        "0 in column 'sd' is no measure of spread",
        "-2 in column 'sd' is no measure of spread",
    ]


def test_decimal_commas_and_other_marks(write):
    (value,) = read_table(write("Study;T;N;Mean;SD\nMüller;cells;10;\u22123,5;1,2\n")).arms
    assert (value.study, value.mean, value.sd) == ("Müller", -3.5, 1.2)
    (value,) = read_table(write("Study\tT\tN\tR\r\nA\tcells\t10\t#N/A\r\nB\tHA\t9\t1\r\n")).arms
    assert value.study == "B"


def test_contradicting_counts_are_left_out(write):
    read = read_table(write("study,ai,bi,ci,di,n1i,n2i\nA,4,119,11,128,120,139\n"))
    assert read.arms == ()
    assert rows(read)[0].reason == "4 and 119 are not 120 people in group 1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file is empty"),
        ("a,b\n1,2\n", "of no known form (it has a, b)"),
        ("Study,Study,T\n", "have one name"),
        ("Study,T,N,R\nA,cells,1,2,3\n", "5 cells under 4 columns"),
        ("Analysis group,Analysis number,Study\n1,1,A\n", "give the whole data package"),
    ],
)
def test_files_that_are_no_table_of_results(write, text, problem):
    with pytest.raises(InputError) as caught:
        read_table(write(text))
    assert problem in str(caught.value)


def test_missing_files_and_broken_zips(tmp_path):
    with pytest.raises(InputError, match="can't be read"):
        read_table(tmp_path / "nothing.csv")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(InputError, match="a zip that can't be read"):
        read_table(tmp_path / "broken.zip")


# RevMan

SETTINGS = (
    "\ufeffAnalysis group,Analysis number,Analysis name,Data source,Data type,Log-scale data,"
    "Experimental intervention,Control intervention,Effect measure\n"
    "1,1,Death,Custom input,Dichotomous,true,Aspirin,Placebo,Odds Ratio\n"
    "1,2,Stay,Custom input,Continuous,false,,,Standardized Mean Difference\n"
    "1,3,Relief,Custom input,Contrast level,true,Cells,Placebo,Risk Ratio\n"
    "1,4,Survival,Custom input,O-E and variance,true,Cells,Placebo,Hazard Ratio\n"
    "1,5,Pain,Study data,Continuous,false,Cells,Placebo,Mean Difference\n"
)
HEAD = (
    "\ufeffAnalysis group,Analysis number,Analysis name,Subgroup,Applicability,Study,Study year,"
    "GIV Mean,GIV SE,Experimental mean,Experimental SD,Experimental cases,Experimental N,"
    "Control mean,Control SD,Control cases,Control N,O-E,Variance,Weight,Mean,CI start,CI end,"
    "Footnotes\n"
)
# The first two lines are of Fleiss 1993 as RevMan exports them: unused columns hold noughts.
ROWS = HEAD + (
    "1,1,Death,,SUBGROUP_AND_OVERALL,AMIS,1980,0.0,0.0,0.0,0.0,246,2267,0.0,0.0,219,2257,0.0,0.0,"
    "10.153491,1.132736,0.934665,1.372783,\n"
    "1,2,Stay,,SUBGROUP_AND_OVERALL,Davis,1973,0.0,0.0,5.0,4.7,0,13,6.5,3.8,0,13,0.0,0.0,0,0,0,0,\n"
    "1,3,Relief,,SUBGROUP_AND_OVERALL,Vega,2015,0.405465,0.2,0,0,0,0,0,0,0,0,0,0,1,1.5,1.01,2.22,\n"
    "1,4,Survival,,SUBGROUP_AND_OVERALL,Vega,2015,0,0,0,0,0,0,0,0,0,0,-2,10,1,0.8187,0.4,1.5,\n"
    "1,5,Pain,early,SUBGROUP_AND_OVERALL,Lee,2019,0,0,30,10,0,12,40,11,0,12,0,0,1,-10,-18,-2,\n"
)
RESULTS = (
    "Study,Outcome,Data type,Effect measure,Arm,Reference arm,Sample size,Cases,Mean,SD,SE,"
    "CI level,CI start,CI end,Exp mean,Exp CI start,Exp CI end,Variance,Footnotes\n"
    "Lee 2019,Pain,Continuous,,Cells,,12,,30,10,,,,,,,,,\n"
    "Lee 2019,Pain,Continuous,,Saline,,12,,40,,,95,33,47,,,,,\n"
    "Lee 2019,Harm,Dichotomous,,Cells,,12,3,,,,,,,,,,,\n"
    "Vega 2015,Relief,Dichotomous,RR,Cells,HA,30,,0.405465,,0.2,,,,1.5,,,,\n"
    "Vega 2015,Relief,Dichotomous,OR,Cells,HA,30,,0.405465,,0.2,,,,0.7,,,,\n"
    "Vega 2015,Pain,Continuous,MD,Cells,HA,30,,-7.5,,2,90,-10,-5,,,,,\n"
)


def package(tmp_path, nested=False, **files):
    given = {"overall-estimates-and-settings.csv": SETTINGS, "data-rows.csv": ROWS, **files}
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, text in given.items():
            if text is not None:
                archive.writestr(f"CD1-analysis-data/CD1-{name}", text)
    path = tmp_path / "CD1.zip"
    if nested:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("CD1-files/CD1-data.zip", inner.getvalue())
            archive.writestr("CD1-article.pdf", b"%PDF")
    else:
        path.write_bytes(inner.getvalue())
    return path


@pytest.mark.parametrize("nested", [False, True])
def test_revman_data_package(tmp_path, nested):
    read = read_table(package(tmp_path, nested))
    assert [(a.study, a.arm, a.events, a.n, a.mean, a.sd) for a in read.arms] == [
        ("AMIS", "Aspirin", 246, 2267, None, None),
        ("AMIS", "Placebo", 219, 2257, None, None),
        ("Davis", "experimental", None, 13, 5.0, 4.7),
        ("Davis", "control", None, 13, 6.5, 3.8),
        ("Lee", "Cells", None, 12, 30.0, 10.0),
        ("Lee", "Placebo", None, 12, 40.0, 11.0),
    ]
    assert read.arms[0].outcome == "1.1 Death"
    assert read.arms[4].subgroup == "early"
    relief, survival = read.contrasts
    assert (relief.measure, relief.se) == ("RR", 0.2)
    assert relief.estimate == pytest.approx(1.5, abs=1e-5)  # GIV Mean is a logarithm
    assert survival.estimate == pytest.approx(math.exp(-0.2))
    assert survival.se == pytest.approx(1 / math.sqrt(10))
    assert rows(read) == []


def test_a_package_as_a_folder_is_the_same(tmp_path):
    path = package(tmp_path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "folder")

    def said(read):
        return [(v.study, v.outcome) for v in (*read.arms, *read.contrasts)]

    assert said(read_table(tmp_path / "folder")) == said(read_table(path))


def test_a_logarithm_that_is_none_is_left_out(tmp_path):
    # The natural ratio in the column of logarithms: exp(1.5) is not what the plot shows.
    wrong = ROWS.replace("0.405465", "1.5")
    read = read_table(package(tmp_path, **{"data-rows.csv": wrong}))
    assert [c.outcome for c in read.contrasts] == ["1.4 Survival"]
    assert "the estimate 4.482 is shown as 1.5: the scales disagree" in rows(read)[0].reason
    unsure = SETTINGS.replace("Contrast level,true", "Contrast level,false")
    read = read_table(package(tmp_path, **{"overall-estimates-and-settings.csv": unsure}))
    assert "which scale the numbers have is not sure" in rows(read)[0].reason


def test_results_by_arm_are_not_read_twice(tmp_path):
    read = read_table(package(tmp_path, **{"study-results.csv": RESULTS}))
    lee = [value for value in read.arms if value.study.startswith("Lee")]
    assert [(a.arm, a.mean, a.sd, a.ci_low, a.events) for a in lee] == [
        ("Cells", 30.0, 10.0, None, None),
        ("Saline", 40.0, None, 33.0, None),
        ("Cells", None, None, None, 3),
    ]
    assert any("stands among the study results" in fault.reason for fault in rows(read))


def test_revman_study_results_alone(write):
    read = read_table(write(RESULTS, "study-results.csv"))
    assert len(read.arms) == 3
    (ratio,) = read.contrasts
    assert (ratio.measure, ratio.estimate, ratio.se) == ("RR", 1.5, 0.2)
    assert [fault.reason for fault in rows(read)] == [
        "the ratio 0.7 and its logarithm 0.405465 do not agree",
        "the interval's level is 90, not 95 %",
    ]


def test_a_package_without_settings(tmp_path):
    lacking = {"overall-estimates-and-settings.csv": None, "risk-of-bias.csv": "Study\nA\n"}
    with pytest.raises(InputError, match="which says of what type its numbers are"):
        read_table(package(tmp_path, **lacking))


def test_frames(write):
    frame = read_table(write(LONG)).to_frame()
    assert frame.select("study", "arm", "n", "events").row(0) == ("A", "cells", 10, 2)
    assert read_table(write(LONG)).to_frame("contrasts").height == 0


CELL = st.one_of(
    st.integers(-2, 40).map(str),
    st.floats(allow_nan=True).map(str),
    st.sampled_from(["", "NA", "cells", "HA", "1,5", "−3", '"'.replace('"', "x")]),
)


@given(table=st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=6))
def test_every_row_is_placed_or_left_out(table, tmp_path_factory):
    file = tmp_path_factory.mktemp("tables") / "table.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["Study", "T", "N", "R"], *table])
    read = read_table(file)
    filled = [row for row in table if any(cell.strip() for cell in row)]
    assert len(read.arms) + len(rows(read)) == len(filled)
    assert len(read.placed) == len(read.arms)
    assert all(isinstance(value, (ArmValue, ContrastValue)) for value in read.arms)
    assert all(value.n and 0 <= value.events <= value.n for value in read.arms)
