"""Judgements on the record: of which result, from which answers, by whom, when and why."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reprieve.certainty.risk_of_bias.deciding import Proposal, decide
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED, OVERALL, tool
from reprieve.errors import InputError


@dataclass(frozen=True)
class BiasJudgement:
    """One judgement: a domain of one result of a trial, or the result overall.

    Attributes
    ----------
    study : str
        The trial's ``study_id``; for ROB-ME the synthesis.
    domain : str
        ``D1``, ``D2`` … or ``overall``.
    judgement : str
        A word of the tool, or ``not judged``.
    tool : str
    outcome, comparison : str
        Which result of the trial; empty where the judgement is meant for all of them.
    answers : mapping of str to str
        The answers to the signalling questions; empty for ``overall`` of RoB 2 and ROBINS-I,
        which follows from the domains.
    who, date : str
        Who judged, and on which day (ISO 8601).
    why : str
        The reason; required where the judgement departs from the proposal.
    """

    study: str
    domain: str
    judgement: str = NOT_JUDGED
    tool: str = "rob2"
    outcome: str = ""
    comparison: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    who: str = ""
    date: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "answers", dict(self.answers))

    @property
    def result(self) -> tuple[str, str, str, str]:
        """The result that is judged: study, outcome, comparison, and with which tool."""
        return self.study, self.outcome, self.comparison, self.tool

    def __hash__(self) -> int:
        return hash((self.result, self.domain, self.judgement))


class Flaw(NamedTuple):
    """What is wrong with a judgement: its place in the list, the column, and what was expected."""

    place: int
    column: str
    message: str
    expected: str


def proposals(judgements: Sequence[BiasJudgement]) -> list[Proposal]:
    """What the algorithms make of the answers of each judgement.

    Parameters
    ----------
    judgements : sequence of BiasJudgement
        ``overall`` is proposed from the domains of the same result as people judged them, or as
        proposed where they have not yet.

    Examples
    --------
    >>> answers = {"1.1": "Y", "1.2": "NI", "1.3": "Y"}
    >>> (found,) = proposals([BiasJudgement("vega-2015", "D1", answers=answers)])
    >>> found.judgement, found.reason
    ('high', '1.2 NI, 1.3 Y')
    """
    of_domains = {
        i: decide(j.tool, j.domain, j.answers)
        for i, j in enumerate(judgements)
        if j.domain != OVERALL
    }
    standing: dict[tuple[str, ...], dict[str, str]] = {}
    for i, proposal in of_domains.items():
        judged = judgements[i].judgement
        word = proposal.judgement if judged == NOT_JUDGED else judged
        standing.setdefault(judgements[i].result, {})[judgements[i].domain] = word or NOT_JUDGED
    return [
        of_domains[i]
        if i in of_domains
        else decide(j.tool, OVERALL, j.answers or standing.get(j.result, {}))
        for i, j in enumerate(judgements)
    ]


def flaws(judgements: Sequence[BiasJudgement]) -> list[Flaw]:
    """What is wrong with judgements, first to last.

    Examples
    --------
    >>> blank = BiasJudgement("vega-2015", "D1", "low", who="A. Reader", date="2026-11-30")
    >>> flaws([blank])
    []
    >>> against = {"1.1": "Y", "1.2": "N", "1.3": "N"}
    >>> from dataclasses import replace
    >>> flaws([replace(blank, answers=against)])[0].message
    "is empty, but the answers propose 'high'"
    """
    found = [flaw for i, judgement in enumerate(judgements) for flaw in _own(i, judgement)]
    times = Counter((*j.result, j.domain) for j in judgements)
    for i, judgement in enumerate(judgements):
        if times[(*judgement.result, judgement.domain)] > 1:
            times[(*judgement.result, judgement.domain)] = 0
            found.append(
                Flaw(i, "domain", f"{judgement.domain!r} of this result is judged more than once",
                     "one judgement, the agreed one")
            )  # fmt: skip
    if not found:
        for i, proposal in enumerate(proposals(judgements)):
            judgement, word = judgements[i], proposal.judgement
            departs = word is not None and judgement.judgement not in (word, NOT_JUDGED)
            if departs and not judgement.why.strip():
                source = "domains" if judgement.domain == OVERALL else "answers"
                found.append(
                    Flaw(i, "why", f"is empty, but the {source} propose {word!r}",
                         f"the reason why it is {judgement.judgement!r}")
                )  # fmt: skip
    return sorted(found)


def refuse_flaws(judgements: Sequence[BiasJudgement]) -> None:
    """Raise with the first flaws, if there are any.

    Raises
    ------
    InputError
    """
    if wrong := flaws(judgements):
        lines = [
            f"  {judgements[i].study}, {judgements[i].domain}: {column}: {message}, "
            f"expected {expected}"
            for i, column, message, expected in wrong[:5]
        ]
        raise InputError(f"{len(wrong)} judgements can't be used:\n" + "\n".join(lines))


def _own(i: int, judgement: BiasJudgement) -> list[Flaw]:
    """What is wrong with one judgement by itself."""
    found = []
    if not judgement.study.strip():
        found.append(Flaw(i, "study_id", "is empty", "the trial"))
    try:
        chosen = tool(judgement.tool)
    except InputError as error:
        return [*found, Flaw(i, "tool", str(error), "a tool")]
    if judgement.domain not in chosen.domains:
        expected = ", ".join(chosen.domains)
        return [*found, Flaw(i, "domain", f"{judgement.domain!r} is no domain of "
                             f"{chosen.id}", expected)]  # fmt: skip
    if judgement.judgement not in (*chosen.judgements, NOT_JUDGED):
        expected = ", ".join((*chosen.judgements, NOT_JUDGED))
        found.append(
            Flaw(i, "judgement", f"{judgement.judgement!r} is no judgement of {chosen.id}",
                 expected)
        )  # fmt: skip
    try:
        if judgement.answers:
            decide(judgement.tool, judgement.domain, judgement.answers)
    except InputError as error:
        found.append(Flaw(i, "answers", str(error), "answers such as 1.1=Y; 1.2=PN"))
    if judgement.judgement != NOT_JUDGED:
        if not judgement.who.strip():
            found.append(Flaw(i, "who", "is empty", "who judged"))
        try:
            datetime.date.fromisoformat(judgement.date)
        except ValueError:
            found.append(
                Flaw(i, "date", f"{judgement.date!r} is no day", "the day, such as 2026-01-31")
            )
    return found
