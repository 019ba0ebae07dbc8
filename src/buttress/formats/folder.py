"""Files of a folder that others wrote: only regular files inside of it are read, and no symbolic link is followed."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from buttress.formats.problems import Problem, ProblemsError, refuse, shown

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_INSIDE = "a path inside the folder, with '/' between its parts"


@dataclass(frozen=True, slots=True)
class FolderLimits:
    """Most files, bytes of them together, and levels of folders that are walked."""

    max_files: int = 20_000
    max_bytes: int = 200_000_000
    max_depth: int = 16


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file: its path relative to the folder with '/', and its size in bytes."""

    path: str
    size: int


def check_relative(path: str, *, file: str, line: int | None = None, field: str = "") -> None:
    """Raises `ProblemsError` where `path` could leave its folder or means different files on different systems."""
    parts = path.split("/")
    if not path or path.startswith(("/", "~")) or "\\" in path or "\0" in path or ":" in parts[0]:
        raise refuse(file, line, shown(path), _INSIDE, field=field)
    if any(part in ("", ".", "..") for part in parts):
        raise refuse(file, line, shown(path), _INSIDE, "Leave out empty parts, '.' and '..'.", field=field)


def read_bytes(folder: Path, path: str, *, max_bytes: int) -> bytes:
    """The content of the regular file `path` below `folder`.

    Each part is opened in its parent without following links, so a link swapped in meanwhile is refused too. Raises
    `ProblemsError` for links, special files, missing and oversized ones.
    """
    check_relative(path, file=path)
    *parents, name = path.split("/")
    held = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        for parent in parents:
            below = _open(parent, _READ | getattr(os, "O_DIRECTORY", 0), held, path)
            os.close(held)
            held = below
        content = _content(_open(name, _READ, held, path), path, max_bytes)
    finally:
        os.close(held)
    if len(content) > max_bytes:
        raise refuse(path, None, f"more than {max_bytes:,} bytes", f"at most {max_bytes:,}", "Split it into several.")
    return content


def _content(descriptor: int, path: str, max_bytes: int) -> bytes:
    """Up to one byte more than allowed of a regular file; closes it."""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise refuse(path, None, "a special file or folder", "a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as handle:
            return handle.read(max_bytes + 1)
    finally:
        os.close(descriptor)


def _open(name: str, flags: int, held: int, path: str) -> int:
    try:
        return os.open(name, flags, dir_fd=held)
    except OSError as error:
        if stat.S_ISLNK(_mode(name, held)):
            raise _link(path) from None
        raise refuse(path, None, f"a file that cannot be read ({error.strerror})", "a readable file") from None


def _mode(name: str, held: int) -> int:
    try:
        return os.stat(name, dir_fd=held, follow_symlinks=False).st_mode
    except OSError:
        return 0


def _link(path: str) -> ProblemsError:
    return refuse(path, None, "a symbolic link", "a regular file", "Put the file itself into the folder.")


def find_files(
    folder: Path, *, suffixes: Iterable[str], skip: Iterable[str] = (), limits: FolderLimits | None = None
) -> tuple[list[FoundFile], list[Problem]]:
    """Regular files below `folder` whose name ends in one of `suffixes`, sorted, and what is wrong with others.

    Names that start with a dot are passed over, and so are the top folders named in `skip`. Links and special files
    that bear a wanted name, and links to folders, are problems. Raises `ProblemsError` beyond the limits.
    """
    limits = limits or FolderLimits()
    wanted, skipped = tuple(suffixes), frozenset(skip)
    found: list[FoundFile] = []
    problems: list[Problem] = []
    total = 0
    for path, entry in _walk(folder, skipped, limits, problems):
        if not path.endswith(wanted):
            continue
        status = entry.stat(follow_symlinks=False)
        if entry.is_symlink() or not stat.S_ISREG(status.st_mode):
            what = "a symbolic link" if entry.is_symlink() else "a special file"
            problems.append(Problem(path, None, "", what, "a regular file", "Put the file itself into the folder."))
            continue
        total += status.st_size
        found.append(FoundFile(path, status.st_size))
        if len(found) > limits.max_files:
            raise refuse(str(folder), None, f"more than {limits.max_files:,} files", f"at most {limits.max_files:,}")
        if total > limits.max_bytes:
            raise refuse(str(folder), None, f"more than {limits.max_bytes:,} bytes", f"at most {limits.max_bytes:,}")
    return sorted(found, key=lambda each: each.path), problems


def _walk(
    folder: Path, skip: frozenset[str], limits: FolderLimits, problems: list[Problem]
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    waiting = [("", folder)]
    while waiting:
        prefix, place = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                path = f"{prefix}{entry.name}"
                if entry.name.startswith(".") or path in skip:
                    continue
                if not entry.is_dir():
                    yield path, entry
                elif entry.is_symlink():
                    problems.append(Problem(path, None, "", "a link to a folder", "a folder", "Put it in itself."))
                elif path.count("/") >= limits.max_depth:
                    raise refuse(path, None, f"more than {limits.max_depth} levels of folders", "fewer")
                else:
                    waiting.append((f"{path}/", Path(entry.path)))
