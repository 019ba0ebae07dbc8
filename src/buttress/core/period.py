"""The days that a question is about: those of the engagement, or those that were asked for."""

from dataclasses import dataclass
from datetime import date, timedelta

from buttress.core.snapshot import RegisterSnapshot

WITHOUT_ENGAGEMENT = timedelta(days=365)
"""How long before the day asked about a period begins where no engagement gives one."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to `end`, both included. Raises ValueError where it ends before it begins."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"A period from {self.start} to {self.end} ends before it begins")

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


def period_of(snapshot: RegisterSnapshot) -> Period:
    """The period of the snapshot's engagement; without one, the year up to its day."""
    engagement = snapshot.engagement
    if engagement is not None:
        return Period(engagement.period_start, engagement.period_end)
    return Period(snapshot.as_of - WITHOUT_ENGAGEMENT + timedelta(days=1), snapshot.as_of)
