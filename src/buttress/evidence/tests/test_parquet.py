from dataclasses import replace
from pathlib import Path

import pytest

from buttress.evidence.data.evidence_file import evidence_file
from buttress.evidence.data.parquet import read_parquet
from buttress.formats.problems import ProblemsError


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import duckdb

    path = tmp_path_factory.mktemp("parquet") / "users.parquet"
    duckdb.sql(
        f"copy (select i::varchar as id, i::decimal(10,2) as price, timestamptz '2026-06-30 08:00:00+02' as seen_at,"
        f" [i] as factors, {{'a': i}} as nested, null::integer as seats from range(3) r(i)) to '{path}'"
    )
    return path


def read(path: Path, wanted: list[str]) -> tuple[frozenset[str], list[list[str | None]]]:
    with evidence_file(path.parent, path.name) as source:
        return read_parquet(replace(source, name="evidence/users.parquet"), wanted)


def test_cells_arrive_as_texts_and_lists_as_their_length(parquet: Path) -> None:
    present, rows = read(parquet, ["seen_at", "id", "price", "factors", "seats", "missing"])
    assert present == {"seen_at", "id", "price", "factors", "seats"}
    assert rows[1] == ["2026-06-30 06:00:00+00", "1", "1.00", "1", None, None]
    assert len(rows) == 3


def test_a_name_is_never_sql(parquet: Path) -> None:
    present, rows = read(parquet, ["id", '" from x; drop table y; --'])
    assert present == {"id"}
    assert rows[0] == ["0", None]


def test_nested_columns_are_refused(parquet: Path) -> None:
    with pytest.raises(ProblemsError, match="nested"):
        read(parquet, ["nested"])


@pytest.mark.parametrize("damage", ["cut", "garbled", "no parquet"])
def test_a_damaged_file_is_a_problem_with_its_name(parquet: Path, tmp_path: Path, damage: str) -> None:
    content = parquet.read_bytes()
    damaged = {"cut": content[:-20], "garbled": b"PAR1" + b"\xff" * 99 + b"PAR1", "no parquet": b"id,name\n"}[damage]
    path = tmp_path / "users.parquet"
    path.write_bytes(damaged)
    with pytest.raises(ProblemsError, match=r"evidence/users\.parquet"):
        read(path, ["id"])
