"""Direct and indirect evidence, designs, paths and contributions against netmeta."""

import math

import numpy as np
import pytest

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import network


def unordered(name):
    return tuple(sorted(name.split(":")))


def floats(values):
    return np.array(values, dtype=float)


@pytest.mark.parametrize("model", ["common", "random"])
def test_netsplit(net, model, fit_contrasts):
    expected = net["netsplit_common"] if model == "common" else net["random_DL"]["netsplit"]
    fit = fit_contrasts(net["data"], model=model)
    rows = {(r["treatment1"], r["treatment2"]): r for r in fit.to_dict()["effects"]}
    splits = {(r["treatment1"], r["treatment2"]): r for r in fit.to_dict()["split"]}
    seen = 0
    for q, name in enumerate(expected["comparison"]):
        pair = tuple(name.split(":"))
        sign = 1 if pair in rows else -1
        row = rows[pair if sign == 1 else pair[::-1]]
        assert row["proportion_direct"] == pytest.approx(expected["prop_direct"][q], abs=1e-10)
        for kind in ("direct", "indirect"):
            estimate, se = (expected[kind][column][q] for column in ("TE", "seTE"))
            if estimate is None:
                assert row[kind] is None
            else:
                assert sign * row[kind] == pytest.approx(estimate, abs=1e-10)
                assert row[f"{kind}_se"] == pytest.approx(se, rel=1e-10)
        difference = expected["diff"]["TE"][q]
        if difference is not None:
            split = splits[pair if sign == 1 else pair[::-1]]
            assert sign * split["difference"] == pytest.approx(difference, abs=1e-10)
            assert split["p"] == pytest.approx(expected["diff"]["p"][q], rel=1e-8)
            seen += 1
    assert seen > 1


def test_decomposition_by_designs(net, fit_contrasts):
    expected, found = net["decomp_design"], fit_contrasts(net["data"]).coherence()
    for row, test in enumerate((found.total, found.within, found.between)):
        assert pytest.approx(expected["Q_decomp"]["Q"][row], rel=1e-10) == test.Q
        assert test.df == expected["Q_decomp"]["df"][row]
        assert test.p == pytest.approx(expected["Q_decomp"]["pval"][row], rel=1e-8)
    full = {name: np.ravel(expected["Q_inc_random"][name])[0] for name in ("Q", "df", "pval")}
    assert tuple(found.interaction) == pytest.approx(tuple(full.values()), rel=1e-9)
    within = np.ravel(expected["Q_inc_random"]["tau.within"])[0]
    assert math.sqrt(found.tau2_within) == pytest.approx(within, rel=1e-10)
    rows = {unordered(row["design"]): row for row in found.designs.to_dicts()}
    own = expected["Q_het_design"]
    assert len(own["design"]) == len(rows)
    for name, Q, df in zip(own["design"], own["Q"], own["df"], strict=True):
        row = rows[unordered(name)]
        assert (row["Q"], row["df"]) == pytest.approx((Q, df), abs=1e-10)
    left = expected["Q_inc_detach"]
    assert len(left["design"]) == sum(row["detached_Q"] is not None for row in rows.values())
    for name, Q, df in zip(left["design"], left["Q"], left["df"], strict=True):
        row = rows[unordered(name)]
        assert (row["detached_Q"], row["detached_df"]) == pytest.approx((Q, df), abs=1e-9)


def test_net_heat(net, fit_contrasts):
    reference = net["random_DL"].get("reference") or {
        "Dong2013_OR": "Placebo", "Linde2015_OR": "Placebo", "Linde2016_OR": "Placebo",
        "Senn2013_MD": "plac",
    }.get(net["dataset"])  # fmt: skip
    fit = fit_contrasts(net["data"], reference=reference)
    heat, expected = fit.net_heat(), net["decomp_design"]
    assert sorted(heat.Q) == pytest.approx(sorted(expected["Q_inc_design"].values()), abs=1e-10)
    left = {row["design"]: row["detached_Q"] for row in fit.coherence().designs.to_dicts()}
    total = fit.coherence().between.Q
    for c, (design, _) in enumerate(heat.rows):
        if left[design] is None:
            assert np.isnan(heat.change[:, c]).all()
        else:  # the column sums to what detaching the design takes off Q
            assert heat.change[:, c].sum() == pytest.approx(total - left[design], abs=1e-9)
    two_arms = [i for i, (design, _) in enumerate(heat.rows) if design.count(":") == 1]
    assert (np.diag(heat.hat)[two_arms] > 0).all()
    assert np.trace(heat.hat) == pytest.approx(fit.n - 1)
    assert heat.to_frame().height == len(heat.rows) ** 2
    assert np.isfinite(fit.net_heat(random=True).Q).all()
    assert "goes its own way" in heat.summary()


