"""From a question to its answer: the one place where evidence, effects and synthesis meet."""

from reprieve.answers.answer import Answer
from reprieve.answers.ask import ask, comparisons
from reprieve.answers.flips import VerdictFlips, verdict_flips
from reprieve.answers.multiverse import Multiverse, multiverse
from reprieve.answers.networks import NetworkAnswer, ask_network
from reprieve.answers.trajectories import TrajectoryAnswer, ask_trajectory
from reprieve.effects.question import Question

__all__ = [
    "Answer",
    "Multiverse",
    "NetworkAnswer",
    "Question",
    "TrajectoryAnswer",
    "VerdictFlips",
    "ask",
    "ask_network",
    "ask_trajectory",
    "comparisons",
    "multiverse",
    "verdict_flips",
]
