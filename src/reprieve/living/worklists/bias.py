"""Risk of bias, judged by two people independently and settled by a third."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence.gates.hygiene import runs_as_formula
from reprieve.living.screening import Agreement, cohen_kappa
from reprieve.living.store.clock import end_of, now
from reprieve.living.store.models import Decision, User, WorkItem
from reprieve.living.store.permissions import Who, acting
from reprieve.living.store.store import Day, Store
from reprieve.living.worklists import decisions as deciding
from reprieve.living.worklists.queueing import enqueue_bias
from reprieve.living.worklists.views import ItemView, views
from reprieve.living.worklists.worklist import Verdict, WorkList

_FIELDS = ("domain", "judgement", "rationale", "answers")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One domain of one result, as one person judges it.

    Attributes
    ----------
    domain : str
        As the tool names it: ``"D1"`` … or ``"overall"``.
    judgement : str
        A word of the tool: ``"low"``, ``"some concerns"``, ``"high"`` …
    rationale : str
    answers : dict of str to str
        Answers to the signalling questions.
    """

    domain: str
    judgement: str
    rationale: str
    answers: dict[str, str]


@dataclass(frozen=True, slots=True)
class DomainComparison:
    """What two people say of one domain; None where one has not judged it."""

    domain: str
    a: Judgement | None
    b: Judgement | None

    @property
    def agreed(self) -> bool:
        """Whether both use the same word."""
        return self.a is not None and self.b is not None and self.a.judgement == self.b.judgement


@dataclass(frozen=True, slots=True)
class JudgedResult:
    """What was judged of one result of a trial, by one person or in the end.

    Attributes
    ----------
    item_id : int
    study_id, outcome, comparison, tool : str
        The result, and with which tool; an empty outcome or comparison means all.
    judgements : tuple of Judgement
        One a domain; where both agree, with the words of the first.
    who : str
        Who judged; in the end, both who agree or who settled.
    date : str
        The day of the (last) judgement (ISO 8601, UTC).
    """

    item_id: int
    study_id: str
    outcome: str
    comparison: str
    tool: str
    judgements: tuple[Judgement, ...]
    who: str
    date: str


