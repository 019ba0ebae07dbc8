"""An acceptance that the residual outgrows, or whose time is over, ends once and is never revived."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from buttress.orgs import writing
from buttress.orgs.moments import Moment
from buttress.orgs.roles import Operation
from buttress.orgs.selectors import actor_of
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline
from buttress.orgs.writing import Actor, Write
from buttress.register.database.snapshots import snapshot_of
from buttress.register.decisions import acceptance_asked
from buttress.register.figures.checking import check_figures
from buttress.register.figures.inputs import day_of, digest_of
from buttress.register.figures.rebuild import rebuild, revision_now
from buttress.register.figures.selectors import risk_figures
from buttress.register.tests.figured import appetite, assessment, build_register, later
from buttress.risks.decisions import DecisionKind, Shown, request_digest
from buttress.risks.records.risk import AcceptanceFact
from buttress.risks.selectors import acceptance_decisions
from buttress.risks.services.acceptance import Named, confirm_acceptance, request_acceptance, withdraw_acceptance
from buttress.risks.services.assessment import assess_risk
from buttress.risks.services.methodology import set_appetite

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

REF = "R-1"


@pytest.fixture
def accepted() -> Actor:
    """Ruth, after R-1 was accepted by Erin up to a yearly loss of 300,000, which it is well within."""
    actors = harbourline()
    build_register(actors, risks=4)
    ruth = actors["ruth"]
    assess_risk(ruth, ref=REF, assessment=assessment(0.4, 1e5, on=later(20)))
    allowed = {"role": "approver", "highest_rating": "high", "annual_loss": "10000000"}
    strict = appetite("low", on=later(21)).model_dump(mode="python", by_alias=True)
    set_appetite(ruth, appetite=type(appetite()).model_validate({**plain(strict), "authorities": [allowed]}))
    with tenant(ruth.organisation_id):
        today = day_of(timezone.now())
    request = AcceptanceFact.model_validate(
        {
            "effective_on": today.isoformat(),
            "accepted_by": "erin",
            "authority": "approver",
            "reason": "cheaper than any control",
            "until": (today + timedelta(days=90)).isoformat(),
            "ceiling": {"annual_loss": "300000"},
        }
    )
    request_acceptance(ruth, ref=REF, acceptance=request)
    with tenant(ruth.organisation_id):
        mean, revision = line(ruth).residual_mean, revision_now()
    asked = request.model_copy(update={"requested_by": "ruth"})
    shown = Shown(line(ruth).rating, mean, "0" * 64, revision, today, request_digest(asked))
    confirm_acceptance(actors["erin"], named=Named(REF, today), shown=shown, reason="within what I may bear")
    return ruth


def plain(value: Any) -> Any:
    """As a file would say it: numbers and days as text."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value)


def line(actor: Actor) -> Any:
    return next(each for each in risk_figures(actor).lines if each.ref == REF)


def ends(actor: Actor) -> list[Any]:
    return [each for each in acceptance_decisions(actor) if each.kind is DecisionKind.LAPSED]


def test_an_acceptance_that_holds_is_left_alone(accepted):
    assert (line(accepted).tolerance, ends(accepted)) == ("accepted", [])
    assess_risk(accepted, ref=REF, assessment=assessment(0.41, 1e5, on=later(30)))
    assert (line(accepted).tolerance, ends(accepted)) == ("accepted", [])


def test_a_residual_above_the_ceiling_ends_it_in_the_same_write_with_what_was_shown(accepted):
    written = assess_risk(accepted, ref=REF, assessment=assessment(9.0, 1e5, on=later(30)))
    assert line(accepted).tolerance == "acceptance_lapsed"
    (end,) = ends(accepted)
    assert (end.decided_by, end.acceptance[0]) == (None, REF)
    assert "above the ceiling 300000" in end.reason
    assert end.shown["annual_loss"] == pytest.approx(line(accepted).residual_mean)
    with tenant(accepted.organisation_id):
        assert end.shown["revision"] == revision_now()
        assert len(end.shown["snapshot_digest"]) == len(end.shown["request_digest"]) == 64
        assert end.shown["as_of"] == day_of(timezone.now()).isoformat()
    assert written.change > 0


