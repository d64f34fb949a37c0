"""What a network is made of, as its user holds it: contrasts, arms, or a question."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.networks.rows import Rows, read_rows


def read_trials(
    data: Any = None,
    *,
    study: Any = None,
    treatment1: Any = None,
    treatment2: Any = None,
    effect: Any = None,
    variance: Any = None,
    se: Any = None,
    treatment: Any = None,
    mean: Any = None,
    sd: Any = None,
    events: Any = None,
    n: Any = None,
    measure: str | None = None,
) -> Rows:
    """Rows of contrasts or arms; parameters and errors are those of `network`.

    Examples
    --------
    >>> arms = {"study": ["A", "A"], "drug": ["sham", "pill"], "x": [3, 5], "n": [20, 21]}
    >>> read_trials(arms, study="study", treatment="drug", events="x", n="n").treatments
    ('pill', 'sham')
    """
    if is_dataclass(data):
        return _rows_of_evidence(data)
    if study is None:
        raise InputError("name the column of study labels: study=")
    if treatment is None:
        if treatment1 is None or treatment2 is None or effect is None:
            raise InputError(
                "give contrasts (treatment1=, treatment2=, effect= and variance= or se=), or arms "
                "(treatment= with mean=, sd= and n=, or with events= and n=)"
            )
        extra = {"mean": mean, "sd": sd, "events": events, "n": n, "measure": measure}
        _refuse(extra, "contrasts were given, so that", "can't be")
        return read_rows(data, study, treatment1, treatment2, effect, variance, se)
    from reprieve.synthesis.networks.arms import rows_of_arms

    extra = {"treatment1": treatment1, "treatment2": treatment2, "effect": effect}
    extra |= {"variance": variance, "se": se}
    _refuse(extra, "arms were given (treatment=), so that", "can't be")
    return rows_of_arms(data, study, treatment, mean, sd, events, n, measure)


def _rows_of_evidence(given: Any) -> Rows:
    """Rows of a question, put to the snapshot, or of comparisons from other evidence."""
    from reprieve.effects.all_comparisons import AllComparisons, compare_all
    from reprieve.effects.question import Question
    from reprieve.evidence.package import load_evidence

    found = compare_all(load_evidence(), given) if isinstance(given, Question) else given
    if not isinstance(found, AllComparisons):
        raise InputError(
            "data must be a data frame, a mapping of columns, a Question or what `compare_all` "
            f"gives; it was {type(given).__name__}"
        )
    if found.table.is_empty():
        asked, (low, high) = found.question, found.question.months
        raise SynthesisError(
            f"no trial of {asked.condition} compares treatments by {asked.outcome} between months "
            f"{low:g} and {high:g} with numbers that can be used; `compare_all(…).excluded` says "
            "why each was left out"
        )
    return read_rows(None, **found.columns())


def _refuse(extra: dict[str, Any], before: str, after: str) -> None:
    given = [f"{name}=" for name, value in extra.items() if value is not None]
    if given:
        raise InputError(f"{before} {', '.join(given)} {after}")
