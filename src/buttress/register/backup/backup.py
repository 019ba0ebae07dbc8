"""The whole installation in one file: every table and every stored file of all organisations, as of one instant.

Writers are not kept waiting: what is read is a snapshot of the database. Stored files are never changed once they are
there, so they are copied after it, and a long copy holds no transaction open.
"""

import hashlib
import os
import re
import secrets
import stat
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection

from buttress import __version__
from buttress.evidence.store import folder_of
from buttress.orgs.models import Head, Organisation
from buttress.orgs.tenancy import tenant
from buttress.orgs.verification.steady_reading import steady_reading
from buttress.register.backup.archive import LARGE, opened_backup
from buttress.register.backup.manifest import (
    MANIFEST,
    BackupRefusedError,
    FileSaid,
    Manifest,
    OrganisationSaid,
    TableSaid,
    columns_of_table,
    current_migrations,
    file_entry,
    kept_tables,
    table_entry,
)
from buttress.register.backup.table_lines import lines_of

Progress = Callable[[str, int, int], None]
"""Told what is under way, how much of it is done, and how much there is."""

_BLOCK = 1024**2
_DRAFT = re.compile(r"\.[0-9a-f]{32}\Z")
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
"""Entries carry no time of their own: what holds the same is the same, byte for byte."""


def silent(_label: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What was written. `sha256` (hex) is that of the whole file: kept elsewhere, it tells a changed one."""

    path: Path
    size: int
    sha256: str
    created_at: datetime
    organisations: tuple[str, ...]
    rows: int
    files: int


def backup(target: Path, progress: Progress = silent) -> BackupSummary:
    """Writes the backup, reads it back whole, and only then gives it its name.

    Raises `BackupRefusedError` where `target` exists or cannot be written, or the database is of another version.
    """
    target = target.absolute()
    if target.exists() or target.is_symlink():
        raise BackupRefusedError(f"{target} exists already; a backup overwrites nothing, choose another name")
    draft = draft_beside(target)
    try:
        manifest = _write_checked(draft, progress)
        _publish(draft, target)
    except OSError as error:
        raise BackupRefusedError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return BackupSummary(
        target,
        target.stat().st_size,
        _digest_of_file(target),
        manifest.created_at,
        tuple(sorted(each.ref for each in manifest.organisations.values())),
        sum(table.rows for table in manifest.tables.values()),
        len(manifest.evidence),
    )


def _write_checked(draft: Path, progress: Progress) -> Manifest:
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w+b") as file:
        with zipfile.ZipFile(file, "w") as archive:
            manifest = _write_entries(archive, progress)
        file.flush()
        os.fsync(file.fileno())
    # What cannot be restored is no backup: better known now than on the day it is needed.
    with opened_backup(draft, progress):
        return manifest


def _write_entries(archive: zipfile.ZipFile, progress: Progress) -> Manifest:
    migrations, models = current_migrations(), kept_tables()
    tables = {}
    with steady_reading():
        without_time_limits()
        created_at = datetime.now(UTC)
        organisations = dict(_organisations())
        for number, model in enumerate(models):
            progress("writing tables", number, len(models))
            label = model._meta.label_lower
            rows, _, sha256 = _write(archive, table_entry(label), lines_of(model))
            tables[label] = TableSaid(rows=rows, sha256=sha256, columns=columns_of_table(model))
        progress("writing tables", len(models), len(models))
    manifest = Manifest(
        product_version=__version__,
        created_at=created_at,
        migrations=migrations,
        tables=tables,
        organisations=organisations,
        evidence=_write_files(archive, organisations, progress),
    )
    _write(archive, MANIFEST, [manifest.model_dump_json(indent=1).encode() + b"\n"])
    return manifest


def without_time_limits() -> None:
    """Lets the open transaction on PostgreSQL take as long as a whole installation needs."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def _organisations() -> Iterator[tuple[str, OrganisationSaid]]:
    for organisation in Organisation.objects.order_by("pk"):
        with tenant(organisation.pk):
            head = Head.objects.get()
        said = OrganisationSaid(ref=organisation.ref, entries=head.entries, last_hash=head.last_hash)
        yield str(organisation.pk), said


def _write_files(archive: zipfile.ZipFile, organisations: Iterable[str], progress: Progress) -> dict[str, FileSaid]:
    found = [
        (file_entry(uuid.UUID(organisation), path.relative_to(folder).as_posix()), path)
        for organisation in organisations
        for folder in [folder_of(uuid.UUID(organisation))]
        for path in stored_files(folder)
    ]
    files = {}
    for number, (entry, path) in enumerate(found):
        progress("writing evidence", number, len(found))
        with path.open("rb") as file:
            large = os.fstat(file.fileno()).st_size > LARGE
            _, size, sha256 = _write(archive, entry, iter(lambda: file.read(_BLOCK), b""), is_packed=not large)
        files[entry] = FileSaid(size=size, sha256=sha256)
    return files


def stored_files(folder: Path) -> Iterator[Path]:
    """The regular files below an organisation's folder, sorted; drafts that a broken write left are none."""
    for path in sorted(folder.rglob("*")):
        if stat.S_ISREG(path.lstat().st_mode) and _DRAFT.match(path.name) is None:
            yield path


def draft_beside(target: Path) -> Path:
    """A new name in the same folder, which nobody takes for that of a stored file."""
    return target.with_name(f".{secrets.token_hex(16)}")


def _write(
    archive: zipfile.ZipFile, name: str, blocks: Iterable[bytes], *, is_packed: bool = True
) -> tuple[int, int, str]:
    """Blocks, bytes and SHA-256 (hex) of an entry."""
    info = zipfile.ZipInfo(name, _FIXED_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED
    info.external_attr = (stat.S_IFREG | 0o600) << 16
    digest, count, size = hashlib.sha256(), 0, 0
    with archive.open(info, "w", force_zip64=True) as entry:
        for block in blocks:
            entry.write(block)
            digest.update(block)
            count, size = count + 1, size + len(block)
    return count, size, digest.hexdigest()


def _publish(draft: Path, target: Path) -> None:
    """Gives the file its name unless another has it; the name is as durable as the content."""
    try:
        # A second name, because a rename would put the file in another's place.
        os.link(draft, target)
    except FileExistsError:
        raise BackupRefusedError(f"{target} came into being meanwhile; a backup overwrites nothing") from None
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder outlast a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
