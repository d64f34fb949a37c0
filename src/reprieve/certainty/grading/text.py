"""Numbers in sentences."""

from __future__ import annotations

from reprieve.synthesis.base import Interval


def number_text(value: float) -> str:
    """A number with one decimal where it has one, and a true minus.

    Examples
    --------
    >>> number_text(-4.234), number_text(17.5), number_text(20.0)
    ('−4.2', '17.5', '20')
    """
    rounded = round(value, 1) + 0.0
    return f"{rounded:.1f}".removesuffix(".0").replace("-", "−")


def interval_text(ends: Interval) -> str:
    """Both ends with one decimal.

    Examples
    --------
    >>> interval_text((-9.69, 1.2))
    '−9.7 to 1.2'
    """
    return " to ".join(f"{round(end, 1) + 0.0:.1f}".replace("-", "−") for end in ends)


def share_text(share: float) -> str:
    """A share of the weight in percent.

    Examples
    --------
    >>> share_text(0.666), share_text(0.002)
    ('67%', 'under 1%')
    """
    return "under 1%" if 0 < share < 0.005 else f"{100 * share:.0f}%"
