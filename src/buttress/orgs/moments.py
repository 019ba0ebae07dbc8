"""When a register is asked about: as it was on a day, with the knowledge of an instant."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Moment:
    """Facts effective by the end of `as_of`, records as they stood then; with `known_at` only what was recorded by it."""

    as_of: date
    known_at: datetime | None = None

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The first instant after `as_of` in the organisation's time zone."""
        return datetime.combine(self.as_of + timedelta(days=1), time(), zone)
