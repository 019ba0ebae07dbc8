"""JSON and JSON lines read strictly: no NaN, no duplicate keys, bounded numbers, depth and size.

Whole numbers become `int` (64 bits at most), others `Decimal`. Lone surrogates, NUL and byte order marks are refused.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from buttress.formats.problems import refuse, shown
from buttress.formats.strict_text import decode

JsonValue = Any  # dict[str, JsonValue] | list[JsonValue] | str | int | Decimal | bool | None

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_SUSPECT = re.compile(r"[\ud800-\udfff]|\\u(?:0000|[dD][89a-fA-F])")
_NUMBER_LENGTH = 60
_LARGEST_EXPONENT = 308


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """Largest size of a document in bytes, of one line of JSON lines in bytes, and nesting depth."""

    max_bytes: int = 200_000_000
    max_line_bytes: int = 5_000_000
    max_depth: int = 64


class _BadValueError(ValueError):
    """A value that JSON readers differ on; carries found, expected and advice."""

    def __init__(self, found: str, expected: str, advice: str = "") -> None:
        super().__init__(found)
        self.found, self.expected, self.advice = found, expected, advice


def read_json(text: str | bytes, *, file: str, limits: JsonLimits | None = None) -> JsonValue:
    """The one JSON value in `text`; raises `ProblemsError` at the first fault."""
    limits = limits or JsonLimits()
    return _parse(_decoded(text, file, limits), file, 1, limits)


def read_json_lines(
    text: str | bytes, *, file: str, limits: JsonLimits | None = None
) -> Iterator[tuple[int, JsonValue]]:
    """Line number (from 1) and value of every line that is not blank; raises `ProblemsError` at the first fault."""
    limits = limits or JsonLimits()
    for number, line in enumerate(_decoded(text, file, limits).split("\n"), 1):
        if not line or line.isspace():
            continue
        if len(line) > limits.max_line_bytes:
            raise refuse(file, number, f"a line of {len(line):,} characters", f"at most {limits.max_line_bytes:,}")
        yield number, _parse(line, file, number, limits)


def _decoded(text: str | bytes, file: str, limits: JsonLimits) -> str:
    text = decode(text, file=file, max_bytes=limits.max_bytes)
    if text.startswith("\ufeff"):
        raise refuse(file, 1, "a byte order mark", "UTF-8 without one", "Save the file as UTF-8 without BOM.")
    return text


def _parse(text: str, file: str, line: int, limits: JsonLimits) -> JsonValue:
    _check_depth(text, file, line, limits.max_depth)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise refuse(
            file, line + error.lineno - 1, f"a syntax error ({error.msg})", "well-formed JSON", column=error.colno
        ) from None
    except _BadValueError as error:
        place = line if "\n" not in text.strip() else None
        raise refuse(file, place, error.found, error.expected, error.advice) from None
    if _SUSPECT.search(text):
        _check_texts(value, file, line)
    return value


def _check_depth(text: str, file: str, line: int, max_depth: int) -> None:
    """Counts open brackets outside of strings before the parser recurses into them."""
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        mark = found[0]
        if mark in "[{":
            depth += 1
            if depth > max_depth:
                where = line + text.count("\n", 0, found.start())
                raise refuse(file, where, f"more than {max_depth} levels of nesting", f"at most {max_depth}")
        elif mark in "]}":
            depth -= 1


def _check_texts(value: JsonValue, file: str, line: int) -> None:
    """Refuses NUL and lone surrogates, which escapes can bring in."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and (found := _FORBIDDEN.search(item)):
            place = f"the character U+{ord(found[0]):04X} in {shown(_FORBIDDEN.sub('�', item))}"
            raise refuse(file, line, place, "text that every reader can hold")
        if isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _BadValueError(f"the key {shown(key)} twice in one object", "each key once")
            seen.add(key)
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise _BadValueError(f"the number {shown(Decimal(text[:_NUMBER_LENGTH]))}", "a whole number of 64 bits")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > _NUMBER_LENGTH:
        raise _BadValueError(f"a number of {len(text)} characters", f"at most {_NUMBER_LENGTH}")
    number = Decimal(text)
    if number and abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise _BadValueError(f"the number {text}", f"an exponent of at most {_LARGEST_EXPONENT}")
    return number


def _constant(text: str) -> JsonValue:
    raise _BadValueError(text, "a number", "Write null where there is no value.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_constant
)
