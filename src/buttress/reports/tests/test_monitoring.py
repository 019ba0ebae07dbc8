"""Reports on monitoring: what a reader sees of deviations, coverage, what is due and runs, in each form."""

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest
from rich.console import Console, RenderableType

from buttress.core.period import Period
from buttress.core.posture import posture
from buttress.core.snapshot import DatasetState, Person, RegisterSnapshot
from buttress.core.tests.registers import TODAY, control, coverage_test, register, result
from buttress.core.verdicts import ApprovedException, EffectMode, Outcome
from buttress.reports.monitoring.calendar import as_csv as calendar_csv
from buttress.reports.monitoring.calendar import as_json as calendar_json
from buttress.reports.monitoring.calendar import terminal as calendar_terminal
from buttress.reports.monitoring.calendar.view import Freshness, MonthState, calendar_view
from buttress.reports.monitoring.csv_text import csv_text
from buttress.reports.monitoring.deviations import as_csv as deviations_csv
from buttress.reports.monitoring.deviations import as_json as deviations_json
from buttress.reports.monitoring.deviations import terminal as deviations_terminal
from buttress.reports.monitoring.deviations.view import deviations_view
from buttress.reports.monitoring.due import as_csv as due_csv
from buttress.reports.monitoring.due import as_json as due_json
from buttress.reports.monitoring.due import terminal as due_terminal
from buttress.reports.monitoring.due.view import due_view
from buttress.reports.monitoring.runs import as_csv as runs_csv
from buttress.reports.monitoring.runs import as_json as runs_json
from buttress.reports.monitoring.runs import terminal as runs_terminal
from buttress.reports.monitoring.runs.view import runs_view

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
JUNE = date(2026, 6, 30)


@pytest.fixture
def snapshot() -> RegisterSnapshot:
    """Leavers: a, b, c fail in June; b is mended by today, c is excepted. Changes: pooled occurrences. Nobody tests
    VUL-01."""
    leavers = coverage_test("leavers", frequency="monthly", severity="high", owner="omar")
    changes = coverage_test("changes", mode=EffectMode.RELIABILITY, frequency="quarterly", tolerable_rate=0.05)
    covered = ApprovedException("EX-1", "leavers", frozenset({"c"}), "", JUNE, date(2026, 10, 5), "omar", "erin")
    return register(
        controls=(control(owner="omar"), control("VUL-01")),
        tests=(leavers, changes),
        results=(
            result("leavers", 7, 3, JUNE, failing_keys=("a", "b", "c")),
            result("leavers", 8, 2, TODAY, failing_keys=("a", "c")),
            result("changes", 24, 1, JUNE, cluster="2026-01-01"),
            result("changes", 0, 0, TODAY, outcome=Outcome.NOT_EVALUATED, reasons=("empty(hr)",)),
        ),
        exceptions=(covered,),
        persons=(Person("omar", "Omar Haddad"),),
        datasets=(DatasetState("hr", "Workers", None, None, 48, "no file effective by then"),),
    )


def printed(report: RenderableType) -> str:
    console = Console(width=100, file=io.StringIO(), highlight=False, markup=False)
    console.print(report)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 100
    return text


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), strict=True))


def test_deviations_say_how_many_are_late_covered_and_mended(snapshot: RegisterSnapshot) -> None:
    view = deviations_view(snapshot, YEAR)
    text = printed(deviations_terminal.render(view))
    assert "2 open, 2 of them past their term; 1 covered by an exception" in text
    assert "4 failed at some time from 1 Jan 2026 to 31 Dec 2026; ended in it: 1 fixed." in text
    assert "median 92" in text
    assert "· EX-1" in text
    assert "fixed\n" not in text
    assert "fixed" in printed(deviations_terminal.render(view, every=True)).partition("Ended")[2]


def test_deviations_say_how_long_items_failed(snapshot: RegisterSnapshot) -> None:
    """3 of 10 items fail for 92 days, then 2 of 10 on the day asked about; each of the three lived 92 days."""
    view = deviations_view(snapshot, YEAR)
    (time,) = view.times
    assert (time.days, time.judged, time.failing, time.items, time.median_days) == (93, 930, 278, 3, 92.0)
    (line,) = (line for line in printed(deviations_terminal.render(view)).splitlines() if " 29.9 %" in line)
    assert line.split() == ["leavers", "3", "29.9", "%", "92"]
    assert deviations_json.document(view)["times"][0]["share"] == pytest.approx(278 / 930)
    assert deviations_view(snapshot, YEAR, [t for t in snapshot.tests if t.id == "changes"]).times == ()


