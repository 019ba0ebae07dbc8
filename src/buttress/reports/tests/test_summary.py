"""The summary answers first, never turns unknown into good, and fits its page."""

import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from rich.console import Console, RenderableType

from buttress.core.appetite import Appetite, AppetitePoint
from buttress.core.control_causes import CauseKind
from buttress.core.criterion_state import Headline
from buttress.core.explain import Explanation, Part
from buttress.core.money import format_money
from buttress.core.posture import Posture, posture
from buttress.core.snapshot import Basis, BasisKind, Change, DatasetState, PinnedControl, RegisterSnapshot
from buttress.core.verdicts import ApprovedException, Outcome, Verdict
from buttress.reports.states import VERDICTS, Tone, reason_words
from buttress.reports.summary.compose import engagement_words, summary
from buttress.reports.summary.due import grouped
from buttress.reports.summary.risks import moved_row
from buttress.reports.summary.terminal import render
from buttress.reports.summary.view import Answer, DueRow, Summary

GENEROUS = (AppetitePoint(1e5, 1.0), AppetitePoint(1e9, 1.0))
STRICT = (AppetitePoint(1e5, 1e-6), AppetitePoint(1e9, 1e-6))


@pytest.fixture(scope="module")
def view(snapshot: RegisterSnapshot, assessed: Posture, explanation: Explanation) -> Summary:
    return summary(snapshot, assessed, explanation)


def printed(renderable: RenderableType, width: int = 100, **options: object) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, **options).print(renderable)  # type: ignore[arg-type]
    return out.getvalue()


def with_appetite(snapshot: RegisterSnapshot, curve: tuple[AppetitePoint, ...], highest: str) -> RegisterSnapshot:
    return replace(snapshot, appetite=Appetite(date(2025, 12, 1), highest, curve, approved_by="erin"))


def estimated_only(snapshot: RegisterSnapshot) -> RegisterSnapshot:
    return replace(snapshot, risks=tuple(risk for risk in snapshot.risks if risk.assessments))


@pytest.mark.parametrize(
    ("curve", "highest", "is_whole", "answer", "words"),
    [
        (STRICT, "critical", True, Answer.OVER, "Over appetite for losses between $100k and $1.00B a year"),
        (STRICT, "critical", False, Answer.OVER, "Over appetite for losses between $100k and $1.00B a year"),
        (GENEROUS, "critical", False, Answer.CANNOT_SAY, "Cannot say: 1 of 4 risks not estimated"),
        (GENEROUS, "moderate", True, Answer.OUTSIDE_TOLERANCE, "but 2 risks outside tolerance"),
        (GENEROUS, "critical", True, Answer.WITHIN, "Within appetite"),
    ],
)
def test_the_verdict_is_the_first_answer_that_holds(
    snapshot: RegisterSnapshot,
    curve: tuple[AppetitePoint, ...],
    highest: str,
    is_whole: bool,
    answer: Answer,
    words: str,
) -> None:
    register = with_appetite(estimated_only(snapshot) if is_whole else snapshot, curve, highest)
    verdict = summary(register, posture(register), None).verdict
    assert verdict.answer is answer
    assert words in verdict.sentence


def test_without_appetite_it_cannot_say(snapshot: RegisterSnapshot) -> None:
    register = replace(estimated_only(snapshot), appetite=None)
    verdict = summary(register, posture(register), None).verdict
    assert (verdict.answer, verdict.sentence) == (Answer.CANNOT_SAY, "Cannot say: no appetite is stated")


def test_an_exceeded_category_is_named(snapshot: RegisterSnapshot) -> None:
    register = replace(
        estimated_only(snapshot),
        appetite=Appetite(
            date(2025, 12, 1), "critical", GENEROUS, category_curves=(("security", STRICT),), approved_by="erin"
        ),
    )
    verdict = summary(register, posture(register), None).verdict
    assert verdict.sentence.startswith("Over appetite in security for losses between")


def test_the_chance_and_the_appetite_are_those_at_the_tightest_loss(view: Summary) -> None:
    overall = view.appetite[0]
    assert overall.category == "all risks"
    assert overall.chance > overall.limit
    assert overall.over[-1][1] == 5_000_000
    assert overall.over[0][0] <= overall.tightest_at <= overall.over[-1][1]


