"""What is due: each kind by the day on which it becomes due, and for whom."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from buttress.core.due import DueItem, DueKind, due_items
from buttress.core.money import Money
from buttress.core.posture import posture
from buttress.core.snapshot import (
    Acceptance,
    Category,
    Change,
    DatasetState,
    Engagement,
    EngagementType,
    RegisterSnapshot,
    Response,
    Treatment,
)
from buttress.core.tests.registers import TODAY, control, coverage_test, register, result, risk
from buttress.core.verdicts import ApprovedException


def items(snapshot: RegisterSnapshot, *kinds: DueKind) -> list[DueItem]:
    return [item for item in due_items(snapshot, posture(snapshot)) if item.kind in kinds]


def days(number: int) -> date:
    return TODAY + timedelta(days=number)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


BORNE = Acceptance(
    date(2026, 2, 1), "erin", "executive", "dear", days(400), None, Money(Decimal(10**9), "USD"), "ruth", confirmed=True
)


@pytest.mark.parametrize(
    ("changes", "kind", "due_on", "owner"),
    [
        ({"until": days(30)}, DueKind.ACCEPTANCE_ENDS, days(30), "ruth"),
        ({"until": days(-1)}, DueKind.ACCEPTANCE_ENDED, days(-1), "ruth"),
        ({"confirmed": False}, DueKind.ACCEPTANCE_PROPOSED, None, "erin"),
        ({"ceiling_annual_loss": Money(Decimal(1), "USD")}, DueKind.ACCEPTANCE_LAPSED, TODAY, "ruth"),
    ],
)
def test_an_acceptance_waits_for_who_decides_next(
    changes: dict[str, object], kind: DueKind, due_on: date | None, owner: str
) -> None:
    borne = risk(owner="ruth", acceptances=(replace(BORNE, **changes),))  # type: ignore[arg-type]
    (found,) = items(register(borne), *(k for k in DueKind if k.value.startswith("acceptance")))
    assert (found.kind, found.due_on, found.owner) == (kind, due_on, owner)


def test_an_acceptance_that_holds_long_is_not_due() -> None:
    assert items(register(risk(acceptances=(BORNE,))), *(k for k in DueKind if k.value.startswith("acceptance"))) == []


def test_exceptions_are_due_while_they_wait_and_before_they_expire() -> None:
    waiting = ApprovedException("EX-1", "leavers", frozenset("ab"), "", days(-9), days(60), "omar")
    ending = replace(waiting, ref="EX-2", approved_by="erin", expires_on=days(30))
    later = replace(ending, ref="EX-3", expires_on=days(31))
    found = items(register(exceptions=(waiting, ending, later)), DueKind.EXCEPTION_PROPOSED, DueKind.EXCEPTION_EXPIRES)
    assert [(i.ref, i.due_on, i.count) for i in found] == [("EX-2", days(30), 2), ("EX-1", None, 2)]


@pytest.mark.parametrize(
    ("due_in", "done_in", "kind"),
    [
        (-1, None, DueKind.TREATMENT_OVERDUE),
        (0, None, DueKind.TREATMENT_DUE),
        (30, 5, DueKind.TREATMENT_DUE),
        (31, None, None),
        (-1, 0, None),
    ],
)
def test_a_treatment_is_due_until_it_is_done(due_in: int, done_in: int | None, kind: DueKind | None) -> None:
    done = days(done_in) if done_in is not None else None
    plan = Treatment(date(2026, 3, 1), Response.REDUCE, "disable", owner="omar", due_on=days(due_in), done_on=done)
    found = items(register(risk(treatments=(plan,))), DueKind.TREATMENT_OVERDUE, DueKind.TREATMENT_DUE)
    assert [(i.kind, i.owner) for i in found] == ([(kind, "omar")] if kind else [])


@pytest.mark.parametrize(
    ("due_in", "kind"), [(-1, DueKind.MANUAL_TEST_OVERDUE), (0, DueKind.MANUAL_TEST_DUE), (31, None)]
)
def test_a_manual_test_is_due_by_the_day_it_names_and_told_once(due_in: int, kind: DueKind | None) -> None:
    test = coverage_test("MT-1", is_manual=True, next_due=days(due_in), owner="ines", frequency="quarterly")
    snapshot = register(controls=(control(),), tests=(test,))
    found = items(snapshot, DueKind.MANUAL_TEST_OVERDUE, DueKind.MANUAL_TEST_DUE, DueKind.HOLE)
    assert [(i.kind, i.due_on, i.owner) for i in found] == ([(kind, days(due_in), "ines")] if kind else [])


def test_deviations_past_their_term_are_due_once_for_a_test_by_the_first_of_them() -> None:
    test = coverage_test(owner="omar", severity="high", frequency="monthly")
    results = (result(passed=8, failing=2, on=days(-40)), result(passed=7, failing=3, on=days(-5)))
    (found,) = items(register(controls=(control(),), tests=(test,), results=results), DueKind.DEVIATIONS_LATE)
    assert (found.ref, found.due_on, found.owner, found.count) == ("leavers", days(-10), "omar", 2)


def test_a_hole_is_due_while_it_reaches_up_to_today() -> None:
    test = coverage_test(owner="omar", frequency="weekly")
    fresh = register(controls=(control(),), tests=(test,), results=(result(on=days(-1)),))
    assert items(fresh, DueKind.HOLE) == []
    old = replace(fresh, results=(result(on=days(-40)),))
    (found,) = items(old, DueKind.HOLE)
    assert (found.ref, found.owner, found.since) == ("leavers", "omar", days(-40))
    assert found.due_on is not None
    assert found.due_on < TODAY


def test_a_test_of_two_controls_has_one_hole() -> None:
    test = coverage_test(controls=("IAM-04", "IAM-05"), frequency="weekly")
    assert len(items(register(controls=(control(), control("IAM-05")), tests=(test,)), DueKind.HOLE)) == 1


def test_a_walkthrough_that_is_missing_is_due_for_the_control_s_owner() -> None:
    period = Engagement("E", EngagementType.TYPE_2, date(2025, 7, 1), date(2026, 8, 31), frozenset({Category.SECURITY}))
    snapshot = register(controls=(control(owner="omar", walkthroughs=()),), engagement=period)
    (found,) = items(snapshot, DueKind.WALKTHROUGH_MISSING)
    assert (found.ref, found.owner, found.due_on) == ("IAM-04", "omar", date(2026, 6, 30))


def test_a_source_is_due_from_the_day_on_which_it_grows_stale() -> None:
    source = DatasetState("hr", "Workers", at(days(-2)), None, 48)
    unreadable = DatasetState("idp", "Accounts", None, None, 48, "no file effective by then")
    test = coverage_test(datasets=("hr", "idp"), owner="omar")
    asked = (DueKind.SOURCE_STALE, DueKind.SOURCE_UNREADABLE)
    fresh = register(tests=(test,), datasets=(source, unreadable))
    assert [(i.ref, i.due_on, i.owner) for i in items(fresh, *asked)] == [("idp", None, "omar")]
    stale = replace(fresh, datasets=(replace(source, effective_at=at(days(-3))),))
    assert [(i.ref, i.due_on, i.since) for i in items(stale, *asked)] == [("hr", days(-1), days(-3))]


def test_a_source_of_several_owners_waits_for_nobody_by_name() -> None:
    source = DatasetState("hr", "Workers", None, None, None, "no file effective by then")
    tests = (coverage_test("a", datasets=("hr",), owner="omar"), coverage_test("b", datasets=("hr",), owner="priya"))
    (found,) = items(register(tests=tests, datasets=(source,)), DueKind.SOURCE_UNREADABLE)
    assert found.owner is None


def test_changes_are_due_until_they_are_assessed() -> None:
    open_one = Change("CHG-1", "New vendor", days(-3))
    changes = (
        open_one,
        replace(open_one, ref="CHG-2", assessed_on=days(-1)),
        replace(open_one, ref="CHG-3", effective_on=days(1)),
    )
    assert [i.ref for i in items(register(changes=changes), DueKind.CHANGE_NOT_ASSESSED)] == ["CHG-1"]


@pytest.mark.parametrize(("ago", "is_overdue"), [(0, False), (30, False), (31, True)])
def test_a_change_is_overdue_once_thirty_days_went_by_without_an_answer(ago: int, is_overdue: bool) -> None:
    change = Change("CHG-1", "New vendor", days(-ago))
    (found,) = items(register(changes=(change,)), DueKind.CHANGE_NOT_ASSESSED)
    assert (found.due_on, found.since, found.is_overdue(TODAY)) == (days(30 - ago), days(-ago), is_overdue)


def test_items_come_by_date_and_those_without_one_last() -> None:
    waiting = ApprovedException("EX-1", "leavers", frozenset("a"), "", days(-9), days(60), "omar")
    snapshot = register(exceptions=(waiting, replace(waiting, ref="EX-2", approved_by="erin", expires_on=days(9))))
    found = due_items(snapshot, posture(snapshot))
    dates = [item.due_on for item in found]
    assert dates == sorted(dates, key=lambda d: (d is None, d or date.max))
    assert found[-1].ref == "EX-1"
