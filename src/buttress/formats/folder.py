"""Files of a folder that others wrote: only regular files inside of it are read, and no symbolic link is followed."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from buttress.formats.printable import first_unsafe
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
    """The content of the regular file `path` below `folder`; raises `ProblemsError` as `opened` does."""
    with opened(folder, path, max_bytes=max_bytes) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as handle:
        content = handle.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise _too_large(path, max_bytes)
    return content


def sha256_of(folder: Path, path: str, *, max_bytes: int) -> str:
    """SHA-256 (hex) of the regular file `path` below `folder`; raises `ProblemsError` as `opened` does."""
    with opened(folder, path, max_bytes=max_bytes) as descriptor:
        return sha256_of_open(descriptor)


def sha256_of_open(descriptor: int) -> str:
    """SHA-256 (hex) of an open file from its beginning, which is where it stands afterwards."""
    digest = hashlib.sha256()
    os.lseek(descriptor, 0, os.SEEK_SET)
    while block := os.read(descriptor, 1 << 20):
        digest.update(block)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return digest.hexdigest()


@contextmanager
def opened(folder: Path, path: str, *, max_bytes: int) -> Iterator[int]:
    """A descriptor for reading the regular file `path` below `folder`, for the time of a WITH block.

    Each part is opened in its parent without following links, so a link swapped in meanwhile is refused too, and nothing
    is waited for. Raises `ProblemsError` for links, special files, missing and oversized ones.
    """
    check_relative(path, file=path)
    *parents, name = path.split("/")
    held = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        for parent in parents:
            below = _open(parent, _READ | getattr(os, "O_DIRECTORY", 0), held, path)
            os.close(held)
            held = below
        descriptor = _open(name, _READ, held, path)
    finally:
        os.close(held)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise refuse(path, None, "a special file or folder", "a regular file")
        if status.st_size > max_bytes:
            raise _too_large(path, max_bytes)
        yield descriptor
    finally:
        os.close(descriptor)


def _too_large(path: str, max_bytes: int) -> ProblemsError:
    return refuse(path, None, f"more than {max_bytes:,} bytes", f"at most {max_bytes:,}", "Split it into several.")


def is_there(folder: Path, path: str) -> bool:
    """True where something bears this name, whatever it is; a link counts as itself."""
    return os.path.lexists(folder / path)


def make_folder(folder: Path, path: str) -> Path:
    """The folder `path` below `folder`, made where it is missing; raises `ProblemsError` where a part is a link or no
    folder, so that nothing is ever written elsewhere."""
    check_relative(path, file=path)
    place = folder
    for part in path.split("/"):
        place /= part
        if not os.path.lexists(place):
            place.mkdir(parents=True, exist_ok=True)
        mode = place.lstat().st_mode
        if not stat.S_ISDIR(mode):
            found = "a link to a folder" if stat.S_ISLNK(mode) else "a file"
            raise refuse(path, None, found, "a folder", "Put the folder itself there.")
    return place


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
    that bear a wanted name, names that cannot be printed, and links to folders, are problems. Raises `ProblemsError`
    beyond the limits.
    """
    wanted, skipped, limit = tuple(suffixes), frozenset(skip), limits or FolderLimits()
    tree = _walked(folder, "", skipped, lambda path: path.endswith(wanted), limit)
    return list(tree.files), _in_order(tree.links, tree.faults)


def matching_files(
    folder: Path, pattern: str, *, limits: FolderLimits | None = None
) -> tuple[list[FoundFile], list[Problem]]:
    """As `find_files`, of the files whose path below `folder` matches `pattern`.

    `*`, `?` and `[...]` stand within one part of the path, a part `**` for any number of folders. The tree is walked
    once, whatever the pattern: no pattern takes longer than another.
    """
    check_relative(pattern, file=pattern)
    limit = limits or FolderLimits()
    parts = pattern.split("/")
    tree = _from(folder, _literal_start(parts), lambda path: _matches(path.split("/"), parts), limit)
    return tree.matching(pattern, limits=limit)


@dataclass(frozen=True, slots=True)
class FolderTree:
    """What lay below `top`, a path in `folder` that ends in '/', when it was walked: regular `files`, sorted, `links`
    to folders, which are not followed, and `faults`, by name, of what is no regular file with a printable name."""

    folder: Path
    top: str
    files: tuple[FoundFile, ...] = ()
    links: tuple[Problem, ...] = ()
    faults: tuple[Problem, ...] = ()

    def matching(self, pattern: str, *, limits: FolderLimits | None = None) -> tuple[list[FoundFile], list[Problem]]:
        """What `matching_files` gives for a pattern that begins with `top`, without another walk."""
        check_relative(pattern, file=pattern)
        parts = pattern.split("/")
        start = _literal_start(parts)
        if not start.startswith(self.top):
            raise ValueError(f"pattern {pattern!r} is not below {self.top!r}")

        def is_wanted(path: str) -> bool:
            return path.startswith(start) and _matches(path.split("/"), parts)

        found = [each for each in self.files if is_wanted(each.path)]
        _check_limits(self.folder, len(found), sum(each.size for each in found), limits or FolderLimits())
        links = [p for p in self.links if f"{p.file}/".startswith(start) or start.startswith(f"{p.file}/")]
        return found, _in_order(links, [p for p in self.faults if is_wanted(p.file)])


