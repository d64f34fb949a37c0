"""Hostile and broken files: one clear fault each, quickly, and nothing loaded or run."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from reprieve.errors import PackageError
from reprieve.evidence import reading
from reprieve.evidence.check import check_package
from reprieve.evidence.faults import Fault
from reprieve.evidence.package import SNAPSHOT, read_package

USUAL = frozenset(check_package(SNAPSHOT))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SNAPSHOT, tmp_path / "package"))


def only_fault(folder: Path, file: str) -> Fault:
    """The one fault of a file; nothing else may have come up."""
    found = [fault for fault in check_package(folder) if fault not in USUAL]
    (fault,) = found
    assert fault.file == file
    assert fault.level == "error"
    with pytest.raises(PackageError) as caught:
        read_package(folder)
    assert str(caught.value) == str(fault)
    return fault


def lines(file: str) -> list[bytes]:
    return (SNAPSHOT / file).read_bytes().splitlines(keepends=True)


HEAD = b"".join(lines("events.csv")[:3])
ROW = lines("events.csv")[3]
FIELDS = 9

BROKEN: dict[str, tuple[bytes, int | None, str]] = {
    "empty": (b"", None, "is empty, expected a header and one row a record"),
    "only a byte order mark": (b"\xef\xbb\xbf\n", None, "is empty"),
    "NUL": (HEAD + ROW.replace(b",", b"\0,", 1), 4, "is NUL, as in UTF-16 or a damaged file"),
    "UTF-16": (HEAD.decode().encode("utf-16"), None, "is in UTF-16, expected UTF-8"),
    "UTF-16 without mark": (HEAD.decode().encode("utf-16-le"), 1, "is NUL, as in UTF-16"),
    "Latin-1": (HEAD + ROW.replace(b"e", b"\xe9", 1), 4, "(0xe9) is not UTF-8, as in Latin-1"),
    "old Mac": (HEAD.replace(b"\n", b"\r"), None, "lines that end in a carriage return alone"),
    "field too many": (HEAD + b"x," + ROW, 4, f"has {FIELDS + 1} fields, expected {FIELDS} as in"),
    "field too few": (HEAD + ROW.replace(b",", b"", 1), 4, f"has {FIELDS - 1} fields, expected"),
    "two odd rows": (HEAD + b"x," + ROW + ROW + b"x\n", 4, "(and 1 more such rows)"),
    "empty line": (HEAD + b"\n" + ROW, 4, "has 1 field, expected"),
    "open quote": (HEAD + b'"' + ROW + ROW, 4, "a quotation mark that is not closed"),
    "open quote, closed later": (HEAD + b'"' + ROW + b'x"' + ROW, 4, "a quotation mark that is"),
    "quote inside a field": (HEAD + b'5" ' + ROW, 4, "or stands inside a field"),
    "text after a quote": (HEAD + b'"a"b' + ROW, 4, "a quotation mark that is not closed, or"),
    "many columns": (b"a," * 5000 + b"a\n", 1, "has 5001 columns, expected at most 100"),
    "binary": (bytes(range(1, 256)) * 4, 2, "is not UTF-8"),
}


@pytest.mark.parametrize(("content", "row", "phrase"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_gives_one_fault(
    package: Path, content: bytes, row: int | None, phrase: str
) -> None:
    (package / "events.csv").write_bytes(content)
    fault = only_fault(package, "events.csv")
    assert fault.row == row
    assert phrase in str(fault)


SOUND: dict[str, Callable[[bytes], bytes]] = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "carriage returns": lambda text: text.replace(b"\n", b"\r\n"),
    "no last line end": lambda text: text.removesuffix(b"\n"),
    "header only": lambda text: text.split(b"\n", 1)[0] + b"\n",
    "header only, no line end": lambda text: text.split(b"\n", 1)[0],
    "all in quotes": lambda text: b'"study_id"' + text.removeprefix(b"study_id"),
}


@pytest.mark.parametrize("change", SOUND.values(), ids=SOUND)
def test_what_spreadsheets_write_is_read(package: Path, change: Callable[[bytes], bytes]) -> None:
    text = (package / "contrasts.csv").read_bytes()
    (package / "contrasts.csv").write_bytes(change(text))
    assert [fault for fault in check_package(package) if fault not in USUAL] == []


def test_rows_after_a_line_end_in_quotes_are_counted_as_a_spreadsheet_does(package: Path) -> None:
    head, first, *rest = lines("arms.csv")
    broken = first.replace(b",", b',"two\nlines ""here"", twice\n"', 1)
    cells = head.rstrip(b"\n").split(b",")
    quoted = b",".join(b'"a\nb"' if name == b"label" else b"x" for name in cells) + b"\n"
    (package / "arms.csv").write_bytes(head + quoted + first + b"too,few\n" + b"".join(rest))
    assert broken != first
    assert only_fault(package, "arms.csv").row == 4


def test_quotes_across_pieces_of_a_scan(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_package(package)
    for step in (61, 1000):
        monkeypatch.setattr(reading, "_SCAN", step)
        assert read_package(package).studies.equals(whole.studies)


def test_an_enormous_field_is_refused_before_it_is_loaded(package: Path) -> None:
    path = package / "outcomes.csv"
    with path.open("ab") as stream:
        stream.write(b"one-field")
        stream.truncate(400 * 1024 * 1024)
    fault = only_fault(package, "outcomes.csv")
    assert "is longer than 1024 kB" in str(fault)
    assert fault.row == len(lines("outcomes.csv")) + 1


def test_an_enormous_file_is_refused_by_its_size(package: Path) -> None:
    os.truncate(package / "outcomes.csv", 1024**3)
    assert "more than 512 MB" in str(only_fault(package, "outcomes.csv"))


def test_the_files_of_a_package_are_limited_together(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {file: (package / file).stat().st_size for file in ("studies.csv", "arms.csv")}
    monkeypatch.setattr(reading, "MOST_BYTES", sum(sizes.values()) + 1000)
    files = {fault.file for fault in check_package(package) if "takes the package" in fault.message}
    assert "outcomes.csv" in files
    assert not files & set(sizes)


def test_a_long_row_over_many_lines_is_refused(package: Path) -> None:
    note = b'"' + b"line\n" * 300_000 + b'"'
    (package / "events.csv").write_bytes(HEAD + note + ROW[ROW.index(b",") :])
    fault = only_fault(package, "events.csv")
    assert (fault.row, "is longer than 1024 kB" in str(fault)) == (4, True)


def test_a_folder_in_place_of_a_file(package: Path) -> None:
    (package / "events.csv").unlink()
    (package / "events.csv").mkdir()
    assert "is a folder or a device, expected a CSV file" in str(only_fault(package, "events.csv"))


def test_a_pipe_in_place_of_a_file_is_not_waited_for(package: Path) -> None:
    (package / "events.csv").unlink()
    os.mkfifo(package / "events.csv")
    assert "is a folder or a device" in str(only_fault(package, "events.csv"))


def test_a_link_out_of_the_package_is_not_followed(package: Path, tmp_path: Path) -> None:
    shutil.move(package / "events.csv", tmp_path / "secret.csv")
    (package / "events.csv").symlink_to(tmp_path / "secret.csv")
    assert "a link that leads out of the package" in str(only_fault(package, "events.csv"))


def test_a_file_that_may_not_be_read(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def refusing(self: Path, *args: object, **kwargs: object) -> object:
        if self.name == "events.csv":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refusing)
    assert "can't be read (permission denied)" in str(only_fault(package, "events.csv"))


def test_a_description_that_is_not_json(package: Path) -> None:
    (package / "datapackage.json").write_text("{'created':", encoding="utf-8")
    assert "is not JSON" in str(only_fault(package, "datapackage.json"))


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", '{"created": 5}', '{"created": "soon"}'])
def test_a_description_of_another_kind(package: Path, text: str) -> None:
    (package / "datapackage.json").write_text(text, encoding="utf-8")
    assert only_fault(package, "datapackage.json").row is None


def test_no_false_alarms_about_tables_that_need_the_broken_one(package: Path) -> None:
    (package / "studies.csv").write_bytes(b"")
    faults = [str(fault) for fault in check_package(package) if fault.level == "error"]
    assert faults == ["studies.csv: is empty, expected a header and one row a record"]


@pytest.mark.parametrize("name", ["nowhere", "file.csv", "file.zip", "pipe"])
def test_what_is_no_package(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "pipe":
        os.mkfifo(path)
    elif name != "nowhere":
        path.write_text("study_id", encoding="utf-8")
    phrases = {
        "nowhere": "is not there, expected a folder or a zip archive",
        "file.csv": "is one table, expected the folder that holds all the tables",
        "file.zip": "is no zip archive",
        "pipe": "is a device",
    }
    (fault,) = check_package(path)
    assert phrases[name] in str(fault)


def test_an_empty_folder_lacks_its_tables(tmp_path: Path) -> None:
    assert [str(fault) for fault in check_package(tmp_path)] == [
        "arms.csv: is missing, expected a file with this name",
        "studies.csv: is missing, expected a file with this name",
    ]


def packed(path: Path) -> zipfile.ZipFile:
    """A zip archive of the snapshot, still open."""
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    for file in sorted(SNAPSHOT.iterdir()):
        archive.write(file, file.name)
    return archive


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:\\evil.csv"]
)
def test_names_that_lead_out_of_an_archive(tmp_path: Path, name: str) -> None:
    with packed(tmp_path / "p.zip") as archive:
        archive.writestr(name, "x")
    (fault,) = check_package(tmp_path / "p.zip")
    assert fault.file == "p.zip"
    assert "a name that leads out of the archive" in str(fault)
    assert os.listdir(tmp_path) == ["p.zip"]


def test_a_zip_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in ("studies.csv", "arms.csv"):
            archive.write(SNAPSHOT / file, file)
        archive.writestr("events.csv", b"0\n" * 20_000_000)
    errors = [fault for fault in check_package(tmp_path / "p.zip") if fault.level == "error"]
    (fault,) = errors
    assert fault.file == "events.csv"
    assert "times its size, like a zip bomb" in str(fault)


def test_a_zip_entry_that_lies_about_its_size(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    packed(path).close()
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(b"events.csv"))
    data[central + 24 : central + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    errors = [fault for fault in check_package(path) if fault.level == "error"]
    assert [fault.file for fault in errors] == ["events.csv"]
    assert "can't be unpacked" in str(errors[0])


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    packed(path).close()
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(b"events.csv"))
    data[central + 8] |= 1
    path.write_bytes(data)
    errors = [str(fault) for fault in check_package(path) if fault.level == "error"]
    assert errors == ["events.csv: is encrypted, expected an archive without a password"]


def test_a_damaged_entry(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    packed(path).close()
    data = bytearray(path.read_bytes())
    start = data.index(b"events.csv") + 200
    data[start : start + 50] = b"\xff" * 50
    path.write_bytes(data)
    errors = [str(fault) for fault in check_package(path) if fault.level == "error"]
    assert len(errors) == 1
    assert errors[0].startswith("events.csv: can't be unpacked")


def test_a_link_inside_an_archive(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("events.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in ("studies.csv", "arms.csv"):
            archive.write(SNAPSHOT / file, file)
        archive.writestr(link, "/etc/passwd")
    errors = [str(fault) for fault in check_package(tmp_path / "p.zip") if fault.level == "error"]
    assert errors == ["events.csv: is a link inside the archive, expected a file of its own"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_twice_in_an_archive(tmp_path: Path) -> None:
    with packed(tmp_path / "p.zip") as archive:
        archive.writestr("arms.csv", "x")
    (fault,) = check_package(tmp_path / "p.zip")
    assert str(fault) == "p.zip: holds arms.csv twice, expected each file once"


@pytest.mark.parametrize(
    ("names", "phrase"),
    [
        (["inner.zip"], "holds no studies.csv at its root or one folder down"),
        (["a/b/studies.csv"], "holds no studies.csv at its root or one folder down"),
        (["a/studies.csv", "b/studies.csv"], "holds 2 packages"),
        ([f"f{i}" for i in range(1001)], "holds 1001 files, expected at most 1000"),
    ],
)
def test_archives_without_one_package(tmp_path: Path, names: list[str], phrase: str) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    (fault,) = check_package(tmp_path / "p.zip")
    assert phrase in str(fault)


def test_a_message_does_not_carry_a_whole_cell_or_steer_the_terminal(package: Path) -> None:
    text = (package / "events.csv").read_bytes()
    word = b"\x1b[2Jwiped" + b"x" * 100_000
    (package / "events.csv").write_bytes(
        text.replace(b",serious_adverse_event,", b",%s," % word, 1)
    )
    errors = [str(fault) for fault in check_package(package) if fault.level == "error"]
    assert len(errors) == 2
    assert all(len(error) < 400 and error.isprintable() for error in errors)
    assert any("\N{REPLACEMENT CHARACTER}[2Jwiped" in error for error in errors)


def test_a_table_that_begins_like_a_compressed_one() -> None:
    _, cells = reading.read_cells(b"label,n\nx^2 trial,30\n", "studies.csv")
    assert cells.rows() == [("x^2 trial", "30")]