def test_netmeasures(net, fit_contrasts):
    found, expected = fit_contrasts(net["data"]).measures(), net["netmeasures"]
    names = [f"{a}:{b}" for a, b in found.select("treatment1", "treatment2").iter_rows()]
    assert names == expected["comparison"]
    for mine, theirs in (
        ("proportion_direct", "proportion"),
        ("mean_path", "meanpath"),
        ("minimal_parallelism", "minpar"),
    ):
        assert found[mine].to_numpy() == pytest.approx(floats(expected[theirs]), abs=1e-10)


@pytest.mark.parametrize("method", ["shortestpath", "randomwalk"])
def test_contributions(net, method, fit_contrasts, matrix):
    expected = net["random_DL"]["contribution"][method]
    found = fit_contrasts(net["data"]).contributions(method)
    rows = [":".join(pair) for pair in found.rows]
    assert rows == expected["rows"] or net["dataset"] == "Linde2016_OR"  # it keeps some rows
    kept = [rows.index(name) for name in expected["rows"]]
    assert [":".join(pair) for pair in found.columns] == expected["cols"]
    assert found.shares[kept] == pytest.approx(matrix(expected), abs=1e-10)
    assert found.shares.sum(axis=1) == pytest.approx(np.ones(len(found.rows)))
    assert found.to_frame().height == len(found.rows)
    assert method in found.summary()
    assert found.to_dict()["shares"][0][0] == found.shares[0, 0]


def test_comparison_adjusted_egger(net, fit_contrasts):
    expected, fit = net["egger_comparison_adjusted"], fit_contrasts(net["data"])
    found = fit.asymmetry(expected["order"])
    if expected["bias"] is None:
        assert fit.m < 10  # netmeta tests no asymmetry of so few
        return
    theirs = (expected["bias"], expected["se_bias"], np.ravel(expected["p"])[0])
    assert (found.bias, found.se, found.p) == pytest.approx(theirs, rel=1e-9)
    assert found.df == np.ravel(expected["df"])[0]
    assert "bias" in found.summary()
    assert len(found.to_dict()["points"]) == fit.m
    assert found.to_frame().height == fit.m
    with pytest.raises(InputError, match="every treatment once"):
        fit.asymmetry(expected["order"][1:])


def test_sidde_is_a_network_without_the_direct_trials(smoking, fit_contrasts):
    fit = fit_contrasts(smoking)
    row = next(
        r
        for r in fit.split("SIDDE").to_dict()["split"]
        if (r["treatment1"], r["treatment2"]) == ("A", "B")
    )
    rows = list(zip(*(smoking[name] for name in ("study", "treat1", "treat2")), strict=True))
    direct = {study for study, *pair in rows if set(pair) == {"A", "B"}}
    keep = [i for i, study in enumerate(smoking["study"]) if study not in direct]
    rest = fit_contrasts({name: [values[i] for i in keep] for name, values in smoking.items()})
    other = rest.relative("A", "B")
    assert (row["indirect"], row["indirect_se"]) == pytest.approx((other.estimate, other.se))
    assert row["difference"] == pytest.approx(row["direct"] - other.estimate)
    with pytest.raises(UnknownWordError, match="back-calculation"):
        fit.split("half")


def test_a_tree_has_nothing_to_disagree_about():
    tree = network(
        study=["1", "2", "3"],
        treatment1=["a", "a", "b"],
        treatment2=["b", "b", "c"],
        effect=[1.0, 2.0, 0.5],
        se=[0.5, 0.5, 0.4],
    )
    assert tree.coherence().between[:2] == (0.0, 0)
    assert [row["indirect"] for row in tree.split().to_dict()["split"]] == [None, None]
    assert tree.coherence().designs["detached_Q"].null_count() == 2
    with pytest.raises(SynthesisError, match="no loop"):
        tree.net_heat()
