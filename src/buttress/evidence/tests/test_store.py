"""Evidence files are taken whole, for good, and never overwritten."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from buttress.evidence.store import folder_of, take_files
from buttress.evidence.tests.registers import put
from buttress.formats.problems import ProblemsError

NAMES = ["evidence/a.csv", "evidence/manual/b.md", "results/rows/c.parquet"]


@pytest.fixture
def data(tmp_path: Path, settings: Any) -> Path:
    settings.BUTTRESS_DATA = tmp_path / "data"
    return tmp_path / "data"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in NAMES:
        put(tmp_path / "source", name, f"content of {name}")
    return tmp_path / "source"


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_files_lie_at_their_paths_in_a_folder_of_the_organisations_own(data: Path, source: Path) -> None:
    organisation, other = uuid.uuid4(), uuid.uuid4()
    assert take_files(source, organisation, NAMES) == tuple(NAMES)
    folder = data / "evidence" / str(organisation)
    assert (folder_of(organisation), contents(folder)) == (folder, contents(source))
    assert contents(folder_of(other)) == {}
    assert folder.stat().st_mode & 0o077 == 0


def test_taking_again_takes_nothing(data: Path, source: Path) -> None:
    organisation = uuid.uuid4()
    take_files(source, organisation, NAMES)
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()}
    assert take_files(source, organisation, [*NAMES, NAMES[0]]) == ()
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()} == before


def test_other_content_under_a_name_is_refused_and_nothing_is_copied(data: Path, source: Path) -> None:
    organisation = uuid.uuid4()
    take_files(source, organisation, NAMES[:1])
    put(source, NAMES[0], "other")
    with pytest.raises(ProblemsError, match="never overwritten"):
        take_files(source, organisation, NAMES)
    assert contents(folder_of(organisation)) == {NAMES[0]: f"content of {NAMES[0]}"}


@pytest.mark.parametrize("name", ["../a.csv", "/etc/hostname", "evidence/link.csv", "evidence/none.csv", "evidence"])
def test_only_regular_files_of_the_folder_are_taken(data: Path, source: Path, name: str) -> None:
    (source / "evidence/link.csv").symlink_to(source / "evidence/a.csv")
    organisation = uuid.uuid4()
    with pytest.raises(ProblemsError):
        take_files(source, organisation, [name])
    assert contents(folder_of(organisation)) == {}


def test_nothing_is_written_through_a_link(data: Path, source: Path, tmp_path: Path) -> None:
    organisation, elsewhere = uuid.uuid4(), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder_of(organisation) / "evidence").symlink_to(elsewhere)
    with pytest.raises(ProblemsError):
        take_files(source, organisation, NAMES[:1])
    assert contents(elsewhere) == {}
