"""Hints: what the evidence itself shows that bears on the risk of bias. Never a judgement."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from reprieve.certainty.risk_of_bias.tools import tool
from reprieve.errors import UnknownWordError
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import DOMAINS

_REGISTER = re.compile(
    r"(NCT\d{8}|ISRCTN\d+|ACTRN\d+|ChiCTR[\w-]+|CTRI/\S+|DRKS\d+|EUCTR\S+|20\d\d-\d{6}-\d\d"
    r"|IRCT\w+|JPRN\S+|jRCT\w+|KCT\d+|NL\d+|NTR\d+|PACTR\d+|RBR-\w+|RPCEC\d+|SLCTR\S+|TCTR\d+"
    r"|UMIN\d+)",
    re.IGNORECASE,
)
"""Numbers as the registers of the WHO's platform give them."""

_CONCERNED = {
    "registration": {"rob2": "D5", "robins-i": "D7"},
    "blinding": {"rob2": "D4", "robins-i": "D6"},
    "attrition": {"rob2": "D3", "robins-i": "D5"},
    "funding": {"rob2": "D5", "robins-i": "D7"},
    "reported result": {"rob2": "D5", "robins-i": "D7"},
}
"""The domain that each topic bears on most, by tool."""

_BLINDING = {
    "double": "recorded as double-blind; that does not say whether it held",
    "single": "recorded as single-blind; look up who did not know the treatment",
    "assessor": "only the assessors did not know the treatment; pain is told by the patients, "
    "who knew it",
    "open": "recorded as open: everyone knew the treatment, and pain is told by the patients",
    "unclear": "who knew the treatment is not recorded",
}
_FUNDING = {
    "industry": "paid for by industry",
    "mixed": "paid for in part by industry",
    "public": "paid for by public money",
    "none": "the report says that there was no funding",
    "unclear": "who paid is not clear from the report",
}


@dataclass(frozen=True)
class Hint:
    """Something that was seen in the evidence, and what it leaves to look up.

    Attributes
    ----------
    study : str
    topic : {"registration", "blinding", "attrition", "funding", "reported result"}
    tool, domain, domain_name : str
        Which domain it bears on; RoB 2 for trials that randomised, ROBINS-I for others.
    saw : str
        What the evidence holds, or that it holds nothing.
    look_up : str
        What a person has to find out to answer the signalling questions.
    """

    study: str
    topic: str
    tool: str
    domain: str
    domain_name: str
    saw: str
    look_up: str

    def to_dict(self) -> dict[str, str]:
        """As plain values."""
        return asdict(self)


def hints(evidence: Evidence, study_id: str, outcome: str = "pain") -> list[Hint]:
    """What the evidence shows of a trial that bears on its risk of bias.

    Parameters
    ----------
    evidence : Evidence
    study_id : str
    outcome : str
        The domain of outcomes concerned.

    Returns
    -------
    list of Hint
        One for each of registration, blinding, attrition, funding and the reported result. The
        evidence holds no days of registration and none of the outcomes that a register names,
        so these hints say what to look up, and where.

    Raises
    ------
    UnknownWordError
        No such trial, or no such outcome.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> [hint.topic for hint in hints(load_evidence(), "vega-2015")]
    ['registration', 'blinding', 'attrition', 'funding', 'reported result']
    """
    found = evidence.studies.filter(pl.col("study_id") == study_id)
    if found.is_empty():
        raise UnknownWordError("trial", study_id, evidence.studies["study_id"])
    if outcome not in DOMAINS:
        raise UnknownWordError("outcome", outcome, DOMAINS)
    study = found.row(0, named=True)
    numbers = _register_numbers(study["registration"])
    where = " and ".join(_address(number) for number in numbers) or "the registers"
    values = _values(evidence, study_id, outcome)
    seen = {
        "registration": (
            _registration(study["registration"], numbers),
            f"was it registered before the first person was enrolled? See {where}",
        ),
        "blinding": (
            _BLINDING[study["blinding"]],
            "could patients, carers or assessors tell the treatments apart?",
        ),
        "attrition": (
            _attrition(evidence, study_id, outcome, values),
            "if people are missing: why, and were their values filled in?",
        ),
        "funding": (
            _FUNDING.get(study["funding"], "who paid is not recorded"),
            "could those who paid decide what was reported?",
        ),
        "reported result": (
            _measured(outcome, values),
            f"which instrument and time were planned as the main result? See {where}",
        ),
    }
    used = tool("rob2" if study["design"] in ("parallel", "crossover", "cluster") else "robins-i")
    return [
        Hint(study_id, topic, used.id, domain, used.domains[domain], saw, look_up)
        for topic, (saw, look_up) in seen.items()
        for domain in [_CONCERNED[topic][used.id]]
    ]


