"""Checking evidence: every fault of a package, with its file, row and column."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from reprieve.evidence.faults import Fault, FileFaultError
from reprieve.evidence.gates import BETWEEN, WITHIN
from reprieve.evidence.package import scan_package
from reprieve.evidence.records import Evidence


def check_package(path: str | Path) -> list[Fault]:
    """All faults of an evidence package.

    Never raises for what the package holds: a file that can't be read gives one fault, and the
    others are checked as far as they can be without it.

    Parameters
    ----------
    path : str or Path
        A folder or a zip archive.

    Returns
    -------
    list of Fault
        By file and row; empty when there is nothing to say.

    Examples
    --------
    >>> from reprieve.evidence.package import SNAPSHOT
    >>> [str(fault) for fault in check_package(SNAPSHOT) if fault.level == "error"]
    []
    """
    try:
        scan = scan_package(Path(path))
    except FileFaultError as error:
        return [error.fault]
    faults = [*scan.faults, *(error.fault for error in scan.unreadable)]
    # A cell that is no number was told of; that it counts as empty is no second fault.
    told = {(fault.file, fault.row, fault.column) for fault in faults}
    found = gates(scan.evidence, unread=scan.missing)
    faults += [fault for fault in found if (fault.file, fault.row, fault.column) not in told]
    return sorted(faults)


def gates(evidence: Evidence, unread: Collection[str] = ()) -> list[Fault]:
    """All faults of evidence in memory; the same gates as for a package.

    Parameters
    ----------
    evidence : Evidence
    unread : collection of str
        Tables that are empty only because they could not be read; what needs them is not
        checked.

    Returns
    -------
    list of Fault
        By file and row.

    Examples
    --------
    >>> from reprieve.evidence.package import load_evidence
    >>> {fault.level for fault in gates(load_evidence())}
    {'warning'}
    """
    faults = [fault for gate in WITHIN for fault in gate(evidence)]
    for gate, needed in BETWEEN:
        if not set(needed) & set(unread):
            faults += gate(evidence)
    return sorted(faults)
