"""Tables of findings: GRADE's layout, as a page, a Word document and CSV."""

import csv
import re
from dataclasses import replace

import pytest

from reprieve.answers.absolute import corresponding_risk
from reprieve.answers.event_findings import event_finding, information_size
from reprieve.answers.findings_rows import MOST
from reprieve.answers.harms import ask_harms
from reprieve.answers.network_findings import network_findings
from reprieve.answers.summary_of_findings import summary_of_findings
from reprieve.effects.harms import HarmsQuestion
from reprieve.effects.question import Question
from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import load_evidence
from reprieve.report.findings import write_findings

OUTSIDE = re.compile(r"""(?:src|href)\s*=\s*["'](?!#|https?://|data:)|<link|@import|url\(""")


@pytest.fixture(scope="module")
def knee():
    return summary_of_findings("knee_osteoarthritis", comparator="hyaluronic_acid")


@pytest.fixture(scope="module")
def net():
    return network_findings("diabetic_neuropathy", month=3)


def trial(study, events, n=20):
    """Events of cells and of saline, of twenty people each."""
    return [
        {"study_id": study, "arm_id": arm, "event": "serious_adverse_event", "month": 6,
         "events": x, "n": n, "locator": "Table 2", "source_url": "https://example.org"}
        for arm, x in zip(("cells", "saline"), events, strict=True)
    ]  # fmt: skip


def found_in(evidence, event="serious"):
    question = Question(condition="knee_osteoarthritis", comparator="placebo")
    return event_finding(question, event, evidence)


class TestContent:
    def test_has_at_most_seven_outcomes(self, knee):
        assert 0 < len(knee.rows) <= MOST

    def test_the_treated_value_is_the_assumed_one_moved_by_the_difference(self, knee):
        for row in knee.rows:
            if row.assumed is not None:
                assert row.corresponding == pytest.approx(row.assumed + row.difference)

    def test_every_downgrade_has_its_footnote(self, knee):
        for row in knee.rows:
            if row.certainty:
                assert len(row.reasons) == len(row.certainty.reasons)
                assert set(row.reasons) <= set(knee.footnotes)

    def test_what_nobody_reports_says_so(self):
        found = summary_of_findings("tendinopathy")
        assert {row.kind for row in found.rows} == {"none"}
        assert all(row.note == "not reported" for row in found.rows)

    def test_months_that_rest_on_the_same_visits_are_shown_once(self):
        found = summary_of_findings("disc_degeneration")
        assert sum(row.outcome.startswith("Pain") for row in found.rows) == 1

    def test_the_profile_has_the_five_domains(self, knee):
        assert {"risk of bias", "inconsistency", "indirectness", "imprecision",
                "publication bias"} <= set(knee.profile().columns)  # fmt: skip


class TestEvents:
    def test_the_numbers_are_those_of_the_answer_about_harms(self, knee):
        asked = HarmsQuestion(condition=knee.condition, comparator=knee.comparator)
        pooled = ask_harms(asked, event="serious").family("serious").pooled
        row = next(row for row in knee.rows if row.outcome == "Serious adverse events")
        assert row.difference == pooled.per_100.difference
        assert row.people == pooled.treatment.people + pooled.comparator.people

    def test_a_ratio_on_the_assumed_risk_gives_the_corresponding_one(self, make_evidence):
        found = found_in(make_evidence(events=[*trial("a", (6, 3)), *trial("b", (4, 3))]))
        ratio, per_100 = found.pooled.ratio, found.pooled.per_100
        assert (found.pooled.treatment.events, found.pooled.comparator.events) == (10, 6)
        shown = corresponding_risk(
            per_100.with_comparator, (ratio.estimate, *ratio.ci), ratio.measure, of=100
        )
        assert per_100.with_treatment == pytest.approx(shown.risk)
        assert found.corresponding_ci == pytest.approx((shown.low, shown.high))

    def test_nothing_happened_still_allows_something(self, make_evidence):
        found = found_in(make_evidence(events=trial("a", (0, 0))))
        assert found.pooled.ratio is None
        assert found.corresponding_ci == pytest.approx((0, 100 * (1 - 0.05 ** (1 / 20))))
        assert found.certainty.domain("imprecision").downgrade >= 2

    def test_one_group_without_events_has_no_ratio(self, make_evidence):
        found = found_in(make_evidence(events=trial("a", (3, 0))))
        assert found.pooled.ratio is None
        assert found.pooled.per_100.difference == pytest.approx(15.0)

    def test_only_trials_that_count_both_groups_count(self, make_evidence):
        evidence = make_evidence(events=trial("a", (3, 1))[:1])
        assert found_in(evidence) is None

    def test_rarer_events_need_more_people(self):
        assert information_size(0.01) > information_size(0.1) > 1000


