"""Conclusions made by hand, stores, and servers on loopback that give and take."""

import socketserver
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import loopback as misbehaviour
import pytest

from reprieve.living.sources import Settings
from reprieve.living.sources.client import PoliteClient
from reprieve.updates.alerts import Alert
from reprieve.updates.changes import Change, Difference
from reprieve.updates.conclusions import (
    EffectConclusion,
    HarmConclusion,
    HarmSignal,
    OptionPair,
    OrderConclusion,
    TrialUsed,
)


@pytest.fixture(scope="session")
def faults():
    """The ways in which a source can misbehave."""
    return misbehaviour


@pytest.fixture
def loopback(faults):
    """The sources on this machine; the samples, and two cell trials made up for tests."""
    server = faults.Loopback()
    server.studies += [cell_study("NCT09000001"), cell_study("NCT09000002", status="RECRUITING")]
    yield server
    server.close()


@pytest.fixture
def client(loopback, tmp_path):
    """A client that asks the loopback server, without pauses between tries."""
    urls = Settings.from_environment(loopback.environment).urls
    settings = Settings(urls=urls, cache_dir=tmp_path / "cache", retry_seconds=0.0)
    with PoliteClient(settings) as made:
        yield made


VEGA = TrialUsed("vega-2015", "Vega 2015", "https://example.org/vega", "−7.0 (−18.4 to 4.3)")
LEE = TrialUsed("lee-2019", "Lee 2019", None, "−12.0 (−20.0 to −4.0)")


@pytest.fixture(scope="session")
def effect():
    def make(estimate=-8.0, ci=(-15.0, -1.0), **more):
        plain = {
            "key": "knee_osteoarthritis cell_therapy placebo pain 6",
            "title": "Pain, about 6 months after treatment: cells against placebo",
            "condition": "knee_osteoarthritis",
            "treatment": "cell_therapy",
            "comparator": "placebo",
            "outcome": "pain",
            "month": 6.0,
            "status": "pooled",
            "mcid": 17.5,
            "per_100": (50.0, 40.0),
            "per_100_ci": (-4.0, 22.0),
            "people": 120,
            "certainty": "low",
            "provisional": True,
            "verdict": "little or no difference",
            "trials": (VEGA, LEE),
            "in_words": "…",
        }
        return EffectConclusion(**(plain | {"estimate": estimate, "ci": ci} | more))

    return make


@pytest.fixture(scope="session")
def order():
    def make(*pairs, key="knee_osteoarthritis order pain 6"):
        made = tuple(OptionPair(a, b, e, ci, level) for a, b, e, ci, level in pairs)
        return OrderConclusion(
            key=key,
            title="Pain: all options",
            condition="knee_osteoarthritis",
            outcome="pain",
            month=6.0,
            options=tuple(dict.fromkeys(code for p in made for code in (p.one, p.two))),
            reference="saline",
            pairs=made,
            trials=(VEGA,),
            in_words="…",
        )

    return make


@pytest.fixture(scope="session")
def harms():
    def make(**families):
        signals = tuple(
            HarmSignal(code, f"a {code} event", *counts, difference, ci, ratio_ci, (VEGA,), "…")
            for code, (counts, difference, ci, ratio_ci) in families.items()
        )
        return HarmConclusion(
            key="knee_osteoarthritis cell_therapy placebo harms",
            title="Harms: cells against placebo",
            condition="knee_osteoarthritis",
            treatment="cell_therapy",
            comparator="placebo",
            families=signals,
            in_words="…",
        )

    return make


@pytest.fixture(scope="session")
def alert():
    def make(title="Pain & <limits>, 6 months", key="k", version=3):
        change = Change("crosses_null", "not shown", "shown", "Trials now show less pain.")
        return Alert(
            version,
            "2026-03-01T06:00:00+00:00",
            Difference(
                key=key,
                title=title,
                condition="knee_osteoarthritis",
                before="−2.2 points",
                after="−8.1 points",
                changes=(change,),
                came=(VEGA,),
            ),
        )

    return make


