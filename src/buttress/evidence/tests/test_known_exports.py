"""What is known of usual exports fits the schemas that it speaks of."""

import pytest

from buttress.evidence.data.datasets import dataset_schemas
from buttress.evidence.data.tables import Column, ColumnType
from buttress.evidence.mapping.headings import words
from buttress.evidence.mapping.known import known_exports

FINDINGS = "cloud_findings"
"""The one data set that importers fill by themselves."""


def allowed(column: Column) -> set[str] | None:
    """What the texts of a column may mean, None where anything; the empty text is nothing."""
    if column.type is ColumnType.BOOLEAN:
        return {"true", "false", ""}
    return {*column.values, ""} if column.values else None


def test_every_shipped_data_set_says_how_exports_call_its_columns() -> None:
    assert set(known_exports().data_sets) == set(dataset_schemas()) - {FINDINGS}


@pytest.mark.parametrize("name", sorted(known_exports().data_sets))
def test_exports_speak_of_columns_and_values_that_the_schema_has(name: str) -> None:
    columns = {column.name: column for column in dataset_schemas()[name].columns}
    known = known_exports().data_sets[name]
    assert set(known.also_called) <= set(columns)
    for export in known.exports.values():
        assert {*export.columns, *export.stated} <= set(columns)
        assert not {*export.columns} & {*export.stated}
        for column, spelled in export.columns.items():
            values = allowed(columns[column])
            assert spelled.map is None or values is None or set(spelled.map.values()) <= values, (column, spelled)
        for column, value in export.stated.items():
            values = allowed(columns[column])
            assert values is None or value in values, (column, value)


@pytest.mark.parametrize("name", sorted(known_exports().data_sets))
def test_spellings_mean_one_value_each(name: str) -> None:
    columns = {column.name: column for column in dataset_schemas()[name].columns}
    known = known_exports().data_sets[name]
    closed = {column.name for column in columns.values() if column.values}
    assert closed <= set(known.spellings)
    for column, spellings in known.spellings.items():
        values = allowed(columns[column])
        assert values is not None
        assert set(spellings) <= values
        said = [words(each) for spelled in spellings.values() for each in set(spelled)]
        assert len(set(said)) == len(said), (column, said)


def test_a_heading_is_usual_for_one_column_of_a_data_set_at_most_twice() -> None:
    """One that many columns claim would be given to any of them."""
    for name, known in known_exports().data_sets.items():
        said = [words(heading) for headings in known.also_called.values() for heading in set(headings)]
        assert max(map(said.count, said)) <= 2, name


def test_words_for_true_false_and_nothing_differ() -> None:
    spelled = known_exports().words
    assert not {*spelled.true} & {*spelled.false}
    assert not {*spelled.true, *spelled.false} & {*spelled.empty}
    assert all(word == word.casefold() for word in (*spelled.true, *spelled.false, *spelled.empty))
