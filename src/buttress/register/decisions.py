"""Decisions that wait for a person, and what is shown to them: the request, and the residual as it stands when they decide.

A stage records decisions but computes no figures. Here they are computed, and handed to its service as they were shown.
Request, figures and revision are read from one state of the database: a decision is about what was seen, or is refused.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils import timezone

from buttress.core.posture import posture
from buttress.evidence import services as evidence
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.kinds import EXCEPTIONS
from buttress.evidence.selectors import exceptions
from buttress.orgs.errors import InvalidError
from buttress.orgs.models import Head
from buttress.orgs.moments import Moment
from buttress.orgs.reading import records_of
from buttress.orgs.reads import permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.verification.steady_reading import steady_reading
from buttress.orgs.writing import Actor, Written
from buttress.register.database.snapshots import snapshot_of
from buttress.register.figures.inputs import currency_now, day_of, digest_of
from buttress.risks.agreement import in_force
from buttress.risks.authority import authority_of
from buttress.risks.decisions import Shown, request_digest
from buttress.risks.records.risk import AcceptanceFact
from buttress.risks.selectors import PendingAcceptance, appetites, pending_acceptances
from buttress.risks.services import acceptance as acceptances
from buttress.risks.services.acceptance import Named


class Awaited(StrEnum):
    """What waits to be decided."""

    ACCEPTANCE = "acceptance"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that nobody has decided. `by` is the person it is put to, None where any approver may decide.

    `text` is the title of the risk, or the test of the exception; `until` the last day on which it would hold.
    """

    awaited: Awaited
    ref: str
    text: str
    reason: str
    requested_by: str | None
    by: str | None
    since: date
    until: date


@permits(Operation.REGISTER_READ)
def waiting_decisions(viewer: Actor) -> tuple[Waiting, ...]:
    """Everything that waits and whose time has not run out: acceptances oldest first, then exceptions."""
    today = _today(viewer)
    asked = [
        Waiting(
            Awaited.ACCEPTANCE,
            each.ref,
            each.title,
            each.acceptance.reason,
            each.acceptance.requested_by,
            each.acceptance.accepted_by,
            each.acceptance.effective_on,
            each.acceptance.until,
        )
        for each in pending_acceptances(viewer, on=today)
    ]
    pending = [each for each in exceptions(viewer) if not each.decisions and not each.is_attested]
    asked += [
        Waiting(
            Awaited.EXCEPTION,
            each.ref,
            each.record.test,
            each.record.reason,
            each.record.requested_by,
            each.record.approved_by,
            each.record.starts_on,
            each.record.expires_on,
        )
        for each in pending
        if each.record.expires_on >= today and each.record.revoked_on is None
    ]
    return tuple(asked)


@dataclass(frozen=True, slots=True)
class AcceptanceAsked:
    """A request to bear a risk, and the residual as it stands now, in `currency`.

    `held_by` are the persons whom the appetite names as holders of the authority; none where whoever decides claims it.
    """

    named: Named
    title: str
    acceptance: AcceptanceFact
    shown: Shown
    currency: str
    held_by: tuple[str, ...] = ()


@permits(Operation.REGISTER_READ)
def acceptance_asked(viewer: Actor, *, ref: str, effective_on: date | None = None) -> AcceptanceAsked:
    """What is shown to who decides about the risk `ref`; `effective_on` tells several requests of one risk apart.

    Raises `InvalidError` where nothing waits, or several do and none is named.
    """
    with steady_reading():
        found = _one(pending_acceptances(viewer), ref, effective_on)
        today = _today(viewer)
        authority = authority_of(found.acceptance, in_force(appetites(viewer), today))
        with tenant(viewer.organisation_id):
            shown, currency = _shown(found, today), currency_now()
    named = Named(ref, found.acceptance.effective_on, found.acceptance.key)
    held_by = authority.held_by if authority else ()
    return AcceptanceAsked(named, found.title, found.acceptance, shown, currency, held_by)


def _shown(found: PendingAcceptance, today: date) -> Shown:
    """The residual of the day, computed, and what it rests on."""
    snapshot = snapshot_of(Moment(today), risks=[found.ref])
    (risk,) = posture(snapshot).risks
    rating, mean = (risk.residual.cell.rating, risk.residual.mean) if risk.residual else (None, None)
    revision = Head.objects.get().revision
    return Shown(rating, mean, digest_of(snapshot), revision, today, request_digest(found.acceptance))


def _one(pending: tuple[PendingAcceptance, ...], ref: str, effective_on: date | None) -> PendingAcceptance:
    of_risk = [each for each in pending if each.ref == ref and effective_on in (None, each.acceptance.effective_on)]
    if not of_risk:
        raise InvalidError(f"No acceptance of {ref} waits for a decision")
    if len(of_risk) > 1:
        days = ", ".join(str(each.acceptance.effective_on) for each in of_risk)
        raise InvalidError(f"{len(of_risk)} acceptances of {ref} wait, from {days}; name the day of one")
    return of_risk[0]


@permits(Operation.ACCEPTANCE_DECIDE)
def confirm_acceptance(actor: Actor, asked: AcceptanceAsked, *, reason: str = "") -> Written:
    """The acting member bears the risk as it was shown; raises as `risks.services.acceptance.confirm_acceptance`."""
    return acceptances.confirm_acceptance(actor, named=asked.named, shown=asked.shown, reason=reason)


@permits(Operation.ACCEPTANCE_DECIDE)
def refuse_acceptance(actor: Actor, asked: AcceptanceAsked, *, reason: str) -> Written:
    """The acting member will not bear the risk."""
    return acceptances.refuse_acceptance(actor, named=asked.named, shown=asked.shown, reason=reason)


@dataclass(frozen=True, slots=True)
class ExceptionAsked:
    """A request to cover deviations, as it stands now."""

    ref: str
    record: ExceptionRecord
    version: int


@permits(Operation.REGISTER_READ)
def exception_asked(viewer: Actor, *, ref: str) -> ExceptionAsked:
    """What is shown to who decides about an exception; raises `InvalidError` where it does not wait."""
    with steady_reading(), tenant(viewer.organisation_id):
        if not any(each.awaited is Awaited.EXCEPTION and each.ref == ref for each in waiting_decisions(viewer)):
            raise InvalidError(f"No exception {ref} waits for a decision")
        stored = records_of(EXCEPTIONS, None, [ref])[ref]
        record = stored.to_record(EXCEPTIONS)
        assert isinstance(record, ExceptionRecord)
        # Facts and decisions may raise the version beyond that of the content; the row's own is what a writer names.
        return ExceptionAsked(ref, record, EXCEPTIONS.model.objects.values_list("version", flat=True).get(ref=ref))


@permits(Operation.EXCEPTION_DECIDE)
def confirm_exception(actor: Actor, asked: ExceptionAsked, *, reason: str) -> Written:
    """The acting member agrees to the exception as it was shown."""
    return evidence.approve_exception(actor, ref=asked.ref, reason=reason, version=asked.version)


@permits(Operation.EXCEPTION_DECIDE)
def refuse_exception(actor: Actor, asked: ExceptionAsked, *, reason: str) -> Written:
    """The deviations stay uncovered."""
    return evidence.refuse_exception(actor, ref=asked.ref, reason=reason, version=asked.version)


def _today(viewer: Actor) -> date:
    with tenant(viewer.organisation_id):
        return day_of(timezone.now())
