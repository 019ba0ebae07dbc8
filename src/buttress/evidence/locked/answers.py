"""What the child answers, read as hostile: shape, order and size are checked before anything is believed.

Messages are a four-byte length and that many bytes of JSON. A process that has been taken over may send anything, so
there is no pickle, no Arrow, no number that is not a whole one, and a limit on everything.
"""

import json
from dataclasses import dataclass, field
from typing import Any

MESSAGE_LIMIT = 4 * 1024 * 1024
ANSWER_LIMIT = 256 * 1024 * 1024
ROW_LIMIT = 1_000_000


@dataclass(slots=True)
class Heard:
    """What the child has said about one query: `counts` of its own statement, or `shared` ones of statements that it
    shares. `is_found_together` tells that its rows come from a statement that it shares. `watched` are the numbers of
    watched keys that are in the population, each with whether it is undecided."""

    counts: list[int] | None = None
    shared: list[int] | None = None
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    is_found_together: bool = False
    watched: dict[int, bool] = field(default_factory=dict)
    error: tuple[str, str] | None = None
    has_ended: bool = False
    elapsed: float = 0.0


class HostileAnswerError(Exception):
    """The child's answer breaks its protocol or its limits."""


class Conversation:
    """Assembles messages and checks each before it is believed."""

    def __init__(self, heard: list[Heard], landlock: int) -> None:
        """`heard` has one entry a query, to be filled; `landlock` is the ABI that the child must report."""
        self._heard = heard
        self._landlock = landlock
        self._buffer = bytearray()
        self._received = 0
        self._current: int | None = None
        self._next = 0
        self.is_done = False
        self.complaint = ""

    @property
    def is_under_way(self) -> bool:
        return self._current is not None

    def feed(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > ANSWER_LIMIT:
            raise HostileAnswerError(f"the answer passed {ANSWER_LIMIT} bytes")
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= 4:
            size = int.from_bytes(self._buffer[start : start + 4], "big")
            if size > MESSAGE_LIMIT:
                raise HostileAnswerError(f"a message of {size} bytes")
            if len(self._buffer) - start - 4 < size:
                break
            self._take(bytes(self._buffer[start + 4 : start + 4 + size]))
            start += 4 + size
        del self._buffer[:start]

    def _take(self, body: bytes) -> None:
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            raise HostileAnswerError("a message that is no JSON") from None
        if not isinstance(message, dict) or self.is_done:
            raise HostileAnswerError("a message out of order")
        kind = message.get("kind")
        if kind == "ready":
            self._check_fence(message.get("landlock"))
        elif kind == "done":
            self.is_done = self._current is None and self._next == len(self._heard)
        elif kind == "broken":
            self.complaint = _word(message.get("error"))
        elif kind == "begin":
            self._begin(message.get("query"))
        else:
            self._take_about_query(kind, message)

    def _check_fence(self, abi: object) -> None:
        if abi != self._landlock:
            raise HostileAnswerError("the child runs without the fence that the kernel offers")

    def _begin(self, number: object) -> None:
        if self._current is not None or number != self._next or self._next >= len(self._heard):
            raise HostileAnswerError("a query out of order")
        self._current = self._next
        self._next += 1

    def _take_about_query(self, kind: object, message: dict[str, Any]) -> None:
        if self._current is None or message.get("query") != self._current:
            raise HostileAnswerError("a message about another query")
        answer = self._heard[self._current]
        if kind in ("counts", "shared"):
            if answer.counts is not None or answer.shared is not None:
                raise HostileAnswerError("counts twice")
            setattr(answer, str(kind), _whole_numbers(message.get("values")))
        elif kind == "alive":
            pass
        elif kind == "together":
            answer.is_found_together = True
        elif kind == "rows":
            answer.rows += _text_rows(message.get("rows"))
            if len(answer.rows) > ROW_LIMIT:
                raise HostileAnswerError(f"more than {ROW_LIMIT} failing rows")
        elif kind == "watched":
            _take_watched(answer.watched, message.get("keys"))
        elif kind == "error":
            answer.error = (_word(message.get("error")), str(message.get("detail") or "")[:300])
        elif kind == "end":
            seconds = message.get("seconds")
            answer.elapsed = float(seconds) if isinstance(seconds, int | float) else 0.0
            answer.has_ended = True
            self._current = None
        else:
            raise HostileAnswerError("a message of unknown kind")


def _word(value: object) -> str:
    """A class name, or nothing: error text from the child could carry data."""
    text = value if isinstance(value, str) else ""
    return text if text.isidentifier() and len(text) <= 60 else "Error"


def _whole_numbers(values: object) -> list[int]:
    if not isinstance(values, list) or len(values) > 20:
        raise HostileAnswerError("counts that are no short list")
    if any(type(value) is not int or not 0 <= value < 1 << 63 for value in values):
        raise HostileAnswerError("counts that are no whole numbers")
    return values


def _take_watched(known: dict[int, bool], keys: object) -> None:
    if not isinstance(keys, list):
        raise HostileAnswerError("watched keys that are no list")
    for key in keys:
        if not isinstance(key, list) or len(key) != 2 or any(type(part) is not int for part in key):
            raise HostileAnswerError("a watched key that is no pair of whole numbers")
        number, flag = key
        if number in known or not 0 <= number < ROW_LIMIT or flag not in (0, 1):
            raise HostileAnswerError("a watched key out of range or twice")
        known[number] = bool(flag)


def _text_rows(rows: object) -> list[tuple[str | None, ...]]:
    if not isinstance(rows, list):
        raise HostileAnswerError("rows that are no list")
    for row in rows:
        if not isinstance(row, list) or any(not (cell is None or isinstance(cell, str)) for cell in row):
            raise HostileAnswerError("a row that is no list of texts")
    return [tuple(row) for row in rows]
