"""Records read without what they came as are the same records."""

import contextlib
import copy
import gzip
import json
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import InputError
from reprieve.living.formats.ctgov_v2 import record_from_v2, record_of, study_in
from reprieve.living.formats.opening import read_records

SAMPLES = Path(__file__).parents[1] / "samples"
STUDIES = sorted((SAMPLES / "ctgov_v2").glob("NCT*.json"))
EVERY = sorted(
    path
    for path in SAMPLES.rglob("*")
    if path.is_file() and path.name not in {"README.md", "esearch.xml"}
)


def both_ways(path):
    """Records and faults as read in full, and in short."""
    told = []
    for raw in (True, False):
        faults = []
        told.append(([*read_records(path, faults, raw=raw)], faults))
    return told


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_every_sample_gives_the_same_records(path):
    full, short = both_ways(path)
    assert full == short
    assert full[0]


def test_posted_results_are_told_of_but_not_kept():
    for path in STUDIES:
        (record,) = read_records(path, raw=False)
        assert record.has_results
        assert not record.raw


@pytest.fixture(params=["archive", "lines", "list"])
def mixed(request, tmp_path):
    """Studies between records of other forms and what can't be read."""
    texts = [json.dumps(json.loads(path.read_bytes())).encode() for path in STUDIES]
    texts[1:1] = [b'{"NCTId": ["NCT00000001"], "BriefTitle": ["flat"]}', b'{"colour": "red"}']
    texts[4:4] = [
        b'{"protocolSection": {"identificationModule": {"nctId": "NCT1"}, "designModule": []}}',
        b'{"protocolSection": null}',
        b'{"protocolSection": {"identificationModule": {"nctId": null}}}',
        b'{"hasResults": 1, "protocolSection": {"identificationModule": {"nctId": "NCT2"}}}',
    ]
    path = tmp_path / "file"
    if request.param == "archive":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, text in enumerate([*texts, b'{"protocolSection": {']):
                archive.writestr(f"{number}.json", text)
    elif request.param == "lines":
        path.write_bytes(gzip.compress(b"\n".join([*texts[:3], b"{broken", *texts[3:]])))
    else:
        path.write_bytes(b"[" + b",".join(texts) + b"]")
    return path


def test_what_can_not_be_read_is_told_of_in_the_same_words(mixed):
    full, short = both_ways(mixed)
    assert full == short
    records, faults = full
    assert len(records) == len(STUDIES) + 1
    assert len(faults) >= 5


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def places_in(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2])
    for key, held in inner:
        if isinstance(held, (dict, list)):
            yield from places_in(held, (*path, key))
        else:
            yield (*path, key)


@given(data=st.data())
def test_a_mangled_study_is_read_alike_or_refused_in_full(data):
    study = copy.deepcopy(data.draw(st.sampled_from(MANGLED)))
    *holders, last = data.draw(st.sampled_from([place for place in places_in(study) if place]))
    holder = study
    for key in holders:
        holder = holder[key]
    holder[last] = data.draw(JSON)
    read = study_in(msgspec.json.encode(study))
    if read is not None:
        with contextlib.suppress(InputError):
            assert record_of(read) == record_from_v2(study)
    elif study.get("protocolSection") is not None:
        with pytest.raises(InputError):
            record_from_v2(study)


MANGLED = [msgspec.json.decode(path.read_bytes()) for path in STUDIES]
