"""Posted results as evidence: against the rows that people read, and with nothing lost."""

from dataclasses import replace

import polars as pl
import pytest

from reprieve.answers import Question, ask
from reprieve.errors import InputError
from reprieve.evidence.check import check_package
from reprieve.evidence.package import write_package
from reprieve.living.record import Record
from reprieve.living.results import read_posted_results
from reprieve.living.results.reading import posted_results

# By record: values posted, of these placed and left out, then rows of outcomes, contrasts, events.
ACCOUNT = {
    "NCT01183728": (85, 46, 39, 37, 0, 7),
    "NCT01586312": (209, 73, 136, 46, 0, 22),
    "NCT01733186": (121, 45, 76, 22, 0, 20),
    "NCT01856140": (71, 33, 38, 18, 0, 12),
    "NCT02037204": (18, 7, 11, 0, 0, 4),
    "NCT02298023": (194, 132, 62, 93, 0, 36),
    "NCT02387749": (55, 37, 18, 30, 0, 4),
    "NCT02412735": (210, 51, 159, 0, 0, 45),
    "NCT02674399": (212, 69, 143, 42, 0, 24),
    "NCT02958267": (156, 75, 81, 64, 0, 6),
    "NCT03691909": (72, 0, 72, 0, 0, 0),
    "NCT00763412": (108, 0, 108, 0, 0, 0),
    "NCT01987596": (75, 0, 75, 0, 0, 0),
    "NCT02210780": (128, 0, 128, 0, 0, 0),
    "NCT02552212": (435, 16, 419, 2, 1, 8),
    "NCT05594173": (35, 0, 35, 0, 0, 0),
    "NCT01174550": (173, 0, 173, 0, 0, 0),
    "NCT02708238": (49, 0, 49, 0, 0, 0),
}

# By trial of the snapshot: rows that a person read in the record, rows read here, and how many
# are equal in arm, instrument, month, statistic, mean and spread.
AGREEMENT = {
    "orozco-2013": (37, 37, 37),
    "vega-2015": (58, 46, 46),  # SF-12: the record has its direction against its use
    "medipost-nct01733186": (22, 22, 22),
    "lee-2015": (24, 18, 12),  # a median with an SD; pain "during activity", by the description
    "chun-2022": (93, 93, 93),
    "cairo-nct02387749": (30, 30, 30),
    "mesoblast-2022": (3, 0, 0),  # a rate of a Bayesian model, by a composite of two scales
    "nct02674399": (43, 42, 42),  # IKDC at 6 months: two outcomes contradict each other
    "ruane-2021": (64, 64, 64),
}
BETTER = {
    ("lee-2015", "VAS (activity)"): "VAS",
}
"""Where the record supports what is read here: its description says "during activity"."""

ROW = ["arm_id", "instrument", "month", "statistic"]
SPREAD = ["mean", "sd", "se", "ci_low", "ci_high"]


@pytest.fixture(scope="module")
def read(records):
    """What was read from each record, by its number."""
    return {number: read_posted_results(record) for number, record in records.items()}


@pytest.mark.parametrize("number", ACCOUNT)
def test_account_by_trial(read, records, number):
    """Every posted value is placed or left out with a reason, and the account adds up."""
    result = read[number]
    rows = [len(result.evidence.table(name)) for name in ("outcomes", "contrasts", "events")]
    posted = posted_results(records[number]).cells
    assert posted == result.cells_placed + result.cells_left_out
    assert (posted, result.cells_placed, result.cells_left_out, *rows) == ACCOUNT[number]
    assert all(left.what and left.reason and left.where for left in result.left_out)


@pytest.mark.parametrize("number", ACCOUNT)
def test_rows_pass_the_gates(read, number, tmp_path):
    """What is read is an evidence package without an error, and nobody has read it yet."""
    evidence = read[number].evidence
    write_package(evidence, tmp_path / "package")
    faults = check_package(tmp_path / "package")
    assert [str(fault) for fault in faults if fault.level == "error"] == []
    for name in ("outcomes", "contrasts", "events"):
        table = evidence.table(name)
        assert set(table["flag"]) <= {"unverified"}
    for name in ("studies", "arms", "outcomes", "contrasts", "events"):
        assert set(evidence.table(name)["readings"]) <= {0}


