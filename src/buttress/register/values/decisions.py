"""What was decided about acceptances and exceptions beside what the register itself says of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from buttress.core.verdicts import ApprovedException
from buttress.risks.decisions import AcceptanceStanding

AcceptanceName = tuple[str, date, str | None]
"""Reference of the risk, day and key of the acceptance."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions of members in their own sessions. `exceptions` are all there are, as verdicts depend on them; None where
    nobody could decide about any."""

    acceptances: Mapping[AcceptanceName, AcceptanceStanding] = field(default_factory=dict)
    exceptions: tuple[ApprovedException, ...] | None = None


UNDECIDED = Decisions()
"""A register folder holds no decisions, only proposals and documents that attest."""
