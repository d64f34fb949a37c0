"""P-scores and SUCRA against netmeta; probabilities of ranks against integrals."""

import numpy as np
import pytest
from scipy.special import ndtr

from reprieve.errors import InputError


@pytest.mark.parametrize(("small", "word"), [("desirable", "good"), ("undesirable", "bad")])
def test_p_scores(net, small, word, fit_contrasts):
    for options, expected in (
        ({}, net["random_DL"][f"Pscore_small_{word}"]),
        ({"model": "common"}, net[f"Pscore_common_small_{word}"]),
    ):
        fit = fit_contrasts(net["data"], small_values=small, **options)
        assert dict(zip(fit.treatments, fit.p_scores, strict=True)) == pytest.approx(
            expected, abs=1e-10
        )


def test_sucra_is_the_p_score(net, fit_contrasts):
    fit = fit_contrasts(net["data"], small_values="undesirable")
    table = fit.ranks(20_000).to_frame()
    assert table["sucra"].to_numpy() == pytest.approx(table["p_score"].to_numpy(), abs=0.01)


def test_sucra_of_netmeta_knows_no_covariance(net, fit_contrasts):
    # it draws treatments independently, with variances whose sums come nearest to those of pairs
    fit = fit_contrasts(net["data"])
    i, j = fit.pairs
    both = np.eye(fit.n)[i] + np.eye(fit.n)[j]
    own = np.linalg.lstsq(both, fit.standard_errors**2)[0]
    theta = fit.fit.theta
    better = ndtr((theta[:, None] - theta) / np.sqrt(own[:, None] + own))
    alone = (better.sum(axis=1) - 0.5) / (fit.n - 1)
    assert dict(zip(fit.treatments, alone, strict=True)) == pytest.approx(
        net["random_DL"]["SUCRA_sim"]["sucra"], abs=0.008
    )


def test_ranks(smoking, fit_contrasts):
    fit = fit_contrasts(smoking)
    ranks = fit.ranks(20_000)
    assert ranks.probabilities.sum(axis=0) == pytest.approx(np.ones(4))
    assert ranks.probabilities.sum(axis=1) == pytest.approx(np.ones(4))
    assert ranks.among_best(4) == pytest.approx(np.ones(4))
    table = ranks.to_frame()
    assert table["treatment"].to_list() == ["A", "B", "C", "D"]
    assert (table["rank_low"] <= table["median_rank"]).all()
    assert (table["median_rank"] <= table["rank_high"]).all()
    assert "Ranks" in ranks.summary()
    assert (fit.ranks(500).probabilities == fit.ranks(500).probabilities).all()
    with pytest.raises(InputError, match="1 to 4"):
        ranks.among_best(5)


def test_among_the_best(smoking, fit_contrasts):
    fit = fit_contrasts(smoking)
    found = fit.probability_among_best(2)
    assert found["probability"].sum() == pytest.approx(2)
    assert found["probability"].is_sorted(descending=True)
    chance = dict(found.iter_rows())
    expected = dict(zip(fit.treatments, fit.ranks().among_best(2), strict=True))
    assert chance == pytest.approx(expected)
    assert found["treatment"][0] == "A"
    best = fit.probability_among_best(1, n=40_000).filter(treatment="A")["probability"].item()
    others = fit.draws(40_000, seed=7)
    assert best == pytest.approx((others.argmin(axis=1) == 0).mean(), abs=0.01)


def test_better_by_a_worthwhile_difference(smoking, fit_contrasts):
    fit = fit_contrasts(smoking)
    found = fit.probability_better(by=0.3)
    row = found.filter((found["treatment1"] == "A") & (found["treatment2"] == "C"))
    relative = fit.relative("A", "C")
    assert row["probability"].item() == pytest.approx(
        ndtr((-relative.estimate - 0.3) / relative.se)
    )
    other = fit_contrasts(smoking, small_values="undesirable").probability_better(by=0.3)
    turned = other.filter((other["treatment1"] == "C") & (other["treatment2"] == "A"))
    assert turned["probability"].item() == pytest.approx(row["probability"].item())
    with pytest.raises(InputError, match="zero or more"):
        fit.probability_better(by=-1)


def test_probability_of_an_order(smoking, fit_contrasts):
    fit = fit_contrasts(smoking)
    pair = fit.probability_better()
    exact = pair.filter((pair["treatment1"] == "B") & (pair["treatment2"] == "D"))["probability"]
    assert fit.hierarchy(["B", "D"], n=40_000) == pytest.approx(exact.item(), abs=0.01)
    assert fit.hierarchy(["B", "D"]) + fit.hierarchy(["D", "B"]) == pytest.approx(1)
    with pytest.raises(InputError, match="two or more"):
        fit.hierarchy(["A", "A"])
