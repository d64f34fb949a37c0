"""The errors that Reprieve raises, as one tree.

::

    ReprieveError
    ├── InputError            something that was handed in can't be used
    │   ├── UnknownWordError  a word that the vocabulary does not hold
    │   └── PackageError      an evidence package or file that can't be read
    └── SynthesisError        the numbers do not allow the analysis that was asked for

Every message says what is wrong and where, what was expected, and the next step.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ReprieveError(Exception):
    """Base of all errors that Reprieve raises on purpose."""


class InputError(ReprieveError):
    """Something that was handed in (a file, a column, an option) can't be used."""


class PackageError(InputError):
    """An evidence package, or one of its files, can't be read."""


class SynthesisError(ReprieveError):
    """The numbers do not allow the analysis that was asked for."""


class UnknownWordError(InputError):
    """A word that the vocabulary does not hold, with the nearest words that it does.

    Parameters
    ----------
    kind : str
        What was looked for, such as ``"condition"``.
    word : str
        The word that was given.
    known : iterable of str
        The words that would have been understood.
    """

    def __init__(self, kind: str, word: str, known: Iterable[str]) -> None:
        self.kind, self.word = kind, word
        self.known = tuple(sorted(known))
        self.nearest = nearest_words(word, self.known)
        hint = (
            f"did you mean {' or '.join(repr(w) for w in self.nearest)}?"
            if self.nearest
            else f"known words: {', '.join(self.known[:12])}{' …' if len(self.known) > 12 else ''}"
        )
        super().__init__(f"unknown {kind} {word!r}; {hint}")


def nearest_words(word: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The words of `known` that look most like `word`, best first.

    Examples
    --------
    >>> nearest_words("knee_osteoarthritus", ["knee_osteoarthritis", "tendinopathy"])
    ('knee_osteoarthritis',)
    """
    known = tuple(known)
    folded = {w.lower(): w for w in known}
    asked = word.strip().lower().replace(" ", "_").replace("-", "_")
    close = difflib.get_close_matches(asked, folded, n=most, cutoff=0.6)
    parts = [w for w in folded if asked and (asked in w or w in asked)]
    return tuple(folded[w] for w in dict.fromkeys(close + sorted(parts, key=len)))[:most]
