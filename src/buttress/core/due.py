"""What is due, by when and for whom: everything in the register that waits for somebody, as facts without wording.

Each kind has its rule here and nowhere else; reports put them into words. A hole of the coverage calendar is due while it
reaches up to today, because only then can evidence still close it. Sees the posture for what depends on figures.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby

from buttress.core.acceptance import AcceptanceState
from buttress.core.calendar import coverage_calendar
from buttress.core.deviations import deviations, menders
from buttress.core.posture import Posture
from buttress.core.risk_posture import AcceptanceView
from buttress.core.snapshot import RegisterSnapshot, Risk, RiskKind
from buttress.core.verdicts import ControlTest, is_stale

AHEAD = timedelta(days=30)
"""From how long before its day on something is told."""

REVIEW_WITHIN = timedelta(days=365)

ANSWER_WITHIN = timedelta(days=30)
"""From the day of a change until when it is to be said whether any risk changes."""


class DueKind(StrEnum):
    """What waits, in the words that lists group by."""

    ACCEPTANCE_PROPOSED = "acceptance proposed"
    ACCEPTANCE_LAPSED = "acceptance lapsed"
    ACCEPTANCE_ENDED = "acceptance ended"
    ACCEPTANCE_ENDS = "acceptance ends"
    EXCEPTION_PROPOSED = "exception awaits approval"
    EXCEPTION_EXPIRES = "exception expires"
    TREATMENT_OVERDUE = "treatment overdue"
    TREATMENT_DUE = "treatment due"
    MANUAL_TEST_OVERDUE = "manual test overdue"
    MANUAL_TEST_DUE = "manual test due"
    DEVIATIONS_LATE = "deviations past their term"
    HOLE = "no evidence"
    WALKTHROUGH_MISSING = "no walkthrough"
    SOURCE_STALE = "source stale"
    SOURCE_UNREADABLE = "source unreadable"
    NEVER_ASSESSED = "never assessed"
    NOT_REVIEWED = "not reviewed for a year"
    ASSESSED_BEFORE_PERIOD = "assessed before the period"
    NO_ROUND = "no assessment round"
    CHANGE_NOT_ASSESSED = "change not assessed"


@dataclass(frozen=True, slots=True)
class DueItem:
    """`ref` waits for `owner` by `due_on` (None: no day is set).

    `about` is what a reader must know of it: a title, plan, reason or the test of an exception. `count` is of items where
    several are meant, `since` a day that the kind explains (last review, end of the last evidence, oldest deviation).
    """

    kind: DueKind
    ref: str
    due_on: date | None
    owner: str | None = None
    about: str = ""
    count: int = 0
    since: date | None = None

    def is_overdue(self, as_of: date) -> bool:
        return self.due_on is not None and self.due_on < as_of


def due_items(snapshot: RegisterSnapshot, posture: Posture) -> tuple[DueItem, ...]:
    """Everything that is due by date, what has no date last."""
    items = [*_of_records(snapshot, posture), *_late_deviations(snapshot), *_holes(snapshot), *_sources(snapshot)]
    return _by_date(items)


def due_of_records(snapshot: RegisterSnapshot, posture: Posture) -> tuple[DueItem, ...]:
    """What records and decisions ask for, by date: everything but deviations, missing evidence and old sources."""
    return _by_date(_of_records(snapshot, posture))


def _by_date(items: Iterable[DueItem]) -> tuple[DueItem, ...]:
    return tuple(sorted(items, key=lambda i: (i.due_on is None, i.due_on or date.max, i.ref)))


def _of_records(snapshot: RegisterSnapshot, posture: Posture) -> Iterator[DueItem]:
    yield from _acceptances(snapshot, posture)
    yield from _exceptions(snapshot)
    yield from _treatments(snapshot)
    yield from _manual_tests(snapshot)
    yield from _reviews(snapshot, posture)
    yield from _rounds(snapshot)
    yield from _changes(snapshot)


def _acceptances(snapshot: RegisterSnapshot, posture: Posture) -> Iterator[DueItem]:
    owners = {risk.ref: risk.owner for risk in snapshot.risks}
    for risk in posture.risks:
        for view in risk.acceptances[-1:]:
            item = _acceptance(risk.ref, view, owners.get(risk.ref), snapshot.as_of)
            if item is not None:
                yield item


def _acceptance(ref: str, view: AcceptanceView, owner: str | None, as_of: date) -> DueItem | None:
    fact = view.acceptance
    match view.state:
        case AcceptanceState.PENDING:
            return DueItem(DueKind.ACCEPTANCE_PROPOSED, ref, None, fact.accepted_by, view.reason)
        case AcceptanceState.LAPSED:
            return DueItem(DueKind.ACCEPTANCE_LAPSED, ref, fact.lapsed_on or as_of, owner, view.reason)
        case AcceptanceState.EXPIRED:
            return DueItem(DueKind.ACCEPTANCE_ENDED, ref, fact.until, owner)
        case _ if fact.until - as_of <= AHEAD:
            return DueItem(DueKind.ACCEPTANCE_ENDS, ref, fact.until, owner)
    return None


def _exceptions(snapshot: RegisterSnapshot) -> Iterator[DueItem]:
    for each in snapshot.exceptions:
        if each.approved_by is None:
            yield DueItem(DueKind.EXCEPTION_PROPOSED, each.ref, None, each.requested_by, each.test, len(each.keys))
        elif each.is_running(snapshot.as_of) and each.expires_on - snapshot.as_of <= AHEAD:
            kind = DueKind.EXCEPTION_EXPIRES
            yield DueItem(kind, each.ref, each.expires_on, each.requested_by, each.test, len(each.keys))


def _treatments(snapshot: RegisterSnapshot) -> Iterator[DueItem]:
    for risk in snapshot.risks:
        for treatment in risk.treatments[-1:]:
            is_open = treatment.done_on is None or treatment.done_on > snapshot.as_of
            if treatment.due_on and is_open and treatment.due_on - snapshot.as_of <= AHEAD:
                is_late = treatment.due_on < snapshot.as_of
                kind = DueKind.TREATMENT_OVERDUE if is_late else DueKind.TREATMENT_DUE
                plan = treatment.plan or f"{treatment.response.value} by {', '.join(treatment.controls)}"
                yield DueItem(kind, risk.ref, treatment.due_on, treatment.owner or risk.owner, plan)


def _manual_tests(snapshot: RegisterSnapshot) -> Iterator[DueItem]:
    owners = _owners_of_tests(snapshot)
    for test in snapshot.tests:
        if test.is_manual and test.next_due and test.next_due - snapshot.as_of <= AHEAD:
            is_late = test.next_due < snapshot.as_of
            kind = DueKind.MANUAL_TEST_OVERDUE if is_late else DueKind.MANUAL_TEST_DUE
            yield DueItem(kind, test.id, test.next_due, owners[test.id], test.title)


def _late_deviations(snapshot: RegisterSnapshot) -> Iterator[DueItem]:
    """One item a test, with the day on which the first of them was to be mended."""
    owners = menders(snapshot)
    late = [d for d in deviations(snapshot) if d.is_late]
    for test, group in groupby(late, key=lambda d: d.test):
        found = list(group)
        oldest = min(d.opened_on for d in found)
        due_on = min(d.due_on for d in found)
        yield DueItem(DueKind.DEVIATIONS_LATE, test, due_on, owners[test], found[0].severity, len(found), oldest)


def _holes(snapshot: RegisterSnapshot) -> Iterator[DueItem]:
    """Tests whose newest occurrence has no evidence, and walkthroughs that are missing; once each.

    A manual test that names its next day is due by that.
    """
    titles = {test.id: test.title for test in snapshot.tests if not (test.is_manual and test.next_due)}
    seen = set()
    for row in coverage_calendar(snapshot).rows:
        hole, ref = row.current_hole, row.control if row.is_walkthrough else row.subject
        if hole is None or (row.is_walkthrough, ref) in seen or not (row.is_walkthrough or ref in titles):
            continue
        seen.add((row.is_walkthrough, ref))
        kind = DueKind.WALKTHROUGH_MISSING if row.is_walkthrough else DueKind.HOLE
        yield DueItem(kind, ref, hole.due_on, row.owner, row.title, hole.count, row.latest_evidence_on)


def _sources(snapshot: RegisterSnapshot) -> Iterator[DueItem]:
    owners = _owners_of_sources(snapshot)
    for source in snapshot.datasets:
        taken, limit = source.effective_at, source.max_age_hours
        if source.problem is not None:
            yield DueItem(DueKind.SOURCE_UNREADABLE, source.ref, None, owners.get(source.ref), source.problem)
        elif taken is not None and limit is not None and is_stale(taken, limit, snapshot.as_of):
            due_on = (taken + timedelta(hours=limit)).date()
            owner = owners.get(source.ref)
            yield DueItem(DueKind.SOURCE_STALE, source.ref, due_on, owner, source.title, since=taken.date())


def _owners_of_sources(snapshot: RegisterSnapshot) -> Mapping[str, str]:
    """Who owns every test that reads a source; none where they differ."""
    found: dict[str, set[str | None]] = {}
    for test in snapshot.tests:
        for source in test.datasets:
            found.setdefault(source, set()).add(test.owner)
    return {ref: owner for ref, who in found.items() if len(who) == 1 for owner in who if owner is not None}


def _owners_of_tests(snapshot: RegisterSnapshot) -> Mapping[str, str | None]:
    """The test's own, else that of the first control that has one."""
    controls = {control.ref: control.owner for control in snapshot.controls}

    def owner(test: ControlTest) -> str | None:
        return test.owner or next((o for ref in test.controls if (o := controls.get(ref))), None)

    return {test.id: owner(test) for test in snapshot.tests}


