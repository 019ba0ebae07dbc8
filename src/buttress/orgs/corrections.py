"""Which facts that the audit trail tells of stand in the place of earlier ones: told from the facts, not from the trail."""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from buttress.orgs.kinds import FactKind, fact_kinds
from buttress.orgs.models import AuditEntry

_FACT = re.compile(r"(\w+)\.\d+\Z")
_WINDOW = 500
"""Records whose facts are asked for at once."""

Said = tuple[AuditEntry, Mapping[str, Any]]
"""An entry with its values by name."""


def corrections_among(entries: Sequence[Said]) -> dict[int, frozenset[str]]:
    """Sequence of an entry to the names of its facts that have the identity of a fact recorded in an earlier change."""
    found: dict[int, set[str]] = defaultdict(set)
    for kind, told in _by_kind(entries).items():
        subjects = sorted({entry.subject_id for entry, _, _ in told if entry.subject_id is not None})
        for start in range(0, len(subjects), _WINDOW):
            later = _later_ones(kind, subjects[start : start + _WINDOW])
            for entry, name, content in told:
                if (entry.subject_id, entry.change, content) in later:
                    found[entry.sequence].add(name)
    return {sequence: frozenset(names) for sequence, names in found.items()}


def _by_kind(entries: Sequence[Said]) -> dict[FactKind, list[tuple[AuditEntry, str, str]]]:
    found: dict[FactKind, list[tuple[AuditEntry, str, str]]] = defaultdict(list)
    for entry, values in entries:
        for kind, name, content in _facts(entry, values):
            found[kind].append((entry, name, content))
    return found


def _facts(entry: AuditEntry, values: Mapping[str, Any]) -> Iterator[tuple[FactKind, str, str]]:
    kinds = {kind.field: kind for kind in fact_kinds(entry.subject_kind)}
    for name, content in values.items():
        match = _FACT.match(name)
        if match is not None and match[1] in kinds and isinstance(content, str):
            yield kinds[match[1]], name, content


def _later_ones(kind: FactKind, subjects: Sequence[uuid.UUID]) -> set[tuple[uuid.UUID, int, str]]:
    """Record, change and content of each fact that is not the first of its identity."""
    seen: set[tuple[uuid.UUID, str]] = set()
    later = set()
    rows = kind.model.objects.filter(record_id__in=subjects).order_by("change")
    for record_id, identity, change, content in rows.values_list("record_id", "identity", "change", "content"):
        if (record_id, identity) in seen:
            later.add((record_id, change, content))
        seen.add((record_id, identity))
    return later
