"""The canonical writer: records to YAML in a fixed order of keys, the same bytes for the same content.

What another YAML reader would take for a number, date, boolean or null is quoted where it is meant as text. What is
written reads back equal through the strict reader, every scalar as its text.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from buttress.formats.folder import check_relative
from buttress.formats.models import StrictModel, field_names, model_below
from buttress.formats.ordering import natural
from buttress.formats.problems import ProblemsError, refuse, shown
from buttress.formats.strict_yaml import read_yaml
from buttress.register.files.schema.kinds import KINDS, ORGANISATION
from buttress.register.files.schema.organisation import OrganisationRecord

WIDTH = 110
_BLOCK_DEPTH = 3
"""Mappings above this depth (kinds, records) are never put on one line."""

_CONVERTED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
_PLAIN = re.compile(r"[^\W\d_](?:[\w /.%()+@;'’“”–—…×·-]|:(?=[^\s,\[\]{}]))*\Z")
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What the strict reader refuses in a text."""

Content = Mapping[str, Mapping[str, Any]]
"""Kind to reference to record; under `organisation` the record itself."""


def write_folder(
    target: Path,
    files: Mapping[str, Content],
    *,
    others: Mapping[str, bytes] | None = None,
    head: str = "",
) -> None:
    """Write a register folder at once: either all files stand in `target` afterwards, or it is as before.

    `files` are YAML files by relative path, `others` further files; `head` are comment lines put above each YAML file.
    Raises `ProblemsError` where `target` is neither new nor an empty folder.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise refuse(str(target), None, "a file or link", "a new or empty folder", "Name another folder.")
    if target.is_dir() and any(target.iterdir()):
        raise refuse(str(target), None, "a folder with files", "a new or empty folder", "Name another folder.")
    contents = {name: (head + to_yaml(content)).encode() for name, content in files.items()} | dict(others or {})
    for name in contents:
        check_relative(name, file=name)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, content in contents.items():
            _write(scratch / name, content)
        scratch.chmod(0o755)
        scratch.rename(target)  # replaces an empty folder, fails on any other
    except OSError as error:
        raise refuse(str(target), None, f"a failure ({error.strerror})", "a folder that can be written") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def to_yaml(content: Content) -> str:
    """The text of one file: kinds in the order of the schema, references in natural order, fields as in the schema.

    >>> print(to_yaml({"persons": {"ruth": {"left_on": date(2026, 5, 31), "name": "No"}}}), end="")
    persons:
      ruth:
        name: "No"
        left_on: 2026-05-31
    """
    order = [ORGANISATION, *KINDS]
    kinds = sorted(content, key=lambda kind: (order.index(kind) if kind in order else len(order), kind))
    blocks = ["\n".join(_entry(kind, _ordered_records(kind, content[kind]), "", 1)) for kind in kinds]
    text = "\n\n".join(blocks) + "\n" if blocks else ""
    _check_readable(text)
    return text


def _check_readable(text: str) -> None:
    """A key of over 1,024 characters, say, cannot be read back: better to fail here than in the reader."""
    try:
        read_yaml(text, file="")
    except ProblemsError as error:
        problem = error.problems[0]
        raise ValueError(f"What was to be written cannot be read back: {problem}") from None


def _ordered_records(kind: str, records: Mapping[str, Any]) -> Mapping[str, Any]:
    if kind == ORGANISATION:
        ordered: Mapping[str, Any] = _ordered(records, OrganisationRecord)
        return ordered
    model = KINDS.get(kind)
    return {ref: _ordered(records[ref], model) for ref in sorted(records, key=natural)}


def _ordered(value: Any, model: type[StrictModel] | None) -> Any:
    """The same value with the keys of every record in the order of its model; keys of free mappings stay as given."""
    if isinstance(value, list | tuple):
        return [_ordered(item, model) for item in value]
    if not isinstance(value, Mapping):
        return value
    names = list(field_names(model)) if model is not None else []
    if model is None or not set(value) <= set(names):
        return {key: _ordered(item, model) for key, item in value.items()}
    return {name: _ordered(value[name], model_below(model, name)) for name in names if name in value}


def _entry(key: str, value: Any, indent: str, depth: int) -> list[str]:
    """Lines of one mapping entry."""
    head = f"{indent}{_scalar(key)}:"
    line = _one_line(value, depth, WIDTH - len(head) - 1)
    if line is not None:
        return [f"{head} {line}"]
    if isinstance(value, str):
        return [f"{head} {_block_header(value)}", *_block_text(value, f"{indent}  ")]
    return [head, *_lines(value, f"{indent}  ", depth + 1)]


def _lines(value: Any, indent: str, depth: int) -> Iterator[str]:
    """Lines of a mapping or list in block style."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(key, item, indent, depth)
        return
    for item in value:
        line = _one_line(item, depth, WIDTH - len(indent) - 2)
        if line is not None:
            yield f"{indent}- {line}"
        elif isinstance(item, str):
            yield f"{indent}- {_block_header(item)}"
            yield from _block_text(item, f"{indent}  ")
        else:
            first, *rest = _lines(item, f"{indent}  ", depth + 1)
            yield f"{indent}- {first.removeprefix(f'{indent}  ')}"
            yield from rest


