"""Decisions about exceptions: on which terms they were taken, and where an exception stands by them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from buttress.core.verdicts import ApprovedException
from buttress.evidence.exceptions import ExceptionRecord
from buttress.orgs.content import content_of, digest_of


class Decision(StrEnum):
    APPROVED = "approved"
    REFUSED = "refused"
    REVOKED = "revoked"


_NOT_TERMS = ("approved_by", "attested_document", "revoked_on", "risk")
"""What is decided, and the risk that it concerns, which may get another reference."""


def terms_of(record: ExceptionRecord) -> str:
    """SHA-256 (hex) of what an approver agrees to; a decision holds for these terms only."""
    return digest_of(content_of(record, without=_NOT_TERMS))


def words_of(record: ExceptionRecord) -> str:
    """SHA-256 (hex) of a request with whom it is put to; the risk that it names may get another reference meanwhile."""
    return digest_of(content_of(record, without=("risk",)))


def is_revocation_undone(before: ExceptionRecord, after: ExceptionRecord) -> bool:
    """Whether an exception that ended would run on: its revocation was left out, or put off."""
    if before.revoked_on is None:
        return False
    return after.revoked_on is None or after.revoked_on > before.revoked_on


@dataclass(frozen=True, slots=True)
class ExceptionVerdict:
    """A decision about an exception: `by` is the reference of the person who took it, in their own session."""

    decision: Decision
    by: str
    effective_on: date
    reason: str
    by_sole_operator: bool
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class DecidedException:
    """An exception with the decisions on its terms, oldest first."""

    ref: str
    record: ExceptionRecord
    decisions: tuple[ExceptionVerdict, ...] = ()

    @property
    def approved_by(self) -> str | None:
        """Who approved it, in their own session or as a document attests; None while it is pending."""
        given = self._decision(Decision.APPROVED)
        if given is not None:
            return given.by
        return self.record.approved_by if self.is_attested else None

    @property
    def is_refused(self) -> bool:
        return self._decision(Decision.REFUSED) is not None

    @property
    def is_attested(self) -> bool:
        """True where only a document says that it was approved, and nobody decided otherwise since."""
        is_decided_here = self.is_refused or self._decision(Decision.APPROVED) is not None
        return self.record.attested_document is not None and not is_decided_here

    @property
    def revoked_on(self) -> date | None:
        """The first day that it does not cover any more, where it was revoked."""
        revoked = self._decision(Decision.REVOKED)
        days = [day for day in (self.record.revoked_on, revoked.effective_on if revoked else None) if day is not None]
        return min(days, default=None)

    def _decision(self, decision: Decision) -> ExceptionVerdict | None:
        return next((each for each in self.decisions if each.decision is decision), None)

    def to_exception(self) -> ApprovedException:
        """The exception as verdicts depend on it."""
        record = self.record
        return ApprovedException(
            self.ref,
            record.test,
            frozenset(record.keys),
            record.reason,
            record.starts_on,
            record.expires_on,
            record.requested_by,
            self.approved_by,
            record.risk,
            self.revoked_on,
        )
