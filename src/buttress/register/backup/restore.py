"""An installation made anew of a backup: all of it, checked, or nothing.

The database is empty before and after a refusal. Stored files are placed first, under their own names, so that no row
ever names a file that is not there; a restore that was cut off leaves whole files, which the next one finds.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.core.management.color import no_style
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from buttress.evidence.store import folder_of
from buttress.formats.folder import is_there, make_folder, sha256_of
from buttress.orgs.checks import require_guards
from buttress.orgs.models import Head, Organisation
from buttress.orgs.tenancy import tenant
from buttress.orgs.verification import Checkpoint, verify_organisation
from buttress.register.backup.archive import Backup, opened_backup
from buttress.register.backup.backup import Progress, draft_beside, silent, sync_folder, without_time_limits
from buttress.register.backup.kept_elsewhere import NOTHING_KEPT, KeptElsewhere, check_checkpoints
from buttress.register.backup.manifest import (
    BackupRefusedError,
    FileSaid,
    Manifest,
    columns_of_table,
    current_migrations,
    is_of_organisations,
    kept_tables,
    place_of_file,
)
from buttress.register.backup.table_lines import digest_of_table, insert_lines
from buttress.register.figures import recomputing
from buttress.register.figures.inputs import day_of, has_scale

_LARGEST_FILE = 1 << 40


@dataclass(frozen=True, slots=True)
class RestoreSummary:
    """What was restored; every organisation's audit trail verified."""

    organisations: tuple[str, ...]
    rows: int
    files: int


def restore(source: Path, progress: Progress = silent, kept: KeptElsewhere = NOTHING_KEPT) -> RestoreSummary:
    """Fills an empty database of this version, on either engine. Figures are computed anew: a job of each organisation
    waits for that.

    Raises `BackupRefusedError` where the database is not empty, the backup is damaged, of another version or not whole, is
    not the one of which something was `kept` elsewhere, or what it holds does not verify.
    """
    migrations = current_migrations()
    require_guards()
    _require_empty()
    with opened_backup(source.absolute(), progress, kept.sha256) as backup:
        _require_same_state(backup.manifest, migrations)
        check_checkpoints(backup, kept.checkpoints)
        with _placed_files(backup, progress), transaction.atomic(durable=True):
            _lock()
            _require_empty()
            _insert(backup, progress)
            _compare(backup.manifest, progress)
            _verify(backup.manifest, progress)
            _ask_for_figures()
    manifest = backup.manifest
    return RestoreSummary(
        tuple(sorted(each.ref for each in manifest.organisations.values())),
        sum(table.rows for table in manifest.tables.values()),
        len(manifest.evidence),
    )


def _require_empty() -> None:
    # Every row of an organisation names it, so that without organisations their tables are empty.
    for model in kept_tables():
        if not is_of_organisations(model) and model._default_manager.exists():
            raise BackupRefusedError(
                f"The database is not empty ({model._meta.label_lower} has rows); restore into a new one"
            )


def _require_same_state(manifest: Manifest, migrations: dict[str, list[str]]) -> None:
    columns = {model._meta.label_lower: columns_of_table(model) for model in kept_tables()}
    told = {label: table.columns for label, table in manifest.tables.items()}
    if manifest.migrations != migrations or told != columns or list(told) != list(columns):
        raise BackupRefusedError(
            f"The backup was made by Buttress {manifest.product_version} with other tables than this version has;"
            " restore it with that version, then upgrade"
        )


def _lock() -> None:
    """Of two restores at once the second waits, and then finds the database filled; on SQLite any writer does."""
    without_time_limits()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            table = connection.ops.quote_name(Organisation._meta.db_table)
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")


def _insert(backup: Backup, progress: Progress) -> None:
    models = kept_tables()
    for number, model in enumerate(models):
        progress("restoring tables", number, len(models))
        label = model._meta.label_lower
        try:
            insert_lines(model, backup.lines(label))
        except (IntegrityError, DataError) as error:
            said = " ".join(str(error).split())
            raise BackupRefusedError(f"{label}: the database refuses a row: {said}; nothing was restored") from error
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
    try:
        connection.check_constraints()
    except IntegrityError as error:
        said = " ".join(str(error).split())
        raise BackupRefusedError(f"A row names one that is missing: {said}; nothing was restored") from error
    progress("restoring tables", len(models), len(models))


