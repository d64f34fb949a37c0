"""Networks of rare events with one effect for all trials: Mantel–Haenszel, and given the total.

Efthimiou et al. 2019 Stat Med 38:2992; R's `netmeta::netmetabin`, whose "NCH" is what is called
CM.AL here.
"""

from __future__ import annotations

import math

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.network_arms import ArmTable, TrialGroup
from reprieve.synthesis.rare.network_mixed import NetworkFit


def fit_conditional(groups: list[TrialGroup], treatments: int) -> NetworkFit:
    """Given the total of events of each trial, their shares follow people times odds.

    The approximation of the non-central hypergeometric distribution for rare events (Stijnen,
    Hamza & Özdemir 2010 Stat Med 29:3046, section 4.2): a multinomial with weights n·exp(d).

    Examples
    --------
    >>> trials = TrialGroup(np.array([[3.0, 6.0]]), np.array([[100.0, 100.0]]), np.array([[0, 1]]))
    >>> round(math.exp(fit_conditional([trials], 2).d[1]), 6)
    2.0
    """
    d = np.zeros(treatments)
    for _ in range(100):
        slope, bend, value = np.zeros(treatments), np.zeros((treatments, treatments)), 0.0
        for group in groups:
            total = group.x.sum(axis=1, keepdims=True)
            weight = group.n * np.exp(d[group.t])
            mass = weight.sum(axis=1, keepdims=True)
            p = weight / mass
            value += float((group.x * np.log(p)).sum())
            np.add.at(slope, group.t, group.x - total * p)
            arms = np.eye(p.shape[1]) * p[:, :, None] - p[:, :, None] * p[:, None, :]
            np.add.at(bend, (group.t[:, :, None], group.t[:, None, :]), total[..., None] * arms)
        step = np.linalg.solve(bend[1:, 1:], slope[1:])
        d[1:] += np.clip(step, -2.0, 2.0)
        if np.abs(d).max() > 30:
            break
        if np.abs(step).max() < 1e-12 * (1 + np.abs(d).max()):
            cov = np.zeros_like(bend)
            cov[1:, 1:] = np.linalg.inv(bend[1:, 1:])
            return NetworkFit(d, cov, math.nan, value)
    raise SynthesisError(
        "a log odds ratio has no finite estimate: between two parts of the network events were "
        "seen on one side only. Give exact bounds (`upper_bound`), or lump treatments"
    )


def without_sparse_arms(arms: ArmTable) -> ArmTable:
    """The arms whose odds, added up over trials of one design, are neither zero nor infinite.

    Mantel–Haenszel pools designs (sets of treatments) first, so that an arm without an event in
    any trial of its design has no share.
    """
    design = {
        label: tuple(sorted(arms.treatment[i] for i in places))
        for label, places in arms.trials.items()
    }
    members: dict[tuple[tuple[str, ...], str], list[int]] = {}
    for i, (label, name) in enumerate(zip(arms.study, arms.treatment, strict=True)):
        members.setdefault((design[label], name), []).append(i)
    faults: dict[int, str] = {}
    for (treatments, name), places in members.items():
        events, others = arms.x[places].sum(), (arms.n - arms.x)[places].sum()
        if not events or not others:
            who = "nobody" if not events else "everybody"
            faults |= dict.fromkeys(
                places, f"{who} with {name} has the event in trials of {' v '.join(treatments)}"
            )
    for places in arms.trials.values():
        left = [i for i in places if i not in faults]
        if len(left) == 1:
            faults[left[0]] = "the trial has no other arm to compare with"
    kept = [i for i in range(len(arms.study)) if i not in faults]
    if not kept:
        raise SynthesisError(
            "Mantel–Haenszel has no trial to use: in every design a treatment has no event, or "
            "only events. Take UM.FS, which keeps such arms"
        )
    return ArmTable(
        tuple(arms.study[i] for i in kept),
        tuple(arms.treatment[i] for i in kept),
        arms.x[kept],
        arms.n[kept],
        (*arms.excluded, *(Excluded(0, arms.study[i], why) for i, why in sorted(faults.items()))),
    )