class TestNetwork:
    def test_the_reference_can_be_chosen(self, net):
        column = net.columns[0]
        other = next(iter(column.pairs))
        seen = network_findings("diabetic_neuropathy", month=3, reference=other).columns[0]
        assert seen.reference == other
        back, forth = seen.pairs[column.reference], column.pairs[other]
        assert back.estimate == pytest.approx(-forth.estimate)
        assert back.level == forth.level

    def test_unknown_references_are_refused(self):
        with pytest.raises(UnknownWordError, match="reference"):
            network_findings("diabetic_neuropathy", month=3, reference="prayer")

    def test_cinema_is_the_alternative(self):
        found = network_findings("diabetic_neuropathy", month=3, approach="CINeMA")
        pair = next(iter(found.columns[0].pairs.values()))
        assert pair.certainty.domains[0].domain == "within-study bias"


@pytest.fixture(params=["knee", "net"])
def found(request):
    return request.getfixturevalue(request.param)


class TestFiles:
    def test_the_page_loads_nothing_and_shows_everything(self, found, tmp_path):
        page = write_findings(found, tmp_path / "a.html").read_text("utf-8")
        assert not OUTSIDE.search(page)
        assert "⊕" in page
        assert "not medical advice" in page
        assert found.evidence_date in page

    def test_the_page_holds_each_row_and_footnote(self, knee, tmp_path):
        page = write_findings(knee, tmp_path / "a.html").read_text("utf-8")
        for row in knee.rows:
            assert row.outcome in page
            assert row.statement in page
        for reason in knee.footnotes:
            assert reason.split(";")[0] in page

    def test_the_word_file_has_real_tables(self, knee, tmp_path):
        docx = pytest.importorskip("docx")
        document = docx.Document(str(write_findings(knee, tmp_path / "a.docx")))
        table, profile = document.tables
        assert len(table.rows) == len(knee.rows) + 1
        assert len(table.columns) == 8
        assert knee.rows[0].outcome in table.cell(1, 0).text
        assert knee.rows[0].certainty.symbols in table.cell(1, 6).text
        assert len(profile.rows) == sum(row.certainty is not None for row in knee.rows) + 1
        words = "\n".join(paragraph.text for paragraph in document.paragraphs)
        assert all(reason in words for reason in knee.footnotes)
        assert document.sections[0].page_width > document.sections[0].page_height

    def test_a_network_in_word(self, net, tmp_path):
        docx = pytest.importorskip("docx")
        document = docx.Document(str(write_findings(net, tmp_path / "a.docx")))
        assert len(document.tables[0].rows) == len(net.treatments) + 1

    def test_csv_has_a_row_an_outcome(self, knee, tmp_path):
        with write_findings(knee, tmp_path / "a.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["outcome"] for row in rows] == [row.outcome for row in knee.rows]
        assert rows[0]["certainty"] == knee.rows[0].certainty.level

    def test_names_that_people_gave_are_escaped(self, knee, tmp_path):
        row = replace(knee.rows[0], outcome="<script>alert(1)</script>")
        page = write_findings(replace(knee, rows=(row,)), tmp_path / "a.html").read_text("utf-8")
        assert "<script>alert" not in page

    def test_other_endings_and_places_are_refused(self, knee, tmp_path):
        with pytest.raises(InputError, match=r"\.docx"):
            write_findings(knee, tmp_path / "a.pdf")
        with pytest.raises(InputError, match="no folder"):
            write_findings(knee, tmp_path / "nowhere" / "a.csv")


@pytest.mark.parametrize(
    "condition", ["knee_osteoarthritis", "disc_degeneration", "tendinopathy", "diabetic_neuropathy"]
)
def test_every_condition_gives_a_table(condition, tmp_path):
    found = summary_of_findings(condition, evidence=load_evidence())
    assert write_findings(found, tmp_path / "a.html").stat().st_size > 5000
