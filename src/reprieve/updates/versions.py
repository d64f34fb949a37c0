"""The log of versions of a living review, as PRISMA-LSR asks for it.

PRISMA-LSR (BMJ 2024;387:e079183): "living" and the number of the version in the title, the version
before, what triggered this one, the searches as they were made and how often they are, a flow of
records for each version, changes to methods and to results, who did what, and whether the review
is retired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from reprieve.updates.changes import Difference

TITLE = "Stem cell therapy in chronic pain: a living systematic review"
RETIREMENT = (
    "The review is retired when its editors say so with a reason (reprieve update --retire); that "
    "writes the last version and ends the searches."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLog:
    """One search of one source.

    Attributes
    ----------
    source, query : str
        The query as sent.
    since : str
        From which day on changes were asked for; empty for all.
    started, finished : str
        Moments, ISO 8601.
    found, new, changed, unchanged, vanished : int
        Records; new, changed and unchanged ones add up to those found.
    """

    source: str
    query: str
    since: str
    started: str
    finished: str
    found: int
    new: int
    changed: int
    unchanged: int
    vanished: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFlow:
    """Records of this version, from searches to trials.

    Attributes
    ----------
    identified : mapping of str to int
        Records new or changed since the version before, by source.
    duplicates : int
        Of these, records of a trial of which another record is known already.
    not_cell_therapy, other_condition : int
        Set aside by rules: no cells for a painful condition; people can look at them.
    to_screen : int
        Put before reviewers.
    screened, included : int
        Records on which reviewers have decided so far, in all versions, and those included.
    excluded : mapping of str to int
        By the reviewers' reasons.
    waiting : int
        Records that reviewers have not decided on yet.
    trials, people : int
        In the evidence of this version.
    """

    identified: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    not_cell_therapy: int = 0
    other_condition: int = 0
    to_screen: int = 0
    screened: int = 0
    included: int = 0
    excluded: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    trials: int = 0
    people: int = 0

    def lines(self) -> list[str]:
        """Box by box, from top to bottom."""
        sources = "; ".join(f"{name} {n:,}" for name, n in self.identified.items()) or "none"
        reasons = "; ".join(f"{reason} {n:,}" for reason, n in self.excluded.items())
        return [
            f"Records new or changed since the version before: {sum(self.identified.values()):,} "
            f"({sources})",
            f"Of a trial known already from another record: {self.duplicates:,}",
            f"Set aside by rules: {self.not_cell_therapy:,} without cell therapy, "
            f"{self.other_condition:,} in other conditions",
            f"Put before reviewers: {self.to_screen:,}",
            f"Decided by reviewers so far: {self.screened:,} (included {self.included:,}"
            + (f"; excluded: {reasons})" if reasons else ")"),
            f"Waiting for reviewers: {self.waiting:,}",
            f"In the evidence of this version: {self.trials:,} trials with {self.people:,} people "
            "randomised or treated",
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewVersion:
    """One version of the living review.

    Attributes
    ----------
    number : int
    date : str
        Its moment, ISO 8601.
    software : str
        The version of Reprieve that computed it.
    preceding : str
        The version before, with its date; empty for the first.
    triggers : tuple of str
        What led to this version.
    searches : tuple of SearchLog
        Made since the version before.
    flow : VersionFlow
    methods : tuple of str
        Changes to methods since the version before.
    people : tuple of str
        Who changed the evidence since the version before, and as what.
    schedule : str
        How often searches are made, as the team says; empty where it does not say.
    differences : tuple of Difference
        Changes to results.
    retired : str
        Why the review is retired; empty while it lives.
    """

    number: int
    date: str
    software: str
    preceding: str
    triggers: tuple[str, ...]
    searches: tuple[SearchLog, ...]
    flow: VersionFlow
    methods: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    schedule: str = ""
    differences: tuple[Difference, ...] = ()
    retired: str = ""

    @property
    def title(self) -> str:
        """The title of the review, living and with the number of the version."""
        return f"{TITLE}, version {self.number} ({self.date[:10]})"

    @property
    def conclusions_changed(self) -> int:
        """Answers and trials of which a conclusion changed."""
        return sum(found.alerts for found in self.differences)

    def to_dict(self) -> dict[str, Any]:
        """The version as JSON can hold it; `version_from` reads it back."""
        return {"title": self.title} | asdict(self)

    def text(self) -> str:
        """The version to read."""
        return "\n".join(
            line
            for heading, lines in self._parts()
            for line in (*([heading, "-" * len(heading)] if heading else []), *lines, "")
        ).rstrip("\n")

    def markdown(self) -> str:
        """The version as Markdown; what came from outside can't become markup."""
        out = [f"# {_escaped(self.title)}", ""]
        for heading, lines in self._parts()[1:]:
            out += [f"## {heading}", ""]
            for line in lines:
                if line.startswith(" "):
                    out.append(f"    * {_escaped(line.strip().lstrip('•').strip())}")
                else:
                    out.append(f"* {_escaped(line)}")
            out.append("")
        return "\n".join(out)

    def _parts(self) -> list[tuple[str, Sequence[str]]]:
        results = [line for found in self.differences for line in found.text().splitlines()]
        return [
            ("", [self.title, "=" * len(self.title)]),
            ("Status", self._status()),
            ("What triggered this version", self.triggers or ("nothing but a person's wish",)),
            ("Searches", [_search(found) for found in self.searches] or ["none since"]),
            ("Records", self.flow.lines()),
            ("Changes to methods", self.methods or ("none",)),
            ("Changes to results", results or ["none"]),
            ("Who changed the evidence", self.people or ("nobody since the version before",)),
        ]

    def _status(self) -> list[str]:
        before = self.preceding or "none: this is the first version"
        living = f"Retired: {self.retired}" if self.retired else f"Living. {RETIREMENT}"
        return [
            f"Preceding version: {before}",
            living,
            f"Searches are made {self.schedule or 'whenever somebody runs an update'}; answers are "
            "computed again at once where rows that they stand on have changed",
            f"Computed by Reprieve {self.software}",
            f"Conclusions that changed: {self.conclusions_changed}",
        ]


def version_from(content: Mapping[str, Any]) -> ReviewVersion:
    """A version from what `ReviewVersion.to_dict` gave, or its JSON.

    Examples
    --------
    >>> first = ReviewVersion(number=1, date="2026-03-01T06:00:00+00:00", software="0.1.0",
    ...     preceding="", triggers=("first version",), searches=(), flow=VersionFlow())
    >>> version_from(first.to_dict()) == first
    True
    >>> first.title
    'Stem cell therapy in chronic pain: a living systematic review, version 1 (2026-03-01)'
    """
    import msgspec

    return msgspec.convert(content, ReviewVersion)


def _search(found: SearchLog) -> str:
    since = f", changes since {found.since}" if found.since else ""
    gone = f", {found.vanished:,} vanished" if found.vanished else ""
    return (
        f"{found.source}, {found.finished[:16].replace('T', ' ')}{since}: {found.found:,} records "
        f"({found.new:,} new, {found.changed:,} changed, {found.unchanged:,} as before{gone}); "
        f"query: {found.query}"
    )


def _escaped(text: str) -> str:
    r"""Text that Markdown shows as it is.

    Examples
    --------
    >>> print(_escaped("<b> [a](b) *c*"))
    &lt;b&gt; \[a\](b) \*c\*
    """
    for sign in "\\`*_[]#|~":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
