"""Reprieve: what trials say about stem cell therapy in chronic pain, and how sure we are.

The public names load on first use, so that ``import reprieve`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reprieve.answers import Answer, NetworkAnswer, ask, ask_network, multiverse
    from reprieve.effects import Question, harmonise
    from reprieve.errors import ReprieveError
    from reprieve.evidence import Evidence, check_package, load_evidence, write_package
    from reprieve.living.formats.opening import read_records
    from reprieve.living.reading import read_files
    from reprieve.living.recognising import recognise
    from reprieve.living.store import open_store
    from reprieve.synthesis import meta_analysis, meta_regression, network, rare_events

_HOMES = {
    "Answer": "reprieve.answers",
    "NetworkAnswer": "reprieve.answers",
    "ask": "reprieve.answers",
    "ask_network": "reprieve.answers",
    "multiverse": "reprieve.answers",
    "Question": "reprieve.effects",
    "harmonise": "reprieve.effects",
    "ReprieveError": "reprieve.errors",
    "Evidence": "reprieve.evidence",
    "check_package": "reprieve.evidence",
    "load_evidence": "reprieve.evidence",
    "write_package": "reprieve.evidence",
    "open_store": "reprieve.living.store",
    "read_files": "reprieve.living.reading",
    "read_records": "reprieve.living.formats.opening",
    "recognise": "reprieve.living.recognising",
    "meta_analysis": "reprieve.synthesis",
    "meta_regression": "reprieve.synthesis",
    "network": "reprieve.synthesis",
    "rare_events": "reprieve.synthesis",
}

__all__ = [
    "Answer",
    "Evidence",
    "NetworkAnswer",
    "Question",
    "ReprieveError",
    "ask",
    "ask_network",
    "check_package",
    "harmonise",
    "load_evidence",
    "meta_analysis",
    "meta_regression",
    "multiverse",
    "network",
    "open_store",
    "rare_events",
    "read_files",
    "read_records",
    "recognise",
    "write_package",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'reprieve' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