def _compare(manifest: Manifest, progress: Progress) -> None:
    """Reads every table back: the database holds what the backup said, digest by digest."""
    models = kept_tables()
    for number, model in enumerate(models):
        progress("comparing", number, len(models))
        label = model._meta.label_lower
        said, found = manifest.tables[label], digest_of_table(model)
        if found != (said.rows, said.sha256):
            raise BackupRefusedError(
                f"{label}: {said.rows:,} rows were to be restored, and {found[0]:,} rows read back differ from them;"
                " nothing was restored"
            )
    progress("comparing", len(models), len(models))


def _verify(manifest: Manifest, progress: Progress) -> None:
    organisations = list(Organisation.objects.order_by("pk"))
    if {str(each.pk): each.ref for each in organisations} != {
        key: said.ref for key, said in manifest.organisations.items()
    }:
        raise BackupRefusedError("The organisations are not those of the manifest; nothing was restored")
    for number, organisation in enumerate(organisations):
        progress("verifying", number, len(organisations))
        said = manifest.organisations[str(organisation.pk)]
        found = verify_organisation(organisation.pk, checkpoint=Checkpoint(said.ref, said.entries, said.last_hash))
        if not found.ok:
            raise BackupRefusedError(f"{said.ref} does not verify: {found.problems[0]}; nothing was restored")
    progress("verifying", len(organisations), len(organisations))


def _ask_for_figures() -> None:
    """Of each organisation that can have figures; neither they nor the queue are part of a backup."""
    now = timezone.now()
    for organisation_id in Organisation.objects.values_list("pk", flat=True):
        with tenant(organisation_id):
            if has_scale():
                recomputing.ask(Head.objects.get().revision, day_of(now), now, "restored from a backup")


@contextmanager
def _placed_files(backup: Backup, progress: Progress) -> Iterator[None]:
    """Within it every stored file is there for good; where it is left by an error, none that was not there before."""
    placed: list[Path] = []
    files = backup.manifest.evidence
    try:
        _require_space(files)
        for number, (entry, said) in enumerate(files.items()):
            progress("placing evidence", number, len(files))
            if target := _place(backup, entry, said):
                placed.append(target)
        _sync_folders(files)
        progress("placing evidence", len(files), len(files))
        yield
    except BaseException:
        for target in placed:
            target.unlink(missing_ok=True)
        raise


def _place(backup: Backup, entry: str, said: FileSaid) -> Path | None:
    """The file, None where it stands there already: evidence is never overwritten."""
    organisation, path = place_of_file(entry)
    folder = folder_of(organisation)
    parent, _, last = path.rpartition("/")
    target = (make_folder(folder, parent) if parent else folder) / last
    if is_there(folder, path):
        if sha256_of(folder, path, max_bytes=_LARGEST_FILE) != said.sha256:
            raise BackupRefusedError(f"{target} has other content than in the backup; move it away, then restore again")
        return None
    draft = draft_beside(target)
    try:
        _write_durably(draft, backup.blocks(entry))
        os.link(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _sync_folders(files: Iterable[str]) -> None:
    """Every folder from those of files up to the data folder: each of them may be new."""
    folders = set()
    for organisation, path in map(place_of_file, files):
        root = folder_of(organisation)
        within = [root / parent for parent in PurePosixPath(path).parents]
        folders |= {*within, root.parent, root.parent.parent}
    for folder in folders:
        sync_folder(folder)


def _require_space(files: Mapping[str, FileSaid]) -> None:
    needed = sum(said.size for said in files.values())
    for organisation, _ in map(place_of_file, list(files)[:1]):
        folder = folder_of(organisation)
        free = shutil.disk_usage(folder).free
        if needed > free:
            raise BackupRefusedError(f"The evidence needs {needed:,} bytes, and {free:,} are free at {folder}")


def _write_durably(path: Path, blocks: Iterable[bytes]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
