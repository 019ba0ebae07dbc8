"""Every write about acceptances: asked for by one person, decided by another, ended for good by a lapse.

Figures are no business of this stage: who calls computes the residual in the same write and hands it in as `Shown`.
"""

import uuid
from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile

from buttress.formats.problems import shown as quoted
from buttress.orgs import recording
from buttress.orgs.content import content_of, from_text, to_text
from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError, RecordsError, Version
from buttress.orgs.recorders import recorder_of
from buttress.orgs.recording import LAST, Standing
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.agreement import SOMEBODY_ELSE, ceiling_complaints, decider_complaints, holder_complaints
from buttress.risks.authority import is_claimed, refuse_beyond
from buttress.risks.decisions import AcceptanceStanding, DecisionKind, Shown, request_digest
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
    document that attests it, a last day that has passed, a ceiling or authority that the methodology does not have, or an
    approver who does not hold that authority.
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
        *holder_complaints(request, found.appetite_on(day)),
        *decider_complaints(request, is_sole_operator=found.is_sole_operator),
    ]
    refuse(complaints, _NOUN, ref)
    written = recording.state(write, ACCEPTANCES, ref, request, standing)
    refuse_incoherent(write, ref)
    return written


@writes(Operation.ACCEPTANCE_DECIDE)
def confirm_acceptance(write: Write, *, named: Named, shown: Shown, reason: str = "") -> Written:
    """The acting member, whom the request names, bears the risk from now on up to the ceiling.

    Raises `ForbiddenError` where the member is somebody else, asked for it or recorded the request themselves, or acts
    beyond the authority stated; `InvalidError` where it was decided or has ended, or the residual is not within the
    ceiling; `ConflictError` where the request was changed since it was shown; `OutdatedError` where `shown` was computed
    before the register last changed, or on another day.
    """
    row, fact = _undecided(write, named)
    _refuse_other_person(write, fact)
    _refuse_changed(row, fact, named, shown)
    people = _refuse_own_request(write, row, named)
    today = today_in(write)
    if fact.until < today:
        raise InvalidError(f"The time of the {named} ended on {fact.until}; ask for a new one")
    _refuse_outdated(write, shown, today)
    found = methodology_in(write)
    refuse_beyond(f"the {named}", fact, shown, found.scale_on(today), found.appetite_on(today))
    claimed = is_claimed(fact, found.appetite_on(today))
    return _decide(
        write, row, named.ref, _Decision(DecisionKind.CONFIRMED, reason, shown, people, is_authority_claimed=claimed)
    )


@writes(Operation.ACCEPTANCE_DECIDE)
def refuse_acceptance(write: Write, *, named: Named, reason: str, shown: Shown) -> Written:
    """The member whom the request names will not bear the risk, and says why.

    Raises `ConflictError` where the request was changed since it was shown. A residual that moved since changes nothing of
    a refusal.
    """
    row, fact = _undecided(write, named)
    _refuse_other_person(write, fact)
    _refuse_changed(row, fact, named, shown)
    return _decide(write, row, named.ref, _Decision(DecisionKind.REFUSED, reason, shown, _People(row.requested_by_id)))


@writes(Operation.ACCEPTANCE_REQUEST)
def withdraw_acceptance(write: Write, *, named: Named, reason: str) -> Written:
    """The request is taken back, or an acceptance needed no longer; it stays on record and is never revived."""
    row, _ = _standing(write, named)
    return _decide(write, row, named.ref, _Decision(DecisionKind.WITHDRAWN, reason, None, _People(row.requested_by_id)))


@writes(Operation.ACCEPTANCE_DECIDE)
def revoke_acceptance(write: Write, *, named: Named, reason: str) -> Written:
    """The person who accepted the risk bears it no longer; recorded as withdrawn."""
    row, fact = _standing(write, named)
    _refuse_other_person(write, fact)
    return _decide(write, row, named.ref, _Decision(DecisionKind.WITHDRAWN, reason, None, _People(row.requested_by_id)))


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
    return _decide(write, row, named.ref, _Decision(DecisionKind.LAPSED, reason, shown, _People(row.requested_by_id)))


def _standing(write: Write, named: Named) -> tuple[Acceptance, AcceptanceFact]:
    """The acceptance as it stands; raises where it has ended or was withdrawn from the record."""
    stored = standing_fact(write, ACCEPTANCES, named.ref, named.identity)
    row = Acceptance.objects.get(id=stored.id)
    ended = _decided(row)
    if stored.retracted is not None or ended.ended is not None:
        word = ended.ended or DecisionKind.WITHDRAWN
        why = ended.lapse_reason or stored.retracted
        raise InvalidError(f"The {named} is {word}: {why}. Ask for a new one, with a key of its own")
    return row, _fact_of(row)


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


