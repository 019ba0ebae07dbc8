"""What is known of usual exports: under which headings they have the columns of the shipped data sets."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BeforeValidator, Field

from buttress.formats.models import StrictModel, Text, validated
from buttress.formats.strict_yaml import YamlLimits, read_yaml

FILE = "content/export_columns.yaml"
_LIMITS = YamlLimits(max_bytes=500_000, max_depth=10, max_nodes=50_000)


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _spelled_out(value: object) -> object:
    """A column may be one heading, several, or both with a map."""
    return value if isinstance(value, dict) else {"from": value}


class KnownColumn(StrictModel):
    """The headings under which an export has a column, of which the first that is there counts; `map` translates its
    values (`*` any other, the empty text nothing)."""

    headings: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = Field(alias="from")
    map: dict[str, str] | None = None


class KnownExport(StrictModel):
    """An export of a product; `stated` is what its rows are without saying so."""

    title: Text
    columns: dict[str, Annotated[KnownColumn, BeforeValidator(_spelled_out)]]
    stated: dict[str, Text] = Field(default_factory=dict)
    note: Text | None = None


class KnownDataset(StrictModel):
    """Of one shipped schema: its exports by product, other names of its columns, and how its values are spelled."""

    exports: dict[str, KnownExport] = Field(default_factory=dict)
    also_called: dict[str, tuple[Text, ...]] = Field(default_factory=dict)
    spellings: dict[str, dict[str, tuple[Text, ...]]] = Field(default_factory=dict)

    def headings_of(self, column: str) -> tuple[str, ...]:
        """Every heading known for the column, those of products first."""
        known = [export.columns[column] for export in self.exports.values() if column in export.columns]
        return (*(heading for each in known for heading in each.headings), *self.also_called.get(column, ()))


class Words(StrictModel):
    """Spellings of true, false and nothing, in lower case."""

    true: tuple[Text, ...]
    false: tuple[Text, ...]
    empty: tuple[Text, ...]


class KnownExports(StrictModel):
    words: Words
    data_sets: dict[str, KnownDataset]


@cache
def known_exports() -> KnownExports:
    """The exports that ship with Buttress, in their own words and never checked against every version of a product."""
    resource = files("buttress") / "content" / "export_columns.yaml"
    return validated(KnownExports, read_yaml(resource.read_text(encoding="utf-8"), file=FILE, limits=_LIMITS))


def known_dataset(schema: str) -> KnownDataset:
    """What is known of a shipped schema's exports; empty where nothing is."""
    known: Mapping[str, KnownDataset] = known_exports().data_sets
    return known.get(schema, KnownDataset())
