"""What a cause says of itself, in one sentence of the field's words."""

from buttress.core.control_causes import CauseKey, CauseKind
from buttress.core.snapshot import Risk
from buttress.core.verdicts import ControlTest, TestResult, feeds_reliability
from buttress.core.workings import Workings


def cause_detail(key: CauseKey, old: Workings, new: Workings) -> str:
    """The sentence for one cause between two snapshots."""
    return _SENTENCES[key.kind](key.subject, old, new)


def _test_result(ref: str, old: Workings, new: Workings) -> str:
    tests = {t.id: t for t in new.snapshot.tests}
    after = _last(tests[ref], new)
    before = _last(tests[ref], old)
    now = f"{ref}: {_counts(after)}" if after else f"{ref} has a result"
    return f"{now}, before {_counts(before)}" if before else f"{now}, not tested before"


def _last(test: ControlTest, workings: Workings) -> TestResult | None:
    feeding = [r for r in workings.snapshot.results if r.test == test.id and feeds_reliability(test, r)]
    return max(feeding, key=lambda r: (r.effective_at, r.as_of), default=None)


def _counts(result: TestResult) -> str:
    return f"{result.failing} of {result.passed + result.failing} failing on {result.effective_on}"


def _aged(ref: str, old: Workings, new: Workings) -> str:
    return f"evidence on {ref} grew older"


def _control_changed(ref: str, old: Workings, new: Workings) -> str:
    before = old.states(ref, old.snapshot.as_of).status.value
    after = new.states(ref, new.snapshot.as_of).status.value
    return f"{ref} is {after}, was {before}" if before != after else f"{ref} changed its record or design"


def _effect_changed(ref: str, old: Workings, new: Workings) -> str:
    return f"what controls do to {ref} was recorded anew"


def _estimate_changed(ref: str, old: Workings, new: Workings) -> str:
    return f"{ref} was assessed on {new.staged[ref].assessment.effective_on}"


def _risk_added(ref: str, old: Workings, new: Workings) -> str:
    return f"{ref} came into the figures: {_title(ref, new)}"


def _risk_closed(ref: str, old: Workings, new: Workings) -> str:
    return f"{ref} left the figures: {_title(ref, old)}"


def _title(ref: str, workings: Workings) -> str:
    risks: dict[str, Risk] = {r.ref: r for r in workings.snapshot.risks}
    return risks[ref].title


def _rate_changed(currency: str, old: Workings, new: Workings) -> str:
    before, after = old.snapshot.rates.rate(currency), new.snapshot.rates.rate(currency)
    return f"1 {currency} is {after:g} {new.snapshot.rates.reporting}, was {before:g}"


def _floor_reached(ref: str, old: Workings, new: Workings) -> str:
    return "the least share that controls together let through, 1 %, was reached or left"


_SENTENCES = {
    CauseKind.TEST_RESULT: _test_result,
    CauseKind.EVIDENCE_AGED: _aged,
    CauseKind.CONTROL_CHANGED: _control_changed,
    CauseKind.EFFECT_CHANGED: _effect_changed,
    CauseKind.ESTIMATE_CHANGED: _estimate_changed,
    CauseKind.RISK_ADDED: _risk_added,
    CauseKind.RISK_CLOSED: _risk_closed,
    CauseKind.RATE_CHANGED: _rate_changed,
    CauseKind.FLOOR_REACHED: _floor_reached,
}
