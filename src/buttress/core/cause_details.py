"""What a cause says of itself, in one sentence of the field's words."""

from collections.abc import Iterable, Iterator
from math import isclose

from buttress.core.control_causes import CauseKey, CauseKind
from buttress.core.money import format_money
from buttress.core.operating_state import ControlStatus
from buttress.core.risk_change import by_assessment_before
from buttress.core.snapshot import Risk
from buttress.core.verdicts import ControlTest, TestResult, feeds_reliability
from buttress.core.workings import Workings

_NOTICED = 0.005
"""Least relative change of a frequency or loss that is told."""


def cause_detail(key: CauseKey, old: Workings, new: Workings) -> str:
    """The sentence for one cause between two snapshots."""
    return _SENTENCES[key.kind](key.subject, old, new)


def _test_result(ref: str, old: Workings, new: Workings) -> str:
    test = {t.id: t for t in new.snapshot.tests}[ref]
    after, before = _last(test, new), _last(test, old)
    now = f"{ref}: {_counts(after, before)}" if after else f"{ref} has a result"
    if before:
        return f"{now}, before {_counts(before, after)}"
    states = {control: old.states(control, old.snapshot.as_of).status for control in test.controls}
    if states and all(status is ControlStatus.ATTESTED for status in states.values()):
        return f"{now}, not tested before ({_listed(states)} stood at the prior of its type)"
    return f"{now}, not tested before"


def _last(test: ControlTest, workings: Workings) -> TestResult | None:
    feeding = [r for r in workings.snapshot.results if r.test == test.id and feeds_reliability(test, r)]
    return max(feeding, key=lambda r: (r.effective_at, r.as_of), default=None)


def _counts(result: TestResult, other: TestResult | None = None) -> str:
    """Counts and date; the date of the run where `other` speaks of the same day of evidence."""
    counts = f"{result.failing} of {result.passed + result.failing} failing"
    if other is not None and other.effective_on == result.effective_on:
        return f"{counts} in the run of {result.as_of}"
    return f"{counts} on {result.effective_on}"


def _aged(ref: str, old: Workings, new: Workings) -> str:
    aged = [f"{test.id} is of {result.effective_on}" for test, result in _newest_of_control(ref, new)]
    return f"evidence on {ref} grew older" + (f": {_listed(aged)}" if aged else "")


def _newest_of_control(ref: str, workings: Workings) -> Iterator[tuple[ControlTest, TestResult]]:
    """Tests of a control whose newest telling result is from before today, the oldest first."""
    found = [
        (test, last) for test in workings.snapshot.tests if ref in test.controls and (last := _last(test, workings))
    ]
    today = workings.snapshot.as_of
    yield from sorted((p for p in found if p[1].effective_on < today), key=lambda p: (p[1].effective_on, p[0].id))


def _listed(items: Iterable[str]) -> str:
    """At most two, and how many more."""
    names = list(items)
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more


def _control_changed(ref: str, old: Workings, new: Workings) -> str:
    before = old.states(ref, old.snapshot.as_of).status.value
    after = new.states(ref, new.snapshot.as_of).status.value
    return f"{ref} is {after}, was {before}" if before != after else f"{ref} changed its record or design"


def _effect_changed(ref: str, old: Workings, new: Workings) -> str:
    return f"what controls do to {ref} was recorded anew"


def _estimate_changed(ref: str, old: Workings, new: Workings) -> str:
    """Both assessments seen with the controls of today, so that what is told is what the amount comes from."""
    before, after = ({r.ref: r for r in workings.snapshot.risks}[ref] for workings in (old, new))
    was, now = by_assessment_before(before, after, old, new).residual, new.staged[ref].residual
    changes = []
    if not isclose(was.frequency.mean, now.frequency.mean, rel_tol=_NOTICED):
        changes.append(f"frequency {now.frequency.mean:.3g} a year, by the one before {was.frequency.mean:.3g}")
    if not isclose(was.magnitude.mean, now.magnitude.mean, rel_tol=_NOTICED):
        means = [format_money(law.magnitude.mean, new.snapshot.rates.reporting) for law in (now, was)]
        changes.append(f"one event {means[0]}, by the one before {means[1]}")
    told = f": {'; '.join(changes)}" if changes else ""
    return f"{ref} was assessed on {new.staged[ref].assessment.effective_on}{told}"


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
