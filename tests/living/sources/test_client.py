"""One client: polite, patient, safe. The server is real; only the clock is not."""

import gzip
import sqlite3

import pytest

from reprieve.errors import InputError
from reprieve.living.sources import NotThereError, RefusedError, Settings, SourceError
from reprieve.living.sources.client import PoliteClient
from reprieve.living.sources.pace import Pace
from reprieve.living.sources.replies import as_json, as_xml

STUDY = "/ctgov/v2/studies/NCT00763412"
FETCH = "/pubmed/efetch.fcgi"


def study(client, loopback):
    reply = client.get(loopback.url + STUDY, None, as_json)
    return reply["protocolSection"]["identificationModule"]["nctId"]


def article(client, loopback):
    return client.post(f"{loopback.url}{FETCH}", as_xml, form={"id": "22663011"})


def test_says_who_asks(make_client, loopback):
    study(make_client(contact="team@example.org"), loopback)
    agent = loopback.requests[0].headers["user-agent"]
    assert agent.startswith("reprieve/")
    assert agent.endswith(" (+mailto:team@example.org)")


@pytest.mark.parametrize(
    "fault",
    [
        "status 429",
        "status 500",
        "status 502",
        "status 503",
        "status 504",
        "web_page",
        "disguised_web_page",
        "truncated",
        "cut_json",
        "dropped",
    ],
)
def test_what_passes_is_tried_again(client, loopback, faults, fault):
    code = fault.removeprefix("status ")
    once = faults.status(int(code)) if code != fault else getattr(faults, fault)
    loopback.misbehave(STUDY, once, once)
    assert study(client, loopback) == "NCT00763412"
    assert len(loopback.requests) == 3


def test_gives_up_after_some_tries_and_says_what_next(client, loopback, faults):
    loopback.misbehave(STUDY, *[faults.status(503, body=b"Down for\x1b[31m work")] * 9)
    with pytest.raises(SourceError) as caught:
        study(client, loopback)
    assert caught.value.status == 503
    assert len(loopback.requests) == 4
    assert str(caught.value) == (
        f"{loopback.url}{STUDY}: answered 503: Down for [31m work (tried 4 times); "
        "what was fetched before is kept; try again later"
    )


def test_a_web_page_every_time_is_an_error_that_says_so(client, loopback, faults):
    loopback.misbehave(STUDY, *[faults.web_page] * 9)
    with pytest.raises(SourceError, match="a web page instead of data"):
        study(client, loopback)


@pytest.mark.parametrize("status", [401, 403, 405, 418])
def test_what_does_not_pass_is_not_tried_again(client, loopback, faults, status):
    loopback.misbehave(STUDY, *[faults.status(status)] * 2)
    with pytest.raises(SourceError, match=f"answered {status}"):
        study(client, loopback)
    assert len(loopback.requests) == 1


def test_missing_and_refused_are_told_apart(client, loopback, faults):
    with pytest.raises(NotThereError, match="no such record"):
        client.get(f"{loopback.url}/ctgov/v2/studies/NCT00000001", None, as_json)
    loopback.misbehave(STUDY, faults.status(400, body=b"Error parsing query"))
    with pytest.raises(RefusedError, match="refused: Error parsing query; correct the query"):
        study(client, loopback)


class Waits:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def test_keeps_requests_to_one_host_apart(make_client, loopback):
    waits = Waits()
    settings = make_client(intervals={"127.0.0.1": 1.0}).settings
    pace = Pace(clock=lambda: waits.now, sleep=waits.sleep)
    with PoliteClient(settings, pace) as client:
        for _ in range(3):
            study(client, loopback)
    assert waits.slept == [1.0, 1.0]


def test_hosts_do_not_wait_for_one_another():
    waits = Waits()
    pace = Pace(clock=lambda: waits.now, sleep=waits.sleep)
    pace.wait("a.example.org", 1.0)
    pace.wait("b.example.org", 1.0)
    assert waits.slept == []