def of_trial(snapshot, study_id):
    """The rows of a trial that a person read in its posted results."""
    posted = pl.col("locator").str.contains("registry results")
    return snapshot.outcomes.filter((pl.col("study_id") == study_id) & posted)


@pytest.fixture(scope="module")
def known(snapshot, records):
    """What is read of each trial of the snapshot, in the ids of the snapshot."""
    numbers = dict(snapshot.studies.select("study_id", "registration").iter_rows())
    return {
        study_id: read_posted_results(records[numbers[study_id]], snapshot).evidence
        for study_id in AGREEMENT
    }


@pytest.mark.parametrize("study_id", AGREEMENT)
def test_agreement_with_people(snapshot, known, study_id):
    """Rows read by a person and rows read here, by trial."""
    by_people = of_trial(snapshot, study_id)
    here = known[study_id].outcomes
    equal = here.join(by_people, on=ROW + SPREAD, how="semi", nulls_equal=True)
    assert (len(by_people), len(here), len(equal)) == AGREEMENT[study_id]
    others = here.join(equal, on=ROW, how="anti")
    for row in others.iter_rows(named=True):
        people_said = BETTER[study_id, row["instrument"]]
        same = by_people.filter(
            instrument=people_said, arm_id=row["arm_id"], month=row["month"], mean=row["mean"]
        )
        assert len(same) == 1


def test_scales_and_directions_as_people_read_them(snapshot, known):
    """Equal rows are on equal scales, with equal directions and numbers of people."""
    for study_id in AGREEMENT:
        here = known[study_id].outcomes
        both = here.join(of_trial(snapshot, study_id), on=ROW, suffix="_people")
        for name in ("scale_min", "scale_max", "higher_is", "domain"):
            assert both[name].equals(both[f"{name}_people"])
        # Of the people of one arm a person knew more: one of 8 missed a visit.
        counted = both.filter(pl.col("n_people").is_not_null())
        assert counted["n"].equals(counted["n_people"])


def test_events_as_people_read_them(snapshot, known):
    """Counts of events are those that a person read, wherever a person read them."""
    key = ["study_id", "arm_id", "event", "month"]
    for study_id in AGREEMENT:
        here = known[study_id].events
        both = here.join(snapshot.events, on=key, suffix="_people")
        assert len(both) >= 0.75 * len(here)
        assert both["events"].equals(both["events_people"])
        assert both["n"].equals(both["n_people"])


def verified(table):
    """A table once a person has read its rows."""
    return table.with_columns(
        flag=pl.lit(None, pl.String), readings=pl.lit(1, pl.Int64), row=pl.lit(0, pl.Int64)
    )


def without_posted(evidence, study_id):
    """Evidence before the results of a trial were posted."""
    posted = (pl.col("study_id") == study_id) & pl.col("locator").str.contains("registry results")
    return replace(
        evidence,
        outcomes=evidence.outcomes.filter(~posted),
        events=evidence.events.filter(~posted),
    )


def joined(evidence, more):
    """Evidence with the rows that were read, once a person has verified them."""
    tables = {}
    for name in ("outcomes", "contrasts", "events"):
        both = pl.concat([evidence.table(name), verified(more.table(name))])
        tables[name] = both.with_columns(row=pl.int_range(2, len(both) + 2, dtype=pl.Int64))
    return replace(evidence, **tables)


