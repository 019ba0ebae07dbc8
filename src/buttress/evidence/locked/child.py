"""The locked child: reads one plan, runs its statements on a read-only database, answers through one pipe.

Started by exec with an empty environment, isolated (`-I -S`), and single-threaded until the fence of the operating
system stands. Order matters: libraries are loaded first, because nothing can be opened later; the fence stands before
DuckDB connects, because it does not bind threads that exist already. Only the standard library, duckdb, and two small
modules of this package are loaded.
"""

import json
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import duckdb

from buttress.evidence.data.tables import value_text
from buttress.evidence.locked.landlock import ENGINE_PATHS, die_with_parent, restrict_to

SETTINGS = (
    "autoinstall_known_extensions=false",
    "autoload_known_extensions=false",
    "allow_community_extensions=false",
    "allow_persistent_secrets=false",
    "python_enable_replacements=false",
    "temp_directory=''",
    "max_temp_directory_size='0B'",
    "memory_limit='384MB'",
    "threads=1",
    "max_expression_depth=250",
    "max_execution_time=4000",
    "enable_external_access=false",
    "lock_configuration=true",
)
"""One SET each, in this order: later ones forbid earlier ones, and the last forbids all."""

ROWS_A_FETCH = 200
ROWS_KEPT = 20_000
"""Failing rows that are found for several queries at once and kept until the last of them has its own."""
MESSAGE_LIMIT = 4 * 1024 * 1024
MEMORY_ABOVE_START = (700 + 768) * 1024 * 1024
QUIET_ERRORS = frozenset({"BinderException", "CatalogException", "ParserException"})
"""Errors found before any row is read; the text of all others may carry data and is not passed on."""


