"""Parquet files read by a limited child process: native code never sees foreign bytes in this one.

The child has an empty environment, no writable file, bounded memory and time, and where the kernel has Landlock sees
nothing but the file. It answers in JSON lines, which are read as strictly as any file from outside.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence

from buttress.formats.problems import ProblemsError, refuse
from buttress.formats.strict_json import JsonLimits, read_json_lines

MAX_ANSWER_BYTES = 512 * 1024 * 1024
"""A few kilobytes of Parquet can hold a value a billion times: what comes out is limited, and not only what goes in."""
_DEADLINE_SECONDS, _GOODBYE_SECONDS = 60, 5
_ANSWER = JsonLimits(max_bytes=1_000_000_000, max_line_bytes=20_000_000, max_depth=4)
_CHILD = "from buttress.evidence.locked.parquet_child import main; main()"


def read_parquet(descriptor: int, name: str, wanted: Sequence[str]) -> tuple[frozenset[str], list[list[str | None]]]:
    """Which of the `wanted` columns the open file has, and its rows of texts in their order (None where absent or null).

    Raises `ProblemsError` where the file cannot be read within the limits.
    """
    command = [sys.executable, "-I", "-c", _CHILD, json.dumps(list(wanted))]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        command, env={}, cwd="/", stdin=descriptor, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        try:
            answer = _heard(child, name)
            child.wait(timeout=_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            raise _unreadable(name, "a reader that does not end") from None
        finally:
            child.kill()
    if child.returncode:
        raise _unreadable(name, f"the reader ended with code {child.returncode}")
    return _answer(answer, name, tuple(wanted))


def _heard(child: "subprocess.Popen[bytes]", name: str) -> bytes:
    """All that the child says until it ends, as far as time and room allow."""
    assert child.stdout is not None
    reader = child.stdout.fileno()
    poll = select.poll()
    poll.register(reader, select.POLLIN | select.POLLHUP)
    until = time.monotonic() + _DEADLINE_SECONDS
    heard = bytearray()
    while len(heard) <= MAX_ANSWER_BYTES:
        wait = until - time.monotonic()
        if wait <= 0 or not poll.poll(wait * 1000):
            raise _unreadable(name, f"no answer within {_DEADLINE_SECONDS} s")
        block = os.read(reader, 1 << 20)
        if not block:
            return bytes(heard)
        heard += block
    raise _unreadable(name, f"cells of more than {MAX_ANSWER_BYTES:,} bytes")


def _answer(answer: bytes, name: str, wanted: tuple[str, ...]) -> tuple[frozenset[str], list[list[str | None]]]:
    try:
        lines = [value for _, value in read_json_lines(answer, file=name, limits=_ANSWER)]
    except ProblemsError:
        raise _unreadable(name, "an answer that is no JSON") from None
    if not lines or not isinstance(lines[0], dict):
        raise _unreadable(name, "no answer")
    head, *rows = lines
    if "error" in head:
        raise refuse(name, None, str(head["error"])[:200], "a Parquet file with plain columns")
    end = rows.pop() if rows else None
    if end != {"rows": len(rows)} or not all(_is_row(row, len(wanted)) for row in rows):
        raise _unreadable(name, "an answer that was cut off")
    return frozenset(str(column) for column in head["present"]) & frozenset(wanted), rows


def _is_row(row: object, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and all(cell is None or isinstance(cell, str) for cell in row)


def _unreadable(name: str, found: str) -> ProblemsError:
    return refuse(name, None, found, "a Parquet file that can be read within the limits", "Export it again, or as CSV.")
