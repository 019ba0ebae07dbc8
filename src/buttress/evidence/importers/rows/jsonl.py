"""JSON lines: an object a line, its values by name or dotted path."""

from collections.abc import Sequence

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.data.raw_rows import RawRows
from buttress.evidence.importers.rows._json_records import rows_of
from buttress.formats.strict_json import JsonLimits, read_json_lines

_LIMITS = JsonLimits(max_bytes=256 * 1024 * 1024)


def read(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str]) -> RawRows:
    """A list stands as the number of its items, so that `map` can tell none from some."""
    lines = read_json_lines(source.content(), file=source.name, limits=_LIMITS)
    return rows_of(((line, "", record) for line, record in lines), wanted, source.name)
