"""Judgements of risk of bias as signs: never by colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprieve.errors import InputError, UnknownWordError


@dataclass(frozen=True)
class Judgement:
    """A judgement with the sign and the colours that show it."""

    word: str
    sign: str
    fill: str
    ink: str


JUDGEMENTS = {
    judgement.word: judgement
    for judgement in (
        Judgement("low", "+", "#02C100", "#000000"),
        Judgement("some concerns", "–", "#E2DF07", "#000000"),
        Judgement("high", "×", "#BF0000", "#ffffff"),
        Judgement("not judged", "?", "#4EA1F7", "#000000"),
    )
}
"""The colours are those of robvis (McGuinness & Higgins 2020 Res Synth Methods 12:55)."""


def judgements(words: Sequence[str | None], k: int) -> list[Judgement]:
    """A judgement for each of `k` studies; a missing one is not judged.

    Raises
    ------
    InputError
        Not one word a study, or a word that is none of `JUDGEMENTS`.

    Examples
    --------
    >>> [judgement.sign for judgement in judgements(["low", None, "Some concerns"], 3)]
    ['+', '?', '–']
    """
    if len(words) != k:
        raise InputError(
            f"risk_of_bias holds {len(words)} judgements, but the fit has {k} studies; give one "
            "each"
        )
    found = []
    for word in words:
        plain = (word or "not judged").strip().lower().replace("_", " ")
        if plain not in JUDGEMENTS:
            raise UnknownWordError("judgement of risk of bias", str(word), JUDGEMENTS)
        found.append(JUDGEMENTS[plain])
    return found
