"""The rules as data: patterns of words, read from CSV and joined into few regular expressions.

``rules/patterns.csv`` holds one pattern a row: the field it speaks for, the code it stands for,
whether it is ``strong`` (enough by itself) or ``weak`` (counts where nothing strong is found), and
an example that it matches. ``rules/brands.csv`` holds names of products with what is known of
them. All are matched against lower-case text.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Generic, TypeVar

Row = dict[str, str]
Key = TypeVar("Key", bound=Hashable)


@cache
def rows(name: str) -> tuple[Row, ...]:
    """The rows of a file of rules.

    Examples
    --------
    >>> rows("patterns.csv")[0]["field"]
    'cells'
    """
    path = files("reprieve.living.recognising") / "rules" / name
    with path.open(encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def version() -> str:
    """A short text that changes when the rules do.

    Examples
    --------
    >>> len(version())
    12
    """
    folder = files("reprieve.living.recognising") / "rules"
    every = sorted(folder.iterdir(), key=lambda file: file.name)
    return hashlib.sha256(b"".join(file.read_bytes() for file in every)).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns of one field as one expression that is quick to search with.

    Attributes
    ----------
    expression : re.Pattern
        Matches wherever any of the patterns does. It has no groups, and its alternatives are
        sorted by their first letter, so that most places in a text are dismissed at a glance.
    each : tuple of (str, re.Pattern)
        Code and pattern of each row, to tell which one matched.
    """

    expression: re.Pattern[str]
    each: tuple[tuple[str, re.Pattern[str]], ...]

    def code(self, match: re.Match[str]) -> str:
        """The code of the pattern that matched."""
        start, end = match.span()
        for code, pattern in self.each:
            own = pattern.match(match.string, start)
            if own is not None and own.end() == end:
                return code
        raise AssertionError(f"no pattern matches {match.group()!r}")  # pragma: no cover

    def found(self, text: str) -> Iterator[tuple[str, re.Match[str]]]:
        """Code and place of everything that matches, from left to right."""
        for match in self.expression.finditer(text):
            yield self.code(match), match


@cache
def rules(field: str, strength: str = "strong") -> Rules:
    """The patterns of a field; inside them no group captures.

    Examples
    --------
    >>> [code for code, _ in rules("cell_source").found("wharton's jelly and bone marrow cells")]
    ['umbilical_cord', 'bone_marrow']
    """
    return _joined(_coded(field, strength))


@cache
def cell_rules(*, ends: bool = True) -> Rules:
    """The patterns of words for cells, with the names of products among them.

    Without names that are told by how they `ends`, the expression is quicker by a third: it is then
    tried at beginnings of words alone.

    Examples
    --------
    >>> [code for code, _ in cell_rules().found("jointstem, made of stem cells")]
    ['brand', 'stem_or_stromal']
    """
    brands = [row["pattern"] for row in rows("brands.csv")]
    coded = [("brand", p) for p in brands if ends or p.startswith(r"\b")]
    return _joined([*_coded("cells", "strong"), *coded])


def _coded(field: str, strength: str) -> list[tuple[str, str]]:
    return [
        (row["code"], row["pattern"])
        for row in rows("patterns.csv")
        if row["field"] == field and row["strength"] == strength
    ]


def _joined(coded: list[tuple[str, str]]) -> Rules:
    return Rules(
        re.compile(sorted_by_letter([pattern for _, pattern in coded])),
        tuple((code, re.compile(sorted_by_letter([pattern]))) for code, pattern in coded),
    )


def sorted_by_letter(patterns: Sequence[str]) -> str:
    r"""One pattern for many, its alternatives sorted by the letters they begin with.

    Python tries the alternatives of an expression one after the other at each place; those that
    begin with other letters than the text does are so dismissed together.

    Examples
    --------
    >>> print(sorted_by_letter([r"\bstem|\bstromal cells?", r"mscs?\b", r"\bcells"]))
    \b(?:s(?:t(?:em|romal cells?))|cells)|mscs?\b
    """
    words: list[str] = []
    anywhere: list[str] = []
    for alternative in (a for pattern in patterns for a in spelt_out(pattern)):
        body = alternative.removeprefix(r"\b")
        (anywhere if body == alternative else words).append(body)
    at_words = [rf"\b(?:{_by_letter(words)})"] if words else []
    return "|".join(at_words + anywhere)


def _by_letter(bodies: Sequence[str]) -> str:
    """Alternatives with the letters that several begin with in front of them, once."""
    letters: dict[str, list[str]] = {}
    others: list[str] = []
    for body in dict.fromkeys(bodies):
        if _begins_plainly(body):
            letters.setdefault(body[0], []).append(body[1:])
        else:
            others.append(body)
    begun = [
        letter + (rest[0] if len(rest) == 1 else f"(?:{_by_letter(rest)})")
        for letter, rest in letters.items()
    ]
    return "|".join(begun + others)


@cache
def beginnings(pattern: str) -> tuple[str, ...]:
    r"""Letters of which a lower-case text must hold some where a pattern is to match.

    Looking for them is much quicker than looking for the pattern. The empty text, which every text
    holds, stands for a pattern that may begin with any letter.

    Examples
    --------
    >>> beginnings(r"\bstem cells?\b|\b(?:cartistem|stem)\w*|\bdisc-?\w+")
    ('disc', 'stem')
    """
    begun: set[str] = set()
    for alternative in spelt_out(pattern):
        found = _PLAIN_LETTERS.match(alternative)
        begun.add(found.group(1) if found else "")
    return tuple(sorted(b for b in begun if not any(a in b and a != b for a in begun)))


