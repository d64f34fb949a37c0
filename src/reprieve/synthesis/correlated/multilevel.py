"""Multilevel and multivariate meta-analysis: effects that come in groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.blocks import BlockDiagonal, Codes
from reprieve.synthesis.correlated.coefficients import Coefficients
from reprieve.synthesis.correlated.intercepts import InterceptModel
from reprieve.synthesis.correlated.multilevel_fit import MultilevelFit
from reprieve.synthesis.correlated.random_formula import Factors, Grouping, RandomTerm, read_random
from reprieve.synthesis.formulas import Design, check_rank
from reprieve.synthesis.gaussian import GaussianFit, GaussianModel
from reprieve.synthesis.inputs import Effects, Excluded, column, read_effects
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Scaled, Structured, Term


def multilevel(
    data: Any = None,
    *,
    effect: Any,
    variance: Any = None,
    se: Any = None,
    V: Any = None,
    random: Any,
    formula: str | None = None,
    study: Any = None,
    method: str = "REML",
    test: str = "z",
    dfs: Literal["residual", "contain"] = "residual",
    level: float = 0.95,
) -> MultilevelFit:
    """Pool effects that come in groups, or of which studies report several.

    Parameters
    ----------
    data : data frame, optional
        Anything that narwhals reads, or a mapping of columns.
    effect : str or sequence of float
        A column of `data`, or the values.
    variance, se : str or sequence of float
        Sampling variances, or standard errors, of effects with independent sampling errors.
    V : matrix, sequence of blocks or BlockDiagonal
        Their covariance instead, in the order of the rows; `block_covariance` makes it.
    random : str, mapping or sequence of these
        What varies: ``"study/effect"`` (nested), ``["study", "lab"]`` (crossed),
        ``"UN(outcome | study)"`` (correlated effects; also CS, HCS, DIAG, AR, HAR). See
        `random_formula` for metafor's words for the same.
    formula : str, optional
        Moderators, such as ``"~ dose"``; ``"~ 0 + outcome"`` for one mean per outcome.
    study : str or sequence, optional
        Labels; the outermost group when not given.
    method : {"REML", "ML"}
    test : {"z", "t"}
        Normal, or Student's t.
    dfs : {"residual", "contain"}
        Degrees of freedom of t: rows less coefficients; or, for each coefficient, groups of the
        coarsest factor within whose groups its moderator does not change, less coefficients.
    level : float
        Coverage of the intervals.

    Returns
    -------
    MultilevelFit
        Rows that could not be used are listed in `excluded`.

    Raises
    ------
    InputError
        A column that is not there, arguments that contradict each other, a V that is not
        positive definite.
    SynthesisError
        Moderators that depend on one another; too few rows.

    Notes
    -----
    The numbers are those of `rma.mv` of the R package metafor (Viechtbauer 2010 J Stat Softw
    36:3), at the highest of the maxima that several starts lead to. Nested intercepts with
    independent sampling errors take time linear in the number of rows. A factor of one level,
    and one that forms the same groups as another, can't be told from the data: its variance is
    held at zero, and `warnings` says so.

    Examples
    --------
    Schools in districts (rows of Konstantopoulos 2011 Res Synth Methods 2:61):

    >>> schools = {
    ...     "district": [11, 11, 12, 12, 18, 18, 27, 27, 56, 56],
    ...     "school": [1, 2, 1, 2, 1, 2, 1, 2, 1, 2],
    ...     "yi": [-0.18, -0.22, 0.13, -0.26, 0.45, 0.38, 0.16, 0.65, 0.08, 0.04],
    ...     "vi": [0.118, 0.118, 0.014, 0.014, 0.023, 0.043, 0.020, 0.004, 0.019, 0.007],
    ... }
    >>> fit = multilevel(schools, effect="yi", variance="vi", random="district/school")
    >>> {term: round(variance, 3) for term, variance in fit.theta.items()}
    {'district': 0.04, 'district/school': 0.041}
    >>> low, high = fit.variance_interval("district")
    >>> round(low, 3), round(high, 3)
    (0.0, 0.436)
    """
    _check_words(method, test, dfs, level)
    specs = read_random(random)
    effects, covariance = _read_effects(data, effect, variance, se, V, study, specs)
    rows = len(effects.y) + len(effects.excluded)
    grouping = Grouping(specs, data, rows)
    effects, kept = _with_groups(effects, grouping, rows)
    design = None if formula is None else Design(formula, data, effects)
    excluded, y, labels = effects.excluded, effects.y, effects.study
    X, names = np.ones((len(y), 1)), tuple[str, ...](("mean effect",))
    if design is not None:
        X, names = design.matrix, design.names
        y, labels = y[design.present], _chosen(labels, design.present)
        kept[np.flatnonzero(kept)[~design.present]] = False
        excluded = tuple(sorted((*excluded, *design.excluded), key=lambda row: row.row))
        check_rank(X, names)
    if len(y) <= len(names):
        raise SynthesisError(
            f"{len(y)} rows can't give {len(names)} coefficients and variances of random "
            "effects; use fewer moderators"
        )
    known = covariance.take(kept)
    _check_positive(known, labels)
    factors = grouping.take(kept)
    terms = [factors.term(spec) for spec in specs]
    held, notes = _not_told(terms, specs, len(excluded))
    kind = InterceptModel if InterceptModel.suits(known, terms) else GaussianModel
    model = kind(y, known, X, terms, restricted=method == "REML")
    fitted = model.fit(fixed=held)
    df = np.full(len(names), np.inf)
    if test == "t":
        df = _residual_df(X) if dfs == "residual" else _containment_df(X, specs, factors)
    return MultilevelFit(
        coefficients=Coefficients(names, fitted.beta, fitted.cov, df, level),
        random=specs,
        X=X,
        study=labels,
        method=method,
        test=test,
        held=held,
        model=model,
        fitted=fitted,
        factors=factors,
        design=design,
        excluded=excluded,
        warnings=(*notes, *_at_the_edge(model, fitted, held)),
    )


def _check_words(method: str, test: str, dfs: str, level: float) -> None:
    for name, word, known in (
        ("method", method, ("REML", "ML")),
        ("test", test, ("z", "t")),
        ("dfs", dfs, ("residual", "contain")),
    ):
        if word not in known:
            raise InputError(
                f"{name} of a multilevel fit must be {' or '.join(map(repr, known))}; "
                f"it was {word!r}"
            )
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, such as 0.95; it was {level!r}")


# -- from the user's data to rows that can be used


def _read_effects(
    data: Any,
    effect: Any,
    variance: Any,
    se: Any,
    V: Any,
    study: Any,
    specs: tuple[RandomTerm, ...],
) -> tuple[Effects, BlockDiagonal]:
    """The usable effects, and the covariance of all rows."""
    if V is not None and (variance is not None or se is not None):
        raise InputError("give V=, variance= or se=, and only one of them: V holds the variances")
    study = specs[0].group[0] if study is None else study
    if V is None:
        effects = read_effects(data, effect, variance, se, study)
        every = np.ones(len(effects.y) + len(effects.excluded))
        every[slice(None) if effects.kept is None else effects.kept] = effects.v
        return effects, BlockDiagonal(every)
    known = V if isinstance(V, BlockDiagonal) else BlockDiagonal(V)
    rows = len(column(data, effect, "effect"))
    if known.n != rows:
        raise InputError(f"V has {known.n} rows, but there are {rows} effects")
    return read_effects(data, effect, known.variances(), study=study), known


def _with_groups(
    effects: Effects, grouping: Grouping, rows: int
) -> tuple[Effects, NDArray[np.bool_]]:
    """Leave out rows without a group, and say which rows of the data are kept."""
    kept = np.ones(rows, dtype=bool) if effects.kept is None else effects.kept.copy()
    missing = np.logical_or.reduce([*grouping.missing.values()])[kept]
    if not missing.any():
        return effects, kept
    places = np.flatnonzero(kept)
    lost = [
        Excluded(
            int(places[i]) + 1,
            effects.study[i],
            "missing group " + ", ".join(n for n, m in grouping.missing.items() if m[places[i]]),
        )
        for i in np.flatnonzero(missing)
    ]
    if missing.all():
        raise SynthesisError(f"no row can be used: {lost[0].reason} in row {lost[0].row} and all")
    kept[places[missing]] = False
    return (
        replace(
            effects,
            y=effects.y[~missing],
            v=effects.v[~missing],
            study=_chosen(effects.study, ~missing),
            kept=kept.copy(),
            excluded=tuple(sorted((*effects.excluded, *lost), key=lambda row: row.row)),
        ),
        kept,
    )


def _chosen(labels: tuple[str, ...], which: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(label for label, keep in zip(labels, which, strict=True) if keep)


def _check_positive(V: BlockDiagonal, labels: tuple[str, ...]) -> None:
    """Refuse covariances that are not possible, and say where."""
    if V.diagonal is not None:
        return
    for rows, block in V.parts():
        try:
            np.linalg.cholesky(block)
            possible = bool(np.isfinite(block).all())
        except np.linalg.LinAlgError:
            possible = False
        if not possible:
            names = ", ".join(dict.fromkeys(labels[row] for row in rows[:20]))
            raise InputError(
                f"V is not positive definite (or not finite) in the block of {names}: the "
                "covariances are too large for the variances; lower the correlation"
            )


# -- what the data can tell


def _not_told(
    terms: list[Term], specs: tuple[RandomTerm, ...], excluded: int
) -> tuple[dict[str, float], list[str]]:
    """Variances to hold at zero since the data can't tell them, and notes for the reader."""
    notes = [f"{excluded} row{'s' * (excluded > 1)} could not be used; see excluded"][:excluded]
    held, seen = dict[str, float](), dict[bytes, str]()
    for term, spec in zip(terms, specs, strict=True):
        if isinstance(term, Structured):
            notes += _levels_not_told(term, spec)
            continue
        assert isinstance(term, Scaled)
        assert term.codes is not None
        pattern = _first_appearance(term.codes).tobytes()
        if not term.codes.any():
            held[spec.name] = 0.0
            notes.append(f"{spec.name!r} has one level: its variance is held at zero")
        elif pattern in seen:
            held[spec.name] = 0.0
            notes.append(
                f"{spec.name!r} forms the same groups as {seen[pattern]!r}: only the sum of their "
                f"variances can be told, which is shown as that of {seen[pattern]!r}"
            )
        seen.setdefault(pattern, spec.name)
    return held, notes


