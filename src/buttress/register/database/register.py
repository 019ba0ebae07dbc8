"""The register as it stands in the database at a moment: the same value that reading a register folder gives."""

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from buttress.evidence.store import folder_of
from buttress.formats.models import StrictModel
from buttress.formats.ordering import natural
from buttress.orgs.errors import NotFoundError
from buttress.orgs.kinds import RecordKind, fact_kinds, record_kind
from buttress.orgs.kinds_of_orgs import PROFILE_REF
from buttress.orgs.moments import Moment
from buttress.orgs.reading import StoredRecord, all_records, facts_of, records_of
from buttress.orgs.records import ProfileRecord
from buttress.orgs.tenancy import current_organisation
from buttress.register.database.places import StoredPlaces
from buttress.register.database.renames import Renames, as_now, renames_at
from buttress.register.files.register import Register
from buttress.register.files.schema.kinds import ORGANISATION
from buttress.register.files.schema.organisation import OrganisationRecord
from buttress.register.plan.statements import ENGAGEMENTS, folder_kinds
from buttress.risks.base_rates import Sector
from buttress.risks.records.risk import RiskRecord

Refs = Collection[str]

_FEW = 1000
"""Up to so many records are named in a statement; of more a kind is read whole."""

Records = dict[str, Mapping[str, Any]]
"""Records by kind, for the fields of a register."""


def register_of(moment: Moment | None = None, *, risks: Refs | None = None, renames: Renames | None = None) -> Register:
    """The register of the organisation in context; without a moment as it stands now.

    With `risks` only these are there, and the controls that they name: what their figures need of a register. Records
    and facts are not checked against each other: what was written stands. `renames` are those at the moment, where they
    are known. Raises `NotFoundError` where nothing of the organisation was known at the moment.
    """
    moment = as_now(moment)
    then = _Then(moment, renames_at(moment) if renames is None else renames)
    records = _all(then) if risks is None else _of_risks(risks, then)
    places = StoredPlaces({ORGANISATION: {"": None}, **records})
    return Register(folder_of(current_organisation()), _organisation(then), **records, places=places)


@dataclass(frozen=True, slots=True)
class _Then:
    """A moment, None for the present, with the references that were known last by it."""

    moment: Moment | None
    renames: Renames


def _all(then: _Then) -> Records:
    stored = all_records(then.moment)
    kinds = [kind for kind in folder_kinds() if kind.name not in (ORGANISATION, ENGAGEMENTS)]
    return {kind.name: _with_all_facts(kind, stored[kind.name], then) for kind in kinds if kind.name in stored}


def _of_risks(refs: Refs, then: _Then) -> Records:
    risks = _records(record_kind("risks"), then, refs)
    controls = {ref for risk in risks.values() for ref in controls_named(risk)}
    return {"risks": risks, "controls": _records(record_kind("controls"), then, controls)}


def controls_named(risk: RiskRecord) -> Iterator[str]:
    """The controls that a risk's figures depend on, retracted facts too; some may be of the starter library only."""
    yield from (effect.control for effect in risk.effects)
    for assessment in risk.assessments:
        yield from assessment.controls or ()
    for treatment in risk.treatments:
        yield from treatment.controls


def _records(kind: RecordKind, then: _Then, refs: Refs | None = None) -> dict[str, Any]:
    """The records of a kind with their facts, in natural order of reference."""
    if refs is not None and not refs:
        return {}
    if refs is not None and len(refs) > _FEW:
        wanted = frozenset(refs)
        return {ref: record for ref, record in _records(kind, then).items() if ref in wanted}
    return _with_all_facts(kind, records_of(kind, then.moment, refs), then, is_few=refs is not None)


def _with_all_facts(
    kind: RecordKind, records: Mapping[str, StoredRecord], then: _Then, *, is_few: bool = False
) -> dict[str, Any]:
    stored = _by_last_names(kind, records, then.renames)
    facts = _facts(kind, then.moment, [record.id for record in stored.values()] if is_few else None)
    return {
        ref: _with_facts(stored[ref].to_record(kind), facts.get(stored[ref].id)) for ref in sorted(stored, key=natural)
    }


def _by_last_names(
    kind: RecordKind, stored: Mapping[str, StoredRecord], renames: Renames
) -> Mapping[str, StoredRecord]:
    if not renames.at:
        return stored
    named = {}
    for ref, record in stored.items():
        known_as = renames.at.get((kind.name, ref), ref)
        named[known_as] = replace(record, ref=known_as, content=renames.content(kind, record.content))
    return named


def _facts(
    kind: RecordKind, moment: Moment | None, ids: Collection[uuid.UUID] | None
) -> dict[uuid.UUID, dict[str, Any]]:
    """Of each record its facts by field."""
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for each in fact_kinds(kind.name):
        for record_id, facts in facts_of(each, moment, ids).items():
            found.setdefault(record_id, {})[each.field] = tuple(fact.to_fact(each) for fact in facts)
    return found


def _with_facts(record: StrictModel, facts: Mapping[str, Any] | None) -> StrictModel:
    # Not validated as a whole: each fact was checked when it was written, against what stood then.
    return record.model_copy(update=facts) if facts else record


def _organisation(then: _Then) -> OrganisationRecord:
    """The profile with its dated facts and its engagements. It has no scale before the first was stated.

    The profile is the last one known, whatever the day: amounts and rates of every day are read in its currency.
    """
    kind = record_kind(ORGANISATION)
    found = records_of(kind, _last_known(then.moment), [PROFILE_REF]).get(PROFILE_REF)
    if found is None:
        raise NotFoundError(kind.noun, PROFILE_REF)
    profile = found.to_record(kind)
    assert isinstance(profile, ProfileRecord)
    engagements = _records(record_kind(ENGAGEMENTS), then).values()
    return OrganisationRecord.model_construct(
        **{**dict(profile), "sector": None if profile.sector is None else Sector(profile.sector)},
        **{"rates": (), "scales": (), "appetite": (), **_facts(kind, then.moment, [found.id]).get(found.id, {})},
        engagements=tuple(sorted(engagements, key=lambda each: (each.period_start, natural(each.ref)))),
    )


def _last_known(moment: Moment | None) -> Moment | None:
    """The moment at which every version known by its instant of knowledge stands."""
    if moment is None or moment.known_at is None:
        return None
    return Moment((moment.known_at + timedelta(days=2)).date(), moment.known_at)
