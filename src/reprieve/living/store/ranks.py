"""Places in an order that leave room between any two: hexadecimal fractions, as text.

A row that is put between two others needs a place between theirs; nobody else moves. The texts
sort by their characters: ``"8"`` stands before ``"81"``, that before ``"9"``.
"""

from __future__ import annotations

_DIGITS = 8
_STEP = 256
"""How far apart rows at the open end are placed; that much room is left for later ones between."""


def ranks_between(low: str, high: str, count: int) -> list[str]:
    """Places for `count` rows after the one at `low` and before the one at `high`.

    Parameters
    ----------
    low, high : str
        Places of the neighbours; empty where there is none.
    count : int

    Returns
    -------
    list of str
        In order, all between the two.

    Examples
    --------
    >>> ranks_between("", "", 3)
    ['000001', '000002', '000003']
    >>> ranks_between("000001", "000002", 1)
    ['0000018']
    """
    digits = max(len(low), len(high), _DIGITS)
    while True:
        start = int(low.ljust(digits, "0"), 16)
        end = int(high.ljust(digits, "0"), 16) if high else 16**digits
        if end - start > count:
            break
        digits += 1
    step = (end - start) // (count + 1)
    if not high:
        step = min(step, _STEP)
    # Zeros at the end would make two texts of one fraction.
    return [f"{start + step * i:0{digits}x}".rstrip("0") for i in range(1, count + 1)]
