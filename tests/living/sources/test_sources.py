"""Each source against the loopback server of real replies, well-behaved and not."""

import json
import subprocess
import sys
from collections import deque
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.living.sources import SOURCES, SourceError, pubmed, source
from reprieve.living.sources.ctgov import ClinicalTrialsGov, Version
from reprieve.living.sources.ctis import Ctis
from reprieve.living.sources.europepmc import EuropePmc
from reprieve.living.sources.isrctn import Isrctn
from reprieve.living.sources.pubmed import PubMed
from reprieve.living.sources.queries import default_query

SAMPLES = Path(__file__).parents[1] / "samples"
STUDIES = "/ctgov/v2/studies"


def numbers(pages):
    return [record.id for page in pages for record in page.records]


def everything(loopback, faults):
    return {
        "clinicaltrials.gov": {faults.nct(study) for study in loopback.studies},
        "pubmed": {str(number) for number in loopback.articles},
        "europepmc": {result["id"] for result in loopback.results},
        "isrctn": set(loopback.trials),
        "ctis": {trial["ctNumber"] for trial in loopback.eu_trials},
    }


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_gives_all_its_records_once(client, loopback, faults, name):
    fill(loopback)
    query = default_query(name)
    pages = list(source(name, client).search(query))
    found = numbers(pages)
    assert sorted(found) == sorted(everything(loopback, faults)[name])
    assert len(found) > 1
    assert all(page.cursor for page in pages[:-1])
    assert pages[-1].cursor is None
    assert all(page.total == len(found) for page in pages)
    assert all(query in page.searched and page.left_out == () for page in pages)
    assert {record.source for page in pages for record in page.records} == {name}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_goes_on_where_it_was_left(make_client, loopback, faults, name, monkeypatch):
    fill(loopback)
    monkeypatch.setattr("reprieve.living.sources.ctis.PAGE_SIZE", 2)
    monkeypatch.setattr("reprieve.living.sources.isrctn.PAGE_SIZE", 2)
    monkeypatch.setattr(pubmed, "PAGE_SIZE", 2)
    monkeypatch.setattr(pubmed, "MOST_NUMBERS", 3)
    query, cursor, found, rounds = default_query(name), None, [], 0
    while rounds == 0 or cursor is not None:
        page = next(source(name, make_client()).search(query, resume=cursor))
        cursor = page.cursor
        found += [record.id for record in page.records]
        rounds += 1
    assert sorted(found) == sorted(everything(loopback, faults)[name])
    assert rounds > 2


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_dies_half_way_leaves_what_came_before(
    make_client, loopback, faults, name, monkeypatch
):
    fill(loopback)
    monkeypatch.setattr("reprieve.living.sources.ctis.PAGE_SIZE", 2)
    monkeypatch.setattr("reprieve.living.sources.isrctn.PAGE_SIZE", 2)
    monkeypatch.setattr(pubmed, "PAGE_SIZE", 2)
    query = default_query(name)
    path = {"clinicaltrials.gov": "/ctgov"}.get(name, f"/{name}")
    pages = source(name, make_client(attempts=2)).search(query)
    kept = [next(pages)]
    loopback.misbehave(path, *[faults.dropped] * 2)
    with pytest.raises(SourceError):
        next(pages)
    rest = list(source(name, make_client()).search(query, resume=kept[0].cursor))
    assert sorted(numbers(kept + rest)) == sorted(everything(loopback, faults)[name])
    assert not set(numbers(kept)) & set(numbers(rest))


@pytest.mark.parametrize("name", SOURCES)
def test_a_cursor_of_another_search_is_refused(client, loopback, name):
    fill(loopback)
    one = source(name, client)
    query = default_query(name)
    cursor = next(source("clinicaltrials.gov", client).search("other words")).cursor
    for wrong in (cursor, "{}", "nonsense", "[1]", '{"source": 1}', "[" * 100_000):
        with pytest.raises(InputError, match="begin"):
            next(one.search(query, resume=wrong))
    with pytest.raises(InputError, match="empty"):
        next(one.search("  "))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("clinicaltrials.gov", "NCT00000001"),
        ("pubmed", "1"),
        ("europepmc", "1"),
        ("isrctn", "ISRCTN00000001"),
        ("ctis", "2099-000000-00-00"),
    ],
)
def test_records_are_fetched_by_number_and_the_vanished_are_named(
    client, loopback, faults, name, number
):
    held = sorted(everything(loopback, faults)[name])
    got = source(name, client).fetch([*held, number, held[0]])
    assert sorted(record.id for record in got.records) == held
    assert got.vanished == (number,)
    for wrong in ("../secret", "", "NCT1", "1 OR 2"):
        with pytest.raises(InputError, match="expected"):
            source(name, client).fetch([wrong])