class Answer:
    """The pipe to the parent: messages of a four-byte length and that many bytes of JSON."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, **message: Any) -> None:
        body = json.dumps(message, separators=(",", ":")).encode()
        if len(body) > MESSAGE_LIMIT:
            raise OverflowError(f"a message of {len(body)} bytes")
        data = memoryview(len(body).to_bytes(4, "big") + body)
        while data:
            data = data[os.write(self._descriptor, data) :]


class ValueWithoutTextError(TypeError):
    """A failing row holds a float, list or other value that has no canonical text."""


def main(descriptor: int) -> None:
    """Everything in order; leaves by `_exit`, so that no library runs its own farewell.

    `descriptor` is the pipe for answers; the plan is JSON on standard input.
    """
    die_with_parent()
    answer = Answer(descriptor)
    with os.fdopen(os.dup(0), "rb") as stream:
        plan = json.load(stream)
    status = 1
    try:
        connection, abi = locked_connection(plan)
        answer.send(kind="ready", landlock=abi)
        run_all(connection, plan["queries"], answer, Shared(connection, plan.get("shared", ()), plan.get("rows", ())))
        answer.send(kind="done")
        status = 0
    except BaseException as error:  # whatever it was, the parent gets its class and the process ends
        answer.send(kind="broken", error=type(error).__name__)
    finally:
        os._exit(status)


def locked_connection(plan: dict[str, Any]) -> tuple[Any, int]:
    """A connection behind the fence, and the Landlock ABI in force (0: none)."""
    if os.getppid() != plan["parent"]:
        raise RuntimeError("the parent has gone")
    close_standard_streams()
    size = virtual_memory()
    for limit, value in ((resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 64)):
        resource.setrlimit(limit, (value, value))
    if thread_count() != 1:
        raise RuntimeError("threads were running before the fence")
    loaded = plan.get("loaded", {})
    abi = restrict_to([plan["database"], *loaded.values(), *ENGINE_PATHS])
    connection = duckdb.connect(plan["database"], read_only=True)
    for number, (name, path) in enumerate(loaded.items()):
        attach(connection, number, name, path)
    for setting in SETTINGS:
        connection.execute(f"SET {setting}")
    if size:
        memory = size + MEMORY_ABOVE_START
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    seconds = int(plan["deadline"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    return connection, abi


def attach(connection: Any, number: int, name: str, path: str) -> None:
    """Have the table `name` of another database file found by its name alone; before the settings forbid it."""
    table, file = (text.replace(sign, sign * 2) for text, sign in ((name, '"'), (path, "'")))
    connection.execute(f"ATTACH '{file}' AS loaded_{number} (READ_ONLY)")
    connection.execute(f'CREATE TEMP VIEW "{table}" AS FROM loaded_{number}.main."{table}"')


def close_standard_streams() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _process_status(name: str) -> str:
    try:
        with open("/proc/self/status") as stream:  # noqa: PTH123 - pathlib is not needed for one file
            lines = stream.read().splitlines()
    except OSError:
        return ""
    return next((line.split()[1] for line in lines if line.startswith(f"{name}:")), "")


def virtual_memory() -> int:
    """Bytes of address space in use, 0 where the system does not say."""
    return int(_process_status("VmSize") or 0) * 1024


def thread_count() -> int:
    return int(_process_status("Threads") or 1)


class Shared:
    """The statements that several queries share: each runs when the first of them needs it, and once."""

    def __init__(self, connection: Any, statements: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
        self._connection = connection
        self._statements = statements
        self._rows = rows
        self._found: dict[int, list[int] | None] = {}
        self._found_rows: dict[int, list[tuple[Any, ...]] | None] = {}

    def counts(self, number: int, alive: Callable[[], None]) -> list[int] | None:
        """What the statement counts, None where it fails; `alive` is called before it runs."""
        if number not in self._found:
            alive()
            try:
                row = self._connection.execute(self._statements[number]).fetchone()
                self._found[number] = [int(value) for value in row]
            except Exception:  # the queries that share it are asked each by itself, and say what is wrong
                self._found[number] = None
        return self._found[number]

    def taken(self, places: Sequence[Sequence[int]], alive: Callable[[], None]) -> list[int] | None:
        """The counts at `places` (statement, position), None where one of the statements fails."""
        values = []
        for statement, position in places:
            counts = self.counts(statement, alive)
            if counts is None:
                return None
            values.append(counts[position])
        return values

    def rows(self, place: Sequence[Any], alive: Callable[[], None]) -> list[list[Any]] | None:
        """The failing rows of one query, None where it has to look for them by itself.

        `place` is a statement, the position of the query's flag in its rows, and those of its columns.
        """
        number, flag, columns = place
        if number not in self._found_rows:
            alive()
            self._found_rows[number] = self._rows_of(self._rows[number])
        found = self._found_rows[number]
        return None if found is None else [[row[position] for position in columns] for row in found if row[flag]]

    def _rows_of(self, statement: dict[str, Any]) -> list[tuple[Any, ...]] | None:
        """All rows of a statement, where they are few and worth a scan of their own."""
        counts = [(self._found.get(number) or ())[position] for number, position in statement["failing"]]
        if sum(counts) > ROWS_KEPT or sum(count > 0 for count in counts) < 2:
            return None
        try:
            rows: list[tuple[Any, ...]] = self._connection.execute(statement["sql"]).fetchall()
        except Exception:  # as for counts
            return None
        return rows


def run_all(connection: Any, queries: list[dict[str, Any]], answer: Answer, shared: Shared) -> None:
    for number, query in enumerate(queries):
        started = time.monotonic()
        answer.send(kind="begin", query=number)
        try:
            run_one(connection, number, query, answer, shared)
        except Exception as error:  # one query's failure must not take the others with it
            answer.send(kind="error", query=number, error=type(error).__name__, detail=detail_of(error))
        answer.send(kind="end", query=number, seconds=round(time.monotonic() - started, 6))


def run_one(connection: Any, number: int, query: dict[str, Any], answer: Answer, shared: Shared) -> None:
    def alive() -> None:
        answer.send(kind="alive", query=number)

    failing = rows = None
    if "taken" in query:
        values = shared.taken(query["taken"], alive)
        if values is not None:
            answer.send(kind="shared", query=number, values=values)
            failing = values[query["taken_failing"]]
            rows = shared.rows(query["rows"], alive) if failing else None
        alive()
    if failing is None:
        counts = [int(value) for value in connection.execute(query["counts"]).fetchone()]
        answer.send(kind="counts", query=number, values=counts)
        failing = counts[query["failing_position"]]
    if rows is not None:
        answer.send(kind="together", query=number)
        send_rows(rows, number, answer)
    elif failing:
        for batch in batches(connection.execute(query["failing"])):
            send_rows(batch, number, answer)
    if query.get("watched"):
        for batch in batches(connection.execute(query["watched"])):
            answer.send(kind="watched", query=number, keys=[[int(n), int(flag)] for n, flag in batch])


def send_rows(rows: Sequence[Sequence[Any]], number: int, answer: Answer) -> None:
    for some in messages_of([[cell_text(value) for value in row] for row in rows]):
        answer.send(kind="rows", query=number, rows=some)


def batches(cursor: Any) -> Iterator[list[tuple[Any, ...]]]:
    return iter(lambda: cursor.fetchmany(ROWS_A_FETCH), [])


def messages_of(rows: list[list[str | None]]) -> Iterator[list[list[str | None]]]:
    """Rows cut so that each message stays well below its limit; `send` refuses a single row that does not fit."""
    chunk: list[list[str | None]] = []
    size = 0
    for row in rows:
        width = sum(len(cell) * 6 + 8 for cell in row if cell is not None)
        if chunk and size + width > MESSAGE_LIMIT // 2:
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += width
    if chunk:
        yield chunk


def cell_text(value: Any) -> str | None:
    if value is not None and type(value).__name__ not in ("str", "int", "bool", "Decimal", "date", "datetime"):
        raise ValueWithoutTextError(type(value).__name__)
    return value_text(value)


def detail_of(error: Exception) -> str:
    if type(error).__name__ not in QUIET_ERRORS:
        return ""
    return (str(error).splitlines() or [""])[0][:300]
