"""Numbers of trials and papers: found in text and written one way.

A trial is known by its number in a register, a paper by its PubMed number, PMC number or DOI.
Whatever a source writes (``ClinicalTrials.gov NCT 01234567``, ``ISRCTN: 88261002``), the same trial
comes out as the same text, so that records of one trial meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# How each register numbers its trials.
_NUMBERS = re.compile(
    r"""\b(?:
      NCT[\s:#-]{0,3}(?P<nct>\d{8})
    | ISRCTN[\s:#-]{0,3}(?P<isrctn>\d{8})
    | (?P<eu>(?:19|20)\d\d-[05]\d{5}-\d\d)(?:-\d\d)?
    | (?P<other>
          ACTRN\d{14}p? | ChiCTR(?:-[A-Z]{2,5}-|-)?\d{8,10} | CTRI/\d{4}/\d{2,3}/\d{6}
        | DRKS\d{8} | IRCT\d{4,}N\d+ | JapicCTI-?\d{6} | jRCTs?\d{9,10} | KCT\d{7} | LBCTR\d{10}
        | NTR\d{3,5} | NL-?OMON\d{4,6} | NL\d{4,5} | PACTR\d{15,16} | RBR-?\d?[a-z0-9]{5,6}
        | RPCEC\d{8} | SLCTR/\d{4}/\d{3} | TCTR\d{11} | UMIN\d{9} | U1111-\d{4}-\d{4}
      )
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_BARE_PREFIX = re.compile(r"NCT|ISRCTN|\d{4}-[05]\d{5}-|[A-Za-z]{2}\d{4}|CTR|/\d{4}/|-\d{4}", re.I)
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>{}|\\^`]{1,200}", re.IGNORECASE)


def trial_numbers(written: str) -> tuple[str, ...]:
    """The register numbers in a text, each once, in order of appearance.

    Numbers of the European Union's old register are given as ``"EudraCT 2013-001234-56"``, those of
    the new one (CTIS) without the version of the application.

    Examples
    --------
    >>> trial_numbers("NCT00289757/NCT00291876, ISRCTN 88261002; NCT00289757")
    ('NCT00289757', 'NCT00291876', 'ISRCTN88261002')
    >>> trial_numbers("Eudra-CT 2009-017405-11 and EU CT 2024-510663-34-00")
    ('EudraCT 2009-017405-11', '2024-510663-34')
    >>> trial_numbers("UMIN000012345, chictr-trc-12002123")
    ('UMIN000012345', 'ChiCTR-TRC-12002123')
    """
    if not _BARE_PREFIX.search(written):
        return ()
    return tuple(dict.fromkeys(_number(match) for match in _NUMBERS.finditer(written)))


def own_numbers(written: Iterable[str], record_id: str) -> tuple[str, ...]:
    """The register numbers in several texts, without the record's own."""
    found = dict.fromkeys(number for item in written for number in trial_numbers(item))
    found.pop(record_id, None)
    return tuple(found)


def doi(written: str) -> str:
    """A DOI in lower case without its resolver; empty where the text holds none.

    Examples
    --------
    >>> doi("https://doi.org/10.1056/NEJMoa1203421."), doi("doi: none")
    ('10.1056/nejmoa1203421', '')
    """
    found = _DOI.search(written)
    if not found:
        return ""
    bare = found[0].lower().rstrip(".,;:'")
    while bare.endswith(")") and bare.count("(") < bare.count(")"):
        bare = bare[:-1].rstrip(".,;:")
    return bare


def pmcid(written: str) -> str:
    """A PubMed Central number with its letters; empty where there are no digits.

    Examples
    --------
    >>> pmcid("5009698"), pmcid("PMC5009698.1"), pmcid("")
    ('PMC5009698', 'PMC5009698', '')
    """
    digits = re.search(r"\d+", written)
    return f"PMC{digits[0]}" if digits else ""


def paper_ids(*, pmid: str = "", doi_text: str = "", pmc: str = "") -> tuple[str, ...]:
    """Numbers of a paper as `Record.ids` writes them.

    Examples
    --------
    >>> paper_ids(pmid="22663011", doi_text="10.1056/NEJMoa1203421")
    ('pmid:22663011', 'doi:10.1056/nejmoa1203421')
    """
    pairs = (("pmid", pmid), ("doi", doi(doi_text)), ("pmcid", pmcid(pmc)))
    return tuple(f"{kind}:{number}" for kind, number in pairs if number)


def _number(match: re.Match[str]) -> str:
    if match["nct"]:
        return f"NCT{match['nct']}"
    if match["isrctn"]:
        return f"ISRCTN{match['isrctn']}"
    if match["eu"]:
        return match["eu"] if match["eu"][5] == "5" else f"EudraCT {match['eu']}"
    upper = match["other"].upper()
    for prefix in ("ChiCTR", "JapicCTI", "jRCT"):
        if upper.startswith(prefix.upper()):
            return prefix + upper[len(prefix) :].replace("RCTS", "RCTs")
    return upper.lower().replace("rbr", "RBR") if upper.startswith("RBR") else upper
