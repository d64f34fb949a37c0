"""The registers' words brought to those of `Record`, whichever form they came in.

ClinicalTrials.gov alone writes one design four ways: ``PARALLEL`` (API v2), ``Parallel Assignment``
(study_fields, legacy XML), ``parallel`` (AACT); each function here takes them all.
"""

from __future__ import annotations

import re
from functools import lru_cache

UNKNOWN_ENROLLMENT = 99_999_999

_PHASE = re.compile(
    r"early[ _]*phase[ _]*(?:1|i\b)|phase[ _]*0|\b(?:phase[ _]*)?(iv|i{1,3}|[1-4])\b"
)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_SPONSOR_CLASSES = {"U.S. FED": "FED", "UNKNOWN": "", "": ""}


@lru_cache(maxsize=4096)
def word(registered: str) -> str:
    """A register's code or label as plain words in lower case.

    Examples
    --------
    >>> word("PLACEBO_COMPARATOR"), word("Placebo Comparator"), word("N/A")
    ('placebo comparator', 'placebo comparator', '')
    """
    plain = registered.strip().lower().replace("_", " ").replace(":", "")
    return "" if plain in {"na", "n/a", "not applicable", "not provided"} else plain


@lru_cache(maxsize=4096)
def model(registered: str) -> str:
    """An intervention model.

    Examples
    --------
    >>> model("SINGLE_GROUP"), model("Crossover Assignment"), model("Parallel Assignment")
    ('single group', 'crossover', 'parallel')
    """
    return word(registered).removesuffix(" assignment").replace("cross-over", "crossover")


@lru_cache(maxsize=4096)
def allocation(registered: str) -> str:
    """How people came to their arms.

    Examples
    --------
    >>> allocation("NON_RANDOMIZED"), allocation("Non-Randomized"), allocation("N/A")
    ('non-randomized', 'non-randomized', '')
    """
    plain = word(registered).replace("randomised", "randomized").replace("non randomized", "-")
    return "non-randomized" if plain in {"-", "non-randomized", "nonrandomized"} else plain


@lru_cache(maxsize=4096)
def masking(registered: str) -> str:
    """How many were masked: ``none``, ``single``, ``double``, ``triple`` or ``quadruple``.

    Examples
    --------
    >>> masking("None (Open Label)"), masking("Double (Participant, Investigator)")
    ('none', 'double')
    >>> masking("Open Label"), masking("Double-Blind"), masking("QUADRUPLE")
    ('none', 'double', 'quadruple')
    """
    plain = word(registered)
    if plain.startswith(("open", "none")):
        return "none"
    return re.split(r"[ (-]", plain, maxsplit=1)[0]


@lru_cache(maxsize=4096)
def masked(registered: str) -> str:
    """Who was masked.

    Examples
    --------
    >>> masked("OUTCOMES_ASSESSOR"), masked("Subject"), masked("Caregiver")
    ('outcomes assessor', 'participant', 'care provider')
    """
    plain = word(registered)
    return {"subject": "participant", "caregiver": "care provider"}.get(plain, plain)


@lru_cache(maxsize=4096)
def study_type(registered: str) -> str:
    """The type of study.

    Examples
    --------
    >>> study_type("EXPANDED_ACCESS"), study_type("Observational [Patient Registry]")
    ('expanded access', 'observational')
    """
    return word(registered).split(" [", 1)[0]


@lru_cache(maxsize=4096)
def status(registered: str) -> str:
    """The state of recruitment, with underscores.

    Examples
    --------
    >>> status("ACTIVE_NOT_RECRUITING"), status("Active, not recruiting")
    ('active_not_recruiting', 'active_not_recruiting')
    >>> status("Unknown status"), status("UNKNOWN")
    ('unknown', 'unknown')
    """
    plain = "_".join(re.findall(r"[a-z]+", registered.lower()))
    return "unknown" if plain == "unknown_status" else plain


@lru_cache(maxsize=4096)
def phases(registered: str) -> tuple[str, ...]:
    """The phases that one text names, ascending.

    Examples
    --------
    >>> phases("PHASE2"), phases("Phase 1/Phase 2"), phases("EARLY_PHASE1")
    (('phase2',), ('phase1', 'phase2'), ('early_phase1',))
    >>> phases("Therapeutic exploratory (Phase II)"), phases("Phase I/II"), phases("N/A")
    (('phase2',), ('phase1', 'phase2'), ())
    """
    found = {
        f"phase{_ROMAN.get(match[1], match[1])}" if match[1] else "early_phase1"
        for match in _PHASE.finditer(registered.lower())
    }
    return tuple(sorted(found))


def enrollment(count: int | None) -> int | None:
    """How many people, or None where the register's number means "unknown".

    Examples
    --------
    >>> enrollment(28), enrollment(99999999), enrollment(None)
    (28, None, None)
    """
    return count if count is not None and 0 <= count < UNKNOWN_ENROLLMENT else None


def sponsor_class(registered: str) -> str:
    """The class of a sponsor, as API v2 writes it.

    Examples
    --------
    >>> sponsor_class("Industry"), sponsor_class("U.S. Fed"), sponsor_class("OTHER_GOV")
    ('INDUSTRY', 'FED', 'OTHER_GOV')
    """
    upper = registered.strip().upper()
    return _SPONSOR_CLASSES.get(upper, upper)


def without_kind(name: str) -> str:
    """What an arm is given, without the kind before the colon.

    Examples
    --------
    >>> without_kind("Biological: JointStem"), without_kind("Ratio 2:1")
    ('JointStem', 'Ratio 2:1')
    """
    return name.split(": ", 1)[-1].strip()


def investigator(name: str, role: str) -> str:
    """An official of a trial as ``"Vega A"``; empty for a study director.

    Sponsors put their call centres and departments there as directors.

    Examples
    --------
    >>> investigator("Aurelio Vega, MD, PhD", "PRINCIPAL_INVESTIGATOR")
    'Vega A'
    >>> investigator("UCB Cares", "Study Director")
    ''
    """
    if word(role) == "study director":
        return ""
    parts = name.split(",", 1)[0].split()
    parts = [part for part in parts if part.lower().rstrip(".") not in {"dr", "prof", "professor"}]
    if not parts:
        return ""
    return " ".join([parts[-1], "".join(part[0].upper() for part in parts[:-1])]).strip()
