"""`rate`: from the numbers to a certainty, by rules that people may overrule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reprieve.certainty.grading.body import Body, body_of, key_of
from reprieve.certainty.grading.certainty import Certainty
from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.imprecision import imprecision
from reprieve.certainty.grading.inconsistency import inconsistency
from reprieve.certainty.grading.indirectness import indirectness
from reprieve.certainty.grading.overrules import Overrule, overruled, standing
from reprieve.certainty.grading.publication_bias import publication_bias
from reprieve.certainty.grading.risk_of_bias import risk_of_bias
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.grading.upgrades import upgrades
from reprieve.certainty.grading.verdicts import verdict_of
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.effects.harmonise import Comparisons
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence
from reprieve.synthesis.results import MetaAnalysis

PROPOSE = (risk_of_bias, inconsistency, indirectness, imprecision, publication_bias)
DEFAULT = Rules()


def rate(
    question: Question,
    evidence: Evidence,
    found: Comparisons,
    fit: MetaAnalysis | None,
    *,
    rules: Rules = DEFAULT,
    judgements: Sequence[BiasJudgement] = (),
    overrules: Iterable[Overrule] = (),
) -> Certainty:
    """The certainty of a pooled difference by GRADE.

    Parameters
    ----------
    question : Question
    evidence : Evidence
    found : Comparisons
        What `harmonise` found for the question.
    fit : MetaAnalysis or None
        What was pooled of it, a study a trial; None where there is no trial.
    rules : Rules
        The thresholds.
    judgements : sequence of BiasJudgement
        Of the risk of bias in the trials.
    overrules : iterable of Overrule
        What people decided otherwise (`read_overrules`).

    Returns
    -------
    Certainty
        Not rated where there is no trial.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> from reprieve.effects.harmonise import harmonise
    >>> from reprieve.synthesis.blocks import study_means
    >>> from reprieve.synthesis.pairwise import meta_analysis
    >>> evidence = load_evidence()
    >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> found = harmonise(evidence, question)
    >>> y, v = study_means(found.table["estimate"].to_numpy(), list(found.covariance.values()))
    >>> fit = meta_analysis(effect=y, variance=v, study=list(found.covariance), test="adhoc")
    >>> [d.domain for d in rate(question, evidence, found, fit).reasons]
    ['risk of bias', 'imprecision']
    """
    if fit is None:
        return Certainty(
            key=key_of(question),
            treatment=vocabulary.treatment(question.treatment).name,
            comparator=vocabulary.treatment(question.comparator).name,
            outcome=question.outcome,
            start="high",
            domains=(),
            upgrades=(),
            verdict=None,
            estimate=None,
            mcid=None,
            rules=rules,
        )
    return rate_body(body_of(question, evidence, found, fit, judgements), rules, overrules)


def rate_body(body: Body, rules: Rules = DEFAULT, overrules: Iterable[Overrule] = ()) -> Certainty:
    """The certainty of any result whose numbers are put together as a `Body`.

    Examples
    --------
    No event in either arm of one trial, as a difference in people per 100 with an interval:

    >>> from reprieve.certainty.grading.body import TrialFacts
    >>> trial = TrialFacts(study="a", label="A", weight=1.0, estimate=0.0, ci=(-3.6, 3.6),
    ...                    people=200, bias="low")
    >>> found = rate_body(Body(key="infections", treatment="cells", comparator="saline",
    ...     outcome="infection", estimate=0.0, ci=(-3.6, 3.6), people=200, trials=(trial,)))
    >>> found.level, found.reasons[0].domain
    ('moderate', 'imprecision')
    """
    decided = standing(overrules, body.key)
    domains = tuple(overruled(propose(body, rules), decided) for propose in PROPOSE)
    up: tuple[Domain, ...] = ()
    if not body.randomised:
        faultless = not any(domain.downgrade for domain in domains)
        up = tuple(overruled(d, decided) for d in upgrades(body, rules, faultless=faultless))
    return Certainty(
        key=body.key,
        treatment=body.treatment,
        comparator=body.comparator,
        outcome=body.outcome,
        start="high" if body.randomised else "low",
        domains=domains,
        upgrades=up,
        verdict=verdict_of(body.estimate, body.mcid, rules),
        estimate=body.estimate,
        mcid=body.mcid,
        rules=rules,
    )
