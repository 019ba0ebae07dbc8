"""Every read about risks, their facts and decisions, threats, rounds, incidents, and the methodology."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef

from buttress.formats.models import StrictModel
from buttress.orgs.content import from_text
from buttress.orgs.errors import NotFoundError
from buttress.orgs.kinds import FactKind, RecordKind, fact_kinds
from buttress.orgs.models import Fact
from buttress.orgs.moments import Moment
from buttress.orgs.reading import StoredFact, StoredRecord, facts_of, records_of
from buttress.orgs.reads import reads
from buttress.orgs.roles import Operation
from buttress.risks.decisions import AcceptanceStanding, DecisionKind
from buttress.risks.kinds import ACCEPTANCES, APPETITE, INCIDENTS, RISKS, ROUNDS, SCALES, THREATS
from buttress.risks.models import Acceptance, AcceptanceDecision, Assessment, AssessmentControl, Effect
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.risk import AcceptanceFact, RiskRecord
from buttress.risks.records.scales import ScaleFact
from buttress.risks.standings import standing_of

M = TypeVar("M", bound=StrictModel)

_FEW = 1000
"""Up to so many risks are named in a statement; of more all are read."""

AcceptanceName = tuple[str, date, str | None]
"""Reference of the risk, day and key of the acceptance."""


@reads(Operation.REGISTER_READ)
def risks(*, moment: Moment | None = None) -> Mapping[str, StoredRecord]:
    """Every risk by reference, without facts."""
    return records_of(RISKS, moment)


@reads(Operation.REGISTER_READ)
def threats(*, moment: Moment | None = None) -> Mapping[str, StoredRecord]:
    return records_of(THREATS, moment)


@reads(Operation.REGISTER_READ)
def rounds(*, moment: Moment | None = None) -> Mapping[str, StoredRecord]:
    return records_of(ROUNDS, moment)


@reads(Operation.REGISTER_READ)
def incidents(*, moment: Moment | None = None) -> Mapping[str, StoredRecord]:
    return records_of(INCIDENTS, moment)


@reads(Operation.REGISTER_READ)
def threat(ref: str, *, moment: Moment | None = None) -> StoredRecord:
    """The threat; raises `NotFoundError`."""
    return _one(THREATS, ref, moment)


@reads(Operation.REGISTER_READ)
def assessment_round(ref: str, *, moment: Moment | None = None) -> StoredRecord:
    """The round; raises `NotFoundError`."""
    return _one(ROUNDS, ref, moment)


@reads(Operation.REGISTER_READ)
def incident(ref: str, *, moment: Moment | None = None) -> StoredRecord:
    """The incident; raises `NotFoundError`."""
    return _one(INCIDENTS, ref, moment)


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision about an acceptance. `decided_by` is the member's reference, None for the system; `shown` is what stood
    before them, as JSON values; `is_authority_claimed` marks a confirmation whose authority nobody is named to hold."""

    acceptance: AcceptanceName
    kind: DecisionKind
    decided_by: str | None
    by_sole_operator: bool
    is_authority_claimed: bool
    effective_on: date
    reason: str
    shown: Mapping[str, Any] | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class RiskDetail:
    """A risk with everything known of it at the moment: `risk` holds its facts effective by then, retracted ones with their
    reason; `facts` the same by field, as they were recorded."""

    stored: StoredRecord
    risk: RiskRecord
    facts: Mapping[str, tuple[StoredFact, ...]]
    decisions: tuple[DecisionLine, ...]


@reads(Operation.REGISTER_READ)
def risk(ref: str, *, moment: Moment | None = None) -> RiskDetail:
    """The risk with its facts and decisions; raises `NotFoundError`."""
    stored = _one(RISKS, ref, moment)
    facts = {
        kind.field: tuple(f for f in facts_of(kind, moment, [stored.id]).get(stored.id, ()) if _is_by(moment, f))
        for kind in fact_kinds(RISKS.name)
    }
    # Each fact is valid by itself; together they were judged when they were written, and not for this day.
    record = RiskRecord.model_validate(from_text(stored.content)).model_copy(
        update={kind.field: tuple(fact.to_fact(kind) for fact in facts[kind.field]) for kind in fact_kinds(RISKS.name)}
    )
    decisions = _decisions(moment).filter(acceptance__record_id=stored.id)
    return RiskDetail(stored, record, facts, tuple(_line(decision) for decision in decisions))


@reads(Operation.REGISTER_READ)
def scales(*, moment: Moment | None = None) -> tuple[ScaleFact, ...]:
    """Every scale version effective by the moment, oldest first."""
    return _of_organisation(SCALES, ScaleFact, moment)


@reads(Operation.REGISTER_READ)
def appetites(*, moment: Moment | None = None) -> tuple[AppetiteFact, ...]:
    """Every appetite effective by the moment and not retracted, oldest first."""
    return tuple(fact for fact in _of_organisation(APPETITE, AppetiteFact, moment) if fact.retracted is None)


@reads(Operation.REGISTER_READ)
def acceptance_decisions(*, moment: Moment | None = None) -> tuple[DecisionLine, ...]:
    """Every decision about an acceptance by the moment, oldest first."""
    return tuple(_line(decision) for decision in _decisions(moment))


@reads(Operation.REGISTER_READ)
def acceptance_standings(*, moment: Moment | None = None) -> Mapping[AcceptanceName, AcceptanceStanding]:
    """How each acceptance that stands was decided by the moment; those without any decision are left out."""
    return standings_at(moment)