def test_risks_come_by_mean_and_only_estimated_ones(view: Summary) -> None:
    means = [row.mean for row in view.largest]
    assert view.largest[0].ref == "R-014"
    assert means == sorted(means, reverse=True)
    assert "R-048" not in [row.ref for row in view.largest]


def test_controls_to_mend_come_by_worth_and_one_without_a_number_only_where_it_fails(view: Summary) -> None:
    assert [row.ref for row in view.mend] == ["IAM-04", "AVL-02"]
    assert "leavers-disabled fails: 8 of 41" in view.mend[0].why
    assert "9 days old, limit 2 days" in view.mend[1].why


def test_a_suggestion_is_called_one_until_somebody_approves_it(snapshot: RegisterSnapshot) -> None:
    unapproved = replace(snapshot, appetite=Appetite(date(2025, 12, 1), "critical", STRICT))
    found = summary(unapproved, posture(unapproved), None).verdict
    assert found.sentence.startswith("Over the suggested appetite for losses between")
    assert "Nobody has approved the appetite." in found.details


def test_a_passing_control_is_not_to_be_mended(view: Summary) -> None:
    assert "IAM-02" not in [row.ref for row in view.mend]


def test_unknown_is_counted_beside_pass_and_fail(view: Summary) -> None:
    counts = dict(view.evidence.counts)
    assert (counts[Verdict.PASS], counts[Verdict.FAIL], counts[Verdict.STALE]) == (1, 1, 1)
    assert sum(counts.values()) == view.evidence.tests
    assert [row.test for row in view.evidence.unknown] == ["backup-jobs"]


def test_no_verdict_that_does_not_tell_is_written_in_a_good_tone() -> None:
    for verdict, state in VERDICTS.items():
        assert (state.tone is Tone.GOOD) == verdict.is_passed
        assert (state.tone is Tone.UNKNOWN) == (not verdict.is_judged)


def test_an_empty_population_says_that_it_is_no_pass(snapshot: RegisterSnapshot) -> None:
    emptied = tuple(replace(r, population=0, passed=0) if r.test == "mfa-enrolled" else r for r in snapshot.results)
    register = replace(snapshot, results=emptied)
    found = summary(register, posture(register), None).evidence.unknown
    why = {row.test: row.why for row in found}["mfa-enrolled"]
    assert why.startswith("the population is empty; this is not a pass")


def test_deviations_name_the_first_keys_and_count_the_rest(view: Summary) -> None:
    row = view.evidence.deviations[0]
    assert (row.failed, row.judged, row.keys[0], len(row.keys), row.more) == (8, 41, "crm|a-000", 5, 3)


def test_excepted_items_stay_in_the_true_rate(snapshot: RegisterSnapshot) -> None:
    exception = ApprovedException(
        "EX-004",
        "leavers-disabled",
        frozenset({"crm|a-000"}),
        "sole access of a vendor",
        date(2026, 9, 1),
        date(2026, 10, 20),
        "omar",
        "erin",
    )
    register = replace(snapshot, exceptions=(exception,))
    found = summary(register, posture(register), None)
    row = found.evidence.deviations[0]
    assert (row.failed, row.excepted, round(row.rate, 3)) == (7, 1, 0.195)
    assert any(due.what == "EX-004" and due.due_on == date(2026, 10, 20) for due in found.due)


def test_criteria_that_do_not_operate_come_with_their_reason(view: Summary) -> None:
    states = {row.id: row for row in view.criteria.not_operating}
    assert states["CC6.1"].state is Headline.DEVIATING
    assert "leavers-disabled" in states["CC6.1"].reasons[0]
    assert states["A1.2"].state is Headline.UNKNOWN
    assert "P1.1" not in states
    assert view.criteria.in_scope == 3


def test_what_is_due_is_named_with_its_date(view: Summary) -> None:
    due = {row.what: row for row in view.due}
    assert due["R-001"].text == "acceptance ends"
    assert due["R-014"].text == "treatment due: disable by SCIM"
    assert "no assessment round" in due["SOC2-2026"].text
    assert due["R-048"].due_on is None


