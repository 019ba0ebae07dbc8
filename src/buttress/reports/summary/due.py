"""What waits for somebody: decisions about to end, decisions pending, plans and tests overdue, reviews too old."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from buttress.core.acceptance import AcceptanceState, LapseReason, lapse_reason
from buttress.core.money import format_money
from buttress.core.posture import Posture
from buttress.core.risk_posture import AcceptanceView, RiskPosture
from buttress.core.snapshot import RegisterSnapshot, Risk, RiskKind
from buttress.reports.notation import write_count, write_date, write_list
from buttress.reports.summary.view import DueRow

AHEAD = timedelta(days=30)
REVIEW_WITHIN = timedelta(days=365)
APART = 3
"""Rows of one kind that are told apart; more are told in one line."""


def due_rows(snapshot: RegisterSnapshot, posture: Posture) -> tuple[DueRow, ...]:
    """Rows by date, those without a date last; each names its record and what to do about it."""
    rows = [
        *_acceptances(snapshot, posture),
        *_exceptions(snapshot),
        *_treatments(snapshot),
        *_manual_tests(snapshot),
        *_reviews(snapshot, posture),
        *_rounds(snapshot),
        *_changes(snapshot),
    ]
    return tuple(sorted(rows, key=lambda row: (row.due_on is None, row.due_on or date.max, row.what)))


def grouped(rows: Sequence[DueRow]) -> tuple[DueRow, ...]:
    """Rows with those of one kind in one where there are more than `APART`: their number, the first references, the
    earliest date, and the owner if all have the same."""
    kinds: dict[str, list[DueRow]] = {}
    for row in rows:
        kinds.setdefault(row.kind or row.text, []).append(row)
    told = []
    for row in rows:
        alike = kinds[row.kind or row.text]
        if not row.kind or len(alike) <= APART:
            told.append(row)
        elif row is alike[0]:
            told.append(_together(alike))
    return tuple(told)


def _together(rows: Sequence[DueRow]) -> DueRow:
    first, owners = rows[0], {row.owner for row in rows}
    text = f"{first.kind}: {write_list([row.what for row in rows])}"
    owner = first.owner if len(owners) == 1 else "several"
    return DueRow(write_count(len(rows), first.subject), text, first.due_on, owner, first.kind, first.subject)


def _acceptances(snapshot: RegisterSnapshot, posture: Posture) -> Iterator[DueRow]:
    owners = {risk.ref: risk.owner for risk in snapshot.risks}
    for risk in posture.risks:
        for view in risk.acceptances[-1:]:
            row = _acceptance(risk, view, owners.get(risk.ref), snapshot)
            if row is not None:
                yield row


def _acceptance(
    risk: RiskPosture, view: AcceptanceView, owner: str | None, snapshot: RegisterSnapshot
) -> DueRow | None:
    until, by = view.acceptance.until, view.acceptance.accepted_by
    match view.state:
        case AcceptanceState.PENDING:
            return DueRow(risk.ref, f"acceptance proposed: {view.reason}", None, by, "acceptance proposed", "risk")
        case AcceptanceState.LAPSED:
            text = f"acceptance lapsed: {_lapse_words(risk, view, snapshot)}; decide again"
            return DueRow(
                risk.ref, text, view.acceptance.lapsed_on or snapshot.as_of, owner, "acceptance lapsed", "risk"
            )
        case AcceptanceState.EXPIRED:
            return DueRow(risk.ref, "acceptance ended; decide again", until, owner, "acceptance ended", "risk")
        case _ if until - snapshot.as_of <= AHEAD:
            return DueRow(risk.ref, "acceptance ends", until, owner, "acceptance ends", "risk")
    return None


def _lapse_words(risk: RiskPosture, view: AcceptanceView, snapshot: RegisterSnapshot) -> str:
    """Why it lapsed, money written as everywhere in the report."""
    ceiling, acceptance = view.acceptance.ceiling_annual_loss, view.acceptance
    if risk.residual is None or ceiling is None:
        return view.reason
    limit = float(ceiling.amount) * snapshot.rates.rate(ceiling.currency)
    reason = lapse_reason(
        acceptance,
        rating=risk.residual.cell.rating,
        annual_loss=risk.mean,
        ceiling_loss=limit,
        scale=snapshot.scale,
        as_of=snapshot.as_of,
    )
    if reason is not LapseReason.LOSS_ABOVE_CEILING:
        return view.reason
    currency = snapshot.organisation.currency
    return f"mean {format_money(risk.mean, currency)} a year is above its ceiling {format_money(limit, currency)}"


def _exceptions(snapshot: RegisterSnapshot) -> Iterator[DueRow]:
    for exception in snapshot.exceptions:
        if exception.approved_by is None:
            text, kind = f"exception on {exception.test} awaits approval", "awaits approval"
            yield DueRow(exception.ref, text, None, exception.requested_by, kind, "exception")
        elif exception.is_running(snapshot.as_of) and exception.expires_on - snapshot.as_of <= AHEAD:
            text = f"exception on {exception.test} expires: {write_count(len(exception.keys), 'item')}"
            yield DueRow(exception.ref, text, exception.expires_on, exception.requested_by, "expires", "exception")


def _treatments(snapshot: RegisterSnapshot) -> Iterator[DueRow]:
    for risk in snapshot.risks:
        for treatment in risk.treatments[-1:]:
            is_open = treatment.done_on is None or treatment.done_on > snapshot.as_of
            if treatment.due_on and is_open and treatment.due_on - snapshot.as_of <= AHEAD:
                plan = treatment.plan or f"{treatment.response.value} by {write_list(treatment.controls)}"
                late = "treatment overdue" if treatment.due_on < snapshot.as_of else "treatment due"
                yield DueRow(risk.ref, f"{late}: {plan}", treatment.due_on, treatment.owner or risk.owner, late, "risk")


def _manual_tests(snapshot: RegisterSnapshot) -> Iterator[DueRow]:
    for test in snapshot.tests:
        if test.is_manual and test.next_due and test.next_due - snapshot.as_of <= AHEAD:
            late = "overdue" if test.next_due < snapshot.as_of else "due"
            yield DueRow(test.id, f"manual test {late}: {test.title}", test.next_due, test.owner, late, "manual test")


def _reviews(snapshot: RegisterSnapshot, posture: Posture) -> Iterator[DueRow]:
    """Conditions have no figures, so that only an old review of theirs is due, never a first one."""
    reviewed = {risk.ref: risk.last_reviewed_on for risk in posture.risks}
    for risk in snapshot.risks:
        last = reviewed.get(risk.ref)
        if risk.ref not in reviewed or (last is None and risk.kind is RiskKind.CONDITION):
            continue
        row = _review(risk, last, snapshot)
        if row is not None:
            yield row


def _review(risk: Risk, last: date | None, snapshot: RegisterSnapshot) -> DueRow | None:
    if last is None:
        return DueRow(risk.ref, f"never assessed: {risk.title}", None, risk.owner, "never assessed", "risk")
    if snapshot.as_of - last > REVIEW_WITHIN:
        text = f"not reviewed since {write_date(last)}"
        return DueRow(risk.ref, text, last + REVIEW_WITHIN, risk.owner, "not reviewed for a year", "risk")
    if snapshot.engagement and last < snapshot.engagement.period_start:
        text = f"assessed on {write_date(last)}, before the period; review it within the period"
        return DueRow(risk.ref, text, snapshot.engagement.period_end, risk.owner, "assessed before the period", "risk")
    return None


def _rounds(snapshot: RegisterSnapshot) -> Iterator[DueRow]:
    """CC3.2 asks for an assessment of risks; without a round in the period nothing shows one."""
    period = snapshot.engagement
    if period and not any(period.period_start <= r.effective_on <= snapshot.as_of for r in snapshot.rounds):
        yield DueRow(period.ref, "no assessment round in the period yet (CC3.2)", period.period_end)


def _changes(snapshot: RegisterSnapshot) -> Iterator[DueRow]:
    for change in snapshot.changes:
        if change.effective_on <= snapshot.as_of and change.assessed_on is None:
            text = f"change not assessed (CC3.4): {change.title}"
            yield DueRow(change.ref, text, change.effective_on, None, "not assessed (CC3.4)", "change")
