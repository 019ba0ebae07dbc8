"""Rows of texts before any type: what every table format is read into."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

MATCHES_ONLY = "matches_only"
"""The doubt of a file that lists what failed and nothing else: as a population it is incomplete, beside one it is not."""


@dataclass(frozen=True, slots=True)
class RawRows:
    """Rows of texts (None is null); `sources` names their positions, `present` those that the file really has.

    `line_of` gives the line of a row by its index, None where the format has no lines. `doubts` are reason codes with
    figures why the file is not whole: no test of it is more than incomplete. `bars` are codes why nothing can be
    concluded from it at all.
    """

    sources: tuple[str, ...]
    present: frozenset[str]
    rows: Sequence[Sequence[str | None]]
    line_of: Callable[[int], int | None]
    doubts: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()

    def position(self, source: str) -> int:
        return self.sources.index(source)
