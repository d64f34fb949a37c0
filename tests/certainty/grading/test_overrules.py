"""What people decide otherwise: kept, counted, taken back, and flagged when the numbers moved."""

from dataclasses import replace

import pytest

from reprieve.certainty import overrule, rate_body, read_overrules, withdraw
from reprieve.certainty.grading.domains import Domain
from reprieve.errors import InputError

WHO = {"who": "A. Reader", "date": "2026-11-30"}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "overrules.csv"


def test_an_overrule_counts_and_survives(body, file):
    made = body(people=399)
    seen = rate_body(made)
    assert seen.level == "moderate"
    overrule(file, "q", seen.domain("imprecision"), 2, reason="far too few", **WHO)
    found = rate_body(made, overrules=read_overrules(file))
    domain = found.domain("imprecision")
    assert (found.level, domain.proposed, domain.downgrade) == ("low", 1, 2)
    assert domain.overruled_by.who == "A. Reader"
    assert found.to_dict()["domains"][3]["overruled_by"]["reason"] == "far too few"
    assert "overruled by people" in found.in_words()
    assert rate_body(replace(made, key="other"), overrules=read_overrules(file)).level == "moderate"


def test_moved_inputs_are_flagged_and_the_proposal_counts(body, file):
    seen = rate_body(body(people=399))
    overrule(file, "q", seen.domain("imprecision"), 2, reason="far too few", **WHO)
    moved = rate_body(body(people=398), overrules=read_overrules(file))
    domain = moved.domain("imprecision")
    assert domain.overruled_by.inputs_changed
    assert domain.downgrade == domain.proposed == 1
    assert moved.to_look_at == (domain,)
    for said in (moved.in_words().lower(), moved.summary()):
        assert "inputs have changed since" in said
    assert moved.to_dict()["inputs_changed"] == ["imprecision"]


def test_the_last_digit_moves_nothing():
    one = Domain("imprecision", 1, "r", {"ci": (-1.0, 1 / 3), "n": 3}, "why")
    assert one.fingerprint == replace(one, inputs={"ci": (-1.0, 1 / 3 + 1e-12), "n": 3}).fingerprint
    assert one.fingerprint != replace(one, inputs={"ci": (-1.0, 0.334), "n": 3}).fingerprint
    assert one.fingerprint != replace(one, proposed=2).fingerprint


def test_withdrawing_goes_back_one_step(body, file):
    made = body(people=399)
    seen = rate_body(made).domain("imprecision")
    overrule(file, "q", seen, 2, reason="far too few", **WHO)
    overrule(file, "q", seen, 3, reason="much too few", **WHO)

    def counts():
        return rate_body(made, overrules=read_overrules(file)).domain("imprecision").downgrade

    assert counts() == 3
    withdraw(file, "q", "imprecision", reason="on reflection", **WHO)
    assert counts() == 2
    withdraw(file, "q", "imprecision", reason="on reflection", **WHO)
    assert counts() == 1
    before = file.read_bytes()
    with pytest.raises(InputError, match="nothing to withdraw"):
        withdraw(file, "q", "imprecision", reason="again", **WHO)
    assert file.read_bytes() == before
    assert [row.action for row in read_overrules(file)] == ["overrule"] * 2 + ["withdraw"] * 2


def test_upgrades_can_be_decided_by_people(body, trial, file):
    made = body(trial(randomised=False))
    seen = rate_body(made).domain("opposing confounding")
    overrule(file, "q", seen, -1, reason="the sicker had cells", **WHO)
    assert rate_body(made, overrules=read_overrules(file)).level == "moderate"


@pytest.mark.parametrize(
    ("levels", "how", "match"),
    [
        (4, {}, "downgrade is '4'; expected 0 to 3"),
        (-1, {}, "downgrade"),
        (1, {"reason": " "}, "reason is empty"),
        (1, {"who": ""}, "who is empty"),
        (1, {"date": "30.11.2026"}, "a day such as"),
    ],
)
def test_wrong_decisions_write_nothing(body, file, levels, how, match):
    seen = rate_body(body()).domain("imprecision")
    with pytest.raises(InputError, match=match):
        overrule(file, "q", seen, levels, **{"reason": "why", **WHO, **how})
    assert not file.exists()


HEAD = "question,domain,action,downgrade,reason,who,date,fingerprint\n"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (HEAD + "q,imprecission,overrule,1,r,A,2026-11-30,f\n", "overrules.csv:2: domain"),
        (HEAD + "q,imprecision,overrule,1.5,r,A,2026-11-30,f\n", "overrules.csv:2: downgrade"),
        (HEAD + "q,imprecision,change,1,r,A,2026-11-30,f\n", "overrules.csv:2: action"),
        (HEAD + "q,imprecision,withdraw,,r,A,2026-11-30,f\n", "overrules.csv:2: action"),
        (HEAD + "q,imprecision,overrule,1,r,A,soon,f\n", "overrules.csv:2: date"),
        (HEAD.replace("who,", "") + "q,imprecision,overrule,1,r,2026-11-30,f\n", "who"),
    ],
)
def test_faults_are_told_by_row_and_column(file, text, match):
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=match):
        read_overrules(file)


def test_a_broken_file_is_not_added_to(body, file):
    file.write_text(HEAD + "q,imprecision,overrule,9,r,A,2026-11-30,f\n", encoding="utf-8")
    before = file.read_bytes()
    with pytest.raises(InputError, match=r"overrules\.csv:2"):
        overrule(file, "q", rate_body(body()).domain("imprecision"), 1, reason="r", **WHO)
    assert file.read_bytes() == before


def test_words_of_any_kind_come_back(body, file):
    seen = rate_body(body()).domain("imprecision")
    reason = 'she said "no", then\nleft; =1+1'
    overrule(file, "q", seen, 1, reason=reason, **WHO)
    assert read_overrules(file)[0].reason == reason