def _register_numbers(text: str | None) -> list[str]:
    return [match.group(0) for match in _REGISTER.finditer(text or "")]


def _address(number: str) -> str:
    if number.upper().startswith("NCT"):
        return f"https://clinicaltrials.gov/study/{number}"
    if number.upper().startswith("ISRCTN"):
        return f"https://www.isrctn.com/{number}"
    return number


def _registration(text: str | None, numbers: Sequence[str]) -> str:
    if numbers:
        return f"registered as {', '.join(numbers)}; the day is not in the evidence"
    if text:
        return f"{text!r} is recorded, which is not the number of a register"
    return "no register number is recorded; that does not mean that there is none"


def _values(evidence: Evidence, study_id: str, outcome: str) -> pl.DataFrame:
    """The people behind each value after baseline: arm, instrument, month, n."""
    columns = ["arm_id", "instrument", "month", "n"]
    here = (pl.col("study_id") == study_id) & (pl.col("domain") == outcome)
    contrasts = evidence.contrasts.filter(here)
    sides = [
        contrasts.select(
            arm_id=pl.col(f"arm_{side}"), instrument="instrument", month="month", n=f"n_{side}"
        )
        for side in ("a", "b")
    ]
    later = pl.col("month").is_null() | (pl.col("month") > 0)
    return pl.concat([evidence.outcomes.filter(here).select(columns), *sides]).filter(later)


def _attrition(evidence: Evidence, study_id: str, outcome: str, values: pl.DataFrame) -> str:
    """Of each arm the visit with the fewest people analysed, against those randomised."""
    arms = evidence.arms.filter(pl.col("study_id") == study_id)
    randomised = dict(arms.select("arm_id", "n_randomised").iter_rows())
    fewest: list[dict[str, Any]] = (
        values.filter(pl.col("n").is_not_null())
        .sort("n", "month", maintain_order=True)
        .unique("arm_id", keep="first", maintain_order=True)
        .sort("arm_id")
        .to_dicts()
    )
    told = [
        f"{row['n']:g} of {randomised[row['arm_id']]:g} analysed in {row['arm_id']}{_at(row)}"
        for row in fewest
        if randomised.get(row["arm_id"])
    ]
    if told:
        return "at the visit with the fewest, " + "; ".join(told)
    if values.is_empty():
        return f"no value of {outcome} has been read"
    return "how many were randomised or analysed is not recorded"


def _at(row: dict[str, Any]) -> str:
    return "" if row["month"] is None else f" at month {row['month']:g}"


def _measured(outcome: str, values: pl.DataFrame) -> str:
    """How many ways there were to measure, from which one number would have to be picked."""
    if values.is_empty():
        return f"no value of {outcome} has been read"
    instruments = values["instrument"].unique(maintain_order=True).to_list()
    months = [f"{month:g}" for month in values["month"].drop_nulls().unique().sort()]
    times = f", month{'s' * (len(months) > 1)} {', '.join(months)}" if months else ""
    return f"values of {outcome} by {', '.join(instruments)}{times}"
