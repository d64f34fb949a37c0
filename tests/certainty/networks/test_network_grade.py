"""GRADE and CINeMA for networks: stars, loops, single trials, and what overrules do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.certainty.grading.overrules import Overrule
from reprieve.certainty.grading.statements import LEVELS
from reprieve.certainty.networks.cinema import cinema, crossings
from reprieve.certainty.networks.comparisons import Setting, TrialNotes
from reprieve.certainty.networks.grade import rate_network
from reprieve.certainty.networks.loops import chain
from reprieve.errors import UnknownWordError
from reprieve.synthesis import network

BIG = {"cells": 1000.0, "saline": 1000.0, "exercise": 1000.0, "drug": 1000.0}


def fit_of(rows, **options):
    """Rows of study, treatment 1, treatment 2, effect and standard error."""
    study, one, two, effect, se = zip(*rows, strict=True)
    return network(
        study=study, treatment1=one, treatment2=two, effect=effect, se=se,
        reference="saline", **options,
    )  # fmt: skip


def notes(rows, bias="low", people=BIG, **more):
    return {row[0]: TrialNotes(bias=bias, people=people, **more) for row in rows}


STAR = [
    ("1", "cells", "saline", -20.0, 1.0),
    ("2", "cells", "saline", -21.0, 1.0),
    ("3", "exercise", "saline", -5.0, 1.0),
]
LOOP = [
    *STAR,
    ("4", "cells", "exercise", -15.0, 1.0),
    ("5", "cells", "exercise", -16.0, 1.0),
    ("6", "exercise", "saline", -5.0, 1.0),
]


def level_of(fit, pair, known=None, **options):
    return rate_network(fit, known, Setting(mcid=10.0), **options).pair(*pair).level


class TestGrade:
    def test_nothing_to_doubt_is_high(self):
        found = rate_network(fit_of(LOOP), notes(LOOP), Setting(mcid=10.0))
        pair = found.pair("cells", "saline")
        assert (pair.level, pair.rests_on, pair.trials) == ("high", "direct", 2)
        assert pair.certainty.reasons == ()
        assert pair.direct.level == pair.indirect.level == "high"
        assert pair.via == ("exercise",)

    def test_what_nobody_judged_is_not_low(self):
        pair = rate_network(fit_of(LOOP), notes(LOOP, "not judged")).pair("cells", "saline")
        assert pair.certainty.domain("risk of bias").downgrade == 1
        assert pair.certainty.provisional

    def test_direct_and_indirect_are_rated_without_imprecision(self):
        pair = rate_network(fit_of(LOOP), notes(LOOP)).pair("cells", "saline")
        for behind in (pair.direct, pair.indirect):
            assert "imprecision" not in [d.domain for d in behind.domains]
        assert pair.certainty.domains[-1].domain == "imprecision"

    def test_indirect_evidence_is_as_sure_as_the_weaker_link(self):
        known = notes(STAR) | {"3": TrialNotes(bias="high", people=BIG)}
        pair = rate_network(fit_of(STAR), known, Setting(mcid=10.0)).pair("cells", "exercise")
        assert pair.rests_on == "indirect"
        assert pair.direct is None
        bias = pair.certainty.domain("risk of bias")
        assert bias.downgrade == 2
        assert "exercise against saline" in bias.reason

    def test_the_network_starts_from_the_higher_of_the_two(self):
        known = notes(LOOP) | {"1": TrialNotes(bias="high", people=BIG),
                               "2": TrialNotes(bias="high", people=BIG)}  # fmt: skip
        pair = rate_network(fit_of(LOOP), known, Setting(mcid=10.0)).pair("cells", "saline")
        assert (pair.direct.level, pair.indirect.level) == ("low", "high")
        assert (pair.rests_on, pair.level) == ("indirect", "high")

    def test_incoherence_costs_levels(self):
        rows = [*STAR, ("4", "cells", "exercise", 20.0, 1.0)]
        fit = fit_of(rows, model="common")
        pair = rate_network(fit, notes(rows), Setting(mcid=10.0)).pair("cells", "saline")
        domain = pair.certainty.domain("incoherence")
        assert domain.inputs["p"] < 0.01
        assert domain.downgrade == 2

    def test_one_kind_of_evidence_alone_is_not_incoherent(self):
        pair = rate_network(fit_of(STAR), notes(STAR)).pair("cells", "exercise")
        domain = pair.certainty.domain("incoherence")
        assert (domain.downgrade, domain.inputs["p"]) == (0, None)

    @pytest.mark.parametrize(
        "other",
        [{"month": 24.0}, {"add_on": True}],
        ids=["visits at other times", "given on top"],
    )
    def test_chains_of_unlike_trials_are_rated_down(self, other):
        known = notes(STAR, month=6.0)
        known["3"] = TrialNotes(**({"bias": "low", "people": BIG, "month": 6.0} | other))
        pair = rate_network(fit_of(STAR), known).pair("cells", "exercise")
        assert pair.certainty.domain("intransitivity").downgrade == 1

    def test_two_nodes_and_a_single_trial_work(self):
        fit = fit_of([("1", "cells", "saline", -5.0, 9.0)])
        (pair,) = rate_network(fit, setting=Setting(mcid=10.0)).pairs
        assert (pair.rests_on, pair.indirect) == ("direct", None)
        assert pair.level == "very low"

    def test_without_a_loop_the_shortest_chain_is_rated(self):
        rows = [
            ("1", "cells", "saline", -9.0, 1.0),
            ("2", "saline", "exercise", 4.0, 1.0),
            ("3", "exercise", "drug", -1.0, 1.0),
        ]
        known = notes(rows) | {"2": TrialNotes(bias="high", people=BIG)}
        pair = rate_network(fit_of(rows), known).pair("cells", "drug")
        assert pair.via == ("saline", "exercise")
        assert pair.certainty.domain("risk of bias").downgrade == 2

    def test_a_trial_of_three_arms_alone_has_direct_evidence_only(self):
        rows = [
            ("1", "cells", "saline", -9.0, 2.0),
            ("1", "cells", "exercise", -5.0, 2.0),
            ("1", "exercise", "saline", -4.0, 2.0),
        ]
        for pair in rate_network(fit_of(rows)).pairs:
            assert pair.rests_on == "direct"

    def test_the_reference_is_the_comparator(self):
        found = rate_network(fit_of(LOOP))
        assert {pair.comparator for pair in found.against_reference()} == {"saline"}
        assert found.pair("saline", "cells") is found.pair("cells", "saline")
        with pytest.raises(UnknownWordError, match="treatment"):
            found.pair("cells", "prayer")

    def test_a_person_may_overrule_unless_the_numbers_move(self):
        fit, known, setting = fit_of(STAR), notes(STAR), Setting(mcid=10.0)
        seen = rate_network(fit, known, setting).pair("cells", "saline").certainty
        row = Overrule(seen.key, "imprecision", "overrule", 1, "too few", "A. Reader",
                       "2026-11-25", seen.domain("imprecision").fingerprint)  # fmt: skip
        pair = rate_network(fit, known, setting, overrules=[row]).pair("cells", "saline")
        assert pair.certainty.domain("imprecision").downgrade == 1
        moved = fit_of([("1", "cells", "saline", -25.0, 1.0), *STAR[1:]])
        again = rate_network(moved, known, setting, overrules=[row]).pair("cells", "saline")
        assert again.certainty.to_look_at[0].domain == "imprecision"
        assert again.certainty.domain("imprecision").downgrade == 0

    def test_every_shape_holds_every_pair(self):
        found = rate_network(fit_of(LOOP), notes(LOOP))
        assert found.to_frame().height == len(found.pairs) == 3
        assert len(found.to_dict()["pairs"]) == 3
        for pair in found.pairs:
            assert pair.treatment in found.summary()
            assert {d["domain"] for d in pair.to_dict()["domains"]} <= {
                "risk of bias", "inconsistency", "indirectness", "publication bias",
                "intransitivity", "incoherence", "imprecision",
            }  # fmt: skip


@given(st.floats(0.5, 20.0), st.floats(1.1, 4.0))
def test_a_wider_interval_never_makes_a_single_trial_surer(se, times):
    def level(width):
        fit = fit_of([("1", "cells", "saline", -12.0, width)])
        known = {"1": TrialNotes(bias="low", people={"cells": 50.0, "saline": 50.0})}
        return LEVELS.index(level_of(fit, ("cells", "saline"), known))

    assert level(se * times) <= level(se)


class TestCinema:
    def setting(self):
        return Setting(mcid=10.0)

    def test_has_the_six_domains(self):
        found = cinema(fit_of(LOOP), notes(LOOP), self.setting()).pair("cells", "saline")
        assert [d.domain for d in found.certainty.domains] == [
            "within-study bias", "reporting bias", "indirectness", "imprecision",
            "heterogeneity", "incoherence",
        ]  # fmt: skip
        assert found.level == "high"

    @pytest.mark.parametrize(("summary", "down"), [("average", 1), ("majority", 2), ("highest", 2)])
    def test_judgements_are_summed_by_what_trials_contribute(self, summary, down):
        known = notes(STAR) | {"3": TrialNotes(bias="high", people=BIG)}
        found = cinema(fit_of(STAR), known, self.setting(), summary=summary)
        domain = found.pair("cells", "exercise").certainty.domain("within-study bias")
        assert domain.inputs["high"] == pytest.approx(0.5)
        assert domain.downgrade == down

    def test_contributions_of_trials_add_up(self):
        found = cinema(fit_of(LOOP), notes(LOOP), self.setting())
        for pair in found.pairs:
            trials = pair.certainty.domain("within-study bias").inputs["trials"]
            assert sum(trials.values()) == pytest.approx(1.0)

    @pytest.mark.parametrize(
        ("interval", "crossed"),
        [((-30, -11), 0), ((-9, 9), 0), ((-20, -5), 1), ((-20, 15), 2), ((5, 12), 1)],
    )
    def test_limits_are_counted_as_the_documentation_does(self, interval, crossed):
        assert crossings(interval, 10.0) == crossed

    def test_star_networks_can_not_be_checked_for_coherence(self):
        found = cinema(fit_of(STAR), notes(STAR), self.setting())
        assert found.pair("cells", "exercise").certainty.domain("incoherence").downgrade == 1
        assert found.pair("cells", "saline").certainty.domain("incoherence").downgrade == 0

    def test_heterogeneity_is_what_prediction_adds(self):
        rows = [(str(i), "cells", "saline", y, 1.0) for i, y in enumerate((-2, -12, -22, -12))]
        found = cinema(fit_of(rows), notes(rows), self.setting()).pairs[0].certainty
        inputs = found.domain("heterogeneity").inputs
        crossed = [crossings(inputs[name], 10.0) for name in ("prediction_interval", "ci")]
        assert crossed == [2, 1]
        assert found.domain("heterogeneity").downgrade == 1

    def test_unknown_summaries_are_refused(self):
        with pytest.raises(UnknownWordError, match="summary"):
            cinema(fit_of(STAR), summary="best")


def test_between_common_comparators_the_one_that_contributes_most_is_taken():
    rows = [
        ("1", "cells", "saline", -9.0, 1.0),
        ("2", "exercise", "saline", -5.0, 1.0),
        ("3", "cells", "drug", -4.0, 5.0),
        ("4", "exercise", "drug", -1.0, 5.0),
    ]
    shares = fit_of(rows).contributions()
    assert chain(("cells", "exercise"), shares.columns, shares) == ("cells", "saline", "exercise")
