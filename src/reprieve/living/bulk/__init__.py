"""Whole registers: every record classified into Parquet, part by part, and asked with DuckDB."""

from reprieve.living.bulk.classifying import Classified, classify
from reprieve.living.bulk.landscape import counts, query

__all__ = ["Classified", "classify", "counts", "query"]
