"""`reprieve network … --figures DIR`: every figure of a network as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.errors import InputError, SynthesisError

if TYPE_CHECKING:
    from reprieve.synthesis.networks.results import NetworkMetaAnalysis

FiguresFolder = Annotated[
    Path | None, typer.Option("--figures", help="Folder to write figures to, as SVG and PNG.")
]

_RATIOS = {"OR": "Odds ratio", "RR": "Risk ratio", "ROM": "Ratio of means"}
_DIFFERENCES = {
    "MD": "Mean difference",
    "SMD": "Standardised mean difference",
    "RD": "Risk difference",
}
_ENDINGS = (".svg", ".png")


def write_figures(fit: NetworkMetaAnalysis, folder: Path, measure: str | None) -> None:
    """All figures of a network that its trials allow, told on stderr file by file.

    The comparison-adjusted funnel takes all treatments against the reference; among the others,
    the order is that of the alphabet.

    Parameters
    ----------
    fit : NetworkMetaAnalysis
    folder : Path
        Made if it is not there.
    measure : str, optional
        Of effects that were computed from arms, such as OR.

    Raises
    ------
    InputError
        The folder is a file.
    """
    from reprieve.figures.theme import save

    if folder.exists() and not folder.is_dir():
        raise InputError(f"--figures: {folder} is a file; name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in _figures(fit, measure):
        try:
            chart = draw()
        except SynthesisError as error:
            typer.echo(f"no {name}: {error}", err=True)
            continue
        for ending in _ENDINGS:
            typer.echo(f"wrote {save(chart, folder / f'{name}{ending}')}", err=True)


def _figures(
    fit: NetworkMetaAnalysis, measure: str | None
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The name of each figure's file, and what draws it."""
    from reprieve.figures.comparison_adjusted_funnel import comparison_adjusted_funnel
    from reprieve.figures.contribution_bars import contribution_bars
    from reprieve.figures.direct_indirect_forest import direct_indirect_forest
    from reprieve.figures.league_figure import league_figure
    from reprieve.figures.net_heat_figure import net_heat_figure
    from reprieve.figures.network_forest import network_forest
    from reprieve.figures.network_graph import network_graph
    from reprieve.figures.rank_curves import rank_curves

    known = (measure or "").upper()
    look: dict[str, Any] = {
        "measure": (_RATIOS | _DIFFERENCES).get(known, "Effect"),
        "transform": "exp" if known in _RATIOS else None,
    }
    order = [name for name in fit.treatments if name != fit.reference] + [fit.reference]
    yield "graph", lambda: network_graph(fit)
    yield "league", lambda: league_figure(fit, **look)
    yield "forest", lambda: network_forest(fit, **look)
    yield "ranks", lambda: rank_curves(fit)
    yield "net-heat", lambda: net_heat_figure(fit)
    yield "split", lambda: direct_indirect_forest(fit, **look)
    yield "funnel", lambda: comparison_adjusted_funnel(fit, order, **look)
    yield "contributions", lambda: contribution_bars(fit)
