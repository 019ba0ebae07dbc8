"""Rows whose digests the audit trail keeps: each of them there as it was recorded, and no others."""

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Min

from buttress.orgs.audit import values_of
from buttress.orgs.guards.rules import tenant_models
from buttress.orgs.models import AuditEntry, AuditPayload
from buttress.orgs.tenancy import TenantModel
from buttress.orgs.verification.problems import Findings
from buttress.orgs.verification.sealed_text import sealed_text, stored_rows

_WINDOW = 500
"""Seals of one table that are compared with their rows at once."""

Seal = tuple[str, str, str]
"""Table, id of the row, digest."""


class SealedRows:
    """Compares seals with rows as the trail is walked, a window at a time, so that memory stays bounded."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._models = {model._meta.label_lower: model for model in tenant_models() if model.SEALED}
        self._texts = {table: sealed_text(model) for table, model in self._models.items()}
        self._waiting: dict[str, dict[str, tuple[str, int]]] = {}
        self._met: Counter[str] = Counter()

    def expect(self, sequence: int, seals: Iterable[Seal]) -> None:
        """Entry `sequence` commits to these rows."""
        for table, row_id, digest in seals:
            if table not in self._models:
                what = f"it commits to a row of {table}, which is no table of records"
                self._findings.report(f"audit entry {sequence}", what, f"one of {', '.join(self._models)}", sequence)
                continue
            waiting = self._waiting.setdefault(table, {})
            waiting[row_id] = (digest, sequence)
            if len(waiting) >= _WINDOW:
                self._compare(table)

    def finish(self) -> None:
        """Compares what is left, and looks for rows that no entry commits to."""
        for table in list(self._waiting):
            self._compare(table)
        for table, model in self._models.items():
            if model._default_manager.count() != self._met[table]:
                self._report_uncommitted(table, model)

    def _compare(self, table: str) -> None:
        waiting = self._waiting.pop(table)
        text = self._texts[table]
        rows = stored_rows(self._models[table], text, waiting)
        for row_id, (digest, sequence) in waiting.items():
            values = rows.get(row_id)
            if values is None:
                where = f"{table}, recorded by audit entry {sequence}"
                self._findings.report(where, f"the row {row_id} is missing", "the row as it was recorded", sequence)
                continue
            self._met[table] += 1
            if text.seal(values) != digest:
                described = _described(table, dict(zip(text.columns, values, strict=True)))
                where = f"{described}, recorded by audit entry {sequence}"
                self._findings.report(where, f"the row {row_id} was changed", f"a row with digest {digest}", sequence)
        self._findings.counts[table] += len(waiting)

    def _report_uncommitted(self, table: str, model: type[TenantModel]) -> None:
        committed = _committed_ids(table)
        for row in model._default_manager.order_by("pk").iterator(chunk_size=_WINDOW):
            if row.pk not in committed:
                what = f"the row {row.pk} was recorded by no entry"
                self._findings.report(
                    _described(table, vars(row)), what, "rows that the audit trail commits to only", _entry_of(row)
                )


def _known_ids(ids: Iterable[str]) -> list[uuid.UUID]:
    known = []
    for each in ids:
        try:
            known.append(uuid.UUID(each))
        except ValueError:
            continue
    return known


def _committed_ids(table: str) -> set[uuid.UUID]:
    """Every id of the table that an entry commits to; held at once, and only where rows and seals differ in number."""
    found: set[uuid.UUID] = set()
    for text in AuditPayload.objects.values_list("fields", flat=True).iterator(chunk_size=_WINDOW):
        try:
            rows: Any = values_of(json.loads(text)).get("rows") or ()
            found.update(_known_ids(row_id for each, row_id, _ in rows if each == table))
        except (ValueError, TypeError, AttributeError, KeyError):
            continue
    return found


def _described(table: str, values: Mapping[str, Any]) -> str:
    """The row's table, with the reference and version or the day that tells it to a person."""
    return " ".join(
        [table, *(f"{name} {values[name]}" for name in ("ref", "version", "effective_on") if name in values)]
    )


def _entry_of(row: TenantModel) -> int | None:
    """The first entry of the change that the row says it belongs to."""
    change = getattr(row, "change", None)
    found: int | None = AuditEntry.objects.filter(change=change).aggregate(first=Min("sequence"))["first"]
    return found
