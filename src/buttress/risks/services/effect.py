"""Every write about what controls do to risks."""

from datetime import date

from buttress.core.snapshot import Factor
from buttress.orgs import recording
from buttress.orgs.recording import LAST, Standing
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.kinds import EFFECTS, RISKS
from buttress.risks.records.risk import EffectRecord, RiskRecord
from buttress.risks.services import facts
from buttress.risks.services.validity import current, refuse_unknown

_NOUN = f"{EFFECTS.noun} of"


@writes(Operation.EFFECT_STATE)
def state_effect(write: Write, *, ref: str, effect: EffectRecord, standing: Standing = LAST) -> Written:
    """What a control does to the risk `ref`, from its day on."""
    _refuse_unfit(write, ref, effect)
    return recording.state(write, EFFECTS, ref, effect, standing)


@writes(Operation.EFFECT_STATE)
def correct_effect(write: Write, *, ref: str, effect: EffectRecord, version: int | None = None) -> Written:
    """The effect of that control, factor and day as it should have been; the actor says why."""
    _refuse_unfit(write, ref, effect)
    return facts.correct(write, EFFECTS, ref, effect, version)


@writes(Operation.EFFECT_STATE)
def retract_effect(
    write: Write, *, ref: str, control: str, factor: Factor, reason: str, effective_on: date | None = None
) -> Written:
    """The effect is withdrawn; raises `NotFoundError` where there is none of that control, factor and day."""
    return facts.retract(write, EFFECTS, ref, (control, factor, effective_on), reason)


def _refuse_unfit(write: Write, ref: str, effect: EffectRecord) -> None:
    current(write, RISKS, ref, RiskRecord)
    refuse_unknown(write, effect, _NOUN, ref)
