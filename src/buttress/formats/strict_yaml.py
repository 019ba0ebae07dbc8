"""YAML read strictly: plain data only, every scalar as text, every value with the line on which it stands.

Refused: anchors, aliases, tags, directives, merge keys, second documents, tab characters, byte order marks, duplicate
or compound keys, control characters, line separators, explicit bidirectional formatting and lone surrogates, more than
`YamlLimits` allows. The tree is built from parser events without recursion, so nothing is ever expanded. Null is only
what is left empty or is a plain `null`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import events

from buttress.formats.problems import Problem, ProblemsError, field_path, refuse, shown
from buttress.formats.strict_text import decode

YamlValue = Any  # dict[str, YamlValue] | list[YamlValue] | str | None; mypy cannot use a recursive alias of isinstance
Path = tuple[str | int, ...]

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL_IN_VALUE = re.compile(f"{_CONTROL.pattern[:-1]}\r]")
"""A carriage return ends lines of a file; within a value only an escape can have put it."""
_NEAR_NULL = frozenset({"~", "Null", "NULL"})
_PLAIN_DATA = "plain YAML: mappings, lists and text"


@dataclass(frozen=True, slots=True)
class YamlLimits:
    """Largest size in bytes of UTF-8, nesting depth and number of values of one document."""

    max_bytes: int = 5_000_000
    max_depth: int = 64
    max_nodes: int = 1_000_000


@dataclass(slots=True)
class Mark:
    """Line and column (from 1) of a value, for a mapping's entry those of its key, with the marks of what it holds."""

    line: int
    column: int
    children: "dict[str, Mark] | list[Mark] | None" = None


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A document as plain values (`dict`, `list`, `str`, `None`) with the place of each of them."""

    file: str
    value: YamlValue
    mark: Mark

    def mark_of(self, path: Path) -> Mark:
        """The mark of a value, or of the deepest holder on the way to it where it does not exist."""
        mark = self.mark
        for part in path:
            below = _below(mark.children, part)
            if below is None:
                break
            mark = below
        return mark

    def line_of(self, path: Path) -> int:
        return self.mark_of(path).line

    def problem(self, path: Path, found: str, expected: str, advice: str = "") -> Problem:
        """A problem at the value under `path`."""
        mark = self.mark_of(path)
        return Problem(self.file, mark.line, field_path(path), found, expected, advice, mark.column)


def read_yaml(content: str | bytes, *, file: str, limits: YamlLimits | None = None) -> YamlNode:
    """The document in `content`; an empty one is None at line 1.

    Raises `ProblemsError`: all duplicate keys at once, anything else at the first fault.
    """
    limits = limits or YamlLimits()
    text = decode(content, file=file, max_bytes=limits.max_bytes)
    _check_text(text, file)
    builder = _Builder(file, limits)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _syntax_problem(error, file) from None
    except yaml.YAMLError as error:
        raise refuse(file, None, shown(str(error)), "well-formed YAML") from None
    if builder.problems:
        raise ProblemsError(builder.problems)
    return YamlNode(file, builder.value, builder.mark)


def _check_text(text: str, file: str) -> None:
    """Faults that are seen without parsing."""
    if text.startswith("\ufeff"):
        raise refuse(file, 1, "a byte order mark", "UTF-8 without one", "Save the file as UTF-8 without BOM.")
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise refuse(file, line, f"the character U+{ord(found[0]):04X}", "printable text")
    if "\t" in text:
        line = text.count("\n", 0, text.index("\t")) + 1
        advice = "Use spaces, or \\t inside a text in double quotes."
        raise refuse(file, line, "a tab character", "spaces", advice)
    for number, line_text in enumerate(text.splitlines(), 1):
        if line_text.startswith("%"):
            raise refuse(file, number, "a directive", _PLAIN_DATA, "Leave out lines that start with %.")
        if line_text and not line_text.startswith("#"):
            return


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> ProblemsError:
    mark = error.problem_mark or error.context_mark
    found = " ".join(part for part in (error.problem, error.context) if part)
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    advice = "Check indentation, colons and quotes here and on the line above."
    return refuse(file, line, f"a syntax error ({found})", "well-formed YAML", advice, column=column)


class _Level:
    """An open mapping or list while the tree grows; `key` is the mapping's key that waits for its value."""

    __slots__ = ("items", "key", "key_mark", "last", "mark")

    def __init__(self, items: dict[str, YamlValue] | list[YamlValue], mark: Mark) -> None:
        self.items = items
        self.mark = mark
        self.key: str | None = None
        self.last = ""
        self.key_mark: Mark | None = None


