from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from buttress.core.acceptance import AcceptanceState, LapseReason, acceptance_state, is_independent, lapse_reason
from buttress.core.matrix import Band, ScaleVersion
from buttress.core.money import Money
from buttress.core.snapshot import Acceptance

UNTIL = date(2026, 12, 31)
DAY = date(2026, 9, 30)
SCALE = ScaleVersion(
    "2026",
    date(2026, 1, 1),
    "USD",
    (Band("any", 0.1, 1),),
    (Band("any", 1e3, 1e4),),
    ("low", "moderate", "high", "critical"),
    (("low",),),
)
SIGNED = Acceptance(
    effective_on=date(2026, 1, 15),
    accepted_by="erin",
    authority="executive",
    reason="replaced in the next release",
    until=UNTIL,
    ceiling_rating="high",
    ceiling_annual_loss=Money(Decimal(250_000), "EUR"),
    requested_by="ruth",
    confirmed=True,
)


def lapse(
    acceptance: Acceptance = SIGNED,
    *,
    rating: str | None = "high",
    annual_loss: float | None = 100_000.0,
    ceiling_loss: float | None = 272_500.0,
    as_of: date = DAY,
) -> LapseReason | None:
    return lapse_reason(
        acceptance, rating=rating, annual_loss=annual_loss, ceiling_loss=ceiling_loss, scale=SCALE, as_of=as_of
    )


def state(
    acceptance: Acceptance = SIGNED,
    *,
    rating: str | None = "high",
    annual_loss: float | None = 100_000.0,
    as_of: date = DAY,
    sole_operator: bool = False,
) -> tuple[AcceptanceState, str]:
    return acceptance_state(
        acceptance,
        rating=rating,
        annual_loss=annual_loss,
        ceiling_loss=272_500.0,
        scale=SCALE,
        as_of=as_of,
        sole_operator=sole_operator,
    )


def test_acceptance_lapses_when_its_date_passes() -> None:
    assert lapse(as_of=UNTIL) is None
    assert lapse(as_of=UNTIL + timedelta(1)) is LapseReason.DATE_PASSED
    assert state(as_of=UNTIL + timedelta(1)) == (AcceptanceState.EXPIRED, "held until 2026-12-31")


def test_acceptance_lapses_when_the_residual_passes_the_ceiling_of_loss() -> None:
    assert lapse(annual_loss=272_500.0) is None
    assert lapse(annual_loss=272_500.01) is LapseReason.LOSS_ABOVE_CEILING
    found = state(annual_loss=300_000.0)
    assert found == (AcceptanceState.LAPSED, "residual annual loss 300000 is above the ceiling 272500")


def test_acceptance_lapses_when_the_residual_passes_the_ceiling_of_rating() -> None:
    assert lapse(rating="low") is None
    assert lapse(rating="critical") is LapseReason.RATING_ABOVE_CEILING
    assert state(rating="critical") == (
        AcceptanceState.LAPSED,
        "residual rating critical is above the ceiling high",
    )


def test_each_ceiling_stands_alone() -> None:
    by_rating = replace(SIGNED, ceiling_annual_loss=None)
    by_loss = replace(SIGNED, ceiling_rating=None)
    assert lapse(by_rating, annual_loss=1e9, ceiling_loss=None) is None
    assert lapse(by_loss, rating="critical") is None
    assert lapse(by_loss, annual_loss=1e9) is LapseReason.LOSS_ABOVE_CEILING


def test_a_recorded_lapse_is_never_revived() -> None:
    lapsed = replace(SIGNED, lapsed_on=date(2026, 5, 1), lapse_reason="residual above ceiling")
    assert lapse(lapsed, rating="low", annual_loss=0.0) is LapseReason.RECORDED
    assert state(lapsed, rating="low", annual_loss=0.0) == (
        AcceptanceState.LAPSED,
        "lapsed on 2026-05-01: residual above ceiling",
    )
    assert lapse(lapsed, as_of=date(2026, 5, 1)) is LapseReason.RECORDED
    assert lapse(lapsed, as_of=date(2026, 4, 30)) is None


def test_reasons_are_looked_for_in_order() -> None:
    late = UNTIL + timedelta(1)
    lapsed = replace(SIGNED, lapsed_on=date(2026, 5, 1))
    assert lapse(lapsed, rating="critical", annual_loss=1e9, as_of=late) is LapseReason.RECORDED
    assert lapse(rating="critical", annual_loss=1e9, as_of=late) is LapseReason.DATE_PASSED
    assert lapse(rating="critical", annual_loss=1e9) is LapseReason.LOSS_ABOVE_CEILING


def test_an_unknown_residual_ends_nothing_and_says_what_was_not_checked() -> None:
    found, words = state(rating=None, annual_loss=None)
    assert found is AcceptanceState.ACCEPTED
    assert words == (
        "ceiling of annual loss not checked: the residual is not known; "
        "ceiling of rating not checked: the residual is not known"
    )


def test_a_ceiling_in_words_that_the_scale_lacks_is_said_not_to_be_checked() -> None:
    found, words = state(replace(SIGNED, ceiling_rating="severe"), rating="critical")
    assert found is AcceptanceState.ACCEPTED
    assert words == "ceiling severe not checked: scale 2026 has no such rating"


def test_a_ceiling_without_its_amount_in_the_reporting_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="needs its amount in the reporting currency"):
        lapse(ceiling_loss=None)


PENDING = [
    ({"confirmed": False}, "awaits the confirmation of erin"),
    ({"effective_on": DAY + timedelta(1)}, "takes effect on 2026-10-01"),
    ({"ceiling_rating": None, "ceiling_annual_loss": None}, "states no ceiling"),
    ({"requested_by": "erin"}, "requested and accepted by one person, erin"),
]


@pytest.mark.parametrize(("fields", "words"), PENDING)
def test_what_is_not_a_decision_yet_counts_for_nothing(fields: dict[str, object], words: str) -> None:
    assert state(replace(SIGNED, **fields)) == (AcceptanceState.PENDING, words)  # type: ignore[arg-type]


def test_a_decision_taken_elsewhere_counts_and_says_so() -> None:
    attested = replace(SIGNED, confirmed=False, attested_document="Minutes RC-2026-03")
    assert state(attested) == (AcceptanceState.ACCEPTED, "attested by Minutes RC-2026-03")


def test_requester_and_approver_differ_unless_a_sole_operator_declared_itself() -> None:
    alone = replace(SIGNED, requested_by="erin")
    assert is_independent(SIGNED, sole_operator=False)
    assert not is_independent(alone, sole_operator=False)
    assert is_independent(alone, sole_operator=True)
    assert state(alone, sole_operator=True) == (AcceptanceState.ACCEPTED, "decided by a sole operator")


def test_independence_is_not_shown_without_a_requester() -> None:
    unnamed = replace(SIGNED, requested_by=None)
    assert not is_independent(unnamed, sole_operator=False)
    assert state(unnamed) == (AcceptanceState.ACCEPTED, "names no requester, so independence is not shown")


def test_expired_and_lapsed_have_both_ended() -> None:
    assert [s.has_ended for s in AcceptanceState] == [False, False, True, True]
