"""What the register refuses beyond what every service refuses."""

from buttress.orgs.errors import RecordsError


class StalePlanError(RecordsError):
    """What would be written is not what was shown: the database or the folder changed in between."""

    code = "stale_plan"
    status = 409
