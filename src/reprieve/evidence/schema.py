"""The columns of an evidence package, the one place that says what they are.

Reading, checking, writing and documenting a package all follow these tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "integer"]

DESIGNS = ("parallel", "crossover", "single_arm", "cluster", "nonrandomised")
BLINDING = ("double", "single", "assessor", "open", "unclear")
FUNDING = ("industry", "public", "mixed", "none", "unclear")
RISK_OF_BIAS = ("low", "some_concerns", "high", "unclear")
CATEGORIES = (
    "cell_therapy",
    "physical_therapy",
    "medication",
    "nerve_block",
    "surgery",
    "injection",
    "placebo",
    "sham",
    "usual_care",
    "no_treatment",
    "other",
)
CELL_SOURCES = (
    "bone_marrow",
    "adipose",
    "umbilical_cord",
    "placenta",
    "cartilage",
    "disc",
    "other",
)
DONORS = ("autologous", "allogeneic")
PROCESSING = (
    "concentrate",
    "stromal_vascular_fraction",
    "microfragmented",
    "culture_expanded",
    "other",
)
ROUTES = (
    "intra_articular",
    "intratendinous",
    "intradiscal",
    "perineural",
    "intrathecal",
    "intravenous",
    "intramuscular",
    "epidural",
    "oral",
    "surgical",
    "topical",
    "other",
)
DOMAINS = ("pain", "function", "quality_of_life", "structure", "inflammation", "global")
DIRECTIONS = ("worse", "better")
STATISTICS = ("final", "change")
MEASURES = ("MD", "SMD", "RR", "OR", "RD", "HR")
UNVERIFIED = "unverified"
"""The flag of a row that a program read, until a person has read it against its source."""

FLAGS = ("imputed", "read_off", "subgroup", UNVERIFIED)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    kind : {"text", "number", "integer"}
    description : str
        What the column holds, with its unit.
    required : bool
        Whether a row without a value is a fault.
    words : tuple of str
        The only values allowed; empty where any is.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False
    words: tuple[str, ...] = ()


def _text(
    name: str, description: str, *, required: bool = False, words: tuple[str, ...] = ()
) -> Column:
    return Column(name, "text", description, required, words)


def _number(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name, "number", description, required)


def _count(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name, "integer", description, required)


_STUDY = _text("study_id", "the trial: firstauthor-year in lower case", required=True)
_ARM = _text("arm_id", "the arm, unique within its trial", required=True)
_LOCATOR = _text("locator", "where in the source: Table 2, abstract, Figure 3", required=True)
_SOURCE = _text("source_url", "the page that the value was read from", required=True)
_SCALE = (
    _number("scale_min", "lowest score of the instrument as used"),
    _number("scale_max", "highest score of the instrument as used"),
    _text("higher_is", "what a higher score means", required=True, words=DIRECTIONS),
)

STUDIES = (
    _STUDY,
    _text("label", "how people name the trial: Vega 2015", required=True),
    _text("registration", "trial register numbers, joined by ;"),
    _text("pmid", "PubMed number"),
    _text("doi", "digital object identifier, without the address before it"),
    _count("year", "year of publication"),
    _text("country", "ISO 3166 alpha-2 codes, joined by ;"),
    _text("condition", "a code of the vocabulary of conditions", required=True),
    _text("condition_detail", "grade, stage or subtype"),
    _text("design", "how people came to their treatment", required=True, words=DESIGNS),
    _text("blinding", "who did not know the treatment", required=True, words=BLINDING),
    _count("n_randomised", "people randomised; people treated where there was one arm"),
    _number("follow_up_months", "the longest follow-up reported, in months"),
    _number("mean_age", "mean age in years"),
    _number("percent_female", "women among the participants, in percent"),
    _text("funding", "who paid", words=FUNDING),
    _text("rob", "overall risk of bias as a published review judged it", words=RISK_OF_BIAS),
    _text("rob_source", "that review: DOI, PMID or address"),
    _text("source_url", "the page that the row was read from", required=True),
    _text("note", "what a reader must know"),
)
ARMS = (
    _STUDY,
    _ARM,
    _text("label", "the arm as the paper names it", required=True),
    _text("category", "the class that the curators gave the arm", required=True, words=CATEGORIES),
    _text("treatment", "a node of the vocabulary of treatments", required=True),
    _text("cell_source", "tissue that the cells came from", words=CELL_SOURCES),
    _text("donor", "the patient's own cells or another person's", words=DONORS),
    _text("processing", "what was done to the cells", words=PROCESSING),
    _number("dose_cells", "cells per injection"),
    _count("injections", "number of injections"),
    _text("route", "where the treatment was given", words=ROUTES),
    _text("adjunct", "what else this arm alone was given, joined by ;"),
    _count("n_randomised", "people randomised to the arm"),
)
OUTCOMES = (
    _STUDY,
    _ARM,
    _text("domain", "what was measured", required=True, words=DOMAINS),
    _text("instrument", "with which instrument", required=True),
    *_SCALE,
    _number("month", "months after treatment; 0 is baseline"),
    _text("statistic", "value then, or change since baseline", required=True, words=STATISTICS),
    _count("n", "people analysed"),
    _number("mean", "mean, in points of the scale as used"),
    _number("sd", "standard deviation between people"),
    _number("se", "standard error of the mean"),
    _number("ci_low", "lower end of the 95 % interval of the mean"),
    _number("ci_high", "upper end of the 95 % interval of the mean"),
    _number("median", "median"),
    _number("q1", "lower quartile"),
    _number("q3", "upper quartile"),
    _number("min", "lowest value seen"),
    _number("max", "highest value seen"),
    _LOCATOR,
    _SOURCE,
    _text("flag", "how the value was come by, when not simply read", words=FLAGS),
)
CONTRASTS = (
    _STUDY,
    _text("arm_a", "the arm on the left of the difference", required=True),
    _text("arm_b", "the arm that is subtracted", required=True),
    _text("domain", "what was measured", required=True, words=DOMAINS),
    _text("instrument", "with which instrument", required=True),
    *_SCALE,
    _number("month", "months after treatment"),
    _text("measure", "the kind of comparison, a against b", required=True, words=MEASURES),
    _number("estimate", "a minus b, or a over b", required=True),
    _number("ci_low", "lower end of the 95 % interval"),
    _number("ci_high", "upper end of the 95 % interval"),
    _number("se", "standard error (of the logarithm for ratios)"),
    _number("p", "two-sided p value"),
    _count("n_a", "people analysed in arm a"),
    _count("n_b", "people analysed in arm b"),
    _LOCATOR,
    _SOURCE,
    _text("flag", "how the value was come by, when not simply read"),
)
EVENTS = (
    _STUDY,
    _ARM,
    _text("event", "what happened", required=True),
    _number("month", "by which month"),
    _count("events", "people with at least one"),
    _count("n", "people at risk"),
    _LOCATOR,
    _SOURCE,
    _text("flag", "how the value was come by, when not simply read"),
)

READINGS = _count("readings", "how often people have read the row in its source; 1 where absent")

TABLES: dict[str, tuple[Column, ...]] = {
    "studies": STUDIES,
    "arms": ARMS,
    "outcomes": OUTCOMES,
    "contrasts": CONTRASTS,
    "events": EVENTS,
}
"""The five tables of a package, in the order in which they refer to one another."""

CAUTION_KINDS = (
    "other_population",  # not pooled: the people are not those of the condition
    "pooled_in",  # not pooled beside the trial that counts the same people
    "background",  # not pooled: everyone had what this arm had, and the other arms more
    "contaminated",  # values from that month on are not used
    "spread",  # its standard deviations are doubtful and are imputed instead
    "paired",  # the same people in both arms: counted once, paired differences first
    "overlap",
    "unit",
    "scale",
    "note",
)

CAUTIONS = (
    _STUDY,
    _text(
        "kind",
        "what to do about it",
        required=True,
        words=CAUTION_KINDS,
    ),
    _text("arm_id", "the arm concerned, when it is one"),
    _text("other_study_id", "the other trial concerned"),
    _number("from_month", "from which month on (empty: always)"),
    _text("reason", "why, in a sentence that a reader of the answer can follow", required=True),
)
CONFLICTS = (
    _text("table", "the table concerned", required=True),
    _STUDY,
    _text("key", "which row: arm, instrument, month …"),
    _text("column", "the column on which the sources disagree", required=True),
    _text("kept", "the value in the table"),
    _text("other", "the value that the other source gives"),
    _text("kept_source", "where the value in the table was read"),
    _text("other_source", "where the other value was read"),
)

SIDE_TABLES: dict[str, tuple[Column, ...]] = {"cautions": CAUTIONS, "conflicts": CONFLICTS}
"""What is known about the five tables; a package may come without them."""