def _first_appearance(codes: Codes) -> Codes:
    """Groups renumbered in the order of their rows, so that equal partitions look equal."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[np.reshape(inverse, -1)])


def _levels_not_told(term: Structured, spec: RandomTerm) -> list[str]:
    """Variances that a single group shows, and correlations that none does."""
    (codes,), _ = term.joined()
    levels = len(term.levels)
    shown = np.zeros((int(codes.max()) + 1, levels))
    shown[codes, term.inner(np.arange(term.n))] = 1
    together = shown.T @ shown
    few = [str(level) for level, n in zip(term.levels, np.diag(together), strict=True) if n < 2]
    notes = []
    if few and term.variances > 1:
        notes.append(
            f"one group alone of {spec.name!r} shows {', '.join(few)}: the variance is hardly told"
        )
    if term.structure not in ("UN", "DIAG") and not np.triu(together, 1).any():
        notes.append(f"no group of {spec.name!r} shows two levels: ρ can't be told")
    if term.structure != "UN":
        return notes
    return notes + [
        f"no group of {spec.name!r} shows both {term.levels[i]} and {term.levels[j]}: their "
        "correlation can't be told"
        for i in range(levels)
        for j in range(i + 1, levels)
        if not together[i, j]
    ]


def _at_the_edge(model: GaussianModel, fit: GaussianFit, held: dict[str, float]) -> list[str]:
    """Notes on variances at zero and correlations at ±1."""
    notes = []
    for term in model.terms:
        for place, name in enumerate(term.names):
            value = fit.theta[name]
            if name in held:
                continue
            if place < term.variances and value <= 1e-10 * model.typical:
                notes.append(f"the variance of {name!r} is estimated as zero")
            elif place >= term.variances and abs(value) > 1 - 1e-8:
                notes.append(f"the correlation {name!r} is estimated at its limit, {value:+.0f}")
    return notes


# -- degrees of freedom


def _residual_df(X: Array) -> Array:
    return np.full(X.shape[1], float(max(len(X) - X.shape[1], 1)))


def _containment_df(X: Array, specs: tuple[RandomTerm, ...], factors: Factors) -> Array:
    """Groups of the coarsest factor within whose groups a column is constant, less columns."""
    k, p = X.shape
    groups = np.full(p, k)
    for spec in specs:
        for names in {spec.group, spec.columns}:
            codes = factors.codes(names)
            first = np.empty(int(codes.max()) + 1, dtype=np.intp)
            first[codes] = np.arange(k)
            constant = (X[first[codes]] == X).all(axis=0)
            groups[constant] = np.minimum(groups[constant], len(first))
    return np.asarray(np.maximum(groups - p, 1), dtype=float)
