"""The only place that reads today's date; every figure takes its day as an argument."""

from datetime import date, timedelta

from buttress.cli.failures import RefusalError

BEFORE = timedelta(days=90)
"""How long before the day asked about figures are compared, where no day is named."""

FIRST, LAST = date(1900, 1, 1), date(2999, 12, 31)
"""Days that can be asked about; arithmetic with the days around them stays within the calendar."""


def today() -> date:
    """The date of this machine's clock."""
    return date.today()


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


def as_of_day(text: str | None) -> date:
    """The day of `--as-of`, else today."""
    return day_of("--as-of", text) or today()


def since_day(text: str | None, as_of: date) -> date:
    """The day of `--since`, else 90 days before; it must lie before `as_of`."""
    since = day_of("--since", text) or as_of - BEFORE
    if since >= as_of:
        raise RefusalError(f"--since {since} does not lie before {as_of}; give an earlier day")
    return since
