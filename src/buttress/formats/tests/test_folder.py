"""Only regular files inside of the folder are read, whatever its names and links say."""

import hashlib
import os
from pathlib import Path

import pytest

from buttress.formats.folder import (
    FolderLimits,
    find_files,
    folder_tree,
    make_folder,
    matching_files,
    read_bytes,
    sha256_of,
)
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


def test_a_link_in_the_way_of_a_pattern_is_a_problem(folder: Path) -> None:
    (folder / "linked").symlink_to(folder.parent)
    found, problems = matching_files(folder, "linked/*.yaml")
    assert (found, [(p.file, p.found) for p in problems]) == ([], [("linked", "a link to a folder")])
    with pytest.raises(ProblemsError, match="inside the folder"):
        matching_files(folder, "../*.yaml")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("**/*.yaml", ["a.yaml", "risks/a.yaml", "risks/deep/er/b.yaml"]),
        ("**/deep/**/b.yaml", ["risks/deep/er/b.yaml"]),
        ("risks/**", ["risks/a.yaml", "risks/deep/er/b.yaml"]),
        ("*/*.yaml", ["risks/a.yaml"]),
        ("risks/[!b].yaml", ["risks/a.yaml"]),
        ("risks/[!/]a.yaml", []),
        ("risks/A.yaml", []),
    ],
)
def test_a_pattern_matches_part_by_part(folder: Path, pattern: str, names: list[str]) -> None:
    (folder / "risks" / "deep" / "er").mkdir(parents=True)
    for name in ("a.yaml", "risks/deep/er/b.yaml"):
        (folder / name).write_text("")
    assert [each.path for each in matching_files(folder, pattern)[0]] == names


@pytest.mark.parametrize("pattern", ["risks/*.yaml", "risks/**/b.yaml", "risks/linked/*.yaml", "risks/deep/*.yaml"])
def test_a_tree_walked_before_answers_as_a_walk_does(folder: Path, pattern: str) -> None:
    (folder / "risks" / "deep").mkdir()
    (folder / "risks" / "deep" / "b.yaml").write_text("")
    (folder / "risks" / "linked").symlink_to(folder.parent)
    (folder / "risks" / "l.yaml").symlink_to(folder.parent)
    assert folder_tree(folder, "risks/").matching(pattern) == matching_files(folder, pattern)
    with pytest.raises(ValueError, match="not below"):
        folder_tree(folder, "risks/").matching("other/*.yaml")


def test_a_folder_is_made_where_it_belongs_or_not_at_all(folder: Path) -> None:
    assert make_folder(folder, "results/rows").is_dir()
    (folder / "linked").symlink_to(folder.parent)
    for path, found in (("linked/rows", "a link to a folder"), ("risks/a.yaml", "a file"), ("../x", "'../x'")):
        with pytest.raises(ProblemsError, match=found):
            make_folder(folder, path)
    assert not (folder.parent / "rows").exists()


def test_a_digest_is_that_of_the_bytes_and_costs_no_memory(folder: Path) -> None:
    assert sha256_of(folder, "risks/a.yaml", max_bytes=9) == hashlib.sha256(b"a: 1").hexdigest()
    os.truncate(folder / "risks" / "a.yaml", 1 << 40)
    with pytest.raises(ProblemsError, match="more than 9 bytes"):
        sha256_of(folder, "risks/a.yaml", max_bytes=9)
