"""Registers and literature in: fetched, recognised, read, screened, and kept with their history.

This room writes the first one, `evidence`; it imports nothing else.
"""