class _Builder:
    """Takes parser events, keeps a stack of open containers, refuses what plain data does not need."""

    def __init__(self, file: str, limits: YamlLimits) -> None:
        self.file = file
        self.limits = limits
        self.value: YamlValue = None
        self.mark = Mark(1, 1)
        self.stack: list[_Level] = []
        self.problems: list[Problem] = []
        self.documents = 0
        self.nodes = 0

    def take(self, event: Any) -> None:
        if isinstance(event, events.ScalarEvent):
            self._check_node(event)
            self._scalar(event)
        elif isinstance(event, events.MappingStartEvent):
            self._check_node(event)
            self._open({}, event)
        elif isinstance(event, events.SequenceStartEvent):
            self._check_node(event)
            self._open([], event)
        elif isinstance(event, events.CollectionEndEvent):
            self.stack.pop()
        elif isinstance(event, events.AliasEvent):
            raise self._refusal(event, f"the alias *{event.anchor}", "Write the value out.")
        elif isinstance(event, events.DocumentStartEvent):
            self._document(event)

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self._refusal(event, "a second document", "Use one file for each document.")
        if event.version or event.tags:
            raise self._refusal(event, "a directive", "Leave out lines that start with %.")

    def _check_node(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > self.limits.max_nodes:
            raise self._refusal(event, f"more than {self.limits.max_nodes:,} values", "Split it into several files.")
        if event.anchor is not None:
            raise self._refusal(event, f"the anchor &{event.anchor}", "Write the value out where it is needed.")
        if event.tag is not None:
            raise self._refusal(event, f"the tag {event.tag}", "Leave it out; types follow from the field.")

    def _open(self, items: dict[str, YamlValue] | list[YamlValue], event: Any) -> None:
        if len(self.stack) >= self.limits.max_depth:
            raise self._refusal(event, f"more than {self.limits.max_depth} levels of nesting")
        if self.stack and isinstance(self.stack[-1].items, dict) and self.stack[-1].key is None:
            raise self._refusal(event, "a mapping or list as a key", "Keys are plain text.")
        children: dict[str, Mark] | list[Mark] = {} if isinstance(items, dict) else []
        mark = self._attach(items, event, children)
        self.stack.append(_Level(items, mark))

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        if found := _CONTROL_IN_VALUE.search(text):
            raise self._refusal(event, f"the character U+{ord(found[0]):04X} in a text")
        level = self.stack[-1] if self.stack else None
        if level is not None and isinstance(level.items, dict) and level.key is None:
            self._key(level, event, text)
            return
        is_plain = event.style in (None, "")
        if is_plain and text in _NEAR_NULL:
            advice = "Leave it empty or write null; put it in quotes if it is meant as text."
            raise self._refusal(event, f"a plain {text}", advice)
        self._attach(None if is_plain and text in ("", "null") else text, event, None)

    def _key(self, level: _Level, event: Any, text: str) -> None:
        if text == "<<" and event.style in (None, ""):
            raise self._refusal(event, "a merge key <<", "Write the fields out.")
        if not text:
            raise self._refusal(event, "an empty key", "Every value needs a name before its colon.")
        level.key, level.key_mark = text, _mark(event)
        assert isinstance(level.mark.children, dict)
        if text in level.mark.children:
            first = level.mark.children[text].line
            self.problems.append(
                Problem(
                    self.file,
                    level.key_mark.line,
                    field_path([*self._path(), text]),
                    f"the key {shown(text)} again; it stands first on line {first}",
                    "each key once",
                    "Join the two or rename one.",
                    level.key_mark.column,
                )
            )

    def _attach(self, value: YamlValue, event: Any, children: dict[str, Mark] | list[Mark] | None) -> Mark:
        """Put a value where it belongs and return its mark."""
        level = self.stack[-1] if self.stack else None
        if level is None:
            self.value, self.mark = value, Mark(*_place(event), children)
            return self.mark
        if isinstance(level.items, list):
            mark = Mark(*_place(event), children)
            level.items.append(value)
            assert isinstance(level.mark.children, list)
            level.mark.children.append(mark)
            return mark
        assert level.key is not None
        assert level.key_mark is not None
        assert isinstance(level.mark.children, dict)
        mark = level.key_mark
        mark.children = children
        if level.key not in level.mark.children:
            level.items[level.key] = value
            level.mark.children[level.key] = mark
        level.last, level.key = level.key, None
        return mark

    def _path(self) -> Iterator[str | int]:
        """Where the innermost open container stands."""
        for level in self.stack[:-1]:
            yield len(level.items) - 1 if isinstance(level.items, list) else level.last

    def _refusal(self, event: Any, found: str, advice: str = "") -> ProblemsError:
        line, column = _place(event)
        return refuse(self.file, line, found, _PLAIN_DATA, advice, field=field_path(self._here()), column=column)

    def _here(self) -> list[str | int]:
        path = list(self._path())
        if self.stack:
            level = self.stack[-1]
            if isinstance(level.items, list):
                path.append(len(level.items))
            elif level.key is not None:
                path.append(level.key)
        return path


def _below(children: dict[str, Mark] | list[Mark] | None, part: str | int) -> Mark | None:
    if isinstance(children, dict):
        return children.get(part) if isinstance(part, str) else None
    if isinstance(children, list) and isinstance(part, int) and 0 <= part < len(children):
        return children[part]
    return None


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _mark(event: Any) -> Mark:
    return Mark(*_place(event))
