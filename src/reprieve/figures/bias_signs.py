"""What the figures of risk of bias share: a sign and colours for each word, a row a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.robvis import by_study
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED, OVERALL, Tool, tool
from reprieve.errors import InputError
from reprieve.figures.drawing import Row
from reprieve.figures.judgements import JUDGEMENTS, Judgement
from reprieve.figures.lettering import Word, room

SIGNS = JUDGEMENTS | {
    judgement.word: judgement
    for judgement in (
        Judgement("moderate", "–", "#E2DF07", "#000000"),
        Judgement("serious", "×", "#BF0000", "#ffffff"),
        Judgement("critical", "!", "#820000", "#ffffff"),
        Judgement("no information", "i", "#c9d0d8", "#000000"),
    )
}
"""Those of RoB 2 and, in robvis's colours, those of ROBINS-I."""


@dataclass(frozen=True)
class BiasTable:
    """A row a study: its label, and what was judged of each domain.

    Attributes
    ----------
    tool : Tool
    labels : dict of str to str
        Label by study, in the order of the rows.
    judged : dict of str to dict of str to BiasJudgement
        By study and domain.
    """

    tool: Tool
    labels: dict[str, str]
    judged: dict[str, dict[str, BiasJudgement]]

    @property
    def domains(self) -> list[str]:
        """The domains shown, ``overall`` last."""
        return list(self.tool.domains)

    def word(self, study: str, domain: str) -> str:
        """The judgement; ``not judged`` where there is none."""
        found = self.judged.get(study, {}).get(domain)
        return NOT_JUDGED if found is None else found.judgement

    @property
    def words(self) -> list[str]:
        """The judgements that stand somewhere in the table, best first, not judged last."""
        seen = {self.word(study, domain) for study in self.labels for domain in self.domains}
        return [word for word in (*self.tool.judgements, NOT_JUDGED) if word in seen]


def bias_table(
    judgements: Iterable[BiasJudgement], studies: Mapping[str, str] | Sequence[str] | None
) -> BiasTable:
    """The judgements of one tool as a table.

    Parameters
    ----------
    judgements : iterable of BiasJudgement
    studies : mapping of str to str, or sequence of str, optional
        The studies to show, with their labels; those with a judgement when not given.

    Raises
    ------
    InputError
        Nothing to show, several tools, or several results of a study.
    """
    judged = by_study(judgements)
    used = next((j.tool for domains in judged.values() for j in domains.values()), "rob2")
    chosen = list(judged) if studies is None else list(studies)
    if not chosen:
        raise InputError("there are no judgements and no studies to show; give some")
    labels = studies if isinstance(studies, Mapping) else {}
    return BiasTable(tool(used), {study: labels.get(study, study) for study in chosen}, judged)


def short(domain: str) -> str:
    """A domain as it heads a column."""
    return domain.capitalize() if domain == OVERALL else domain


def legend(words: Sequence[str], x: float, y: float) -> tuple[list[Row], list[Word]]:
    """A filled sign and its word for each judgement, in one line."""
    marks, texts = [], []
    for word in words:
        sign = SIGNS[word]
        marks.append({"px": x + 8, "py": y, "fill": sign.fill})
        texts += [
            Word(x + 8, y, sign.sign, "center", 12, sign.ink, bold=True),
            Word(x + 22, y, word, size=11),
        ]
        x += 40 + room(word, 11)
    return marks, texts
