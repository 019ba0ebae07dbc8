"""Days and instants that options name: read strictly, in the organisation's time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from buttress.cli.clock import as_of_day, known_at_instant, today
from buttress.cli.failures import RefusalError

AUCKLAND, LIMA = ZoneInfo("Pacific/Auckland"), ZoneInfo("America/Lima")

NOW = datetime(2026, 9, 30, 23, 30, tzinfo=UTC)


@time_machine.travel(NOW, tick=False)
def test_today_is_the_day_where_the_organisation_is() -> None:
    assert [str(today(zone)) for zone in (LIMA, UTC, AUCKLAND)] == ["2026-09-30", "2026-09-30", "2026-10-01"]
    assert str(as_of_day(None, AUCKLAND)) == "2026-10-01"


@time_machine.travel(NOW, tick=False)
def test_known_at_is_the_end_of_a_day_or_an_instant_with_its_zone() -> None:
    assert known_at_instant(None, LIMA) is None
    day = known_at_instant("2026-09-29", LIMA)
    assert day is not None
    assert day.astimezone(UTC) == datetime(2026, 9, 30, 4, 59, 59, 999999, tzinfo=UTC)
    assert known_at_instant("2026-09-29T10:00:00+02:00", LIMA) == datetime(2026, 9, 29, 8, tzinfo=UTC)
    assert known_at_instant("2026-09-29T10:00Z", LIMA) == datetime(2026, 9, 29, 10, tzinfo=UTC)


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-09-29T10:00", "has no time zone"),
        ("2026-02-30", "is no date"),
        ("last week", "is no date"),
        ("", "is no date"),
        ("1850-01-01", "out of range"),
        ("1850-01-01T00:00Z", "out of range"),
        ("2026-10-01", "lies ahead"),
        ("0001-01-01T00:00+14:00", "out of range"),
        ("9999-12-31T23:59:59-14:00", "out of range"),
    ],
)
def test_what_is_no_instant_or_lies_ahead_is_refused(text: str, said: str) -> None:
    with pytest.raises(RefusalError, match=said):
        known_at_instant(text, LIMA)
