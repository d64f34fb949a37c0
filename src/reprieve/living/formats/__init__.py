"""Registers' and libraries' formats, each read into `reprieve.living.record.Record`.

A file here has one format; `reprieve.living.formats.opening.read_records` recognises which one a
file is in by its content.
"""