def test_the_intervals_that_sources_ask_for():
    without, with_key = Settings(), Settings(ncbi_key="k")
    assert without.interval("eutils.ncbi.nlm.nih.gov") == pytest.approx(1 / 3)
    assert with_key.interval("eutils.ncbi.nlm.nih.gov") == pytest.approx(1 / 10)
    assert {without.interval(h) for h in ("clinicaltrials.gov", "www.isrctn.com")} == {1.0}


@pytest.fixture
def pauses(monkeypatch):
    """What tenacity would have slept, without sleeping."""
    import tenacity.nap

    slept = []
    monkeypatch.setattr(tenacity.nap.time, "sleep", slept.append)
    return slept


def test_pauses_grow_and_are_not_the_same_for_everybody(make_client, loopback, faults, pauses):
    loopback.misbehave(STUDY, *[faults.status(500)] * 3)
    study(make_client(retry_seconds=1.0), loopback)
    assert len(pauses) == 3
    for pause, least in zip(pauses, (1, 2, 4), strict=True):
        assert least <= pause <= least + 1
    assert any(pause != int(pause) for pause in pauses)


def test_retry_after_is_honoured(make_client, loopback, faults, pauses):
    loopback.misbehave(STUDY, faults.status(429, retry_after=17))
    study(make_client(retry_seconds=1.0), loopback)
    assert len(pauses) == 1
    assert 17 <= pauses[0] <= 18


def test_a_pause_beyond_reason_is_told_not_slept(make_client, loopback, faults, pauses):
    loopback.misbehave(STUDY, faults.status(503, retry_after=86400))
    with pytest.raises(SourceError, match="left alone for 86400 seconds"):
        study(make_client(), loopback)
    assert pauses == []


def test_silence_and_trickles_end(make_client, loopback, faults):
    loopback.misbehave(STUDY, faults.slow(0.6), faults.trickling(0.05))
    client = make_client(timeout=0.3, patience=0.2)
    assert study(client, loopback) == "NCT00763412"
    assert len(loopback.requests) == 3


def test_an_unreachable_source_is_an_error(make_client, loopback):
    client = make_client(attempts=2)
    with pytest.raises(SourceError, match=r"the connection failed .* \(tried 2 times\)"):
        client.get("http://127.0.0.1:9/nothing", None, as_json)


def test_what_is_known_is_asked_for_conditionally(make_client, loopback, faults):
    first, second = make_client(), make_client()
    assert study(first, loopback) == study(second, loopback) == "NCT00763412"
    mark = loopback.requests[1].headers["if-none-match"]
    assert mark == loopback.answer(loopback.requests[0]).headers["ETag"]
    loopback.studies = [s for s in loopback.studies if not STUDY.endswith(faults.nct(s))]
    with pytest.raises(NotThereError):
        study(second, loopback)


def test_a_changed_record_replaces_the_kept_one(client, loopback, faults):
    before = client.get(loopback.url + STUDY, None, as_json)
    next(s for s in loopback.studies if faults.nct(s) in STUDY)["hasResults"] = "changed"
    after = client.get(loopback.url + STUDY, None, as_json)
    assert (before["hasResults"], after["hasResults"]) == (True, "changed")


def test_a_broken_reply_does_not_stay_in_the_cache(make_client, loopback, faults):
    # It came with the ETag of the whole: kept, it would return as "not modified" for ever.
    loopback.misbehave(STUDY, faults.cut_json)
    with pytest.raises(SourceError, match="no JSON"):
        study(make_client(attempts=1), loopback)
    assert study(make_client(attempts=1), loopback) == "NCT00763412"


def test_packed_replies_are_unpacked_and_bounded(make_client, loopback, faults):
    assert study(make_client(), loopback) == "NCT00763412"
    assert "gzip" in loopback.requests[0].headers["accept-encoding"]
    size = 50_000_000
    assert len(gzip.compress(b" " * size)) < size / 500
    loopback.misbehave(STUDY, faults.huge(size))
    with pytest.raises(SourceError, match="larger than 1,000,000 bytes"):
        study(make_client(most_bytes=1_000_000), loopback)
    assert len(loopback.requests) == 2


