"""Running the command line in this process."""

import sys

import pytest

from reprieve.cli import main


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command in this process: ``status, stdout, stderr = run("ask", …)``."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["reprieve", *map(str, words)])
        try:
            main()
            status = 0
        except SystemExit as left:
            status = left.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call
