"""From a question to its answer: the one place where evidence, effects and synthesis meet."""

from reprieve.answers.answer import Answer
from reprieve.answers.ask import ask, comparisons
from reprieve.answers.benefit_harm import benefit_harm
from reprieve.answers.flips import VerdictFlips, verdict_flips
from reprieve.answers.harms import HarmsAnswer, ask_harms
from reprieve.answers.multiverse import Multiverse, multiverse
from reprieve.answers.network_certainty import network_certainty
from reprieve.answers.networks import NetworkAnswer, ask_network
from reprieve.answers.summary_of_findings import summary_of_findings
from reprieve.answers.trajectories import TrajectoryAnswer, ask_trajectory
from reprieve.effects.harms import HarmsQuestion
from reprieve.effects.question import Question

__all__ = [
    "Answer",
    "HarmsAnswer",
    "HarmsQuestion",
    "Multiverse",
    "NetworkAnswer",
    "Question",
    "TrajectoryAnswer",
    "VerdictFlips",
    "ask",
    "ask_harms",
    "ask_network",
    "ask_trajectory",
    "benefit_harm",
    "comparisons",
    "multiverse",
    "network_certainty",
    "summary_of_findings",
    "verdict_flips",
]
