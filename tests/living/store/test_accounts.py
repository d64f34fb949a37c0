"""Accounts: passwords, tokens, roles."""

import datetime

import pytest
from sqlalchemy import text

from reprieve.errors import InputError, UnknownWordError
from reprieve.living.store import AccessError
from reprieve.living.store.models import Token, User

PASSWORD = "a sentence to remember"


@pytest.fixture
def member(store):
    store.accounts.add("m.ember", "reviewer", by="admin", password=PASSWORD, email="m@example.org")
    return "m.ember"


def test_passwords_open_accounts_and_are_kept_as_argon2(store, monkeypatch, real_passwords):
    monkeypatch.setattr("argon2.PasswordHasher", real_passwords)
    member = "m.ember"
    store.accounts.add(member, "reviewer", by="admin", password=PASSWORD)
    actor = store.accounts.sign_in(member, PASSWORD)
    assert (actor.name, actor.role) == (member, "reviewer")
    with store.reading() as session:
        (kept,) = session.execute(
            text("SELECT password_hash FROM users WHERE name = :name"), {"name": member}
        ).one()
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106, little memory
    assert PASSWORD not in kept


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("m.ember", "another sentence"),
        ("m.ember", ""),
        ("nobody", PASSWORD),
        ("reader", PASSWORD),  # has no password
        ("reprieve", ""),  # the program
        ("m.ember", "x" * 100_000),
        ("m.ember\0", PASSWORD),
    ],
)
def test_nothing_else_does_and_all_fail_alike(store, member, name, password):
    with pytest.raises((AccessError, InputError)) as caught:
        store.accounts.sign_in(name, password)
    assert "name or password is wrong" in str(caught.value) or "NUL" in str(caught.value)


def test_a_closed_account_stays_shut(store, member):
    secret, _ = store.accounts.issue_token(member, by=member)
    store.accounts.change(member, by="admin", active=False)
    for door in (
        lambda: store.accounts.sign_in(member, PASSWORD),
        lambda: store.accounts.sign_in_with_token(secret),
        lambda: store.accounts.tokens(by=member),
    ):
        with pytest.raises(AccessError):
            door()
    store.accounts.change(member, by="admin", active=True)
    assert store.accounts.sign_in(member, PASSWORD)


def test_people_change_their_own_password_and_admins_the_rest(store, member):
    store.accounts.change(member, by=member, password="another long sentence")
    assert store.accounts.sign_in(member, "another long sentence")
    for changes in ({"role": "admin"}, {"active": False}, {"role": "admin", "password": PASSWORD}):
        with pytest.raises(AccessError, match="may not administer"):
            store.accounts.change(member, by=member, **changes)
    with pytest.raises(AccessError, match="may not administer"):
        store.accounts.change("editor", by=member, password=PASSWORD)
    store.accounts.change(member, by="admin", role="editor")
    assert store.accounts.sign_in(member, "another long sentence").role == "editor"


def test_there_is_always_an_admin(store):
    for changes in ({"role": "editor"}, {"active": False}):
        with pytest.raises(InputError, match="the only admin"):
            store.accounts.change("admin", by="admin", **changes)
    store.accounts.change("editor", by="admin", role="admin")
    store.accounts.change("admin", by="admin", role="reader")
    with pytest.raises(AccessError):
        store.accounts.all(by="admin")


def test_accounts_are_made_by_admins(store, tmp_path):
    with pytest.raises(AccessError, match="has accounts already"):
        store.accounts.add("intruder", "admin")
    with pytest.raises(AccessError, match="may not administer"):
        store.accounts.add("friend", "reader", by="editor")
    assert [u.name for u in store.accounts.all(by="admin")] == [
        "admin", "editor", "reader", "reprieve", "reviewer"]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "editor"}, "already"),
        ({"name": ""}, "no name for a user"),
        ({"name": "two words"}, "no name for a user"),
        ({"name": "x" * 65}, "no name for a user"),
        ({"name": "a\u202eb"}, "no name for a user"),
        ({"password": "short"}, "12 to 1024 characters"),
        ({"password": "x" * 2000}, "12 to 1024 characters"),
    ],
)
def test_unfit_accounts_are_refused(store, given, said):
    with pytest.raises(InputError, match=said):
        store.accounts.add(role="reader", by="admin", **{"name": "new", **given})


def test_roles_are_known_words(store):
    with pytest.raises(UnknownWordError, match="role 'reviewr'"):
        store.accounts.add("new", "reviewr", by="admin")
    with pytest.raises(UnknownWordError, match="role"):
        store.accounts.change("reader", by="admin", role="boss")
    with pytest.raises(UnknownWordError, match="role"):
        store.accounts.issue_token("reader", by="reader", role="boss")
    with pytest.raises(InputError, match="stays as it is"):
        store.accounts.change("reprieve", by="admin", role="admin")


