"""Slots of control tests: each once, none in a burst."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttress.evidence.declared_terms import Frequency
from buttress.evidence.schedules import MOST_MISSED, Slots, next_slot, slots

WITH_SLOTS = [each for each in Frequency if each is not Frequency.PER_EVENT]
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2039, 12, 31), timezones=st.just(UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("frequency", "now", "due"),
    [
        (Frequency.HOURLY, "2026-06-30 10:59", "2026-06-30 10:00"),
        (Frequency.CONTINUOUS, "2026-06-30 10:00", "2026-06-30 10:00"),
        (Frequency.DAILY, "2026-06-30 01:59", "2026-06-29 02:00"),
        (Frequency.DAILY, "2026-06-30 02:00", "2026-06-30 02:00"),
        (Frequency.WEEKLY, "2026-06-28 23:00", "2026-06-22 02:00"),
        (Frequency.WEEKLY, "2026-06-29 01:00", "2026-06-22 02:00"),
        (Frequency.MONTHLY, "2028-02-29 12:00", "2028-02-01 02:00"),
        (Frequency.QUARTERLY, "2026-01-01 01:00", "2025-10-01 02:00"),
        (Frequency.HALF_YEARLY, "2026-06-30 12:00", "2026-01-01 02:00"),
        (Frequency.YEARLY, "2038-01-19 04:00", "2038-01-01 02:00"),
    ],
)
def test_the_newest_slot_is_a_fixed_point_of_the_calendar(frequency, now, due):
    assert slots(frequency, None, at(now)) == Slots(at(due))


def test_a_test_that_runs_on_events_has_no_slots():
    assert slots(Frequency.PER_EVENT, None, at("2026-06-30 12:00")) == Slots()
    assert next_slot(Frequency.PER_EVENT, at("2026-06-30 12:00")) is None


def test_after_three_days_of_sleep_one_slot_is_due_and_the_others_are_missed():
    found = slots(Frequency.DAILY, at("2026-06-27 02:00"), at("2026-06-30 12:00"))
    assert found == Slots(at("2026-06-30 02:00"), (at("2026-06-28 02:00"), at("2026-06-29 02:00")))


def test_a_clock_that_went_back_an_hour_finds_nothing_due():
    assert slots(Frequency.HOURLY, at("2026-06-30 10:00"), at("2026-06-30 09:30")) == Slots()


def test_of_a_long_sleep_only_the_newest_slots_are_marked():
    found = slots(Frequency.HOURLY, at("2020-01-01 00:00"), at("2026-06-30 12:00"))
    assert len(found.missed) == MOST_MISSED
    assert found.missed[-1] == at("2026-06-30 11:00")


def test_an_instant_without_zone_is_refused():
    with pytest.raises(ValueError, match="with their zone"):
        slots(Frequency.DAILY, None, datetime(2026, 6, 30))


@given(st.sampled_from(WITH_SLOTS), st.lists(INSTANTS, min_size=1, max_size=12))
def test_however_the_clock_jumps_each_slot_is_taken_once(frequency, clock):
    taken: list[datetime] = []
    for now in clock:
        found = slots(frequency, max(taken, default=None), now)
        new = [*found.missed, *([found.due] if found.due else [])]
        assert all(slot <= now for slot in new)
        taken += new
    assert len(set(taken)) == len(taken)
    assert taken == sorted(taken)


@given(st.sampled_from(WITH_SLOTS), INSTANTS)
def test_the_next_slot_is_the_one_that_will_be_due_first(frequency, now):
    coming = next_slot(frequency, now)
    assert coming is not None
    newest = slots(frequency, None, now).due
    assert newest is not None
    assert slots(frequency, newest, coming) == Slots(coming)
    assert slots(frequency, newest, coming - timedelta(microseconds=1)) == Slots()
