"""Every write about how risks are treated."""

from datetime import date

from buttress.orgs import recording
from buttress.orgs.recording import LAST, Standing
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.kinds import RISKS, TREATMENTS
from buttress.risks.records.risk import RiskRecord, TreatmentFact
from buttress.risks.services import facts
from buttress.risks.services.validity import current, refuse_unknown

_NOUN = f"{TREATMENTS.noun} of"


@writes(Operation.RISK_TREAT)
def treat_risk(write: Write, *, ref: str, treatment: TreatmentFact, standing: Standing = LAST) -> Written:
    """The response to the risk `ref` from its day on, with its plan."""
    _refuse_unfit(write, ref, treatment)
    return recording.state(write, TREATMENTS, ref, treatment, standing)


@writes(Operation.RISK_TREAT)
def correct_treatment(write: Write, *, ref: str, treatment: TreatmentFact, version: int | None = None) -> Written:
    """The treatment of that day and key as it should have been, or as it has come along; the actor says why."""
    _refuse_unfit(write, ref, treatment)
    return facts.correct(write, TREATMENTS, ref, treatment, version)


@writes(Operation.RISK_TREAT)
def retract_treatment(write: Write, *, ref: str, effective_on: date, reason: str, key: str | None = None) -> Written:
    """The treatment of that day and key is withdrawn; raises `NotFoundError` where there is none."""
    return facts.retract(write, TREATMENTS, ref, (effective_on, key), reason)


def _refuse_unfit(write: Write, ref: str, treatment: TreatmentFact) -> None:
    current(write, RISKS, ref, RiskRecord)
    refuse_unknown(write, treatment, _NOUN, ref)
