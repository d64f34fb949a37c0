"""Every defensible analysis of a question at once, and which choices move the verdict.

A multiverse (Steegen et al. 2016 Perspect Psychol Sci 11:702), shown as a specification curve
(Simonsohn et al. 2020 Nat Hum Behav 4:1208; Voracek et al. 2019 Zeitschrift für Psychologie
227:64 for meta-analyses).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reprieve.answers.ask import study_effects
from reprieve.effects.harmonise import Comparisons, harmonise
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence
from reprieve.synthesis.core import fit_batch

VERDICTS = ("worthwhile", "better", "unclear", "worse", "no number")
"""Better by at least the smallest worthwhile difference wherever in the interval; better; the
interval holds no difference; worse; no trial can be used."""

DATA_CHOICES: dict[str, dict[str, dict[str, Any]]] = {
    "instrument": {
        "published order": {"hierarchy": "published"},
        "overall pain first": {"hierarchy": "overall"},
    },
    "value": {"final": {"statistic": "final"}, "change": {"statistic": "change"}},
    "correlation": {f"{r:g}": {"correlation": r} for r in (0.3, 0.5, 0.7)},
    "missing SD": {"imputed": {"impute": True}, "left out": {"impute": False}},
    "design": {
        "randomised": {"randomised": True},
        "nonrandomised too": {"randomised": False},
    },
    "blinding": {"any": {"blinded": False}, "double-blind only": {"blinded": True}},
}
"""Choices that change which numbers are pooled; each option says what it changes in the question.
`multiverse` adds the window of months."""

METHODS = ("REML", "DL", "PM", "EE")
TESTS = ("adhoc", "knha", "z")


@dataclass(frozen=True, eq=False)
class Multiverse:
    """All analyses of a question.

    Attributes
    ----------
    question : Question
    choices : dict of str to tuple of str
        The choices and their options.
    analyses : polars.DataFrame
        A row an analysis: a column a choice, then ``k``, ``estimate``, ``ci_low``, ``ci_high``
        (points of 100, negative is better), ``tau2`` and ``verdict``.
    """

    question: Question
    choices: dict[str, tuple[str, ...]]
    analyses: pl.DataFrame

    def verdicts(self) -> dict[str, float]:
        """The share of analyses that end in each verdict."""
        counts = dict(self.analyses["verdict"].value_counts().iter_rows())
        return {v: counts.get(v, 0) / self.analyses.height for v in VERDICTS}

    def influence(self) -> pl.DataFrame:
        """What each choice does.

        Returns
        -------
        polars.DataFrame
            A row a choice: ``variance_explained``, the share of the variance of the estimates
            that its main effect explains (η²); ``verdict_moved``, how often the verdict changes
            when this choice alone is varied; ``estimates``, the mean estimate under each option.
        """
        numbers = self.analyses.filter(pl.col("estimate").is_not_null())
        total = float(np.var(numbers["estimate"].to_numpy())) if len(numbers) else 0.0
        rows = []
        for choice, options in self.choices.items():
            others = [c for c in self.choices if c != choice]
            means = numbers.group_by(choice).agg(pl.col("estimate").mean(), pl.len().alias("n"))
            between = (
                float(np.cov(means["estimate"], fweights=means["n"], ddof=0)) if len(means) else 0
            )
            moved = self.analyses.group_by(others).agg(pl.col("verdict").n_unique() > 1)
            by_option = dict(means.select(choice, "estimate").iter_rows())
            rows.append(
                {
                    "choice": choice,
                    "options": list(options),
                    "variance_explained": between / total if total > 0 else 0.0,
                    "verdict_moved": moved["verdict"].mean(),
                    "estimates": [by_option.get(option) for option in options],
                }
            )
        return pl.DataFrame(rows).sort("variance_explained", descending=True)

    def summary(self) -> str:
        """The verdicts, the range of estimates and what moves them, as a table to read."""
        estimates = self.analyses["estimate"].drop_nulls()
        distinct = self.analyses.select("estimate", "ci_low", "ci_high").n_unique()
        lines = [
            f"{self.analyses.height:,} analyses of one question, {distinct:,} different results"
        ]
        if len(estimates):
            low, middle, high = (estimates.quantile(q, "linear") for q in (0, 0.5, 1))
            lines.append(
                f"estimates from {low:.1f} to {high:.1f} points of 100, median {middle:.1f}"
            )
        lines += [f"  {verdict:<12}{share:>6.1%}" for verdict, share in self.verdicts().items()]
        lines += ["", f"{'choice':<14}{'variance explained':>20}{'verdict moved':>16}"]
        for row in self.influence().iter_rows(named=True):
            lines.append(
                f"{row['choice']:<14}{row['variance_explained']:>20.1%}{row['verdict_moved']:>16.1%}"
            )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The multiverse as plain data: verdicts, influence of choices, every analysis."""
        return {
            "choices": {choice: list(options) for choice, options in self.choices.items()},
            "verdicts": self.verdicts(),
            "influence": self.influence().to_dicts(),
            "analyses": self.analyses.to_dicts(),
        }