def fit_mantel_haenszel(arms: ArmTable, design_of: dict[str, tuple[str, ...]]) -> NetworkFit:
    """Mantel–Haenszel within designs, then generalised least squares over them.

    Parameters
    ----------
    arms : ArmTable
        After `without_sparse_arms`.
    design_of : dict of str to tuple of str
        The design of each trial as it was reported.
    """
    names = arms.treatments
    number = {name: i for i, name in enumerate(names)}
    information = np.zeros((len(names), len(names)))
    weighted = np.zeros(len(names))
    pooled: dict[tuple[str, ...], list[list[int]]] = {}
    for label, places in arms.trials.items():
        ordered = sorted(places, key=lambda i: number[arms.treatment[i]])
        pooled.setdefault(design_of[label], []).append(ordered)
    for trials in pooled.values():
        t = [number[arms.treatment[i]] for i in trials[0]]
        y, cov = _design(arms.x[trials], arms.n[trials])
        contrasts = np.zeros((len(y), len(names)))
        contrasts[np.arange(len(y)), t[1:]] = 1.0
        contrasts[:, t[0]] -= 1.0
        weight = np.linalg.inv(cov)
        information += contrasts.T @ weight @ contrasts
        weighted += contrasts.T @ weight @ y
    cov = np.zeros_like(information)
    cov[1:, 1:] = np.linalg.inv(information[1:, 1:])
    return NetworkFit(cov @ weighted, cov, math.nan, math.nan)


def _design(x: Array, n: Array) -> tuple[Array, Array]:
    """Log odds ratios against the first arm, pooled over trials (k, a), and their covariance.

    Greenland 1989 Biometrics 45:183: the estimates L of all pairs, and the means over third arms
    that make them add up.
    """
    arms = x.shape[1]
    rest, total = n - x, n.sum(axis=1)[:, None, None]
    c = x[:, :, None] * rest[:, None, :] / total
    d = (x[:, :, None] + rest[:, None, :]) / total
    C = c.sum(axis=0)
    with np.errstate(divide="ignore"):
        L = np.log(C / C.T)
    cov = _pair_covariance(x, n, rest, c, d, C)
    sums = np.zeros((arms, arms))  # covariance of L summed over the second arm
    for i in range(arms):
        for j in range(arms):
            sums[i, j] = cov[i, :, j, :].sum()
    to = np.hstack([-np.ones((arms - 1, 1)), np.eye(arms - 1)]) / arms
    return to @ L.sum(axis=1), to @ sums @ to.T


def _pair_covariance(x: Array, n: Array, rest: Array, c: Array, d: Array, C: Array) -> Array:
    """Covariance of the log odds ratios of all ordered pairs of arms, shape (a, a, a, a)."""
    arms = x.shape[1]
    found = np.zeros((arms,) * 4)
    square = n.sum(axis=1) ** 2
    for i in range(arms):
        for j in range(arms):
            if i == j:
                continue
            own = (
                (c[:, i, j] * d[:, i, j]).sum() / (2 * C[i, j] ** 2)
                + (c[:, i, j] * d[:, j, i] + c[:, j, i] * d[:, i, j]).sum()
                / (2 * C[i, j] * C[j, i])
                + (c[:, j, i] * d[:, j, i]).sum() / (2 * C[j, i] ** 2)
            )
            _place(found, i, j, j, own)
            for m in range(arms):
                if m in (i, j):
                    continue
                shared = (
                    (x[:, i] * rest[:, j] * rest[:, m] / square).sum() / (C[i, j] * C[i, m])
                    + (n[:, i] * rest[:, j] * x[:, m] / square).sum() / (C[i, j] * C[m, i])
                    + (n[:, i] * x[:, j] * rest[:, m] / square).sum() / (C[j, i] * C[i, m])
                    + (rest[:, i] * x[:, j] * x[:, m] / square).sum() / (C[j, i] * C[m, i])
                ) / 3
                _place(found, i, j, m, shared)
    return found


def _place(found: Array, i: int, j: int, m: int, value: float) -> None:
    """Covariance of L_ij and L_im, and of their reverses, whose sign is the other one."""
    found[i, j, i, m] = found[j, i, m, i] = value
    found[i, j, m, i] = found[j, i, i, m] = -value
