from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttress.evidence.data.canonical import canonical_cell, canonical_digest, canonical_json, canonical_rows
from buttress.evidence.data.tables import Column, ColumnType, Schema, Table, key_text

TEXT = Column("name", ColumnType.TEXT)
PRICE = Column("price", ColumnType.DECIMAL, scale=2)
SCHEMA = Schema((Column("id", ColumnType.TEXT, nullable=False), TEXT), ("id",))


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (None, TEXT, "\\N"),
        ("\\N", TEXT, "\\\\N"),
        ("tab\tline\nreturn\r", TEXT, "tab\\tline\\nreturn\\r"),
        ("é", TEXT, "é"),
        (True, Column("b", ColumnType.BOOLEAN), "true"),
        (-7, Column("n", ColumnType.INTEGER), "-7"),
        (Decimal("1.5"), PRICE, "1.50"),
        (3, PRICE, "3.00"),
        (date(2026, 6, 30), Column("d", ColumnType.DATE), "2026-06-30"),
        (datetime(2026, 6, 30, 8, tzinfo=UTC), Column("t", ColumnType.TIMESTAMP), "2026-06-30T08:00:00.000000Z"),
    ],
)
def test_each_type_has_one_text(value: object, column: Column, text: str) -> None:
    assert canonical_cell(value, column) == text  # type: ignore[arg-type]


def test_a_decimal_that_needs_rounding_is_refused() -> None:
    with pytest.raises(ValueError, match="more than the 2 decimals"):
        canonical_cell(Decimal("1.005"), PRICE)


def test_rows_are_sorted_by_the_bytes_of_their_key() -> None:
    table = Table("t", SCHEMA, (("é", "1"), ("z", "2"), ("Z", "3"), ("a", "4")))
    assert [row.split(b"\t")[0].decode() for row in canonical_rows(table)] == ["Z", "a", "z", "é"]


@given(st.permutations([("a", "1"), ("b", None), ("c", ""), ("c", "x")]))
def test_the_digest_does_not_depend_on_the_order_of_rows(rows: list[tuple[str, str | None]]) -> None:
    expected = canonical_digest(Table("t", SCHEMA, (("a", "1"), ("b", None), ("c", ""), ("c", "x"))))
    assert canonical_digest(Table("t", SCHEMA, tuple(rows))) == expected


@pytest.mark.parametrize(
    "other",
    [
        Table("t", SCHEMA, (("a", None),)),
        Table("t", SCHEMA, (("a", ""), ("a", ""))),
        Table("u", SCHEMA, (("a", ""),)),
        Table("t", Schema(SCHEMA.columns, ("id", "name")), (("a", ""),)),
    ],
)
def test_every_difference_changes_the_digest(other: Table) -> None:
    assert canonical_digest(Table("t", SCHEMA, (("a", ""),))) != canonical_digest(other)


def test_canonical_json_sorts_keys_and_refuses_floats() -> None:
    assert canonical_json({"b": [True, None], "a": Decimal("0.10")}) == b'{"a":"0.10","b":[true,null]}'
    with pytest.raises(TypeError, match="float"):
        canonical_json({"rate": 0.1})


@given(st.lists(st.text("a|\\", max_size=4), min_size=2, max_size=2), st.lists(st.text("a|\\"), min_size=2, max_size=2))
def test_different_keys_never_share_a_text(one: list[str], other: list[str]) -> None:
    assert (key_text(one) == key_text(other)) == (one == other)
