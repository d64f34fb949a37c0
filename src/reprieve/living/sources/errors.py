"""What can go wrong between here and a register.

::

    ReprieveError
    └── SourceError           a source did not give what was asked of it
        ├── NotThereError     it says that it holds no such record
        └── RefusedError      it refuses the request as it stands (status 400)
"""

from __future__ import annotations

from reprieve.errors import ReprieveError

_LONGEST = 300


class SourceError(ReprieveError):
    """A register or a literature service did not give what was asked of it.

    Parameters
    ----------
    problem : str
        What happened, in words.
    url : str
        The address asked; shown without what follows ``?``, which can be long.
    status : int or None
        The status of the reply, where there was one.
    advice : str
        The next step.

    Examples
    --------
    >>> str(SourceError("answered 503", "https://example.org/studies?q=a", 503, "try later"))
    'https://example.org/studies: answered 503; try later'
    """

    def __init__(self, problem: str, url: str, status: int | None = None, advice: str = "") -> None:
        self.problem, self.url, self.status, self.advice = problem, url, status, advice
        place = url.partition("?")[0]
        super().__init__(f"{place}: {problem}" + (f"; {advice}" if advice else ""))


class NotThereError(SourceError):
    """The source says that it holds no such record (status 404 or 410)."""


class RefusedError(SourceError):
    """The source refuses the request as it stands (status 400)."""


def shown(text: str) -> str:
    r"""Text from outside, made safe to print: one line, no control characters, not too long.

    Examples
    --------
    >>> shown("Error parsing\x1b[31m query\nin `a`")
    'Error parsing [31m query in `a`'
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
