"""The evidence as pages: one self-contained HTML file for each condition, and an index.

The pages open offline, load nothing from elsewhere, and link every number to its source.
"""

from reprieve.report.pages import write_all, write_report

__all__ = ["write_all", "write_report"]
