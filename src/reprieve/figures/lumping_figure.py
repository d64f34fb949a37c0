"""What a choice changes: effects of the same treatments under two or more analyses."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from reprieve.errors import InputError, UnknownWordError
from reprieve.figures.effect_axis import EffectAxis, Transform
from reprieve.figures.forest_drawing import draw
from reprieve.figures.forest_fit import reach_of
from reprieve.figures.forest_names import against, alone
from reprieve.figures.forest_names import label as broken
from reprieve.figures.forest_table import ForestTable, Headings, Line, Width
from reprieve.figures.network_forest import network_words, sides
from reprieve.figures.network_parts import Names
from reprieve.synthesis.networks.results import NetworkMetaAnalysis, Relative

_SHAPES = ("square", "circle", "triangle-up", "diamond")


def lumping_figure(
    fits: Mapping[str, NetworkMetaAnalysis],
    *,
    reference: str | Mapping[str, str],
    measure: str = "Effect",
    transform: Transform = None,
    names: Names | None = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """The effects of all treatments side by side under several analyses.

    Shows what it changes to lump controls into one node, or any other choice: a model, a class, a
    set of trials. The change is told against the first of the analyses.

    Parameters
    ----------
    fits : mapping of str to NetworkMetaAnalysis
        Two or more, by the name of the choice; the first is what the others are held against.
    reference : str, or mapping of str to str
        The treatment that effects are against; for each fit its own, where lumping renames it.
    measure : str
        What the effects are called, with the unit.
    transform : {"exp"}, optional
        Show logarithms of ratios as ratios, on a logarithmic axis.
    names : mapping of str to str, optional
        What treatments are called.
    width : {"wide", "narrow"}
        880 pixels with all columns, or 328 for phones.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        Fewer than two fits, fits that disagree on whether less is better, or no treatment but
        references in common.
    UnknownWordError
        A reference that is not in its fit, or a fit without one.

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> columns = {"study": ["1", "2", "3"], "treatment1": ["cells", "cells", "exercise"]}
    >>> columns |= {"effect": [-12.0, -5.0, -6.0], "se": [3.0, 2.0, 3.0]}
    >>> apart = network(treatment2=["saline", "sham", "saline"], **columns)
    >>> lumped = network(treatment2=["control", "control", "control"], **columns)
    >>> chart = lumping_figure(
    ...     {"apart": apart, "lumped": lumped},
    ...     reference={"apart": "saline", "lumped": "control"},
    ... )
    >>> chart.to_dict()["description"][:65]
    'Effect, against saline or control, under apart and lumped: cells:'
    """
    bases = _bases(fits, reference)
    found = _effects(fits, bases)
    called = {**{t: t for fit in fits.values() for t in fit.treatments}, **(names or {})}
    first = next(iter(fits.values()))
    base = " or ".join(dict.fromkeys(called[one] for one in bases.values()))
    estimates = [one for several in found.values() for one in several.values()]
    axis = EffectAxis(
        *reach_of([one.estimate for one in estimates], [one.ci for one in estimates]),
        name=against(measure, base, width),
        transform=transform,
        favours=sides("the treatment", base, first),
    )
    lines: list[Line] = []
    for treatment, several in found.items():
        lines.append(alone(called[treatment], bold=True))
        lines += _lines(called[treatment], several, list(fits), axis, width)
    ratio = "Ratio" if transform else "Effect"
    return draw(
        ForestTable(
            lines=lines,
            axis=axis,
            headings=Headings(
                label="Analysis",
                middle="",
                plot="",
                effect=f"{ratio} ({100 * first.level:g}% CI)",
                last="Change",
            ),
            notes=[f"Reference: {base}.", *_notes(fits, bases, found, called, transform)],
            description=_description(fits, found, called, axis),
        ),
        width,
    )


def _bases(
    fits: Mapping[str, NetworkMetaAnalysis], reference: str | Mapping[str, str]
) -> dict[str, str]:
    """The reference of each fit."""
    if len(fits) < 2:
        raise InputError(
            f"a figure of what a choice changes needs two or more fits; there were {len(fits)}"
        )
    if len({fit.small_values for fit in fits.values()}) > 1:
        raise InputError("the fits disagree on small_values: whether less is better; give one")
    bases = {}
    for label, fit in fits.items():
        if isinstance(reference, str):
            base = reference
        elif label in reference:
            base = reference[label]
        else:
            raise UnknownWordError("fit of reference", label, reference)
        if base not in fit.treatments:
            raise UnknownWordError(f"reference treatment of fit {label!r}", base, fit.treatments)
        bases[label] = base
    return bases


def _effects(
    fits: Mapping[str, NetworkMetaAnalysis], bases: Mapping[str, str]
) -> dict[str, dict[str, Relative]]:
    """For each treatment of more than one fit, its effects; the best of the first fit first."""
    found: dict[str, dict[str, Relative]] = {}
    for label, fit in fits.items():
        for treatment in fit.treatments:
            if treatment not in bases.values():
                found.setdefault(treatment, {})[label] = fit.relative(treatment, bases[label])
    shared = {t: several for t, several in found.items() if len(several) > 1}
    if not shared:
        raise InputError(
            "the fits have no treatment but their references in common; name the same treatments "
            "alike in all of them"
        )
    better = 1 if next(iter(fits.values())).small_values == "desirable" else -1
    return dict(
        sorted(shared.items(), key=lambda item: better * next(iter(item[1].values())).estimate)
    )


def _lines(
    name: str, several: Mapping[str, Relative], labels: list[str], axis: EffectAxis, width: Width
) -> list[Line]:
    """A line for each analysis, and the change from the first that has the treatment."""
    start = next(iter(several))
    found = []
    for i, label in enumerate(labels):
        if label not in several:
            found.append(alone(f"{label}: no such treatment"))
            continue
        one = several[label]
        change = one.estimate - several[start].estimate
        said = "" if label == start else _signed(axis, change)
        found.append(
            Line(
                "trial",
                label=broken(label, width),
                estimate=one.estimate,
                ci=one.ci,
                last=said,
                shape=_SHAPES[i % len(_SHAPES)],
                open=i > 0,
                told={
                    "Treatment": name,
                    "Analysis": label,
                    axis.name: axis.effect(one.estimate, one.ci),
                    "Change": said or "the first",
                },
            )
        )
    return found


def _signed(axis: EffectAxis, change: float) -> str:
    """A change with its sign; of ratios, the factor."""
    said = axis.number(change)
    if axis.transform == "exp":
        return f"×{said}"
    return f"+{said}" if change > 0 and any(digit in said for digit in "123456789") else said


def _notes(
    fits: Mapping[str, NetworkMetaAnalysis],
    bases: Mapping[str, str],
    found: Mapping[str, Mapping[str, Relative]],
    called: Names,
    transform: Transform,
) -> list[str]:
    first = next(iter(fits))
    what = "ratio to" if transform == "exp" else "estimate minus that of"
    notes = [f"{label}: {network_words(fit)}." for label, fit in fits.items()]
    notes.append(f"Change: {what} the first analysis with the treatment ({first} where it has it).")
    alone = {
        label: [called[t] for t in fit.treatments if t not in found and t != bases[label]]
        for label, fit in fits.items()
    }
    notes += [f"Only in {label}: {', '.join(some)}." for label, some in alone.items() if some]
    return notes


def _description(
    fits: Mapping[str, NetworkMetaAnalysis],
    found: Mapping[str, Mapping[str, Relative]],
    called: Names,
    axis: EffectAxis,
) -> str:
    told = "; ".join(
        f"{called[treatment]}: "
        + ", ".join(
            f"{label} {axis.effect(one.estimate, one.ci)}" for label, one in several.items()
        )
        for treatment, several in found.items()
    )
    return f"{axis.name}, under {' and '.join(fits)}: {told}."
