"""Where the samples are, and files made for one test."""

from pathlib import Path

import pytest

from reprieve.living.formats.opening import read_records

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture
def sample():
    """The path of a sample."""
    return lambda name: SAMPLES / name


@pytest.fixture
def read_sample(sample):
    """The only record of a sample."""

    def read(name):
        (record,) = read_records(sample(name))
        return record

    return read


@pytest.fixture
def read_text(tmp_path):
    """The records of a file with this content."""

    def read(content, name="found.txt", faults=None):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_records(file, faults))

    return read