def test_a_change_without_assessment_is_due(snapshot: RegisterSnapshot) -> None:
    change = Change("CHG-1", "New payment vendor", snapshot.as_of - timedelta(days=40))
    register = replace(snapshot, changes=(change,))
    rows = summary(register, posture(register), None).due
    assert any(row.what == "CHG-1" and "CC3.4" in row.text for row in rows)


def test_an_old_assessment_asks_for_review(snapshot: RegisterSnapshot) -> None:
    risk = snapshot.risks[0]
    old = replace(risk, assessments=(replace(risk.assessments[0], effective_on=date(2025, 3, 1)),))
    register = replace(snapshot, risks=(old, *snapshot.risks[1:]))
    rows = {row.text for row in summary(register, posture(register), None).due if row.what == risk.ref}
    assert "not reviewed since 1 Mar 2025" in rows


def test_what_moved_adds_up_as_printed(view: Summary) -> None:
    lines = printed(render(view)).split("What moved and why")[1].split("Why R-")[0].splitlines()
    numbers = [line.split()[-1] for line in lines if line.strip() and line.split()[-1][-1].isdigit()]
    values = [int(n.replace(",", "").replace("−", "-")) for n in numbers]
    assert sum(values[:-1]) == values[-1]
    assert len(values) == len(view.moved.rows if view.moved else ()) + 2


def test_why_the_largest_risk_moved_adds_up_as_printed(view: Summary) -> None:
    assert view.moved is not None
    assert view.moved.largest is not None
    assert view.moved.largest.ref == view.largest[0].ref
    block = (
        printed(render(view)).split(f"Why {view.largest[0].ref}, the largest risk, moved")[1].split("Controls to")[0]
    )
    values = [
        int(line.split()[-1].replace(",", "").replace("−", "-"))
        for line in block.splitlines()
        if line.strip() and line.split()[-1][-1].isdigit()
    ]
    assert sum(values[:-1]) == values[-1]
    assert len(values) == len(view.moved.largest.rows) + 2


@pytest.mark.parametrize("width", [80, 60])
def test_a_narrow_terminal_hides_no_number(view: Summary, width: int) -> None:
    text = printed(render(view), width=width)
    assert "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    for row in view.largest:
        assert format_money(row.mean) in text
        assert row.rating in text


def test_it_fits_100_columns_without_cutting_anything(view: Summary) -> None:
    text = printed(render(view))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    assert "…" not in text
    assert "\x1b" not in text


def test_long_words_do_not_push_numbers_out(view: Summary) -> None:
    long = replace(
        view,
        largest=tuple(
            replace(row, title="Unauthorised" * 6, mean=123e9, mean_range=(1.5e9, 999e9), rating="catastrophic")
            for row in view.largest
        ),
    )
    text = printed(render(long))
    assert "$123B" in text
    assert "$1.50B to $999B" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100


def test_colour_is_used_only_where_it_is_wanted(view: Summary) -> None:
    coloured = printed(render(view), force_terminal=True, color_system="standard")
    assert "\x1b[" in coloured
    plain = printed(render(view), force_terminal=True, color_system="standard", no_color=True)
    assert "\x1b[3" not in plain


def test_an_empty_register_says_so(snapshot: RegisterSnapshot) -> None:
    empty = replace(snapshot, risks=(), controls=(), tests=(), results=(), criteria=(), appetite=None)
    text = printed(render(summary(empty, posture(empty), None)))
    assert "No risk is estimated yet." in text
    assert "No control test yet." in text


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2025, 12, 29), "begins 1 Jan 2026 (in 3 days)"),
        (date(2026, 1, 1), "1 Jan 2026 to 31 Dec 2026"),
        (date(2026, 12, 31), "1 Jan 2026 to 31 Dec 2026"),
        (date(2027, 1, 1), "ended 31 Dec 2026 (1 day ago)"),
    ],
)
def test_an_engagement_whose_period_does_not_hold_the_day_says_so(
    snapshot: RegisterSnapshot, day: date, words: str
) -> None:
    assert snapshot.engagement is not None
    assert engagement_words(snapshot.engagement, day) == f"SOC2-2026, Type 2, Availability, Security, {words}"


