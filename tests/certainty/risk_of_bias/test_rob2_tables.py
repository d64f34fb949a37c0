"""RoB 2: the mapping tables of the detailed guidance (22 August 2019), every combination.

The tables are written here a second time, as the guidance has them (a row a line, ``any`` for any
response), apart from the rules that the package ships: each combination of answers must fit
exactly one row, and the algorithm must propose its judgement.
"""

from __future__ import annotations

import itertools

import pytest

from reprieve.certainty import decide
from reprieve.certainty.risk_of_bias.tools import tool

RANDOMISATION = """
1.1      1.2    1.3      judgement
Y/PY/NI  Y/PY   N/PN/NI  low
Y/PY     Y/PY   Y/PY     some concerns
N/PN/NI  Y/PY   Y/PY     some concerns
N/PN     Y/PY   N/PN/NI  some concerns
any      NI     N/PN/NI  some concerns
any      NI     Y/PY     high
any      N/PN   any      high
"""
DEVIATIONS_DURING_THE_TRIAL = """
2.1      2.2      2.3   2.4      2.5      judgement
N/PN     N/PN     any   any      any      low
Y/PY/NI  any      N/PN  any      any      low
N/PN     Y/PY/NI  N/PN  any      any      low
Y/PY/NI  any      NI    any      any      some concerns
N/PN     Y/PY/NI  NI    any      any      some concerns
Y/PY/NI  any      Y/PY  N/PN     any      some concerns
N/PN     Y/PY/NI  Y/PY  N/PN     any      some concerns
Y/PY/NI  any      Y/PY  Y/PY/NI  Y/PY     some concerns
N/PN     Y/PY/NI  Y/PY  Y/PY/NI  Y/PY     some concerns
Y/PY/NI  any      Y/PY  Y/PY/NI  N/PN/NI  high
N/PN     Y/PY/NI  Y/PY  Y/PY/NI  N/PN/NI  high
"""
DEVIATIONS_IN_THE_ANALYSIS = """
2.6      2.7      judgement
Y/PY     any      low
N/PN/NI  N/PN     some concerns
N/PN/NI  Y/PY/NI  high
"""
ADHERENCE = """
2.1      2.2      2.3      2.4      2.5      2.6      judgement
N/PN     N/PN     any      NA/N/PN  NA/N/PN  any      low
Y/PY/NI  any      NA/Y/PY  NA/N/PN  NA/N/PN  any      low
N/PN     Y/PY/NI  NA/Y/PY  NA/N/PN  NA/N/PN  any      low
N/PN     N/PN     any      Y/PY/NI  any      Y/PY     some concerns
N/PN     N/PN     any      NA/N/PN  Y/PY/NI  Y/PY     some concerns
Y/PY/NI  any      NA/Y/PY  Y/PY/NI  any      Y/PY     some concerns
N/PN     Y/PY/NI  NA/Y/PY  Y/PY/NI  any      Y/PY     some concerns
Y/PY/NI  any      NA/Y/PY  NA/N/PN  Y/PY/NI  Y/PY     some concerns
N/PN     Y/PY/NI  NA/Y/PY  NA/N/PN  Y/PY/NI  Y/PY     some concerns
Y/PY/NI  any      N/PN/NI  any      any      Y/PY     some concerns
N/PN     Y/PY/NI  N/PN/NI  any      any      Y/PY     some concerns
N/PN     N/PN     any      Y/PY/NI  any      N/PN/NI  high
N/PN     N/PN     any      NA/N/PN  Y/PY/NI  N/PN/NI  high
Y/PY/NI  any      NA/Y/PY  Y/PY/NI  any      N/PN/NI  high
N/PN     Y/PY/NI  NA/Y/PY  Y/PY/NI  any      N/PN/NI  high
Y/PY/NI  any      NA/Y/PY  NA/N/PN  Y/PY/NI  N/PN/NI  high
N/PN     Y/PY/NI  NA/Y/PY  NA/N/PN  Y/PY/NI  N/PN/NI  high
Y/PY/NI  any      N/PN/NI  any      any      N/PN/NI  high
N/PN     Y/PY/NI  N/PN/NI  any      any      N/PN/NI  high
"""
MISSING_DATA = """
3.1      3.2   3.3      3.4      judgement
Y/PY     any   any      any      low
N/PN/NI  Y/PY  any      any      low
N/PN/NI  N/PN  N/PN     any      low
N/PN/NI  N/PN  Y/PY/NI  N/PN     some concerns
N/PN/NI  N/PN  Y/PY/NI  Y/PY/NI  high
"""
MEASUREMENT = """
4.1      4.2   4.3      4.4      4.5      judgement
Y/PY     any   any      any      any      high
N/PN/NI  Y/PY  any      any      any      high
N/PN/NI  N/PN  N/PN     any      any      low
N/PN/NI  N/PN  Y/PY/NI  N/PN     any      low
N/PN/NI  N/PN  Y/PY/NI  Y/PY/NI  N/PN     some concerns
N/PN/NI  N/PN  Y/PY/NI  Y/PY/NI  Y/PY/NI  high
N/PN/NI  NI    N/PN     any      any      some concerns
N/PN/NI  NI    Y/PY/NI  N/PN     any      some concerns
N/PN/NI  NI    Y/PY/NI  Y/PY/NI  N/PN     some concerns
N/PN/NI  NI    Y/PY/NI  Y/PY/NI  Y/PY/NI  high
"""
REPORTED_RESULT = """
5.1      5.2      5.3      judgement
Y/PY     N/PN     N/PN     low
N/PN/NI  N/PN     N/PN     some concerns
any      N/PN     NI       some concerns
any      NI       N/PN/NI  some concerns
any      Y/PY     any      high
any      N/PN/NI  Y/PY     high
"""


