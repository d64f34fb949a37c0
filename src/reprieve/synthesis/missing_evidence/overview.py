"""All that can be asked about small-study effects of one fit, with advice on how far to go."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.findings import (
    Finding,
    choice,
    interval_text,
    notes_text,
    number,
    p_text,
    text_table,
)
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.inputs import column
from reprieve.synthesis.missing_evidence.asymmetry import (
    RankTest,
    RegressionTest,
    few_studies,
    pustejovsky_rodgers_test,
    rank_test,
    regression_test,
)
from reprieve.synthesis.missing_evidence.henmi_copas import HenmiCopas, henmi_copas
from reprieve.synthesis.missing_evidence.limit import LimitMetaAnalysis, limit_meta_analysis
from reprieve.synthesis.missing_evidence.precision_effect import PetPeese, pet_peese
from reprieve.synthesis.missing_evidence.selection import selection_model
from reprieve.synthesis.missing_evidence.selection_result import SelectionModel
from reprieve.synthesis.missing_evidence.trim_and_fill import TrimAndFill, trim_and_fill
from reprieve.synthesis.results import MetaAnalysis

if TYPE_CHECKING:
    import polars as pl

AdjustedMean = TrimAndFill | PetPeese | LimitMetaAnalysis | SelectionModel | HenmiCopas


@dataclass(frozen=True, eq=False, repr=False)
class SmallStudyEffects(Finding):
    """Tests of asymmetry and adjusted means of one fit.

    Attributes
    ----------
    fit : MetaAnalysis
    tests : tuple of RegressionTest and RankTest
    means : dict
        Adjusted means by name: each the full result of its function.
    advice : tuple of str
        What stands between these numbers and a conclusion.
    warnings : tuple of str
        What could not be computed, and why.
    """

    fit: MetaAnalysis
    tests: tuple[RegressionTest | RankTest, ...]
    means: dict[str, AdjustedMean]
    advice: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_frame(self) -> pl.DataFrame:
        """One row per mean effect, the unadjusted first: name, estimate, ci_low, ci_high."""
        import polars as pl

        means: dict[str, Any] = {"unadjusted": self.fit, **self.means}
        return pl.DataFrame(
            [
                {
                    "name": name,
                    "estimate": part.estimate,
                    "ci_low": part.ci[0],
                    "ci_high": part.ci[1],
                }
                for name, part in means.items()
            ]
        )

    def tests_frame(self) -> pl.DataFrame:
        """One row per test: name, statistic, df, p."""
        import polars as pl

        return pl.DataFrame(
            [
                {
                    "name": test.name,
                    "statistic": test.tau if isinstance(test, RankTest) else test.statistic,
                    "df": math.nan if isinstance(test, RankTest) else test.df,
                    "p": test.p,
                }
                for test in self.tests
            ]
        )

    def summary(self) -> str:
        """The result as tables to read, and the advice."""
        tests = [
            [row["name"], number(row["statistic"], 3), p_text(row["p"])]
            for row in self.tests_frame().iter_rows(named=True)
        ]
        means = [
            [row["name"], number(row["estimate"]), interval_text((row["ci_low"], row["ci_high"]))]
            for row in self.to_frame().iter_rows(named=True)
        ]
        ends = f"{100 * self.fit.level:g} % CI"
        lines = [
            f"Small-study effects, k = {self.fit.k}",
            "",
            *text_table(["tests of asymmetry", "statistic", "p"], tests),
            "",
            *text_table(["mean effect", "estimate", ends], means),
            "",
            *(f"- {line}" for line in self.advice),
        ]
        return "\n".join(lines + notes_text(self.warnings))


def small_study_effects(
    data: Any = None, *, alternative: str = "auto", n1: Any = None, n2: Any = None, **how: Any
) -> SmallStudyEffects:
    """Test for small-study effects, and adjust the mean effect for them in several ways.

    Parameters
    ----------
    data : MetaAnalysis, or the data of `meta_analysis`
    alternative : {"auto", "less", "greater"}
        The direction of wanted results, for the selection model.
    n1, n2 : str or sequence of float, optional
        People of each group, for standardized mean differences: adds the test of Pustejovsky
        and Rodgers, since Egger's rejects too often for them.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    SmallStudyEffects
        With Egger's and Begg's tests; and the mean effect by trim and fill (L0), PET-PEESE,
        limit meta-analysis, a selection model with one step at 0.025, and Henmi and Copas. What
        the data do not allow is left out and named in `warnings`.

    References
    ----------
    Cochrane Handbook version 6.5, 13.3.5; Sterne et al. (2011) BMJ 343:d4002; Ioannidis &
    Trikalinos (2007) CMAJ 176:1091 (when tests of asymmetry make sense).

    Examples
    --------
    >>> result = small_study_effects(effect=[-1.2, -0.9, -0.8, -0.4, -0.5, -0.3],
    ...                              se=[0.5, 0.4, 0.3, 0.2, 0.15, 0.1])
    >>> list(result.means)
    ['trim and fill', 'PET-PEESE', 'limit', 'selection model', 'Henmi–Copas']
    >>> print(result.advice[0])
    with fewer than 10 studies (here 6) tests of asymmetry have too little power to tell chance
    from asymmetry
    """
    choice("alternative", alternative, ("auto", "less", "greater"))
    if (n1 is None) != (n2 is None):
        raise InputError("give both n1= and n2=, or neither")
    fit = given_mean(data, how, least=1)
    source = None if isinstance(data, MetaAnalysis) else data
    tests: dict[str, Callable[[], Any]] = {
        "Egger's regression": lambda: regression_test(fit),
        "Begg's rank test": lambda: rank_test(fit),
    }
    if n1 is not None:
        sizes = [column(source, n, "n1 or n2") for n in (n1, n2)]
        tests["Pustejovsky–Rodgers test"] = lambda: pustejovsky_rodgers_test(
            fit, n1=sizes[0], n2=sizes[1]
        )
    side: Any = alternative
    means: dict[str, Callable[[], Any]] = {
        "trim and fill": lambda: trim_and_fill(fit),
        "PET-PEESE": lambda: pet_peese(fit),
        "limit": lambda: limit_meta_analysis(fit),
        "selection model": lambda: selection_model(fit, alternative=side),
        "Henmi–Copas": lambda: henmi_copas(fit),
    }
    failed: list[str] = []
    found_tests, found_means = (_try(group, failed) for group in (tests, means))
    return SmallStudyEffects(
        fit=fit,
        tests=tuple(found_tests.values()),
        means=found_means,
        advice=_advice(fit),
        warnings=(*fit.warnings, *failed),
    )


def _try(group: dict[str, Callable[[], Any]], failed: list[str]) -> dict[str, Any]:
    """What can be computed; the reasons of the rest go to `failed`."""
    found = {}
    for name, compute in group.items():
        try:
            found[name] = compute()
        except SynthesisError as error:
            failed.append(f"{name}: {error}")
    return found


def _advice(fit: MetaAnalysis) -> tuple[str, ...]:
    lines = list(few_studies(fit.k))
    if fit.v.max() <= 4 * fit.v.min():
        lines.append(
            "the studies are of similar size (variances within a factor of 4), so that small and "
            "large studies can't be told apart"
        )
    if fit.I2 >= 50:
        lines.append(
            f"heterogeneity is large (I² {fit.I2:.0f} %): it can make a funnel asymmetric by "
            "itself, and misleads these tests and adjustments"
        )
    if not (np.abs(fit.y) / np.sqrt(fit.v) >= 1.959964).any():
        lines.append("no study is significant by itself: selection by significance is unlikely")
    lines.append(
        "asymmetry has other causes than unpublished studies: chance, poorer methods or sicker "
        "patients in small studies; look at the funnel's contours and at trials registered but "
        "not published"
    )
    lines.append(
        "the adjusted means rest on different assumptions: read them together, as a test of how "
        "much the result could move, not as better estimates"
    )
    return tuple(lines)
