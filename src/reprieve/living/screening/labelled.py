"""Records that people have screened already, from a file."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

from reprieve.errors import InputError

_LABELS = ("included", "label_included")
_TEXTS = ("title", "abstract", "summary", "keywords", "conditions", "interventions")
_LARGEST = 200 * 1024 * 1024


def read_labelled(file: Path | str) -> tuple[list[str], list[int]]:
    """Texts and labels of records that have been screened.

    Parameters
    ----------
    file : Path or str
        A CSV file, also gzipped, with a column ``included`` or ``label_included`` of 1 and 0 and
        at least one of ``title``, ``abstract``, ``summary``, ``keywords``, ``conditions`` and
        ``interventions``. The files that ASReview and the SYNERGY collection use are such.

    Returns
    -------
    texts : list of str
    labels : list of {0, 1}
        Rows without a label are left out, for they have not been screened.

    Raises
    ------
    InputError
        If a column is missing, a label is neither 1 nor 0, or the file is too large or no CSV.
    """
    name = Path(file)
    with name.open("rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(name) if zipped else name.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise InputError(f"{name} is larger than {_LARGEST // 1024**2} MB; split it")
        csv.field_size_limit(_LARGEST)
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile) as error:
        raise InputError(f"{name} is no CSV in UTF-8: {error}; save it as such") from None
    columns = list(rows[0]) if rows else []
    label = next((column for column in _LABELS if column in columns), None)
    texts = [column for column in _TEXTS if column in columns]
    if label is None or not texts:
        raise InputError(
            f"{name} has the columns {', '.join(map(str, columns)) or 'none'}; expected a label "
            f"({' or '.join(_LABELS)}) and texts ({', '.join(_TEXTS)})"
        )
    kept = [(number, row) for number, row in enumerate(rows, start=2) if (row[label] or "").strip()]
    for number, row in kept:
        if row[label].strip() not in ("0", "1"):
            raise InputError(f"{name}, row {number}: {label} is {row[label]!r}; expected 1 or 0")
    return (
        ["\n".join(row[column] or "" for column in texts) for _, row in kept],
        [int(row[label]) for _, row in kept],
    )