def _reviews(snapshot: RegisterSnapshot, posture: Posture) -> Iterator[DueItem]:
    """Conditions have no figures, so that only an old review of theirs is due, never a first one."""
    reviewed = {risk.ref: risk.last_reviewed_on for risk in posture.risks}
    for risk in snapshot.risks:
        last = reviewed.get(risk.ref)
        if risk.ref in reviewed and not (last is None and risk.kind is RiskKind.CONDITION):
            item = _review(risk, last, snapshot)
            if item is not None:
                yield item


def _review(risk: Risk, last: date | None, snapshot: RegisterSnapshot) -> DueItem | None:
    if last is None:
        return DueItem(DueKind.NEVER_ASSESSED, risk.ref, None, risk.owner, risk.title)
    if snapshot.as_of - last > REVIEW_WITHIN:
        due_on = last + REVIEW_WITHIN
        return DueItem(DueKind.NOT_REVIEWED, risk.ref, due_on, risk.owner, risk.title, since=last)
    if snapshot.engagement and last < snapshot.engagement.period_start:
        due_on = snapshot.engagement.period_end
        return DueItem(DueKind.ASSESSED_BEFORE_PERIOD, risk.ref, due_on, risk.owner, risk.title, since=last)
    return None


def _rounds(snapshot: RegisterSnapshot) -> Iterator[DueItem]:
    """CC3.2 asks for an assessment of risks; without a round in the period nothing shows one."""
    period = snapshot.engagement
    if period and not any(period.period_start <= r.effective_on <= snapshot.as_of for r in snapshot.rounds):
        yield DueItem(DueKind.NO_ROUND, period.ref, period.period_end)


def _changes(snapshot: RegisterSnapshot) -> Iterator[DueItem]:
    """CC3.4 asks for an answer to each change; `since` is the day of the change."""
    for change in snapshot.changes:
        if change.effective_on <= snapshot.as_of and change.assessed_on is None:
            day = change.effective_on
            due_on = day + ANSWER_WITHIN
            yield DueItem(DueKind.CHANGE_NOT_ASSESSED, change.ref, due_on, about=change.title, since=day)
