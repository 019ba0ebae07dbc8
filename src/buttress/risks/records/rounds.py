"""Assessment rounds: the sittings in which risks are assessed."""

from buttress.formats.fields import Links, PersonRef
from buttress.formats.models import Day, Flag, StrictModel, Text


class RoundRecord(StrictModel):
    """One sitting of the risk assessment with what an auditor asks of it."""

    effective_on: Day
    scope: Text
    participants: Links[PersonRef] = ()
    approver: PersonRef | None = None
    method: Text | None = None
    fraud_considered: Flag = False
    change_considered: Flag = False
    minutes: Text | None = None
