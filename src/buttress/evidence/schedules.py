"""When control tests are to run by their frequency: planned instants in UTC, which of them are due, which were missed.

Slots are fixed points of the calendar, never counted from the last run, so that a late run moves nothing and two
schedulers mean the same ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from buttress.evidence.declared_terms import Frequency

_HOUR_OF_DAY = 2
"""Two in the morning UTC: exports of the day before are there, and few people wait."""

_MONTHS = {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3, Frequency.HALF_YEARLY: 6, Frequency.YEARLY: 12}

MOST_MISSED = 1000
"""Slots that are marked missed at once; of a longer sleep the newest ones."""


@dataclass(frozen=True, slots=True)
class Slots:
    """`due` is the newest slot that nobody took, None where there is none; `missed`, oldest first, lie before it."""

    due: datetime | None = None
    missed: tuple[datetime, ...] = ()


def slots(frequency: Frequency, newest_taken: datetime | None, now: datetime) -> Slots:
    """What is due at `now` where slots were taken, done or missed, up to `newest_taken` (None: never).

    Nothing before the first slot taken counts as missed: a test that is new has no past. A clock that went back finds
    nothing due. Raises ValueError for instants without a zone.
    """
    if now.tzinfo is None or (newest_taken is not None and newest_taken.tzinfo is None):
        raise ValueError("A slot is an instant: give times with their zone")
    before = _slots_back(frequency, now.astimezone(UTC))
    if newest_taken is None:
        return Slots(next(before, None))
    open_slots = []
    for slot in takewhile(lambda each: each > newest_taken, before):
        open_slots.append(slot)
        if len(open_slots) > MOST_MISSED:
            break
    if not open_slots:
        return Slots()
    return Slots(open_slots[0], tuple(reversed(open_slots[1:])))


def next_slot(frequency: Frequency, now: datetime) -> datetime | None:
    """The first slot after `now`; None for a frequency without slots."""
    newest = next(_slots_back(frequency, now.astimezone(UTC)), None)
    return None if newest is None else _after(frequency, newest)


def _slots_back(frequency: Frequency, now: datetime) -> Iterator[datetime]:
    """Every slot up to `now`, the newest first; none where a test runs when something happens only."""
    if frequency is Frequency.PER_EVENT:
        return
    slot = _newest(frequency, now)
    while slot.year > 1:
        yield slot
        slot = _before(frequency, slot)


def _newest(frequency: Frequency, now: datetime) -> datetime:
    if frequency in (Frequency.CONTINUOUS, Frequency.HOURLY):
        return now.replace(minute=0, second=0, microsecond=0)
    day = now.replace(hour=_HOUR_OF_DAY, minute=0, second=0, microsecond=0)
    if frequency is Frequency.WEEKLY:
        day -= timedelta(days=day.weekday())
    elif months := _MONTHS.get(frequency):
        day = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return day if day <= now else _before(frequency, day)


def _before(frequency: Frequency, slot: datetime) -> datetime:
    if months := _MONTHS.get(frequency):
        return _months_later(slot, -months)
    return slot - _step(frequency)


def _after(frequency: Frequency, slot: datetime) -> datetime:
    if months := _MONTHS.get(frequency):
        return _months_later(slot, months)
    return slot + _step(frequency)


def _step(frequency: Frequency) -> timedelta:
    if frequency in (Frequency.CONTINUOUS, Frequency.HOURLY):
        return timedelta(hours=1)
    return timedelta(weeks=1) if frequency is Frequency.WEEKLY else timedelta(days=1)


def _months_later(slot: datetime, months: int) -> datetime:
    count = slot.year * 12 + slot.month - 1 + months
    return slot.replace(year=count // 12, month=count % 12 + 1)