class _SmtpServer(socketserver.ThreadingTCPServer):
    """As much of SMTP as a client that sends messages needs."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, certificate=None, implicit=False, refuse=None, password=None):
        self.messages, self.recipients, self.logins = [], [], []
        self.refuse, self.password, self.context = refuse, password, None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.implicit = implicit
        super().__init__(("127.0.0.1", 0), _SmtpSession)

    @property
    def port(self):
        return self.server_address[1]


class _SmtpSession(socketserver.BaseRequestHandler):
    def handle(self):
        self.secure, self.file = False, None
        try:
            if self.server.implicit:
                self._wrap()
            self.file = self.request.makefile("rb")
            self._say("220 ready")
            while line := self.file.readline():
                if not self._answer(line.decode().strip()):
                    break
        except OSError:
            pass  # the client did not trust the certificate, or has had enough
        finally:
            if self.file:
                self.file.close()
            self.request.close()

    def _wrap(self):
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.secure = True

    def _say(self, text):
        self.request.sendall(f"{text}\r\n".encode())

    def _answer(self, line):
        server, word = self.server, line.upper()
        if word.startswith("EHLO"):
            offers = ["AUTH PLAIN"] if server.password else []
            if server.context and not self.secure:
                offers.append("STARTTLS")
            lines = ["localhost", *offers]
            for text in lines[:-1]:
                self._say(f"250-{text}")
            self._say(f"250 {lines[-1]}")
        elif word == "STARTTLS" and server.context:
            self._say("220 go")
            self.file.close()
            self._wrap()
            self.file = self.request.makefile("rb")
        elif word.startswith("AUTH"):
            server.logins.append((line, self.secure))
            self._say("235 ok" if server.password else "535 no")
        elif word.startswith("RCPT") and server.refuse:
            self._say(server.refuse)
        elif word == "DATA":
            self._say("354 go")
            body = b""
            while (part := self.file.readline()) != b".\r\n":
                body += part
            server.messages.append(body)
            self._say("250 taken")
        elif word == "QUIT":
            self._say("221 bye")
            return False
        else:
            if word.startswith("RCPT"):
                server.recipients.append(line)
            self._say("250 ok")
        return True


def _running(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def smtp():
    """Start a mail server: ``server = smtp(certificate=…)``."""
    started = []

    def start(**how):
        running = _running(_SmtpServer(**how))
        started.append(running)
        return next(running)

    yield start
    for running in started:
        next(running, None)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for localhost and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-out", files[0], "-keyout", files[1]],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook():
    """A web server that takes calls; ``hook.answers`` are the next statuses."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    server.calls, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield from _running(server)


def cell_study(number, **more):
    """A registration of a cell trial, as ClinicalTrials.gov gives it (made up for tests)."""
    plain = {
        "title": "Mesenchymal Stem Cells for Knee Osteoarthritis",
        "condition": "Osteoarthritis, Knee",
        "status": "COMPLETED",
        "ended": "2020-01",
        "updated": "2021-01-01",
    } | more
    return {
        "protocolSection": {
            "identificationModule": {"nctId": number, "briefTitle": plain["title"]},
            "statusModule": {
                "overallStatus": plain["status"],
                "primaryCompletionDateStruct": {"date": plain["ended"], "type": "ACTUAL"},
                "lastUpdatePostDateStruct": {"date": plain["updated"]},
            },
            "conditionsModule": {"conditions": [plain["condition"]]},
            "designModule": {
                "studyType": "INTERVENTIONAL",
                "designInfo": {"allocation": "RANDOMIZED", "interventionModel": "PARALLEL"},
                "enrollmentInfo": {"count": 60, "type": "ACTUAL"},
            },
            "armsInterventionsModule": {
                "armGroups": [
                    {"label": "Cells", "type": "EXPERIMENTAL",
                     "interventionNames": ["Biological: autologous bone marrow MSC"]},
                    {"label": "Saline", "type": "PLACEBO_COMPARATOR",
                     "interventionNames": ["Drug: saline"]},
                ],
                "interventions": [
                    {"type": "BIOLOGICAL", "name": "autologous bone marrow MSC",
                     "description": "intra-articular injection of cultured cells"},
                    {"type": "DRUG", "name": "saline"},
                ],
            },
        },
        "hasResults": False,
    }  # fmt: skip
