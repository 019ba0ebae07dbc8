"""Starts the locked child, gives it its statements, and listens until it has answered or its time is over."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from buttress.evidence.locked.answers import Conversation, Heard, HostileAnswerError
from buttress.evidence.locked.landlock import landlock_abi

START_SECONDS, STATEMENT_SECONDS, GRACE_SECONDS = 5.0, 4.0, 0.5
STATEMENTS_A_QUERY = 3
SILENCE_SECONDS = 6.0
"""The engine stops a statement after 4 s by itself; a child that says nothing for longer is beyond its engine."""

_START_CHILD = (
    "import sys; sys.path.extend(sys.argv[2:]); from buttress.evidence.locked.child import main; main(int(sys.argv[1]))"
)


class RunFiles(NamedTuple):
    """What the child may open: the run's database, and those of `loaded` data sets, each with a table of that name."""

    database: Path
    loaded: Mapping[str, Path] = {}


class Ending(NamedTuple):
    """Why a child ended early: time, limit or crashed."""

    code: str
    detail: str


def ask_child(
    files: RunFiles,
    entries: Sequence[Mapping[str, Any]],
    deadline_seconds: float | None = None,
    *,
    shared: Sequence[str] = (),
    rows: Sequence[Mapping[str, Any]] = (),
) -> tuple[list[Heard], Ending | None]:
    """Run statements as they stand in one child; what it said of each query, and why it ended early.

    `entries` have `counts` and `failing` (texts) and `failing_position` (which count decides whether `failing` runs),
    and may have `watched` (a text) and `taken` (places of their counts in the answers of the `shared` statements, tried
    before `counts`) with `taken_failing`, the position among them, and `rows`, the place of their failing rows in the
    answers of the statements of that name: each with `sql` and `failing`, the places of the counts that it is for. The
    caller has guarded the texts. The deadline is 5 s and 4 s a statement unless given.
    """
    most = STATEMENTS_A_QUERY * len(entries) + len(shared) + len(rows)
    deadline = deadline_seconds or START_SECONDS + STATEMENT_SECONDS * most
    plan = {
        "database": str(files.database.resolve()),
        "loaded": {name: str(path.resolve()) for name, path in files.loaded.items()},
        "deadline": deadline,
        "parent": os.getpid(),
        "queries": list(entries),
        "shared": list(shared),
        "rows": list(rows),
    }
    heard = [Heard() for _ in entries]
    conversation = Conversation(heard, landlock_abi())
    reader, writer = os.pipe()
    try:
        with tempfile.TemporaryFile() as stream:
            stream.write(json.dumps(plan).encode())
            stream.seek(0)
            command = [sys.executable, "-I", "-S", "-c", _START_CHILD, str(writer), *_import_paths()]
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and text
                command,
                stdin=stream,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                pass_fds=(writer,),
                start_new_session=True,
                cwd="/",
            )
        os.close(writer)
        writer = -1
        try:
            ending = _listen(reader, conversation, deadline + GRACE_SECONDS)
        finally:
            status = _end(process)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    if ending is not None and ending.code == "crashed":
        ending = Ending("crashed", f"{ending.detail} (status {status})")
    return heard, ending


def _import_paths() -> list[str]:
    """Folders that the child imports from: this package's root and that of duckdb."""
    paths = [str(Path(__file__).resolve().parents[3])]
    found = find_spec("duckdb")
    if found is not None and found.origin is not None:
        paths.append(str(Path(found.origin).resolve().parents[1]))
    return list(dict.fromkeys(paths))


def _end(process: "subprocess.Popen[bytes]") -> int:
    """Kill the child with all it may have started, unless it ends by itself at once; its exit status."""
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _listen(reader: int, conversation: Conversation, limit: float) -> Ending | None:
    """Feed the conversation until the pipe closes; why it had to stop before, or None."""
    poll = select.poll()
    poll.register(reader, select.POLLIN | select.POLLHUP)
    started = last = time.monotonic()
    while True:
        until = started + limit
        if conversation.is_under_way:
            until = min(until, last + SILENCE_SECONDS)
        wait = until - time.monotonic()
        if wait <= 0 or not poll.poll(wait * 1000):
            return Ending("time", f"stopped after {time.monotonic() - started:.1f} s")
        data = os.read(reader, 1 << 16)
        if not data:
            break
        last = time.monotonic()
        try:
            conversation.feed(data)
        except HostileAnswerError as error:
            return Ending("limit", str(error))
    if conversation.is_done:
        return None
    return Ending("crashed", conversation.complaint or "the child ended without an answer")
