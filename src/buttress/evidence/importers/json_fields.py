"""JSON objects of outside tools read by type: what does not fit is a fault with its place, never another exception.

A member that is absent or null is the empty value of its kind unless it is needed. Times without a zone are UTC.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NoReturn, TypeVar

from buttress.formats.problems import Problem, ProblemsError, refuse, shown
from buttress.formats.strict_json import JsonValue, read_json, read_json_lines

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_SECOND = 253_402_300_799  # the last of the year 9999
_LONGEST_TIME = 40
_MOST_PROBLEMS = 200

Known = TypeVar("Known")
Record = TypeVar("Record")
Read = TypeVar("Read")


class BadFieldError(Exception):
    """A member whose value does not fit: `place` is its path in the file, `line` its line in JSON lines."""

    def __init__(self, place: str, found: str, expected: str, line: int | None = None) -> None:
        super().__init__(place)
        self.place, self.found, self.expected, self.line = place, found, expected, line


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object that stands at `place` (empty: the whole document or line)."""

    members: Mapping[str, JsonValue]
    place: str = ""
    line: int | None = None

    def value(self, *path: str) -> JsonValue:
        """The value under a path of objects, None where one of them is absent or null."""
        members: JsonValue = self.members
        for number, name in enumerate(path, 1):
            value = members.get(name)
            if value is None or number == len(path):
                return value
            if not isinstance(value, dict):
                self.refuse(value, "an object", *path[:number])
            members = value
        return None

    def refuse(self, value: JsonValue, expected: str, *path: str) -> NoReturn:
        """Raises that the value under `path` is not what was expected."""
        raise BadFieldError(self.place_of(*path), shown(value), expected, self.line)

    def place_of(self, *path: str) -> str:
        return ".".join(part for part in (self.place, *path) if part)

    def text(self, *path: str) -> str:
        """A text, empty where there is none."""
        value = self.value(*path)
        return "" if value is None else self._text(value, *path)

    def first_text(self, *paths: tuple[str, ...]) -> str:
        """The first text of several paths that is not empty, empty where none is."""
        return next((text for path in paths if (text := self.text(*path))), "")

    def needed_text(self, *path: str) -> str:
        """A text that is not empty."""
        return self._text(self.value(*path), *path) or self.refuse("", "text", *path)

    def _text(self, value: JsonValue, *path: str) -> str:
        return value if isinstance(value, str) else self.refuse(value, "text", *path)

    def whole(self, *path: str) -> int | None:
        """A whole number, None where there is none."""
        value = self.value(*path)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        return self.refuse(value, "a whole number", *path)

    def count(self, *path: str) -> int | None:
        """A whole number from 0, None where there is none."""
        number = self.whole(*path)
        return number if number is None or number >= 0 else self.refuse(number, "a number from 0", *path)

    def flag(self, *path: str) -> bool | None:
        value = self.value(*path)
        return value if value is None or isinstance(value, bool) else self.refuse(value, "true or false", *path)

    def known(self, values: Mapping[str, Known], *path: str) -> Known | None:
        """What a word stands for, None where there is none; a word that is not known is refused."""
        word = self.text(*path)
        if not word and "" not in values:
            return None
        if word not in values:
            self.refuse(word, "one of " + ", ".join(value for value in values if value), *path)
        return values[word]

    def time(self, *path: str) -> datetime | None:
        """A timestamp of ISO 8601, in UTC."""
        text = self.text(*path)
        return (
            (utc_time(text) or self.refuse(text, "a timestamp such as 2026-06-30T08:00:00Z", *path)) if text else None
        )

    def needed_time(self, *path: str) -> datetime:
        return self.time(*path) or self.refuse(None, "a timestamp such as 2026-06-30T08:00:00Z", *path)

    def epoch_time(self, *path: str) -> datetime | None:
        """Seconds since 1970, with or without decimals, in UTC."""
        value = self.value(*path)
        if value is None:
            return None
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 < value <= _LATEST_SECOND:
            return _EPOCH + timedelta(microseconds=int(value * 1_000_000))
        return self.refuse(value, "seconds since 1970", *path)

    def object(self, *path: str) -> "Fields":
        """An object, an empty one where there is none."""
        value = self.value(*path)
        if value is None or isinstance(value, dict):
            return Fields(value or {}, self.place_of(*path), self.line)
        return self.refuse(value, "an object", *path)

    def needed_object(self, *path: str) -> "Fields":
        return self.object(*path) if self.value(*path) is not None else self.refuse(None, "an object", *path)

    def objects(self, *path: str) -> tuple["Fields", ...]:
        """The objects of a list, none where there is no list."""
        place = self.place_of(*path)
        return tuple(object_at(value, f"{place}[{n}]", self.line) for n, value in enumerate(self.items(*path)))

    def texts(self, *path: str) -> tuple[str, ...]:
        """The texts of a list, none where there is no list."""
        values = self.items(*path)
        for index, value in enumerate(values):
            if not isinstance(value, str):
                self.refuse(value, "text", *path[:-1], f"{path[-1]}[{index}]")
        return tuple(values)

    def items(self, *path: str) -> list[JsonValue]:
        """What stands in a list, nothing where there is no list."""
        value = self.value(*path)
        return (value or []) if value is None or isinstance(value, list) else self.refuse(value, "a list", *path)

    def needed_items(self, *path: str) -> list[JsonValue]:
        """What stands in a list that must be there, though it may be empty."""
        return self.items(*path) if self.value(*path) is not None else self.refuse(None, "a list", *path)


