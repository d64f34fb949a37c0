"""What people decide together: screening, extraction, risk of bias, verification, joining.

Each list is a class over a `Store`; every decision is kept with who made it and when.
"""

from __future__ import annotations

from reprieve.living.worklists.bias import RiskOfBias
from reprieve.living.worklists.extraction import Extraction
from reprieve.living.worklists.joining import Joining
from reprieve.living.worklists.screening import Screening
from reprieve.living.worklists.training import BackgroundTraining, Ranker, Trained
from reprieve.living.worklists.verification import Verification

__all__ = [
    "BackgroundTraining",
    "Extraction",
    "Joining",
    "Ranker",
    "RiskOfBias",
    "Screening",
    "Trained",
    "Verification",
]
