from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.certainty import (
    BiasJudgement,
    proposals,
    read_judgements,
    read_robvis,
    write_judgements,
    write_robvis,
)
from reprieve.errors import InputError, PackageError

REFERENCE = Path(__file__).parents[2] / "reference" / "risk_of_bias"
ANSWERS = {"1.1": "Y", "1.2": "NI", "1.3": "N"}
D1 = BiasJudgement(
    "vega-2015",
    "D1",
    "some concerns",
    outcome="pain",
    answers=ANSWERS,
    who="A. Reader",
    date="2026-11-30",
)
HEADER = "study_id,outcome,comparison,tool,domain,judgement,proposed,answers,who,date,why"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "risk_of_bias.csv"


def refused(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        read_judgements(path)
    return str(caught.value)


def test_what_is_written_is_read_back_with_its_proposal(path):
    overruled = replace(D1, domain="D4", judgement="low", why="a robot measured", answers={})
    mine = [D1, replace(overruled, answers={"4.1": "Y"}), BiasJudgement("b-2001", "D2")]
    write_judgements(path, mine)
    assert read_judgements(path) == mine
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == HEADER
    assert lines[1].startswith("vega-2015,pain,,rob2,D1,some concerns,some concerns,1.1=Y; 1.2=NI")
    assert ",D4,low,high,4.1=Y," in lines[2]
    assert lines[3] == "b-2001,,,rob2,D2,,,,,,"


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), unique_by=lambda t: t[:2], max_size=5))
def test_any_words_survive_the_file(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("any") / "j.csv"
    mine = [
        replace(D1, study=f"s{study}", comparison=comparison, why=why)
        for study, comparison, why in texts
    ]
    write_judgements(path, mine)
    assert read_judgements(path) == mine


def test_overruling_needs_a_reason(path):
    lenient = replace(D1, judgement="low")
    with pytest.raises(InputError, match="vega-2015, D1: why: is empty, but the answers propose"):
        write_judgements(path, [lenient])
    assert not path.exists()
    write_judgements(path, [replace(lenient, why="the register has the list")])
    assert read_judgements(path)[0].judgement == "low"


def test_overall_follows_from_the_domains_as_people_judged_them(path):
    domains = [replace(D1, domain=f"D{i}", judgement="low", answers={}) for i in (2, 3, 4, 5)]
    overall = replace(D1, domain="overall", answers={}, judgement="some concerns")
    mine = [D1, *domains, overall]
    assert proposals(mine)[-1].judgement == "some concerns"
    write_judgements(path, mine)
    judged_high = [replace(D1, judgement="high", why="no list at all"), *domains, overall]
    with pytest.raises(InputError, match="overall: why: is empty, but the domains propose 'high'"):
        write_judgements(path, judged_high)


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (",,,rob2,D1,low,,,A,2026-11-30,", ":2: study_id: is empty, expected the trial"),
        ("a,,,rob9,D1,low,,,A,2026-11-30,", ":2: tool: unknown tool for risk of bias 'rob9'"),
        ("a,,,rob2,D7,low,,,A,2026-11-30,", ":2: domain: 'D7' is no domain of rob2, expected D1"),
        ("a,,,rob2,D1,serious,,,A,2026-11-30,", ":2: judgement: 'serious' is no judgement of rob2"),
        ("a,,,rob2,D1,low,,,,2026-11-30,", ":2: who: is empty, expected who judged"),
        ("a,,,rob2,D1,low,,,A,30.11.2026,", ":2: date: '30.11.2026' is no day"),
        ("a,,,rob2,D1,low,,1.1,A,2026-11-30,", ":2: answers: '1.1' is no answer"),
        ("a,,,rob2,D1,low,,1.1=Y;1.1=N,A,2026-11-30,", ":2: answers: 1.1 is answered twice"),
        ("a,,,rob2,D1,low,,1.1=X,A,2026-11-30,", ":2: answers: rob2, 1.1: 'X' is no answer"),
        ("a,,,rob2,D1,low,,2.1=Y,A,2026-11-30,", ":2: answers: unknown question of rob2 D1 '2.1'"),
        ("a,,,rob2,D1,low,,1.2=N,A,2026-11-30,", ":2: why: is empty, but the answers propose"),
        ("a,,,rob2,D1,high,low,1.2=N,A,2026-11-30,", ":2: proposed: 'low' is not what is proposed"),
    ],
)
def test_faults_name_file_row_and_column(path, row, place):
    assert f"risk_of_bias.csv{place}" in refused(path, f"{HEADER}\n{row}\n")


def test_a_result_is_judged_once_a_domain(path):
    row = "a,pain,,rob2,D1,low,,,A,2026-11-30,\n"
    message = refused(path, HEADER + "\n" + row * 3)
    assert "1 judgement" not in message
    assert ":2: domain: 'D1' of this result is judged more than once" in message


