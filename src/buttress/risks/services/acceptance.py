"""Every write about acceptances: asked for by one person, decided by another, ended for good by a lapse.

Figures are no business of this stage: who calls computes the residual in the same write and hands it in as `Shown`.
"""

import uuid
from dataclasses import dataclass
from datetime import date

from buttress.formats.problems import shown as quoted
from buttress.orgs import recording
from buttress.orgs.content import from_text, to_text
from buttress.orgs.errors import ForbiddenError, InvalidError, RecordsError
from buttress.orgs.models import AuditEntry, Member
from buttress.orgs.recording import LAST, Standing
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.agreement import SOMEBODY_ELSE, ceiling_complaints, decider_complaints
from buttress.risks.authority import refuse_beyond
from buttress.risks.decisions import AcceptanceStanding, DecisionKind, Shown
from buttress.risks.kinds import ACCEPTANCES, RISKS
from buttress.risks.models import Acceptance, AcceptanceDecision, Risk
from buttress.risks.models.acceptance import declared_sole_operator
from buttress.risks.records.risk import AcceptanceFact, RiskRecord
from buttress.risks.services.validity import (
    current,
    methodology_in,
    refuse,
    refuse_incoherent,
    refuse_unknown,
    standing_fact,
    today_in,
)
from buttress.risks.standings import standing_of

_NOUN = f"{ACCEPTANCES.noun} of"


class OutdatedError(RecordsError):
    """What was shown to who decides was computed of inputs that have changed since."""

    code = "outdated"
    status = 409


@dataclass(frozen=True, slots=True)
class Named:
    """Which acceptance is meant: the risk, the day from which it holds, and its key."""

    ref: str
    effective_on: date
    key: str | None = None

    @property
    def identity(self) -> str:
        return to_text([self.effective_on, self.key])

    def __str__(self) -> str:
        return f"acceptance of {self.ref} from {self.effective_on}" + (f", {self.key}" if self.key else "")


@writes(Operation.ACCEPTANCE_REQUEST)
def request_acceptance(write: Write, *, ref: str, acceptance: AcceptanceFact, standing: Standing = LAST) -> Written:
    """Asks the person `accepted_by` to bear the risk; it counts for nothing until they confirm it.

    The requester is the acting member. Raises `InvalidError` where the request names somebody else as requester, a
    document that attests it, a last day that has passed, or a ceiling or authority that the methodology does not have.
    """
    current(write, RISKS, ref, RiskRecord)
    if acceptance.attested_document is not None:
        raise InvalidError(
            f"A request is decided here, not attested by {quoted(acceptance.attested_document)}; leave the document out"
        )
    if acceptance.requested_by not in (None, write.person_ref):
        raise InvalidError(f"You ask for this as {write.person_ref}, not as {acceptance.requested_by}; leave it out")
    if acceptance.until < today_in(write):
        raise InvalidError(f"The acceptance of {ref} would have ended on {acceptance.until}; give a day to come")
    request = acceptance.model_copy(update={"requested_by": write.person_ref})
    refuse_unknown(write, request, _NOUN, ref)
    found, day = methodology_in(write), request.effective_on
    complaints = [
        *ceiling_complaints(request, found.scale_on(day), found.appetite_on(day)),
        *decider_complaints(request, is_sole_operator=found.is_sole_operator),
    ]
    refuse(complaints, _NOUN, ref)
    written = recording.state(write, ACCEPTANCES, ref, request, standing)
    refuse_incoherent(write, ref)
    return written


@writes(Operation.ACCEPTANCE_DECIDE)
def confirm_acceptance(write: Write, *, named: Named, shown: Shown, reason: str = "") -> Written:
    """The acting member, whom the request names, bears the risk from now on up to the ceiling.

    Raises `ForbiddenError` where the member is somebody else, asked for it themselves, or acts beyond the authority
    stated; `InvalidError` where it was decided or has ended, or the residual is not within the ceiling; `OutdatedError`
    where `shown` was computed before the register last changed.
    """
    row, fact = _undecided(write, named)
    _refuse_other_person(write, fact)
    requester = row.requested_by_id or _recorder(write, row)
    is_sole_operator = declared_sole_operator()
    if requester is None:
        raise InvalidError(f"Nobody asked for the {named}; ask for it anew, so that somebody else can decide")
    if requester == write.person_id and not is_sole_operator:
        raise ForbiddenError(f"You asked for the {named} yourself. {SOMEBODY_ELSE}")
    if fact.until < today_in(write):
        raise InvalidError(f"The time of the {named} ended on {fact.until}; ask for a new one")
    if shown.revision != write.head.revision:
        raise OutdatedError(
            f"The residual was computed at revision {shown.revision}, and the register stands at"
            f" {write.head.revision}; look at it again and decide then"
        )
    found = methodology_in(write)
    refuse_beyond(f"the {named}", fact, shown, found.scale_on(today_in(write)), found.appetite_on(today_in(write)))
    return _decide(write, row, named.ref, _Decision(DecisionKind.CONFIRMED, reason, shown, requester))


@writes(Operation.ACCEPTANCE_DECIDE)
def refuse_acceptance(write: Write, *, named: Named, reason: str, shown: Shown | None = None) -> Written:
    """The member whom the request names will not bear the risk, and says why."""
    row, fact = _undecided(write, named)
    _refuse_other_person(write, fact)
    return _decide(write, row, named.ref, _Decision(DecisionKind.REFUSED, reason, shown, row.requested_by_id))


