"""Versions, alerts and their delivery, from evidence that people change in a store."""

import json
from dataclasses import replace

import pytest

from reprieve.errors import InputError
from reprieve.living.record import Dates, Record
from reprieve.living.store import models
from reprieve.living.store.records import keep_records
from reprieve.updates.deliveries.atom import Feed
from reprieve.updates.deliveries.channel import DeliveryError
from reprieve.updates.deliveries.settings import Outlets
from reprieve.updates.kept import alerts, last_version, stored_pipeline, version, versions
from reprieve.updates.run import update

PAIN = "knee_osteoarthritis cell_therapy placebo pain 6"
MEANS = {"a": (30, 45), "b": (32, 46), "c": (31, 47), "d": (29, 44)}


@pytest.fixture(scope="module")
def small(make_shared_evidence):
    """Four trials that agree: cells are better than saline."""
    return make_shared_evidence(
        studies=[
            {"study_id": s, "label": f"Trial {s}", "n_randomised": 80, "doi": f"10.1000/{s}"}
            for s in MEANS
        ],
        arms=[
            {"study_id": s, "arm_id": arm, "n_randomised": 40}
            for s in MEANS
            for arm in ("cells", "saline")
        ],
        outcomes=[
            {"study_id": s, "arm_id": arm, "mean": mean, "sd": 10, "n": 40}
            for s, means in MEANS.items()
            for arm, mean in zip(("cells", "saline"), means, strict=True)
        ],
    )


def change(store, study, **cells):
    """An editor corrects the mean of the cells arm."""
    row = store.rows("outcomes", study, arm_id="cells")[0]
    return store.edit(row.id, cells, who="editor", why=f"misread in {study}")


class Box:
    """A way out that keeps what it is given, or refuses."""

    def __init__(self, name="box", broken=False):
        self.name, self.broken, self.got = name, broken, []

    def deliver(self, alert):
        if self.broken:
            raise DeliveryError(f"{self.name} is broken")
        self.got.append(alert)


def test_the_first_version_wakes_nobody(filled):
    found = update(filled)
    assert (found.version.number, found.alerts) == (1, ())
    assert found.version.triggers == ("the first version",)
    assert found.kept == 0
    assert version(filled) == found.version


def test_nothing_new_makes_no_version(filled):
    update(filled)
    again = update(filled)
    assert (again.version, again.alerts, again.recomputed) == (None, (), 0)
    assert len(versions(filled)) == 1


def test_a_small_change_makes_a_version_and_no_alert(filled):
    update(filled)
    change(filled, "a", mean=31)
    found = update(filled)
    assert found.version.number == 2
    assert found.version.preceding.startswith("version 1 (")
    assert found.alerts == ()
    assert any(each.key == PAIN for each in found.version.differences)
    assert "A. Editor (editor)" in found.version.people[0]
    assert "misread in a" in found.version.people[0]
    assert 0 < found.recomputed < found.recomputed + found.kept


def test_a_change_of_the_conclusion_is_told_once(filled):
    box = Box()
    update(filled, outlets=Outlets((box,)))
    change(filled, "a", mean=75)
    found = update(filled, outlets=Outlets((box,)))
    told = next(alert for alert in found.alerts if alert.difference.key == PAIN)
    assert "crosses_null" in told.kinds
    assert "no longer shown" in told.text()
    assert "Trial a: 30.0" in told.text()
    assert [alert.key for alert in box.got] == [alert.key for alert in found.alerts]
    update(filled, outlets=Outlets((box,)))
    assert len(box.got) == len(found.alerts)


def test_undoing_is_told_too(filled):
    update(filled)
    batch = change(filled, "a", mean=75)
    update(filled)
    filled.undo(batch=batch, who="editor", why="it was right")
    found = update(filled)
    assert any("no longer includes no difference" in alert.text() for alert in found.alerts)
    first, last = versions(filled)[-1], versions(filled)[0]
    assert (first.number, last.number) == (1, 3)


