import json
import math

import numpy as np
import pytest
from scipy.stats import norm

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis
from reprieve.synthesis.variation.worthwhile import _draws, worthwhile_share

Y, SE = [-12.0, -4.0, -9.0, -15.0, -2.0, -11.0], [4.0, 3.0, 5.0, 4.5, 2.5, 3.5]


def test_normal_share_by_hand_and_in_r(reference):
    # pnorm((-0.5 - b)/tau) of rma(yi, vi) on the BCG log risk ratios
    data = reference("metafor/regression")["bcg_RR"]
    found = worthwhile_share(effect=data["yi"], variance=data["vi"], mcid=0.5)
    assert found.settings.estimate == pytest.approx(0.649255601254, abs=1e-6)
    fit = found.fit
    share = norm.cdf((-0.5 - fit.estimate) / fit.tau)
    assert found.settings.estimate == pytest.approx(share, rel=1e-12)
    assert found.harmed.estimate == pytest.approx(norm.sf((0.5 - fit.estimate) / fit.tau))
    # its delta-method standard error is 0.1249: the interval is of that order
    assert 0.3 < found.settings.high - found.settings.low < 0.65


def test_calibrated_share_is_that_of_metautility(reference):
    # calib_ests(yi, sei, method="DL") of MetaUtility: 7 of 13 lie below −0.5
    data = reference("metafor/regression")["bcg_RR"]
    found = worthwhile_share(effect=data["yi"], variance=data["vi"], mcid=0.5, method="DL")
    assert found.calibrated.estimate == pytest.approx(7 / 13)
    assert found.calibrated.low < 7 / 13 < found.calibrated.high


def test_people_follow_the_normal_model():
    found = worthwhile_share(effect=Y, se=SE, mcid=10, control_change=-8, sd=25)
    mean = found.fit.estimate
    assert found.untreated.estimate == pytest.approx(100 * norm.cdf((-10 + 8) / 25))
    assert found.treated.estimate == pytest.approx(100 * norm.cdf((-10 + 8 - mean) / 25))
    assert found.more.estimate == pytest.approx(found.treated.estimate - found.untreated.estimate)
    assert found.more.low < found.more.estimate < found.more.high
    wide, narrow = found.new_setting, found.more
    assert wide.high - wide.low > narrow.high - narrow.low


def test_higher_is_better_is_the_mirror():
    found = worthwhile_share(effect=Y, se=SE, mcid=10, control_change=-8, sd=25)
    mirror = worthwhile_share(
        effect=[-y for y in Y], se=SE, mcid=10, control_change=8, sd=25, better="higher"
    )
    assert mirror.settings.estimate == pytest.approx(found.settings.estimate)
    assert mirror.harmed.estimate == pytest.approx(found.harmed.estimate)
    assert mirror.treated.estimate == pytest.approx(found.treated.estimate)
    assert mirror.calibrated.estimate == pytest.approx(found.calibrated.estimate)


def test_draws_of_tau_follow_the_q_profile_interval():
    fit = meta_analysis(effect=Y, se=SE)
    drawn = worthwhile_share(fit, mcid=4, draws=100_000)
    assert drawn.settings.low < drawn.settings.estimate < drawn.settings.high
    mean, tau = _draws(fit, 100_000, np.random.default_rng(5))
    low, high = fit.tau2_interval("QP")
    # Q falls in τ²: the low draws of χ² are the high draws of τ²
    assert np.quantile(tau**2, [0.025, 0.975]) == pytest.approx([low, high], rel=0.05, abs=1e-9)
    assert mean.mean() == pytest.approx(fit.estimate, abs=0.3)


def test_no_heterogeneity():
    found = worthwhile_share(effect=[-5.0, -5.1, -4.9], se=[2.0, 2.0, 2.0], mcid=4)
    assert found.settings.estimate == 1.0
    assert math.isnan(found.calibrated.low)
    assert any("τ² is estimated as zero" in warning for warning in found.warnings)
    json.dumps(found.to_dict(), allow_nan=False)
    assert "–" in found.summary()


def test_words_table_and_json():
    found = worthwhile_share(effect=Y, se=SE, mcid=10, control_change=-8, sd=25)
    assert "In 31 % of settings" in found.conclusion
    assert found.to_frame().height == 7
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.draws(4, seed=1).shape == (4,)
    only = worthwhile_share(effect=Y, se=SE, mcid=10)
    assert only.more is None
    assert only.to_frame().height == 3


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"mcid": 0}, "mcid"),
        ({"mcid": -10}, "mcid"),
        ({"better": "up"}, "better"),
        ({"sd": 25}, "control_change"),
        ({"sd": -1, "control_change": 0}, "sd"),
    ],
)
def test_bad_calls(more, message):
    with pytest.raises(InputError, match=message):
        worthwhile_share(effect=Y, se=SE, **({"mcid": 10} | more))


def test_no_spread_between_settings():
    with pytest.raises(SynthesisError, match="common-effect"):
        worthwhile_share(effect=Y, se=SE, mcid=10, method="EE")
    with pytest.raises(SynthesisError, match="at least 2"):
        worthwhile_share(effect=[1.0], se=[1.0], mcid=10)


@pytest.mark.slow
def test_coverage_of_the_share_of_settings():
    rng, held, runs = np.random.default_rng(8), 0, 400
    truth = norm.cdf((-1 + 0.8) / 0.5)
    for _ in range(runs):
        v = rng.uniform(0.02, 0.1, 15)
        y = rng.normal(-0.8, np.sqrt(0.25 + v))
        low, high = worthwhile_share(effect=y, variance=v, mcid=1, draws=2000).settings[1:]
        held += low <= truth <= high
    assert held / runs > 0.95 - 3 * (0.05 * 0.95 / runs) ** 0.5
