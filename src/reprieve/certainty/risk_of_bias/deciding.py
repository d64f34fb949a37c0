"""The algorithms of the tools: from answers to the judgement that they propose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED, Condition, Rule, Tool, tool
from reprieve.errors import InputError, UnknownWordError


@dataclass(frozen=True)
class Proposal:
    """What an algorithm makes of the answers; a person judges.

    Attributes
    ----------
    tool, domain : str
    judgement : str or None
        The judgement proposed; None while the answers do not suffice, or where the tool has no
        algorithm for the domain.
    asks : tuple of str
        The questions to answer next.
    because : tuple of (str, str)
        The answers that decided, in the order in which they were asked for.
    note : str
        What the tool leaves to people here.
    """

    tool: str
    domain: str
    judgement: str | None
    asks: tuple[str, ...] = ()
    because: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def reason(self) -> str:
        """Why, in a line."""
        if self.asks:
            return f"answer {', '.join(self.asks)}"
        if self.judgement is None:
            return "this tool leaves the judgement to people"
        given = ", ".join(f"{name} {answer}" for name, answer in self.because)
        return f"{given}; {self.note}" if self.note else given


def decide(tool_id: str, domain: str, answers: Mapping[str, str]) -> Proposal:
    """The judgement that a tool's algorithm proposes for a domain, or overall.

    Parameters
    ----------
    tool_id : str
        ``rob2`` (effect of assignment), ``rob2-adherence``, ``robins-i`` or ``rob-me``.
    domain : str
        ``D1``, ``D2`` … or ``overall``.
    answers : mapping of str to str
        Answers (Y, PY, PN, N, NI, NA) by question; for ``overall`` of RoB 2 and ROBINS-I
        judgements by domain. What is left out, empty or not judged has no answer yet; nor has a
        question that is said not to apply although the other answers make it apply.

    Returns
    -------
    Proposal

    Raises
    ------
    UnknownWordError
        A tool, domain, question or answer that isn't known.

    Notes
    -----
    RoB 2: Sterne et al. 2019 BMJ 366:l4898 and the mapping tables of its detailed guidance of
    22 August 2019. ROBINS-I (Sterne et al. 2016 BMJ 355:i4919) has an algorithm for the overall
    judgement alone. ROB-ME: Page et al. 2023 BMJ 383:e076754.

    Examples
    --------
    >>> decide("rob2", "D1", {"1.1": "Y", "1.2": "PY", "1.3": "N"}).judgement
    'low'
    >>> decide("rob2", "D3", {"3.1": "N", "3.2": "PN"}).asks
    ('3.3',)
    >>> domains = {"D1": "low", "D2": "some concerns", "D3": "low", "D4": "low", "D5": "low"}
    >>> decide("rob2", "overall", domains).judgement
    'some concerns'
    """
    chosen = tool(tool_id)
    chosen.domain_name(domain)
    given = _checked(chosen, domain, answers)
    rules = chosen.rules.get(domain, ())
    parts: dict[str, Proposal] = {}
    for part in dict.fromkeys(rule.part for rule in rules):
        mine = [rule for rule in rules if rule.part == part]
        parts[part] = _first_that_holds(Proposal(tool_id, domain, None), mine, given, parts)
    return parts.get("", Proposal(tool_id, domain, None))


def _checked(chosen: Tool, domain: str, answers: Mapping[str, str]) -> dict[str, str]:
    """The answers that were given, each known to be one of the question's."""
    asked = chosen.asked(domain)
    given = {}
    for name, answer in answers.items():
        if name not in asked:
            raise UnknownWordError(f"question of {chosen.id} {domain}", name, asked)
        text = str(answer or "").strip()
        if not text or text == NOT_JUDGED:
            continue
        known = chosen.questions[name].answers if name in chosen.questions else chosen.judgements
        word = text.upper() if name in chosen.questions else text.lower()
        if word not in known:
            raise InputError(
                f"{chosen.id}, {name}: {text!r} is no answer; expected {', '.join(known)}, or "
                "nothing where it is not answered yet"
            )
        given[name] = word
    return given


def _first_that_holds(
    start: Proposal,
    rules: list[Rule],
    given: Mapping[str, str],
    parts: Mapping[str, Proposal],
) -> Proposal:
    """The outcome of the first rule that holds, or what the first open rule still asks."""
    for rule in rules:
        because: dict[str, str] = {}
        for condition in rule.when:
            holds, said = _holds(condition, given, parts)
            if holds is False:
                break
            if holds is None:
                return Proposal(start.tool, start.domain, None, asks=tuple(said))
            because |= said
        else:
            return Proposal(
                start.tool, start.domain, rule.then, (), tuple(because.items()), rule.note
            )
    raise AssertionError(f"the table of {start.tool} {start.domain} has a gap at {given}")


def _holds(
    condition: Condition, given: Mapping[str, str], parts: Mapping[str, Proposal]
) -> tuple[bool | None, dict[str, str]]:
    """Whether a condition holds, None while that is open; the answers it rests on or asks for."""
    open_: dict[str, str] = {}
    said: dict[str, str] = {}
    for name in condition.names:
        part = parts.get(name)
        value = given.get(name) if part is None else part.judgement
        basis = {name: value or ""} if part is None else dict(part.because)
        if value in condition.values:
            return True, basis
        if value is None or value == "NA":
            open_ |= dict.fromkeys((name,) if part is None else part.asks, "")
        said |= basis
    return (None, open_) if open_ else (False, said)
