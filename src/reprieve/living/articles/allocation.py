"""Whether the text of an article speaks of a name as of a group that people were put into."""

from __future__ import annotations

import re
from functools import lru_cache

_AFTER = r"[\s)\]-]{1,3}(?:\w+[\s-]){0,1}?(?:groups?\b|arms?\b|condition\b|recipients\b|alone\b)"
_BEFORE = (
    r"(?:\b(?:groups?|arms?)[\s(:,]{1,3}|"
    r"\b(?:assigned|randomi[sz]ed|allocated)\b[^.;]{0,80}?\b(?:to|into|receive)\b[^.;]{0,80}?|"
    r"\b(?:received?|receiving|treated with|given|administered|versus|vs\.?|compared (?:to|with)|"
    r"comparing)\s(?:[\w-]+\s){0,3}?)"
)
_PLAIN = re.compile(r"\b(?:groups?|arms?|the|patients|participants|subjects)\b|[^\w\s+/.-]")


def speaks_of_group(text: str, name: str, short: str = "") -> bool:
    """Whether a text gives people a name, as a group, an arm or a treatment that they received.

    Parameters
    ----------
    text : str
        In lower case.
    name, short : str
        A name, and what it stands for if it is a short one.

    Examples
    --------
    >>> text = "people were randomly assigned to hatha yoga or the waiting-list group."
    >>> [speaks_of_group(text, name) for name in ("Hatha yoga", "Waiting-list", "Mental effort")]
    [True, True, False]
    """
    cores = [core for core in (_core(name), _core(short)) if core]
    return any(_speaks_of(text, core) for core in cores)


@lru_cache(maxsize=4096)
def _core(name: str) -> str:
    return re.sub(r"\s+", " ", _PLAIN.sub(" ", name.lower())).strip(" -/.")


def _speaks_of(text: str, core: str) -> bool:
    words = r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", core))
    whole = rf"(?<![\w]){words}(?![\w])"
    return bool(re.search(rf"{whole}{_AFTER}|{_BEFORE}{whole}", text))
