"""Networks that netmeta has analysed, and ways to fit them."""

import numpy as np
import pytest

from reprieve.synthesis import network

NAMES = (
    "Baker2009_OR", "Dogliotti2014_OR", "Dong2013_OR", "Franchini2012_MD", "Gurusamy2011_OR",
    "Linde2015_OR", "Linde2016_OR", "Senn2013_MD", "Stowe2010_MD", "Woods2010_OR",
    "dietaryfat_IRR", "smokingcessation_OR", "smokingcessation_RD",
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


@pytest.fixture(scope="session")
def dense():
    """A network written out plainly: contrasts against the first arm, full covariances."""
    return written_out


def written_out(fit, reference=0):
    """y, V, the matrix that τ² multiplies, and the design without the reference."""
    rows, n = fit.trials.rows, fit.n
    y, X, V, T = [], [], [], []
    for s in range(fit.k):
        mine = np.flatnonzero(rows.study == s)
        value = {(rows.a[e], rows.b[e]): (rows.y[e], rows.v[e]) for e in mine}
        value |= {(b, a): (-x, v) for (a, b), (x, v) in value.items()}
        first, *others = sorted({*rows.a[mine], *rows.b[mine]})
        y += [value[t, first][0] for t in others]
        X += [(np.arange(n) == t) * 1.0 - (np.arange(n) == first) for t in others]
        own = [value[t, first][1] for t in others]
        between = [[value[t, u][1] if t != u else 0.0 for u in others] for t in others]
        V.append((np.add.outer(own, own) - between) / 2)
        T.append((1 + np.eye(len(others))) / 2)
    return np.array(y), _blocks(V), _blocks(T), np.delete(np.array(X), reference, axis=1)


def _blocks(parts):
    size = sum(map(len, parts))
    out, at = np.zeros((size, size)), 0
    for part in parts:
        out[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    return out
