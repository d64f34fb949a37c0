"""Alerts on their way out, over real connections on loopback."""

import email
import email.policy
import hashlib
import hmac
import json
import ssl
import xml.etree.ElementTree as ElementTree

import pytest

from reprieve.errors import InputError
from reprieve.updates.alerts import alert_from
from reprieve.updates.deliveries.atom import ATOM, Feed, feed
from reprieve.updates.deliveries.channel import DeliveryError
from reprieve.updates.deliveries.mail import Mail, message
from reprieve.updates.deliveries.settings import outlets
from reprieve.updates.deliveries.webhook import IDEMPOTENCY, SIGNATURE, Webhook

INJECTION = "Pain\r\nBcc: everyone@example.org\r\n\r\nBuy \x00 cells"


def mail_to(server, host="127.0.0.1", **how):
    plain = {"security": "none", "sender": "us@example.org", "recipient": "you@example.org"}
    return Mail(host=host, port=server.port, **(plain | how))


def trusting(certificate):
    return ssl.create_default_context(cafile=str(certificate[0]))


def test_json_and_back(alert):
    made = alert()
    assert alert_from(json.loads(json.dumps(made.to_dict()))) == made


def test_the_key_tells_alerts_apart(alert):
    keys = {alert().key, alert(key="other").key, alert(version=4).key, alert(title="x").key}
    assert len(keys) == 3  # another wording of the title is the same alert
    assert alert().key == alert().key


def test_the_text_says_what_changed(alert):
    text = alert().text()
    for part in ("Trials now show less pain.", "−2.2 points", "−8.1 points", "Vega 2015",
                 "not medical advice"):  # fmt: skip
        assert part in text


def test_mail(smtp, alert):
    server = smtp()
    mail_to(server).deliver(alert())
    found = email.message_from_bytes(server.messages[0], policy=email.policy.default)
    assert found["To"] == "you@example.org"
    assert found["Subject"] == "[Reprieve] Pain & <limits>, 6 months"
    assert "−8.1 points" in found.get_content()
    mail_to(server).deliver(alert())
    again = email.message_from_bytes(server.messages[1], policy=email.policy.default)
    assert again["Message-ID"] == found["Message-ID"]


def test_titles_can_not_add_headers(smtp, alert):
    server = smtp()
    mail_to(server).deliver(alert(INJECTION))
    found = email.message_from_bytes(server.messages[0], policy=email.policy.default)
    assert found["Bcc"] is None
    assert found["Subject"].startswith("[Reprieve] Pain Bcc: everyone@example.org Buy")
    assert [line for line in server.recipients if "everyone" in line] == []


@pytest.mark.parametrize(
    "address", ["you", "you@example.org\r\nBcc: x@y.z", "a b@example.org", "", "you@", "a@b, c@d"]
)
def test_what_is_no_address(address):
    with pytest.raises(InputError, match="e-mail address"):
        Mail("localhost", "us@example.org", address)


def test_starttls_and_password(smtp, alert, certificate):
    server = smtp(certificate=certificate, password="secret")
    mail_to(
        server,
        "localhost",
        security="starttls",
        user="us",
        password="secret",
        context=trusting(certificate),
    ).deliver(alert())
    assert len(server.messages) == 1
    assert [secure for _, secure in server.logins] == [True]


def test_tls_from_the_start(smtp, alert, certificate):
    server = smtp(certificate=certificate, implicit=True)
    how = {"security": "tls", "context": trusting(certificate)}
    mail_to(server, "localhost", **how).deliver(alert())
    assert len(server.messages) == 1


def test_nothing_is_sent_unprotected_or_to_a_stranger(smtp, alert, certificate):
    plain, strange = smtp(), smtp(certificate=certificate)
    with pytest.raises(DeliveryError, match="next run"):
        mail_to(plain, security="starttls").deliver(alert())
    with pytest.raises(DeliveryError, match="certificate"):
        mail_to(strange, "localhost", security="starttls").deliver(alert())
    assert plain.messages == strange.messages == []
    with pytest.raises(InputError, match="unprotected"):
        mail_to(plain, user="us", password="secret")


def test_a_server_that_refuses_or_is_not_there(smtp, alert):
    server = smtp(refuse="550 no such person here")
    with pytest.raises(DeliveryError, match=r"you@example\.org"):
        mail_to(server).deliver(alert())
    gone = mail_to(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(DeliveryError, match="ConnectionRefusedError"):
        gone.deliver(alert())


def test_secrets_do_not_show(alert):
    made = Mail("localhost", "us@example.org", "you@example.org", user="u", password="hush")
    assert "hush" not in repr(made)
    hooks = Webhook("https://u:hush@example.org/T0/hush?key=hush", "hush")
    assert "hush" not in hooks.name
    assert message(alert(), "us@example.org", "you@example.org")["Auto-Submitted"]


def test_webhook(hook, alert):
    Webhook(hook.url, "secret").deliver(alert())
    path, headers, body = hook.calls[0]
    assert path == "/hook"
    assert headers["Content-Type"] == "application/json"
    assert headers[IDEMPOTENCY] == alert().key
    wanted = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE] == f"sha256={wanted}"
    assert alert_from(json.loads(body)) == alert()


