"""The only place that reads today's date; every figure takes its day as an argument."""

from datetime import date, datetime, time, timedelta, tzinfo

from buttress.cli.failures import RefusalError

BEFORE = timedelta(days=90)
"""How long before the day asked about figures are compared, where no day is named."""

FIRST, LAST = date(1900, 1, 1), date(2999, 12, 31)
"""Days that can be asked about; arithmetic with the days around them stays within the calendar."""


def today(zone: tzinfo | None = None) -> date:
    """The date of this machine's clock, in a time zone where one is given."""
    return datetime.now(zone).date()


def day_of(option: str, text: str | None) -> date | None:
    """The day named by an option; raises RefusalError where it is none."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise RefusalError(f"{option} {text!r} is no date; give YYYY-MM-DD, e.g. 2026-09-30") from error
    if not FIRST <= day <= LAST:
        raise RefusalError(f"{option} {day} is out of range; give a day from {FIRST} to {LAST}")
    return day


def as_of_day(text: str | None, zone: tzinfo | None = None) -> date:
    """The day of `--as-of`, else today."""
    return day_of("--as-of", text) or today(zone)


def known_at_instant(text: str | None, zone: tzinfo) -> datetime | None:
    """The instant of `--known-at`: a timestamp with its zone, or the last one of a day in `zone`; not in days to come."""
    if text is None:
        return None
    instant = _timestamp(text)
    if instant is None:
        day = day_of("--known-at", text)
        assert day is not None
        instant = datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(microseconds=1)
    if instant.astimezone(zone).date() > today(zone):
        raise RefusalError(f"--known-at {text} lies ahead; leave it out for all that is known by now")
    return instant


def _timestamp(text: str) -> datetime | None:
    """None where the text is a day or nothing of the kind."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) <= len("2026-09-30"):
        return None
    if instant.tzinfo is None:
        raise RefusalError(f"--known-at {text!r} has no time zone; give e.g. {text}Z or {text}+02:00, or a day alone")
    if not FIRST <= instant.date() <= LAST:
        raise RefusalError(f"--known-at {text} is out of range; give a day from {FIRST} to {LAST}")
    return instant


def since_day(text: str | None, as_of: date) -> date:
    """The day of `--since`, else 90 days before; it must lie before `as_of`."""
    since = day_of("--since", text) or as_of - BEFORE
    if since >= as_of:
        raise RefusalError(f"--since {since} does not lie before {as_of}; give an earlier day")
    return since
