"""The child process that reads one Parquet file and writes its cells as JSON lines: see `buttress.evidence.data.parquet`."""

import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

from buttress.evidence.locked.landlock import ENGINE_PATHS, die_with_parent, restrict_to

FILE = "/dev/stdin" if sys.platform == "darwin" else "/proc/self/fd/0"
"""The file that the parent opened: a name would be looked up again, and might hold signs that stand for other names."""
_MEMORY_BYTES = 1536 * 1024 * 1024
_CPU_SECONDS = 60
_BATCH = 1000
_SETTINGS = (
    "autoinstall_known_extensions=false",
    "autoload_known_extensions=false",
    "allow_community_extensions=false",
    "allow_persistent_secrets=false",
    "python_enable_replacements=false",
    "temp_directory=''",
    "memory_limit='768MB'",
    "threads=1",
    "enable_progress_bar=false",
    "TimeZone='UTC'",
    "lock_configuration=true",
)
_REFUSED = ("STRUCT", "MAP", "UNION", "BLOB")


def main() -> None:
    """The file is standard input; the argument is a JSON list of the columns wanted."""
    path, wanted = FILE, json.loads(sys.argv[1])
    import duckdb  # noqa: PLC0415 - before the fence, behind which nothing more of the disk can be read

    _limit()
    die_with_parent()
    restrict_to([path, *ENGINE_PATHS])
    write = sys.stdout.write
    try:
        for line in _lines(duckdb.connect(), path, wanted):
            write(json.dumps(line, separators=(",", ":")) + "\n")
    except duckdb.Error as error:
        write(json.dumps({"error": f"a damaged file ({type(error).__name__})"}) + "\n")
    sys.stdout.flush()


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
    ):
        resource.setrlimit(what, (most, most))


def _lines(connection: Any, path: str, wanted: list[str]) -> Iterator[object]:
    for setting in _SETTINGS:
        connection.execute(f"SET {setting}")
    types = {
        name: kind for name, kind, *_ in connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    }
    nested = [name for name in wanted if types.get(name, "").startswith(_REFUSED)]
    if nested:
        yield {"error": f"columns {', '.join(nested)} are nested or binary"}
        return
    yield {"present": [name for name in wanted if name in types]}
    cells = ", ".join(_cell(name, types.get(name)) for name in wanted) or "NULL"
    connection.execute(f"SELECT {cells} FROM read_parquet(?)", [path])  # noqa: S608 - quoted names from the declaration
    count = 0
    while batch := connection.fetchmany(_BATCH):
        count += len(batch)
        yield from (list(row) for row in batch)
    yield {"rows": count}


def _cell(name: str, kind: str | None) -> str:
    if kind is None:
        return "NULL"
    quoted = '"' + name.replace('"', '""') + '"'
    value = f"len({quoted})" if kind.endswith("[]") else quoted
    return f"CAST({value} AS VARCHAR)"
