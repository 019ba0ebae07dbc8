"""The rows of a table as lines of JSON, the same on every engine, and rows made of such lines again."""

import base64
import hashlib
import json
import math
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db import models

from buttress.orgs.models import Organisation
from buttress.orgs.tenancy import tenant
from buttress.register.backup.manifest import (
    LONGEST_LINE,
    BackupRefusedError,
    columns_of_table,
    is_of_organisations,
)

_CHUNK = 2000

Row = dict[str, Any]


def lines_of(model: type[models.Model]) -> Iterator[bytes]:
    """Every row as one line of JSON with its line end; by organisation, then by primary key."""
    names = list(columns_of_table(model))
    for rows in _querysets(model):
        for values in rows.order_by("pk").values_list(*names).iterator(chunk_size=_CHUNK):
            line = _to_line(dict(zip(names, values, strict=True)))
            if len(line) > LONGEST_LINE:
                raise BackupRefusedError(f"A row of {model._meta.label_lower} has {len(line):,} bytes, too many")
            yield line


def digest_of_table(model: type[models.Model]) -> tuple[int, str]:
    """Rows, and SHA-256 (hex) of their lines."""
    digest, rows = hashlib.sha256(), 0
    for line in lines_of(model):
        digest.update(line)
        rows += 1
    return rows, digest.hexdigest()


def _querysets(model: type[models.Model]) -> Iterator["models.QuerySet[models.Model]"]:
    if not is_of_organisations(model):
        yield model._default_manager.all()
        return
    # The one manager shows the rows of one organisation at a time, and so it stays for who copies all.
    for organisation_id in Organisation.objects.order_by("pk").values_list("pk", flat=True):
        with tenant(organisation_id):
            yield model._default_manager.all()


def _to_line(row: Row) -> bytes:
    plain = {name: _plain(value) for name, value in row.items()}
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    for kind, written in _WRITTEN.items():
        if isinstance(value, kind):
            return written(value)
    raise TypeError(f"{type(value).__name__} has no form in a backup; say one in table_lines")


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _sorted(value: Any) -> Any:
    # PostgreSQL keeps the keys of a JSON column in an order of its own.
    return json.loads(json.dumps(value, sort_keys=True))


_WRITTEN: dict[type | tuple[type, ...], Callable[[Any], Any]] = {
    uuid.UUID: str,
    datetime: _utc,
    date: date.isoformat,
    time: time.isoformat,
    Decimal: lambda value: format(value, "f"),
    (bytes, memoryview): lambda value: base64.b64encode(value).decode(),
    (dict, list): _sorted,
}
_READ: dict[str, Callable[[Any], Any]] = {
    "UUIDField": uuid.UUID,
    "DateTimeField": datetime.fromisoformat,
    "DateField": date.fromisoformat,
    "TimeField": time.fromisoformat,
    "DecimalField": Decimal,
    "ExactDecimalField": Decimal,
    "FloatField": float,
    "BinaryField": lambda value: base64.b64decode(value, validate=True),
}


def insert_lines(model: type[models.Model], lines: Iterable[bytes]) -> int:
    """Writes rows as `lines_of` told them; how many. Raises `BackupRefusedError` for a line that is no row."""
    rows = 0
    for organisation_id, group in groupby(_instances(model, lines), _organisation_of):
        with nullcontext() if organisation_id is None else tenant(organisation_id):
            for batch in _batches(group):
                model._default_manager.bulk_create(batch)
                rows += len(batch)
    return rows


def _instances(model: type[models.Model], lines: Iterable[bytes]) -> Iterator[models.Model]:
    readers = {name: _READ.get(kind) for name, kind in columns_of_table(model).items()}
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            if list(row) != list(readers):
                raise ValueError("its columns are others")
            yield model(**{name: _typed(readers[name], value) for name, value in row.items()})
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            raise BackupRefusedError(
                f"{model._meta.label_lower}: row {number} is none of this table ({error}); nothing was restored"
            ) from None


def _typed(reader: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if reader is None or value is None else reader(value)


def _organisation_of(row: models.Model) -> uuid.UUID | None:
    return getattr(row, "organisation_id", None) if is_of_organisations(type(row)) else None


def _batches(rows: Iterable[models.Model]) -> Iterator[list[models.Model]]:
    batch: list[models.Model] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _CHUNK:
            yield batch
            batch = []
    if batch:
        yield batch
