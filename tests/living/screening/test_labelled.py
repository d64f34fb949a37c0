"""Files of records that have been screened."""

import gzip

import pytest

from reprieve.errors import InputError
from reprieve.living.screening.labelled import read_labelled


@pytest.fixture
def write(tmp_path):
    def written(text, *, zipped=False):
        file = tmp_path / "labelled.csv"
        content = text.encode()
        file.write_bytes(gzip.compress(content) if zipped else content)
        return file

    return written


@pytest.mark.parametrize("zipped", [False, True])
def test_texts_and_labels(write, zipped):
    file = write('\ufefftitle,abstract,included\n"A, b",c,1\nd,,0\ne,f,\n', zipped=zipped)
    assert read_labelled(file) == (["A, b\nc", "d\n"], [1, 0])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title\nA\n", "expected a label"),
        ("included\n1\n", "and texts"),
        ("", "the columns none"),
        ("title,included\nA,2\n", "row 2: included is '2'"),
    ],
)
def test_what_is_missing_is_named(write, text, says):
    with pytest.raises(InputError, match=says):
        read_labelled(write(text))


def test_what_is_no_text_is_refused(tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes(b"title,included\n\xff\xfe,1\n")
    with pytest.raises(InputError, match="no CSV in UTF-8"):
        read_labelled(file)
    file.write_bytes(gzip.compress(b"title,included\nA,1\n")[:-9])
    with pytest.raises(InputError, match="no CSV in UTF-8"):
        read_labelled(file)
