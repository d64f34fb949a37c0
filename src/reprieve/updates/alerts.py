"""An alert: a conclusion that changed, as people and programs read it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reprieve.updates.changes import KINDS, Change, Difference
from reprieve.updates.moments import moment

NOT_ADVICE = "Decision support, not medical advice: talk to a clinician before you decide."


@dataclass(frozen=True, slots=True)
class Alert:
    """One answer, or one trial, whose conclusion changed in one version.

    Attributes
    ----------
    version : int
        The version of the review that says so first.
    date : str
        Its moment, ISO 8601 with time and zone.
    difference : Difference
    """

    version: int
    date: str
    difference: Difference

    @property
    def key(self) -> str:
        """The same however often a run is repeated: who has seen it need not see it again.

        Examples
        --------
        >>> from reprieve.updates.changes import Difference
        >>> none = Difference(key="k", title="t", condition="", before="a", after="b", changes=())
        >>> Alert(3, "2026-03-01T06:00:00+00:00", none).key
        '3-...'
        """
        found = self.difference
        told = [found.key, found.before, found.after, *(c.words for c in found.changes)]
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        return f"{self.version}-{digest[:24]}"

    @property
    def kinds(self) -> tuple[str, ...]:
        """What kinds of change it holds, each once."""
        return tuple(dict.fromkeys(change.kind for change in self.difference.changes))

    @property
    def subject(self) -> str:
        """One line, for the subject of a message or the title of an entry."""
        return self.difference.title

    @property
    def summary(self) -> str:
        """The kinds of change, in a line."""
        return "; ".join(KINDS[change.kind] for change in _first_of_kind(self.difference.changes))

    def text(self) -> str:
        """All of it, to read."""
        said = f"{moment(self.date):%Y-%m-%d %H:%M} UTC"
        return "\n".join(
            [
                f"A conclusion changed ({self.summary}).",
                "",
                self.difference.text(),
                "",
                f"Version {self.version} of the review, {said}. {NOT_ADVICE}",
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """The alert as JSON can hold it; `alert_from` reads it back."""
        return {
            "key": self.key,
            "version": self.version,
            "date": self.date,
            "kinds": list(self.kinds),
            "subject": self.subject,
            "text": self.text(),
            "difference": self.difference.to_dict(),
        }


def alert_from(content: Mapping[str, Any]) -> Alert:
    """An alert from what `Alert.to_dict` gave, or its JSON."""
    import msgspec

    difference = msgspec.convert(content["difference"], Difference)
    return Alert(content["version"], content["date"], difference)


def _first_of_kind(changes: tuple[Change, ...]) -> list[Change]:
    return list({change.kind: change for change in reversed(changes)}.values())[::-1]
