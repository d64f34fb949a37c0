"""Archives of very many small files: what is taken out is what was packed, or an error."""

import os
import random
import zipfile

import pytest

from reprieve.living.formats import archives
from reprieve.living.formats.archives import Archive, forget, listed
from reprieve.living.formats.opening import read_records

CONTENT = random.Random(1).randbytes(3000) + b" " * 3000


@pytest.fixture(autouse=True)
def nothing_kept():
    forget()
    yield
    forget()


def packed(path, how=zipfile.ZIP_DEFLATED, **files):
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.comment = b"a comment"
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_files_come_out_as_they_went_in_whichever_order_they_are_asked_for(tmp_path, how):
    files = {"a": CONTENT, "empty": b"", "c": CONTENT * 300, "dir/": b""}
    with Archive(packed(tmp_path / "made.zip", how, **files)) as archive:
        assert [member.filename for member in archive.members] == ["a", "empty", "c"]
        for member in (*reversed(archive.members), *archive.members):
            assert archive.read(member) == files[member.filename]
            with archive.open(member) as stream:
                assert stream.read() == files[member.filename]


def test_an_archive_behind_other_bytes_is_read(tmp_path):
    path = packed(tmp_path / "made.zip", a=CONTENT)
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    with Archive(path) as archive:
        assert archive.read(archive.members[0]) == CONTENT


def test_names_and_further_fields_before_a_file_are_passed_over(tmp_path):
    path = tmp_path / "made.zip"
    with (
        zipfile.ZipFile(path, "w") as made,
        made.open("größer.json", "w", force_zip64=True) as file,
    ):
        file.write(CONTENT)
    with Archive(path) as archive:
        assert archive.read(archive.members[0]) == CONTENT


@pytest.mark.parametrize("at", [0, 3, 31, 40, 1000, 3000])
def test_a_changed_byte_is_noticed(tmp_path, at):
    path = packed(tmp_path / "made.zip", a=CONTENT)
    data = bytearray(path.read_bytes())
    data[at] ^= 0x55
    path.write_bytes(data)
    with Archive(path) as archive, pytest.raises(zipfile.BadZipFile):
        archive.read(archive.members[0])


@pytest.mark.parametrize("claimed", [10, 5999, 7000])
def test_a_file_is_as_long_as_the_archive_says(tmp_path, claimed):
    with Archive(packed(tmp_path / "made.zip", a=CONTENT)) as archive:
        (member,) = archive.members
        member.file_size = claimed
        with pytest.raises(zipfile.BadZipFile):
            archive.read(member)


@pytest.mark.parametrize("offset", [10**9, 5, -5])
def test_a_file_that_is_not_where_it_should_be_is_refused(tmp_path, offset):
    with Archive(packed(tmp_path / "made.zip", a=CONTENT)) as archive:
        (member,) = archive.members
        member.header_offset = offset
        with pytest.raises(zipfile.BadZipFile):
            archive.read(member)


def test_an_encrypted_file_is_named(tmp_path):
    path = packed(tmp_path / "made.zip", **{"a.json": "{}", "b.json": "{}"})
    data = bytearray(path.read_bytes())
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(sign) + flags] |= 1
    path.write_bytes(data)
    faults = []
    assert list(read_records(path, faults)) == []
    assert [fault.file for fault in faults] == ["made.zip/a.json", "made.zip/b.json"]
    assert "encrypted" in faults[0].problem


def test_parts_of_an_archive_share_its_list(tmp_path, monkeypatch):
    path = packed(tmp_path / "made.zip", a=CONTENT)
    first = listed(path)
    monkeypatch.setattr(archives.zipfile, "ZipFile", None)
    with Archive(path, in_parts=True) as archive:
        assert archive.members is first
        assert archive.read(first[0]) == CONTENT


def test_an_archive_that_was_changed_is_listed_anew(tmp_path):
    path = packed(tmp_path / "made.zip", a=CONTENT)
    assert [member.filename for member in listed(path)] == ["a"]
    packed(path, b=CONTENT)
    os.utime(path, ns=(1, 1))
    assert [member.filename for member in listed(path)] == ["b"]
