"""Whether a signed decision to bear a risk still stands: pending, accepted, expired or lapsed, and why.

An acceptance states a ceiling. It ends when its last day has passed or when the residual passes the ceiling; an end
once recorded is never revived. A figure that is not known ends nothing, and neither does it pass: the state says that
the ceiling was not checked. Amounts are in the reporting currency. Sees `snapshot` and `matrix`.
"""

from datetime import date
from enum import StrEnum

from buttress.core.matrix import ScaleVersion, rating_rank
from buttress.core.snapshot import Acceptance


class AcceptanceState(StrEnum):
    """Where an acceptance stands on a day. Only `accepted` lets a residual above appetite stand."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    LAPSED = "lapsed"

    @property
    def has_ended(self) -> bool:
        return self in (AcceptanceState.EXPIRED, AcceptanceState.LAPSED)


class LapseReason(StrEnum):
    """What ended an acceptance, in the order in which reasons are looked for."""

    RECORDED = "recorded"
    DATE_PASSED = "date_passed"
    LOSS_ABOVE_CEILING = "loss_above_ceiling"
    RATING_ABOVE_CEILING = "rating_above_ceiling"


def lapse_reason(
    acceptance: Acceptance,
    *,
    rating: str | None,
    annual_loss: float | None,
    ceiling_loss: float | None,
    scale: ScaleVersion,
    as_of: date,
) -> LapseReason | None:
    """What has ended the acceptance by `as_of`, None while it holds.

    `until` is the last day on which it holds; a residual at the ceiling is within it. `annual_loss` is the mean
    residual annual loss and `ceiling_loss` the stated ceiling, both in the reporting currency; `rating` that of the
    residual's cell. A ceiling whose residual is not known, or whose rating the scale does not have, ends nothing.
    Raises ValueError where a ceiling of annual loss is stated and `ceiling_loss` is not given.
    """
    if acceptance.ceiling_annual_loss is not None and ceiling_loss is None:
        raise ValueError(f"Ceiling {acceptance.ceiling_annual_loss} needs its amount in the reporting currency")
    if acceptance.lapsed_on is not None and acceptance.lapsed_on <= as_of:
        return LapseReason.RECORDED
    if acceptance.until < as_of:
        return LapseReason.DATE_PASSED
    if ceiling_loss is not None and annual_loss is not None and annual_loss > ceiling_loss:
        return LapseReason.LOSS_ABOVE_CEILING
    if _is_above(scale, rating, acceptance.ceiling_rating):
        return LapseReason.RATING_ABOVE_CEILING
    return None


def _is_above(scale: ScaleVersion, rating: str | None, ceiling: str | None) -> bool:
    if rating is None or ceiling is None or ceiling not in scale.ratings:
        return False
    return rating_rank(scale, rating) > rating_rank(scale, ceiling)


def is_independent(acceptance: Acceptance, sole_operator: bool) -> bool:
    """True where a requester other than the approver is named, or the organisation has declared itself a sole operator.

    Under a sole operator that declaration must be said with the decision.
    """
    if sole_operator:
        return True
    return acceptance.requested_by is not None and acceptance.requested_by != acceptance.accepted_by


def acceptance_state(
    acceptance: Acceptance,
    *,
    rating: str | None,
    annual_loss: float | None,
    ceiling_loss: float | None,
    scale: ScaleVersion,
    as_of: date,
    sole_operator: bool,
) -> tuple[AcceptanceState, str]:
    """State of the acceptance on `as_of`, and in words why, or what must be said with it.

    Pending, and so without any effect: neither confirmed nor attested by a document, effective later, without a
    ceiling, or requested and accepted by one person who is not a sole operator. Expired: its last day has passed.
    Lapsed: every other reason of `lapse_reason`, which explains the figures.
    """
    if missing := _not_in_force(acceptance, as_of, sole_operator):
        return AcceptanceState.PENDING, "; ".join(missing)
    lapse = lapse_reason(
        acceptance, rating=rating, annual_loss=annual_loss, ceiling_loss=ceiling_loss, scale=scale, as_of=as_of
    )
    match lapse:
        case LapseReason.RECORDED:
            words = f"lapsed on {acceptance.lapsed_on}: {acceptance.lapse_reason or 'no reason recorded'}"
        case LapseReason.DATE_PASSED:
            return AcceptanceState.EXPIRED, f"held until {acceptance.until}"
        case LapseReason.LOSS_ABOVE_CEILING:
            words = f"residual annual loss {annual_loss:.0f} is above the ceiling {ceiling_loss:.0f}"
        case LapseReason.RATING_ABOVE_CEILING:
            words = f"residual rating {rating} is above the ceiling {acceptance.ceiling_rating}"
        case None:
            cautions = _cautions(acceptance, sole_operator) + _unchecked(acceptance, rating, annual_loss, scale)
            return AcceptanceState.ACCEPTED, "; ".join(cautions)
    return AcceptanceState.LAPSED, words


def _not_in_force(acceptance: Acceptance, as_of: date, sole_operator: bool) -> list[str]:
    """Why an acceptance counts for nothing yet."""
    reasons = []
    if not acceptance.confirmed and acceptance.attested_document is None:
        reasons.append(f"awaits the confirmation of {acceptance.accepted_by}")
    if acceptance.effective_on > as_of:
        reasons.append(f"takes effect on {acceptance.effective_on}")
    if acceptance.ceiling_rating is None and acceptance.ceiling_annual_loss is None:
        reasons.append("states no ceiling")
    if acceptance.requested_by == acceptance.accepted_by and not sole_operator:
        reasons.append(f"requested and accepted by one person, {acceptance.accepted_by}")
    return reasons


def _cautions(acceptance: Acceptance, sole_operator: bool) -> list[str]:
    """What must be said of how an acceptance that holds was decided."""
    cautions = [] if acceptance.confirmed else [f"attested by {acceptance.attested_document}"]
    if sole_operator:
        cautions.append("decided by a sole operator")
    elif not is_independent(acceptance, sole_operator):
        cautions.append("names no requester, so independence is not shown")
    return cautions


def _unchecked(acceptance: Acceptance, rating: str | None, annual_loss: float | None, scale: ScaleVersion) -> list[str]:
    """Which parts of the ceiling the residual could not be held against."""
    unchecked = []
    if acceptance.ceiling_annual_loss is not None and annual_loss is None:
        unchecked.append("ceiling of annual loss not checked: the residual is not known")
    if acceptance.ceiling_rating is not None and rating is None:
        unchecked.append("ceiling of rating not checked: the residual is not known")
    elif acceptance.ceiling_rating is not None and acceptance.ceiling_rating not in scale.ratings:
        unchecked.append(f"ceiling {acceptance.ceiling_rating} not checked: scale {scale.version} has no such rating")
    return unchecked
