"""Passwords and tokens: made, kept as hashes, checked."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.errors import InputError, UnknownWordError
from reprieve.living.store.clock import now
from reprieve.living.store.errors import AccessError
from reprieve.living.store.models import ROLES, Token, User

SHORTEST_PASSWORD = 12
"""In characters; long beats complicated (NIST SP 800-63B)."""
_LONGEST_PASSWORD = 1024
_TOKEN_START = "reprieve_"
_LONGEST_DAYS = 3650


def hashed(password: str) -> str:
    """The Argon2id hash of a password, with its own salt, as text.

    Raises
    ------
    InputError
        If it is too short or far too long.
    """
    from argon2 import PasswordHasher

    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise InputError(
            f"a password has {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters; "
            "a sentence is a good one"
        )
    return PasswordHasher().hash(password)


def check_password(session: Session, name: str, password: str) -> User:
    """The user, if the password is theirs; the same words and time whatever is wrong.

    Raises
    ------
    AccessError
        If there is no such user, the account is closed or has no password, or it is another.
    """
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    hasher = PasswordHasher()
    user = session.scalar(select(User).where(User.name == name))
    known = user.password_hash if user is not None and user.active else None
    try:
        # Where there is nothing to compare with, as much work is done, so that time tells nothing.
        hasher.verify(known or _nobodys_hash(), password[:_LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        known = None
    if user is None or known is None:
        raise AccessError("name or password is wrong, or the account is closed")
    return user


@cache
def _nobodys_hash() -> str:
    return hashed(secrets.token_urlsafe(32))


def issue_token(
    session: Session, user: User, *, role: str, at_most: str, days: int | None, label: str
) -> tuple[str, Token]:
    """A new token for a user: the secret, shown this once, and what is kept of it.

    Parameters
    ----------
    session : Session
    user : User
    role : str
        The most that the token may do.
    at_most : str
        The role of whoever makes it for themselves: no token makes a better one.
    days : int or None
        How long it holds; None for ever.
    label : str
        What it is for.

    Raises
    ------
    InputError
        If `role` is more than the user's or `at_most`, or `days` is not 1 to 3650.
    """
    if role not in ROLES:
        raise UnknownWordError("role", role, ROLES)
    most = min(user.role, at_most, key=ROLES.index)
    if ROLES.index(role) > ROLES.index(most):
        raise InputError(
            f"{user.name} has the role {most} here; a token can't have more, such as {role}"
        )
    if days is not None and not 0 < days <= _LONGEST_DAYS:
        raise InputError(f"a token can't hold for {days} days; give 1 to {_LONGEST_DAYS}")
    moment = now()
    secret = _TOKEN_START + secrets.token_urlsafe(32)
    token = Token(
        user=user,
        role=role,
        label=label,
        sha256=_digest(secret),
        created=moment,
        expires=None if days is None else moment + datetime.timedelta(days=days),
    )
    session.add(token)
    session.flush()
    return secret, token


def check_token(session: Session, secret: str) -> Token:
    """The token, if the secret opens an account; its user comes with it.

    Raises
    ------
    AccessError
        If it does not.
    """
    token = session.scalar(select(Token).where(Token.sha256 == _digest(secret)))
    if token is None or not token.user.active:
        raise AccessError("this token opens no account; ask for a new one")
    if token.revoked is not None:
        raise AccessError(f"this token was revoked on {token.revoked:%Y-%m-%d}")
    if token.expires is not None and token.expires <= now():
        raise AccessError(f"this token expired on {token.expires:%Y-%m-%d}; ask for a new one")
    return token


def _digest(secret: str) -> str:
    # Tokens are 256 random bits, so that a plain hash can't be guessed back.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
