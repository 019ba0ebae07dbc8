"""Large Parquet files, loaded into a DuckDB file of their own by a limited child: this process never holds their rows.

The child writes into one folder and nowhere else. What it says of the rows, and the file that it leaves, are believed as
far as any file's content is: the file is opened only in the locked child that counts.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from buttress.evidence.data import parser
from buttress.evidence.data.canonical import canonical_header
from buttress.evidence.data.datasets import DatasetDeclaration, DatasetSchema
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.data.tables import LoadedTable
from buttress.formats.problems import ProblemsError, refuse

LARGE_BYTES = 16 * 1024 * 1024
"""From this size on a Parquet file is loaded and not read: its rows would take a hundred times as much here."""
MOST_ROWS = 20_000_000
LIMITS = parser.ParserLimits(memory_bytes=2560 << 20, cpu_seconds=1200, seconds=1200.0, answer_bytes=1 << 20)
_CHILD = "import sys; sys.path.extend(sys.argv[2:]); from buttress.evidence.locked.loading_child import main; main()"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A loaded table with its canonical digest (SHA-256, hex), and counts as of a snapshot."""

    table: LoadedTable
    canonical_sha256: str
    null_keys: int
    repeated_keys: int
    future_rows: int
    absent: frozenset[str]


def is_large(dataset: DatasetDeclaration, source: Evidence) -> bool:
    """True where the file is loaded by a child of its own and its rows never come into this process."""
    return dataset.format == "parquet" and os.fstat(source.descriptor).st_size > LARGE_BYTES


def load_table(
    source: Evidence,
    dataset: DatasetDeclaration,
    described: DatasetSchema,
    zone: str,
    *,
    past: Collection[str],
    latest: datetime,
    scratch: Path,
) -> Loaded:
    """Load the open file into a new folder below `scratch`. `past` are columns that tell of no time after `latest`.

    Raises `ProblemsError` where a cell does not fit its column or the file passes a limit.
    """
    folder = Path(tempfile.mkdtemp(prefix="loaded-", dir=scratch))
    try:
        answer = _asked(source, dataset, described, zone, past, latest, folder)
        return _believed(answer, source, dataset, described, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(folder / "spill", ignore_errors=True)


def _asked(
    source: Evidence,
    dataset: DatasetDeclaration,
    described: DatasetSchema,
    zone: str,
    past: Collection[str],
    latest: datetime,
    folder: Path,
) -> dict[str, Any]:
    (folder / "spill").mkdir()
    request = {
        "dataset": parser.request_of(dataset),
        "table": dataset.id,
        "zone": zone,
        "header": canonical_header(dataset.id, described.schema),
        "past": sorted(past),
        "latest": latest.isoformat(),
        "most_rows": MOST_ROWS,
        "folder": str(folder.resolve()),
        "memory_bytes": LIMITS.memory_bytes,
        "cpu_seconds": LIMITS.cpu_seconds,
    }
    command = [sys.executable, "-I", "-S", "-c", _CHILD, json.dumps(request), *_import_paths()]
    lines = parser.heard_from(command, source, LIMITS)
    if len(lines) != 1 or not isinstance(lines[0], dict):
        raise parser.unreadable(source.name, "no answer")
    answer: dict[str, Any] = lines[0]
    if "stopped" in answer:
        raise parser.unreadable(source.name, f"a file that cannot be loaded ({str(answer['stopped'])[:60]})")
    if isinstance(answer.get("problems"), list):
        raise ProblemsError(parser.problem_of(each, source.name) for each in answer["problems"] or [{}])
    return answer


def _believed(
    answer: dict[str, Any], source: Evidence, dataset: DatasetDeclaration, described: DatasetSchema, folder: Path
) -> Loaded:
    """The answer as far as its shape goes."""
    names = frozenset(described.schema.names)
    counts = [answer.get(name) for name in ("rows", "null_keys", "repeated_keys", "future_rows")]
    whole, absent, digest = answer.get("whole"), answer.get("absent"), answer.get("canonical_sha256")
    is_sound = all(type(count) is int and 0 <= count <= MOST_ROWS for count in counts)
    is_sound = is_sound and all(isinstance(each, list) and names.issuperset(each) for each in (whole, absent))
    if not is_sound or not isinstance(digest, str) or len(digest) != 64:
        raise parser.unreadable(source.name, "an answer of another shape")
    rows, null_keys, repeated_keys, future_rows = (int(count or 0) for count in counts)
    path = folder / "table.duckdb"
    if not path.is_file() or path.is_symlink():
        raise refuse(source.name, None, "no table", "the loaded rows", "Run it again.")
    table = LoadedTable(dataset.id, described.schema, path, rows, frozenset(whole or ()))
    return Loaded(table, digest, null_keys, repeated_keys, future_rows, frozenset(absent or ()))


def _import_paths() -> list[str]:
    found = find_spec("duckdb")
    paths = [*parser.import_paths()]
    if found is not None and found.origin is not None:
        paths.append(str(Path(found.origin).resolve().parents[1]))
    return list(dict.fromkeys(paths))
