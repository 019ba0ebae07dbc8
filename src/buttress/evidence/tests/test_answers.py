import json
from collections.abc import Sequence

import pytest

from buttress.evidence.locked import answers
from buttress.evidence.locked.answers import Conversation, Heard, HostileAnswerError


def framed(*messages: object) -> bytes:
    bodies = [message if isinstance(message, bytes) else json.dumps(message).encode() for message in messages]
    return b"".join(len(body).to_bytes(4, "big") + body for body in bodies)


def heard(*messages: object, queries: int = 1, step: int = 7) -> tuple[Conversation, list[Heard]]:
    entries = [Heard() for _ in range(queries)]
    conversation = Conversation(entries, landlock=7)
    data = framed(*messages)
    for start in range(0, len(data), step):
        conversation.feed(data[start : start + step])
    return conversation, entries


READY = {"kind": "ready", "landlock": 7}
BEGIN = {"kind": "begin", "query": 0}
END = {"kind": "end", "query": 0, "seconds": 0.5}


def test_answer_is_assembled_from_any_pieces() -> None:
    rows = {"kind": "rows", "query": 0, "rows": [["a", None], ["b", "c"]]}
    counts = {"kind": "counts", "query": 0, "values": [2, 0, 2]}
    for step in (1, 3, 4096):
        conversation, (answer,) = heard(READY, BEGIN, counts, rows, END, {"kind": "done"}, step=step)
        assert conversation.is_done
        assert (answer.counts, answer.rows, answer.elapsed) == ([2, 0, 2], [("a", None), ("b", "c")], 0.5)


HOSTILE: dict[str, Sequence[object]] = {
    "no json": [b"\x80abc"],
    "nested deep": [b"[" * 100_000],
    "a list": [[]],
    "unknown kind": [BEGIN, {"kind": "shell", "query": 0}],
    "another fence": [{"kind": "ready", "landlock": 0}],
    "a query twice": [BEGIN, END, BEGIN],
    "a query that was not asked": [{"kind": "begin", "query": 1}],
    "one inside another": [BEGIN, {"kind": "begin", "query": 1}],
    "counts before the query": [{"kind": "counts", "query": 0, "values": [1]}],
    "counts of another query": [BEGIN, {"kind": "counts", "query": 1, "values": [1]}],
    "negative counts": [BEGIN, {"kind": "counts", "query": 0, "values": [-1]}],
    "counts that are true": [BEGIN, {"kind": "counts", "query": 0, "values": [True]}],
    "counts that are floats": [BEGIN, {"kind": "counts", "query": 0, "values": [1.5]}],
    "counts that are huge": [BEGIN, {"kind": "counts", "query": 0, "values": [1 << 70]}],
    "counts without end": [BEGIN, {"kind": "counts", "query": 0, "values": [1] * 21}],
    "rows that are texts": [BEGIN, {"kind": "rows", "query": 0, "rows": ["ab"]}],
    "cells that are numbers": [BEGIN, {"kind": "rows", "query": 0, "rows": [[1]]}],
    "cells that are lists": [BEGIN, {"kind": "rows", "query": 0, "rows": [[["a"]]]}],
    "watched keys that are pairs of texts": [BEGIN, {"kind": "watched", "query": 0, "keys": [["0", "1"]]}],
    "watched keys that are no pairs": [BEGIN, {"kind": "watched", "query": 0, "keys": [[0]]}],
    "watched keys that are a mapping": [BEGIN, {"kind": "watched", "query": 0, "keys": {"0": 1}}],
    "a watched key twice": [BEGIN, {"kind": "watched", "query": 0, "keys": [[0, 1], [0, 0]]}],
    "a watched key out of range": [BEGIN, {"kind": "watched", "query": 0, "keys": [[-1, 1]]}],
    "a watched key that is neither": [BEGIN, {"kind": "watched", "query": 0, "keys": [[0, 2]]}],
    "words after the end": [{"kind": "begin", "query": 0}, END, {"kind": "done"}, END],
}


@pytest.mark.parametrize("messages", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_message_is_refused(messages: Sequence[object]) -> None:
    with pytest.raises(HostileAnswerError):
        heard(*messages)


def test_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostileAnswerError, match="a message of"):
        Conversation([Heard()], 7).feed((1 << 31).to_bytes(4, "big"))
    monkeypatch.setattr(answers, "ANSWER_LIMIT", 50)
    with pytest.raises(HostileAnswerError, match="the answer passed"):
        heard(READY, READY)
    monkeypatch.setattr(answers, "ANSWER_LIMIT", 5000)
    monkeypatch.setattr(answers, "ROW_LIMIT", 2)
    with pytest.raises(HostileAnswerError, match="failing rows"):
        heard(BEGIN, {"kind": "rows", "query": 0, "rows": [["a"]] * 3})


def test_unfinished_answer_is_not_done() -> None:
    conversation, (answer,) = heard(READY, BEGIN, {"kind": "done"})
    assert not conversation.is_done
    assert not answer.has_ended


def test_error_names_a_class_or_nothing_that_could_carry_data() -> None:
    _, (answer,) = heard(BEGIN, {"kind": "error", "query": 0, "error": "secret: row 1", "detail": ""}, END)
    assert answer.error == ("Error", "")
