"""Running the control tests that a register folder declares over the evidence that lies in it."""

from collections.abc import Callable, Collection
from datetime import date, timedelta
from pathlib import Path

from buttress.evidence.runs import RunSummary, run_tests
from buttress.register.declared import declarations_of
from buttress.register.files.reader import read_register
from buttress.register.files.register import Register
from buttress.register.values.organisation import engagement_of

YEAR = timedelta(days=365)
"""How far back sources are tested where no engagement is named and no period holds the day."""


def evaluate_tests(
    folder: Path,
    as_of: date,
    engagement: str | None = None,
    progress: Callable[[str, int, int], None] = lambda _label, _done, _total: None,
) -> RunSummary:
    """As `evaluate_declared`, of a folder that is read first; raises `ProblemsError` where it cannot be."""
    return evaluate_declared(read_register(folder), as_of, engagement, progress)


def evaluate_declared(
    register: Register,
    as_of: date,
    engagement: str | None = None,
    progress: Callable[[str, int, int], None] = lambda _label, _done, _total: None,
    only: Collection[str] = (),
) -> RunSummary:
    """Evaluate each test, or those of `only`, on `as_of` and on each date of the engagement's period at which a source
    changed, once.

    Raises `ProblemsError` where a declaration or a stored result cannot be read.
    """
    found = engagement_of(register, as_of, engagement)
    is_meant = found is not None and (engagement is not None or found.period_start <= as_of <= found.period_end)
    period = (found.period_start, found.period_end) if found and is_meant else (as_of - YEAR, as_of)
    return run_tests(
        register.folder,
        tests=[test for test in declarations_of(register) if not only or test.id in only],
        datasets=register.datasets,
        as_of=as_of,
        period=period,
        time_zone=register.organisation.time_zone,
        progress=progress,
    )
