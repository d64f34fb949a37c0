"""How people see the numbers: forest plots, the map of the evidence, people of a hundred.

Every figure is one Altair chart that serves the screen (with tooltips) and paper alike.
"""

from reprieve.figures.baujat import baujat
from reprieve.figures.boundaries import boundaries
from reprieve.figures.bubble import bubble
from reprieve.figures.density import density
from reprieve.figures.evidence_map import evidence_map
from reprieve.figures.forest import forest
from reprieve.figures.forest_fit import forest_of
from reprieve.figures.funnel import funnel
from reprieve.figures.gosh import gosh
from reprieve.figures.people import people
from reprieve.figures.profile import profile
from reprieve.figures.sequence import sequence
from reprieve.figures.specification_curve import specification_curve
from reprieve.figures.theme import save, to_svg

__all__ = [
    "baujat",
    "boundaries",
    "bubble",
    "density",
    "evidence_map",
    "forest",
    "forest_of",
    "funnel",
    "gosh",
    "people",
    "profile",
    "save",
    "sequence",
    "specification_curve",
    "to_svg",
]