def test_webhook_without_a_secret_is_not_signed(hook, alert):
    Webhook(hook.url).deliver(alert())
    assert SIGNATURE not in hook.calls[0][1]


def test_webhook_tries_again_under_the_same_key(hook, alert):
    hook.answers += [503, 429]
    Webhook(hook.url, pause=0.01).deliver(alert())
    assert len(hook.calls) == 3
    assert len({headers[IDEMPOTENCY] for _, headers, _ in hook.calls}) == 1


@pytest.mark.parametrize(("answer", "calls"), [(404, 1), (302, 1), (500, 2)])
def test_webhook_that_does_not_take_it(hook, alert, answer, calls):
    hook.answers += [answer] * 5
    with pytest.raises(DeliveryError, match=str(answer)):
        Webhook(hook.url, attempts=2, pause=0.01).deliver(alert())
    assert len(hook.calls) == calls
    assert {path for path, *_ in hook.calls} == {"/hook"}  # never sent on to another place


def test_webhook_that_is_not_there(hook, alert):
    url = hook.url
    hook.shutdown()
    hook.server_close()
    with pytest.raises(DeliveryError, match="next run"):
        Webhook(url, attempts=1).deliver(alert())
    with pytest.raises(InputError, match="https://"):
        Webhook("file:///etc/passwd")


def read(content):
    return ElementTree.fromstring(content)


def test_feed_is_valid(alert):
    made = read(feed([alert(), alert(key="b")], "urn:x:feed", "https://example.org/feed"))
    space = {"a": ATOM}
    for name in ("id", "title", "updated", "author/a:name"):
        assert made.find(f"a:{name}", space).text
    entries = made.findall("a:entry", space)
    assert len({entry.find("a:id", space).text for entry in entries}) == 2
    for entry in entries:
        assert entry.find("a:title", space).text == "Pain & <limits>, 6 months"
        assert "−8.1 points" in entry.find("a:content", space).text
        assert entry.find("a:updated", space).text == "2026-03-01T06:00:00+00:00"
    terms = {each.get("term") for each in entries[0].findall("a:category", space)}
    assert terms == {"crosses_null", "knee_osteoarthritis"}


def test_feed_escapes_and_is_stable(alert):
    hostile = alert("</title><script>alert(1)</script> ]]> \x0b\x00 \ud800")
    content = feed([hostile], "urn:x:feed")
    assert b"<script>" not in content
    title = read(content).find(f"{{{ATOM}}}entry/{{{ATOM}}}title").text
    assert title.startswith("</title><script>")
    assert feed([hostile], "urn:x:feed") == content


def test_empty_feed_is_valid():
    made = read(feed([], "urn:x:feed"))
    assert made.find(f"{{{ATOM}}}updated").text == "1970-01-01T00:00:00+00:00"


def test_feed_file_is_replaced_whole(tmp_path, alert):
    place = tmp_path / "sub" / "alerts.xml"
    Feed(place, "urn:x:feed").write([alert()])
    first = place.read_bytes()
    Feed(place, "urn:x:feed").write([alert(), alert(key="b")])
    assert place.read_bytes() != first
    assert [found.name for found in place.parent.iterdir()] == ["alerts.xml"]
    (tmp_path / "file").write_text("")
    with pytest.raises(DeliveryError, match="another place"):
        Feed(tmp_path / "file" / "alerts.xml", "urn:x:feed").write([])


def test_outlets_from_the_environment(tmp_path):
    found = outlets(
        {
            "REPRIEVE_MAIL_TO": "a@example.org, b@example.org",
            "REPRIEVE_MAIL_FROM": "us@example.org",
            "REPRIEVE_SMTP_HOST": "mail.example.org",
            "REPRIEVE_SMTP_PORT": "2525",
            "REPRIEVE_WEBHOOKS": "https://example.org/a https://example.org/b",
            "REPRIEVE_FEED": str(tmp_path / "feed.xml"),
        }
    )
    names = [channel.name for channel in found.channels]
    assert names[:2] == ["mail:a@example.org", "mail:b@example.org"]
    assert len(set(names)) == 4
    assert found.channels[0].security == "starttls"
    assert found.feed.path == tmp_path / "feed.xml"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"REPRIEVE_MAIL_TO": "a@example.org"}, "REPRIEVE_SMTP_HOST"),
        (
            {
                "REPRIEVE_MAIL_TO": "a@example.org",
                "REPRIEVE_SMTP_HOST": "h",
                "REPRIEVE_MAIL_FROM": "b@example.org",
                "REPRIEVE_SMTP_PORT": "99999",
            },
            "REPRIEVE_SMTP_PORT",
        ),
        ({"REPRIEVE_WEBHOOKS": "example.org"}, "https://"),
        ({"REPRIEVE_FEED": "x", "REPRIEVE_FEED_ID": "no iri"}, "IRI"),
    ],
)
def test_outlets_that_can_not_be(given, told):
    with pytest.raises(InputError, match=told):
        outlets(given)
