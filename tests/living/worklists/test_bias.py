"""Risk of bias: two judge, a third settles."""

import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.living.store import ConflictError
from reprieve.living.store.clock import now
from reprieve.living.worklists import RiskOfBias


def judged(**domains):
    return [
        {"domain": domain, "judgement": word, "rationale": f"because {word}"}
        for domain, word in domains.items()
    ]


@pytest.fixture
def bias(store):
    bias = RiskOfBias(store)
    assert bias.queue("vega-2015", who="ada", outcome="pain", title="Vega 2015: pain") == 1
    assert bias.queue("vega-2015", who="ada", outcome="pain") == 0
    assert bias.queue("vega-2015", who="ada", outcome="function") == 1
    return bias


@pytest.fixture
def item(bias):
    return next(i.id for i in bias.page(who="ada") if i.data["outcome"] == "pain")


def test_agreement_needs_nobody_else(bias, item):
    bias.submit(item, judged(D1="low", D2="high"), who="ada")
    assert bias.results(who="ada") == []
    seen = bias.submit(item, judged(D1="low", D2="high"), who="ben")
    assert (seen.state, seen.outcome) == ("done", "agreed")
    first, _ = bias.results(who="reader")
    assert first | {"date": ""} == {
        "study_id": "vega-2015",
        "outcome": "pain",
        "comparison": "",
        "tool": "rob2",
        "domain": "D1",
        "judgement": "low",
        "who": "ada and ben",
        "date": "",
        "why": "because low",
    }


def test_a_third_settles_domain_by_domain(bias, item):
    bias.submit(item, judged(D1="low", D2="high", D3="low"), who="ada")
    with pytest.raises(InputError, match="1 of 2"):
        bias.comparison(item, who="editor")
    seen = bias.submit(item, judged(D1="low", D2="some concerns"), who="ben")
    assert seen.state == "conflict"
    compared = {domain.domain: domain for domain in bias.comparison(item, who="editor")}
    assert [d.agreed for d in compared.values()] == [True, False, False]
    with pytest.raises(InputError, match="chosen yet in D3"):
        bias.settle(item, {"D2": "b"}, who="editor")
    with pytest.raises(InputError, match="chosen yet in D3"):
        bias.settle(item, {"D2": "b", "D3": "b"}, who="editor")  # ben has not judged it
    with pytest.raises(InputError, match="do not differ in 'D1'"):
        bias.settle(item, {"D1": "a", "D2": "b", "D3": "a"}, who="editor")
    with pytest.raises(InputError, match="lacks its rationale"):
        bias.settle(item, {"D2": {"judgement": "low"}, "D3": "a"}, who="editor")
    third = {"judgement": "low", "rationale": "the protocol says so"}
    seen = bias.settle(item, {"D2": third, "D3": "a"}, who="editor")
    assert (seen.state, seen.outcome) == ("done", "settled")
    results = {row["domain"]: row for row in bias.results(who="reader")}
    assert results["D2"]["why"] == "the protocol says so"
    assert results["D3"]["judgement"] == "low"
    assert results["D1"]["who"] == "editor"


def test_what_was_settled_stands_until_it_is_taken_back(bias, item):
    mine = bias.submit(item, judged(D1="low"), who="ada").mine
    bias.submit(item, judged(D1="high"), who="ben")
    seen = bias.settle(item, {"D1": "a"}, who="editor")
    with pytest.raises(ConflictError, match="editor has settled item"):
        bias.take_back(mine.id, who="ada")
    assert bias.agreement(who="reader").n == 1
    verdict = next(d.id for d in seen.decisions if d.part == "adjudicator")
    assert bias.take_back(verdict, who="editor").state == "conflict"
    assert bias.settled() == []
    bias.take_back(mine.id, who="ada")
    assert bias.agreement(who="reader").n == 0


def test_what_stood_at_a_moment(bias, item):
    before = now()
    bias.submit(item, judged(D1="low", overall="low"), who="ada")
    seen = bias.submit(item, judged(D1="Low", overall="LOW"), who="ben")
    (result,) = bias.settled()
    assert (result.study_id, result.outcome, result.tool) == ("vega-2015", "pain", "rob2")
    assert (result.who, result.date) == ("ada and ben", before.date().isoformat())
    assert [one.judgement for one in result.judgements] == ["low", "low"]
    settled_at = now()
    bias.take_back(seen.mine.id, who="ben")
    assert bias.settled() == bias.settled(as_of=before) == []
    assert bias.settled(as_of=settled_at) == [result]


def test_a_check_refuses_before_anything_is_kept(store, bias, item):
    def refuse(result):
        if any(one.judgement == "fine" for one in result.judgements):
            raise InputError(f"{result.who}: no such word")

    strict = RiskOfBias(store, check=refuse)
    with pytest.raises(InputError, match="ada: no such word"):
        strict.submit(item, judged(D1="fine"), who="ada")
    strict.submit(item, judged(D1="low"), who="ada")
    strict.submit(item, judged(D1="high"), who="ben")
    third = {"judgement": "fine", "rationale": "so"}
    with pytest.raises(InputError, match="editor: no such word"):
        strict.settle(item, {"D1": third}, who="editor")
    assert strict.show(item, who="editor").state == "conflict"


def test_agreement_in_numbers(bias, item):
    bias.submit(item, judged(D1="low", D2="high", D3="low"), who="ada")
    bias.submit(item, judged(D1="low", D2="low", D3="low"), who="ben")
    found = bias.agreement(who="reader")
    assert (found.n, found.agreed) == (3, 2)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ([], InputError, "nothing was judged"),
        ([{"domain": "D1", "judgement": "low", "rationale": " "}], InputError, "its rationale"),
        ([{"domain": "D1", "judgment": "low"}], UnknownWordError, "judgement"),
        (judged(D1="low") * 2, InputError, "judged twice"),
        (
            [{"domain": "D1", "judgement": "low", "rationale": "=cmd|' /C calc'!A1"}],
            InputError,
            "would run as a formula",
        ),
        ([judged(D1="low")[0] | {"answers": ["Y"]}], InputError, "each by its question"),
    ],
)
def test_judgements_that_say_too_little(bias, item, given, error, says):
    with pytest.raises(error, match=says):
        bias.submit(item, given, who="ada")
