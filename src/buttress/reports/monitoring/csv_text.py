"""CSV that a spreadsheet only shows and never runs, and that reads back the same.

A text that a spreadsheet would take for a formula gets one apostrophe in front; a reader takes one off again. Characters
that would command a terminal, and line breaks, stand as escapes.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from enum import Enum

from buttress.formats.printable import in_one_line

Cell = str | int | float | bool | date | Enum | None

_RUNS = re.compile(r"'*\s*[=+\-@\t\r\n＝＋－＠]")
"""Full-width forms run as well."""


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    r"""A header and rows, every field quoted, lines ended by a line feed; nothing stands for None.

    >>> print(csv_text(("key", "items"), [("=1+1", -3), (None, True)]), end="")
    "key","items"
    "'=1+1","-3"
    "","yes"
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return out.getvalue()


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Enum):
        return str(cell.value)
    if isinstance(cell, str):
        text = in_one_line(cell)
        return f"'{text}" if _RUNS.match(cell) else text
    return cell.isoformat() if isinstance(cell, date) else repr(cell)
