"""`reprieve store users` and `reprieve store token`: who may use a store, and how they come in."""

from __future__ import annotations

import datetime
from typing import Annotated

import typer

from reprieve.cli import output
from reprieve.cli.signing_in import StoreOption, UserOption, opened, password_of, signed_in
from reprieve.cli.texts import harmless
from reprieve.errors import InputError

users = typer.Typer(help="Who may use the store.", no_args_is_help=True)
token = typer.Typer(help="Secrets that open an account without its password.", no_args_is_help=True)

Role = Annotated[str, typer.Option("--role", help="reader, reviewer, editor or admin.")]


@users.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="The name that will stand beside every change.")],
    role: Role,
    full_name: Annotated[str, typer.Option("--full-name", help="As people call them.")] = "",
    email: Annotated[str, typer.Option("--email")] = "",
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Make an account (its password: REPRIEVE_NEW_PASSWORD, or asked for)."""
    with opened(store) as it:
        who = signed_in(it, user)
        password = password_of(name, new=True)
        it.accounts.add(name, role, by=who, password=password, full_name=full_name, email=email)
    if json:
        output.print_json({"name": name, "role": role})
    else:
        typer.echo(f"{name} has the role {role} now")


@users.command("list")
def list_users(
    store: StoreOption = None, user: UserOption = None, json: output.Json = False
) -> None:
    """All accounts, for admins."""
    with opened(store) as it:
        found = it.accounts.all(by=signed_in(it, user))
    if json:
        columns = ("name", "full_name", "email", "kind", "role", "active")
        output.print_json({"users": [{c: getattr(u, c) for c in columns} for u in found]})
        return
    from rich.markup import escape

    shown = output.table("Name", "Role", "Known as", "State")
    for one in found:
        state = "" if one.active else "closed"
        shown.add_row(one.name, one.role, escape(one.full_name or one.kind), state)
    output.console().print(shown)


@users.command("change")
def change_user(
    name: Annotated[str, typer.Argument(help="The account.")],
    role: Annotated[str | None, typer.Option("--role")] = None,
    password: Annotated[bool, typer.Option("--password", help="Give it a new password.")] = False,
    active: Annotated[
        bool | None, typer.Option("--open/--close", help="Open or close the account.")
    ] = None,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Change the role or password of an account, close it or open it again."""
    if role is None and active is None and not password:
        raise InputError("nothing to change: give --role, --password, --open or --close")
    with opened(store) as it:
        who = signed_in(it, user)
        new = password_of(name, new=True) if password else None
        it.accounts.change(name, by=who, role=role, password=new, active=active)
    if json:
        output.print_json({"name": name})
    else:
        typer.echo(f"{name} was changed")


@token.command("issue")
def issue_token(
    name: Annotated[str, typer.Argument(help="Whose account it opens.")],
    label: Annotated[str, typer.Option("--label", help="What it is for.")] = "",
    role: Annotated[
        str | None, typer.Option("--role", help="The most it may do; left out, all.")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="How long it holds; 0 for ever.")] = 90,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Make a token; its secret is shown this once."""
    with opened(store) as it:
        secret, kept = it.accounts.issue_token(
            name, by=signed_in(it, user), role=role, days=days or None, label=label
        )
    if json:
        output.print_json(
            {"id": kept.id, "token": secret, "role": kept.role, "expires": _time(kept.expires)}
        )
        return
    until = f"{kept.expires:until %Y-%m-%d}" if kept.expires else "for ever"
    typer.echo(
        f"Token {kept.id}, {kept.role}, {until}. Keep it now, it is not shown again:", err=True
    )
    typer.echo(secret)


@token.command("list")
def list_tokens(
    store: StoreOption = None, user: UserOption = None, json: output.Json = False
) -> None:
    """Your tokens; all of them for admins. Secrets are not kept, so none is shown."""
    with opened(store) as it:
        found = it.accounts.tokens(by=signed_in(it, user))
    rows = [
        {
            "id": one.id,
            "user": one.user.name,
            "role": one.role,
            "label": one.label,
            "expires": _time(one.expires),
            "revoked": _time(one.revoked),
        }
        for one in found
    ]
    if json:
        output.print_json({"tokens": rows})
        return
    from rich.markup import escape

    shown = output.table("Token", "User", "Role", "For", "Expires", "Revoked")
    for one in found:
        ends = (f"{time:%Y-%m-%d}" if time else "" for time in (one.expires, one.revoked))
        label = escape(harmless(one.label))
        shown.add_row(str(one.id), one.user.name, one.role, label, *ends)
    output.console().print(shown)


@token.command("revoke")
def revoke_token(
    number: Annotated[int, typer.Argument(help="Its number, as `token list` shows it.")],
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """End a token."""
    with opened(store) as it:
        it.accounts.revoke_token(number, by=signed_in(it, user))
    if json:
        output.print_json({"id": number})
    else:
        typer.echo(f"Token {number} opens nothing any more")


def _time(moment: datetime.datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
