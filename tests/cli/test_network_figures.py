"""`reprieve network … --figures`: every figure as a file that opens."""

import csv
import json
from pathlib import Path

import pytest

NAMES = ("graph", "league", "forest", "ranks", "net-heat", "split", "funnel", "contributions")
CONTRASTS = ("--study", "study", "--treatment1", "t1", "--treatment2", "t2", "--effect", "y",
             "--se", "se")  # fmt: skip
ARMS = ("--study", "study", "--treatment", "treatment", "--events", "events", "--n", "n",
        "--measure", "OR")  # fmt: skip


def write(path, columns):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


@pytest.fixture
def arms(tmp_path):
    reference = Path(__file__).parent.parent / "reference" / "netmeta" / "arms.json"
    content = json.loads(reference.read_text(encoding="utf-8"))["arms"]
    return write(tmp_path / "arms.csv", content["smokingcessation_OR"])


def test_every_figure_is_written_twice(run, arms, tmp_path):
    folder = tmp_path / "new" / "figures"
    status, out, err = run("network", arms, *ARMS, "--figures", folder, "--json")
    assert status == 0
    assert json.loads(out)["k"] == 24
    assert {p.name for p in folder.iterdir()} == {
        f"{n}{e}" for n in NAMES for e in (".svg", ".png")
    }
    for name in NAMES:
        assert (folder / f"{name}.svg").read_text(encoding="utf-8").startswith("<svg")
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"wrote {folder / f'{name}.svg'}" in err
    assert "Odds ratio" in (folder / "forest.svg").read_text(encoding="utf-8")


def test_what_the_trials_do_not_allow_is_told(run, tmp_path):
    data = {"study": ["1", "2"], "t1": ["a", "b"], "t2": ["c", "c"], "y": [1, 2], "se": [1, 1]}
    path, folder = write(tmp_path / "two.csv", data), tmp_path / "figures"
    status, _, err = run("network", path, *CONTRASTS, "--figures", folder)
    assert status == 0
    assert "no net-heat: the network holds no loop" in err
    assert "no funnel: Egger's test needs three contrasts" in err
    assert (folder / "graph.svg").exists()
    assert not (folder / "funnel.svg").exists()


def test_a_file_is_no_folder(run, arms):
    status, out, err = run("network", arms, *ARMS, "--figures", arms)
    assert (status, out) == (2, "")
    assert "is a file; name a folder" in err
