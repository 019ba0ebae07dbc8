"""What of the figures a write concerns, from the records it touched and the rows it sealed."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.apps import apps
from django.db.models import Min
from django.db.models.functions import Coalesce

from buttress.evidence.kinds import TEST_KINDS
from buttress.evidence.reading import declared_tests
from buttress.orgs.entries import EntryDraft
from buttress.orgs.kinds_of_orgs import ORGANISATION
from buttress.orgs.models import RecordVersion
from buttress.orgs.tenancy import TenantModel
from buttress.orgs.writing import Write
from buttress.risks.models import Risk
from buttress.risks.models.scale import Scale
from buttress.risks.selectors import risks_of_controls

_NO_INPUT = frozenset(
    {"persons", "members", "objectives", "assets", "vendors", "changes", "threats", "incidents", "rounds", "datasets"}
)
"""Kinds on which no figure depends."""

_TESTS = frozenset(kind.name for kind in TEST_KINDS)
_VERSION = RecordVersion._meta.label_lower
_DAYS = ("effective_on", "as_of")
"""Columns that tell from which day on a row counts."""
_SAID_ONLY = frozenset({"name", "size", "sector", "annual_revenue_usd", "anchor"})
"""What a profile says that no figure rests on."""
_BATCH = 500
_MANY = 10_000
"""Ids named in one statement: no more than either engine takes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`risks` by id with their references. With `is_everything` all figures are concerned;
    with `has_states` those of controls and criteria too."""

    risks: dict[uuid.UUID, str] = field(default_factory=dict)
    has_states: bool = False
    is_everything: bool = False

    @property
    def is_nothing(self) -> bool:
        return not (self.risks or self.has_states or self.is_everything)


EVERYTHING = Scope(has_states=True, is_everything=True)


def scope_of(write: Write) -> Scope:
    """The figures that follow from what `write` touched; where that cannot be told, all of them."""
    touched = {(kind, record_id): ref for (kind, record_id), ref in write.touched.items() if kind not in _NO_INPUT}
    risks = {record_id: ref for (kind, record_id), ref in touched.items() if kind == "risks"}
    others = {key: ref for key, ref in touched.items() if key[0] != "risks"}
    if any(_concerns_all(write, kind, record_id) for kind, record_id in others):
        return EVERYTHING
    if controls := _controls_of(others):
        refs = risks_of_controls(controls)
        risks |= dict(Risk.objects.filter(ref__in=refs, removed_in=None).values_list("id", "ref"))
    return Scope(risks, has_states=bool(others))


def _concerns_all(write: Write, kind: str, record_id: uuid.UUID) -> bool:
    if kind in _TESTS:
        return _is_restated(write, kind, record_id)
    return kind not in ("controls", "exceptions")


def _controls_of(touched: Mapping[tuple[str, uuid.UUID], str]) -> set[str]:
    """The controls among what was touched, and those that touched tests are about."""
    controls = {ref for (kind, _), ref in touched.items() if kind == "controls"}
    tests = {ref for (kind, _), ref in touched.items() if kind in _TESTS}
    if tests:
        controls |= {control for test in declared_tests().tests if test.id in tests for control in test.controls}
    return controls


def _is_restated(write: Write, kind: str, record_id: uuid.UUID) -> bool:
    """Whether the record itself came, changed or went, and not only a fact or result of it."""
    return any(table == _VERSION for table, *_ in write.drafts[kind, record_id].rows)


def since_of(write: Write, today: date) -> date:
    """The earliest day whose figures may differ because of `write`, which is of the day `today`; that one at the latest.

    A record's new version tells of its own day and later; its first one stands on every day before. A fact, a decision, a
    result holds from its own day on; what else is recorded may reach back as far as there is.
    """
    return min([today, *_reaches(write)])


def _reaches(write: Write) -> Iterator[date]:
    appended: dict[type[TenantModel], list[str]] = {}
    added: list[uuid.UUID] = []
    for (kind, record_id), draft in write.drafts.items():
        if kind in _NO_INPUT:
            continue
        if record_id is not None and record_id in write.added and kind == "risks":
            added.append(record_id)
        elif record_id in write.added or _tells_every_day_anew(draft):
            yield date.min
        for table, row_id, _ in draft.rows:
            if table != _VERSION:
                appended.setdefault(apps.get_model(table), []).append(row_id)
    yield from _first_days(added)
    for model, ids in appended.items():
        yield from _first_days_of(model, ids)


def _tells_every_day_anew(draft: EntryDraft) -> bool:
    """Whether a record's new version counts on days before it too: past days use the last known reference, and profile."""
    before = {name.removeprefix("before.") for name in draft.values if name.startswith("before.")}
    return "ref" in before or (draft.kind == ORGANISATION.name and not before <= _SAID_ONLY)


def _first_days_of(model: type[TenantModel], ids: Sequence[str]) -> Iterator[date]:
    """From when on these rows count: from the beginning those that name no day."""
    day = next((field.name for field in model._meta.concrete_fields if field.name in _DAYS), None)
    if day is None or model is Scale:
        # Days before the first scale are read with it, whichever is the first.
        yield date.min
        return
    for start in range(0, len(ids), _BATCH):
        rows = model._default_manager.filter(id__in=ids[start : start + _BATCH])
        yield rows.aggregate(first=Min(Coalesce(day, date.min)))["first"] or date.min


def _first_days(risk_ids: Sequence[uuid.UUID]) -> Iterator[date]:
    """From when on these new risks stand: from the beginning where one does not say when it was identified."""
    for start in range(0, len(risk_ids), _MANY):
        rows = Risk.objects.filter(id__in=risk_ids[start : start + _MANY])
        yield from (day or date.min for day in rows.values_list("identified_on", flat=True).distinct())
