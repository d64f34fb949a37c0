"""`reprieve meta`: pool a data file, with or without moderators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve import synthesis
from reprieve.cli import output
from reprieve.cli.effects import Measure, RawData, compute, with_raw_data
from reprieve.cli.tables import DataFile, read_table, require_columns, require_numbers
from reprieve.errors import InputError

if TYPE_CHECKING:
    import polars as pl


@with_raw_data
def meta(
    data: DataFile,
    raw: RawData,
    effect: Annotated[str | None, typer.Option(help="Column of effects.")] = None,
    variance: Annotated[str | None, typer.Option(help="Column of sampling variances.")] = None,
    se: Annotated[str | None, typer.Option(help="Column of standard errors instead.")] = None,
    measure: Measure = None,
    study: Annotated[str | None, typer.Option(help="Column of labels.")] = None,
    method: Annotated[
        str, typer.Option(help="REML, ML, DL, PM, EB, HE, HS, SJ; EE or FE for a common effect.")
    ] = "REML",
    test: Annotated[
        str | None, typer.Option(help="knha, adhoc, t or z (the default of EE, FE and --random).")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="Column of your own weights.")] = None,
    moderators: Annotated[
        str | None, typer.Option(help='A formula, such as "~ dose + C(route)".')
    ] = None,
    random: Annotated[
        str | None,
        typer.Option(help="What varies: study/effect, or UN(outcome | study); also CS, AR …"),
    ] = None,
    prior: Annotated[
        str | None, typer.Option(help='Bayes: prior of τ, such as "half-normal(0.5)".')
    ] = None,
    mu_prior: Annotated[
        str | None, typer.Option(help='Prior of the mean: "normal(0, 4)" (mean, sd).')
    ] = None,
    permutations: Annotated[
        int | None, typer.Option(help="Permutation test with so many permutations.")
    ] = None,
    leave_one_out: Annotated[
        bool, typer.Option("--leave-one-out", help="The fit without each study.")
    ] = False,
    cumulative: Annotated[
        str | None, typer.Option(help="The fit as studies come in, ordered by this column.")
    ] = None,
    influence: Annotated[
        bool, typer.Option("--influence", help="What each study does to the fit.")
    ] = False,
    bias: Annotated[
        bool, typer.Option("--bias", help="Small-study effects: tests and adjusted means.")
    ] = False,
    trim_and_fill: Annotated[
        str | None, typer.Option(help="Trim and fill by this estimator: L0, R0 or Q0.")
    ] = None,
    level: Annotated[float, typer.Option(help="Of intervals, in percent.")] = 95.0,
    json: output.Json = False,
) -> None:
    """Random- or fixed-effects meta-analysis and meta-regression of a data file."""
    table = read_table(data)
    table, columns = effect_columns(data, table, effect, variance, se, measure, raw)
    if not 1 <= level < 100:
        raise InputError(f"--level is {level:g}; expected percent, such as 95")
    for name, column in (("study", study), ("weights", weights)):
        if column is not None:
            require_columns(data, table, [column])
            columns[name] = column
    if moderators is not None:
        require_numbers(data, table, [c for c in table.columns if c in moderators])
    if mu_prior is not None and prior is None:
        raise InputError("--mu-prior needs --prior, the prior of τ")
    fit = _fit(table, columns, random, moderators, method, test, level / 100)
    further: dict[str, Any] = {}
    if prior is not None:
        if random is not None:
            raise InputError("--prior and --random can't be combined; leave out one of them")
        further["posterior"] = _posterior(table, columns, moderators, prior, mu_prior, level / 100)
    if permutations is not None:
        further["permutation_test"] = fit.permutation_test(permutations, seed=1)
    if leave_one_out:
        further["leave_one_out"] = synthesis.leave_one_out(fit)
    if cumulative is not None:
        require_columns(data, table, [cumulative])
        further["cumulative"] = synthesis.cumulative(fit, cumulative, table)
    if influence:
        further["influence"] = synthesis.influence(fit)
    if bias:
        further["small_study_effects"] = synthesis.small_study_effects(fit)
    if trim_and_fill is not None:
        further["trim_and_fill"] = synthesis.trim_and_fill(
            fit,
            estimator=trim_and_fill,  # type: ignore[arg-type]  # it checks the word
        )
    _show(fit, further, json)


def _fit(
    table: pl.DataFrame,
    columns: dict[str, Any],
    random: str | None,
    moderators: str | None,
    method: str,
    test: str | None,
    level: float,
) -> Any:
    choices: dict[str, Any] = {"method": method, "level": level, **columns}
    if random is not None:
        if "weights" in choices:
            raise InputError("--weights and --random can't be combined; leave out one of them")
        return synthesis.multilevel(
            table, random=random, formula=moderators, test=test or "z", **choices
        )
    choices["test"] = test
    if moderators is None:
        return synthesis.meta_analysis(table, **choices)
    return synthesis.meta_regression(moderators, table, **choices)


def _posterior(
    table: pl.DataFrame,
    columns: dict[str, Any],
    moderators: str | None,
    prior: str,
    mu_prior: str | None,
    level: float,
) -> Any:
    if "weights" in columns:
        raise InputError("--weights and --prior can't be combined; leave out one of them")
    if moderators is None:
        return synthesis.bayesian_meta_analysis(
            table, prior=prior, mu_prior=mu_prior, level=level, **columns
        )
    priors = {} if mu_prior is None else {"Intercept": mu_prior}
    return synthesis.bayesian_meta_regression(
        moderators, table, prior=prior, coefficient_priors=priors, level=level, **columns
    )


def _show(fit: Any, further: dict[str, Any], json: bool) -> None:
    """The fit, and what else was asked for: one JSON object, or text for people."""
    if not json:
        typer.echo("\n\n".join([fit.summary(), *(part.summary() for part in further.values())]))
        return
    plain = {name: part.to_dict() for name, part in further.items()}
    if "posterior" in plain:
        plain["posterior"] = plain["posterior"]["posterior"]
    output.print_json(fit.to_dict() | plain)


def effect_columns(
    path: Path,
    table: pl.DataFrame,
    effect: str | None,
    variance: str | None,
    se: str | None,
    measure: str | None,
    raw: RawData,
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The table, with effect sizes computed if asked for, and which columns hold them."""
    if measure is not None:
        if effect or variance or se:
            raise InputError("--measure computes effects; leave out --effect, --variance and --se")
        return compute(path, table, measure, raw), {"effect": "yi", "variance": "vi"}
    if effect is None or (variance is None) == (se is None):
        raise InputError(
            "name the columns: --effect yi --variance vi (or --se sei); or compute effects from "
            "raw columns: --measure SMD --m1i …"
        )
    spread = {"variance": variance} if se is None else {"se": se}
    require_columns(path, table, [effect, *(c for c in spread.values() if c)])
    return table, {"effect": effect, **spread}
