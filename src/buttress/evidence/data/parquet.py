"""Parquet files read by a limited child process: native code never sees foreign bytes in this one.

The child has an empty environment, no writable file, bounded memory and time, and where the kernel has Landlock sees
nothing but the file.
"""

import json
import sys
from collections.abc import Sequence

from buttress.evidence.data import parser
from buttress.evidence.data.evidence_file import Evidence
from buttress.formats.problems import refuse

_CHILD = "from buttress.evidence.locked.parquet_child import main; main()"


def read_parquet(source: Evidence, wanted: Sequence[str]) -> tuple[frozenset[str], list[list[str | None]]]:
    """Which of the `wanted` columns the open file has, and its rows of texts in their order (None where absent or null).

    Raises `ProblemsError` where the file cannot be read within the limits.
    """
    name = source.name
    command = [sys.executable, "-I", "-c", _CHILD, json.dumps(list(wanted))]
    lines = parser.heard_from(command, source, parser.LIMITS)
    if not lines or not isinstance(lines[0], dict):
        raise parser.unreadable(name, "no answer")
    head, *rows = lines
    if "error" in head:
        raise refuse(name, None, str(head["error"])[:200], "a Parquet file with plain columns")
    end = rows.pop() if rows else None
    if end != {"rows": len(rows)} or not all(_is_row(row, len(wanted)) for row in rows):
        raise parser.unreadable(name, "an answer that was cut off")
    return frozenset(str(column) for column in head["present"]) & frozenset(wanted), rows


def _is_row(row: object, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and all(cell is None or isinstance(cell, str) for cell in row)