def multiverse(question: Question, evidence: Evidence | None = None) -> Multiverse:
    """Run every defensible combination of choices for a question.

    Varied are the instrument, final values or changes, the window of months, the correlation
    behind computed changes, imputed standard deviations, the design and blinding of trials, the
    estimator of τ², the interval, and the threshold of a worthwhile difference (all published
    ones for the condition and outcome).

    Parameters
    ----------
    question : Question
        Its month, treatment and comparator stay; the choices start from it.
    evidence : Evidence, optional
        By default the curated snapshot.

    Returns
    -------
    Multiverse

    Examples
    --------
    >>> every = multiverse(Question(condition="knee_osteoarthritis", comparator="injection"))
    >>> every.analyses.height
    6912
    >>> round(sum(every.verdicts().values()), 10)
    1.0
    """
    evidence = evidence or load_evidence()
    month = question.month
    data_choices = {
        **DATA_CHOICES,
        "window": {
            "half to twice": {"window": (0.5 * month, 2 * month)},
            "within a quarter": {"window": (0.75 * month, 1.25 * month)},
        },
    }
    thresholds = published_thresholds(question)
    data_sets = [
        (
            options,
            _pooled(harmonise(evidence, replace(question, **_changes(data_choices, options)))),
        )
        for options in product(*data_choices.values())
    ]
    fits = _fit_all([pooled for _, pooled in data_sets], question.level)
    rows = [
        {
            **dict(zip(data_choices, options, strict=True)),
            "estimator": method,
            "interval": test,
            "threshold": f"{points:g}",
            **_numbers(fit, i, points),
        }
        for (method, test), fit in fits.items()
        for i, (options, _) in enumerate(data_sets)
        for points in thresholds
    ]
    choices = {name: tuple(options) for name, options in data_choices.items()}
    choices |= {
        "estimator": METHODS,
        "interval": TESTS,
        "threshold": tuple(f"{points:g}" for points in thresholds),
    }
    return Multiverse(question, choices, pl.DataFrame(rows, infer_schema_length=None))


def _changes(
    choices: Mapping[str, Mapping[str, dict[str, Any]]], options: Sequence[str]
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for choice, option in zip(choices.values(), options, strict=True):
        changes |= choice[option]
    return changes


def published_thresholds(question: Question) -> list[float]:
    """The published thresholds of the condition and outcome, with the one that answers use."""
    chosen = question.mcid or vocabulary.threshold(question.condition, question.outcome).points
    published = {
        mcid.points
        for mcid in vocabulary.mcids()
        if mcid.condition == question.condition
        and mcid.points
        and any(key == (question.outcome, mcid.instrument) for key in vocabulary.instruments())
        and mcid.threshold in ("MCID", "MIC", "MID", "MCII")
    }
    return sorted(published | ({chosen} if chosen else set())) or [float("nan")]


def _pooled(found: Comparisons) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One effect and variance a trial."""
    if found.table.is_empty():
        return np.empty(0), np.empty(0)
    return study_effects(found)


def _fit_all(
    data_sets: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], level: float
) -> dict[tuple[str, str], dict[str, NDArray[np.float64]]]:
    """All data sets as one batch, for each estimator and interval."""
    from scipy.special import ndtri, stdtrit

    k = np.array([len(y) for y, _ in data_sets])
    width = max(int(k.max()), 1)
    y, v = np.zeros((len(k), width)), np.ones((len(k), width))
    for i, (effects, variances) in enumerate(data_sets):
        y[i, : k[i]], v[i, : k[i]] = effects, variances
    used = np.arange(width) < k[:, None]
    several, alone = k >= 2, k == 1
    fits = {}
    for method, test in product(METHODS, TESTS):
        # A common effect has no variance between trials for Knapp and Hartung to scale by.
        fit = fit_batch(
            y[several], v[several], method=method, test="z" if method == "EE" else test,
            used=used[several],
        )  # fmt: skip
        estimate, se, tau2 = (np.full(len(k), np.nan) for _ in range(3))
        estimate[several], se[several], tau2[several] = fit.beta[:, 0], fit.se[:, 0], fit.tau2
        estimate[alone], se[alone] = y[alone, 0], np.sqrt(v[alone, 0])
        quantile = np.full(len(k), ndtri((1 + level) / 2))
        if test != "z" and method != "EE":
            quantile[several] = stdtrit(k[several] - 1, (1 + level) / 2)
        fits[method, test] = {
            "k": k,
            "estimate": estimate,
            "ci_low": estimate - quantile * se,
            "ci_high": estimate + quantile * se,
            "tau2": tau2,
        }
    return fits


def _numbers(fit: Mapping[str, NDArray[Any]], i: int, threshold: float) -> dict[str, Any]:
    numbers = {
        name: None if np.isnan(values[i]) else values[i].item() for name, values in fit.items()
    }
    return {**numbers, "verdict": _verdict(numbers["ci_low"], numbers["ci_high"], threshold)}


def _verdict(low: float | None, high: float | None, threshold: float) -> str:
    if low is None or high is None:
        return "no number"
    if high <= -threshold:
        return "worthwhile"
    if high < 0:
        return "better"
    return "worse" if low > 0 else "unclear"
