"""What a backup says of itself, which tables it holds, and what it must have in common with this installation."""

import re
import uuid
from datetime import datetime
from typing import Any, Literal

from django.apps import apps
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from pydantic import BaseModel, ConfigDict, ValidationError

from buttress.formats.problems import shown
from buttress.orgs.errors import RecordsError
from buttress.orgs.tenancy import TenantModel

MANIFEST = "manifest.json"
LONGEST_LINE = 64 * 1024**2
"""Bytes of one row: a longer one is neither written nor read."""

_FIGURES = ("riskfigures", "controlfigures", "criterionfigures", "portfoliofigures", "figureset")
_LEFT_OUT = frozenset(
    {"orgs.idempotencykey", "register.backdating", "register.recomputing", *(f"register.{name}" for name in _FIGURES)}
)
"""Answers kept for a day for requests that were sent twice: who restores has no such request under way. And stored
figures, with what is kept to renew them: no seal holds them, so that they are computed anew from what was restored."""

# What follows the organisation leads down and nowhere else: no empty part, no dots alone, no backslash, nothing unseen.
_PART = r"(?!\.{1,2}(?:/|\Z))[^/\\\x00-\x1f\x7f\ud800-\udfff]{1,200}"
_TABLE = re.compile(r"tables/([a-z]+\.[a-z]+)\.jsonl\Z")
_FILE = re.compile(rf"evidence/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})/({_PART}(?:/{_PART}){{0,15}})\Z")


class BackupRefusedError(RecordsError):
    """A backup cannot be made, or one is damaged, cut, foreign or not for this place; nothing was written."""

    code = "backup_refused"
    status = 422


class _Said(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TableSaid(_Said):
    """A table: how many rows, SHA-256 (hex) of its lines, and its columns with their types."""

    rows: int
    sha256: str
    columns: dict[str, str]


class OrganisationSaid(_Said):
    """An organisation and where its audit trail ended."""

    ref: str
    entries: int
    last_hash: str


class FileSaid(_Said):
    """A stored file: bytes and SHA-256 (hex)."""

    size: int
    sha256: str


class Manifest(_Said):
    """The table of contents. Tables by label (`risks.risk`) in the order of insertion, organisations by id, files by path
    below `evidence/`, migrations by app."""

    format: Literal["buttress backup"] = "buttress backup"
    format_version: Literal[1] = 1
    product_version: str
    created_at: datetime
    migrations: dict[str, list[str]]
    tables: dict[str, TableSaid]
    organisations: dict[str, OrganisationSaid]
    evidence: dict[str, FileSaid]


def read_manifest(content: bytes) -> Manifest:
    """Raises `BackupRefusedError` where it is no manifest of this format."""
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BackupRefusedError(
            f"{MANIFEST}: {place}: {first['msg']}; this is no backup that this version of Buttress reads"
        ) from None


def table_entry(label: str) -> str:
    """Name of a table's entry in the archive."""
    return f"tables/{label}.jsonl"


def file_entry(organisation_id: uuid.UUID, path: str) -> str:
    """Name of a stored file's entry in the archive; raises `BackupRefusedError` for one that no archive may hold."""
    name = f"evidence/{organisation_id}/{path}"
    if _FILE.match(name) is None:
        raise BackupRefusedError(f"{shown(name)} is no name of stored evidence; move the file out of the data folder")
    return name


def is_entry(name: str) -> bool:
    """Whether an entry of an archive may be called so: no path that leads elsewhere is."""
    return name == MANIFEST or _TABLE.match(name) is not None or _FILE.match(name) is not None


def place_of_file(entry: str) -> tuple[uuid.UUID, str]:
    """The organisation and path that `file_entry` made an entry of."""
    found = _FILE.match(entry)
    assert found is not None, "only names that `is_entry` allows come here"
    return uuid.UUID(found[1]), found[2]


def kept_tables() -> list[type[models.Model]]:
    """Every table of the product but those left out, such that no foreign key names a later one."""
    return [
        model
        for model in apps.get_models()
        if model.__module__.startswith("buttress.")
        and model._meta.managed
        and not model._meta.proxy
        and model._meta.label_lower not in _LEFT_OUT
    ]


def columns_of_table(model: type[models.Model]) -> dict[str, str]:
    """Column to type, in the order of the model; a foreign key has the type of what it names."""
    return {field.attname: _type_of(field) for field in model._meta.concrete_fields}


def _type_of(field: "models.Field[Any, Any]") -> str:
    return _type_of(field.target_field) if isinstance(field, models.ForeignKey) else field.get_internal_type()


def is_of_organisations(model: type[models.Model]) -> bool:
    return issubclass(model, TenantModel)


def current_migrations() -> dict[str, list[str]]:
    """What this installation's database was brought to, by app; raises `BackupRefusedError` where that is not this
    version."""
    loader = MigrationLoader(connection)
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("buttress.")}
    applied, known = (_by_app(names, ours) for names in (loader.applied_migrations, loader.disk_migrations))
    if applied != known:
        raise BackupRefusedError("The database is not of this version of Buttress; bring it up to date first")
    return applied


def _by_app(names: Any, ours: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for app, name in sorted(names):
        if app in ours:
            found.setdefault(app, []).append(name)
    return found
