"""Questions to a classified register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reprieve.errors import InputError
from reprieve.living.bulk.classifying import current

if TYPE_CHECKING:
    import polars as pl

_COUNTS = """
SELECT condition, cell_source, donor, count(*) AS trials,
       count(*) FILTER (WHERE status = 'completed') AS completed,
       count(*) FILTER (WHERE has_results) AS with_results,
       sum(enrollment)::BIGINT AS people
FROM trials
WHERE is_cell_therapy AND condition IS NOT NULL
GROUP BY ALL
ORDER BY trials DESC, condition, cell_source, donor
"""


def query(folder: str | Path, sql: str) -> pl.DataFrame:
    r"""Ask a classified register in SQL.

    Parameters
    ----------
    folder : path
        Where `classify` wrote.
    sql : str
        A query of DuckDB's SQL; the records are the table ``trials``, with the columns of
        :mod:`reprieve.living.bulk.rows`.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        Nothing has been classified there, or the query is not understood.

    Examples
    --------
    >>> import tempfile
    >>> from reprieve.living.bulk import classify
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place) / "found.ris"
    ...     _ = file.write_text("TY  - JOUR\nID  - 1\nTI  - Marrow stem cells for knees\nER  - \n")
    ...     _ = classify([file], Path(place) / "classified")
    ...     query(Path(place) / "classified", "SELECT cell_source FROM trials").rows()
    [('bone_marrow',)]
    """
    import duckdb
    import polars as pl

    made = current(Path(folder))
    if made is None or not made.is_dir():
        raise InputError(
            f"{folder}: no classified records; make them with `reprieve recognise FILE -o {folder}`"
        )
    with duckdb.connect() as connection:
        files = [str(path) for path in sorted(made.glob("*.parquet"))]
        trials = connection.read_parquet(files)  # noqa: F841 - the query names it
        try:
            found = connection.sql(sql)
            return pl.DataFrame(found.fetchall(), schema=found.columns, orient="row")
        except duckdb.Error as error:
            raise InputError(f"the query is not understood: {error}") from error


def counts(folder: str | Path) -> pl.DataFrame:
    """Trials of cell therapy in pain conditions: how many, by condition, tissue and donor.

    Returns
    -------
    polars.DataFrame
        ``condition``, ``cell_source``, ``donor`` (null where the record does not tell), ``trials``,
        ``completed``, ``with_results``, and ``people`` as planned or enrolled.
    """
    return query(folder, _COUNTS)
