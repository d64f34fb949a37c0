"""Writing the pages: one file for each condition, and an index over them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from functools import cache
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup

from reprieve.answers.answer import Effect
from reprieve.answers.words import capital
from reprieve.errors import InputError
from reprieve.evidence.catalogue import evidence_map
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence
from reprieve.figures import text
from reprieve.files import write_whole
from reprieve.report.charts import library, map_chart
from reprieve.report.content import IndexEntry, Page, page_of

Progress = Callable[[int, int, str], None]
"""Called with the number of pages done, the number of all pages, and the one to come."""


def write_report(condition: str, output: str | Path, evidence: Evidence | None = None) -> Path:
    """Write the page of one condition.

    Parameters
    ----------
    condition : str
        A code of the vocabulary, such as ``"knee_osteoarthritis"``.
    output : str or Path
        The folder to write to; made when it is not there.
    evidence : Evidence, optional
        By default the curated snapshot that ships with the package.

    Returns
    -------
    Path
        The page, named after the condition; it opens offline.

    Raises
    ------
    UnknownWordError
        If the vocabulary has no such condition.
    InputError
        If `output` is a file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report("radiculopathy", folder).name
    'radiculopathy.html'
    """
    page = page_of(condition, evidence or load_evidence())
    return _write_page(page, _folder(output), index=False)


def write_all(
    output: str | Path,
    evidence: Evidence | None = None,
    progress: Progress | None = None,
    *,
    workers: int = 1,
) -> Path:
    """Write the pages of all conditions that have trials, and an index.

    Parameters
    ----------
    output : str or Path
        The folder to write to; made when it is not there.
    evidence : Evidence, optional
        By default the curated snapshot that ships with the package.
    progress : callable, optional
        Called as ``progress(done, total, what)`` before the first page and after each.
    workers : int
        Processes that make pages side by side. With more than one, a script that calls this must
        be guarded by ``if __name__ == "__main__":``, as for all of Python's process pools.

    Returns
    -------
    Path
        The index.

    Raises
    ------
    InputError
        If `output` is a file.
    """
    evidence, folder = evidence or load_evidence(), _folder(output)
    cells = evidence_map(evidence)
    conditions = cells["condition"].unique(maintain_order=True).to_list()
    tell = progress or (lambda done, total, what: None)
    total = len(conditions) + 1
    made: dict[str, IndexEntry] = {}
    # the fullest conditions take longest, so they go first
    order = cells.group_by("condition").agg(pl.col("trials").sum()).sort("trials", descending=True)
    with _pool(workers, evidence, cells, folder) as pool:
        waiting = {pool.submit(_page_file, one): one for one in order["condition"]}
        tell(0, total, f"{total} pages")
        for done, future in enumerate(as_completed(waiting), 1):
            condition = waiting[future]
            made[condition] = future.result()
            tell(done, total, condition.replace("_", " "))
    entries = [made[condition] for condition in conditions]
    content = (
        templates()
        .get_template("index.html")
        .render(
            entries=entries,
            chart=map_chart(cells),
            library=library(),
            date=evidence.date,
            **constants(),
        )
    )
    index = write_whole(folder / "index.html", content)
    tell(total, total, "done")
    return index


def _pool(workers: int, evidence: Evidence, cells: pl.DataFrame, folder: Path) -> Executor:
    """What makes the pages: this process, or fresh ones, since polars does not survive a fork."""
    if workers == 1:
        _begin(evidence, cells, folder)
        return ThreadPoolExecutor(max_workers=1)
    # a thread for each process: more of them would fight for the same cores
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return ProcessPoolExecutor(
        max_workers=workers,
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(evidence, cells, folder),
    )


_JOB: list[Any] = []
"""What a process works on: the evidence, its map, and the folder."""


def _begin(evidence: Evidence, cells: pl.DataFrame, folder: Path) -> None:
    _JOB[:] = [evidence, cells, folder]


def _page_file(condition: str) -> IndexEntry:
    """Write one page; what the index needs of it goes back."""
    evidence, cells, folder = _JOB
    page = page_of(condition, evidence, cells)
    _write_page(page, folder, index=True)
    return page.entry


def _write_page(page: Page, folder: Path, *, index: bool) -> Path:
    content = (
        templates()
        .get_template("condition.html")
        .render(
            page=page,
            date=page.date,
            library=library() if page.of("number") else None,
            index=index,
            **constants(),
        )
    )
    return write_whole(folder / f"{page.condition.code}.html", content)


def _folder(output: str | Path) -> Path:
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; a report is written into a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reprieve.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "safe_link": safe_link,
        "reference_link": reference_link,
        "effect": lambda found: text.effect(found.estimate, found.ci),
        "interval": text.interval,
        "two_lines": two_lines,
        "number": text.number,
        "percent": text.percent,
        "upper_first": capital,
    }
    environment.globals |= {
        "basis": text.basis,
        "BASES": text.BASES,
        "people": text.people,
        "in_order": text.in_order,
    }
    return environment


def two_lines(found: Effect) -> Markup:
    """The estimate, and its interval on a line of its own.

    Examples
    --------
    >>> from reprieve.answers.answer import Effect
    >>> two_lines(Effect("MD", "points", -8.3, (-15.1, -1.5), None, 2, 80, 7.5, 61, 0.02, None, ""))
    Markup('<b>−8.3</b> <span>(−15.1 to −1.5)</span>')
    """
    return Markup("<b>{}</b> <span>({})</span>").format(
        text.number(found.estimate), text.interval(found.ci)
    )


def safe_link(address: str | None) -> str | None:
    """The address if it leads to the web, else None: no script ever becomes a link.

    Examples
    --------
    >>> safe_link("https://doi.org/10.1000/1"), safe_link("javascript:alert(1)")
    ('https://doi.org/10.1000/1', None)
    """
    return address if address and address.startswith(("https://", "http://")) else None


def reference_link(reference: str) -> str | None:
    """The address of a reference that is a DOI, a PMC number or an address; else None.

    Examples
    --------
    >>> reference_link("PMC7990728")
    'https://pmc.ncbi.nlm.nih.gov/articles/PMC7990728/'
    >>> reference_link("10.1016/s0304-3959(01)00349-9")
    'https://doi.org/10.1016/s0304-3959(01)00349-9'
    """
    if re.fullmatch(r"10\.\d{4,}/\S+", reference):
        return f"https://doi.org/{reference}"
    if re.fullmatch(r"PMC\d+", reference):
        return f"https://pmc.ncbi.nlm.nih.gov/articles/{reference}/"
    return safe_link(reference)


def constants() -> dict[str, Any]:
    """What every page carries."""
    import altair

    import reprieve

    templates = files("reprieve.report") / "templates"
    return {
        "style": Markup((templates / "style.css").read_text(encoding="utf-8")),
        "script": Markup((templates / "page.js").read_text(encoding="utf-8")),
        "versions": {"Reprieve": reprieve.__version__, "Altair": altair.__version__},
    }
