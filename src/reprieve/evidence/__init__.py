"""What was reported: the schema, the vocabularies, packages, gates, and the curated snapshot.

Everything later in the house starts from an `Evidence` loaded here.
"""

from reprieve.evidence.check import check_package
from reprieve.evidence.package import load_evidence, write_package
from reprieve.evidence.records import Evidence

__all__ = ["Evidence", "check_package", "load_evidence", "write_package"]
