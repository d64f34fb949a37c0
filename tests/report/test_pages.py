from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from reprieve.answers import Answer, comparisons
from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import Evidence, load_evidence, schema
from reprieve.report import content, write_all, write_report

VOID = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """What tests ask of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> does not close what is open"

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for tag, attrs in self.tags if "id" in attrs and tag != "path"]

    @property
    def links(self) -> list[str]:
        return [attrs.get("href") or "" for attrs in self.all("a")]


@pytest.fixture
def page_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Page]:
    """The page of knee osteoarthritis as it looks with other answers."""

    def make(*answers: Answer) -> Page:
        monkeypatch.setattr(content, "comparisons", lambda condition, evidence: list(answers))
        monkeypatch.setattr(content, "network_sections", lambda condition, evidence: ())
        monkeypatch.setattr(content, "course_of", lambda opening, evidence: None)
        monkeypatch.setattr(content, "missing_of", lambda condition, opening, evidence: None)
        return Page(write_report("knee_osteoarthritis", tmp_path))

    return make


def test_a_page_is_whole_and_loads_nothing_from_elsewhere(
    made: ModuleType, page_with: Callable[..., Page]
) -> None:
    page = page_with(made.THREE)
    assert page.open == []
    for tag, attrs in page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            address = attrs.get(name) or ""
            assert tag == "a" or not re.match(r"(https?:)?//", address), (tag, attrs)
    assert "@import" not in page.source.split("<script")[0]
    assert not page.all("link")
    policy = next(m for m in page.all("meta") if "http-equiv" in m)["content"] or ""
    assert policy.startswith("default-src 'none'")


def test_every_number_of_a_trial_leads_to_its_source(
    made: ModuleType, page_with: Callable[..., Page]
) -> None:
    page = page_with(made.THREE)
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inside) <= set(page.ids)
    for study in made.THREE.studies:
        anchor = f"cell-therapy-against-hyaluronic-acid-pain-6-{study.study_id}"
        assert anchor in inside
        listed = page.source.split(f'id="{anchor}"')[1].split("</section>")[0]
        assert f'href="{study.link}"' in listed
        for row in study.rows:
            assert f"{row.table}:{row.row}" in listed
            assert row.what in listed
            assert row.locator in listed


def test_ids_are_used_once(made: ModuleType, page_with: Callable[..., Page]) -> None:
    later = replace(made.THREE, question=replace(made.THREE.question, month=12.0))
    page = page_with(made.THREE, later)
    assert len(page.ids) == len(set(page.ids))


def test_headings_step_down_one_at_a_time(made: ModuleType, page_with: Callable[..., Page]) -> None:
    levels = [int(tag[1]) for tag, _ in page_with(made.THREE).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_key_numbers_stand_on_the_page(
    made: ModuleType, page_with: Callable[..., Page]
) -> None:
    text = page_with(made.THREE).text
    for said in (
        "−8.3 (−15.1 to −1.5)",
        "−27.0 to 10.4",
        "3 trials, 183 people",
        "52 against 37",
        "17.5 points",
        "Late 2020",
        "Not randomised",
        "SD not reported: 20.1 points imputed, pooled",
        "reprieve ask knee_osteoarthritis --treatment cell_therapy --comparator hyaluronic_acid "
        "--outcome pain --month 6",
        "not medical advice",
        "Evidence of 20",
    ):
        assert said in text


def test_charts_are_described_and_have_a_still_and_two_live_forms(
    made: ModuleType, page_with: Callable[..., Page]
) -> None:
    page = page_with(made.THREE)
    pictures = [d for d in page.all("div") if d.get("role") == "img"]
    assert len(pictures) == 2
    assert all("100" in (picture["aria-label"] or "") for picture in pictures)
    assert [s.get("data-width") for s in page.all("script") if s.get("data-width")] == [
        "wide",
        "narrow",
    ]
    assert page.source.count("<svg") >= 2


def test_table_headings_have_a_scope(made: ModuleType, page_with: Callable[..., Page]) -> None:
    headings = page_with(made.THREE).all("th")
    assert headings
    assert all(heading.get("scope") in ("col", "row") for heading in headings)


def test_hostile_words_stay_words(made: ModuleType, page_with: Callable[..., Page]) -> None:
    attack = '"><script>alert(1)</script>'
    bad = replace(
        made.THREE.studies[0],
        label=attack,
        link="javascript:alert(1)",
        treatment=attack,
        notes=(attack,),
        rows=(replace(made.THREE.studies[0].rows[0], what=attack, locator=attack),),
    )
    answer = replace(
        made.answer(bad, made.THREE.studies[1]), in_words=attack, excluded=made.EXCLUDED
    )
    page = page_with(answer)
    assert "<script>alert" not in page.source
    assert not [link for link in page.links if link.startswith("javascript")]
    assert attack in page.text


def test_where_nothing_was_tested_the_page_says_so(
    made: ModuleType, page_with: Callable[..., Page]
) -> None:
    page = page_with(made.answer())
    assert "no trial tests this" in page.text
    assert "No number can be given yet for cell therapy" in page.text
    assert "window.vegaEmbed = " not in page.source


def test_trials_without_a_number_are_listed_with_the_reason(
    made: ModuleType, page_with: Callable[..., Page]
) -> None:
    page = page_with(replace(made.answer(), status="not_read", excluded=made.EXCLUDED))
    assert "Compared in trials, but no number yet" in page.text
    assert "https://doi.org/10.1000/late" in page.links


def test_a_single_trial_is_named_as_such(made: ModuleType, page_with: Callable[..., Page]) -> None:
    text = page_with(made.answer(made.THREE.studies[0])).text
    assert "one trial alone; nothing was pooled" in text
    assert "not estimable" in text


def test_a_visit_at_another_month_is_told(made: ModuleType, page_with: Callable[..., Page]) -> None:
    year = replace(made.THREE.studies[0], month=12.0)
    assert "measured at month 12" in page_with(made.answer(year)).text
    assert "measured at month" not in page_with(made.answer(made.THREE.studies[0])).text


def test_trials_not_read_yet_are_listed(tmp_path: Path) -> None:
    page = Page(write_report("diabetic_neuropathy", tmp_path))
    evidence = load_evidence()
    read = {*evidence.outcomes["study_id"], *evidence.contrasts["study_id"]}
    unread = evidence.studies.filter(
        evidence.studies["condition"] == "diabetic_neuropathy",
    )
    labels = [s["label"] for s in unread.iter_rows(named=True) if s["study_id"] not in read]
    assert labels
    assert all(label in page.text for label in labels)


@pytest.mark.parametrize(
    "conditions",
    [
        ("hip_osteoarthritis", "radiculopathy", "tendinopathy", "trigeminal_neuralgia"),
        pytest.param((), marks=pytest.mark.slow, id="all"),
    ],
)
def test_all_conditions_and_their_index(
    conditions: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "comparisons", first_without_number)
    seen: list[tuple[int, int, str]] = []
    folder, evidence = tmp_path / "new" / "folder", only(conditions)
    index = write_all(folder, evidence, progress=lambda *step: seen.append(step))
    page = Page(index)
    pages = [link for link in page.links if link.endswith(".html")]
    assert len(pages) == len(set(pages)) == evidence.studies["condition"].n_unique()
    assert all((index.parent / link).exists() for link in pages)
    assert seen[0][0] == 0
    assert seen[-1][:2] == (len(pages) + 1, len(pages) + 1)
    back = Page(index.parent / pages[0])
    assert "index.html" in back.links
    assert not list(index.parent.glob(".*"))


def only(conditions: tuple[str, ...]) -> Evidence:
    """The evidence on some conditions; on all where none is named."""
    whole = load_evidence()
    if not conditions:
        return whole
    mine = whole.studies["study_id"].filter(whole.studies["condition"].is_in(conditions))
    kept = {
        name: whole.table(name).filter(whole.table(name)["study_id"].is_in(mine.to_list()))
        for name in (*schema.TABLES, "cautions", "conflicts")
    }
    return replace(whole, **kept)


def first_without_number(condition: str, evidence: Evidence) -> list[Answer]:
    """Answers that need no figure, so that many pages are quick to write."""
    answers = comparisons(condition, evidence)
    return [a for a in answers if a.effect is None] or answers[:1]


def test_bad_calls_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnknownWordError, match="knee_osteoarthritis"):
        write_report("knee", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        write_all(file)
    assert file.read_text() == "mine"


def test_pooled_answers_say_whether_they_hold(tmp_path: Path) -> None:
    page = Page(write_report("knee_osteoarthritis", tmp_path))
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    pooled = [a for a in comparisons("knee_osteoarthritis", load_evidence()) if a.effect]
    several = [a for a in pooled if a.effect and a.effect.k >= 3]
    assert several
    assert page.text.count("Does the answer hold?") == len(several)
    assert page.text.count("If one trial is left out") == len(several)
    assert page.text.count("ways to analyse this question") == 1
    assert len([f for f in page.all("figure") if f["class"] == "curve"]) == 1
    for trial in several[0].studies:
        assert page.text.count(trial.label) >= 4
