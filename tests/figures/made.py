"""Answers made by hand, so that figures and pages can be checked against known numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reprieve.answers.answer import (
    UNIT,
    Answer,
    Effect,
    Exclusion,
    PerHundred,
    Source,
    StudyEffect,
)
from reprieve.certainty import Body, Certainty, Rules, TrialFacts, rate_body
from reprieve.effects.question import Question
from reprieve.synthesis import MetaAnalysis, meta_analysis


def study(i: int, estimate: float, half: float, weight: float, **changed: Any) -> StudyEffect:
    """A made-up trial."""
    made = StudyEffect(
        study_id=f"author{i}-20{i:02d}",
        label=f"Author{i} 20{i:02d}",
        year=2000 + i,
        link=f"https://doi.org/10.1000/{i}",
        treatment="bone-marrow mesenchymal stem cells (donor cells, 40 million cells)",
        comparator="hyaluronic acid injection",
        instrument="VAS",
        statistic="final",
        month=6.0,
        n_treatment=15 + i,
        n_comparator=16 + i,
        estimate=estimate,
        ci=(estimate - half, estimate + half),
        weight=weight,
        notes=(),
        rows=(
            Source("outcomes", 10 + i, "MSC: VAS 0–10, month 6: mean 3.1, SD 2, n 15", "Table 2",
                   "https://example.org/page", 1, None),
            Source("outcomes", 11 + i, "HA: VAS 0–10, month 6: mean 4.1, SD 2, n 16", "Table 2",
                   "https://example.org/page", 1, None),
        ),
    )  # fmt: skip
    return replace(made, **changed)


def answer(*studies: StudyEffect, **changed: Any) -> Answer:
    """An answer over made-up trials; the pooled numbers are made up too."""
    question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    effect = None
    if studies:
        k = len(studies)
        effect = Effect(
            measure="MD",
            unit=UNIT,
            estimate=-8.3 if k > 1 else studies[0].estimate,
            ci=(-15.1, -1.5) if k > 1 else studies[0].ci,
            prediction_interval=(-27.0, 10.4) if k > 2 else None,
            k=k,
            n=sum((s.n_treatment or 0) + (s.n_comparator or 0) for s in studies),
            tau=7.5 if k > 1 else None,
            I2=61.0 if k > 1 else None,
            p=0.02,
            mcid=17.5,
            mcid_source="Somebody 2019, https://doi.org/10.1000/mcid",
        )
    status = ("no_trial", "single_trial", "pooled")[min(len(studies), 2)]
    made = Answer(
        question=question,
        status=status,
        effect=effect,
        per_100=None,
        studies=studies,
        excluded=(),
        in_words="No trial tests this." if not studies else "On average people had less pain.",
        certainty=certainty(studies),
        evidence_date="2026-11-24",
        fit=None,
    )
    return replace(made, **changed)


def certainty(studies: tuple[StudyEffect, ...]) -> Certainty:
    """The certainty of a made-up answer: moderate, since its trials are not judged."""
    words = {"treatment": "cell therapy", "comparator": "hyaluronic acid injection"}
    if not studies:
        return Certainty(
            key="made", **words, outcome="pain", start="high", domains=(), upgrades=(),
            verdict=None, estimate=None, mcid=None, rules=Rules(),
        )  # fmt: skip
    trials = tuple(
        TrialFacts(
            study=s.study_id, label=s.label, weight=s.weight / 100, estimate=s.estimate, ci=s.ci,
            people=31, month=6.0,
        )
        for s in studies
    )  # fmt: skip
    return rate_body(
        Body(
            key="made", **words, outcome="pain", month=6.0, estimate=-8.3, ci=(-15.1, -1.5),
            people=31 * len(studies), mcid=17.5, trials=trials,
        )
    )  # fmt: skip


PER_100 = PerHundred(52.0, 37.4, 14.6, (40.2, 63.9), (2.8, 26.5), 17.5, "the comparator's people")

EXCLUDED = (Exclusion("late-2020", "Late 2020", "https://doi.org/10.1000/late", "not randomised"),)

THREE = answer(
    study(15, -12.0, 9.0, 41.0),
    study(9, -20.5, 14.0, 22.0, notes=("SD recovered from the standard error",)),
    study(21, 1.5, 9.5, 37.0, notes=("SD not reported: 20.1 points imputed, pooled",)),
    per_100=PER_100,
    excluded=EXCLUDED,
)


def layers(chart: Any) -> list[dict[str, Any]]:
    """The layers of a chart, checked against the schema, each with its rows in ``rows``."""
    found = chart.to_dict()
    return [
        layer | {"rows": found["datasets"][layer.get("data", found.get("data"))["name"]]}
        for layer in found["layer"]
    ]


TRIALS = [
    "Aronson 1948", "Ferguson & Simes 1949", "Rosenthal 1960", "Hart & Sutherland 1977",
    "Frimodt-Moller 1973", "Stein & Aronson 1953", "Vandiviere 1973", "TPT Madras 1980",
    "Coetzee & Berjak 1968", "Rosenthal 1961", "Comstock 1974", "Comstock & Webster 1969",
    "Comstock 1976",
]  # fmt: skip
YEARS = [int(name[-4:]) for name in TRIALS]
ALLOCATION = [*["random"] * 4, *["alternate"] * 2, *["random"] * 3, *["systematic"] * 4]
LATITUDE = [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33]
LOG_RISK_RATIO = [
    -0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694, -1.3713,
    -0.3394, 0.4459, -0.0173,
]  # fmt: skip
VARIANCE = [
    0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730, 0.0124,
    0.5325, 0.0714,
]  # fmt: skip

BCG = meta_analysis(effect=LOG_RISK_RATIO, variance=VARIANCE, study=TRIALS)
"""The trials of BCG against tuberculosis (Colditz et al. 1994 JAMA 271:698)."""


def fit(k: int) -> MetaAnalysis:
    """A fit of k made-up studies, in points of 100."""
    return meta_analysis(
        effect=[-8 + 6 * ((7 * i) % 5 - 2) for i in range(k)],
        se=[3 + (5 * i) % 7 for i in range(k)],
        study=[f"Author{i} {1980 + i % 40}" for i in range(k)],
    )


def words(chart: Any) -> list[str]:
    """All words that a chart writes as text marks."""
    return [
        str(row[field])
        for layer in layers(chart)
        if layer["mark"]["type"] == "text"
        for row in layer["rows"]
        for field in [layer["encoding"]["text"]["field"]]
    ]