def object_at(value: JsonValue, place: str, line: int | None = None) -> Fields:
    if not isinstance(value, dict):
        raise BadFieldError(place, shown(value), "an object", line)
    return Fields(value, place, line)


def utc_time(text: str) -> datetime | None:
    """The instant of an ISO 8601 text, None where it is none; without a zone it is UTC."""
    if len(text) > _LONGEST_TIME:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@dataclass(slots=True)
class Gathered:
    """What the good records of a file gave, and the faults of the bad ones, of which all are reported at once."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def each(self, records: Iterable[Record], read: Callable[[Record], Read]) -> list[Read]:
        """What `read` makes of each record; a bad one leaves a problem, and after 200 of them reading ends."""
        good = []
        for record in records:
            if len(self.problems) >= _MOST_PROBLEMS:
                break
            try:
                good.append(read(record))
            except BadFieldError as error:
                self.problems.append(Problem(self.file, error.line, error.place, error.found, error.expected))
        return good

    def objects(self, fields: Fields, *path: str) -> list[Fields]:
        """The objects of a list of records; each item that is something else leaves a problem."""
        place = fields.place_of(*path)
        return self.each(enumerate(fields.items(*path)), lambda at: object_at(at[1], f"{place}[{at[0]}]", fields.line))

    def finish(self) -> None:
        """Raises `ProblemsError` where there was a bad record, so that none is dropped silently."""
        if self.problems:
            raise ProblemsError(dict.fromkeys(self.problems))


def read_document(content: bytes, *, file: str, what: str) -> Fields:
    """The file's one JSON object; `what` names the format in the error for anything else."""
    value = read_json(content, file=file)
    if not isinstance(value, dict):
        raise refuse(file, 1, shown(value), f"{what} (a JSON object)")
    return Fields(value)


def read_whole(content: bytes, read: Callable[[Fields, Gathered], Read], *, file: str, what: str) -> Read:
    """What `read` makes of the file's one object; raises `ProblemsError` with its faults and those of its records."""
    document, gathered = read_document(content, file=file, what=what), Gathered(file)
    whole = gathered.each([document], lambda fields: read(fields, gathered))
    gathered.finish()
    return whole[0]


def read_records(content: bytes, *, file: str) -> Iterator[tuple[str, int | None, JsonValue]]:
    """Place, line (JSON lines only) and value of every record: items of an array, JSON lines, or one object."""
    text = content.strip()
    first_line = text.partition(b"\n")[0].rstrip()
    if first_line.startswith(b"{") and first_line.endswith(b"}") and len(first_line) < len(text):
        for line, value in read_json_lines(content, file=file):
            yield "", line, value
        return
    value = read_json(content, file=file)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield f"[{index}]", None, item
        return
    yield "", None, value