@pytest.mark.parametrize(
    ("study_id", "treatment"), [("vega-2015", "bm_msc"), ("nct02674399", "ad_msc")]
)
@pytest.mark.parametrize("outcome", ["pain", "function"])
@pytest.mark.parametrize("month", [6, 12])
def test_reading_back_restores_the_answer(snapshot, known, study_id, treatment, outcome, month):
    """Taken out, the posted results change the answer; read back and verified, they restore it."""
    question = Question(
        condition="knee_osteoarthritis",
        treatment=treatment,
        comparator="hyaluronic_acid",
        outcome=outcome,
        month=month,
    )
    before = without_posted(snapshot, study_id)
    after = joined(before, known[study_id])
    answer = ask(question, snapshot).effect
    assert ask(question, before).effect != answer
    assert ask(question, after).effect == answer


def test_reading_back_turns_a_conclusion(snapshot, known):
    """Without the posted results of NCT01586312 the interval of one answer holds no effect."""
    question = Question(
        condition="knee_osteoarthritis",
        treatment="cell_therapy",
        comparator="hyaluronic_acid",
        outcome="pain",
        month=12,
    )
    before = without_posted(snapshot, "vega-2015")
    after = joined(before, known["vega-2015"])
    low, high = ask(question, before).effect.ci
    assert low < 0 < high
    assert ask(question, after).effect.ci[1] < 0


def test_unverified_rows_do_not_count(snapshot, known):
    """Rows that no person has read change no answer."""
    question = Question(
        condition="knee_osteoarthritis",
        treatment="ad_msc",
        comparator="hyaluronic_acid",
        outcome="pain",
        month=6,
    )
    before = without_posted(snapshot, "nct02674399")
    read = known["nct02674399"]
    outcomes = pl.concat([before.outcomes, read.outcomes])
    rows = pl.int_range(2, len(outcomes) + 2, dtype=pl.Int64)
    unread = replace(before, outcomes=outcomes.with_columns(row=rows))
    assert ask(question, unread).effect == ask(question, before).effect


def test_trial_that_is_not_known_gets_its_number(read):
    """A trial that the evidence does not hold goes by its register number and its treatments."""
    evidence = read["NCT02674399"].evidence
    assert evidence.studies["study_id"].to_list() == ["nct02674399"]
    assert evidence.arms["arm_id"].to_list() == ["ad_msc", "hyaluronic_acid"]
    assert evidence.arms["n_randomised"].to_list() == [19, 9]
    study = evidence.studies.row(0, named=True)
    assert (study["condition"], study["design"], study["blinding"]) == (
        "knee_osteoarthritis",
        "parallel",
        "double",
    )
    assert (study["mean_age"], study["percent_female"], study["year"]) == (52.3, 35.7, 2021)


def test_contradicting_values_are_both_left_out(read):
    """IKDC changed by 7.0 in one outcome and by 55.7 in another: neither is used at 6 months."""
    result = read["NCT02674399"]
    ikdc = result.evidence.outcomes.filter(pl.col("instrument") == "IKDC")
    assert sorted(ikdc["month"]) == [9, 12]
    told = [left for left in result.left_out if "contradicts" in left.reason]
    assert len(told) == 3


def test_spread_that_is_cut_off_is_left_out_and_told(read):
    """The SD that is posted as "6." is no number; the mean stands without it."""
    result = read["NCT02298023"]
    row = result.evidence.outcomes.filter(instrument="UCLA shoulder", mean=24.6)
    assert row["sd"].to_list() == [None]
    assert any("'6.'" in left.what for left in result.left_out)


def test_contrast_has_its_sign_from_the_means(read):
    """The difference is of the arm whose mean is lower, minus the other."""
    row = read["NCT02552212"].evidence.contrasts.row(0, named=True)
    assert (row["arm_a"], row["arm_b"]) == ("czp_200_mg_q2w", "saline")
    assert (row["estimate"], row["ci_low"], row["ci_high"]) == (-1.9, -2.62, -1.18)


def test_record_without_results(records):
    """There is nothing to read in a registration, and in a form that has no results."""
    bare = replace(records["NCT02674399"], raw={"NCTId": ["NCT02674399"]})
    with pytest.raises(InputError, match="has no posted results"):
        read_posted_results(bare)
    with pytest.raises(InputError, match="form without posted results"):
        read_posted_results(Record("isrctn", "ISRCTN88261002", "registration"))
