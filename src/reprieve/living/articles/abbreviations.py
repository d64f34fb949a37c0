"""What short names stand for, as the text of an article and the notes of its tables say."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DEFINED = re.compile(
    r"(?:^|[;,.:]\s*|\s)(?P<short>[A-Z][A-Za-z0-9+ -]{0,11}?)\s?(?P<sign>=|:|,|—|–)\s*"
    r"(?P<long>[a-zA-Z][a-zA-Z0-9 +/-]{3,80}?)(?=[;,.]|$)"
)
_LETTER = r"(?:[A-E]|[1-6]|I{1,3}|IV|V)"
_GROUP_DEFINED = re.compile(
    rf"\b[Gg]roup (?P<short>{_LETTER})\s?(?:\((?!\s*[nN]\s?=)|[:=]|(?:patients |participants |"
    r"subjects )?(?:received|underwent|were given|was given|performed|was treated (?:with|by)|"
    r"were treated (?:with|by))\b)\s*"
    r"(?P<long>[a-zA-Z][a-zA-Z0-9 +/-]{2,60})"
    rf"|(?P<before>\b[a-zA-Z][a-zA-Z-]+(?: [a-zA-Z-]+){{0,2}}) \([Gg]roup (?P<other>{_LETTER})\b"
)
_NUMBER_DEFINED = re.compile(
    rf"(?:^|[.;,]\s*)(?P<short>{_LETTER})\s?[:=]\s*(?P<long>[a-zA-Z][a-zA-Z0-9 +/-]{{2,60}}?)"
    r"(?=\s*(?:[.;,(]|$))"
)
_BRACKETED = re.compile(r"\(\s*(?P<short>[A-Z][A-Za-z0-9+/-]{1,11})(?:\s+group)?\s*[;,)]")


def abbreviations_in(text: str, notes: Sequence[str] = ()) -> dict[str, str]:
    """What short names stand for, from the notes of tables and the text.

    Examples
    --------
    >>> found = abbreviations_in("", ["LPA, lifestyle physical activity; VAS1: pain at rest"])
    >>> found["LPA"], found["VAS1"]
    ('lifestyle physical activity', 'pain at rest')
    >>> abbreviations_in("given transcutaneous electrical nerve stimulation (TENS)")
    {'TENS': 'transcutaneous electrical nerve stimulation'}
    >>> abbreviations_in("Group A received manual therapy.", ["1: Control group, 2: Taping"])
    {'Group A': 'manual therapy', 'Group 1': 'Control group', 'Group 2': 'Taping'}
    """
    found: dict[str, str] = {}
    for note in notes:
        for match in _DEFINED.finditer(note):
            short, long = match["short"].strip(), match["long"].strip()
            one_word = " " not in short.replace(" + ", "+")
            plainly = match["sign"] != "," and one_word and len(long) > len(short)
            if short not in found and (plainly or _stands_for(short, long)):
                found[short] = long
    for part in (*notes, text):
        for match in _GROUP_DEFINED.finditer(part):
            short = f"Group {match['short'] or match['other']}"
            found.setdefault(short, (match["long"] or match["before"]).strip())
    for note in notes:
        for match in _NUMBER_DEFINED.finditer(note):
            found.setdefault(f"Group {match['short']}", match["long"].strip())
    for part in (*notes, text):
        for match in _BRACKETED.finditer(part):
            before = part[max(0, match.start() - 110) : match.start()].strip()
            long = _initialised(match["short"], before)
            if long and match["short"] not in found:
                found[match["short"]] = long
    return found


def _stands_for(short: str, long: str) -> bool:
    letters = re.sub(r"[^A-Za-z]", "", short).lower()
    initials = "".join(word[0] for word in re.findall(r"[A-Za-z0-9]+", long)).lower()
    return (
        bool(letters)
        and (letters[0] == initials[:1] or letters == initials)
        and len(long) > len(short)
    )


def _initialised(short: str, before: str) -> str:
    letters = re.sub(r"[^A-Za-z]", "", short).lower()
    words = re.findall(r"[A-Za-z][A-Za-z]*", before)
    for count in range(1, min(len(words), len(letters) + 3) + 1):
        tail = words[-count:]
        if tail[0][0].lower() != letters[0]:
            continue
        if _subsequence(letters, "".join(tail).lower()) and count >= max(1, len(letters) - 2):
            start = before.rfind(tail[0]) if count == 1 else _start_of(before, count)
            return re.sub(r"\s+", " ", before[start:]).strip()
    return ""


def _start_of(text: str, count: int) -> int:
    starts = [match.start() for match in re.finditer(r"[A-Za-z][A-Za-z]*", text)]
    return starts[-count]


def _subsequence(letters: str, text: str) -> bool:
    position = 0
    for letter in letters:
        position = text.find(letter, position) + 1
        if not position:
            return False
    return True
