"""Each kind of due item in a sentence."""

from datetime import date

from buttress.core.acceptance import LapseReason, lapse_reason
from buttress.core.due import DueItem, DueKind
from buttress.core.money import format_money
from buttress.core.posture import Posture
from buttress.core.risk_posture import RiskPosture
from buttress.core.snapshot import Acceptance, RegisterSnapshot
from buttress.reports.notation import write_count, write_date

_WORDS = {
    DueKind.ACCEPTANCE_PROPOSED: "acceptance proposed: {about}",
    DueKind.ACCEPTANCE_LAPSED: "acceptance lapsed: {about}; decide again",
    DueKind.ACCEPTANCE_ENDED: "acceptance ended; decide again",
    DueKind.ACCEPTANCE_ENDS: "acceptance ends",
    DueKind.EXCEPTION_PROPOSED: "exception on {about} awaits approval",
    DueKind.EXCEPTION_EXPIRES: "exception on {about} expires: {items}",
    DueKind.TREATMENT_OVERDUE: "treatment overdue: {about}",
    DueKind.TREATMENT_DUE: "treatment due: {about}",
    DueKind.MANUAL_TEST_OVERDUE: "manual test overdue: {about}",
    DueKind.MANUAL_TEST_DUE: "manual test due: {about}",
    DueKind.DEVIATIONS_LATE: "{deviations} past the term ({about}), the first of {since}",
    DueKind.HOLE: "no evidence since {since}: {about}",
    DueKind.WALKTHROUGH_MISSING: "no walkthrough in the period: {about}",
    DueKind.SOURCE_STALE: "source too old, its newest file is of {since}: {about}",
    DueKind.SOURCE_UNREADABLE: "source without evidence: {about}",
    DueKind.NEVER_ASSESSED: "never assessed: {about}",
    DueKind.NOT_REVIEWED: "not reviewed since {since}",
    DueKind.ASSESSED_BEFORE_PERIOD: "assessed on {since}, before the period; review it within the period",
    DueKind.NO_ROUND: "no assessment round in the period yet (CC3.2)",
    DueKind.CHANGE_NOT_ASSESSED: "change not assessed (CC3.4): {about}",
}


def due_words(item: DueItem, snapshot: RegisterSnapshot, posture: Posture) -> str:
    """The item without its reference, date and owner; money written as in every report."""
    about = item.about
    if item.kind is DueKind.ACCEPTANCE_LAPSED:
        about = _lapse_words(item, snapshot, posture)
    return _WORDS[item.kind].format(
        about=about,
        items=write_count(item.count, "item"),
        deviations=write_count(item.count, "deviation"),
        since=_since(item.since),
    )


def _since(day: date | None) -> str:
    return write_date(day) if day else "the period began"


def _lapse_words(item: DueItem, snapshot: RegisterSnapshot, posture: Posture) -> str:
    risk = next(each for each in posture.risks if each.ref == item.ref)
    acceptance = risk.acceptances[-1].acceptance
    ceiling = acceptance.ceiling_annual_loss
    if risk.residual is None or ceiling is None:
        return item.about
    limit = float(ceiling.amount) * snapshot.rates.rate(ceiling.currency)
    if _lapse(acceptance, risk, limit, snapshot) is not LapseReason.LOSS_ABOVE_CEILING:
        return item.about
    currency = snapshot.organisation.currency
    return f"mean {format_money(risk.mean, currency)} a year is above its ceiling {format_money(limit, currency)}"


def _lapse(acceptance: Acceptance, risk: RiskPosture, limit: float, snapshot: RegisterSnapshot) -> LapseReason | None:
    return lapse_reason(
        acceptance,
        rating=risk.residual.cell.rating if risk.residual else None,
        annual_loss=risk.mean,
        ceiling_loss=limit,
        scale=snapshot.scale,
        as_of=snapshot.as_of,
    )