def test_an_end_is_recorded_once_and_not_revived_by_a_smaller_residual(accepted):
    assess_risk(accepted, ref=REF, assessment=assessment(9.0, 1e5, on=later(30)))
    assess_risk(accepted, ref=REF, assessment=assessment(9.5, 1e5, on=later(31)))
    assess_risk(accepted, ref=REF, assessment=assessment(0.4, 1e5, on=later(32)))
    assert len(ends(accepted)) == 1
    assert line(accepted).tolerance == "acceptance_lapsed"
    assert check_figures(accepted) == ()


def test_a_rebuild_after_its_last_day_ends_it_once(accepted):
    day = timezone.now().date() + timedelta(days=200)
    rebuild(accepted.organisation_id, day)
    rebuild(accepted.organisation_id, day)
    (end,) = ends(accepted)
    assert end.reason.startswith("held until")


def test_equal_snapshots_have_equal_digests_and_others_not(accepted):
    with tenant(accepted.organisation_id):
        today = Moment(timezone.now().date())
        one, two = (snapshot_of(today, risks=[REF]) for _ in range(2))
        other = snapshot_of(today, risks=["R-2"])
        assert digest_of(one) == digest_of(two) != digest_of(other)


def test_an_end_is_that_of_the_acceptance_and_not_of_a_request_refused_before(accepted):
    """Refused requests are no acceptances, so that the places of those that are do not count them."""
    today = timezone.now().date()
    early = {
        "effective_on": (today - timedelta(days=1)).isoformat(),
        "accepted_by": "erin",
        "authority": "approver",
        "reason": "cheaper than any control",
        "until": (today + timedelta(days=60)).isoformat(),
        "ceiling": {"annual_loss": "300000"},
    }
    request_acceptance(accepted, ref=REF, acceptance=AcceptanceFact.model_validate(early))
    withdraw_acceptance(accepted, named=Named(REF, today - timedelta(days=1)), reason="asked for twice")
    assess_risk(accepted, ref=REF, assessment=assessment(9.0, 1e5, on=later(30)))
    (end,) = ends(accepted)
    assert end.acceptance == (REF, today, None)


def test_of_two_acceptances_of_one_day_the_outgrown_one_ends(accepted):
    with tenant(accepted.organisation_id):
        today = day_of(timezone.now())
    wide = {
        "effective_on": today.isoformat(),
        "key": "wide",
        "accepted_by": "erin",
        "authority": "approver",
        "reason": "until the new control works",
        "until": (today + timedelta(days=60)).isoformat(),
        "ceiling": {"annual_loss": "9000000"},
    }
    for key in ("narrow", "wide"):
        ceiling = {"annual_loss": "300000" if key == "narrow" else "9000000"}
        request = AcceptanceFact.model_validate({**wide, "key": key, "ceiling": ceiling})
        request_acceptance(accepted, ref=REF, acceptance=request)
        asked = acceptance_asked(accepted, ref=REF)
        confirm_acceptance(actor_of("harbourline", "erin"), named=asked.named, shown=asked.shown, reason="I bear it")
    assess_risk(accepted, ref=REF, assessment=assessment(9.0, 1e5, on=later(30)))
    assert {each.acceptance for each in ends(accepted)} == {(REF, today, None), (REF, today, "narrow")}
    assert line(accepted).tolerance == "accepted"
    assert check_figures(accepted) == ()


def test_a_rebuild_records_ends_and_figures_together_or_neither(accepted, monkeypatch):
    def refuse(write: Write) -> None:
        if write.operation is Operation.ACCEPTANCE_LAPSE:
            raise ZeroDivisionError

    day = timezone.now().date() + timedelta(days=200)
    before = risk_figures(accepted)
    with monkeypatch.context() as failing, pytest.raises(ZeroDivisionError):
        failing.setattr(writing, "_steps", [*writing._steps, refuse])
        rebuild(accepted.organisation_id, day)
    assert (risk_figures(accepted), ends(accepted)) == (before, [])
    rebuild(accepted.organisation_id, day)
    assert risk_figures(accepted).standing.as_of == day
    assert len(ends(accepted)) == 1