class RiskOfBias(WorkList):
    """The list of results whose risk of bias two people judge.

    Parameters
    ----------
    store : Store
    check : callable, optional
        Called with each `JudgedResult` before it is kept, to refuse words that its tool does not
        know; `reprieve.updates.judgements.bias_records` does. Without it only the form is checked.
    """

    kind = "risk_of_bias"

    def __init__(
        self, store: Store, *, check: Callable[[JudgedResult], object] | None = None
    ) -> None:
        super().__init__(store)
        self._check = check

    def queue(
        self,
        study_id: str,
        *,
        who: Who,
        title: str = "",
        outcome: str = "",
        comparison: str = "",
        tool: str = "rob2",
    ) -> int:
        """Put a result on the list; 0 where it is on it already.

        Raises
        ------
        InputError
            If a spreadsheet would run the outcome or the comparison as a formula.
        """
        for text in (outcome, comparison):
            if runs_as_formula(text):
                raise InputError(f"{text!r} would run as a formula in a spreadsheet; use words")
        with self._store.writing() as session:
            acting(session, who, "update")
            return enqueue_bias(
                session,
                study_id,
                title or study_id,
                outcome=outcome,
                comparison=comparison,
                tool=tool,
            )

    def submit(
        self, item_id: int, judgements: Sequence[Mapping[str, Any]], *, who: Who, note: str = ""
    ) -> ItemView:
        """Hand in one person's judgements.

        Parameters
        ----------
        item_id : int
        judgements : sequence of mapping
            Each with ``domain``, ``judgement``, ``rationale`` and perhaps ``answers``.
        who, note : str

        Raises
        ------
        InputError
            If a judgement lacks its domain, word or rationale, a domain stands twice, or `check`
        refuses.
        ConflictError
            If this person has judged already, or two others have.
        """
        own = _judgements(judgements)
        with self._store.writing() as session:
            item = deciding.find_item(session, item_id, self.kind, lock=True)
            stand = deciding.standing(session, item)
            user = deciding.as_reviewer(session, who, item, stand)
            self._refuse_unknown(item, own, user)
            stand.append(
                deciding.append(
                    session,
                    item,
                    user,
                    deciding.REVIEWER,
                    "judged",
                    note=note,
                    data={"judgements": [asdict(judgement) for judgement in own]},
                )
            )
            deciding.move(item, *self._verdict(item, stand), stand)
            return views(session, [item], user)[0]

    def comparison(self, item_id: int, *, who: Who) -> list[DomainComparison]:
        """The two side by side, domain by domain; only once there are two.

        Raises
        ------
        InputError
            If one is missing still.
        """
        with self._store.reading() as session:
            acting(session, who, "read")
            item = deciding.find_item(session, item_id, self.kind)
            return _compare(item, deciding.standing(session, item))

    def settle(
        self,
        item_id: int,
        picks: Mapping[str, Any],
        *,
        who: Who,
        note: str = "",
        expected_version: int | None = None,
    ) -> ItemView:
        """Choose where the two differ, as a third person.

        Parameters
        ----------
        item_id : int
        picks : mapping
            By domain: ``"a"``, ``"b"``, or a mapping with ``judgement`` and ``rationale``.
        who, note : str
        expected_version : int, optional

        Raises
        ------
        InputError
            If a choice is missing, or about no domain that differs.
        ConflictError
            If there is nothing to settle, or the item has changed.
        AccessError
            If `who` is one of the two, or no editor.
        """
        with self._store.writing() as session:
            item = deciding.find_item(session, item_id, self.kind, lock=True)
            stand = deciding.standing(session, item)
            user = deciding.as_adjudicator(session, who, item, stand, expected_version)
            chosen = _chosen(_compare(item, stand), picks)
            self._refuse_unknown(item, chosen, user)
            stand.append(
                deciding.append(
                    session,
                    item,
                    user,
                    deciding.ADJUDICATOR,
                    "settled",
                    note=note,
                    data={"judgements": [asdict(judgement) for judgement in chosen]},
                )
            )
            deciding.move(item, *self._verdict(item, stand), stand)
            return views(session, [item], user)[0]

    def settled(self, *, as_of: Day | None = None) -> list[JudgedResult]:
        """What has been judged in the end, result by result, now or as it stood at a moment.

        Like the evidence of a store it may be read by whoever can open the store.
        """
        every = (
            select(Decision)
            .join(Decision.item)
            .where(WorkItem.kind == self.kind)
            .options(contains_eager(Decision.item), joinedload(Decision.user))
            .order_by(WorkItem.study_id, WorkItem.id, Decision.id)
        )
        if as_of is not None:
            every = every.where(Decision.at <= end_of(as_of))
        of_item: dict[int, list[Decision]] = {}
        with self._store.reading() as session:
            for decision in session.scalars(every):
                of_item.setdefault(decision.item_id, []).append(decision)
        stood = [(made[0].item, deciding.still_standing(made)) for made in of_item.values()]
        return [_judged(item, d) for item, d in stood if self._verdict(item, d)[0] == "done"]

    def results(self, *, who: Who) -> list[dict[str, str]]:
        """What has been judged in the end, one row a domain, as a file of judgements has it."""
        with self._store.reading() as session:
            acting(session, who, "read")
        return [row for result in self.settled() for row in _rows(result)]

    def agreement(self, *, who: Who) -> Agreement:
        """Cohen's κ of all domains that two people have judged."""
        with self._store.reading() as session:
            acting(session, who, "read")
            every = select(WorkItem).where(WorkItem.kind == self.kind, WorkItem.state != "open")
            judged = [
                (item, deciding.standing(session, item))
                for item in session.scalars(every.order_by(WorkItem.id))
            ]
            pairs = [
                (domain.a.judgement, domain.b.judgement)
                for item, stand in judged
                if len(deciding.by_reviewers(stand)) >= item.needs
                for domain in _compare(item, stand)
                if domain.a is not None and domain.b is not None
            ]
        return cohen_kappa([a for a, _ in pairs], [b for _, b in pairs])

    def _refuse_unknown(self, item: WorkItem, own: Sequence[Judgement], user: User) -> None:
        if self._check is not None:
            self._check(_result(item, own, user.name, now()))

    def _verdict(self, item: WorkItem, decisions: Sequence[Decision]) -> Verdict:
        if deciding.adjudication(decisions) is not None:
            return "done", "settled"
        if len(deciding.by_reviewers(decisions)) < item.needs:
            return "open", None
        agreed = all(domain.agreed for domain in _compare(item, decisions))
        return ("done", "agreed") if agreed else ("conflict", None)


