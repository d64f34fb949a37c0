"""Which store, and who it is that works in it: options that several commands share."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.errors import InputError

if TYPE_CHECKING:
    from reprieve.living.store import Store
    from reprieve.living.store.permissions import Actor

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="REPRIEVE_STORE",
        help="The store: a file (SQLite) or postgresql://USER@HOST/DATABASE.",
    ),
]
UserOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="REPRIEVE_USER",
        help="Who you are; the password is asked for, or read from REPRIEVE_PASSWORD. "
        "A token in REPRIEVE_TOKEN does without both.",
    ),
]


def opened(where: str | None, *, create: bool = False) -> Store:
    """The store that was named.

    Raises
    ------
    InputError
        If none was.
    """
    from reprieve.living.store import open_store

    if not where:
        raise InputError("which store? Name it with --store or REPRIEVE_STORE")
    return open_store(where, create=create)


def signed_in(store: Store, name: str | None) -> Actor:
    """Who works: by the token of the environment, else by name and password.

    Raises
    ------
    InputError
        If neither a token nor a name is given.
    AccessError
        If they open no account.
    """
    if token := os.environ.get("REPRIEVE_TOKEN"):
        return store.accounts.sign_in_with_token(token)
    if not name:
        raise InputError(
            "who are you? Give --as NAME (the password is asked for), or a token in REPRIEVE_TOKEN"
        )
    return store.accounts.sign_in(name, password_of(name))


def password_of(name: str, *, new: bool = False) -> str:
    """The password in REPRIEVE_PASSWORD, or as typed; a new one is typed twice.

    Raises
    ------
    InputError
        If there is none, and nobody to ask.
    """
    if password := os.environ.get("REPRIEVE_NEW_PASSWORD" if new else "REPRIEVE_PASSWORD"):
        return password
    if not sys.stdin.isatty():
        variable = "REPRIEVE_NEW_PASSWORD" if new else "REPRIEVE_PASSWORD"
        raise InputError(f"there is nobody to type the password of {name}; set {variable}")
    asked = f"{'New password' if new else 'Password'} of {name}"
    typed: str = typer.prompt(asked, hide_input=True, confirmation_prompt=new, err=True)
    return typed
