"""Writes about exceptions: one asks, another decides."""

import uuid
from datetime import date
from itertools import takewhile

from buttress.evidence.control_owners import the_test
from buttress.evidence.decisions import Decision, is_revocation_undone, terms_of, words_of
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.kinds import EXCEPTIONS
from buttress.evidence.models.exceptions import ExceptionDecision, ExceptionRequest
from buttress.orgs import recording
from buttress.orgs.content import from_text
from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError, Version
from buttress.orgs.models import Profile, RecordVersion
from buttress.orgs.reading import zone_of_organisation
from buttress.orgs.recorders import recorder_of
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes


@writes(Operation.EXCEPTION_REQUEST)
def request_exception(write: Write, *, ref: str, exception: ExceptionRecord) -> Written:
    """Asks, in the member's own name, that deviations be covered; it waits until somebody else decides."""
    if write.resolve("persons", exception.requested_by) != write.person_id:
        raise ForbiddenError(f"Nobody asks in the name of {exception.requested_by}; ask in your own")
    if exception.attested_document is not None or exception.revoked_on is not None:
        raise InvalidError("What was decided elsewhere comes with a register folder; leave it out of a request")
    the_test(write, exception.test)
    return recording.add(write, EXCEPTIONS, ref, exception)


@writes(Operation.EXCEPTION_DECIDE)
def approve_exception(write: Write, *, ref: str, reason: str, version: int) -> Written:
    """The member, who is the approver that the exception names if it names one, agrees to its terms from today.

    Raises `ForbiddenError` for anybody else, and for who asked or recorded the request unless the organisation is a sole
    operator; `ConflictError` where it was changed since it was seen.
    """
    row, record = _pending(write, ref, version)
    if write.person_id in (row.requested_by_id, _recorder(write, row, record)) and not _is_sole_operator():
        did = "asked for" if row.requested_by_id == write.person_id else "recorded the request for"
        raise ForbiddenError(f"You {did} {ref} yourself; somebody else decides")
    return _decide(write, row, record, Decision.APPROVED, reason, None)


@writes(Operation.EXCEPTION_DECIDE)
def refuse_exception(write: Write, *, ref: str, reason: str, version: int) -> Written:
    """The deviations stay uncovered; a new need is a new request."""
    row, record = _pending(write, ref, version)
    return _decide(write, row, record, Decision.REFUSED, reason, None)


@writes(Operation.EXCEPTION_DECIDE)
def revoke_exception(write: Write, *, ref: str, reason: str, version: int, effective_on: date | None = None) -> Written:
    """The exception covers nothing from `effective_on` on: today, or a later day."""
    row, record = _seen(write, ref, version)
    decided = _decisions(row, record)
    is_attested = record.attested_document is not None and Decision.REFUSED not in decided
    if Decision.REVOKED in decided or not (Decision.APPROVED in decided or is_attested):
        raise InvalidError(f"{ref} is not in force; only what was approved can be revoked")
    if effective_on is not None and effective_on < _today(write):
        raise InvalidError(f"{ref} cannot be revoked from {effective_on}, which is past; name today or a later day")
    return _decide(write, row, record, Decision.REVOKED, reason, effective_on)


def refuse_undone_revocation(ref: str, before: ExceptionRecord, after: ExceptionRecord) -> None:
    """Raises `InvalidError` where an exception that was revoked would cover again, or longer."""
    if is_revocation_undone(before, after):
        raise InvalidError(
            f"{ref} was revoked from {before.revoked_on}, which stands; leave revoked_on as it is, or earlier: a new need"
            " is a new exception"
        )


def _recorder(write: Write, row: ExceptionRequest, record: ExceptionRecord) -> uuid.UUID:
    """The person of the member who gave the request the words that it has, whoever it names: not who renamed its risk."""
    words = words_of(record)
    versions = RecordVersion.objects.filter(record_id=row.id).order_by("-change").values_list("change", "content")
    *_, (change, _) = takewhile(lambda each: words_of(ExceptionRecord.model_validate_json(each[1])) == words, versions)
    recorder = recorder_of(write, EXCEPTIONS, row.id, change)
    if recorder is None:
        raise InvalidError(f"Nobody is known to have recorded {row.ref}; ask for it anew")
    return recorder


def _is_sole_operator() -> bool:
    return bool(Profile.objects.values_list("sole_operator", flat=True)[0])


def _seen(write: Write, ref: str, version: int) -> tuple[ExceptionRequest, ExceptionRecord]:
    """The exception as the member saw it; raises `ConflictError` where it was changed since."""
    row = recording.stored(write, EXCEPTIONS, ref)
    assert isinstance(row, ExceptionRequest)
    content = recording.latest_content(write, row.id)
    if row.version != version:
        seen = RecordVersion.objects.filter(record_id=row.id, version__lte=version).order_by("-version").first()
        before = Version(version, from_text(seen.content) if seen else {})
        raise ConflictError(EXCEPTIONS.noun, ref, before, Version(row.version, from_text(content)))
    return row, ExceptionRecord.model_validate_json(content)


def _pending(write: Write, ref: str, version: int) -> tuple[ExceptionRequest, ExceptionRecord]:
    row, record = _seen(write, ref, version)
    if decided := _decisions(row, record):
        raise InvalidError(f"{ref} was {', '.join(sorted(decided))} already; a new need is a new request")
    if row.approved_by_id is not None and row.approved_by_id != write.person_id:
        raise ForbiddenError(f"{ref} names {record.approved_by} as its approver; nobody else decides")
    return row, record


def _decisions(row: ExceptionRequest, record: ExceptionRecord) -> set[Decision]:
    taken = ExceptionDecision.objects.filter(exception=row, terms_sha256=terms_of(record))
    return {Decision(decision) for decision in taken.values_list("decision", flat=True)}


def _decide(
    write: Write,
    row: ExceptionRequest,
    record: ExceptionRecord,
    decision: Decision,
    reason: str,
    effective_on: date | None,
) -> Written:
    if write.actor.member_id is None or write.person_id is None:
        raise ForbiddenError("A person decides about an exception, never the system")
    if not reason.strip():
        raise InvalidError(f"A decision about {row.ref} says why; give a reason")
    recorder = _recorder(write, row, record)
    is_own = write.person_id in (row.requested_by_id, recorder)
    taken = ExceptionDecision(
        exception_id=row.id,
        decision=decision.value,
        decided_by_id=write.actor.member_id,
        decider_id=write.person_id,
        requester_id=row.requested_by_id,
        recorder_id=recorder,
        by_sole_operator=decision is Decision.APPROVED and is_own,
        effective_on=effective_on or _today(write),
        reason=reason,
        terms_sha256=terms_of(record),
        change=write.change,
        recorded_at=write.recorded_at,
    )
    draft = write.draft(EXCEPTIONS.name, row.id, row.ref)
    draft.say("decision", decision.value)
    # Where the actor gave a reason for all of the write, it stands as such, and that of the decision beside it.
    draft.say("decision_reason" if write.actor.reason else "reason", reason)
    write.insert(taken, draft)
    return Written(EXCEPTIONS.name, row.ref, row.version, write.change)


def _today(write: Write) -> date:
    """The day of the write where the organisation is."""
    return write.recorded_at.astimezone(zone_of_organisation()).date()
