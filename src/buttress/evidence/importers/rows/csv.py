"""CSV with a header line; the delimiter is a comma unless the data set declares another."""

from collections.abc import Sequence
from functools import cache
from typing import cast

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.data.raw_rows import RawRows
from buttress.formats.strict_csv import lines_of_records, read_csv


def read(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str]) -> RawRows:
    """Every column of the file; an empty field is null, because CSV cannot tell it from an empty text."""
    header, rows = read_csv(source.content(), file=source.name, delimiter=dataset.separator)
    texts: list[list[str | None]] = cast("list[list[str | None]]", rows)
    for row in texts:  # in place: a second copy would double what a large file needs
        row[:] = [field or None for field in row]
    lines = cache(lambda: lines_of_records(header, texts))
    return RawRows(header, frozenset(header), texts, lambda index: lines()[index])