def _refuse_changed(row: Acceptance, fact: AcceptanceFact, named: Named, shown: Shown) -> None:
    """Raises `ConflictError` with both versions where the request does not say any more what was shown."""
    if shown.request_digest == request_digest(fact):
        return
    stated = [_fact_of(each) for each in _rows_of(row)]
    seen = [number for number, each in enumerate(stated, 1) if request_digest(each) == shown.request_digest]
    before = Version(seen[-1], from_text(content_of(stated[seen[-1] - 1]))) if seen else Version(0, {})
    raise ConflictError(ACCEPTANCES.noun, f"of {named.ref}", before, Version(len(stated), from_text(row.content)))


def _refuse_own_request(write: Write, row: Acceptance, named: Named) -> "_People":
    """Who asked and who recorded the request; raises where either is the acting person, and somebody else could decide."""
    recorder = _recorder(write, row)
    requester = row.requested_by_id or recorder
    if requester is None or recorder is None:
        raise InvalidError(f"Nobody asked for the {named}; ask for it anew, so that somebody else can decide")
    if write.person_id in (requester, recorder) and not declared_sole_operator():
        did = "asked for" if requester == write.person_id else "recorded the request for"
        raise ForbiddenError(f"You {did} the {named} yourself. {SOMEBODY_ELSE}")
    return _People(requester, recorder)


def _refuse_outdated(write: Write, shown: Shown, today: date) -> None:
    if shown.revision != write.head.revision:
        raise OutdatedError(
            f"The residual was computed at revision {shown.revision}, and the register stands at"
            f" {write.head.revision}; look at it again and decide then"
        )
    if shown.as_of != today:
        raise OutdatedError(
            f"The residual was computed for {shown.as_of}, and today is {today} where the organisation is; look at it"
            " again and decide then"
        )


def _refuse_other_person(write: Write, fact: AcceptanceFact) -> None:
    if write.person_ref != fact.accepted_by:
        raise ForbiddenError(f"Only {fact.accepted_by} decides this acceptance, in their own session; ask them")


def _recorder(write: Write, row: Acceptance) -> uuid.UUID | None:
    """The person of the member who gave the request the words that it has, whoever it names: not who only moved it."""
    same = takewhile(lambda each: each.content == row.content, reversed(_rows_of(row)))
    *_, first = same
    return recorder_of(write, RISKS, row.record_id, first.change)


def _rows_of(row: Acceptance) -> list[Acceptance]:
    """What was stated under the identity of an acceptance, oldest first."""
    return list(Acceptance.objects.filter(record_id=row.record_id, identity=row.identity).order_by("change"))


def _fact_of(row: Acceptance) -> AcceptanceFact:
    return AcceptanceFact.model_validate(from_text(row.content))


@dataclass(frozen=True, slots=True)
class _People:
    """Persons: who asked, and who recorded what they asked."""

    requester: uuid.UUID | None = None
    recorder: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class _Decision:
    kind: DecisionKind
    reason: str
    shown: Shown | None
    people: _People = field(default_factory=_People)
    is_authority_claimed: bool = False


def _decide(write: Write, row: Acceptance, ref: str, decision: _Decision) -> Written:
    """Records the decision with its seal and the audit entry of its risk. A lapse is nobody's."""
    if decision.kind is not DecisionKind.CONFIRMED and not decision.reason.strip():
        raise InvalidError(f"An acceptance is {decision.kind} for a reason; give one")
    is_of_system = decision.kind is DecisionKind.LAPSED
    fact = _fact_of(row)
    written = AcceptanceDecision(
        acceptance_id=row.id,
        kind=decision.kind.value,
        decided_by_id=None if is_of_system else write.actor.member_id,
        decided_by_person_id=None if is_of_system else write.person_id,
        requested_by_id=decision.people.requester,
        recorded_by_id=decision.people.recorder,
        by_sole_operator=declared_sole_operator(),
        is_authority_claimed=decision.is_authority_claimed,
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
        "is_authority_claimed": written.is_authority_claimed,
        "shown": written.shown,
    }
    draft.say(place, to_text(said))
    write.insert(written, draft)
    version = Risk.objects.values_list("version", flat=True).get(id=row.record_id)
    return Written(RISKS.name, ref, version, write.change)
