"""A proposal about one domain: by how much, by which rule, from which numbers, and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reprieve.synthesis.findings import plain

DOMAINS = ("risk of bias", "inconsistency", "indirectness", "imprecision", "publication bias")
UPGRADES = ("large effect", "dose-response", "opposing confounding")
MOST = {"imprecision": 3, "publication bias": 1, "opposing confounding": 1, "dose-response": 1}
"""Levels that a domain can move at most; two where nothing is said."""

SERIOUS = ("not serious", "serious", "very serious", "extremely serious")


@dataclass(frozen=True)
class Overruled:
    """A person's decision on a domain.

    Attributes
    ----------
    who, date, reason : str
    downgrade : int
        The levels that the person decided on.
    inputs_changed : bool
        Whether the numbers behind the domain have moved since; then the proposal counts again,
        until someone has looked.
    """

    who: str
    date: str
    reason: str
    downgrade: int
    inputs_changed: bool


@dataclass(frozen=True)
class Domain:
    """One of the five domains, or of the three reasons to rate up.

    Attributes
    ----------
    domain : str
    proposed : int
        Levels down that the rule proposes; negative for up.
    rule : str
        The rule, with its source.
    inputs : mapping
        The numbers that the rule looked at.
    reason : str
        A sentence with the numbers.
    overruled_by : Overruled or None
    """

    domain: str
    proposed: int
    rule: str
    inputs: Mapping[str, Any]
    reason: str
    overruled_by: Overruled | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))

    @property
    def downgrade(self) -> int:
        """Levels down that count: a person's, unless the numbers have moved since."""
        by = self.overruled_by
        return self.proposed if by is None or by.inputs_changed else by.downgrade

    @property
    def fingerprint(self) -> str:
        """A short code that changes when the inputs or the proposal do."""
        content = json.dumps(
            [self.domain, self.proposed, _rounded(plain(dict(self.inputs)))], sort_keys=True
        )
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def seriousness(self) -> str:
        """The levels in GRADE's words."""
        down = self.downgrade
        return SERIOUS[down] if down >= 0 else f"up {-down}"

    def to_dict(self) -> dict[str, Any]:
        """The domain as JSON can hold it."""
        by = self.overruled_by
        return {
            "domain": self.domain,
            "downgrade": self.downgrade,
            "proposed": self.proposed,
            "rule": self.rule,
            "inputs": plain(dict(self.inputs)),
            "reason": self.reason,
            "overruled_by": None if by is None else plain(by),
        }


def _rounded(value: Any) -> Any:
    """Numbers to six digits, so that another machine's last digit moves nothing."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.6g}") + 0.0 if isinstance(value, float) else value
