"""How people see the numbers: forest plots, the map of the evidence, people of a hundred.

Every figure is one Altair chart that serves the screen (with tooltips) and paper alike.
"""

from reprieve.figures.baujat import baujat
from reprieve.figures.benefit_harm import benefit_harm
from reprieve.figures.boundaries import boundaries
from reprieve.figures.bubble import bubble
from reprieve.figures.comparison_adjusted_funnel import comparison_adjusted_funnel
from reprieve.figures.contribution_bars import contribution_bars
from reprieve.figures.density import density
from reprieve.figures.direct_indirect_forest import direct_indirect_forest
from reprieve.figures.dose_curve import dose_curve
from reprieve.figures.evidence_map import evidence_map
from reprieve.figures.forest import forest
from reprieve.figures.forest_fit import forest_of
from reprieve.figures.funnel import funnel
from reprieve.figures.gosh import gosh
from reprieve.figures.league_figure import league_figure
from reprieve.figures.lumping_figure import lumping_figure
from reprieve.figures.net_heat_figure import net_heat_figure
from reprieve.figures.network_forest import network_forest
from reprieve.figures.network_graph import network_graph
from reprieve.figures.people import people
from reprieve.figures.prisma import prisma_flow
from reprieve.figures.profile import profile
from reprieve.figures.rank_curves import rank_curves
from reprieve.figures.rank_heat import rank_heat
from reprieve.figures.risk_of_bias_summary import risk_of_bias_summary
from reprieve.figures.sequence import sequence
from reprieve.figures.specification_curve import specification_curve
from reprieve.figures.theme import save, to_svg
from reprieve.figures.traffic_light import traffic_light
from reprieve.figures.trajectory import trajectory
from reprieve.figures.trial_pipeline import trial_pipeline

__all__ = [
    "baujat",
    "benefit_harm",
    "boundaries",
    "bubble",
    "comparison_adjusted_funnel",
    "contribution_bars",
    "density",
    "direct_indirect_forest",
    "dose_curve",
    "evidence_map",
    "forest",
    "forest_of",
    "funnel",
    "gosh",
    "league_figure",
    "lumping_figure",
    "net_heat_figure",
    "network_forest",
    "network_graph",
    "people",
    "prisma_flow",
    "profile",
    "rank_curves",
    "rank_heat",
    "risk_of_bias_summary",
    "save",
    "sequence",
    "specification_curve",
    "to_svg",
    "traffic_light",
    "trajectory",
    "trial_pipeline",
]
