"""How people see the numbers: forest plots, the map of the evidence, people of a hundred.

Every figure is one Altair chart that serves the screen (with tooltips) and paper alike.
"""

from reprieve.figures.evidence_map import evidence_map
from reprieve.figures.forest import forest
from reprieve.figures.people import people
from reprieve.figures.theme import save, to_svg

__all__ = ["evidence_map", "forest", "people", "save", "to_svg"]
