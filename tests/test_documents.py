"""README and docs are true: their commands and code run, their links lead somewhere."""

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

import pytest

from reprieve.cli import main
from reprieve.evidence import schema

ROOT = Path(__file__).parents[1]
ARTICLES = ROOT / "tests" / "living" / "samples" / "jats"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def commands():
    """The commands of all pages, each once, where it comes first."""
    seen = set()
    for page in PAGES:
        for block in blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["reprieve"] and tuple(words) not in seen:
                    seen.add(tuple(words))
                    yield pytest.param(words, page.parent, id=f"{page.name}: {' '.join(words)}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("documents")


@pytest.mark.parametrize(("words", "home"), [*commands()])
@pytest.mark.xdist_group("documents")
def test_commands_run(words, home, folder, monkeypatch, capsys):
    for data in [*home.glob("*.csv"), *ARTICLES.glob("*.nxml")]:
        (folder / data.name).write_bytes(data.read_bytes())
    monkeypatch.chdir(folder)
    if "my-package" in words and not (folder / "my-package").exists() and "export" not in words:
        monkeypatch.setattr(sys, "argv", ["reprieve", "evidence", "export", "my-package"])
        with contextlib.suppress(SystemExit):
            main()
    monkeypatch.setattr(sys, "argv", words)
    try:
        main()
        status = 0
    except SystemExit as left:
        status = left.code or 0
    shown = capsys.readouterr()
    assert status == 0, shown.err
    assert shown.out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_runs(page):
    code = "\n".join(blocks(page, "python"))
    if not code:
        pytest.skip("no Python on this page")
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, page.name, "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_table_is_described():
    text = (ROOT / "docs" / "evidence.md").read_text("utf-8")
    for table in {**schema.TABLES, **schema.SIDE_TABLES}:
        assert f"`{table}.csv`" in text
