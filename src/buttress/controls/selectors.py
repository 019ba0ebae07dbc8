"""Every read about controls and their walkthroughs."""

from buttress.controls.kinds import CONTROLS, WALKTHROUGHS
from buttress.controls.library import starter_controls
from buttress.controls.models import Control, ControlCriterion
from buttress.controls.records import ControlRecord
from buttress.orgs.errors import NotFoundError
from buttress.orgs.moments import Moment
from buttress.orgs.reading import StoredFact, StoredRecord, facts_of, records_of
from buttress.orgs.reads import reads
from buttress.orgs.roles import Operation


@reads(Operation.REGISTER_READ)
def controls(*, moment: Moment | None = None) -> dict[str, StoredRecord]:
    return records_of(CONTROLS, moment)


@reads(Operation.REGISTER_READ)
def control(*, ref: str, moment: Moment | None = None) -> StoredRecord:
    """Raises `NotFoundError`."""
    return _one(ref, moment)


@reads(Operation.REGISTER_READ)
def walkthroughs(*, ref: str, moment: Moment | None = None) -> tuple[StoredFact, ...]:
    """Walkthroughs of a control, oldest first, retracted ones too; at a moment those held by its day.

    Raises `NotFoundError` where there is no such control.
    """
    record_id = _one(ref, moment).id
    facts = facts_of(WALKTHROUGHS, moment, [record_id]).get(record_id, [])
    return tuple(fact for fact in facts if moment is None or (fact.effective_on or moment.as_of) <= moment.as_of)


@reads(Operation.REGISTER_READ)
def controls_of_owner(*, owner: str, moment: Moment | None = None) -> dict[str, StoredRecord]:
    """The controls that a person answers for."""
    if moment is None:
        rows = Control.objects.filter(owner__ref=owner, removed_in=None)
        return records_of(CONTROLS, None, list(rows.values_list("ref", flat=True)))
    return {ref: stored for ref, stored in records_of(CONTROLS, moment).items() if _record(stored).owner == owner}


@reads(Operation.REGISTER_READ)
def controls_of_criterion(*, criterion: str, moment: Moment | None = None) -> dict[str, StoredRecord]:
    """The controls that serve a criterion, by their own word or, where they say nothing, by the starter library's."""
    refs = _refs_that_may_serve(criterion) if moment is None else None
    return {
        ref: stored
        for ref, stored in records_of(CONTROLS, moment, refs).items()
        if criterion in _criteria_of(_record(stored))
    }


def _refs_that_may_serve(criterion: str) -> list[str]:
    """As the rows stand now; whether one of the library leaves its criteria to it only its record says."""
    said = ControlCriterion.objects.filter(target=criterion).values("record_id")
    proposed = [starter.id for starter in starter_controls().values() if criterion in starter.criteria]
    live = Control.objects.filter(removed_in=None)
    rows = live.filter(id__in=said).union(live.filter(library__in=proposed))
    return list(rows.values_list("ref", flat=True))


def _criteria_of(record: ControlRecord) -> tuple[str, ...]:
    if record.criteria is not None or record.library is None:
        return record.criteria or ()
    return tuple(starter_controls()[record.library].criteria)


def _record(stored: StoredRecord) -> ControlRecord:
    record = stored.to_record(CONTROLS)
    assert isinstance(record, ControlRecord)
    return record


def _one(ref: str, moment: Moment | None) -> StoredRecord:
    stored = records_of(CONTROLS, moment, [ref]).get(ref)
    if stored is None:
        raise NotFoundError(CONTROLS.noun, ref)
    return stored
