"""Every write about threats."""

from buttress.orgs import recording
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.kinds import THREATS
from buttress.risks.records.threats import ThreatRecord


@writes(Operation.RISK_CHANGE)
def add_threat(write: Write, *, ref: str, threat: ThreatRecord) -> Written:
    return recording.add(write, THREATS, ref, threat)


@writes(Operation.RISK_CHANGE)
def change_threat(write: Write, *, ref: str, threat: ThreatRecord, version: int) -> Written:
    return recording.change(write, THREATS, ref, threat, version)
