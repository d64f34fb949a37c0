"""Decisions of people that differ from the rules' proposals: ``overrules.csv``.

The file lies beside the evidence and only ever grows: a row overrules a domain of a question, or
withdraws the row before it. Each row holds a fingerprint of the numbers that the person saw.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Literal

from reprieve.certainty.grading.domains import DOMAINS, MOST, UPGRADES, Domain, Overruled
from reprieve.certainty.risk_of_bias.files import named_rows, refuse_faults, write_rows
from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence.faults import Fault

Action = Literal["overrule", "withdraw"]


@dataclass(frozen=True)
class Overrule:
    """A row of the file.

    Attributes
    ----------
    question : str
        As `key_of` writes it.
    domain : str
    action : {"overrule", "withdraw"}
    downgrade : int or None
        Levels down that count instead, negative for up; None for a withdrawal.
    reason, who, date : str
        The day in ISO 8601.
    fingerprint : str
        Of the numbers and the proposal that the person saw.
    """

    question: str
    domain: str
    action: Action
    downgrade: int | None
    reason: str
    who: str
    date: str
    fingerprint: str


COLUMNS = tuple(part.name for part in fields(Overrule))


def read_overrules(path: str | Path) -> list[Overrule]:
    """All rows of a file of overrules, in its order.

    Raises
    ------
    PackageError
        If the file can't be read at all.
    InputError
        With the first faults as ``file:row: column: …``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> seen = Domain("imprecision", 1, "a rule", {"people": 90}, "few people")
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "overrules.csv"
    ...     _ = overrule(path, "a question", seen, 2, reason="far too few", who="A. Reader")
    ...     read_overrules(path)[0].downgrade
    2
    """
    path = Path(path)
    faults: list[Fault] = []
    found: list[Overrule] = []
    for number, row in enumerate(named_rows(path, COLUMNS, COLUMNS), start=2):
        problems = _problems(row)
        if not problems and row["action"] == "withdraw" and _last(found, row) is None:
            problems = [("action", "withdraws what was never overruled", "an overrule before it")]
        faults += [Fault(path.name, number, *problem) for problem in problems]
        if not problems:
            withdraws = row["action"] == "withdraw"
            found.append(
                Overrule(
                    question=row["question"],
                    domain=row["domain"],
                    action="withdraw" if withdraws else "overrule",
                    downgrade=None if withdraws else int(row["downgrade"]),
                    reason=row["reason"],
                    who=row["who"],
                    date=row["date"],
                    fingerprint=row["fingerprint"],
                )
            )
    refuse_faults(path, faults)
    return found


def overrule(
    path: str | Path,
    question: str,
    seen: Domain,
    downgrade: int,
    *,
    reason: str,
    who: str,
    date: str | None = None,
) -> Overrule:
    """Decide otherwise than the rule proposes, on the record.

    Parameters
    ----------
    path : str or Path
        The file; made when it is not there. It is complete afterwards, or what it was before.
    question : str
        The key of the rated question (`Certainty.key`).
    seen : Domain
        The domain as it was proposed.
    downgrade : int
        Levels down that count instead; negative for up.
    reason, who : str
    date : str, optional
        ISO 8601; today when not given.

    Raises
    ------
    InputError
        Without a reason or a name, or with levels that the domain can't have.
    """
    row = Overrule(
        question, seen.domain, "overrule", downgrade, reason.strip(), who.strip(), _day(date),
        seen.fingerprint,
    )  # fmt: skip
    return _append(Path(path), row)


def withdraw(
    path: str | Path, question: str, domain: str, *, reason: str, who: str, date: str | None = None
) -> Overrule:
    """Take the last overrule of a domain back: what stood before it counts again.

    Raises
    ------
    InputError
        If there is none to take back.
    """
    path = Path(path)
    last = standing(read_overrules(path), question).get(domain)
    if last is None:
        raise InputError(
            f"{path}: {domain!r} of {question!r} is not overruled; nothing to withdraw"
        )
    row = replace(
        last, action="withdraw", downgrade=None, reason=reason.strip(), who=who.strip(),
        date=_day(date),
    )  # fmt: skip
    return _append(path, row)


def standing(overrules: Iterable[Overrule], question: str) -> dict[str, Overrule]:
    """The overrules of a question that have not been withdrawn: the last of each domain."""
    stacks: dict[str, list[Overrule]] = {}
    for row in overrules:
        if row.question != question:
            continue
        stack = stacks.setdefault(row.domain, [])
        if row.action == "overrule":
            stack.append(row)
        elif stack:
            stack.pop()
    return {domain: stack[-1] for domain, stack in stacks.items() if stack}


def overruled(domain: Domain, found: dict[str, Overrule]) -> Domain:
    """The domain with what people decided about it."""
    row = found.get(domain.domain)
    if row is None or row.downgrade is None:
        return domain
    moved = row.fingerprint != domain.fingerprint
    return replace(
        domain, overruled_by=Overruled(row.who, row.date, row.reason, row.downgrade, moved)
    )


def _append(path: Path, row: Overrule) -> Overrule:
    cells = dict(zip(COLUMNS, _cells(row), strict=True))
    problems = _problems(cells)
    if problems:
        column, message, expected = problems[0]
        raise InputError(f"{column} {message}; expected {expected}")
    before: Sequence[Overrule] = read_overrules(path) if path.exists() else ()
    write_rows(path, COLUMNS, (_cells(one) for one in (*before, row)))
    return row


def _cells(row: Overrule) -> tuple[str, ...]:
    return tuple("" if cell is None else str(cell) for cell in astuple(row))


def _problems(row: dict[str, str]) -> list[tuple[str, str, str]]:
    """Column, message and what was expected, of everything wrong in a row."""
    found = [
        (column, "is empty", what)
        for column, what in (
            ("question", "the key of a question"),
            ("reason", "why"),
            ("who", "a name"),
            ("fingerprint", "the code of the numbers that were seen"),
        )
        if not row[column].strip()
    ]
    if row["domain"] not in (*DOMAINS, *UPGRADES):
        error = UnknownWordError("domain", row["domain"], (*DOMAINS, *UPGRADES))
        found.append(("domain", f"{row['domain']!r} is not one", " or ".join(error.known)))
    if row["action"] not in ("overrule", "withdraw"):
        found.append(("action", f"is {row['action']!r}", "overrule or withdraw"))
    elif row["action"] == "overrule" and not found:
        found += _levels(row["domain"], row["downgrade"])
    try:
        datetime.date.fromisoformat(row["date"])
    except ValueError:
        found.append(("date", f"{row['date']!r} is no day", "a day such as 2026-01-31"))
    return found


def _levels(domain: str, cell: str) -> list[tuple[str, str, str]]:
    most = MOST.get(domain, 2)
    allowed = range(-most, 1) if domain in UPGRADES else range(0, most + 1)
    if cell in {str(level) for level in allowed}:
        return []
    return [("downgrade", f"is {cell!r}", f"{allowed[0]} to {allowed[-1]}")]


def _day(date: str | None) -> str:
    return datetime.date.today().isoformat() if date is None else date


def _last(found: Sequence[Overrule], row: dict[str, str]) -> Overrule | None:
    return standing(found, row["question"]).get(row["domain"])
