"""The command line: `reprieve ask`, `reprieve report`, `reprieve evidence` and their kin.

Each command is a thin wrapper of a library function; what costs time to import is imported
inside the commands, so that ``reprieve --help`` is instant.
"""

from reprieve.cli.app import main

__all__ = ["main"]
