"""Risk of bias as a team has settled it in its store, for whatever rates certainty."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple
from typing import TYPE_CHECKING

from reprieve.certainty.risk_of_bias.records import BiasJudgement, refuse_flaws
from reprieve.errors import InputError

if TYPE_CHECKING:
    from reprieve.living.store import Store
    from reprieve.living.store.store import Day
    from reprieve.living.worklists.bias import JudgedResult


def settled_judgements(store: Store, as_of: Day | None = None) -> list[BiasJudgement]:
    """What two people agreed on, or a third settled, in the store's list for risk of bias.

    Parameters
    ----------
    store : Store
    as_of : datetime, date or str, optional
        As it stood at a moment; a day means its end, in UTC.

    Returns
    -------
    list of BiasJudgement
        By trial and result; what `ask`, `summary_of_findings` and `network_certainty` take as
        `judgements`. What is still open or in conflict is not in it, so that it counts as not
        judged.

    Raises
    ------
    InputError
        If a judgement is none that its tool knows.

    Examples
    --------
    >>> from reprieve.living.store import open_store
    >>> from reprieve.living.worklists import RiskOfBias
    >>> with open_store(":memory:") as store:
    ...     _ = store.accounts.add("ada", "admin")
    ...     _ = store.accounts.add("ben", "reviewer", by="ada")
    ...     bias = RiskOfBias(store)
    ...     _ = bias.queue("vega-2015", who="ada", outcome="pain")
    ...     low = [{"domain": "overall", "judgement": "low", "rationale": "all domains are"}]
    ...     for who in ("ada", "ben"):
    ...         _ = bias.submit(1, low, who=who)
    ...     [(j.study, j.judgement, j.who) for j in settled_judgements(store)]
    [('vega-2015', 'low', 'ada and ben')]
    """
    from reprieve.living.worklists import RiskOfBias

    found: list[BiasJudgement] = []
    for result in RiskOfBias(store).settled(as_of=as_of):
        try:
            found += bias_records(result)
        except InputError as error:
            number = result.item_id
            raise InputError(
                f"item {number} of the list for risk of bias: {error}\nTake a decision on it back "
                f"(`reprieve appraise show {number}`, `reprieve appraise undo`) and judge anew"
            ) from None
    return found


def bias_records(result: JudgedResult) -> list[BiasJudgement]:
    """What was judged of one result as records of `reprieve.certainty`.

    Raises
    ------
    InputError
        If its tool is not known, or does not know a domain, a judgement or an answer.
    """
    found = [
        BiasJudgement(
            study=result.study_id,
            domain=one.domain,
            judgement=one.judgement,
            tool=result.tool,
            outcome=result.outcome,
            comparison=result.comparison,
            answers=one.answers,
            who=result.who,
            date=result.date,
            why=one.rationale,
        )
        for one in result.judgements
    ]
    refuse_flaws(found)
    return found


def digests(judgements: Iterable[BiasJudgement]) -> dict[str, str]:
    """What was judged of each trial in short, to tell later whether it has changed.

    Examples
    --------
    >>> low, high = (BiasJudgement("vega-2015", "D1", word) for word in ("low", "high"))
    >>> digests([low]) == digests([low]), digests([low]) == digests([high])
    (True, False)
    """
    of_trial = defaultdict(list)
    for one in judgements:
        of_trial[one.study].append(repr(astuple(one)))
    return {
        study: hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()
        for study, texts in of_trial.items()
    }
