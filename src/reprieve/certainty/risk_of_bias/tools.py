"""The tools as data: their domains, questions and rules, read from the tables beside this file.

The questions are paraphrased: the tools' own words are under a licence that forbids changes.
They remind; to judge, read the guidance that each tool names as its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from reprieve.errors import UnknownWordError

TABLES = Path(__file__).with_name("tools")
NOT_JUDGED = "not judged"
"""The judgement of whatever nobody has judged; never to be taken for low."""
OVERALL = "overall"
"""The domain that sums up the others."""

_WORDS = {"yes": ("Y", "PY"), "no": ("N", "PN")}


@dataclass(frozen=True)
class Question:
    """A signalling question.

    Attributes
    ----------
    id : str
        Its number in the tool, such as ``"1.2"``.
    domain : str
    text : str
        What it asks, in our own words.
    answers : tuple of str
        Y yes, PY probably yes, PN probably no, N no, NI no information, NA not applicable.
    """

    id: str
    domain: str
    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Condition:
    """True when one of `names` (questions, parts or domains) has one of `values`."""

    names: tuple[str, ...]
    values: frozenset[str]


@dataclass(frozen=True)
class Rule:
    """A row of a decision table: when all conditions hold, `then` is the outcome.

    Attributes
    ----------
    part : str
        The part of the domain that it decides; empty for the domain itself.
    when : tuple of Condition
    then : str
    note : str
        What the tool leaves to people.
    """

    part: str
    when: tuple[Condition, ...]
    then: str
    note: str


@dataclass(frozen=True)
class Tool:
    """A tool for judging the risk of bias.

    Attributes
    ----------
    id, name, source : str
    judgements : tuple of str
        Its words, from best to worst.
    domains : dict of str to str
        Name of each domain, ``overall`` last.
    questions : dict of str to Question
    rules : dict of str to tuple of Rule
        For each domain that has an algorithm its rows, in the order in which they are tried.
    """

    id: str
    name: str
    source: str
    judgements: tuple[str, ...]
    domains: Mapping[str, str]
    questions: Mapping[str, Question]
    rules: Mapping[str, tuple[Rule, ...]]

    def asked(self, domain: str) -> tuple[str, ...]:
        """What the algorithm of a domain is fed with: questions, or domains for ``overall``."""
        questions = tuple(q.id for q in self.questions.values() if q.domain == domain)
        return questions or tuple(d for d in self.domains if d != OVERALL and domain == OVERALL)

    def domain_name(self, domain: str) -> str:
        """The domain as people read it.

        Raises
        ------
        UnknownWordError
        """
        if domain not in self.domains:
            raise UnknownWordError(f"domain of {self.id}", domain, self.domains)
        return self.domains[domain]


@cache
def tools() -> Mapping[str, Tool]:
    """All tools by their id.

    Examples
    --------
    >>> list(tools())
    ['rob2', 'rob2-adherence', 'robins-i', 'rob-me']
    """
    return {row["tool"]: _tool(row) for row in _rows("tools")}


def tool(name: str) -> Tool:
    """One tool.

    Raises
    ------
    UnknownWordError
        With the nearest names.

    Examples
    --------
    >>> tool("rob2").domains["D1"], tool("robins-i").judgements[-1]
    ('randomisation', 'no information')
    """
    if name not in tools():
        raise UnknownWordError("tool for risk of bias", name, tools())
    return tools()[name]


def _tool(row: Mapping[str, str]) -> Tool:
    name = row["tool"]
    rules: dict[str, list[Rule]] = {}
    for r in _rows("rules", name):
        conditions = tuple(_condition(text) for text in r["when"].split("; "))
        rules.setdefault(r["domain"], []).append(Rule(r["part"], conditions, r["then"], r["note"]))
    return Tool(
        id=name,
        name=row["name"],
        source=row["source"],
        judgements=tuple(row["judgements"].split(";")),
        domains={r["domain"]: r["name"] for r in _rows("domains", name)},
        questions={
            r["question"]: Question(
                r["question"], r["domain"], r["text"], tuple(r["answers"].split())
            )
            for r in _rows("questions", name)
        },
        rules={domain: tuple(several) for domain, several in rules.items()},
    )


def _condition(text: str) -> Condition:
    names, _, values = text.partition("=")
    found = [v for value in values.split("/") for v in _WORDS.get(value, (value,))]
    return Condition(tuple(names.split("|")), frozenset(found))


def _rows(table: str, name: str | None = None) -> list[dict[str, str]]:
    """The rows of a table, or those of one tool."""
    frame = pl.read_csv(TABLES / f"{table}.csv", infer_schema=False).fill_null("")
    return [row for row in frame.to_dicts() if name is None or name in row["tools"].split(";")]
