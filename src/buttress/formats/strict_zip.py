"""ZIP archives from outside: what their directory says is checked before a byte is unpacked, and counted while it is.

Nothing is ever unpacked to disk. Refused: encryption, links and devices, overlapping entries, names that lead out of a
folder or mean different files on different systems, other methods than store and deflate, and more entries, bytes or
compression than `ZipLimits` allows.
"""

import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO
from unicodedata import normalize

from buttress.formats.folder import check_relative
from buttress.formats.printable import first_unsafe
from buttress.formats.problems import Problem, ProblemsError, refuse, shown

_ENCRYPTED = 0x1
_BLOCK = 1 << 16
_HEADER_BYTES = 30
_RATIO_FROM = 1 << 20
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """Largest size packed and unpacked (bytes), most entries, and how many times larger the content of an archive of
    more than 1 MB may be than the archive."""

    max_bytes: int = 100_000_000
    max_unpacked: int = 100_000_000
    max_entries: int = 1_000
    max_ratio: int = 50
    max_name_bytes: int = 200


def opened_zip(stream: BinaryIO, *, file: str, limits: ZipLimits) -> zipfile.ZipFile:
    """The archive, its directory checked; raises `ProblemsError`."""
    stream.seek(0, 2)
    size = stream.tell()
    if size > limits.max_bytes:
        raise refuse(file, None, f"{size:,} bytes", f"at most {limits.max_bytes:,}")
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise refuse(file, None, "no ZIP archive, or a damaged one", "a whole ZIP archive", "Save it again.") from None
    entries = archive.infolist()
    if len(entries) > limits.max_entries:
        raise refuse(file, None, f"{len(entries):,} entries", f"at most {limits.max_entries:,}")
    _check_size(entries, size, file, limits)
    problems = [
        Problem(file, None, shown(entry.filename), fault, expected)
        for entry in entries
        for fault, expected in _faults(entry, limits)
    ]
    problems += [Problem(file, None, shown(name), "the same name twice", "each name once") for name in _twice(entries)]
    problems += [
        Problem(file, None, shown(name), "data inside of another entry's", "data of its own")
        for name in _overlapping(entries)
    ]
    if problems:
        raise ProblemsError(problems)
    return archive


def blocks_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, file: str) -> Iterator[bytes]:
    """The content of an entry in blocks of at most 64 KB, no more of them than its checked size; raises
    `ProblemsError` where it is damaged."""
    left = entry.file_size
    try:
        with archive.open(entry) as stream:
            while block := stream.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise zipfile.BadZipFile("longer than its directory says")
                yield block
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
        raise _damaged(entry, file) from None
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise _damaged(entry, file) from None
        raise


def _damaged(entry: zipfile.ZipInfo, file: str) -> ProblemsError:
    return refuse(file, None, "damaged data", "data as its directory describes it", field=shown(entry.filename))


def _check_size(entries: list[zipfile.ZipInfo], size: int, file: str, limits: ZipLimits) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.max_unpacked:
        raise refuse(file, None, f"{unpacked:,} bytes unpacked", f"at most {limits.max_unpacked:,}")
    if unpacked > _RATIO_FROM and unpacked > limits.max_ratio * size:
        found = f"content {unpacked // max(size, 1):,} times larger than the archive"
        raise refuse(file, None, found, f"at most {limits.max_ratio} times")


def _faults(entry: zipfile.ZipInfo, limits: ZipLimits) -> Iterator[tuple[str, str]]:
    name = entry.filename.removesuffix("/")
    mode = entry.external_attr >> 16
    if entry.flag_bits & _ENCRYPTED:
        yield "an encrypted entry", "entries without a password"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield f"compression method {entry.compress_type}", "stored or deflated data"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        yield "a link or special file", "regular files"
    if first_unsafe(entry.orig_filename) is not None or len(name.encode("utf-8", "replace")) > limits.max_name_bytes:
        yield "a name that cannot be printed, or is too long", f"at most {limits.max_name_bytes} bytes of plain text"
    if any(part.split(".")[0].casefold() in _DEVICES for part in name.split("/")):
        yield "the name of a device", "a name that every system can hold"
    try:
        check_relative(name, file="")
    except ProblemsError as error:
        yield "a name that leads elsewhere", error.problems[0].expected


def _twice(entries: list[zipfile.ZipInfo]) -> list[str]:
    seen: set[str] = set()
    twice = []
    for entry in entries:
        name = normalize("NFC", entry.filename.removesuffix("/")).casefold()
        if name in seen:
            twice.append(entry.filename)
        seen.add(name)
    return twice


def _overlapping(entries: list[zipfile.ZipInfo]) -> list[str]:
    """Entries that begin before the one in front of them can have ended."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    return [
        after.filename
        for before, after in pairwise(ordered)
        if before.header_offset + _HEADER_BYTES + before.compress_size > after.header_offset
    ]
