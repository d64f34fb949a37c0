"""What a title is about, to tell which measure it can belong to; wider than instruments.

The words are data: ``data/topics.csv``, beside those of instruments.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files

from reprieve.living.results.instruments import families_in, families_with_part

_GENERAL_HEALTH = ("sf36", "sf12", "rand36")


def topics_in(text: str, *, parts: bool = False) -> frozenset[str]:
    """The topics of a text: instruments by family, and other things that are measured.

    Parameters
    ----------
    text : str
    parts : bool
        Whether the name of a part ("Symptoms") stands for all instruments that have it, when no
        instrument is named.

    Examples
    --------
    >>> sorted(topics_in("Tibial Motor Nerve conduction velocity at zero day"))
    ['velocity']
    >>> sorted(topics_in("Symptoms", parts=True)), sorted(topics_in("Symptoms"))
    (['koos'], [])
    """
    named = {topic for topic, pattern in _topics().items() if pattern.search(text)}
    families = families_in(text) - {"nerve"}
    if "role or vitality" in named:
        named.remove("role or vitality")
        families = families or frozenset(_GENERAL_HEALTH)
    if parts and not families and not named:
        families = families_with_part(text)
    return frozenset(named | families)


@cache
def _topics() -> dict[str, re.Pattern[str]]:
    file = files("reprieve.living.results").joinpath("data", "topics.csv")
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return {row["topic"]: re.compile(row["pattern"], re.I) for row in rows}