def standings_at(
    moment: Moment | None = None, refs: Collection[str] | None = None
) -> dict[AcceptanceName, AcceptanceStanding]:
    """As `acceptance_standings`, for the organisation in context; with `refs` of these risks, as they are called now."""
    rows = _decisions(moment)
    if refs is not None and len(refs) <= _FEW:
        rows = rows.filter(acceptance__record__ref__in=list(refs))
    decided: dict[tuple[Any, str], list[AcceptanceDecision]] = {}
    called: dict[Any, str] = {}
    for decision in rows:
        row = decision.acceptance
        called[row.record_id] = row.record.ref
        decided.setdefault((row.record_id, row.identity), []).append(decision)
    found = {}
    for record_id, facts in facts_of(ACCEPTANCES, moment, {record_id for record_id, _ in decided}).items():
        for fact in facts:
            if decisions := decided.get((record_id, fact.identity)):
                found[_name(called[record_id], fact.content)] = standing_of(fact.id, decisions)
    return found


@dataclass(frozen=True, slots=True)
class PendingAcceptance:
    """A request that awaits its approver."""

    ref: str
    title: str
    acceptance: AcceptanceFact
    recorded_at: datetime


@reads(Operation.REGISTER_READ)
def pending_acceptances(*, approver: str | None = None, on: date | None = None) -> tuple[PendingAcceptance, ...]:
    """Requests that stand now and nobody has decided, oldest first; those put to the person `approver`, and those whose
    time has not run out by the day `on`, where given."""
    rows = Acceptance.objects.filter(_is_latest(Acceptance), retracted=None, attested_document=None)
    rows = rows.filter(record__removed_in=None)
    if approver is not None:
        rows = rows.filter(accepted_by__ref=approver)
    if on is not None:
        rows = rows.filter(until__gte=on)
    decided = AcceptanceDecision.objects.filter(
        acceptance__record=OuterRef("record"), acceptance__identity=OuterRef("identity")
    )
    ended = Exists(decided.exclude(kind=DecisionKind.CONFIRMED.value))
    confirmed = Exists(AcceptanceDecision.objects.filter(acceptance=OuterRef("id"), kind=DecisionKind.CONFIRMED.value))
    found = rows.filter(~ended, ~confirmed).order_by("change", "position")
    return tuple(
        PendingAcceptance(ref, title, AcceptanceFact.model_validate(from_text(content)), recorded_at)
        for ref, title, content, recorded_at in found.values_list(
            "record__ref", "record__title", "content", "recorded_at"
        )
    )


def risks_of_controls(refs: Collection[str]) -> set[str]:
    """Risks of the organisation in context that a control of `refs` acts on, or whose assessments stand on it: by facts
    that stand, of whatever day, so that figures of every day are covered. Two indexed queries."""
    effects = Effect.objects.filter(_is_latest(Effect), control__in=refs, retracted=None)
    pinned = AssessmentControl.objects.filter(target__in=refs).values("record_id")
    assessments = Assessment.objects.filter(_is_latest(Assessment), id__in=pinned, retracted=None)
    return {
        ref
        for rows in (effects, assessments)
        for ref in rows.filter(record__removed_in=None).values_list("record__ref", flat=True).distinct()
    }


def _one(kind: RecordKind, ref: str, moment: Moment | None) -> StoredRecord:
    found = records_of(kind, moment, [ref])
    if not found:
        raise NotFoundError(kind.noun, ref)
    return next(iter(found.values()))


def _is_by(moment: Moment | None, fact: StoredFact) -> bool:
    return moment is None or fact.effective_on is None or fact.effective_on <= moment.as_of


def _of_organisation(kind: FactKind, record: type[M], moment: Moment | None) -> tuple[M, ...]:
    stored: Iterable[StoredFact] = (fact for facts in facts_of(kind, moment).values() for fact in facts)
    found = (fact.to_fact(kind) for fact in stored if _is_by(moment, fact))
    return tuple(fact for fact in found if isinstance(fact, record))


def _is_latest(model: type[Fact]) -> Any:
    """No later row has the identity: the statement stands."""
    later = model.objects.filter(
        record=OuterRef("record"), identity=OuterRef("identity"), change__gt=OuterRef("change")
    )
    return ~Exists(later)


def _decisions(moment: Moment | None) -> Any:
    rows = AcceptanceDecision.objects.select_related("acceptance__record", "decided_by").order_by("change", "id")
    if moment is not None:
        rows = rows.filter(effective_on__lte=moment.as_of)
        if moment.known_at is not None:
            rows = rows.filter(recorded_at__lte=moment.known_at)
    return rows


def _line(decision: AcceptanceDecision) -> DecisionLine:
    acceptance = decision.acceptance
    return DecisionLine(
        _name(acceptance.record.ref, acceptance.content),
        DecisionKind(decision.kind),
        decision.decided_by.ref if decision.decided_by else None,
        decision.by_sole_operator,
        decision.is_authority_claimed,
        decision.effective_on,
        decision.reason,
        from_text(decision.shown) if decision.shown else None,
        decision.recorded_at,
    )


def _name(ref: str, content: str) -> AcceptanceName:
    said = from_text(content)
    return ref, date.fromisoformat(said["effective_on"]), said.get("key")