def test_columns_are_found_by_name(path):
    path.write_text(
        "who,date,domain,tool,study_id,judgement\nA,2026-11-30,D1,rob2,a,Some_Concerns\n", "utf-8"
    )
    (found,) = read_judgements(path)
    assert (found.study, found.judgement, found.who) == ("a", "some concerns", "A")
    assert ":1: studyid: is no column of this file, expected study_id" in refused(
        path, HEADER.replace("study_id", "studyid")
    )
    assert ":1: who: stands 2 times" in refused(path, HEADER + ",who\n")
    assert ":1: judgement: is missing" in refused(path, "study_id,tool,domain,who,date\n")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (HEADER.encode("utf-16"), "UTF-16"),
        (HEADER.encode() + b"\na,\0b", "NUL"),
        (HEADER.encode() + b"\n\xff,,,,,,,,,,", "not UTF-8"),
        (HEADER.encode() + b"\na,b\n", ":2: has 2 fields"),
        (HEADER.encode() + b'\n"a,,,,,,,,,,\n', "quotation mark"),
        (HEADER.encode() + b"\n" + b"a" * 2_000_000, "longer than"),
        (b"PK\3\4" + bytes(range(256)), "NUL"),
    ],
)
def test_hostile_files_are_refused_in_a_sentence(path, data, message):
    text = refused(path, data)
    assert message in text
    assert len(text) < 2000


def test_what_is_no_file_is_refused(tmp_path):
    for name in ("none.csv", "."):
        with pytest.raises(PackageError):
            read_judgements(tmp_path / name)


def test_control_characters_do_not_reach_the_terminal(path):
    message = refused(path, HEADER + "\na,,,\x1b[31mrob,D1,low,,,A,2026-11-30,\n")
    assert "\x1b" not in message


def test_a_failed_write_leaves_what_was_there(path, monkeypatch):
    write_judgements(path, [D1])
    before = path.read_bytes()

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        write_judgements(path, [replace(D1, study="other")])
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("file", "tool", "judged"), [("robvis_rob2", "rob2", 53), ("robvis_robins_i", "robins-i", 80)]
)
def test_robvis_example_data_come_in_and_go_out(tmp_path, file, tool, judged):
    source = REFERENCE / f"{file}.csv"
    found, weights = read_robvis(source, tool, who="robvis", date="2026-11-30")
    assert weights == {}
    assert sum(j.judgement != "not judged" for j in found) == judged
    write_robvis(tmp_path / "out.csv", found)
    assert (tmp_path / "out.csv").read_text("utf-8") == source.read_text("utf-8").replace("\r", "")


def test_robvis_columns_stand_in_any_order_with_weights(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("Weight,D5,D4,D3,D2,D1,Study\n12.5,High,low,NA,,Some Concerns,Vega\n", "utf-8")
    found, weights = read_robvis(path, who="A")
    assert weights == {"Vega": 12.5}
    assert {j.domain: j.judgement for j in found} == {
        "D1": "some concerns",
        "D2": "not judged",
        "D3": "not judged",
        "D4": "low",
        "D5": "high",
        "overall": "not judged",
    }
    write_robvis(path, found, weights)
    assert path.read_text("utf-8").splitlines()[1] == (
        "Vega,Some concerns,No information,No information,Low,High,No information,12.5"
    )
    assert read_robvis(path, who="A") == (found, weights)


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("A,Lo,Low,Low,Low,Low,Low,1", ":2: D1: 'Lo' is no judgement of RoB 2"),
        (",Low,Low,Low,Low,Low,Low,1", ":2: Study: is empty"),
        ("A,Low,Low,Low,Low,Low,Low,-1", ":2: Weight: '-1' is no weight"),
        ("A,Low,Low,Low,Low,Low,Low,nan", ":2: Weight: 'nan' is no weight"),
    ],
)
def test_faults_in_robvis_layout_are_named(tmp_path, row, place):
    path = tmp_path / "r.csv"
    path.write_text(f"Study,D1,D2,D3,D4,D5,Overall,Weight\n{row}\n", "utf-8")
    with pytest.raises(InputError, match=place.replace("'", ".")):
        read_robvis(path, who="A")


def test_robvis_takes_one_tool_and_one_result_a_study(tmp_path):
    path = tmp_path / "r.csv"
    with pytest.raises(InputError, match="rob2 and robins-i don't share"):
        write_robvis(path, [D1, replace(D1, tool="robins-i")])
    with pytest.raises(InputError, match="judgements of several results"):
        write_robvis(path, [D1, replace(D1, outcome="function")])
    with pytest.raises(InputError, match="weights has none for 'vega-2015'"):
        write_robvis(path, [D1], {})
