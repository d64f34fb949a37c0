"""What is missing, as a page shows it."""

from reprieve.answers import Question, ask
from reprieve.certainty.unpublished import missing_evidence
from reprieve.evidence import load_evidence
from reprieve.figures import text
from reprieve.report import write_report
from reprieve.report.missing import missing_of

KNEE = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")


def test_rows_are_those_of_the_computation():
    evidence = load_evidence()
    shown, found = (
        missing_of("knee_osteoarthritis", ask(KNEE, evidence), evidence),
        missing_evidence(KNEE, evidence),
    )
    assert [effect for _, effect in shown.what_if] == [
        text.effect(found.estimate, found.ci),
        text.effect(found.if_null.estimate, found.if_null.ci),
        text.effect(found.if_opposite.estimate, found.if_opposite.ci),
    ]
    assert sum(trials for _, trials, _ in shown.states) == found.trials.height
    assert len(shown.silent) == found.trials.filter(state="silent").height
    assert sum(trial.randomised for trial in shown.silent) == found.silent
    assert f"{found.planned_silent:,} people planned" in shown.words[0]
    assert shown.flow.people == found.people
    assert shown.command.startswith(
        "reprieve missing knee_osteoarthritis --treatment cell_therapy --comparator hyaluronic_acid"
    )


def test_trials_without_a_number_on_record_are_told(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": "a", "arm_id": arm, "mean": mean, "sd": 20}
            for arm, mean in (("cells", 30), ("saline", 45))
        ]
    )
    opening = ask(Question(condition="knee_osteoarthritis"), evidence)
    shown = missing_of("knee_osteoarthritis", opening, evidence)
    assert "1 of 1 trials of cells in this evidence have none on record" in shown.words[-1]


def test_pages_without_a_number_still_say_what_is_missing(tmp_path):
    page = write_report("tendinopathy", tmp_path).read_text(encoding="utf-8")
    assert '<h2 id="missing">What is missing</h2>' in page
    assert 'href="#missing"' in page
    assert "no pooled number yet that they could move" in page
    assert 'href="https://clinicaltrials.gov/study/NCT' in page
    assert "What silent trials could do" not in page
    assert "PRISMA 2020 flow diagram for cell therapy against placebo" in page


def test_no_trial_registered_and_no_number_is_no_section(tmp_path):
    assert missing_of("radiculopathy", None, load_evidence()) is None
    assert 'id="missing"' not in write_report("radiculopathy", tmp_path).read_text(encoding="utf-8")