@writes(Operation.ACCEPTANCE_REQUEST)
def withdraw_acceptance(write: Write, *, named: Named, reason: str) -> Written:
    """The request is taken back, or an acceptance needed no longer; it stays on record and is never revived."""
    row, _ = _standing(write, named)
    return _decide(write, row, named.ref, _Decision(DecisionKind.WITHDRAWN, reason, None, row.requested_by_id))


@writes(Operation.ACCEPTANCE_DECIDE)
def revoke_acceptance(write: Write, *, named: Named, reason: str) -> Written:
    """The person who accepted the risk bears it no longer; recorded as withdrawn."""
    row, fact = _standing(write, named)
    _refuse_other_person(write, fact)
    return _decide(write, row, named.ref, _Decision(DecisionKind.WITHDRAWN, reason, None, row.requested_by_id))


@writes(Operation.ACCEPTANCE_LAPSE)
def record_lapse(write: Write, *, named: Named, reason: str, shown: Shown | None = None) -> Written:
    """The acceptance has ended by itself, which the system records; raises as `lapse`."""
    return lapse(write, named, reason, shown)


def lapse(write: Write, named: Named, reason: str, shown: Shown | None = None) -> Written:
    """Within a write of whomever, as what follows from it: the acceptance has ended, for good, by nobody's decision.

    Raises `InvalidError` where it was never in force, or has ended already.
    """
    row, fact = _standing(write, named)
    if fact.attested_document is None and not _decided(row).is_confirmed:
        raise InvalidError(f"The {named} was never confirmed, so it cannot lapse")
    return _decide(write, row, named.ref, _Decision(DecisionKind.LAPSED, reason, shown, row.requested_by_id))


def _standing(write: Write, named: Named) -> tuple[Acceptance, AcceptanceFact]:
    """The acceptance as it stands; raises where it has ended or was withdrawn from the record."""
    stored = standing_fact(write, ACCEPTANCES, named.ref, named.identity)
    row = Acceptance.objects.get(id=stored.id)
    ended = _decided(row)
    if stored.retracted is not None or ended.ended is not None:
        word = ended.ended or DecisionKind.WITHDRAWN
        why = ended.lapse_reason or stored.retracted
        raise InvalidError(f"The {named} is {word}: {why}. Ask for a new one, with a key of its own")
    fact = ACCEPTANCES.record.model_validate(from_text(stored.content))
    assert isinstance(fact, AcceptanceFact)
    return row, fact


def _undecided(write: Write, named: Named) -> tuple[Acceptance, AcceptanceFact]:
    row, fact = _standing(write, named)
    if _decided(row).is_confirmed:
        raise InvalidError(f"The {named} is confirmed already; withdraw it, or ask for a new one")
    return row, fact


def _decided(row: Acceptance) -> AcceptanceStanding:
    decisions = AcceptanceDecision.objects.filter(
        acceptance__record_id=row.record_id, acceptance__identity=row.identity
    )
    return standing_of(row.id, decisions.order_by("change"))


def _refuse_other_person(write: Write, fact: AcceptanceFact) -> None:
    if write.person_ref != fact.accepted_by:
        raise ForbiddenError(f"Only {fact.accepted_by} decides this acceptance, in their own session; ask them")


def _recorder(write: Write, row: Acceptance) -> uuid.UUID | None:
    """The person of the member who brought the acceptance in, where it names no requester."""
    if row.change == write.change:
        return write.person_id
    entries = AuditEntry.objects.filter(subject_kind=RISKS.name, subject_id=row.record_id, change=row.change)
    member_id = entries.values_list("member_id", flat=True).first()
    return Member.objects.filter(id=member_id).values_list("person_id", flat=True).first()


@dataclass(frozen=True, slots=True)
class _Decision:
    kind: DecisionKind
    reason: str
    shown: Shown | None
    requester: uuid.UUID | None


def _decide(write: Write, row: Acceptance, ref: str, decision: _Decision) -> Written:
    """Records the decision with its seal and the audit entry of its risk. A lapse is nobody's."""
    if decision.kind is not DecisionKind.CONFIRMED and not decision.reason.strip():
        raise InvalidError(f"An acceptance is {decision.kind} for a reason; give one")
    is_of_system = decision.kind is DecisionKind.LAPSED
    fact = AcceptanceFact.model_validate(from_text(row.content))
    written = AcceptanceDecision(
        acceptance_id=row.id,
        kind=decision.kind.value,
        decided_by_id=None if is_of_system else write.actor.member_id,
        decided_by_person_id=None if is_of_system else write.person_id,
        requested_by_id=decision.requester,
        by_sole_operator=declared_sole_operator(),
        effective_on=today_in(write),
        reason=decision.reason,
        shown=None if decision.shown is None else decision.shown.as_text(fact.ceiling),
        change=write.change,
        recorded_at=write.recorded_at,
    )
    draft = write.draft(RISKS.name, row.record_id, ref)
    place = f"decisions.{sum(name.startswith('decisions.') for name in draft.values)}"
    said = {
        "acceptance": [fact.effective_on, fact.key],
        "kind": decision.kind,
        "reason": decision.reason,
        "by_sole_operator": written.by_sole_operator,
        "shown": written.shown,
    }
    draft.say(place, to_text(said))
    write.insert(written, draft)
    version = Risk.objects.values_list("version", flat=True).get(id=row.record_id)
    return Written(RISKS.name, ref, version, write.change)
