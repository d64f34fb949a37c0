"""Whether the numbers of a cell are mean and deviation, mean and error, median and quartiles."""

from __future__ import annotations

from reprieve.living.articles.article import Article
from reprieve.living.articles.layout import Layout, Reading
from reprieve.living.articles.statistics import Said, all_said, said_of_numbers, spreads_explained


def spread_of(reading: Reading, layout: Layout, article: Article) -> tuple[Said, float]:
    """What the numbers are, and how surely: the nearest words decide."""
    value = reading.value
    shape = value.shape
    centre = ""
    nearest = [value.said] if value.said else []
    for heading in (*reading.headings, layout.corner):
        said = said_of_numbers(heading)
        centre = centre or said.centre
        if said.spread and not nearest and _fits(said.spread, shape):
            nearest.append(said.spread)
    if nearest:
        return Said(centre or _centre(nearest[0]), nearest[0]), 1.0
    if shape == "single":
        return Said(centre or "mean", ""), 0.8 if centre else 0.5
    for text, certainty in ((layout.table.caption, 0.95), (layout.table.foot, 0.9)):
        pairs = [said for said in all_said(text) if _fits(said.spread, shape)]
        if pairs:
            return pairs[0], certainty if len({p.spread for p in pairs}) == 1 else 0.6
        said = said_of_numbers(text)
        if said.spread and said.spread != "percent" and _fits(said.spread, shape):
            explained = spreads_explained(text)
            sure = certainty - (0.1 if len(explained) < 2 else 0.4)
            return Said(centre or _centre(said.spread), said.spread), sure
    if shape in ("plus_minus", "bracket"):
        if centre == "median":
            return Said("median", ""), 0.6
        if article.spread:
            return Said(centre or "mean", article.spread), 0.8
        return Said(centre or "mean", "sd"), 0.7 if shape == "plus_minus" else 0.45
    return Said(centre, ""), 0.0


def _centre(spread: str) -> str:
    return "median" if spread in ("iqr", "range") else "mean"


def _fits(spread: str, shape: str) -> bool:
    if shape == "plus_minus":
        return spread in ("sd", "se", "ci")
    if shape == "pair":
        return spread in ("sd", "se")
    if shape == "bracket":
        return spread in ("sd", "se", "percent")
    if shape == "interval":
        return spread in ("ci", "iqr", "range")
    return True