def test_drift_is_told_against_what_readers_know(filled):
    """Many shifts too small to tell add up; the sum is told, once."""
    update(filled)
    told = []
    for mean in (45, 60, 75):
        change(filled, "a", mean=mean)
        told += [a for a in update(filled).alerts if a.difference.key == PAIN]
    assert len(told) == len({alert.key for alert in told})
    with filled.reading() as session:
        last = last_version(session)
    assert last.announced.conclusions[PAIN] == last.standing.conclusions[PAIN]
    change(filled, "a", mean=76)
    assert not [a for a in update(filled).alerts if a.difference.key == PAIN]
    with filled.reading() as session:
        last = last_version(session)
    assert last.announced.conclusions[PAIN] != last.standing.conclusions[PAIN]


def test_unverified_rows_change_nothing(filled):
    update(filled)
    rows = [
        {"study_id": "e", "label": "Trial e", "doi": "10.1000/e", "year": 2020, "readings": 0,
         "condition": "knee_osteoarthritis", "design": "parallel", "blinding": "double",
         "source_url": "https://example.org"},
    ]  # fmt: skip
    from reprieve.living.store import Insert

    filled.change([Insert("studies", rows[0])], who="reprieve", why="posted", kind="proposal")
    assert update(filled).alerts == ()


def test_a_way_out_that_fails_gets_it_at_the_next_run(filled):
    good, bad = Box("good"), Box("bad", broken=True)
    update(filled, outlets=Outlets((good, bad)))
    change(filled, "a", mean=75)
    found = update(filled, outlets=Outlets((good, bad)))
    assert found.problems
    assert found.problems == ("bad is broken",)
    assert len(good.got) == len(found.alerts) > 0
    bad.broken = False
    found = update(filled, outlets=Outlets((good, bad)))
    assert found.problems == ()
    assert [a.key for a in bad.got] == [a.key for a in good.got]


def test_killed_after_it_arrived_it_comes_again_under_the_same_key(filled):
    class Killed(Box):
        def deliver(self, alert):
            super().deliver(alert)
            raise KeyboardInterrupt

    box, again = Killed(), Box()
    update(filled, outlets=Outlets((box,)))
    change(filled, "a", mean=75)
    with pytest.raises(KeyboardInterrupt):
        update(filled, outlets=Outlets((box,)))
    assert len(box.got) == 1
    found = update(filled, outlets=Outlets((again,)))
    assert (found.version, found.alerts) == (None, ())  # they were written, and waited
    assert again.got[0].key == box.got[0].key
    assert len({alert.key for alert in again.got}) == len(again.got) == len(alerts(filled))


def test_a_way_out_that_is_gone_strands_its_alerts_and_a_new_one_gets_only_new_ones(filled):
    update(filled, outlets=Outlets((Box("old", broken=True),)))
    change(filled, "a", mean=75)
    update(filled, outlets=Outlets((Box("old", broken=True),)))
    new = Box("new")
    found = update(filled, outlets=Outlets((new,)))
    assert new.got == []
    assert found.delivered.stranded > 0


def test_the_feed(filled, tmp_path):
    outlets = Outlets(feed=Feed(tmp_path / "feed.xml", "urn:x:feed"))
    update(filled, outlets=outlets)
    empty = (tmp_path / "feed.xml").read_text()
    change(filled, "a", mean=75)
    found = update(filled, outlets=outlets)
    assert empty.count("<entry>") == 0
    assert (tmp_path / "feed.xml").read_text().count("<entry>") == len(found.alerts)
    assert [a.key for a in alerts(filled)] == [a.key for a in reversed(found.alerts)]


