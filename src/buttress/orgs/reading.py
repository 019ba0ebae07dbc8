"""Records and facts as they stood at a moment, from versions and facts; the one way in which stored content is read."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Max, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from buttress.formats.models import StrictModel
from buttress.orgs.content import from_text
from buttress.orgs.kinds import FactKind, RecordKind
from buttress.orgs.models.history import RecordVersion
from buttress.orgs.models.organisation import Profile
from buttress.orgs.moments import Moment


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it stood. `is_recorded_later` marks one whose first version is younger than the day asked about."""

    id: uuid.UUID
    ref: str
    version: int
    content: str
    recorded_at: datetime
    is_recorded_later: bool

    def to_record(self, kind: RecordKind) -> StrictModel:
        return kind.to_record(self.ref, from_text(self.content))


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact that stands: the newest of its identity by the instant of knowledge, retracted or not."""

    id: uuid.UUID
    record_id: uuid.UUID
    effective_on: date | None
    identity: str
    position: int
    content: str
    retracted: str | None
    change: int
    recorded_at: datetime

    def to_fact(self, kind: FactKind) -> StrictModel:
        return kind.record.model_validate(from_text(self.content))


def zone_of_organisation() -> ZoneInfo:
    """The time zone of the organisation in context, as it stands now."""
    return ZoneInfo(Profile.objects.values_list("time_zone", flat=True)[0])


def records_of(
    kind: RecordKind, moment: Moment | None = None, refs: Collection[str] | None = None
) -> dict[str, StoredRecord]:
    """The records of a kind by reference; without a moment as they stand now.

    Before its first version the first version stands, marked; what had been removed by then is left out.
    """
    versions = RecordVersion.objects.filter(kind=kind.name)
    limit = None if moment is None else moment.ends_at(zone_of_organisation())
    if refs is None:
        rows: Iterable[_Row] = _as_of(versions, moment, limit).values_list(*_COLUMNS)
    else:
        ids = kind.model.objects.filter(ref__in=refs).values("id")
        rows = _standing_of(versions.filter(record_id__in=ids), moment, limit)
    return {row[1]: _stored(row, limit) for row in rows if not row[5]}


def all_records(moment: Moment | None = None) -> dict[str, dict[str, StoredRecord]]:
    """As `records_of` of every kind that has any, by its name, with one statement."""
    limit = None if moment is None else moment.ends_at(zone_of_organisation())
    found: dict[str, dict[str, StoredRecord]] = {}
    for *row, kind in _as_of(RecordVersion.objects.all(), moment, limit).values_list(*_COLUMNS, "kind"):
        _, ref, _, _, _, is_removed = row
        if not is_removed:
            found.setdefault(kind, {})[ref] = _stored(row, limit)
    return found


def _stored(row: Sequence[Any], limit: datetime | None) -> StoredRecord:
    record_id, ref, version, content, recorded_at, _ = row
    return StoredRecord(record_id, ref, version, content, recorded_at, limit is not None and recorded_at >= limit)


_COLUMNS = ("record_id", "ref", "version", "content", "recorded_at", "is_removed")
_Row = tuple[uuid.UUID, str, int, str, datetime, bool]


def _standing_of(versions: QuerySet[RecordVersion], moment: Moment | None, limit: datetime | None) -> Iterable[_Row]:
    """As `_as_of`, of a few records, whose whole histories are read with one plain statement."""
    if moment is not None and moment.known_at is not None:
        versions = versions.filter(recorded_at__lte=moment.known_at)
    standing: dict[uuid.UUID, _Row] = {}
    for row in versions.order_by("change").values_list(*_COLUMNS):
        if row[0] not in standing or limit is None or row[4] < limit:
            standing[row[0]] = row
    return standing.values()


def _as_of(versions: QuerySet[RecordVersion], moment: Moment | None, limit: datetime | None) -> QuerySet[RecordVersion]:
    """One version of each record: the last one by the end of the day, else the first there is."""
    own = RecordVersion.objects.filter(record_id=OuterRef("record_id")).order_by().values("record_id")
    if moment is not None and moment.known_at is not None:
        own = own.filter(recorded_at__lte=moment.known_at)
    last = own if limit is None else own.filter(recorded_at__lt=limit)
    standing = Coalesce(
        Subquery(last.annotate(found=Max("change")).values("found")),
        Subquery(own.annotate(found=Min("change")).values("found")),
    )
    return versions.annotate(standing=standing).filter(change=F("standing"))


def facts_of(
    kind: FactKind, moment: Moment | None = None, record_ids: Collection[uuid.UUID] | None = None
) -> Mapping[uuid.UUID, list[StoredFact]]:
    """The facts of a kind by record, in order of day and place; of one identity the newest one known.

    All days are there: which facts are effective by a day is decided where they are used.
    """
    rows = kind.model.objects.all()
    if record_ids is not None:
        rows = rows.filter(record_id__in=record_ids)
    if moment is not None and moment.known_at is not None:
        rows = rows.filter(recorded_at__lte=moment.known_at)
    standing: dict[tuple[uuid.UUID, str], StoredFact] = {}
    for values in rows.order_by("change").values_list(
        "id", "record_id", "effective_on", "identity", "position", "content", "retracted", "change", "recorded_at"
    ):
        fact = StoredFact(*values)
        standing[fact.record_id, fact.identity] = fact
    found: dict[uuid.UUID, list[StoredFact]] = {}
    for fact in sorted(standing.values(), key=lambda f: (f.effective_on or date.min, f.position, f.change)):
        found.setdefault(fact.record_id, []).append(fact)
    return found
