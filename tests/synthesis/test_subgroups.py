import pytest

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis
from reprieve.synthesis.diagnostics.by_subgroup import subgroups

CELLS = [
    (4, 119, 11, 128, "random"), (6, 300, 29, 274, "random"), (3, 228, 11, 209, "random"),
    (62, 13536, 248, 12619, "random"), (33, 5036, 47, 5761, "alternate"),
    (180, 1361, 372, 1079, "alternate"), (8, 2537, 10, 619, "random"),
    (505, 87886, 499, 87892, "random"), (29, 7470, 45, 7232, "random"),
    (17, 1699, 65, 1600, "systematic"), (186, 50448, 141, 27197, "systematic"),
    (5, 2493, 3, 2338, "systematic"), (27, 16886, 29, 17825, "systematic"),
]  # fmt: skip
"""dat.bcg of the R package metafor: cases and others with vaccine, and without; allocation."""


def _bcg():
    from math import log

    effect = [log(a / (a + b) / (c / (c + d))) for a, b, c, d, _ in CELLS]
    variance = [1 / a - 1 / (a + b) + 1 / c - 1 / (c + d) for a, b, c, d, _ in CELLS]
    return meta_analysis(effect=effect, variance=variance, test="z"), [row[-1] for row in CELLS]


def test_means_and_their_test_are_those_of_metafor():
    # metafor 3.8-1, R 4.2.2: rma(yi, vi, subset = alloc == …) with threshold 1e-12 for each;
    # then rma(estimates, sei = standard errors, method = "FE")$QE and $QEp
    found = subgroups(*_bcg())
    assert list(found.fits) == ["random", "alternate", "systematic"]
    assert [fit.estimate for fit in found.fits.values()] == pytest.approx(
        [-0.970964704263, -0.540792961849, -0.424207391511], rel=1e-6
    )
    assert [fit.se for fit in found.fits.values()] == pytest.approx(
        [0.275956102973, 0.281601613104, 0.359745232433], rel=1e-6
    )
    assert (found.Q, found.df) == (pytest.approx(1.861444946155, rel=1e-6), 2)
    assert found.p == pytest.approx(0.394268758886, rel=1e-6)


def test_the_fit_keeps_its_settings_and_the_difference_is_tested_normally():
    fit, labels = _bcg()
    hartung = meta_analysis(effect=fit.y, variance=fit.v, method="DL", test="knha", level=0.9)
    found = subgroups(hartung, labels)
    assert {(part.method, part.test, part.level) for part in found.fits.values()} == {
        ("DL", "knha", 0.9)
    }
    plain = meta_analysis(effect=fit.y, variance=fit.v, method="DL", test="z")
    assert found.Q == subgroups(plain, labels).Q


def test_labels_may_be_a_column_and_cover_rows_left_out():
    data = {"y": [1.0, None, 3.0, 5.0], "se": [1.0, 1.0, 1.0, 1.0], "part": ["a", "b", "c", "c"]}
    fit = meta_analysis(data, effect="y", se="se")
    found = subgroups(fit, "part", data)
    assert found.labels == ("a", "c", "c")
    assert found.to_frame()["k"].to_list() == [1, 2]
    assert found.to_dict()["difference"]["df"] == 1
    assert "Difference of their means" in found.summary()


@pytest.mark.parametrize(
    ("labels", "error", "said"),
    [
        (["a"], InputError, "1 subgroup labels were given, but the fit has 13"),
        (["a"] * 13, SynthesisError, "all studies are in one subgroup"),
        ([*["a"] * 12, None], InputError, "study '13' has no subgroup label"),
    ],
)
def test_bad_labels_are_refused(labels, error, said):
    with pytest.raises(error, match=said):
        subgroups(_bcg()[0], labels)
