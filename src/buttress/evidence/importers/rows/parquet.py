"""Parquet with plain columns, read by a limited child of its own."""

from collections.abc import Sequence

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.data.parquet import read_parquet
from buttress.evidence.data.raw_rows import RawRows
from buttress.evidence.importers.registry import Confinement

CONFINEMENT = Confinement.OWN


def read(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str]) -> RawRows:
    """Only the wanted columns are read."""
    sources = tuple(dict.fromkeys(wanted))
    present, rows = read_parquet(source, sources)
    return RawRows(sources, present, rows, lambda index: None)