@pytest.mark.parametrize("fault", ["bomb", "outside_entity"])
def test_xml_with_entities_is_refused_at_once(client, loopback, faults, fault):
    loopback.misbehave(FETCH, getattr(faults, fault))
    with pytest.raises(SourceError, match="XML with entities or outside references"):
        article(client, loopback)
    assert len(loopback.requests) == 1


def test_another_host_is_not_followed(client, loopback, faults):
    loopback.misbehave(STUDY, faults.elsewhere("https://elsewhere.example.org/x"))
    with pytest.raises(SourceError, match=r"another place \(elsewhere.example.org\)"):
        study(client, loopback)
    assert len(loopback.requests) == 1


def test_the_same_host_is_followed_but_not_in_circles(client, loopback, faults):
    loopback.misbehave("/ctgov/old", faults.elsewhere(STUDY))
    reply = client.get(f"{loopback.url}/ctgov/old", None, as_json)
    assert reply["protocolSection"]["identificationModule"]["nctId"] == "NCT00763412"
    loopback.misbehave(STUDY, *[faults.elsewhere(STUDY)] * 9)
    with pytest.raises(SourceError, match="in circles"):
        study(client, loopback)


def test_a_declared_character_set_is_believed_when_utf8_fails(client, loopback, faults):
    name = '{"name": "Núñez"}'.encode("latin-1")
    as_declared = faults.status(200, body=name, kind="application/json; charset=iso-8859-1")
    loopback.misbehave(STUDY, as_declared)
    assert client.get(loopback.url + STUDY, None, as_json) == {"name": "Núñez"}
    wrongly = faults.status(200, body=name, kind="application/json; charset=utf-8")
    loopback.misbehave(STUDY, *[wrongly] * 4)
    with pytest.raises(SourceError, match="no text"):
        client.get(loopback.url + STUDY, None, as_json)


def test_the_key_reaches_pubmed_and_nothing_else(make_client, loopback, faults, tmp_path):
    client = make_client(ncbi_key="sesame", attempts=1)
    # On this machine all sources have one host; in the world only PubMed's gets the key.
    article(client, loopback)
    assert loopback.requests[-1].form["api_key"] == "sesame"
    study(client, loopback)
    loopback.misbehave(STUDY, faults.status(500))
    with pytest.raises(SourceError) as caught:
        study(client, loopback)
    assert "sesame" not in str(caught.value) + repr(caught.value) + repr(client.settings)
    client.close()
    kept = b"".join(p.read_bytes() for p in (tmp_path / "cache").iterdir())
    assert b"NCT00763412" in kept
    assert b"sesame" not in kept


def test_the_key_stays_away_from_other_hosts(make_client, loopback):
    urls = {**make_client().settings.urls, "pubmed": "https://eutils.ncbi.nlm.nih.gov/entrez"}
    study(make_client(ncbi_key="sesame", urls=urls), loopback)
    assert "sesame" not in repr(loopback.requests)


def test_an_unusable_cache_is_an_error_that_says_what_to_do(make_client, loopback, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="set REPRIEVE_CACHE_DIR"):
        study(make_client(cache_dir=tmp_path / "file"), loopback)
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / "replies.db") as other:
        other.execute("CREATE TABLE entries (something TEXT)")
    other.close()
    with pytest.raises(SourceError, match="set REPRIEVE_CACHE_DIR"):
        study(make_client(cache_dir=tmp_path / "other"), loopback)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REPRIEVE_CTGOV_URL", "clinicaltrials.gov"),
        ("REPRIEVE_CTIS_URL", "ftp://example.org"),
        ("REPRIEVE_PUBMED_URL", "https://user:secret@example.org"),
        ("REPRIEVE_CONTACT", "no address"),
        ("REPRIEVE_RETRY_SECONDS", "soon"),
        ("REPRIEVE_RETRY_SECONDS", "-1"),
        ("REPRIEVE_RETRY_SECONDS", "nan"),
    ],
)
def test_settings_that_make_no_sense_are_named(variable, value):
    with pytest.raises(InputError, match=variable) as caught:
        Settings.from_environment({variable: value})
    assert "secret" not in str(caught.value)
