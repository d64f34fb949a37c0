"""The answer: a number with its uncertainty, in points and in people, and what it stands on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from reprieve.effects.question import Question

if TYPE_CHECKING:
    from reprieve.certainty.grading.certainty import Certainty
    from reprieve.synthesis.results import MetaAnalysis

Status = Literal["pooled", "single_trial", "not_read", "not_usable", "no_trial"]
"""Whether trials were pooled, one answers alone, some exist whose numbers have not been read,
some have been read but do not fit the question, or none exists."""

UNIT = "points on a scale of 0 to 100, higher is worse"


@dataclass(frozen=True)
class Source:
    """A row of the evidence that a number stands on.

    Attributes
    ----------
    table, row : str, int
        The table of the package and the row in it, as a spreadsheet shows it.
    what : str
        What the row says, in a few words: arm, instrument, month, value.
    locator : str
        Where in the source: ``Table 2``, ``abstract``.
    read_at : str
        The page that it was read from (provenance; the link to show is the study's).
    readings : int
        How often the value has been read against its source.
    flag : str or None
        ``imputed`` or ``read_off`` when it was not simply read.
    """

    table: str
    row: int
    what: str
    locator: str
    read_at: str
    readings: int
    flag: str | None


@dataclass(frozen=True)
class StudyEffect:
    """What one trial says, and where it says so.

    Attributes
    ----------
    study_id, label, year, link : str, str, int or None, str or None
        `link` is the address of the DOI, PubMed or register record.
    treatment, comparator : str
        The arms compared, in plain words, with dose and product.
    instrument, statistic, month : str, str, float
        What was measured and when.
    n_treatment, n_comparator : int or None
        People analysed; None where the trial does not say.
    estimate, ci : float, tuple
        Treatment minus comparator, in points of 100; negative is better.
    weight : float
        Percent of the pooled estimate.
    notes : tuple of str
        What was imputed or recovered, and what the curators warn of.
    rows : tuple of Source
    """

    study_id: str
    label: str
    year: int | None
    link: str | None
    treatment: str
    comparator: str
    instrument: str
    statistic: str
    month: float
    n_treatment: int | None
    n_comparator: int | None
    estimate: float
    ci: tuple[float, float]
    weight: float
    notes: tuple[str, ...]
    rows: tuple[Source, ...]


@dataclass(frozen=True)
class Exclusion:
    """A trial that bears on the question and is not in the number, and why."""

    study_id: str
    label: str
    link: str | None
    reason: str


@dataclass(frozen=True)
class Effect:
    """The pooled difference.

    Attributes
    ----------
    measure, unit : str
    estimate : float
        Treatment minus comparator; negative is better.
    ci, prediction_interval : tuple of float
        Of the mean difference, and of the difference in a new setting (None below three trials).
    k, n : int
        Trials, and people analysed in them.
    tau, I2 : float or None
        Standard deviation between trials in points, and the percentage of the variation that
        is not chance; None for a single trial.
    p : float
    mcid : float or None
        The smallest worthwhile improvement in points.
    mcid_source : str or None
    """

    measure: str
    unit: str
    estimate: float
    ci: tuple[float, float]
    prediction_interval: tuple[float, float] | None
    k: int
    n: int
    tau: float | None
    I2: float | None
    p: float
    mcid: float | None
    mcid_source: str | None


@dataclass(frozen=True)
class PerHundred:
    """People of 100 whose outcome improves by at least the smallest worthwhile difference.

    Attributes
    ----------
    with_treatment, with_comparator, difference : float
        Of 100 people each.
    with_treatment_ci, difference_ci : tuple of float
        From the uncertainty of the pooled effect.
    mcid : float
    basis : str
        Where the improvement under the comparator was taken from.
    """

    with_treatment: float
    with_comparator: float
    difference: float
    with_treatment_ci: tuple[float, float]
    difference_ci: tuple[float, float]
    mcid: float
    basis: str


@dataclass(frozen=True)
class Answer:
    """What the trials say to a question.

    Attributes
    ----------
    question : Question
    status : {"pooled", "single_trial", "not_read", "not_usable", "no_trial"}
    effect : Effect or None
    per_100 : PerHundred or None
    studies : tuple of StudyEffect
    excluded : tuple of Exclusion
    in_words : str
        The same in plain words, from templates over the numbers.
    certainty : Certainty
        How sure the effect is, by GRADE, with reasons.
    evidence_date : str
    fit : MetaAnalysis or None
        The synthesis behind the effect, for figures and further questions.
    """

    question: Question
    status: Status
    effect: Effect | None
    per_100: PerHundred | None
    studies: tuple[StudyEffect, ...]
    excluded: tuple[Exclusion, ...]
    in_words: str
    certainty: Certainty
    evidence_date: str
    fit: MetaAnalysis | None

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain data, ready for JSON."""
        plain = {name: getattr(self, name) for name in ("status", "in_words", "evidence_date")}
        return {
            "question": asdict(self.question),
            "effect": asdict(self.effect) if self.effect else None,
            "per_100": asdict(self.per_100) if self.per_100 else None,
            "studies": [asdict(s) for s in self.studies],
            "excluded": [asdict(e) for e in self.excluded],
            "certainty": self.certainty.to_dict(),
            **plain,
        }
