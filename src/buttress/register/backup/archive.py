"""A backup's file, opened: nothing of it is used before all of it is what its manifest says."""

import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from buttress.formats.problems import shown
from buttress.register.backup.manifest import (
    LONGEST_LINE,
    MANIFEST,
    BackupRefusedError,
    FileSaid,
    Manifest,
    is_entry,
    read_manifest,
    table_entry,
)

LARGE = 64 * 1024**2
"""Bytes from which on an entry must not be packed too densely."""

_DENSEST = 500
"""Times its packed size that a large entry may have: no table comes near, and large files are not packed."""
_LARGEST_MANIFEST = 256 * 1024**2
_BLOCK = 1024**2
_END = b"PK\x05\x06"
_END_BYTES = 22
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)
"""What the standard library raises for archives that are no archives."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup whose every entry has the digest that its manifest says."""

    manifest: Manifest
    archive: zipfile.ZipFile

    def lines(self, label: str) -> Iterator[bytes]:
        """The rows of a table."""
        with self.archive.open(table_entry(label)) as entry:
            while line := entry.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise BackupRefusedError(f"{label}: a row is longer than {LONGEST_LINE:,} bytes")
                yield line

    def blocks(self, entry_name: str) -> Iterator[bytes]:
        """The content of a stored file."""
        with self.archive.open(entry_name) as entry:
            while block := entry.read(_BLOCK):
                yield block


@contextmanager
def opened_backup(
    source: Path, progress: Callable[[str, int, int], None], sha256: str | None = None
) -> Iterator[Backup]:
    """The backup, checked from end to end; where given, first of all against the SHA-256 (hex) of the whole file.

    Raises `BackupRefusedError` where it is damaged, cut, extended, or no backup; the message names the part.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(source.open("rb"))
            if sha256 is not None:
                _check_whole(file, sha256)
            opened = _checked(file, stack, progress)
        except _UNREADABLE as error:
            raise BackupRefusedError(f"{source} is damaged, cut off, or no backup: {error}") from error
        except OSError as error:
            raise BackupRefusedError(f"{source} cannot be read: {error.strerror or error}") from error
        yield opened


def _check_whole(file: BinaryIO, sha256: str) -> None:
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    found = digest.hexdigest()
    if found != sha256:
        raise BackupRefusedError(
            f"The file has SHA-256 {found}, not {sha256} as kept elsewhere: it is another file, or was changed; nothing"
            " of it is used"
        )


def _checked(file: BinaryIO, stack: ExitStack, progress: Callable[[str, int, int], None]) -> Backup:
    archive = stack.enter_context(zipfile.ZipFile(file))
    _check_ends(file, archive)
    entries = _entries(archive, file.seek(0, os.SEEK_END))
    if MANIFEST not in entries:
        raise BackupRefusedError(f"It has no {MANIFEST}: this is no backup of Buttress")
    if entries[MANIFEST].file_size > _LARGEST_MANIFEST:
        raise BackupRefusedError(f"{MANIFEST} is too large to be one; nothing of this file is used")
    manifest = read_manifest(archive.read(MANIFEST))
    _check_contents(archive, entries, manifest, progress)
    return Backup(manifest, archive)


def _entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The entries by name; raises where one could do harm, or two are laid over each other."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        fault = _fault_of(info, info.filename in entries)
        if fault:
            raise BackupRefusedError(f"{shown(info.filename)} {fault}; nothing of this file is used")
        entries[info.filename] = info
    if sum(info.compress_size for info in entries.values()) > size:
        raise BackupRefusedError("Its entries lie over each other; nothing of this file is used")
    return entries


def _fault_of(info: zipfile.ZipInfo, is_repeated: bool) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if not is_entry(info.filename) or info.orig_filename != info.filename:
        return "is no name of an entry of a backup"
    if kind not in (0, stat.S_IFREG):
        return "is a link or a device, not a file"
    if is_repeated:
        return "stands there twice"
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is encrypted or packed in another way"
    if info.file_size > LARGE and info.file_size > _DENSEST * info.compress_size:
        return f"would unpack to {info.file_size:,} bytes, {_DENSEST} times its size and more"
    return ""


def _check_ends(file: BinaryIO, archive: zipfile.ZipFile) -> None:
    file.seek(-_END_BYTES, os.SEEK_END)
    first = min((info.header_offset for info in archive.infolist()), default=0)
    if first != 0 or not file.read().startswith(_END) or archive.comment:
        raise BackupRefusedError("Something stands before or behind the archive; nothing of this file is used")


def _check_contents(
    archive: zipfile.ZipFile,
    entries: dict[str, zipfile.ZipInfo],
    manifest: Manifest,
    progress: Callable[[str, int, int], None],
) -> None:
    digests = {table_entry(label): table.sha256 for label, table in manifest.tables.items()}
    digests |= {entry: said.sha256 for entry, said in manifest.evidence.items()}
    _refuse_any(set(digests) - set(entries), "is named by the manifest and missing")
    _refuse_any(set(entries) - set(digests) - {MANIFEST}, "is not named by the manifest")
    for number, (name, said) in enumerate(digests.items()):
        progress("checking", number, len(digests))
        size, found = _digest(archive, name)
        file = manifest.evidence.get(name)
        if found != said or (isinstance(file, FileSaid) and file.size != size):
            raise BackupRefusedError(f"{shown(name)} is not what the manifest says: it was damaged or changed")
    progress("checking", len(digests), len(digests))


def _refuse_any(names: set[str], fault: str) -> None:
    for name in sorted(names):
        raise BackupRefusedError(f"{shown(name)} {fault}; the backup is damaged or was changed")


def _digest(archive: zipfile.ZipFile, name: str) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    try:
        with archive.open(name) as entry:
            while block := entry.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except _UNREADABLE as error:
        raise BackupRefusedError(f"{shown(name)} is damaged: {error}") from error
    return size, digest.hexdigest()
