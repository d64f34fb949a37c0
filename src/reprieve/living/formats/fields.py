"""Taking fields out of decoded JSON, with an error that says what was expected and where.

Registers leave fields out or write null where they have nothing to say: both read as empty.
A field of the wrong type is an error, because a record read half would look complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reprieve.errors import InputError

if TYPE_CHECKING:
    import msgspec

NOTHING: Mapping[str, Any] = {}


def section(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object at `key`, empty where there is none.

    Raises
    ------
    InputError
        The field holds something else than an object.

    Examples
    --------
    >>> section({"a": {"b": 1}}, "a"), section({}, "a")
    ({'b': 1}, {})
    """
    value = holder.get(key)
    if value is None:
        return NOTHING
    if not isinstance(value, dict):
        raise wrong_type(key, "an object", value)
    return value


def sections(holder: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects in the list at `key`; nulls among them are passed over.

    Raises
    ------
    InputError
        The field holds something else than a list of objects.

    Examples
    --------
    >>> sections({"a": [{"b": 1}, None]}, "a")
    [{'b': 1}]
    """
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_type(key, "a list of objects", value)
    objects: list[Mapping[str, Any]] = []
    for item in value:
        if isinstance(item, dict):
            objects.append(item)
        elif item is not None:
            raise wrong_type(key, "a list of objects", item)
    return objects


def text(holder: Mapping[str, Any], key: str) -> str:
    """The text at `key` without blanks at its ends, empty where there is none.

    A whole number is taken as its digits, since registers write identifiers either way.

    Raises
    ------
    InputError
        The field holds something else than text or a number.

    Examples
    --------
    >>> text({"pmid": 22663011}, "pmid"), text({}, "pmid")
    ('22663011', '')
    """
    value = holder.get(key)
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise wrong_type(key, "text", value)


def texts(holder: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The texts in the list at `key`; nulls and empty texts are passed over.

    Raises
    ------
    InputError
        The field holds something else than a list of text.

    Examples
    --------
    >>> texts({"a": ["x ", None, ""]}, "a")
    ('x',)
    """
    value = holder.get(key)
    if not value and not isinstance(value, (str, int, dict)):
        return ()
    if not isinstance(value, list):
        raise wrong_type(key, "a list of text", value)
    kept = []
    for item in value:
        if isinstance(item, str):
            kept.append(item.strip())
        elif item is not None:
            raise wrong_type(key, "a list of text", item)
    return tuple(filter(None, kept))


def once(words: Iterable[str]) -> tuple[str, ...]:
    """`words` without empty ones and repeats, in their order.

    Examples
    --------
    >>> once(["Spain", "", "Italy", "Spain"])
    ('Spain', 'Italy')
    """
    return tuple(dict.fromkeys(word for word in words if word))


def wrong_type(key: str, expected: str, found: object) -> InputError:
    """The error for a field that holds something else than was expected."""
    return InputError(f"field {key!r}: expected {expected}, found {kind_of(found)}")


def wrong_field(error: msgspec.ValidationError) -> InputError:
    """The error for a field that is not of the type declared for it.

    Examples
    --------
    >>> import msgspec
    >>> Study = msgspec.defstruct("Study", [("phases", list[str | None])])
    >>> try:
    ...     msgspec.convert({"phases": [1]}, Study)
    ... except msgspec.ValidationError as error:
    ...     print(wrong_field(error))
    field 'phases': expected text, found a whole number (phases[0])
    """
    expected, found, path = _NOT_VALID.findall(str(error))[0]
    types = [_IN_WORDS[name] for name in expected.split(" | ") if name != "null"]
    names = re.findall(r"\w+(?=[\[\d.\]]*$)", path)
    problem = f"expected {' or '.join(types)}, found {_IN_WORDS[found]}"
    return InputError(f"field {names[0]!r}: {problem} ({path})" if names else problem)


_NOT_VALID = re.compile(r"Expected `(.+)`, got `(\w+)`(?: - at `\$\.?(.*)`)?$")
_IN_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def kind_of(value: object) -> str:
    """What a decoded JSON value is, in words, with the beginning of it.

    Examples
    --------
    >>> kind_of([1]), kind_of("abc"), kind_of(None)
    ('a list', "text 'abc'", 'null')
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {str(value)[:30]}"
        case str():
            return f"text {value[:30]!r}"
        case list():
            return "a list"
        case _:
            return "an object"