def rows(table):
    header, *lines = (line.split() for line in table.strip().splitlines())
    questions = header[:-1]
    k = len(questions)
    return questions, [(line[:k], " ".join(line[k:])) for line in lines]


def every(tool_id, table, **given):
    """Each combination of answers, with the judgement of the one row that it fits, or None."""
    questions, lines = rows(table)
    known = [tool(tool_id).questions[q].answers for q in questions]
    for answers in itertools.product(*known):
        fits = [
            judgement
            for cells, judgement in lines
            if all(c == "any" or a in c.split("/") for a, c in zip(answers, cells, strict=True))
        ]
        assert len(fits) <= 1, answers
        yield dict(zip(questions, answers, strict=True)), (fits or [None])[0]


@pytest.mark.parametrize(
    ("tool_id", "domain", "table", "decided"),
    [
        ("rob2", "D1", RANDOMISATION, 125),
        ("rob2-adherence", "D1", RANDOMISATION, 125),
        ("rob2-adherence", "D2", ADHERENCE, 27783),
        ("rob2", "D3", MISSING_DATA, 738),
        ("rob2", "D4", MEASUREMENT, 4833),
        ("rob2", "D5", REPORTED_RESULT, 125),
    ],
)
def test_every_combination_of_answers_gives_the_judgement_of_the_guidance(
    tool_id, domain, table, decided
):
    seen = 0
    for answers, judgement in every(tool_id, table):
        proposal = decide(tool_id, domain, answers)
        assert proposal.judgement == judgement, answers
        if judgement is None:
            # a question that applies is said not to: it is asked again
            assert {answers[q] for q in proposal.asks} == {"NA"}
        seen += judgement is not None
    assert seen == decided


WORST = ("low", "some concerns", "high")


def test_deviations_are_the_worse_of_the_trial_and_of_the_analysis():
    during, analysis = (
        list(every("rob2", t)) for t in (DEVIATIONS_DURING_THE_TRIAL, DEVIATIONS_IN_THE_ANALYSIS)
    )
    # all of one part against one case of each judgement of the other, both ways round
    one_of_each = {judgement: answers for answers, judgement in analysis if judgement}
    pairs = [(*d, a, j) for d in during for j, a in one_of_each.items()]
    one_of_each = {judgement: answers for answers, judgement in during if judgement}
    pairs += [(d, j, *a) for a in analysis for j, d in one_of_each.items()]
    for answers, first, more, second in pairs:
        proposal = decide("rob2", "D2", answers | more)
        if first and second:
            assert proposal.judgement == WORST[max(WORST.index(first), WORST.index(second))]
        else:  # one part alone can decide only for the worst
            assert proposal.judgement == ("high" if "high" in (first, second) else None)


@pytest.mark.slow
def test_deviations_in_full():
    during = list(every("rob2", DEVIATIONS_DURING_THE_TRIAL))
    analysis = list(every("rob2", DEVIATIONS_IN_THE_ANALYSIS))
    for (answers, first), (more, second) in itertools.product(during, analysis):
        if first and second:
            expected = WORST[max(WORST.index(first), WORST.index(second))]
            assert decide("rob2", "D2", answers | more).judgement == expected


def test_overall_in_full():
    for words in itertools.product(WORST, repeat=5):
        domains = {f"D{i}": word for i, word in enumerate(words, start=1)}
        proposal = decide("rob2", "overall", domains)
        assert proposal.judgement == WORST[max(map(WORST.index, words))]
        assert ("judge it high" in proposal.note) == (proposal.judgement == "some concerns")


def test_overall_waits_for_all_domains_unless_one_is_high():
    open_ = {"D1": "low", "D2": "not judged", "D3": "low", "D4": "some concerns", "D5": ""}
    assert decide("rob2", "overall", open_).asks == ("D2", "D5")
    assert decide("rob2", "overall", open_ | {"D4": "high"}).judgement == "high"
