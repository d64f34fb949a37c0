"""Which record to screen next: the one most like those that people have included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError
from reprieve.living.record import Record

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Scores = NDArray[np.float64]

UNSCREENED, IRRELEVANT, RELEVANT = -1, 0, 1

_WEIGHT_OF_RELEVANT = 9.8  # all relevant records together, against all irrelevant ones
_REGULARISATION = 0.11


def screening_text(record: Record) -> str:
    r"""The words of a record that a model learns from: title, abstract, conditions, interventions.

    Examples
    --------
    >>> screening_text(Record("pubmed", "1", "paper", title="Cells", conditions=("Knee pain",)))
    'Cells\nKnee pain'
    """
    return "\n".join(
        filter(
            None,
            (
                record.title,
                record.official_title if record.official_title != record.title else "",
                record.summary,
                *record.conditions,
                *(i.name for i in record.interventions),
                *record.keywords,
                *record.mesh,
            ),
        )
    )


class Priority:
    """A model that ranks records, trained anew whenever people have screened more.

    TF-IDF of words and pairs of words, and a linear support vector machine in which the relevant
    records together weigh 9.8 times as much as the irrelevant ones: the settings of ASReview 2's
    default ("ELAS u4"), found by its makers on the SYNERGY collection of reviews.

    Parameters
    ----------
    texts : sequence of str
        What :func:`screening_text` gives for each record.
    prior : sequence of float, optional
        How promising each record looks before anyone has screened anything, the higher the more:
        the confidence of recognising, say. It orders the records until at least one relevant and
        one irrelevant record are known; without it they keep the order in which they came.

    Raises
    ------
    InputError
        `prior` is not as long as `texts`.

    Examples
    --------
    >>> texts = ["marrow cells for knee pain", "knee brace", "marrow cells for the heart", "cells"]
    >>> scores = Priority(texts).scores([1, 0, -1, -1])
    >>> bool(scores[2] > scores[3])
    True
    """

    def __init__(self, texts: Sequence[str], prior: Sequence[float] | Scores | None = None) -> None:
        self._prior = np.zeros(len(texts)) if prior is None else np.asarray(prior, dtype=float)
        if len(self._prior) != len(texts):
            raise InputError(
                f"{len(texts)} records but {len(self._prior)} prior scores; give one for each"
            )
        self._words = _words(texts)

    def scores(self, labels: Sequence[int] | NDArray[np.integer[Any]]) -> Scores:
        """A score for each record, screened or not: the higher, the sooner to be screened.

        Parameters
        ----------
        labels : sequence of {-1, 0, 1}
            What people said of each record: 1 relevant, 0 irrelevant, −1 not screened yet.

        Raises
        ------
        InputError
            Not as many labels as records, or another number among them.
        """
        known = np.asarray(labels, dtype=np.int64)
        if len(known) != len(self._prior):
            raise InputError(
                f"{len(self._prior)} records but {len(known)} labels; give one for each"
            )
        if not np.isin(known, (UNSCREENED, IRRELEVANT, RELEVANT)).all():
            raise InputError("a label is 1 (relevant), 0 (irrelevant) or -1 (not screened yet)")
        relevant, irrelevant = int((known == RELEVANT).sum()), int((known == IRRELEVANT).sum())
        if self._words is None or not relevant or not irrelevant:
            return self._prior.copy()
        from sklearn.svm import LinearSVC

        seen = np.flatnonzero(known != UNSCREENED)
        weight_of_irrelevant = relevant / irrelevant / _WEIGHT_OF_RELEVANT
        weights = np.where(known[seen] == RELEVANT, 1.0, weight_of_irrelevant)
        weights *= len(seen) / weights.sum()
        model = LinearSVC(C=_REGULARISATION, random_state=0)
        model.fit(self._words[seen], known[seen], sample_weight=weights)
        return np.asarray(model.decision_function(self._words), dtype=float)


def _words(texts: Sequence[str]) -> csr_matrix | None:
    """TF-IDF of the texts; None where they hold no words at all."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(texts) < 2:  # nothing to rank
        return None
    many = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_df=0.95)
    try:
        return many.fit_transform(texts)
    except ValueError:  # no word that is not in nearly every record
        return None
