"""Accounts: who there is, and who it is that comes in."""

from __future__ import annotations

import re

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, joinedload

from reprieve.errors import InputError, UnknownWordError
from reprieve.living.store.clock import now
from reprieve.living.store.credentials import check_password, check_token, hashed, issue_token
from reprieve.living.store.engine import session_of
from reprieve.living.store.errors import AccessError
from reprieve.living.store.models import PROGRAM, ROLES, Token, User
from reprieve.living.store.permissions import Actor, Who, acting

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_LONGEST = 254
"""Characters of an e-mail address (RFC 5321)."""


class Accounts:
    """The accounts of a store; `Store.accounts` gives them.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        name: str,
        role: str,
        *,
        by: Who | None = None,
        password: str | None = None,
        full_name: str = "",
        email: str = "",
    ) -> User:
        """Make an account.

        Parameters
        ----------
        name : str
            As it will stand beside every change: up to 64 letters from a to z, digits and
            ``._@+-``, so that no two names look alike.
        role : {"reader", "reviewer", "editor", "admin"}
        by : str or Actor, optional
            The admin who makes it; only the first account, which must be an admin's, needs none.
        password : str, optional
            Left out, only tokens open the account.
        full_name, email : str
            How people know them; any script.

        Raises
        ------
        InputError
            If the name is taken (in whatever case) or unfit, or the password too short.
        AccessError
            If `by` is no admin.
        """
        if role not in ROLES:
            raise UnknownWordError("role", role, ROLES)
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{name!r} is no name for a user; use up to 64 letters from a to z, digits and "
                "._@+-, and say with full_name (--full-name) how people know them"
            )
        for text in (full_name, email):
            if len(text) > _LONGEST or not text.isprintable():
                raise InputError(
                    f"{text[:80]!r} is no name or address; use up to {_LONGEST} characters that "
                    "can be printed"
                )
        with session_of(self._engine, writes=True) as session:
            if by is not None:
                acting(session, by, "administer")
            elif session.scalar(select(User.id).where(User.kind == "person").limit(1)):
                raise AccessError(
                    "this store has accounts already; an admin adds others (by=, or "
                    "`reprieve store users add`)"
                )
            elif role != "admin":
                raise InputError("the first account of a store is an admin's; give role='admin'")
            taken = session.scalar(
                select(User.name).where(func.lower(User.name) == name.lower()).limit(1)
            )
            if taken is not None:
                raise InputError(f"there is a user {taken!r} already; choose another name")
            user = User(
                name=name,
                role=role,
                kind="person",
                full_name=full_name,
                email=email,
                active=True,
                created=now(),
                password_hash=None if password is None else hashed(password),
            )
            session.add(user)
            session.flush()
            return user

    def change(
        self,
        name: str,
        *,
        by: Who,
        role: str | None = None,
        password: str | None = None,
        active: bool | None = None,
    ) -> None:
        """Change the role or password of an account, close it or open it again.

        People may change their own password; all else takes an admin. Whoever came in with a token
        that may do less than its user needs the password for that.

        Raises
        ------
        InputError
            If it would leave the store without an admin, or is the program's own account.
        AccessError
            If `by` may not.
        """
        own = name == (by if isinstance(by, str) else by.name)
        only_password = role is None and active is None
        with session_of(self._engine, writes=True) as session:
            acting(session, by, "read" if own and only_password else "administer")
            user = _named(session, name)
            if own and isinstance(by, Actor) and ROLES.index(by.role) < ROLES.index(user.role):
                raise AccessError(
                    f"this sign-in may do less ({by.role}) than {name} ({user.role}), and may not "
                    "change the account; sign in with the password"
                )
            if user.kind == "program":
                raise InputError(f"{PROGRAM} is the program's own account and stays as it is")
            if role is not None and role not in ROLES:
                raise UnknownWordError("role", role, ROLES)
            if password is not None:
                user.password_hash = hashed(password)
            user.role = user.role if role is None else role
            user.active = user.active if active is None else active
            session.flush()
            if not _admins(session):
                raise InputError(f"{name} is the only admin; make another one first")

    def all(self, *, by: Who) -> list[User]:
        """All accounts by name, for an admin."""
        with session_of(self._engine, writes=False) as session:
            acting(session, by, "administer")
            return list(session.scalars(select(User).order_by(User.name)))

    def sign_in(self, name: str, password: str) -> Actor:
        """Who it is, if name and password are right.

        Raises
        ------
        AccessError
            If they are not, or the account is closed.
        """
        with session_of(self._engine, writes=False) as session:
            user = check_password(session, name, password)
            return Actor(user.name, user.role)

    def sign_in_with_token(self, secret: str) -> Actor:
        """Who it is, if the token opens an account; its role may stand below its user's.

        Raises
        ------
        AccessError
            If it does not, was revoked, or has expired.
        """
        with session_of(self._engine, writes=False) as session:
            token = check_token(session, secret)
            return Actor(token.user.name, token.role)

    def issue_token(
        self,
        name: str,
        *,
        by: Who,
        role: str | None = None,
        days: int | None = 90,
        label: str = "",
    ) -> tuple[str, Token]:
        """A new token for an account: the secret, shown this once, and what is kept of it.

        People make tokens for themselves, admins for anyone (so also for the program).

        Parameters
        ----------
        name : str
            Whose.
        by : str or Actor
        role : str, optional
            The most it may do; left out, all that its user may.
        days : int or None
            How long it holds; None for ever.
        label : str
            What it is for.

        Raises
        ------
        InputError
            If `role` is more than the user's, or `days` is not 1 to 3650.
        AccessError
            If `by` may not.
        """
        own = name == (by if isinstance(by, str) else by.name)
        with session_of(self._engine, writes=True) as session:
            acting(session, by, "read" if own else "administer")
            user = _named(session, name)
            at_most = by.role if own and isinstance(by, Actor) else user.role
            return issue_token(
                session, user, role=role or at_most, at_most=at_most, days=days, label=label
            )

    def revoke_token(self, token_id: int, *, by: Who) -> None:
        """End a token: one's own, or as an admin anyone's.

        Raises
        ------
        InputError
            If there is no such token.
        AccessError
            If `by` may not.
        """
        with session_of(self._engine, writes=True) as session:
            token = session.get(Token, token_id)
            if token is None:
                raise InputError(
                    f"there is no token {token_id}; `reprieve store token list` lists them"
                )
            own = token.user.name == (by if isinstance(by, str) else by.name)
            acting(session, by, "read" if own else "administer")
            token.revoked = token.revoked or now()

    def tokens(self, *, by: Who) -> list[Token]:
        """All tokens for an admin, their own for others."""
        tokens = select(Token).options(joinedload(Token.user)).order_by(Token.id)
        with session_of(self._engine, writes=False) as session:
            user = acting(session, by, "read")
            role = user.role if isinstance(by, str) else by.role
            if role != "admin":
                tokens = tokens.where(Token.user_id == user.id)
            return list(session.scalars(tokens))


def _named(session: Session, name: str) -> User:
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        raise InputError(f"there is no user {name!r}; `reprieve store users list` lists them")
    return user


def _admins(session: Session) -> int:
    """How many people can administer the store."""
    admins = select(func.count()).where(User.role == "admin", User.active, User.kind == "person")
    return session.scalar(admins) or 0