def test_many_items_of_a_test_are_shortened_until_all_are_asked_for(snapshot: RegisterSnapshot) -> None:
    many = replace(snapshot, results=(result("leavers", 90, 10),))
    view = deviations_view(many, YEAR)
    assert "and 5 more (--all)" in printed(deviations_terminal.render(view))
    assert "k9" in printed(deviations_terminal.render(view, every=True))


def test_deviations_of_some_tests_only(snapshot: RegisterSnapshot) -> None:
    view = deviations_view(snapshot, YEAR, [t for t in snapshot.tests if t.id == "changes"])
    assert [row.test for row in view.rows] == ["changes"]
    assert view.figures.open == 1


def test_items_without_a_name_are_told(snapshot: RegisterSnapshot) -> None:
    by_hand = coverage_test("MT-1", is_manual=True)
    view = deviations_view(
        replace(snapshot, tests=(by_hand,), results=(result("MT-1", 7, 3, failing_keys=("a",)),)), YEAR
    )
    assert "MT-1: 2 items more deviate" in printed(deviations_terminal.render(view))


def test_nothing_open_says_so(snapshot: RegisterSnapshot) -> None:
    view = deviations_view(replace(snapshot, results=()), YEAR)
    assert "No deviation is open." in printed(deviations_terminal.render(view))


def test_deviations_as_json_and_csv_hold_what_ended_too(snapshot: RegisterSnapshot) -> None:
    view = deviations_view(snapshot, YEAR)
    document = json.loads(json.dumps(deviations_json.document(view)))
    assert (document["format"], document["figures"]["endings"]["fixed"]) == ("buttress.deviations", 1)
    assert document["figures"]["ages"]["31-90"] + document["figures"]["ages"][">90"] == 3
    found = {(row["test"], row["key"]): row for row in rows_of(deviations_csv.table(view))}
    assert found["leavers", "b"]["ending"] == "fixed"
    assert found["leavers", "c"]["exception"] == "EX-1"
    assert len(found) == len(document["rows"]) == 4


def test_the_calendar_shows_holes_first_and_the_rest_on_demand(snapshot: RegisterSnapshot) -> None:
    view = calendar_view(snapshot, YEAR)
    months = {row.subject: row.months for row in view.rows if row.control == "IAM-04"}
    assert months["leavers"][:9] == (
        *[MonthState.NONE] * 5,
        MonthState.WHOLE,
        *[MonthState.NONE] * 2,
        MonthState.WHOLE,
    )
    assert set(months["leavers"][9:]) == {MonthState.NOT_YET_DUE}
    text = printed(calendar_terminal.render(view))
    assert "JFMAMJJASOND" in text
    assert "✗✗✗✗✗✓✗✗✓···" in text
    assert "walkthrough  " not in text
    assert "walkthrough  " in printed(calendar_terminal.render(view, every=True))


def test_controls_without_a_test_and_sources_without_a_file_are_never_silent(snapshot: RegisterSnapshot) -> None:
    view = calendar_view(snapshot, YEAR)
    assert view.untested == ("VUL-01",)
    assert [source.state for source in view.sources] == [Freshness.UNREADABLE]
    text = printed(calendar_terminal.render(view))
    assert "Without any test" in text
    assert "no file effective by then" in text


def test_the_calendar_of_one_control_has_its_sources_only(snapshot: RegisterSnapshot) -> None:
    tests = tuple(replace(test, datasets=("hr",)) for test in snapshot.tests)
    assert len(calendar_view(replace(snapshot, tests=tests), YEAR, ("IAM-04",)).sources) == 1
    view = calendar_view(replace(snapshot, tests=tests), YEAR, ("VUL-01",))
    assert ({row.control for row in view.rows}, view.sources) == ({"VUL-01"}, ())