def test_an_unknown_source_is_named_with_the_nearest(client):
    with pytest.raises(UnknownWordError, match="did you mean 'pubmed'"):
        source("pubmet", client)


@pytest.mark.parametrize("name", SOURCES)
def test_a_search_that_finds_nothing_comes_to_an_end(client, loopback, name):
    loopback.studies, loopback.articles, loopback.results = [], {}, []
    loopback.trials, loopback.eu_trials = {}, []
    for since in (None, date(2026, 1, 1), date(2999, 1, 1)):
        *_, last = source(name, client).search(default_query(name), since=since)
        assert (last.records, last.cursor) == ((), None)


# ClinicalTrials.gov


def test_real_pages_byte_for_byte(client, loopback):
    first, second = (SAMPLES / f"ctgov_v2/_search_page_{n}.json" for n in (1, 2))
    token = json.loads(first.read_bytes())["nextPageToken"]
    loopback.literal_pages = {None: first.read_bytes(), token: second.read_bytes()}
    pages = list(ClinicalTrialsGov(client).search("Phelan-McDermid"))
    assert [len(page.records) for page in pages] == [5, 5, 0]
    assert [page.total for page in pages] == [21, 21, 21]  # the second page doesn't say
    assert numbers(pages)[:2] == ["NCT02710084", "NCT05105685"]
    asked = loopback.asked(STUDIES)
    assert asked[1].params.pop("pageToken") == token
    assert asked[0].params == asked[1].params


def test_since_asks_for_what_was_updated(client, loopback, faults):
    (page,) = ClinicalTrialsGov(client).search("pain", since=date(2025, 1, 1))
    advanced = loopback.requests[0].params["filter.advanced"]
    assert advanced == "AREA[LastUpdatePostDate]RANGE[2025-01-01,MAX]"
    assert page.total < len(loopback.studies)
    assert all(record.dates.last_update >= "2025-01-01" for record in page.records)


WITH_MARKS = ("clinicaltrials.gov", "europepmc")


@pytest.mark.parametrize("name", WITH_MARKS)
def test_a_mark_that_expires(client, loopback, faults, name):
    pages = source(name, client).search("pain")
    some = [next(pages)]
    loopback.expire_tokens()
    rest = list(pages)
    assert len(numbers(some)) == 3
    assert sorted(numbers(some + rest)) == sorted(everything(loopback, faults)[name])


@pytest.mark.parametrize("name", WITH_MARKS)
def test_a_kept_mark_that_has_expired(make_client, loopback, faults, name):
    some = [next(source(name, make_client()).search("pain"))]
    loopback.expire_tokens()
    rest = list(source(name, make_client()).search("pain", resume=some[-1].cursor))
    assert sorted(numbers(some + rest)) == sorted(everything(loopback, faults)[name])


@pytest.mark.parametrize("name", WITH_MARKS)
def test_marks_that_never_hold_end_in_an_error(client, loopback, name):
    pages = source(name, client).search("pain")
    with pytest.raises(SourceError, match="expire before they can be used"):
        deque((loopback.expire_tokens() for _ in pages), maxlen=0)


@pytest.mark.parametrize("name", WITH_MARKS)
def test_duplicates_across_pages_come_once(client, loopback, faults, name):
    loopback.overlap = 1
    found = numbers(source(name, client).search(default_query(name)))
    assert sorted(found) == sorted(everything(loopback, faults)[name])


def test_a_record_updated_during_the_search_comes_again(client, loopback, faults):
    pages = ClinicalTrialsGov(client).search("pain")
    first = next(pages)
    study = next(s for s in loopback.studies if faults.nct(s) == first.records[0].id)
    status = study["protocolSection"].setdefault("statusModule", {})
    status["lastUpdatePostDateStruct"] = {"date": "2099-01-01"}
    assert numbers(pages).count(first.records[0].id) == 1


def test_a_broken_study_does_not_cost_the_others(client, loopback):
    studies = [{"protocolSection": {}}, *loopback.studies, "nonsense"]
    loopback.literal_pages = {None: json.dumps({"studies": studies}).encode()}
    (page,) = ClinicalTrialsGov(client).search("pain")
    assert len(page.records) == len(loopback.studies)
    assert [fault.what for fault in page.left_out] == ["a study without a number"] * 2


def test_a_query_that_the_register_refuses(client, loopback, faults):
    said = b"Error parsing query in `query.term`: unbalanced"
    loopback.misbehave(STUDIES, faults.status(400, body=said))
    with pytest.raises(SourceError, match=r"unbalanced; correct the query"):
        next(ClinicalTrialsGov(client).search("(pain"))


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"studies": 1}', b"null", b"", b"[" * 9999])
def test_json_of_another_kind_is_tried_again(client, loopback, faults, body):
    loopback.misbehave(STUDIES, faults.status(200, body=body, kind="application/json"))
    assert len(next(ClinicalTrialsGov(client).search("pain")).records) == 3


