"""Every read about objectives, assets, vendors and changes."""

from datetime import date

from buttress.inventory.kinds import ASSETS, CHANGES, OBJECTIVES, VENDORS
from buttress.inventory.models import Asset, Change
from buttress.inventory.records import AssetRecord, ChangeRecord
from buttress.orgs.errors import NotFoundError
from buttress.orgs.kinds import RecordKind
from buttress.orgs.moments import Moment
from buttress.orgs.reading import StoredRecord, records_of
from buttress.orgs.reads import reads
from buttress.orgs.roles import Operation


@reads(Operation.REGISTER_READ)
def objectives(*, moment: Moment | None = None) -> dict[str, StoredRecord]:
    return records_of(OBJECTIVES, moment)


@reads(Operation.REGISTER_READ)
def objective(*, ref: str, moment: Moment | None = None) -> StoredRecord:
    """Raises `NotFoundError`, as every selector of one record does."""
    return _one(OBJECTIVES, ref, moment)


@reads(Operation.REGISTER_READ)
def assets(*, moment: Moment | None = None) -> dict[str, StoredRecord]:
    return records_of(ASSETS, moment)


@reads(Operation.REGISTER_READ)
def asset(*, ref: str, moment: Moment | None = None) -> StoredRecord:
    return _one(ASSETS, ref, moment)


@reads(Operation.REGISTER_READ)
def assets_in_scope(*, moment: Moment | None = None) -> dict[str, StoredRecord]:
    if moment is None:
        rows = Asset.objects.filter(in_scope=True, removed_in=None)
        return records_of(ASSETS, None, list(rows.values_list("ref", flat=True)))
    return {ref: stored for ref, stored in records_of(ASSETS, moment).items() if _asset(stored).in_scope}


@reads(Operation.REGISTER_READ)
def vendors(*, moment: Moment | None = None) -> dict[str, StoredRecord]:
    return records_of(VENDORS, moment)


@reads(Operation.REGISTER_READ)
def vendor(*, ref: str, moment: Moment | None = None) -> StoredRecord:
    return _one(VENDORS, ref, moment)


@reads(Operation.REGISTER_READ)
def changes(*, moment: Moment | None = None) -> dict[str, StoredRecord]:
    """Every change that was recorded, those still to come too."""
    return records_of(CHANGES, moment)


@reads(Operation.REGISTER_READ)
def change(*, ref: str, moment: Moment | None = None) -> StoredRecord:
    return _one(CHANGES, ref, moment)


@reads(Operation.REGISTER_READ)
def unanswered_changes(*, moment: Moment | None = None) -> dict[str, StoredRecord]:
    """Changes that nobody has assessed; at a moment those in effect by its day and not assessed by then."""
    if moment is None:
        rows = Change.objects.filter(assessed_on=None, removed_in=None)
        return records_of(CHANGES, None, list(rows.values_list("ref", flat=True)))
    found = records_of(CHANGES, moment).items()
    return {ref: stored for ref, stored in found if _is_unanswered(stored, moment.as_of)}


def _is_unanswered(stored: StoredRecord, as_of: date) -> bool:
    record = stored.to_record(CHANGES)
    assert isinstance(record, ChangeRecord)
    return record.effective_on <= as_of and (record.assessed_on is None or record.assessed_on > as_of)


def _asset(stored: StoredRecord) -> AssetRecord:
    record = stored.to_record(ASSETS)
    assert isinstance(record, AssetRecord)
    return record


def _one(kind: RecordKind, ref: str, moment: Moment | None) -> StoredRecord:
    stored = records_of(kind, moment, [ref]).get(ref)
    if stored is None:
        raise NotFoundError(kind.noun, ref)
    return stored
