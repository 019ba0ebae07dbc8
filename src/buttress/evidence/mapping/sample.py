"""The first rows of somebody's own export, as texts under the headings of the file."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_ROWS = 20_000
"""Rows that a proposal looks at."""
UTF_8 = "UTF-8"
"""The encoding that data sets are read in."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`rows` are texts (None is nothing) in the order of `headings`; `is_whole` tells whether they are all of the file's.

    `encoding` is a guess, None where the format leaves no choice; a `delimiter` of None is the format's own.
    """

    file: str
    format: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[str | None]]
    is_whole: bool = True
    delimiter: str | None = None
    encoding: str | None = None

    def values(self, heading: str) -> tuple[str | None, ...]:
        """The texts under a heading, one for each row; an empty text is nothing."""
        position = self.headings.index(heading)
        return tuple(row[position] or None for row in self.rows)