def test_tokens_open_accounts_and_only_their_hash_is_kept(store, member):
    secret, token = store.accounts.issue_token(member, by=member, label="cron")
    assert store.accounts.sign_in_with_token(secret).name == member
    assert secret not in str(vars(token))
    with pytest.raises(AccessError, match="opens no account"):
        store.accounts.sign_in_with_token(secret[:-1])
    assert datetime.timedelta(89) < token.expires - token.created <= datetime.timedelta(90)


def test_a_token_may_do_less_than_its_user_and_never_more(filled, pain):
    secret, _ = filled.accounts.issue_token("editor", by="editor", role="reader")
    reader = filled.accounts.sign_in_with_token(secret)
    with pytest.raises(AccessError, match="editor has the role reader here and may not edit"):
        filled.edit(pain.id, {"mean": 3}, who=reader, why="x")
    # Nor does it make a better token of itself.
    assert filled.accounts.issue_token("editor", by=reader)[1].role == "reader"
    with pytest.raises(InputError, match="the role reader here; a token can't have more"):
        filled.accounts.issue_token("editor", by=reader, role="editor")
    with pytest.raises(InputError, match="such as admin"):
        filled.accounts.issue_token("editor", by="editor", role="admin")
    # A user who is made less takes their tokens with them.
    secret, _ = filled.accounts.issue_token("reviewer", by="reviewer")
    actor = filled.accounts.sign_in_with_token(secret)
    filled.accounts.change("reviewer", by="admin", role="reader")
    with pytest.raises(AccessError):
        filled.edit(pain.id, {"mean": 3}, who=actor, why="x")


def test_a_token_that_may_less_does_not_change_the_password(store, member):
    secret, _ = store.accounts.issue_token("editor", by="editor", role="reader")
    weak = store.accounts.sign_in_with_token(secret)
    with pytest.raises(AccessError, match=r"may do less \(reader\) than editor \(editor\)"):
        store.accounts.change("editor", by=weak, password="a sentence of a stranger")
    secret, _ = store.accounts.issue_token("editor", by="editor")
    full = store.accounts.sign_in_with_token(secret)
    store.accounts.change("editor", by=full, password="a sentence to remember")
    assert store.accounts.sign_in("editor", "a sentence to remember") == full


def test_tokens_end(store, member, monkeypatch):
    secret, token = store.accounts.issue_token(member, by=member, days=1)
    with pytest.raises(AccessError, match="may not administer"):
        store.accounts.revoke_token(token.id, by="editor")
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)
    with monkeypatch.context() as clock:
        clock.setattr("reprieve.living.store.credentials.now", lambda: later)
        with pytest.raises(AccessError, match="expired on"):
            store.accounts.sign_in_with_token(secret)
    store.accounts.revoke_token(token.id, by=member)
    with pytest.raises(AccessError, match="revoked on"):
        store.accounts.sign_in_with_token(secret)
    with pytest.raises(InputError, match="no token 99"):
        store.accounts.revoke_token(99, by="admin")
    with pytest.raises(InputError, match="give 1 to 3650"):
        store.accounts.issue_token(member, by=member, days=0)
    for_ever, token = store.accounts.issue_token(member, by="admin", days=None)
    assert token.expires is None
    assert store.accounts.sign_in_with_token(for_ever)


def test_people_see_their_own_tokens_and_admins_all(store, member):
    store.accounts.issue_token(member, by=member)
    store.accounts.issue_token("editor", by="admin")
    with pytest.raises(AccessError):
        store.accounts.issue_token("editor", by=member)
    assert [t.user.name for t in store.accounts.tokens(by=member)] == [member]
    assert len(store.accounts.tokens(by="admin")) == 2


def test_nothing_secret_is_shown(store, member):
    user = next(u for u in store.accounts.all(by="admin") if u.name == member)
    assert "argon2" not in repr(user)
    assert "sha256=" not in repr(Token(sha256="abc"))
    assert "argon2" not in repr(User(password_hash="$argon2id$"))


@pytest.mark.parametrize(
    "name", ["\u0430dmin", "ad\u200bmin", "\u202enimda", "a b", "", "a" * 65, "-x"]
)
def test_no_name_looks_like_another(store, name):
    with pytest.raises(InputError, match="letters from a to z"):
        store.accounts.add(name, "reader", by="admin")


def test_no_name_is_another_in_capitals(store):
    with pytest.raises(InputError, match="there is a user 'admin' already"):
        store.accounts.add("ADMIN", "admin", by="admin")


@pytest.mark.parametrize("text", ["A\x1b[2J", "x" * 255, "two\nlines"])
def test_what_people_are_called_can_be_printed(store, text):
    with pytest.raises(InputError, match="can be printed"):
        store.accounts.add("new", "reader", by="admin", full_name=text)
    with pytest.raises(InputError, match="can be printed"):
        store.accounts.add("new", "reader", by="admin", email=text)


def test_a_token_ends_within_ten_years_or_never(store):
    with pytest.raises(InputError, match="give 1 to 3650"):
        store.accounts.issue_token("reader", by="reader", days=10**9)
