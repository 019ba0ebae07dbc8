"""What evidence says today: tests by verdict, tests that do not tell and why, failing tests with their deviations."""

from datetime import timedelta

from buttress.core.control_posture import TestView, latest_results, test_view
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.verdicts import Verdict, start_of, tolerable_rate
from buttress.reports.notation import write_count
from buttress.reports.states import VERDICTS, reason_code, reason_words
from buttress.reports.summary.view import DeviationRow, EvidenceView, UnknownRow

KEYS = 5

_BY_SEVERITY = (Verdict.ERROR, Verdict.STALE, Verdict.INCOMPLETE, Verdict.NOT_EVALUATED)


def evidence_view(snapshot: RegisterSnapshot) -> EvidenceView:
    """Every control test of the register as it stands on the snapshot's day."""
    latest = latest_results(snapshot)
    views = [test_view(test, latest.get(test.id), snapshot) for test in snapshot.tests]
    counts = tuple((v, sum(view.judgement.verdict is v for view in views)) for v in VERDICTS)
    silent = [view for view in views if not view.judgement.verdict.is_judged]
    silent.sort(key=lambda view: (_BY_SEVERITY.index(view.judgement.verdict), view.test.id))
    failing = [view for view in views if view.judgement.verdict is Verdict.FAIL]
    failing.sort(key=lambda view: (-(view.judgement.rate or 0.0), view.test.id))
    return EvidenceView(
        len(views),
        counts,
        tuple(_unknown(view, snapshot) for view in silent),
        tuple(_deviation(view) for view in failing),
        tuple(_unknown(view, snapshot) for view in sorted(views, key=lambda view: view.test.id) if is_replaced(view)),
    )


def is_replaced(view: TestView) -> bool:
    """True where a judged result rests on a file whose bytes changed after a test of it."""
    reasons = view.judgement.reasons
    return view.judgement.verdict.is_judged and any(reason_code(each) == "evidence_replaced" for each in reasons)


def reasons_told(view: TestView, snapshot: RegisterSnapshot) -> str:
    """Why a test does not tell, or what must be said beside the verdict of one that does; there often nothing."""
    if not view.judgement.verdict.is_judged:
        return why_silent(view, snapshot)
    return "; ".join(dict.fromkeys(reason_words(reason) for reason in view.judgement.reasons))


def _unknown(view: TestView, snapshot: RegisterSnapshot) -> UnknownRow:
    test = view.test
    return UnknownRow(test.id, test.title, view.judgement.verdict, reasons_told(view, snapshot), test.controls)


def why_silent(view: TestView, snapshot: RegisterSnapshot) -> str:
    """Every reason of the result, and what is known of its data sets; never empty."""
    reasons = view.judgement.reasons
    if any(reason_code(reason) == "older_than" for reason in reasons):
        reasons = tuple(reason for reason in reasons if reason_code(reason) != "stale")
    without_file = {f"no_snapshot({name})" for name in view.test.datasets}.intersection(reasons)
    problems = [
        f"{d.ref}: {d.problem}"
        for d in snapshot.datasets
        if d.ref in view.test.datasets and d.problem and f"no_snapshot({d.ref})" not in without_file
    ]
    found = list(dict.fromkeys([*(_reason(reason, view, snapshot) for reason in reasons), *problems]))
    result = view.result
    if result is not None and result.population == 0 and view.judgement.verdict is Verdict.NOT_EVALUATED:
        found.append("this is not a pass" if found else "the population is empty, which is not a pass")
    return "; ".join(found) or "no reason recorded"


def _reason(reason: str, view: TestView, snapshot: RegisterSnapshot) -> str:
    if reason_code(reason) != "older_than" or view.result is None or view.test.max_age_hours is None:
        return reason_words(reason)
    age = start_of(snapshot.as_of) - view.result.effective_at
    sources = ", ".join(view.test.datasets) or "its evidence"
    limit = write_hours(view.test.max_age_hours)
    return f"the snapshot of {sources} is {write_hours(age / timedelta(hours=1))} old, limit {limit}"


def write_hours(hours: float) -> str:
    """
    >>> write_hours(1), write_hours(26), write_hours(48), write_hours(219.5)
    ('1 hour', '26 hours', '2 days', '9 days')
    """
    if hours < 48:
        return write_count(round(hours), "hour")
    return write_count(int(hours // 24), "day")


def _deviation(view: TestView) -> DeviationRow:
    result = view.result
    assert result is not None
    keys = result.failing_keys
    return DeviationRow(
        view.test.id,
        view.test.title,
        view.test.controls,
        view.judgement.failed,
        view.judgement.excepted,
        result.passed + result.failing,
        view.judgement.rate or 0.0,
        tolerable_rate(view.test, result),
        result.effective_on,
        keys[:KEYS],
        max(result.failing - len(keys[:KEYS]), 0),
        view.test.remediation,
    )
