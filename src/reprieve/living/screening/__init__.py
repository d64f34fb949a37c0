"""Screening helped by a model: which record next, when to stop, how far two people agree.

Pure functions on texts and numbers; the work lists keep the decisions.
"""

from __future__ import annotations

from reprieve.living.screening.kappa import Agreement, cohen_kappa
from reprieve.living.screening.priority import Priority, screening_text
from reprieve.living.screening.simulation import (
    Simulation,
    SimulationSummary,
    simulate,
    summarise,
)
from reprieve.living.screening.stopping import Stopping, assess

__all__ = [
    "Agreement",
    "Priority",
    "Simulation",
    "SimulationSummary",
    "Stopping",
    "assess",
    "cohen_kappa",
    "screening_text",
    "simulate",
    "summarise",
]