def test_many_due_rows_of_one_kind_share_a_line_and_the_count_of_overdue_stays(view: Summary) -> None:
    late = view.as_of - timedelta(days=2)
    alike = [DueRow(f"R-{n:03}", f"not reviewed {n}", late, "omar", "not reviewed", "risk") for n in range(45)]
    today = DueRow("MT-1", "manual test due", view.as_of, "ruth", "due", "manual test")
    told = grouped([*alike, today])
    assert [(row.what, row.owner, row.due_on) for row in told] == [
        ("45 risks", "omar", late),
        ("MT-1", "ruth", view.as_of),
    ]
    assert told[0].text.startswith("not reviewed: R-000, R-001")
    assert "Due  46, 45 overdue" in printed(render(replace(view, due=(*alike, today))))
    assert grouped(alike[:3]) == tuple(alike[:3])


def test_a_loss_rarer_than_1_year_in_20_has_none(view: Summary) -> None:
    rare = replace(view, largest=(replace(view.largest[0], one_year_in_20=0.0),))
    block = printed(render(rare)).split("1 largest risks")[1].split("What moved")[0]
    assert " none " in block
    assert "$0" not in block


def test_a_heading_promises_only_columns_that_are_shown(view: Summary) -> None:
    assert "5th to 95th percentile" in printed(render(view), width=100)
    narrow = printed(render(view), width=60)
    assert ("5th to 95th percentile" in narrow) == (" to $" in narrow.split("largest risks")[1].split("What moved")[0])
    assert "5th to 95th percentile" not in narrow


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (BasisKind.LIBRARY, "never spoken of: assumed, as the library's estimate does"),
        (BasisKind.WITH_CONTROLS, "never spoken of: assumed, as the estimate does"),
        (BasisKind.INHERENT, "never spoken of: lowers nothing until it is"),
    ],
)
def test_a_control_never_spoken_of_is_not_called_untested(
    snapshot: RegisterSnapshot, kind: BasisKind, words: str
) -> None:
    basis = Basis(kind, None if kind is BasisKind.INHERENT else (PinnedControl("IAM-02"),))
    silent = replace(
        snapshot,
        controls=tuple(
            replace(c, in_place_on=None, walkthroughs=()) if c.ref == "IAM-02" else c for c in snapshot.controls
        ),
        risks=tuple(
            replace(r, assessments=tuple(replace(a, basis=basis) for a in r.assessments)) for r in snapshot.risks[1:2]
        ),
        tests=(),
        results=(),
    )
    found = {row.ref: row.why for row in summary(silent, posture(silent), None).untested}
    assert found["IAM-02"] == words


def test_a_missing_file_is_told_once(snapshot: RegisterSnapshot) -> None:
    barred = tuple(
        replace(r, outcome=Outcome.NOT_EVALUATED, population=0, passed=0, reasons=("no_snapshot(idp_accounts)",))
        if r.test == "mfa-enrolled"
        else r
        for r in snapshot.results
    )
    dataset = DatasetState("idp_accounts", "Accounts", None, None, 48, "no file effective by then")
    register = replace(snapshot, results=barred, datasets=(dataset,))
    rows = summary(register, posture(register), None).evidence.unknown
    (why,) = [row.why for row in rows if row.test == "mfa-enrolled"]
    assert why.count("effective by then") == 1


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("repeated_keys(1 rows)", "1 key comes more than once"),
        ("repeated_keys(2)", "2 keys come more than once"),
        ("null_keys(1)", "1 row has an empty key"),
    ],
)
def test_one_item_is_written_in_the_singular(reason: str, words: str) -> None:
    assert reason_words(reason) == words


@pytest.mark.parametrize(("cents", "is_better"), [(-100, True), (100, False)])
def test_a_first_result_that_fails_in_part_and_still_lowers_loss_says_why(cents: int, is_better: bool) -> None:
    text = "leavers: 2 of 40 failing on 2026-09-29, not tested before (IAM-04 stood at the prior of its type)"
    row = moved_row(Part(CauseKind.TEST_RESULT, "leavers", text, cents))
    assert row.text.endswith(": better than the prior at which IAM-04 stood") == is_better
