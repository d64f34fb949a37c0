"""Networks that netmeta has analysed, and ways to fit them."""

import numpy as np
import pytest

from reprieve.synthesis import network

NAMES = (
    "Baker2009_OR", "Dogliotti2014_OR", "Dong2013_OR", "Linde2015_OR", "Senn2013_MD",
    "smokingcessation_OR",
)  # fmt: skip


@pytest.fixture(scope="session")
def fit_contrasts():
    """Fit contrasts in the columns that netmeta names."""

    def fit(data, **options):
        columns = {"study": "study", "treatment1": "treat1", "treatment2": "treat2"}
        return network(data, **columns, effect="TE", se="seTE", **options)

    return fit


@pytest.fixture(scope="session")
def matrix():
    """Read a matrix of the reference files, NaN where NA."""
    return lambda content: np.array(content["values"], dtype=float)


@pytest.fixture(params=NAMES)
def net(request, reference):
    """The reference values of one network."""
    return reference("netmeta/networks")[request.param]


@pytest.fixture
def smoking(reference):
    """24 trials of smoking cessation, four treatments, two trials of three arms."""
    return reference("netmeta/networks")["smokingcessation_OR"]["data"]
