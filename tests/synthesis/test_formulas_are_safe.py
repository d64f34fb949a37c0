"""A formula is evaluated, so it may compute and nothing else."""

import pytest

from reprieve.errors import InputError
from reprieve.synthesis import meta_regression

DATA = {
    "yi": [0.1, 0.4, 0.2, 0.5, 0.3, 0.6],
    "vi": [0.02, 0.03, 0.02, 0.04, 0.03, 0.02],
    "m": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    "class": list("xxyyxy"),
}


@pytest.mark.parametrize(
    "formula",
    [
        '~ np.save("here", m)',
        '~ m.to_csv("here")',
        '~ (m).to_csv("here")',
        '~ `m`.to_csv("here")',
        "~ np.ctypeslib.os.system('true')",
        "~ m . to_csv('here')",
        "~ {m.to_csv('here')}",
        '~ C(m, Treatment("zz"))',
        "~ class | class",
        "~ m + C(class)",
        "~ m + (",
        "~ open('here', 'w')",
    ],
)
def test_what_is_no_formula_is_one_clear_error(formula, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="formula"):
        meta_regression(formula, DATA, effect="yi", variance="vi")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "formula", ["~ np.log(m)", "~ log(m)", "~ class", "~ np.sqrt(m) + class", "~ C(m > 3)"]
)
def test_what_a_formula_needs_is_allowed(formula):
    assert meta_regression(formula, DATA, effect="yi", variance="vi").k == 6
