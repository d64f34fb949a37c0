"""The profile of the likelihood: how well the studies tell how much they differ."""

from __future__ import annotations

import altair as alt

from reprieve.figures.drawing import SIZES, layered, rows
from reprieve.figures.effect_axis import EffectAxis
from reprieve.figures.forest_table import Width
from reprieve.figures.theme import INK, MUTED, OKABE_ITO, SHADE, themed
from reprieve.synthesis.diagnostics.profiles import Profile

_DEEPEST = 8.0
"""How far below the highest log-likelihood the picture goes: far beyond any interval."""


def profile(result: Profile, *, width: Width = "wide") -> alt.LayerChart:
    """The log-likelihood over τ², with its estimate and the interval that it supports.

    Parameters
    ----------
    result : Profile
        From :func:`reprieve.synthesis.profiles.profile_tau2`.
    width : {"wide", "narrow"}

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis, profile_tau2
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5])
    >>> len(profile(profile_tau2(fit)).to_dict()["layer"])
    4
    """
    across, high = SIZES[width]
    known = result.loglik > result.max_loglik - _DEEPEST
    tau2, loglik = result.tau2[known].tolist(), result.loglik[known].tolist()
    x_axis = EffectAxis(
        0.0,
        max(tau2),
        name=f"τ², the variance between studies (broken line: {result.estimate:.3g})",
    )
    y_axis = EffectAxis(
        min(loglik), max(*loglik, result.max_loglik), name=f"Log-likelihood ({result.likelihood})"
    )
    y = y_axis.y("loglik")
    low, end = x_axis.inside(result.interval)
    (bottom, top) = y_axis.domain
    level = f"{100 * result.level:g}% interval"
    band = (
        rows([{"low": low, "high": end, "bottom": bottom, "loglik": top}])
        .mark_rect(color=SHADE, aria=False)
        .encode(x=x_axis.x("low"), x2=alt.X2("high:Q"), y=y, y2=alt.Y2("bottom:Q"))
    )
    at = (
        rows([{"tau2": result.estimate, "bottom": bottom, "loglik": top}])
        .mark_rule(color=MUTED, strokeDash=[4, 3], aria=False)
        .encode(x=x_axis.x("tau2"), y=y, y2=alt.Y2("bottom:Q"))
    )
    curve = [
        {"tau2": x, "loglik": value, "τ²": f"{x:.4g}", "Log-likelihood": f"{value:.3f}"}
        for x, value in zip(tau2, loglik, strict=True)
    ]
    line = (
        rows(curve)
        .mark_line(color=OKABE_ITO["blue"], strokeWidth=2, point={"size": 14})
        .encode(x=x_axis.x("tau2"), y=y, tooltip=["τ²:N", "Log-likelihood:N"])
    )
    words = (
        rows([{"tau2": low, "loglik": bottom, "said": f"shaded: {level} of τ²"}])
        .mark_text(align="left", dx=5, baseline="bottom", dy=-6, fontSize=11, color=INK, aria=False)
        .encode(x=x_axis.x("tau2"), y=y, text="said:N")
    )
    return themed(
        layered(
            [band, at, line, words],
            width=across,
            height=high,
            description=f"Profile of the {result.likelihood} likelihood: highest at τ² "
            f"{result.maximum:.3g}, {level} {result.interval[0]:.3g} to "
            f"{result.interval[1]:.3g}; the fit has {result.estimate:.3g}.",
        )
    )
