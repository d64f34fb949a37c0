"""What a record is about: cell therapy or not, of what, for which condition, and why so."""

from reprieve.living.recognising.patterns import version
from reprieve.living.recognising.recognise import recognise, recognise_each
from reprieve.living.recognising.recognition import Because, Recognition

VERSION = version()
"""Changes when the rules do."""

__all__ = ["VERSION", "Because", "Recognition", "recognise", "recognise_each"]
