"""Every write about assessments of risks."""

from datetime import date

from buttress.orgs import recording
from buttress.orgs.errors import InvalidError
from buttress.orgs.recording import LAST, Standing
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.kinds import ASSESSMENTS, RISKS
from buttress.risks.records.risk import AssessmentFact, Method, RiskRecord
from buttress.risks.services import facts
from buttress.risks.services.methodology import assessment_complaints
from buttress.risks.services.validity import current, methodology_in, refuse, refuse_incoherent, refuse_unknown

_NOUN = f"{ASSESSMENTS.noun} of"


@writes(Operation.RISK_ASSESS)
def assess_risk(write: Write, *, ref: str, assessment: AssessmentFact, standing: Standing = LAST) -> Written:
    """How often and how much, and what the figures stand on.

    Raises `InvalidError` where it names what is not there, a level that the scale of its day lacks, or a currency without
    a rate, and where the day has one of its key already.
    """
    _refuse_unfit(write, ref, assessment)
    written = recording.state(write, ASSESSMENTS, ref, assessment, standing)
    refuse_incoherent(write, ref)
    return written


@writes(Operation.RISK_ASSESS)
def review_unchanged(write: Write, *, ref: str, review: AssessmentFact, standing: Standing = LAST) -> Written:
    """Somebody looked at the risk and nothing changed; `review` has the method unchanged and says why."""
    if review.method is not Method.UNCHANGED:
        raise InvalidError(f"A review of {ref} with method {review.method}; give method unchanged, or assess the risk")
    _refuse_unfit(write, ref, review)
    written = recording.state(write, ASSESSMENTS, ref, review, standing)
    refuse_incoherent(write, ref)
    return written


@writes(Operation.RISK_ASSESS)
def correct_assessment(write: Write, *, ref: str, assessment: AssessmentFact, version: int | None = None) -> Written:
    """The assessment of that day and key as it should have been; the actor says why."""
    _refuse_unfit(write, ref, assessment)
    written = facts.correct(write, ASSESSMENTS, ref, assessment, version)
    refuse_incoherent(write, ref)
    return written


@writes(Operation.RISK_ASSESS)
def retract_assessment(write: Write, *, ref: str, effective_on: date, reason: str, key: str | None = None) -> Written:
    """The assessment of that day and key is withdrawn; raises `NotFoundError` where there is none."""
    written = facts.retract(write, ASSESSMENTS, ref, (effective_on, key), reason)
    refuse_incoherent(write, ref)
    return written


def _refuse_unfit(write: Write, ref: str, assessment: AssessmentFact) -> None:
    current(write, RISKS, ref, RiskRecord)
    refuse_unknown(write, assessment, _NOUN, ref)
    refuse(assessment_complaints(methodology_in(write), assessment), _NOUN, ref)
