import numpy as np
import pytest
from scipy.special import chdtr

from reprieve.synthesis.quadratic_forms import weighted_chi2_cdf


@pytest.mark.parametrize("scale", [[1.0, 1.0, 1.0], [2.5] * 6])
def test_equal_weights_are_chi_squared(scale):
    for q in (0.1, 1.0, 5.0, 40.0):
        assert weighted_chi2_cdf(q, scale) == pytest.approx(
            chdtr(len(scale), q / scale[0]), abs=1e-13
        )


@pytest.mark.parametrize("ratio", [1.5, 20.0, 3000.0])
def test_pairs_of_weights_are_sums_of_exponentials(ratio):
    # two exponentials of means 2a and 2b
    a, b = ratio, 1.0
    for q in (0.01 * a, a, 4 * a, 20 * a):
        tail = (a * np.exp(-q / (2 * a)) - b * np.exp(-q / (2 * b))) / (a - b)
        assert weighted_chi2_cdf(q, [a, a, b, b]) == pytest.approx(1 - tail, abs=1e-10)


def test_ends():
    assert weighted_chi2_cdf(0.0, [1.0, 2.0]) == 0
    assert weighted_chi2_cdf(-1.0, [1.0, 2.0]) == 0
    assert weighted_chi2_cdf(1e6, [1.0, 2.0]) == pytest.approx(1)