def test_the_number_of_a_withdrawn_duplicate_leads_to_the_one_kept(client, loopback):
    protocol = loopback.studies[0]["protocolSection"]
    protocol["identificationModule"]["nctIdAliases"] = ["NCT00000002"]
    got = ClinicalTrialsGov(client).fetch(["NCT00000002"])
    assert [record.id for record in got.records] == ["NCT00763412"]
    assert got.vanished == ()


def test_history_of_status(client, loopback, faults):
    loopback.histories["NCT02110043"] = [
        {"version": 0, "date": "2014-04-08", "status": "NOT_YET_RECRUITING", "moduleLabels": []},
        {"version": 1, "date": "2014-09-22", "status": "RECRUITING", "moduleLabels": ["Status"]},
    ]
    assert ClinicalTrialsGov(client).history("NCT02110043") == (
        Version(0, "2014-04-08", "not_yet_recruiting", ()),
        Version(1, "2014-09-22", "recruiting", ("Status",)),
    )
    changed = faults.status(200, body=b'{"changes": []}', kind="application/json")
    loopback.misbehave("/ctgov/int", *[changed] * 4)
    with pytest.raises(SourceError, match="JSON without a history"):
        ClinicalTrialsGov(client).history("NCT02110043")


# PubMed


def test_pubmed_cuts_a_large_search_into_days(client, loopback, monkeypatch):
    fill(loopback, articles=23)
    monkeypatch.setattr(pubmed, "MOST_NUMBERS", 5)
    monkeypatch.setattr(pubmed, "PAGE_SIZE", 2)
    pages = list(PubMed(client, today=date(2026, 11, 1)).search("cells"))
    assert sorted(numbers(pages)) == sorted(map(str, loopback.articles))
    assert {page.total for page in pages} == {23}
    spans = [(a.form["mindate"], a.form["maxdate"]) for a in loopback.asked("/pubmed/esearch")]
    assert spans[0] == ("1800/01/01", "2026/11/01")
    assert len(spans) > 5
    assert {a.form["datetype"] for a in loopback.asked("/pubmed/esearch")} == {"edat"}


def test_pubmed_since_asks_for_what_was_revised(make_client, loopback):
    client = make_client(contact="team@example.org")
    pages = list(PubMed(client, today=date(2026, 11, 1)).search("cells", since=date(2026, 5, 1)))
    assert numbers(pages) == ["22663011"]
    form = loopback.requests[0].form
    assert (form["datetype"], form["mindate"], form["maxdate"]) == (
        "mdat",
        "2026/05/01",
        "2026/11/01",
    )
    assert (form["tool"], form["email"]) == ("reprieve", "team@example.org")
    assert pages[0].searched == "(cells) AND 2026/05/01:2026/11/01[mdat]"


def test_pubmed_says_what_it_did_not_understand(client):
    notes = list(PubMed(client).search('"hydrozoan"'))[-1].notes
    assert 'PubMed knows no phrase: "hydrozoan"' in notes
    assert notes[-1] == 'PubMed read the query as: "hydrozoan"'


def test_an_error_of_pubmed_with_status_200_is_no_empty_result(client, loopback, faults):
    body = b'{"esearchresult": {"ERROR": "Search Backend failed"}}'
    failed = faults.status(200, body=body, kind="application/json")
    loopback.misbehave("/pubmed/esearch", failed)
    assert numbers(PubMed(client).search("cells"))
    loopback.misbehave("/pubmed/esearch", *[failed] * 4)
    with pytest.raises(SourceError, match="Search Backend failed"):
        next(PubMed(client).search("cells"))


def test_an_article_listed_but_gone_is_named(client, loopback):
    loopback.articles[1] = {"xml": b"", "edat": "2020-01-01", "mdat": "2020-01-01"}
    pages = list(PubMed(client).search("cells"))
    assert pages[0].vanished == ("1",)
    assert len(pages[0].records) == 2


# Europe PMC


def test_full_text_of_an_open_article(client, loopback, faults):
    assert EuropePmc(client).full_text("PMC5446739") == loopback.full_texts["PMC5446739"]
    with pytest.raises(SourceError, match="no such record"):
        EuropePmc(client).full_text("PMC1")
    loopback.misbehave("/europepmc", *[faults.bomb] * 4)
    with pytest.raises(SourceError, match="entities"):
        EuropePmc(client).full_text("PMC5446739")


