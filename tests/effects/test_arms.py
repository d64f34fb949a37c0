"""Arms combined, and one arm at two visits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.effects import arms
from reprieve.errors import InputError

groups = st.lists(
    st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=2, max_size=12, unique=True),
    min_size=2,
    max_size=5,
)


def summarise(samples: list[list[float]]) -> tuple[list[int], list[float], list[float]]:
    return (
        [len(s) for s in samples],
        [float(np.mean(s)) for s in samples],
        [float(np.std(s, ddof=1)) for s in samples],
    )


@given(groups)
def test_combined_arms_are_the_raw_data_together(samples: list[list[float]]) -> None:
    combined = arms.combine_arms(*summarise(samples))
    everyone = np.concatenate(samples)
    assert combined.n == len(everyone)
    assert combined.mean == pytest.approx(everyone.mean(), abs=1e-9)
    assert combined.sd == pytest.approx(everyone.std(ddof=1), abs=1e-9)


@given(groups)
def test_order_of_arms_does_not_matter(samples: list[list[float]]) -> None:
    np.testing.assert_allclose(
        arms.combine_arms(*summarise(samples)),
        arms.combine_arms(*summarise(samples[::-1])),
        rtol=1e-9,
        atol=1e-9,
    )


def test_formula_of_the_handbook() -> None:
    """Cochrane Handbook Table 6.5.a, written out for two groups."""
    n1, m1, s1, n2, m2, s2 = 25, 40.0, 9.0, 31, 47.0, 12.0
    spread = (
        (n1 - 1) * s1**2 + (n2 - 1) * s2**2 + n1 * n2 / (n1 + n2) * (m1**2 + m2**2 - 2 * m1 * m2)
    )
    combined = arms.combine_arms([n1, n2], [m1, m2], [s1, s2])
    assert combined.mean == pytest.approx((n1 * m1 + n2 * m2) / (n1 + n2))
    assert combined.sd == pytest.approx((spread / (n1 + n2 - 1)) ** 0.5)


def test_axis_and_batch() -> None:
    n = np.array([[10, 20, 30], [5, 5, 5]])
    mean, sd = n * 1.5, n * 0.1
    rows = arms.combine_arms(n, mean, sd)
    columns = arms.combine_arms(n.T, mean.T, sd.T, axis=0)
    np.testing.assert_allclose(rows, columns)
    assert rows.n.shape == (2,)
    np.testing.assert_allclose(arms.pooled_sd(n, sd), arms.pooled_sd(n.T, sd.T, axis=0))


def test_pooled_sd_of_alike_groups_is_theirs() -> None:
    assert arms.pooled_sd([7, 99, 3], [4.0, 4.0, 4.0]) == pytest.approx(4)


def test_change_is_final_minus_baseline() -> None:
    change = arms.change_from_baseline([60, 50], 10, [40, np.nan], 10, 0.5)
    assert change.mean[0] == -20
    assert np.isnan(change.mean[1])
    assert change.sd == pytest.approx([10, 10])


def test_missing_arm_makes_the_whole_missing() -> None:
    assert np.isnan(arms.combine_arms([5, np.nan], [1, 2], [1, 1]).mean)


def test_impossible_arm_is_named() -> None:
    with pytest.raises(InputError, match=r"sd\[1\] is -1"):
        arms.combine_arms([5, 5], [1, 2], [1, -1])
