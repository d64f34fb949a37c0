"""How far to trust the numbers: risk of bias, and certainty by published rules.

Rules propose and say why; people judge, on the record, and what nobody has judged is never low.
The public names load on first use, so that importing the room costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reprieve.certainty.grading.body import Body, TrialFacts
    from reprieve.certainty.grading.certainty import Certainty
    from reprieve.certainty.grading.overrules import overrule, read_overrules, withdraw
    from reprieve.certainty.grading.rating import rate, rate_body
    from reprieve.certainty.grading.rules import Rules
    from reprieve.certainty.grading.statements import statement
    from reprieve.certainty.risk_of_bias.deciding import Proposal, decide
    from reprieve.certainty.risk_of_bias.files import read_judgements, write_judgements
    from reprieve.certainty.risk_of_bias.hints import Hint, hints
    from reprieve.certainty.risk_of_bias.records import BiasJudgement, proposals
    from reprieve.certainty.risk_of_bias.robvis import read_robvis, write_robvis
    from reprieve.certainty.risk_of_bias.using import count_judgements, with_risk_of_bias

_HOMES = {
    "Body": "grading.body",
    "Certainty": "grading.certainty",
    "Rules": "grading.rules",
    "TrialFacts": "grading.body",
    "overrule": "grading.overrules",
    "rate": "grading.rating",
    "rate_body": "grading.rating",
    "read_overrules": "grading.overrules",
    "statement": "grading.statements",
    "withdraw": "grading.overrules",
    "BiasJudgement": "risk_of_bias.records",
    "count_judgements": "risk_of_bias.using",
    "decide": "risk_of_bias.deciding",
    "Hint": "risk_of_bias.hints",
    "hints": "risk_of_bias.hints",
    "Proposal": "risk_of_bias.deciding",
    "proposals": "risk_of_bias.records",
    "read_judgements": "risk_of_bias.files",
    "read_robvis": "risk_of_bias.robvis",
    "with_risk_of_bias": "risk_of_bias.using",
    "write_judgements": "risk_of_bias.files",
    "write_robvis": "risk_of_bias.robvis",
}

__all__ = [
    "BiasJudgement",
    "Body",
    "Certainty",
    "Hint",
    "Proposal",
    "Rules",
    "TrialFacts",
    "count_judgements",
    "decide",
    "hints",
    "overrule",
    "proposals",
    "rate",
    "rate_body",
    "read_judgements",
    "read_overrules",
    "read_robvis",
    "statement",
    "with_risk_of_bias",
    "withdraw",
    "write_judgements",
    "write_robvis",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'reprieve.certainty' has no attribute {name!r}")
    value = getattr(import_module(f"reprieve.certainty.{_HOMES[name]}"), name)
    globals()[name] = value  # a module of the same name must not hide the function
    return value
