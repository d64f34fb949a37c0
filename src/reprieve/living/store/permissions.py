"""Who may do what: the one place that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.living.store.errors import AccessError
from reprieve.living.store.models import ROLES, User

Deed = Literal[
    "read",  # look at anything but accounts
    "propose",  # insert rows that nobody has verified
    "update",  # fetch, recognise, queue, log versions
    "decide",  # screen, extract, judge
    "edit",  # change rows of the evidence, take back one's own changes
    "verify",  # say that a row is what its source says
    "adjudicate",  # settle what two reviewers see differently
    "import",  # bring in a whole package
    "undo",  # take back another person's changes
    "administer",  # users and tokens
]

LEAST_ROLE: dict[Deed, str] = {
    "read": "reader",
    "propose": "reviewer",
    "update": "reviewer",
    "decide": "reviewer",
    "edit": "reviewer",
    "verify": "reviewer",
    "adjudicate": "editor",
    "import": "editor",
    "undo": "editor",
    "administer": "admin",
}
"""The least role that a person needs for each deed."""

PROGRAM_MAY: frozenset[Deed] = frozenset({"read", "propose", "update"})
"""All that the program may do on its own: no number enters the evidence unseen."""


@dataclass(frozen=True)
class Actor:
    """Someone who has signed in.

    Attributes
    ----------
    name : str
        The name of their account.
    role : str
        The most that this sign-in may do; a token may stand below its user.
    """

    name: str
    role: str


Who = str | Actor
"""Whoever acts: the name of an account, or what signing in gave."""


def acting(session: Session, who: Who, deed: Deed) -> User:
    """The user who acts, if they may.

    Raises
    ------
    AccessError
        If there is no such user, the account is closed, or its role does not reach.
    """
    name = who if isinstance(who, str) else who.name
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        raise AccessError(
            f"there is no user {name!r} in this store; an admin can add one "
            "with `reprieve store users add`"
        )
    permit(user, deed, at_most=user.role if isinstance(who, str) else who.role)
    return user


def permit(user: User, deed: Deed, *, at_most: str | None = None) -> None:
    """Let a user go on, or say why not.

    Parameters
    ----------
    user : User
    deed : str
    at_most : str, optional
        The role of the token they came with.

    Raises
    ------
    AccessError
        If the account is closed, or its role does not reach.

    Examples
    --------
    >>> permit(User(name="r", kind="person", role="reader", active=True), "edit")
    Traceback (most recent call last):
    ...
    reprieve.living.store.errors.AccessError: r has the role reader here and may not edit; ...
    """
    if not user.active:
        raise AccessError(f"the account {user.name} is closed; ask an admin to open it")
    role = min(user.role, at_most or user.role, key=ROLES.index)
    if user.kind == "program":
        if deed not in PROGRAM_MAY:
            raise AccessError(
                f"{user.name} is a program and may not {deed}; sign in as a person who may"
            )
    elif ROLES.index(role) < ROLES.index(LEAST_ROLE[deed]):
        raise AccessError(
            f"{user.name} has the role {role} here and may not {deed}; "
            f"that takes the role {LEAST_ROLE[deed]}, which an admin can give"
        )
