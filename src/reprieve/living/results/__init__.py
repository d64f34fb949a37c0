"""Posted results of a register, read as rows of evidence with an account of what was left out.

A value becomes a row only where it is certain what it is, of which arm, and when.
"""

from reprieve.living.results.reading import ReadResults, read_posted_results

__all__ = ["ReadResults", "read_posted_results"]
