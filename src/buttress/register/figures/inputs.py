"""What live figures are computed from: the register as it stands now, whole or as far as some risks need it."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from buttress.controls.kinds import CONTROLS
from buttress.controls.records import ControlRecord
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.verdicts import TestResult, counts_agree
from buttress.evidence.reading import evidence_at
from buttress.formats.models import StrictModel
from buttress.formats.ordering import natural
from buttress.orgs.content import digest_of as digest_of_text
from buttress.orgs.content import from_text, to_text
from buttress.orgs.kinds import FactKind, fact_kinds
from buttress.orgs.models import Profile, RecordVersion
from buttress.orgs.moments import Moment
from buttress.orgs.reading import StoredFact, facts_of, records_of, zone_of_organisation
from buttress.register.database.places import StoredPlaces
from buttress.register.database.register import controls_named, register_of
from buttress.register.database.snapshots import snapshot_of
from buttress.register.figures.standing import Surroundings
from buttress.register.files.register import Register
from buttress.register.files.schema.kinds import ORGANISATION
from buttress.register.snapshot import build_snapshot
from buttress.register.values.decisions import Decisions
from buttress.risks.kinds import RISKS
from buttress.risks.models.scale import Scale
from buttress.risks.records.risk import RiskRecord
from buttress.risks.selectors import standings_at

M = TypeVar("M", bound=StrictModel)


def has_scale() -> bool:
    """Before its first scale a register has no figures."""
    return bool(Scale.objects.filter(retracted=None).exists())


def day_of(instant: datetime) -> date:
    """The organisation's day at an instant."""
    return instant.astimezone(zone_of_organisation()).date()


def currency_now() -> str:
    return str(Profile.objects.values_list("currency", flat=True)[0])


def with_all_controls(refs: Collection[str], today: date, engagement: str | None = None) -> RegisterSnapshot:
    """These risks, every control with its tests, and no more: what states of controls and criteria are made from."""
    moment = Moment(today)
    register = replace(register_of(moment, risks=refs), controls=_controls_now())
    evidence = evidence_at(moment)
    return build_snapshot(
        register,
        today,
        engagement,
        tests=evidence.tests,
        results=evidence.results,
        decisions=Decisions(standings_at(moment, refs), evidence.exceptions),
    )


def surroundings(today: date) -> Surroundings:
    """What figures of any risk rest on beside the risk itself."""
    moment = Moment(today)
    evidence = evidence_at(moment)
    results = tuple(_without_keys(each) if counts_agree(each) else each for each in evidence.results)
    controls = _controls_now()
    return Surroundings(register_of(moment, risks=()).organisation, controls, evidence.tests, results)


def _without_keys(result: TestResult) -> TestResult:
    return replace(result, failing_keys=(), failing_since=(), left_keys=(), undecided_keys=())


def of_risks(ids: Collection[uuid.UUID], today: date, around: Surroundings) -> RegisterSnapshot:
    """These risks and what their figures need, as `snapshot_of` of these risks but for what no figure of theirs needs."""
    risks = _risks_now(ids)
    named = {ref for risk in risks.values() for ref in controls_named(risk)}
    controls = {ref: around.controls[ref] for ref in named if ref in around.controls}
    tests = tuple(test for test in around.tests if not named.isdisjoint(test.controls))
    names = {test.id for test in tests}
    places = StoredPlaces({ORGANISATION: {"": None}, "risks": risks, "controls": controls})
    has_acceptances = any(risk.acceptances for risk in risks.values())
    return build_snapshot(
        Register(Path(), around.organisation, risks=risks, controls=controls, places=places),
        today,
        tests=tests,
        results=tuple(result for result in around.results if result.test in names),
        decisions=Decisions(standings_at(Moment(today), list(risks)) if has_acceptances else {}, ()),
    )


def _risks_now(ids: Collection[uuid.UUID]) -> dict[str, RiskRecord]:
    """These risks with their facts, as they stand now; those that were removed are left out."""
    # By id, of which the index knows: a database without statistics yet would else look through all versions.
    versions = RecordVersion.objects.filter(kind=RISKS.name, record_id__in=list(ids)).order_by("change")
    newest = {row[0]: row for row in versions.values_list("record_id", "ref", "content", "is_removed")}
    facts = {each: facts_of(each, None, list(newest)) for each in fact_kinds(RISKS.name)}
    found = {}
    for record_id, ref, content, is_removed in newest.values():
        if not is_removed:
            found[ref] = _with_facts(RISKS.to_record(ref, from_text(content)), RiskRecord, record_id, facts)
    return found


def _controls_now() -> dict[str, ControlRecord]:
    """Every control with its facts, as it stands now."""
    stored = records_of(CONTROLS)
    facts = {each: facts_of(each) for each in fact_kinds(CONTROLS.name)}
    return {
        ref: _with_facts(stored[ref].to_record(CONTROLS), ControlRecord, stored[ref].id, facts)
        for ref in sorted(stored, key=natural)
    }


def _with_facts(
    read: StrictModel,
    record: type[M],
    record_id: uuid.UUID,
    facts: Mapping[FactKind, Mapping[uuid.UUID, list[StoredFact]]],
) -> M:
    own = {each.field: tuple(fact.to_fact(each) for fact in of.get(record_id, ())) for each, of in facts.items()}
    found = read.model_copy(update=own)
    assert isinstance(found, record)
    return found


def whole(today: date) -> RegisterSnapshot:
    """Everything, as it stands now."""
    return snapshot_of(Moment(today))


def digest_of(snapshot: RegisterSnapshot) -> str:
    """SHA-256 (hex) over everything that figures of the snapshot depend on; equal snapshots have equal digests."""
    return digest_of_text(to_text(_plain(replace(snapshot, known_at=None))))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value
