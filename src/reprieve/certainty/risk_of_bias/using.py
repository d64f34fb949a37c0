"""Judgements in analyses: how many of each, and as a column beside the effects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import narwhals as nw

from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED, OVERALL, tools
from reprieve.errors import InputError, nearest_words


def judgement_of(
    judgements: Iterable[BiasJudgement],
    *,
    outcome: str | None = None,
    comparison: str | None = None,
    domain: str = OVERALL,
) -> dict[str, str]:
    """The judgement of each study that has one, by study.

    Parameters
    ----------
    judgements : iterable of BiasJudgement
    outcome, comparison : str, optional
        Which result; a judgement meant for all results of a trial stands where there is none
        for this one.
    domain : str

    Raises
    ------
    InputError
        Several results of a study fit, and are judged differently.

    Examples
    --------
    >>> mine = [
    ...     BiasJudgement("vega-2015", "overall", "low", outcome="pain", who="A",
    ...                   date="2026-11-30"),
    ...     BiasJudgement("vega-2015", "overall", "high", outcome="function", who="A",
    ...                   date="2026-11-30"),
    ... ]
    >>> judgement_of(mine, outcome="function")
    {'vega-2015': 'high'}
    """
    best: dict[str, list[tuple[int, BiasJudgement]]] = {}
    for judgement in judgements:
        if judgement.domain != domain:
            continue
        closeness = 0
        for asked, has in ((outcome, judgement.outcome), (comparison, judgement.comparison)):
            if asked is not None and has not in ("", asked):
                break
            closeness += asked is not None and has == asked
        else:
            best.setdefault(judgement.study, []).append((closeness, judgement))
    found = {}
    for study, several in best.items():
        closest = max(closeness for closeness, _ in several)
        words = {j.result: j.judgement for closeness, j in several if closeness == closest}
        if len(set(words.values())) > 1:
            results = "; ".join(" ".join(filter(None, result[1:])) for result in words)
            raise InputError(
                f"{study} has judgements of several results ({results}); say which by outcome "
                "or comparison"
            )
        found[study] = next(iter(words.values()))
    return found


def count_judgements(
    judgements: Iterable[BiasJudgement],
    studies: Sequence[str] | None = None,
    *,
    outcome: str | None = None,
    comparison: str | None = None,
    domain: str = OVERALL,
) -> dict[str, int]:
    """How many studies have which judgement; those without one are ``not judged``.

    Parameters
    ----------
    judgements : iterable of BiasJudgement
    studies : sequence of str, optional
        The studies to count, such as all trials of an answer; those with a judgement when not
        given.
    outcome, comparison, domain : str, optional
        As for `judgement_of`.

    Examples
    --------
    >>> mine = [BiasJudgement("vega-2015", "overall", "low", who="A", date="2026-11-30")]
    >>> count_judgements(mine, ["vega-2015", "emadedin-2018", "gupta-2016"])
    {'low': 1, 'not judged': 2}
    """
    known = judgement_of(judgements, outcome=outcome, comparison=comparison, domain=domain)
    counts = Counter(known.get(study, NOT_JUDGED) for study in studies or known)
    words = dict.fromkeys(word for chosen in tools().values() for word in chosen.judgements)
    return {word: counts[word] for word in (*words, NOT_JUDGED) if counts[word]}


def with_risk_of_bias(
    table: Any,
    judgements: Iterable[BiasJudgement],
    *,
    study: str = "study_id",
    outcome: str | None = None,
    comparison: str | None = None,
    domain: str = OVERALL,
) -> Any:
    """A table of effects with one more column, ``risk_of_bias``.

    So an analysis can be restricted to some judgements, or the judgement be a moderator.

    Parameters
    ----------
    table : data frame
        Anything that narwhals reads; the same kind is returned.
    judgements : iterable of BiasJudgement
    study : str
        The column with the studies.
    outcome, comparison, domain : str, optional
        As for `judgement_of`.

    Raises
    ------
    InputError
        No such column, or several results of a study fit and are judged differently.

    Examples
    --------
    >>> import polars as pl
    >>> mine = [BiasJudgement("a", "overall", "high", who="A", date="2026-11-30")]
    >>> effects = pl.DataFrame({"study_id": ["a", "b"], "effect": [-9.0, -3.0]})
    >>> with_risk_of_bias(effects, mine)["risk_of_bias"].to_list()
    ['high', 'not judged']
    """
    frame = nw.from_native(table, eager_only=True)
    if study not in frame.columns:
        near = nearest_words(study, frame.columns)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {frame.columns}"
        raise InputError(f"the table has no column {study!r}; {hint}")
    known = judgement_of(judgements, outcome=outcome, comparison=comparison, domain=domain)
    words = [known.get(str(name), NOT_JUDGED) for name in frame[study].to_list()]
    column = nw.new_series("risk_of_bias", words, nw.String(), backend=frame.implementation)
    return frame.with_columns(column).to_native()
