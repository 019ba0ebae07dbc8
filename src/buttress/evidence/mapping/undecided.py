"""Which shipped control tests a data set serves, and which of them could not be decided without its missing columns."""

from collections.abc import Collection
from dataclasses import dataclass

from buttress.evidence.columns_used import deciding_columns
from buttress.evidence.data.datasets import dataset_schemas
from buttress.evidence.declarations import catalogue, shipped_test


@dataclass(frozen=True, slots=True)
class Served:
    """A shipped control test that reads the data set; `lacking` are the columns that it decides by and that are not
    there, `on_trust` those that it decides by and that are only stated, `also` the other data sets that it needs."""

    test: str
    title: str
    also: tuple[str, ...]
    lacking: tuple[str, ...]
    on_trust: tuple[str, ...]


def served_by(dataset: str, present: Collection[str], stated: Collection[str] = ()) -> tuple[Served, ...]:
    """The shipped tests over the data set, given the columns that are `present` in it or `stated` of all its rows."""
    schema = dataset_schemas()[dataset]
    served = []
    for name in sorted(catalogue()):
        declared = shipped_test(name)
        read = (declared.source, *declared.also)
        if dataset in read:
            decides = [c.name for c in schema.columns if c.name in deciding_columns(declared)]
            lacking = tuple(column for column in decides if column not in present and column not in stated)
            on_trust = tuple(column for column in decides if column in stated)
            served.append(Served(name, declared.title, tuple(d for d in read if d != dataset), lacking, on_trust))
    return tuple(served)
