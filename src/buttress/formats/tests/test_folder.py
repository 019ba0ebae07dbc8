"""Only regular files inside of the folder are read, whatever its names and links say."""

import os
from pathlib import Path

import pytest

from buttress.formats.folder import FolderLimits, find_files, read_bytes
from buttress.formats.problems import ProblemsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside.yaml").write_text("secret: 1")
    inside = tmp_path / "register"
    (inside / "risks").mkdir(parents=True)
    (inside / "risks" / "a.yaml").write_text("a: 1")
    return inside


def refused(folder: Path, path: str) -> str:
    with pytest.raises(ProblemsError) as error:
        read_bytes(folder, path, max_bytes=1000)
    return str(error.value)


def test_a_regular_file_is_read(folder: Path) -> None:
    assert read_bytes(folder, "risks/a.yaml", max_bytes=4) == b"a: 1"


@pytest.mark.parametrize(
    "path",
    ["../outside.yaml", "risks/../../outside.yaml", "/etc/passwd", "risks//a.yaml", "./risks/a.yaml", "", "~/x"],
)
def test_paths_that_could_leave_the_folder_are_refused(folder: Path, path: str) -> None:
    assert "expected a path inside the folder" in refused(folder, path)


def test_backslashes_and_drives_are_refused(folder: Path) -> None:
    assert "expected a path inside" in refused(folder, "risks\\a.yaml")
    assert "expected a path inside" in refused(folder, "C:/a.yaml")


def test_links_are_not_followed_not_even_as_a_parent(folder: Path) -> None:
    (folder / "link.yaml").symlink_to(folder.parent / "outside.yaml")
    (folder / "linked").symlink_to(folder.parent)
    assert "found a symbolic link" in refused(folder, "link.yaml")
    assert "found a symbolic link" in refused(folder, "linked/outside.yaml")
    found, problems = find_files(folder, suffixes=(".yaml",))
    assert [each.path for each in found] == ["risks/a.yaml"]
    assert [(p.file, p.found) for p in problems] == [("link.yaml", "a symbolic link"), ("linked", "a link to a folder")]


def test_special_files_are_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    assert "found a special file" in refused(folder, "pipe.yaml")
    assert [p.found for p in find_files(folder, suffixes=(".yaml",))[1]] == ["a special file"]


def test_missing_folders_and_large_files_are_refused(folder: Path) -> None:
    assert "cannot be read" in refused(folder, "risks/b.yaml")
    assert "found a special file or folder" in refused(folder, "risks")
    (folder / "big.yaml").write_bytes(b"x" * 1001)
    assert "more than 1,000 bytes" in refused(folder, "big.yaml")


def test_hidden_names_and_skipped_folders_are_passed_over(folder: Path) -> None:
    for name in (".git/x.yaml", "evidence/x.yaml", "risks/evidence/x.yaml", ".hidden.yaml"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text("")
    found, problems = find_files(folder, suffixes=(".yaml",), skip=("evidence",))
    assert [each.path for each in found] == ["risks/a.yaml", "risks/evidence/x.yaml"]
    assert not problems


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (FolderLimits(max_files=2), "more than 2 files"),
        (FolderLimits(max_bytes=10), "more than 10 bytes"),
        (FolderLimits(max_depth=1), "more than 1 levels of folders"),
    ],
)
def test_a_folder_that_is_too_large_is_refused(folder: Path, limits: FolderLimits, words: str) -> None:
    (folder / "a" / "b" / "c").mkdir(parents=True)
    for name in "xyz":
        (folder / f"{name}.yaml").write_text("a: 12345")
    with pytest.raises(ProblemsError, match=words):
        find_files(folder, suffixes=(".yaml",), limits=limits)
