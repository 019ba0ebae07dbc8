"""Every write about incidents."""

from buttress.orgs import recording
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.agreement import currency_complaints
from buttress.risks.kinds import INCIDENTS
from buttress.risks.records.incidents import IncidentRecord
from buttress.risks.services.validity import methodology_in, refuse


@writes(Operation.INCIDENT_RECORD)
def record_incident(write: Write, *, ref: str, incident: IncidentRecord) -> Written:
    """What happened; raises `InvalidError` where its loss is in a currency without a rate."""
    _refuse_unrated(write, ref, incident)
    return recording.add(write, INCIDENTS, ref, incident)


@writes(Operation.INCIDENT_RECORD)
def change_incident(write: Write, *, ref: str, incident: IncidentRecord, version: int) -> Written:
    """What is known of it now; raises as `record_incident`."""
    _refuse_unrated(write, ref, incident)
    return recording.change(write, INCIDENTS, ref, incident, version)


def _refuse_unrated(write: Write, ref: str, incident: IncidentRecord) -> None:
    if incident.loss is None or incident.loss.currency is None:
        return
    found = methodology_in(write)
    complaints = currency_complaints(("loss", "currency"), incident.loss.currency, found.rated, found.reporting)
    refuse(complaints, INCIDENTS.noun, ref)