def test_the_log_in_three_forms(filled):
    update(filled)
    change(filled, "a", mean=75)
    found = update(filled, schedule="every Monday at 6:00").version
    text, markdown = found.text(), found.markdown()
    for part in (
        "a living systematic review, version 2",
        "version 1 (",
        "every Monday at 6:00",
        "the evidence changed (1 edit)",
        "4 trials with 320 people",
        "Trial a",
    ):
        assert part in text
        assert part in markdown.replace("\\", "")
    assert json.loads(json.dumps(found.to_dict()))["title"] == found.title
    assert version(filled, 1).number == 1
    with pytest.raises(InputError, match="version 9"):
        version(filled, 9)


def test_markdown_keeps_what_came_from_outside_as_text(filled):
    update(filled)
    row = filled.rows("studies", "a")[0]
    hostile = "<script>alert(1)</script> [x](http://e) `*"
    filled.edit(row.id, {"label": hostile}, who="editor", why="a label | with *signs*")
    change(filled, "a", mean=75)
    markdown = update(filled).version.markdown()
    assert "<script>" not in markdown
    assert "[x](" not in markdown


def test_a_retired_review_is_not_updated(filled):
    update(filled)
    last = update(filled, retire="superseded by a larger review").version
    assert "Retired: superseded" in last.text()
    with pytest.raises(InputError, match="superseded"):
        update(filled)


def test_another_version_of_the_software_asks_everything_again(filled, monkeypatch):
    update(filled)
    monkeypatch.setattr("reprieve.updates.run.installed", lambda _: "9.9")
    found = update(filled)
    assert found.kept == 0
    assert any("Reprieve 9.9" in why for why in found.version.triggers)
    assert found.alerts == ()


def test_an_empty_store(store):
    with pytest.raises(InputError, match="no evidence"):
        update(store)


def registration(**more):
    plain = {
        "source": "clinicaltrials.gov",
        "id": "NCT09999999",
        "kind": "registration",
        "title": "Mesenchymal stem cells for knee osteoarthritis",
        "conditions": ("Knee Osteoarthritis",),
        "status": "completed",
        "study_type": "interventional",
        "enrollment": 60,
        "dates": Dates(primary_completion="2020-01"),
    }
    return Record(**(plain | more))


def keep(store, *records):
    with store.writing() as session:
        for kept in keep_records(session, records):
            kept.row.recognised = {"condition": "knee_osteoarthritis", "confidence": 1.0}
            kept.row.is_cell_therapy, kept.row.condition = True, "knee_osteoarthritis"


def test_a_trial_that_falls_silent(filled):
    keep(filled, registration(status="recruiting"))
    update(filled)
    keep(filled, registration())
    found = update(filled)
    assert [alert.kinds for alert in found.alerts] == [("silent",)]
    assert "NCT09999999" in found.alerts[0].text()
    assert "60 people planned" in found.alerts[0].text()
    assert "results of registered trials became overdue" in found.version.triggers
    assert update(filled).version is None


def test_a_silent_trial_seen_for_the_first_time_is_no_news(filled):
    update(filled)
    keep(filled, registration())
    assert update(filled).alerts == ()


def test_a_retraction(filled):
    paper = Record("pubmed", "1", "paper", ids=("doi:10.1000/a",), title="A trial")
    keep(filled, paper)
    update(filled)
    keep(filled, replace(paper, retracted=True))
    found = update(filled)
    told = next(alert for alert in found.alerts if "retracted" in alert.kinds)
    assert "Trial a" in told.text()
    assert "without it:" in told.text()
    assert "until a person decides" in told.text()
    assert update(filled).alerts == ()


def test_the_pipeline_of_a_store(filled, small):
    from datetime import date

    with filled.reading() as session:
        assert "extract" in stored_pipeline(session, small, date(2026, 1, 1)).source
    keep(filled, registration())
    with filled.reading() as session:
        found = stored_pipeline(session, small, date(2026, 1, 1))
    assert [each.trial.id for each in found.trials] == ["NCT09999999"]
    assert found.counts["overdue"] == (1, 60)


def test_what_is_kept_can_not_be_changed(filled):
    update(filled)
    with pytest.raises(Exception, match="append"), filled.writing() as session:
        session.get_one(models.Version, 1).number = 7