def folder_tree(folder: Path, top: str, *, limits: FolderLimits | None = None) -> FolderTree:
    """One walk below `top` (a path that ends in '/') for any number of patterns; raises `ProblemsError` beyond the
    limits, which count for all files together."""
    return _from(folder, top, lambda _path: True, limits or FolderLimits())


def _literal_start(pattern: list[str]) -> str:
    """The folders before the first part with a mark of a pattern."""
    literal = next((n for n, part in enumerate(pattern[:-1]) if set(part) & set("*?[")), len(pattern) - 1)
    return "".join(f"{part}/" for part in pattern[:literal])


def _from(folder: Path, top: str, is_wanted: Callable[[str], bool], limits: FolderLimits) -> FolderTree:
    """The tree below `top`; nothing where it is none, and a problem where a part of it is a link."""
    place = folder
    for part in top.split("/")[:-1]:
        place /= part
        if place.is_symlink() or not place.is_dir():
            found = Problem(top.rstrip("/"), None, "", "a link to a folder", "a folder", "Put it in itself.")
            return FolderTree(folder, top, links=(found,) if place.is_symlink() else ())
    return _walked(folder, top, frozenset(), is_wanted, limits)


def _matches(path: list[str], pattern: list[str]) -> bool:
    """Follows all ways through the pattern at once, so that its stars cannot multiply."""
    ways = _with_skipped({0}, pattern)
    for part in path:
        stay = {n for n in ways if n < len(pattern) and pattern[n] == "**"}
        step = {n + 1 for n in ways - stay if n < len(pattern) and fnmatchcase(part, pattern[n])}
        ways = _with_skipped(stay | step, pattern)
    return len(pattern) in ways


def _with_skipped(ways: set[int], pattern: list[str]) -> set[int]:
    """A part `**` may stand for no folder at all."""
    reached = set(ways)
    for n, part in enumerate(pattern):
        if n in reached and part == "**":
            reached.add(n + 1)
    return reached


def _walked(
    folder: Path, top: str, skip: frozenset[str], is_wanted: Callable[[str], bool], limits: FolderLimits
) -> FolderTree:
    files: list[FoundFile] = []
    links: list[Problem] = []
    faults: list[Problem] = []
    total = 0
    for path, entry in _walk(folder, top, skip, limits.max_depth, links):
        if not is_wanted(path):
            continue
        size = _size(path, entry, faults)
        if size is not None:
            files.append(FoundFile(path, size))
            total += size
            _check_limits(folder, len(files), total, limits)
    return FolderTree(folder, top, tuple(sorted(files, key=lambda each: each.path)), tuple(links), tuple(faults))


def _check_limits(folder: Path, files: int, size: int, limits: FolderLimits) -> None:
    if files > limits.max_files:
        raise refuse(str(folder), None, f"more than {limits.max_files:,} files", f"at most {limits.max_files:,}")
    if size > limits.max_bytes:
        raise refuse(str(folder), None, f"more than {limits.max_bytes:,} bytes", f"at most {limits.max_bytes:,}")


def _in_order(links: Iterable[Problem], faults: Iterable[Problem]) -> list[Problem]:
    return sorted([*links, *faults], key=lambda problem: problem.file)


def _size(path: str, entry: os.DirEntry[str], problems: list[Problem]) -> int | None:
    """Bytes of a regular file; None, with a problem, for what is none or has a name that no message can show."""
    status = entry.stat(follow_symlinks=False)
    if entry.is_symlink() or not stat.S_ISREG(status.st_mode):
        what = "a symbolic link" if entry.is_symlink() else "a special file"
        problems.append(Problem(path, None, "", what, "a regular file", "Put the file itself into the folder."))
        return None
    if (mark := first_unsafe(path)) is not None:
        found = f"the character U+{ord(mark):04X} in its name"
        problems.append(Problem(path, None, "", found, "a name that can be printed", "Rename the file."))
        return None
    return status.st_size


def _walk(
    folder: Path, start: str, skip: frozenset[str], max_depth: int, links: list[Problem]
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    waiting = [(start, folder / start)]
    while waiting:
        prefix, place = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                path = f"{prefix}{entry.name}"
                if entry.name.startswith(".") or path in skip:
                    continue
                if not entry.is_dir(follow_symlinks=False) and not Path(entry.path).is_dir():
                    yield path, entry
                elif entry.is_symlink():
                    links.append(Problem(path, None, "", "a link to a folder", "a folder", "Put it in itself."))
                elif path.count("/") >= max_depth:
                    raise refuse(path, None, f"more than {max_depth} levels of folders", "fewer")
                else:
                    waiting.append((f"{path}/", Path(entry.path)))