def test_the_calendar_as_json_and_csv(snapshot: RegisterSnapshot) -> None:
    view = calendar_view(snapshot, YEAR)
    document = json.loads(json.dumps(calendar_json.document(view)))
    assert (document["format"], document["with_holes"]) == ("buttress.calendar", 1)
    found = {(row["control"], row["subject"]): row for row in rows_of(calendar_csv.table(view))}
    leavers = found["IAM-04", "leavers"]
    assert (leavers["due"], leavers["evidenced"], leavers["missing"]) == ("9", "2", "7")
    assert leavers["holes"] == "2026-01-01/2026-05-31 2026-07-01/2026-08-31"
    assert (leavers["2026-06"], leavers["2026-10"]) == ("whole", "not_yet_due")


def test_what_is_due_comes_with_names_and_words(snapshot: RegisterSnapshot) -> None:
    view = due_view(snapshot, posture(snapshot))
    text = printed(due_terminal.render(view))
    assert "1 deviation past the term (high), the first of 30 Jun 2026" in " ".join(text.split())
    assert "Omar Haddad" in text
    assert "Overdue" in text
    document = json.loads(json.dumps(due_json.document(view)))
    assert document["overdue"] == view.overdue > 0
    assert {row["kind"] for row in rows_of(due_csv.table(view))} >= {"deviations past their term", "exception expires"}


def test_what_is_due_for_one_person(snapshot: RegisterSnapshot) -> None:
    view = due_view(snapshot, posture(snapshot), "omar")
    assert view.rows
    assert {row.owner for row in view.rows} == {"omar"}
    assert "due for Omar Haddad" in printed(due_terminal.render(view))
    assert "Nothing is due." in printed(due_terminal.render(due_view(snapshot, posture(snapshot), "paul")))


def test_runs_answer_the_question_of_a_type_2_examination(snapshot: RegisterSnapshot) -> None:
    view = runs_view(snapshot.controls[0], snapshot, YEAR)
    text = " ".join(printed(runs_terminal.render(view)).split())
    assert "1 of 25 items of the period failed, 4 %; the upper limit is 17.7 % against a tolerable 5 %." in text
    assert "95 % one-sided (Clopper and Pearson)" in text
    assert "1 run of 2 told nothing, and count for nothing." in text or "1 of 2 runs told nothing" in text
    assert "no sampling risk, and runs do not add up" in text
    assert "fixed by 30 Sep 2026" in text
    assert "covered by EX-1" in text


def test_runs_as_json_and_csv(snapshot: RegisterSnapshot) -> None:
    view = runs_view(snapshot.controls[0], snapshot, YEAR)
    document = json.loads(json.dumps(runs_json.document(view)))
    assert (document["format"], document["confidence"]) == ("buttress.runs", 0.95)
    changes = next(test for test in document["tests"] if test["id"] == "changes")
    assert changes["pooled"]["upper_limit"] == pytest.approx(0.177)
    rows = rows_of(runs_csv.table(view))
    assert len(rows) == 4
    for row in rows:
        parts = ("passed", "failed", "excepted", "not_applicable", "unknown")
        assert int(row["population"]) == sum(int(row[part]) for part in parts)


def test_a_control_without_tests_shows_that_nothing_is_known(snapshot: RegisterSnapshot) -> None:
    text = printed(runs_terminal.render(runs_view(snapshot.controls[1], snapshot, YEAR)))
    assert "nothing shows that it operates" in text


def test_a_test_that_never_ran_in_the_period_says_so(snapshot: RegisterSnapshot) -> None:
    view = runs_view(snapshot.controls[0], replace(snapshot, results=()), YEAR)
    assert "Never run in the period." in printed(runs_terminal.render(view))


@pytest.mark.parametrize("text", ["=1+1", "+44", "-5", "@x", "'=1", "\t=1", "＝1", "  =1"])
def test_csv_cells_do_not_run_in_a_spreadsheet(text: str) -> None:
    (row,) = rows_of(csv_text(("key",), [(text,)]))
    assert row["key"].startswith("'")
    if text.isprintable():
        assert row["key"][1:] == text


def test_csv_keeps_numbers_and_plain_texts_as_they_are() -> None:
    (row,) = rows_of(csv_text(("a", "b", "c", "d"), [(-5, "R-014", None, "it's")]))
    assert list(row.values()) == ["-5", "R-014", "", "it's"]


def test_csv_keeps_a_line_break_inside_its_cell_from_ending_the_line() -> None:
    assert csv_text(("key",), [("a\nb\x1b[31m",)]).splitlines() == ['"key"', '"a\\u000ab\\u001b[31m"']
