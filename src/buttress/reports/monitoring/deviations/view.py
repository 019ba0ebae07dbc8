"""Deviations as of a day: those that fail now, and those that failed at some time in a period."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from buttress.core.deviation_figures import DeviationFigures, deviation_figures, failed_in
from buttress.core.deviations import (
    AgeBucket,
    Deviation,
    DeviationState,
    Ending,
    deviations,
    menders,
    unnamed_deviations,
)
from buttress.core.exposure_time import ExposureTime, exposure_times
from buttress.core.period import Period
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.verdicts import ControlTest
from buttress.reports.monitoring.people import name_of, names_of


@dataclass(frozen=True, slots=True)
class DeviationRow:
    """One item of a control test; dates are those of its newest spell, `first_seen` that of its first.

    `is_late`: open past `due_on` without an exception that covers it.
    """

    test: str
    title: str
    controls: tuple[str, ...]
    key: str
    severity: str
    state: DeviationState
    is_late: bool
    opened_on: date
    due_on: date
    age_days: int
    age_bucket: AgeBucket
    first_seen: date
    last_seen: date
    closed_on: date | None
    ending: Ending | None
    reopened: int
    exception: str | None
    excepted_until: date | None
    owner: str | None
    owner_name: str


@dataclass(frozen=True, slots=True)
class DeviationsView:
    """Rows by test and key: what fails on `as_of`, and what failed at some time in the period.

    `unnamed` are items of manual tests that deviate without a name; no row tells of them. `times` are of tests of a state.
    """

    organisation: str
    as_of: date
    period: Period
    figures: DeviationFigures
    rows: tuple[DeviationRow, ...]
    unnamed: tuple[tuple[str, int], ...]
    times: tuple[ExposureTime, ...]

    @property
    def failing(self) -> tuple[DeviationRow, ...]:
        return tuple(row for row in self.rows if row.state is not DeviationState.CLOSED)


def deviations_view(
    snapshot: RegisterSnapshot, period: Period, tests: Collection[ControlTest] | None = None
) -> DeviationsView:
    """The deviations of `tests`, else of every test."""
    asked = {test.id: test for test in (snapshot.tests if tests is None else tests)}
    found = [d for d in deviations(snapshot) if d.test in asked]
    names, owners = names_of(snapshot), menders(snapshot)
    shown = [d for d in found if d.state is not DeviationState.CLOSED or failed_in(d, period)]
    unnamed = tuple((test, count) for test, count in sorted(unnamed_deviations(snapshot).items()) if test in asked)

    def row(deviation: Deviation) -> DeviationRow:
        owner = owners[deviation.test]
        return _row(deviation, asked[deviation.test], owner, name_of(owner, names))

    return DeviationsView(
        snapshot.organisation.name,
        snapshot.as_of,
        period,
        deviation_figures(found, period),
        tuple(row(d) for d in shown),
        unnamed,
        tuple(each for each in exposure_times(snapshot, found, period) if each.test in asked),
    )


def _row(found: Deviation, test: ControlTest, owner: str | None, owner_name: str) -> DeviationRow:
    return DeviationRow(
        found.test,
        test.title,
        test.controls,
        found.key,
        found.severity,
        found.state,
        found.is_late,
        found.opened_on,
        found.due_on,
        found.age_days,
        found.age_bucket,
        found.first_seen,
        found.last_seen,
        found.closed_on,
        found.ending,
        found.reopened,
        found.exception,
        found.excepted_until,
        owner,
        owner_name,
    )
