"""From reported numbers to comparable effects.

Pure functions over arrays, each named after what it computes; and `harmonise`, `compare_all` and
`every_visit`, which put what the trials of a question report on one scale: for two sides, for a
network of all treatments, and over time.
"""

from reprieve.effects.all_comparisons import AllComparisons, compare_all
from reprieve.effects.harmonise import Comparisons, harmonise
from reprieve.effects.question import Question
from reprieve.effects.visits import Visits, every_visit

__all__ = [
    "AllComparisons",
    "Comparisons",
    "Question",
    "Visits",
    "compare_all",
    "every_visit",
    "harmonise",
]
