"""Files are told by their content; what is broken is named, and never breaks anything else."""

import contextlib
import gzip
import json
import zipfile

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import InputError
from reprieve.living.formats import json_files, pieces, xml_files
from reprieve.living.formats.json_files import decode, record_from_json
from reprieve.living.formats.opening import RecordFault, read_records
from reprieve.living.formats.xml_files import records_from_xml

STUDY = {"protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "T"}}}
LINE = json.dumps(STUDY)


def numbered(number):
    module = {"nctId": f"NCT{number:08d}"}
    return json.dumps({"protocolSection": {"identificationModule": module}})


@pytest.mark.parametrize(
    "content",
    [
        LINE,
        f"[{LINE}]",
        f"\ufeff {LINE}",
        json.dumps(STUDY, indent=2),
        json.dumps([STUDY], indent=1),
        json.dumps({"studies": [STUDY], "nextPageToken": "x"}),
        gzip.compress(LINE.encode()),
        gzip.compress(f"{LINE}\n".encode()),
    ],
    ids=["one", "list", "mark", "indented", "indented list", "page", "gzip", "gzipped line"],
)
def test_one_study_is_read_whatever_it_is_wrapped_in(read_text, content):
    assert [record.id for record in read_text(content)] == ["NCT00000001"]


def test_the_name_of_a_file_says_nothing(read_text):
    assert read_text(LINE, name="study.ris")[0].id == "NCT00000001"


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())])
def test_lines_are_read_around_a_broken_one(read_text, pack):
    faults = []
    content = "\n".join([numbered(1), numbered(2)[:-9], "", numbered(3), "[1, 2]"])
    records = read_text(pack(content), name="trials.jsonl", faults=faults)
    assert [record.id for record in records] == ["NCT00000001", "NCT00000003"]
    assert [fault.place for fault in faults] == ["line 2", "line 5"]
    assert faults[0].file == "trials.jsonl"
    assert "not valid JSON" in faults[0].problem
    assert str(faults[1]) == (
        "trials.jsonl, line 5: expected a record as a JSON object, found a list"
    )


def test_without_a_list_of_faults_the_first_one_ends_it(read_text):
    with pytest.raises(InputError, match=r"^found\.txt, line 2: not valid JSON"):
        read_text(f"{numbered(1)}\n{{broken\n{numbered(3)}")


def test_a_record_of_a_list_is_named_by_its_place(read_text):
    faults = []
    records = read_text(f'[{numbered(1)}, {{"x": 1}}, 5, {numbered(4)}]', faults=faults)
    assert [record.id for record in records] == ["NCT00000001", "NCT00000004"]
    assert [fault.place for fault in faults] == ["record 2", "record 3"]
    assert "no known form (it has x)" in faults[0].problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"\x00\x01\x02\x03", "binary data"),
        (b"nothing\nknown\n", "a file of no known form"),
        (b"<html><body>busy</body></html>", "<html> of no known form"),
        (b"<eSearchResult><Count>0</Count></eSearchResult>", "<eSearchResult> of no known form"),
        (b"<article>", "not well-formed XML"),
        (b"{", "not valid JSON"),
        (b'"text', "a file of no known form"),
        (b"TI,AU\n\xff\xfe,x", "is not UTF-8 text"),
        (gzip.compress(LINE.encode() * 50)[:-12], "cut off or damaged"),
        (b"\x1f\x8b\x08garbage that is no gzip", "cut off or damaged"),
        (b"PK\x03\x04 no archive", "not a zip archive"),
    ],
)
def test_what_can_not_be_read_is_named(read_text, content, problem):
    with pytest.raises(InputError, match=r"^found\.txt") as caught:
        read_text(content)
    assert problem in str(caught.value)
    faults = []
    if not content.startswith(b"PK"):
        assert read_text(content, faults=faults) == []
        assert problem in faults[0].problem


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.json: can't be opened"):
        list(read_records(tmp_path / "gone.json"))
    with pytest.raises(InputError, match="can't be opened"):
        list(read_records(tmp_path))


def test_a_gzip_that_is_cut_off_gives_what_came_before(read_text):
    lines = "".join(f"{numbered(number)}\n" for number in range(20_000))
    faults = []
    records = read_text(gzip.compress(lines.encode())[:-3000], faults=faults)
    assert 0 < len(records) < 20_000
    assert len(faults) == 1
    assert faults[0].place.startswith("behind line")


def test_archives_are_read_member_by_member(tmp_path):
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("NCT0000xxxx/NCT00000001.json", numbered(1))
        archive.writestr("NCT0000xxxx/NCT00000002.json", "{")
        archive.writestr("NCT0000xxxx/NCT00000003.json.gz", gzip.compress(numbered(3).encode()))
        archive.writestr("found.ris", "TY  - JOUR\nTI  - T\nER  - \n")
        archive.writestr("empty/", "")
    faults = []
    records = list(read_records(path, faults))
    assert [record.id for record in records] == ["NCT00000001", "NCT00000003", "T"]
    assert [fault.file for fault in faults] == ["archive.zip/NCT0000xxxx/NCT00000002.json"]


