"""The sources on this machine: real replies, and every way in which a source can misbehave.

Start it in a test (the fixture ``loopback``), or as a process of its own::

    python tests/living/loopback.py [--studies FILE] [--pause SECONDS]

which prints one line of JSON, the environment that leads Reprieve to it, and serves until it is
killed. What it serves are the replies in ``samples``; ISRCTN's XML is made from the JSON in which
the sample is kept, and dates of entry and cursors are the server's own.
"""

import argparse
import gzip
import hashlib
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

SAMPLES = Path(__file__).with_name("samples")
JSON, XML, TEXT, HTML = (
    "application/json;charset=utf-8",
    "application/xml;charset=UTF-8",
    "text/plain;charset=utf-8",
    "text/html;charset=utf-8",
)


@dataclass
class Answer:
    """What is sent back."""

    body: bytes
    kind: str = JSON
    status: int = 200
    headers: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request that came in."""

    method: str
    path: str
    params: dict
    headers: dict
    body: bytes

    @property
    def form(self):
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


# Faults: each is given the handler and the answer that would have been right.


def status(code, *, retry_after=None, body=b"", kind=TEXT):
    """Another status."""

    def send(handler, _):
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        handler.send(Answer(body, kind, code, headers))

    return send


def web_page(handler, _):
    """A page for people, with status 200."""
    handler.send(Answer(b"<!DOCTYPE html><html><body>Please wait</body></html>", HTML))


def disguised_web_page(handler, answer):
    """The same, said to be data."""
    handler.send(Answer(b"\n<html><body>Please wait</body></html>", answer.kind))


def truncated(handler, answer):
    """Half of the body, though the length of the whole is announced."""
    handler.send(answer, sent=answer.body[: len(answer.body) // 2], packed=False)


def cut_json(handler, answer):
    """Half of the body, and nobody says so."""
    handler.send(Answer(answer.body[: len(answer.body) // 2], answer.kind, 200, answer.headers))


def dropped(handler, _):
    """The connection ends without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def slow(seconds):
    """Nothing for a while."""

    def send(handler, answer):
        time.sleep(seconds)
        handler.send(answer)

    return send


def trickling(seconds):
    """A byte now and then, so that no time-out strikes."""

    def send(handler, answer):
        handler.begin(answer, len(answer.body))
        for byte in answer.body:
            handler.wfile.write(bytes([byte]))
            time.sleep(seconds)

    return send


def huge(size):
    """Blanks, packed small."""

    def send(handler, answer):
        handler.send(Answer(b" " * size, answer.kind))

    return send


def elsewhere(url, code=302):
    """Sent on to another address."""
    return lambda handler, _: handler.send(Answer(b"", TEXT, code, {"Location": url}))


def bomb(handler, _):
    """XML that grows when it is read."""
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(9))
    document = f"<!DOCTYPE x [{laughs}]><PubmedArticleSet>&a8;</PubmedArticleSet>"
    handler.send(Answer(document.encode(), XML))


def outside_entity(handler, _):
    """XML that would read a file of the reader's."""
    document = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><allTrials>&f;</allTrials>'
    handler.send(Answer(document.encode(), XML))