_PLAIN_LETTERS = re.compile(r"(?:\(\?<![^)]*\))*(?:\\b)?((?:[a-zß-ÿ0-9' -](?![?*{]))+)")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Openings(Generic[Key]):
    """Which patterns are worth looking for in a text, by how its words begin.

    Attributes
    ----------
    by_letters : mapping
        Keys of the patterns that begin with two, three or four letters.
    """

    by_letters: Mapping[str, frozenset[Key]]

    @classmethod
    def of(cls, patterns: Mapping[Key, str]) -> Openings[Key]:
        r"""Those of patterns that all begin at the beginning of a word.

        Examples
        --------
        >>> openings = Openings.of({"pain": r"\bpain", "disc": r"\bdis[ck]s?\b"})
        >>> sorted(openings.likely("chronic disease")), sorted(openings.likely("a sprain"))
        (['disc'], [])
        """
        keys: dict[str, set[Key]] = {}
        for key, pattern in patterns.items():
            for begun in beginnings(pattern):
                keys.setdefault(_WORD.findall(begun)[0][:4], set()).add(key)
        if any(len(letters) < 2 for letters in keys):
            raise ValueError("a pattern begins with fewer than two letters that are plain")
        return cls({letters: frozenset(found) for letters, found in keys.items()})

    def likely(self, low: str) -> set[Key]:
        """Keys of the patterns that may match somewhere in a lower-case text; others can't."""
        found: set[Key] = set()
        for word in _WORD.findall(low):
            for letters in (word[:4], word[:3], word[:2]):
                if letters in self.by_letters:
                    found |= self.by_letters[letters]
        return found


def _begins_plainly(body: str) -> bool:
    return (body[:1].isalnum() or body[:1] in {" ", "-"}) and body[1:2] not in {"?", "*", "+", "{"}


def spelt_out(pattern: str) -> Iterator[str]:
    r"""The alternatives of a pattern, those that begin with a choice once for each choice.

    >>> print(*spelt_out(r"\b(?:own|her) cells|\bh?mscs?"))
    \bown cells \bher cells \bhmscs? \bmscs?
    """
    for alternative in _alternatives(pattern):
        body = alternative.removeprefix(r"\b")
        start = alternative[: len(alternative) - len(body)]
        if body.startswith("(?:"):
            end = _closing(body)
            optional = body[end + 1 : end + 2] == "?"
            rest = body[end + 1 + optional :]
            if rest[:1] not in {"*", "+", "{", "?"}:
                chosen = [*_alternatives(body[3:end]), *([""] if optional else [])]
                for choice in chosen:
                    opening = "" if choice.startswith(r"\b") else start
                    yield from spelt_out(f"{opening}{choice}{rest}")
                continue
        elif body[:1].isalnum() and body[1:2] == "?" and body[2:3] != "?":
            yield from spelt_out(f"{start}{body[0]}{body[2:]}")
            yield from spelt_out(f"{start}{body[2:]}")
            continue
        yield alternative


def _closing(body: str) -> int:
    """Where the bracket that a text begins with is closed."""
    depth = 0
    for i, letter in _outside_classes(body):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if not depth:
            return i
    raise ValueError(f"a bracket is not closed in {body!r}")


def _alternatives(pattern: str) -> Iterator[str]:
    """What stands between the bars outside all brackets."""
    depth = begin = 0
    for i, letter in _outside_classes(pattern):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "|" and not depth:
            yield pattern[begin:i]
            begin = i + 1
    yield pattern[begin:]


def _outside_classes(pattern: str) -> Iterator[tuple[int, str]]:
    """Place and letter of a pattern, without what is escaped or a class in square brackets."""
    i = 0
    while i < len(pattern):
        if pattern[i] == "\\":
            i += 1
        elif pattern[i] == "[":
            i = pattern.index("]", i + 2)
        else:
            yield i, pattern[i]
        i += 1


@dataclass(frozen=True, slots=True)
class Brand:
    """What is known of a product by its name; empty where that is not known."""

    cell_source: str
    donor: str
    processing: str


@cache
def brand_names() -> re.Pattern[str]:
    """One expression for the names of all products."""
    return re.compile(sorted_by_letter([row["pattern"] for row in rows("brands.csv")]))


@cache
def _brands() -> tuple[tuple[re.Pattern[str], Brand], ...]:
    return tuple(
        (re.compile(row["pattern"]), Brand(row["cell_source"], row["donor"], row["processing"]))
        for row in rows("brands.csv")
    )


def brands_in(text: str) -> Iterator[tuple[Brand, tuple[int, int]]]:
    """Every product named in a lower-case text, with its place.

    Examples
    --------
    >>> [brand.donor for brand, _ in brands_in("a phase 3 trial of jointstem")]
    ['autologous']
    """
    expression, each = brand_names(), _brands()
    for match in expression.finditer(text):
        start, end = match.span()
        brand = next(brand for pattern, brand in each if pattern.match(text, start))
        while start and text[start - 1].isalnum():  # some are told by how they end
            start -= 1
        yield brand, (start, end)
