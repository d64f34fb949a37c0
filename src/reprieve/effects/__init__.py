"""From reported numbers to comparable effects.

Pure functions over arrays, each named after what it computes; and `harmonise`, which puts what
the trials of a question report on one scale.
"""

from reprieve.effects.harmonise import Comparisons, harmonise
from reprieve.effects.question import Question

__all__ = ["Comparisons", "Question", "harmonise"]
