"""Every write about assessment rounds."""

from buttress.orgs import recording
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.kinds import ROUNDS
from buttress.risks.records.rounds import RoundRecord


@writes(Operation.ROUND_RECORD)
def record_round(write: Write, *, ref: str, sitting: RoundRecord) -> Written:
    """A sitting of the risk assessment that took place."""
    return recording.add(write, ROUNDS, ref, sitting)


@writes(Operation.ROUND_RECORD)
def change_round(write: Write, *, ref: str, sitting: RoundRecord, version: int) -> Written:
    """What is said of a sitting as it is to stand; its history keeps what was said before."""
    return recording.change(write, ROUNDS, ref, sitting, version)