def test_a_damaged_member_is_named_and_the_others_are_read(tmp_path):
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", numbered(1))
        archive.writestr("b.json", numbered(2))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"NCT00000001", b"NCT00000009"))
    faults = []
    assert [record.id for record in read_records(path, faults)] == ["NCT00000002"]
    assert faults[0].file == "archive.zip/a.json"


def test_an_archive_in_an_archive_is_refused(tmp_path):
    inner, outer = tmp_path / "inner.zip", tmp_path / "outer.zip"
    for path, name, content in (
        (inner, "a.json", LINE.encode()),
        (outer, "inner.zip", None),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, content or inner.read_bytes())
    with pytest.raises(InputError, match="an archive inside another"):
        list(read_records(outer))


@pytest.fixture
def small_limits(monkeypatch):
    monkeypatch.setattr(json_files, "RECORD_LIMIT", 10_000)
    monkeypatch.setattr(xml_files, "RECORD_LIMIT", 10_000 - (1 << 20))
    monkeypatch.setattr(pieces.whole, "__defaults__", (10_000,))


def test_a_line_without_end_is_refused(read_text, small_limits):
    bomb = gzip.compress(f"{LINE}\n{LINE}\n".encode() + b'{"a": "' + b" " * 10_000_000)
    faults = []
    assert len(read_text(bomb, faults=faults)) == 2
    assert "line 3 is larger than" in faults[0].problem


@pytest.mark.parametrize(
    "bomb",
    [
        b"[" + b" " * 10_000_000,
        b"TY  - JOUR\nTI  - " + b"a" * 10_000_000,
        b"title,year\n" + b"a" * 10_000_000,
        b"<article><front>" + b"a" * 10_000_000,
    ],
    ids=["json", "ris", "csv", "xml"],
)
def test_a_document_that_does_not_end_is_refused(read_text, small_limits, bomb):
    with pytest.raises(InputError, match="is larger than"):
        read_text(gzip.compress(bomb))


BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE article [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><article><front>&b;</front></article>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE article [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<article><front>&a;</front></article>"""


@pytest.mark.parametrize("document", [BILLION_LAUGHS, OUTSIDE])
def test_entities_are_refused(document):
    with pytest.raises(InputError, match="declares entities or external files"):
        list(records_from_xml(document))


@pytest.mark.parametrize("depth", [200, 100_000])
def test_deep_nesting_is_refused(read_text, depth):
    with pytest.raises(InputError, match="nested"):
        list(records_from_xml(b"<article>" + b"<p>" * depth + b"</p>" * depth + b"</article>"))
    if depth > 1000:
        with pytest.raises(InputError, match="nested too deeply"):
            read_text("[" * depth + "]" * depth)


def test_nothing_is_kept_of_xml_that_was_read(read_text):
    article = "<PubmedArticle><MedlineCitation><PMID>{}</PMID></MedlineCitation></PubmedArticle>"
    articles = "".join(article.format(number) for number in range(1, 3000))
    records = read_text(f"<PubmedArticleSet>{articles}</PubmedArticleSet>")
    assert [record.id for record in records] == [str(number) for number in range(1, 3000)]


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def _paths(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value[:3]):
            yield from _paths(inner, (*path, at))


@pytest.mark.parametrize(
    "name",
    [
        "ctgov_v2/NCT05594173.json",
        "ctgov_study_fields/NCT02674399.json",
        "other_registers/ISRCTN88261002.ctrdata.json",
        "other_registers/CTIS_2024-510663-34-00.ctrdata.json",
        "europepmc/search_lite_1hit.json",
    ],
)
@given(data=st.data())
def test_a_mangled_record_gives_a_record_or_an_input_error(name, data, request):
    samples = request.path.parents[1] / "samples"
    record = decode((samples / name).read_bytes())
    if "resultList" in record:
        record = record["resultList"]["result"][0]
    record.pop("resultsSection", None)
    path = data.draw(st.sampled_from([path for path in _paths(record) if path]))
    holder = record
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = data.draw(JSON)
    with contextlib.suppress(InputError):
        assert isinstance(record_from_json(record).title, str)


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(str.encode) | JSON.map(msgspec.json.encode)
)
def test_any_bytes_give_records_or_faults(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "file"
    file.write_bytes(content)
    faults = []
    with contextlib.suppress(InputError):
        list(read_records(file, faults))
        assert content.strip() or faults


@given(data=st.data())
def test_a_cut_or_changed_sample_gives_records_or_faults(tmp_path_factory, data, request):
    samples = request.path.parents[1] / "samples"
    name = data.draw(
        st.sampled_from(
            [
                "pubmed/efetch_22327499.xml",
                "ctgov_legacy_xml/NCT02708238.xml",
                "ctgov_v2/_search_page_1.json",
            ]
        )
    )
    content = bytearray((samples / name).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : data.draw(st.integers(at, len(content)))] = data.draw(st.binary(max_size=5))
    file = tmp_path_factory.mktemp("cut") / "file"
    file.write_bytes(bytes(content))
    list(read_records(file, []))


def test_a_fault_of_a_whole_file_has_no_place():
    assert str(RecordFault("a.json", "", "empty")) == "a.json: empty"
