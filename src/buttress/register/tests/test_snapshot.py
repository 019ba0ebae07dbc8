"""What a folder says as of a day: facts effective by then, records as they stand, decisions only where attested."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from buttress import __version__
from buttress.core.estimates import (
    Interval,
    IntervalLaw,
    Level,
    Pert,
    Point,
    Quantiles,
    SecondaryLoss,
    YearlyProbability,
)
from buttress.core.money import Money
from buttress.core.posture import posture
from buttress.core.snapshot import (
    Assessment,
    Basis,
    BasisKind,
    ControlKind,
    ControlMode,
    EffectFunction,
    PinnedControl,
    RegisterSnapshot,
    Risk,
)
from buttress.core.verdicts import Outcome, TestResult
from buttress.evidence.results import Entry, result_body, write_results
from buttress.formats.problems import ProblemsError
from buttress.register.files.reader import read_register
from buttress.register.snapshot import build_snapshot, load_snapshot, load_snapshots
from buttress.register.tests.folders import SAMPLE, changed

AUGUST = date(2026, 8, 15)


@pytest.fixture(scope="module")
def august() -> RegisterSnapshot:
    return load_snapshot(SAMPLE, AUGUST)


def as_of(day: date, folder: Path = SAMPLE, engagement: str | None = None) -> RegisterSnapshot:
    return build_snapshot(read_register(folder), day, engagement)


def by_ref(items: Any) -> dict[str, Any]:
    return {item.ref: item for item in items}


def risk(snapshot: RegisterSnapshot, ref: str) -> Risk:
    found: Risk = by_ref(snapshot.risks)[ref]
    return found


@pytest.mark.parametrize(
    ("day", "refs"),
    [
        (date(2025, 12, 9), ["R-003"]),
        (date(2025, 12, 10), ["R-001", "R-003", "R-004"]),
        (date(2026, 2, 15), ["R-001", "R-002", "R-003", "R-004"]),
        (date(2026, 5, 30), ["R-001", "R-002", "R-003", "R-004"]),
        (date(2026, 5, 31), ["R-001", "R-002", "R-003"]),
    ],
)
def test_risks_count_from_their_identification_until_they_are_closed(day: date, refs: list[str]) -> None:
    assert [each.ref for each in as_of(day).risks] == refs


@pytest.mark.parametrize(
    ("day", "count"),
    [(date(2026, 1, 19), 0), (date(2026, 1, 20), 1), (date(2026, 4, 10), 2), (date(2026, 7, 15), 4), (AUGUST, 4)],
)
def test_facts_count_from_their_day_and_retracted_ones_never(day: date, count: int) -> None:
    assert len(risk(as_of(day), "R-001").assessments) == count


def test_on_one_date_the_later_fact_of_the_list_is_the_last(august: RegisterSnapshot) -> None:
    last = risk(august, "R-001").assessments[-2:]
    assert [each.effective_on for each in last] == [date(2026, 7, 15)] * 2
    assert [each.basis.kind for each in last] == [BasisKind.INHERENT, BasisKind.LIBRARY]


def test_assessments_are_kept_as_given(august: RegisterSnapshot) -> None:
    first, review, inherent, library = risk(august, "R-001").assessments
    pinned = (PinnedControl("IAM-02"), PinnedControl("END-04", 0.4))
    assert first.basis == Basis(BasisKind.WITH_CONTROLS, pinned)
    assert first.frequency == Interval(0.1, 1.0, IntervalLaw.LOGNORMAL)
    assert first.magnitude is not None
    assert first.magnitude.primary == Interval(20000.0, 900000.0)
    assert first.magnitude.secondary == SecondaryLoss(0.2, Quantiles(100000.0, 900000.0))
    assert (first.magnitude.cap, first.round, first.estimators) == (5e6, "RND-2026-1", ("ruth", "omar"))
    assert review == Assessment(
        date(2026, 4, 10), first.basis, None, None, "USD", "2026", rationale="Nothing new in the quarter."
    )
    assert inherent.frequency == Pert(0.5, 2.0, 6.0)
    assert (library.frequency, library.currency) == (YearlyProbability(0.3), "EUR")
    assert library.source == "starter library R-01, expert judgement"
    old = risk(as_of(date(2026, 3, 1)), "R-004").assessments[0]
    assert old.frequency == Point(1 / 20)
    assert old.magnitude is not None
    assert old.magnitude.primary == Point(40000.0)


def test_levels_keep_the_scale_version_of_their_day(august: RegisterSnapshot) -> None:
    levels, money = risk(august, "R-002").assessments
    assert (levels.scale_version, levels.frequency) == ("2026", Level(3))
    assert (money.scale_version, money.frequency) == ("2026b", Interval(0.2, 2.0, IntervalLaw.GAMMA))


@pytest.mark.parametrize(("day", "levels"), [(date(2026, 5, 31), (4, 2)), (date(2026, 6, 1), (3, 1))])
def test_levels_set_by_hand_are_read_in_the_scale_in_force(day: date, levels: tuple[int, int]) -> None:
    """Likely (1 to 10 a year) is level 4 of the first version and 3 of the second."""
    override = risk(as_of(day), "R-002").assessments[0].override
    assert override is not None
    assert (override.likelihood, override.impact) == levels


def test_effects_take_family_function_and_shared_part_where_none_is_stated(august: RegisterSnapshot) -> None:
    first, newer, board = risk(august, "R-001").effects
    undated = [e for e in (first, newer, board) if e.effective_on is None]
    assert {(e.control, e.mechanism, e.common_mode, e.function) for e in undated} == {
        ("IAM-02", "IAM", 0.2, EffectFunction.PREVENTION),
        ("GOV-02", "GOV", 0.2, EffectFunction.PREVENTION),
    }
    dated = next(e for e in (first, newer, board) if e.effective_on is not None)
    assert (dated.mechanism, dated.common_mode, dated.variant_efficacy) == ("sign-in", 0.5, 0.1)
    assert len(risk(as_of(date(2026, 6, 14)), "R-001").effects) == 2
    (backup,) = risk(august, "R-002").effects
    assert backup.function is EffectFunction.LOSS_REDUCTION


@pytest.mark.parametrize(
    ("day", "versions"),
    [(date(2024, 1, 1), ["2026"]), (date(2026, 5, 31), ["2026"]), (date(2026, 6, 1), ["2026", "2026b"])],
)
def test_scales_run_up_to_the_day_and_at_least_the_first_is_there(day: date, versions: list[str]) -> None:
    assert [scale.version for scale in as_of(day).scales] == versions


def test_appetite_and_rates_are_those_in_force(august: RegisterSnapshot) -> None:
    assert as_of(date(2025, 11, 30)).appetite is None
    assert august.appetite is not None
    assert august.appetite.category_ratings == (("availability", "moderate"),)
    assert [name for name, _ in august.appetite.category_curves] == ["confidentiality"]
    assert august.appetite.authorities[0].annual_loss == Decimal(500000)
    assert august.rates.rates == {"EUR": Decimal("1.12"), "GBP": Decimal("1.27")}
    assert as_of(date(2026, 6, 30)).rates.rates == {"EUR": Decimal("1.09")}


def test_a_currency_without_a_rate_on_the_day_is_refused(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        ("organisation.yaml", "effective_on: 2026-01-01\n      per_unit", "effective_on: 2026-03-01\n      per_unit"),
    )
    assert as_of(date(2026, 2, 10), folder).rates.rates == {}
    with pytest.raises(
        ProblemsError, match=r"incidents.INC-2026-01.loss.currency: found 'EUR'; .* effective by 2026-02-11"
    ):
        as_of(date(2026, 2, 11), folder)


def test_the_engagement_is_the_one_that_holds_the_day_or_the_one_that_is_named() -> None:
    engagement = as_of(date(2026, 1, 1)).engagement
    assert engagement is not None
    assert engagement.ref == "SOC2-2026"
    assert [criterion for criterion, _ in engagement.not_relevant] == ["CC6.4"]
    assert as_of(date(2025, 1, 1), engagement="SOC2-2026").engagement == engagement
    with pytest.raises(ProblemsError) as raised:
        as_of(AUGUST, engagement="SOC2-2025")
    words = "engagement: found 'SOC2-2025'; expected one of SOC2-2026. Did you mean 'SOC2-2026'?"
    assert str(raised.value) == words


@pytest.mark.parametrize(
    ("day", "ref"),
    [
        (date(2024, 12, 31), "FIRST"),
        (date(2026, 6, 30), "SOC2-2026"),
        (date(2027, 1, 15), "NEXT"),
        (date(2028, 1, 1), "NEXT"),
    ],
)
def test_between_periods_the_next_engagement_to_begin_is_meant_else_the_last_that_ended(
    tmp_path: Path, day: date, ref: str
) -> None:
    others = "".join(
        f"    - {{ref: {name}, type: type_2, period_start: {start}, period_end: {end}, categories: [security]}}\n"
        for name, start, end in (("FIRST", "2025-01-01", "2025-03-31"), ("NEXT", "2027-02-01", "2027-07-31"))
    )
    folder = changed(tmp_path, ("organisation.yaml", "  engagements:\n", f"  engagements:\n{others}"))
    engagement = as_of(day, folder).engagement
    assert engagement is not None
    assert engagement.ref == ref


def test_controls_take_what_they_leave_out_from_the_starter_library(august: RegisterSnapshot) -> None:
    controls = by_ref(august.controls)
    assert controls["IAM-02"].title != "IAM-02"
    assert "CC6.1" in controls["IAM-02"].criteria
    assert controls["IAM-02"].yearly_cost == Money(Decimal(18000), "USD")
    assert controls["AVL-02"].title == "Backups of the ledger"
    own = controls["OPS-01"]
    assert (own.kind, own.mode, own.family) == (ControlKind.PREVENTIVE, ControlMode.MANUAL, "release")
    assert (own.lacking_since, own.in_place_on) == (date(2026, 1, 1), date(2026, 3, 1))
    assert controls["NET-09"].mode is ControlMode.UNKNOWN
    assert len(controls["IAM-02"].walkthroughs) == 2
    assert len(by_ref(as_of(date(2026, 2, 1)).controls)["IAM-02"].walkthroughs) == 1


def test_decisions_count_only_with_the_document_that_attests_them(august: RegisterSnapshot) -> None:
    (accepted,) = risk(august, "R-001").acceptances
    assert (accepted.confirmed, accepted.attested_document) == (False, "Minutes RC-2026-03")
    assert (accepted.ceiling_rating, accepted.ceiling_annual_loss) == ("high", Money(Decimal(250000), "USD"))
    proposed = risk(as_of(date(2026, 9, 1)), "R-001").acceptances[-1]
    assert (proposed.confirmed, proposed.attested_document) == (False, None)
    attested, pending = august.exceptions
    assert (attested.ref, attested.approved_by, attested.is_running(AUGUST)) == ("EX-001", "erin", True)
    assert (pending.ref, pending.approved_by, pending.is_running(AUGUST)) == ("EX-002", None, False)


def test_what_happens_later_is_not_known_earlier() -> None:
    before = as_of(date(2026, 3, 20))
    (change,) = before.changes
    assert (change.assessed_on, change.outcome) == (None, None)
    assert as_of(date(2026, 3, 14)).changes == ()
    assert as_of(date(2026, 2, 15)).incidents[0].closed_on is None
    assert as_of(date(2026, 2, 10)).incidents == ()
    assert as_of(date(2026, 1, 19)).rounds == ()
    assert risk(as_of(date(2026, 6, 13)), "R-001").treatments[0].done_on is None
    assert risk(as_of(date(2026, 6, 14)), "R-001").treatments[0].done_on == date(2026, 6, 14)


def test_the_snapshot_does_not_depend_on_which_file_holds_a_record(tmp_path: Path) -> None:
    moved = changed(tmp_path)
    text = (moved / "risks" / "other.yaml").read_text()
    (moved / "risks" / "other.yaml").unlink()
    (moved / "a.yaml").write_text(text)
    assert as_of(AUGUST, moved) == as_of(AUGUST)


def test_manual_results_and_adopted_tests_are_in_the_loaded_snapshot(august: RegisterSnapshot) -> None:
    assert [test.id for test in august.tests] == ["idp-mfa-active-users", "leavers-disabled", "MT-GOV-02"]
    assert (august.tests[0].tolerable_rate, august.tests[0].max_age_hours) == (0.05, 26.0)
    assert [(r.test, r.population, r.failing_keys) for r in august.results] == [("MT-GOV-02", 2, ("2026-06-12",))]
    assert load_snapshot(SAMPLE, date(2026, 6, 29)).results == ()


def test_data_sets_tell_their_newest_file_of_the_day(august: RegisterSnapshot) -> None:
    accounts, terminals = august.datasets
    assert accounts.effective_at is not None
    assert (accounts.ref, accounts.effective_at.date(), accounts.max_age_hours) == (
        "idp_accounts",
        date(2026, 6, 30),
        26.0,
    )
    assert (terminals.effective_at, terminals.problem) == (None, "no file effective by then")
    assert load_snapshot(SAMPLE, date(2026, 6, 29)).datasets[0].effective_at is None


def stored(folder: Path, sequence: int, failing: int, day: date) -> None:
    result = TestResult(
        "idp-mfa-active-users", 1, day, datetime(day.year, day.month, day.day, tzinfo=UTC), Outcome.EVALUATED,
        population=10, passed=10 - failing, failing=failing,
    )  # fmt: skip
    write_results(folder, {"as_of": day.isoformat(), "sequence": sequence}, [Entry("result", result_body(result))])


def test_stored_results_count_up_to_the_day_and_a_later_run_replaces_an_earlier_one_of_its_date(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    for sequence, (failing, day) in enumerate(
        [(1, date(2026, 6, 30)), (3, date(2026, 7, 31)), (2, date(2026, 6, 30))], 1
    ):
        stored(folder, sequence, failing, day)
    found = {
        day: [(r.as_of, r.failing) for r in load_snapshot(folder, day).results if r.test == "idp-mfa-active-users"]
        for day in (date(2026, 6, 29), date(2026, 7, 30), AUGUST)
    }
    assert found == {
        date(2026, 6, 29): [],
        date(2026, 7, 30): [(date(2026, 6, 30), 2)],
        AUGUST: [(date(2026, 6, 30), 2), (date(2026, 7, 31), 3)],
    }


def test_several_days_of_one_reading_are_the_days_read_one_by_one() -> None:
    days = (AUGUST, date(2026, 2, 1), date(2026, 6, 30))
    found = load_snapshots(SAMPLE, days, "SOC2-2026")
    assert found == tuple(load_snapshot(SAMPLE, day, "SOC2-2026") for day in days)
    assert [each.as_of for each in found] == list(days)


def test_a_snapshot_says_which_version_reads_it(august: RegisterSnapshot) -> None:
    assert august.core_version == __version__
    assert posture(august).core_version == __version__


@pytest.mark.parametrize("day", [date(2025, 1, 1), date(2026, 1, 20), date(2026, 6, 1), AUGUST, date(2027, 6, 30)])
def test_every_day_has_a_posture(day: date) -> None:
    assert {each.ref for each in posture(load_snapshot(SAMPLE, day)).risks} == {each.ref for each in as_of(day).risks}
