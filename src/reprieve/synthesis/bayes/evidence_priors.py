"""Published distributions of τ² between the trials of Cochrane reviews, as tables."""

from __future__ import annotations

from dataclasses import dataclass

from reprieve.errors import InputError, UnknownWordError

Pair = tuple[float, float]


@dataclass(frozen=True)
class EvidenceTable:
    """Location and scale of log τ² by outcome and comparison.

    Attributes
    ----------
    outcomes, comparisons : tuple of str
        Rows and columns.
    anything : (float, float)
        For any outcome and comparison.
    locations, scales : tuple of tuple of float
        A tuple per comparison, in the order of `outcomes`; NaN where it can't be confirmed.
    """

    outcomes: tuple[str, ...]
    comparisons: tuple[str, ...]
    anything: Pair
    locations: tuple[tuple[float, ...], ...]
    scales: tuple[tuple[float, ...], ...]

    def look_up(self, outcome: str | None, comparison: str | None) -> Pair:
        """Location and scale of log τ²; those for anything when neither is named.

        Raises
        ------
        UnknownWordError
            An outcome or a comparison that the table does not hold.
        InputError
            One of the two without the other, or a cell that is left out.
        """
        if outcome is None and comparison is None:
            return self.anything
        if outcome is None or comparison is None:
            raise InputError(
                "name both an outcome and a comparison, such as pain and "
                f"{self.comparisons[0]}, or neither"
            )
        if outcome not in self.outcomes:
            raise UnknownWordError("outcome of the prior", outcome, self.outcomes)
        if comparison not in self.comparisons:
            raise UnknownWordError("comparison of the prior", comparison, self.comparisons)
        row, column = self.outcomes.index(outcome), self.comparisons.index(comparison)
        location, scale = self.locations[column][row], self.scales[column][row]
        if location != location:
            raise InputError(
                f"the prior for {outcome}, {comparison} is left out because its published "
                "location could not be confirmed; give one by its numbers, as log-t(-1.4, 1, 5)"
            )
        return location, scale


# fmt: off
# Turner et al. 2015, table IV; the locations are negative, as in all tables below
TURNER = EvidenceTable(
    outcomes=(
        "all-cause mortality", "obstetric outcomes", "cause-specific mortality",
        "resource use", "surgical success", "withdrawals", "internal structure",
        "physical health", "adverse events", "infection or new disease", "signs and symptoms",
        "pain", "quality of life", "mental health", "biological markers", "subjective outcomes",
    ),
    comparisons=(
        "pharmacological vs placebo", "pharmacological vs pharmacological",
        "non-pharmacological vs placebo", "non-pharmacological vs pharmacological",
        "non-pharmacological vs non-pharmacological",
    ),
    anything=(-2.56, 1.74),
    locations=(
        (-3.95, -3.52, -3.71, -2.34, -2.14, -2.99, -2.71, -2.29,
         -1.87, -2.49, -2.06, -1.83, -2.54, -2.12, -1.77, -2.70),
        (-4.18, -3.75, -3.95, -2.58, -2.37, -3.23, -2.94, -2.53,
         -2.10, -2.73, -2.29, -2.06, -2.78, -2.35, -2.00, -2.93),
        (-4.17, -3.74, -3.93, -2.56, -2.36, -3.21, -2.93, -2.51,
         -2.10, -2.71, -2.28, -2.05, -2.77, -2.34, -1.99, -2.92),
        (-2.92, -2.49, -2.68, -1.31, -1.11, -1.96, -1.67, -1.26,
         -0.84, -1.46, -1.03, -0.80, -1.51, -1.09, -0.74, -1.67),
        (-3.50, -3.08, -3.27, -1.90, -1.69, -2.55, -2.26, -1.85,
         -1.43, -2.05, -1.61, -1.38, -2.10, -1.67, -1.33, -2.26),
    ),
    scales=(
        (1.34, 1.74, 1.74, 1.74, 1.74, 1.74, 1.74, 1.53,
         1.52, 1.52, 1.51, 1.52, 1.54, 1.53, 1.52, 1.52),
        (1.41, 1.79, 1.79, 1.79, 1.79, 1.79, 1.79, 1.58,
         1.58, 1.58, 1.58, 1.58, 1.60, 1.60, 1.58, 1.58),
        (1.55, 1.91, 1.91, 1.91, 1.91, 1.91, 1.92, 1.72,
         1.71, 1.71, 1.71, 1.71, 1.73, 1.72, 1.71, 1.71),
        (1.02, 1.50, 1.51, 1.50, 1.50, 1.51, 1.51, 1.25,
         1.24, 1.24, 1.24, 1.25, 1.27, 1.27, 1.24, 1.25),
        (1.26, 1.68, 1.68, 1.68, 1.68, 1.68, 1.68, 1.46,
         1.45, 1.45, 1.45, 1.45, 1.47, 1.47, 1.45, 1.45),
    ),
)

# Rhodes et al. 2015, table 3: log τ² is Student's t with 5 degrees of freedom
RHODES = EvidenceTable(
    outcomes=(
        "obstetric outcomes", "resource use", "internal structure", "pain",
        "signs and symptoms", "mental health", "biological markers", "subjective outcomes",
    ),
    comparisons=(
        "pharmacological vs placebo", "pharmacological vs pharmacological",
        "non-pharmacological",
    ),
    anything=(-3.44, 2.59),
    locations=(
        (-4.13, -2.55, -2.43, -3.16, -3.00, -2.99, -3.41, -2.76),
        (-4.40, -2.83, -2.70, -3.44, -3.27, -3.27, -3.68, -3.03),
        (-3.99, -2.41, -2.29, -3.02, -2.86, float("nan"), -3.27, -2.62),
    ),
    scales=(
        (2.34, 2.73, 2.50, 2.50, 2.50, 2.16, 2.83, 2.58),
        (2.31, 2.70, 2.46, 2.44, 2.47, 2.14, 2.78, 2.59),
        (2.11, 2.57, 2.32, 2.27, 2.33, 1.93, 2.66, 2.41),
    ),
)
# fmt: on

# the row of Rhodes et al. that holds pain is for several outcomes
_SAME_ROW = {
    "physical health": "pain",
    "adverse events": "pain",
    "quality of life": "pain",
    "infection or new disease": "signs and symptoms",
}


def turner(outcome: str | None = None, comparison: str | None = None) -> Pair:
    """Mean and sd of log τ² of log odds ratios (Turner et al. 2015 Stat Med 34:984).

    Examples
    --------
    >>> turner("pain", "pharmacological vs placebo")
    (-1.83, 1.52)
    """
    return TURNER.look_up(outcome, comparison)


def rhodes(outcome: str | None = None, comparison: str | None = None) -> Pair:
    """Location and scale of log τ² of SMDs (Rhodes et al. 2015 J Clin Epidemiol 68:52).

    Examples
    --------
    >>> rhodes("quality of life", "non-pharmacological")
    (-3.02, 2.27)
    """
    if outcome is not None:
        outcome = _SAME_ROW.get(outcome, outcome)
    return RHODES.look_up(outcome, comparison)