class Loopback:
    """The five sources, on one port."""

    def __init__(self):
        self.page_size = 3  # no source gives more at once
        self.overlap = 0  # so many records of a page come again on the next one
        self.pause = 0.0  # before every answer
        self.requests = []
        self.studies = _studies()
        self.literal_pages = {}  # page token -> a reply of ClinicalTrials.gov, byte for byte
        self.histories = {}
        self.articles = _articles()
        self.results = _sample("europepmc/search_lite_5hits.json")["resultList"]["result"]
        self.full_texts = {p.stem: p.read_bytes() for p in (SAMPLES / "jats").glob("*.nxml")}
        self.trials = {"ISRCTN88261002": _sample("other_registers/ISRCTN88261002.ctrdata.json")}
        self.edited = {"ISRCTN88261002": "2021-03-02"}
        self.eu_trials = [_sample("other_registers/CTIS_2024-510663-34-00.ctrdata.json")]
        self._epoch = 0
        self._faults = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("H", (_Handler,), {"of": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def environment(self):
        """What leads Reprieve here."""
        names = ("ctgov", "pubmed", "europepmc", "isrctn", "ctis")
        return {f"REPRIEVE_{name.upper()}_URL": f"{self.url}/{name}" for name in names}

    def misbehave(self, path, *faults):
        """The next requests to `path` go wrong: one fault each, None for a right answer."""
        self._faults.setdefault(path, []).extend(faults)

    def expire_tokens(self):
        """No page token handed out until now is known any longer."""
        self._epoch += 1

    def asked(self, path):
        """The requests to `path` so far."""
        return [asked for asked in self.requests if asked.path.startswith(path)]

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def fault_for(self, path):
        for start, faults in self._faults.items():
            if path.startswith(start) and faults:
                return faults.pop(0)
        return None

    def answer(self, asked):
        if asked.path.startswith("/ctgov/v2/studies/"):
            return self._study(asked)
        if asked.path.startswith("/ctgov/int/studies/"):
            return self._history(asked)
        if asked.path.startswith("/ctis/retrieve/"):
            return self._eu_trial(asked)
        if asked.path.endswith("/fullTextXML"):
            return self._full_text(asked)
        answers = {
            "/ctgov/v2/studies": self._search_studies,
            "/pubmed/esearch.fcgi": self._esearch,
            "/pubmed/efetch.fcgi": self._efetch,
            "/europepmc/search": self._search_results,
            "/isrctn/query/format/default": self._search_trials,
            "/ctis/search": self._search_eu_trials,
        }
        return answers.get(asked.path, _missing)(asked)

    # ClinicalTrials.gov

    def _search_studies(self, asked):
        token = asked.params.get("pageToken")
        if self.literal_pages:
            return Answer(self.literal_pages.get(token, b'{"studies": []}'))
        found = self.studies
        if ids := asked.params.get("filter.ids"):
            found = [study for study in found if nct(study) in ids.split("|")]
        if since := re.search(r"RANGE\[([\d-]+),MAX\]", asked.params.get("filter.advanced", "")):
            found = [study for study in found if _updated(study) >= since[1]]
        if asked.params.get("sort") == "LastUpdatePostDate:asc":
            found = sorted(found, key=_updated)
        start = 0
        if token:
            epoch, _, place = token.partition(".")
            if epoch != str(self._epoch):
                return Answer(b"Invalid value in parameter `pageToken`", TEXT, 400)
            start = int(place)
        size = min(self.page_size, int(asked.params.get("pageSize", "10")))
        reply = {"studies": found[start : start + size]}
        if asked.params.get("countTotal") == "true" and not token:
            reply["totalCount"] = len(found)
        if start + size < len(found):
            reply["nextPageToken"] = f"{self._epoch}.{start + size - self.overlap}"
        return _json(reply, etag=True)

    def _study(self, asked):
        number = asked.path.rpartition("/")[2]
        for study in self.studies:
            aliases = study["protocolSection"]["identificationModule"].get("nctIdAliases", ())
            if number == nct(study) or number in aliases:
                return _json(study, etag=True)
        return Answer(b"NCT number not found", TEXT, 404)

    def _history(self, asked):
        number = asked.path.rpartition("/")[2]
        if number not in self.histories:
            return _missing(asked)
        return _json({"study": {}, "history": {"changes": self.histories[number]}})

    # PubMed

    def _esearch(self, asked):
        form = asked.form
        first, last = (form[name].replace("/", "-") for name in ("mindate", "maxdate"))
        numbers = [
            number
            for number, article in self.articles.items()
            if first <= article[form["datetype"]] <= last
        ]
        kept = sorted(numbers, reverse=True)[: int(form["retmax"])]
        result = {
            "count": str(len(numbers)),
            "retmax": str(len(kept)),
            "retstart": "0",
            "idlist": [str(number) for number in kept],
            "translationset": [],
            "querytranslation": form["term"],
        }
        if "hydrozoan" in form["term"]:
            result["warninglist"] = {"quotedphrasesnotfound": ['"hydrozoan"']}
        return _json({"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result})

    def _efetch(self, asked):
        wanted = [int(number) for number in asked.form["id"].split(",")]
        found = [self.articles[number]["xml"] for number in wanted if number in self.articles]
        head = (
            b'<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle,'
            b' 1st January 2025//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
        )
        body = head + b"<PubmedArticleSet>" + b"".join(found) + b"</PubmedArticleSet>"
        return Answer(body, "text/xml; charset=UTF-8")

    # Europe PMC

    def _search_results(self, asked):
        found = self.results
        if wanted := re.findall(r"EXT_ID:(\d+)", asked.params["query"]):
            found = [result for result in found if result["id"] in wanted]
        mark = asked.params["cursorMark"]
        epoch, _, place = mark.removeprefix("AoI").partition(".")
        if mark != "*" and epoch != str(self._epoch):
            return Answer(b"Invalid cursorMark", TEXT, 400)
        start = 0 if mark == "*" else int(place)
        held = found[start : start + min(self.page_size, int(asked.params["pageSize"]))]
        following = f"AoI{self._epoch}.{start + len(held) - self.overlap}" if held else mark
        if start + len(held) >= len(found) and held:
            following = f"AoI{self._epoch}.{len(found)}"
        return _json(
            {
                "version": "6.9",
                "hitCount": len(found),
                "nextCursorMark": following,
                "request": asked.params,
                "resultList": {"result": held},
            }
        )

    def _full_text(self, asked):
        text = self.full_texts.get(asked.path.split("/")[2])
        return _missing(asked) if text is None else Answer(text, XML)

    # ISRCTN

    def _search_trials(self, asked):
        query = asked.params["q"]
        first = re.search(r"lastEdited GE (\S{10})", query)
        last = re.search(r"lastEdited LT (\S{10})", query)
        wanted = re.findall(r"ISRCTN\d{8}", query)
        found = [
            number
            for number in self.trials
            if (not wanted or number in wanted)
            and (not first or first[1] <= self.edited[number])
            and (not last or self.edited[number] < last[1])
        ]
        trials = "".join(
            f'<fullTrial><trial lastUpdated="{self.edited[number]}T10:00:00Z" version="3">'
            f"{_elements(self.trials[number])}</trial></fullTrial>"
            for number in found[: int(asked.params["limit"])]
        )
        document = (
            '<?xml version="1.0" encoding="UTF-8"?><allTrials xmlns="http://www.67bricks.com/isrctn"'
            f' totalCount="{len(found)}">{trials}</allTrials>'
        )
        return Answer(document.encode(), XML)

    # CTIS

    def _search_eu_trials(self, asked):
        wanted = json.loads(asked.body)["pagination"]
        page, size = wanted["page"], wanted["size"]
        found = self.eu_trials if page else []  # the real one finds nothing on page 0 either
        rows = found[(page - 1) * size : page * size]
        return _json(
            {
                "pagination": {"totalRecords": len(found), "currentPage": page},
                "data": [
                    {k: v for k, v in trial.items() if not isinstance(v, dict)} for trial in rows
                ],
            }
        )

    def _eu_trial(self, asked):
        number = asked.path.rpartition("/")[2]
        for trial in self.eu_trials:
            if trial["ctNumber"] == number and "authorizedApplication" in trial:
                return _json(trial, etag=True)
        return _missing(asked)


def nct(study):
    return study["protocolSection"]["identificationModule"]["nctId"]


def _updated(study):
    status = study["protocolSection"].get("statusModule", {})
    return status.get("lastUpdatePostDateStruct", {}).get("date", "")


def _studies():
    """Every study of the samples: five in full, ten as a search with few fields gave them."""
    folder = SAMPLES / "ctgov_v2"
    full = [json.loads(p.read_bytes()) for p in sorted(folder.glob("NCT*.json"))]
    pages = [json.loads(p.read_bytes()) for p in sorted(folder.glob("_search_page_*.json"))]
    return full + [study for page in pages for study in page["studies"]]


def _articles():
    """The articles of the samples by number, with the days on which they were added and revised."""
    articles = {}
    for file in sorted((SAMPLES / "pubmed").glob("efetch_*.xml")):
        xml = re.search(rb"<PubmedArticle>.*?</PubmedArticle>", file.read_bytes(), re.S)[0]
        number = int(re.search(rb"<PMID[^>]*>(\d+)", xml)[1])
        articles[number] = {
            "xml": xml,
            "edat": _day(xml, rb'<PubMedPubDate PubStatus="entrez">'),
            "mdat": _day(xml, rb"<DateRevised>"),
        }
    return articles


def _day(xml, element):
    pattern = element + rb"\s*<Year>(\d+)</Year>\s*<Month>(\d+)</Month>\s*<Day>(\d+)</Day>"
    year, month, day = map(int, re.search(pattern, xml).groups())
    return f"{year}-{month:02}-{day:02}"


def _elements(value):
    """A mapping as XML elements, the way ctrdata's JSON came from them."""
    if isinstance(value, str):
        return escape(value)
    parts = []
    for name, held in value.items():
        for item in held if isinstance(held, list) else [held]:
            parts.append(f"<{name}>{_elements(item)}</{name}>")
    return "".join(parts)


def _sample(name):
    return json.loads((SAMPLES / name).read_bytes())


def _json(value, etag=False):
    body = json.dumps(value).encode()
    mark = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:20]}"'} if etag else {}
    return Answer(body, JSON, headers=mark)


def _missing(asked):
    return Answer(f"Not found: {asked.path}".encode(), TEXT, 404)


class _Handler(BaseHTTPRequestHandler):
    of: Loopback
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._serve(b"")

    def do_POST(self):
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def _serve(self, body):
        url = urlsplit(self.path)
        params = {name: values[0] for name, values in parse_qs(url.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, url.path, params, headers, body)
        self.of.requests.append(asked)
        if self.of.pause:
            time.sleep(self.of.pause)
        fault, answer = self.of.fault_for(url.path), self.of.answer(asked)
        if fault is not None:
            fault(self, answer)
        elif headers.get("if-none-match") == answer.headers.get("ETag", "none"):
            self.send(Answer(b"", answer.kind, 304, answer.headers))
        else:
            self.send(answer)

    def send(self, answer, sent=None, packed=True):
        body = answer.body
        if packed and body and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body)
            answer.headers = {**answer.headers, "Content-Encoding": "gzip"}
        self.begin(answer, len(body))
        self.wfile.write(body if sent is None else sent)
        if sent is not None:
            self.close_connection = True

    def begin(self, answer, length):
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        if answer.status != 304:
            self.send_header("Content-Length", str(length))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""

    def handle(self):
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the client has gone; that is its right


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=Path, help="JSON list of v2 studies to serve instead")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before every answer")
    given = parser.parse_args()
    server = Loopback()
    server.pause = given.pause
    if given.studies:
        server.studies = json.loads(given.studies.read_bytes())
    print(json.dumps(server.environment), flush=True)  # noqa: T201 - that is its output
    threading.Event().wait()


if __name__ == "__main__":
    main()
