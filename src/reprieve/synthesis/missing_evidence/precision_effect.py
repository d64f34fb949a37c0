"""PET and PEESE: the effect that a regression promises for a study without sampling error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reprieve.synthesis.core import fit_batch
from reprieve.synthesis.findings import (
    Adjusted,
    interval_text,
    notes_text,
    number,
    p_text,
    share,
    text_table,
)
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.missing_evidence.asymmetry import few_studies, regression_test

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class PetPeese(Adjusted):
    """The estimate of PET or of PEESE, whichever the rule chooses.

    Attributes
    ----------
    estimate, se, df, level : float
        The chosen estimate.
    chosen : str
        ``PET`` or ``PEESE``.
    uwls, pet, peese : Adjusted
        Weighted least squares without a predictor, with the standard error, and with the
        variance as predictor. UWLS has the estimate of the common effect, and the standard error
        of `meta_analysis(..., method="EE", test="knha")`.
    alpha : float
        Significance of PET at which PEESE is chosen.
    warnings : tuple of str
    """

    chosen: str
    uwls: Adjusted
    pet: Adjusted
    peese: Adjusted
    alpha: float
    warnings: tuple[str, ...]

    def to_frame(self) -> pl.DataFrame:
        """One row per estimate: name, estimate, se, df, statistic, p, ci_low, ci_high, chosen."""
        import polars as pl

        return pl.DataFrame(
            [
                {
                    "name": name,
                    "estimate": part.estimate,
                    "se": part.se,
                    "df": part.df,
                    "statistic": part.statistic,
                    "p": part.p,
                    "ci_low": part.ci[0],
                    "ci_high": part.ci[1],
                    "chosen": name == self.chosen,
                }
                for name, part in self._parts()
            ]
        )

    def _parts(self) -> tuple[tuple[str, Adjusted], ...]:
        return ("UWLS", self.uwls), ("PET", self.pet), ("PEESE", self.peese)

    def summary(self) -> str:
        """The result as a table to read."""
        rows = [
            [name, number(part.estimate), number(part.se), p_text(part.p), interval_text(part.ci)]
            for name, part in self._parts()
        ]
        lines = [
            f"PET-PEESE: {self.chosen} (PET p {p_text(self.pet.p)}, PEESE if below {self.alpha:g})",
            "",
            *text_table(["", "estimate", "se", "p", f"{100 * self.level:g} % CI"], rows),
        ]
        return "\n".join(lines + notes_text(self.warnings))


def pet_peese(data: Any = None, *, alpha: float = 0.10, **how: Any) -> PetPeese:
    """Precision-effect test and precision-effect estimate with standard error.

    PET regresses the effects on their standard errors, PEESE on their variances, both by
    weighted least squares; the estimate is the intercept. When there is an effect PET is biased
    towards zero and PEESE is better; therefore PEESE is chosen where PET finds an effect.

    Parameters
    ----------
    data : MetaAnalysis, or the data of `meta_analysis`
    alpha : float
        PEESE is chosen where the two-sided p value of PET is below this; 0.10 is the 5 % of a
        one-sided test.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    PetPeese

    References
    ----------
    Stanley & Doucouliagos (2014) Res Synth Methods 5:60; UWLS: Stanley & Doucouliagos (2015)
    Stat Med 34:2116.

    Examples
    --------
    >>> result = pet_peese(effect=[-1.2, -0.9, -0.8, -0.4, -0.5, -0.3],
    ...                    se=[0.5, 0.4, 0.3, 0.2, 0.15, 0.1])
    >>> result.chosen, round(result.pet.estimate, 2), round(result.peese.estimate, 2)
    ('PET', -0.1, -0.3)
    """
    fit = given_mean(data, how, least=3)
    share("alpha", alpha)
    pet = regression_test(fit, predictor="sei")
    peese = regression_test(fit, predictor="vi")
    plain = fit_batch(fit.y, fit.v, method="EE", test="knha")
    parts = {
        "uwls": Adjusted(float(plain.beta[0]), float(plain.se[0]), float(fit.k - 1), fit.level),
        "pet": Adjusted(pet.limit, pet.limit_se, pet.df, fit.level),
        "peese": Adjusted(peese.limit, peese.limit_se, peese.df, fit.level),
    }
    chosen = "PEESE" if parts["pet"].p < alpha else "PET"
    best = parts[chosen.lower()]
    return PetPeese(
        estimate=best.estimate,
        se=best.se,
        df=best.df,
        level=fit.level,
        chosen=chosen,
        alpha=alpha,
        warnings=few_studies(fit.k),
        **parts,
    )