def _one_line(value: Any, depth: int, room: int) -> str | None:
    """The value on the rest of a line, None where it does not fit or is better read as a block."""
    if isinstance(value, str):
        return None if _is_block(value, room) else _scalar(value)
    if isinstance(value, Mapping | list | tuple):
        if not value:
            return "{}" if isinstance(value, Mapping) else "[]"
        if depth < _BLOCK_DEPTH:
            return None
        flow = _flow(value)
        return flow if flow is not None and len(flow) <= room else None
    return _scalar(value)


def _flow(value: Any) -> str | None:
    """`{low: 1, high: 2}` or `[a, b]` of scalars and lists of them; None for what is better read as a block."""
    is_mapping = isinstance(value, Mapping)
    items = list(value.values()) if is_mapping else value
    parts = [_in_flow(item, may_hold=is_mapping) for item in items]
    if None in parts:
        return None
    if is_mapping:
        return "{" + ", ".join(f"{_scalar(key)}: {part}" for key, part in zip(value, parts, strict=True)) + "}"
    return "[" + ", ".join(part for part in parts if part is not None) + "]"


def _in_flow(item: Any, *, may_hold: bool) -> str | None:
    """An item on the line of its holder; a list inside of a mapping only."""
    if isinstance(item, Mapping):
        return None if item else "{}"
    if isinstance(item, list | tuple):
        return _flow(item) if may_hold or not item else None
    if isinstance(item, str) and "\n" in item:
        return None
    return _scalar(item)


def _scalar(value: Any) -> str:
    """A scalar on one line.

    >>> [_scalar(v) for v in (None, True, 3, Decimal("1E+3"), 1e-7, date(2026, 1, 2), "2026-01-02", "no", "a: b", "a:b")]
    ['null', 'true', '3', '1000', '0.0000001', '2026-01-02', '"2026-01-02"', '"no"', '"a: b"', 'a:b']
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return _scalar(value.value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _plain_number(Decimal(str(value)))
    raise TypeError(f"{value!r} of type {type(value).__name__} has no place in YAML; give text, numbers, dates")


def _plain_number(number: Decimal) -> str:
    if not number.is_finite():
        raise ValueError(f"{number} is no number that a register can hold; give a finite one")
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(value: str) -> str:
    if found := _UNWRITABLE.search(value):
        raise ValueError(f"{shown(value)} holds the character U+{ord(found[0]):04X}; leave it out")
    is_plain = _PLAIN.match(value) and not value.endswith((" ", ":")) and value.lower() not in _CONVERTED
    if is_plain and value.isprintable():
        return value
    return '"' + "".join(_escaped(mark) for mark in value) + '"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def _escaped(mark: str) -> str:
    if mark in _ESCAPES:
        return _ESCAPES[mark]
    if mark.isprintable():
        return mark
    code = ord(mark)
    return f"\\U{code:08X}" if code > 0xFFFF else f"\\u{code:04X}"


def _is_block(value: str, room: int) -> bool:
    """Whether a text is written below its key: of several lines, or too long and foldable."""
    lines = value.split("\n")
    is_clean = all(line.isprintable() and line == line.strip(" ") for line in lines)
    if len(lines) > 1:
        return is_clean and bool(lines[0]) and bool(lines[-1])
    return is_clean and len(value) + 2 > room and "  " not in value and " " in value


def _block_header(value: str) -> str:
    return "|-" if "\n" in value else ">-"


def _block_text(value: str, indent: str) -> Iterator[str]:
    if "\n" in value:
        yield from (f"{indent}{line}".rstrip(" ") for line in value.split("\n"))
        return
    line = ""
    for word in value.split(" "):
        if line and len(indent) + len(line) + 1 + len(word) > WIDTH:
            yield indent + line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield indent + line