def test_europe_pmc_since(client, loopback):
    next(EuropePmc(client).search("a OR b", since=date(2026, 5, 1)))
    asked = loopback.requests[0].params
    span = "[2026-05-01 TO *]"
    assert asked["query"] == f"(a OR b) AND (FIRST_IDATE:{span} OR UPDATE_DATE:{span})"
    assert (asked["resultType"], asked["synonym"]) == ("core", "TRUE")


# ISRCTN and CTIS


def test_isrctn_cuts_by_the_day_of_the_last_edit(client, loopback, monkeypatch):
    fill(loopback)
    monkeypatch.setattr("reprieve.living.sources.isrctn.PAGE_SIZE", 2)
    for number in list(loopback.edited)[:4]:
        loopback.edited[number] = "2022-02-02"  # more on one day than a reply holds
    pages = list(Isrctn(client, today=date(2026, 11, 1)).search("cells"))
    assert sorted(numbers(pages)) == sorted(loopback.trials)
    assert max(len(page.records) for page in pages) == 4
    assert loopback.requests[0].params["q"] == (
        "(cells) AND lastEdited GE 2000-01-01T00:00:00 AND lastEdited LT 2026-11-02T00:00:00"
    )


def test_ctis_retrieves_only_what_has_changed(client, loopback):
    ct = loopback.eu_trials[0]
    loopback.eu_trials.append({**ct, "ctNumber": "2023-000000-11-00", "lastUpdated": "01/02/2024"})
    found = numbers(Ctis(client).search('{"containAny": "cells"}', since=date(2025, 9, 15)))
    assert found == ["2024-510663-34-00"]
    assert [a.path for a in loopback.asked("/ctis/retrieve")] == [
        "/ctis/retrieve/2024-510663-34-00"
    ]
    body = json.loads(loopback.requests[0].body)
    assert body["pagination"]["page"] == 1  # 0 finds nothing, whatever is asked
    assert body["searchCriteria"] == {"containAny": "cells"}


def test_a_ctis_trial_that_vanishes_between_list_and_record(client, loopback):
    gone = {"ctNumber": "2023-000000-11-00", "ctStatus": 4}
    loopback.eu_trials.append(gone)
    (page,) = Ctis(client).search('{"containAny": "cells"}')
    assert page.vanished == ("2023-000000-11-00",)
    assert numbers([page]) == ["2024-510663-34-00"]
    with pytest.raises(InputError, match="expected its criteria as JSON"):
        next(Ctis(client).search("cells"))


def test_ctis_that_finds_more_than_it_shows(client, loopback, monkeypatch):
    fill(loopback)
    monkeypatch.setattr("reprieve.living.sources.ctis._MOST_RECORDS", 5)
    with pytest.raises(SourceError, match="finds 6 trials and shows 5; narrow the query"):
        next(Ctis(client).search('{"containAny": "cells"}'))


# A server that runs as a process of its own, and is killed


def test_a_killed_server_costs_nothing_but_time(faults, tmp_path):
    from reprieve.living.sources import Settings
    from reprieve.living.sources.client import PoliteClient

    def serve():
        process = subprocess.Popen(
            [sys.executable, faults.__file__], stdout=subprocess.PIPE, text=True
        )
        return process, json.loads(process.stdout.readline())

    def ask(environment):
        urls = Settings.from_environment(environment).urls
        settings = Settings(urls=urls, cache_dir=tmp_path, retry_seconds=0, attempts=2)
        return PoliteClient(settings)

    process, environment = serve()
    with process, ask(environment) as client:
        pages = ClinicalTrialsGov(client).search("pain")
        kept = list(islice(pages, 2))
        process.kill()
        process.wait()
        with pytest.raises(SourceError, match="connection failed"):
            next(pages)
    process, environment = serve()
    with process, ask(environment) as client:
        rest = list(ClinicalTrialsGov(client).search("pain", resume=kept[-1].cursor))
        process.kill()
    found = numbers(kept + rest)
    assert len(found) == len(set(found)) == 15


def fill(loopback, articles=9):
    """More records of the sources that have only one or two: the samples under other numbers."""
    (first, article), *_ = loopback.articles.items()
    for n in range(articles - len(loopback.articles)):
        number = 30_000_000 + 7 * n
        loopback.articles[number] = {
            "xml": article["xml"].replace(str(first).encode(), str(number).encode()),
            "edat": f"20{10 + n % 9}-03-0{1 + n % 7}",
            "mdat": "2026-01-01",
        }
    trial = next(iter(loopback.trials.values()))
    for n in range(5):
        number = f"ISRCTN1000000{n}"
        loopback.trials[number] = {**trial, "isrctn": number.removeprefix("ISRCTN")}
        loopback.edited[number] = f"20{15 + n}-06-01"
    eu_trial = loopback.eu_trials[0]
    loopback.eu_trials += [{**eu_trial, "ctNumber": f"2023-00000{n}-11-00"} for n in range(5)]