def _judgements(given: Sequence[Mapping[str, Any]]) -> list[Judgement]:
    """What was handed in, checked."""
    if not given:
        raise InputError("nothing was judged; give at least one domain")
    found: dict[str, Judgement] = {}
    for row in given:
        for name in row:
            if name not in _FIELDS:
                raise UnknownWordError("part of a judgement", name, _FIELDS)
        for name in ("domain", "judgement", "rationale"):
            if not str(row.get(name) or "").strip():
                raise InputError(f"the judgement {dict(row)!r} lacks its {name}; give one")
        domain = str(row["domain"]).strip()
        if domain in found:
            raise InputError(f"the domain {domain} is judged twice; judge it once")
        given_answers = row.get("answers") or {}
        if not isinstance(given_answers, Mapping):
            raise InputError(
                f"the answers of {domain} are {given_answers!r}; give each by its question: "
                '{"1.1": "Y"}'
            )
        answers = {str(k): str(v).strip().upper() for k, v in given_answers.items()}
        judged = str(row["judgement"]).strip().lower().replace("_", " ")
        why = str(row["rationale"]).strip()
        if runs_as_formula(why):
            raise InputError(
                f"the rationale of {domain} would run as a formula in a spreadsheet; begin it with "
                "a word, not with = + - or @"
            )
        found[domain] = Judgement(domain, judged, why, answers)
    return list(found.values())


def _compare(item: WorkItem, decisions: Sequence[Decision]) -> list[DomainComparison]:
    both = deciding.by_reviewers(decisions)
    if len(both) < item.needs:
        raise InputError(
            f"{len(both)} of {item.needs} judgements of item {item.id} are there; "
            "they can be compared when all are"
        )
    a, b = (_by_domain(decision) for decision in both[:2])
    return [DomainComparison(name, a.get(name), b.get(name)) for name in dict.fromkeys([*a, *b])]


def _by_domain(decision: Decision) -> dict[str, Judgement]:
    return {row["domain"]: Judgement(**row) for row in (decision.data or {})["judgements"]}


def _chosen(domains: Sequence[DomainComparison], picks: Mapping[str, Any]) -> list[Judgement]:
    """One judgement a domain: what both say, or what was picked."""
    open_domains = {domain.domain for domain in domains if not domain.agreed}
    if unknown := [name for name in picks if name not in open_domains]:
        raise InputError(f"the two do not differ in {unknown[0]!r}; look at the comparison again")
    chosen = []
    for domain in domains:
        pick = "a" if domain.agreed else picks.get(domain.domain)
        judgement = {"a": domain.a, "b": domain.b}.get(pick) if isinstance(pick, str) else None
        if isinstance(pick, Mapping):
            (judgement,) = _judgements([{**pick, "domain": domain.domain}])
        if judgement is None:
            raise InputError(
                f"nobody has chosen yet in {domain.domain}; choose 'a' or 'b', whichever judged "
                "it, or give a judgement and its rationale"
            )
        chosen.append(judgement)
    return chosen


def _judged(item: WorkItem, decisions: Sequence[Decision]) -> JudgedResult:
    settled = deciding.adjudication(decisions)
    both = deciding.by_reviewers(decisions)
    return _result(
        item,
        list(_by_domain(settled or both[0]).values()),
        settled.user.name if settled else " and ".join(d.user.name for d in both),
        (settled or both[-1]).at,
    )


def _result(
    item: WorkItem, judgements: Sequence[Judgement], who: str, at: datetime.datetime
) -> JudgedResult:
    return JudgedResult(
        item_id=item.id,
        study_id=str(item.study_id),
        outcome=item.data["outcome"],
        comparison=item.data["comparison"],
        tool=item.data["tool"],
        judgements=tuple(judgements),
        who=who,
        date=at.date().isoformat(),
    )


def _rows(result: JudgedResult) -> list[dict[str, str]]:
    return [
        {
            "study_id": result.study_id,
            "outcome": result.outcome,
            "comparison": result.comparison,
            "tool": result.tool,
            "domain": judgement.domain,
            "judgement": judgement.judgement,
            "who": result.who,
            "date": result.date,
            "why": judgement.rationale,
        }
        for judgement in result.judgements
    ]
