"""Figures of past days: made once, kept, and never served after something reached back before their day."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from buttress.controls.services import record_walkthrough
from buttress.core.posture import posture
from buttress.criteria.records import EngagementRecord
from buttress.criteria.services import add_engagement
from buttress.orgs.moments import Moment
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline
from buttress.orgs.writing import Actor
from buttress.register.database.snapshots import snapshot_of
from buttress.register.figures.lines import RiskOrder
from buttress.register.figures.selectors import (
    control_figures,
    criterion_figures,
    figures_at,
    portfolio_figures,
    risk_figures,
)
from buttress.register.models import Backdating, FigureSet
from buttress.register.tests.figured import assessment, build_register, later, risk, walkthrough
from buttress.risks.services.assessment import assess_risk, correct_assessment
from buttress.risks.services.risk import add_risk

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

DAY = Moment(later(60))


@pytest.fixture
def ruth() -> Actor:
    actors = harbourline()
    build_register(actors, risks=6)
    return actors["ruth"]


def sets_of(actor: Actor) -> int:
    with tenant(actor.organisation_id):
        return int(FigureSet.objects.count())


def test_a_past_day_has_the_figures_of_its_posture(ruth):
    with tenant(ruth.organisation_id):
        expected = posture(snapshot_of(DAY))
    lines = {line.ref: line for line in risk_figures(ruth, moment=DAY).lines}
    for each in expected.risks:
        assert each.residual is not None
        line = lines[each.ref]
        assert line.residual_mean == pytest.approx(each.residual.mean, rel=1e-9)
        assert line.residual_p95 == pytest.approx(each.residual.quantiles[2], rel=1e-9)
        assert (line.rating, line.tolerance) == (each.residual.cell.rating, each.tolerance)
    worths = {line.ref: line.worth_mean for line in control_figures(ruth, moment=DAY).lines}
    for control in expected.controls:
        stored = worths[control.ref]
        assert (stored is None) == (control.worth is None)
        assert stored is None or stored == pytest.approx(control.worth.mean, rel=1e-9)
    headlines = {line.criterion: line.headline for line in criterion_figures(ruth, moment=DAY).lines}
    assert headlines == {each.id: each.state.headline for each in expected.criteria}
    found = portfolio_figures(ruth, moment=DAY)
    for stage, law in expected.portfolio.distributions:
        assert found.values.stages[stage].quantiles[2] == pytest.approx(law.value_at_risk(0.95), rel=1e-9)


def test_a_past_day_is_computed_once_for_all_lists(ruth):
    first = risk_figures(ruth, moment=DAY)
    assert sets_of(ruth) == 1
    assert risk_figures(ruth, moment=DAY) == first
    control_figures(ruth, moment=DAY)
    assert sets_of(ruth) == 1


def test_what_is_effective_later_leaves_the_set_of_a_past_day(ruth):
    first = risk_figures(ruth, moment=DAY)
    assess_risk(ruth, ref="R-1", assessment=assessment(9.0, on=later(90)))
    assert risk_figures(ruth, moment=DAY) == first
    assert sets_of(ruth) == 1


@pytest.mark.parametrize("late", ["assessment", "correction", "walkthrough", "risk"])
def test_a_set_made_before_something_reached_back_is_not_served_after_it(ruth, late):
    first = figures_at(ruth, moment=DAY)
    if late == "assessment":
        assess_risk(ruth, ref="R-1", assessment=assessment(9.0, on=later(30)))
    elif late == "correction":
        correct_assessment(ruth.because("a slip"), ref="R-1", assessment=assessment(9.0))
    elif late == "walkthrough":
        record_walkthrough(ruth, ref="IAM-01", walkthrough=walkthrough(later(30), is_suitable=False))
    else:
        add_risk(ruth, ref="R-60", risk=risk())
    second = figures_at(ruth, moment=DAY)
    assert second.id != first.id
    assert second.risks != first.risks
    assert sets_of(ruth) == 2


def test_a_set_at_an_instant_of_knowledge_stands_for_ever(ruth):
    known = Moment(later(60), timezone.now())
    first = figures_at(ruth, moment=known)
    correct_assessment(ruth.because("a slip"), ref="R-1", assessment=assessment(9.0))
    assert figures_at(ruth, moment=known).id == first.id
    assert figures_at(ruth, moment=DAY).risks != first.risks


def test_a_day_that_is_not_over_is_computed_and_not_kept(ruth):
    tomorrow = Moment(timezone.now().date() + timedelta(days=2))
    assert risk_figures(ruth, moment=tomorrow).total == 6
    assert sets_of(ruth) == 0


def test_sets_and_what_reaches_back_are_never_changed(ruth):
    figures_at(ruth, moment=DAY)
    with tenant(ruth.organisation_id):
        assert Backdating.objects.exists()
        for model, column in ((FigureSet, "revision"), (Backdating, "revision")):
            with pytest.raises(DatabaseError), transaction.atomic():
                model.objects.update(**{column: 1})
            with pytest.raises(DatabaseError), transaction.atomic():
                model.objects.all().delete()


@pytest.mark.parametrize("order", list(RiskOrder))
@pytest.mark.parametrize("is_descending", [True, False])
def test_lists_of_a_past_day_are_sorted_as_those_of_today(ruth, order, is_descending):
    add_risk(ruth, ref="R-10", risk=risk("Not estimated"))
    today = risk_figures(ruth, order=order, is_descending=is_descending, limit=5)
    past = risk_figures(ruth, moment=DAY, order=order, is_descending=is_descending, limit=5)
    assert [line.ref for line in past.lines] == [line.ref for line in today.lines]
    assert past.total == today.total == 7


@pytest.mark.parametrize("moment", [None, DAY])
def test_criteria_stand_for_an_auditor_as_their_own_engagement_has_them(moment):
    actors = harbourline()
    build_register(actors, risks=2)
    ruth, paul, today = actors["ruth"], actors["paul"], timezone.now().date()
    assert criterion_figures(paul, moment=moment).lines == ()
    plain = {"type": "type_2", "systems": [], "subservice_method": "carve_out"}
    own = {"ref": "soc2-2026", "period_start": today - timedelta(900), "period_end": today + timedelta(300)}
    newer = {"ref": "newer", "period_start": today - timedelta(800), "period_end": today + timedelta(400)}
    for period, categories in ((own, ["security", "privacy"]), (newer, ["security"])):
        said = {name: str(value) for name, value in period.items()}
        record = EngagementRecord.model_validate({**plain, **said, "categories": categories})
        add_engagement(ruth, ref=record.ref, engagement=record)
    seen = {
        member: {line.criterion: line.headline for line in criterion_figures(actors[member], moment=moment).lines}
        for member in ("ruth", "paul")
    }
    assert (seen["ruth"]["P1.1"], seen["ruth"]["CC6.1"]) == ("out_of_scope", seen["paul"]["CC6.1"])
    assert seen["paul"]["P1.1"] != "out_of_scope"
    with tenant(ruth.organisation_id):
        expected = posture(snapshot_of(moment or Moment(today), "soc2-2026")).criteria
    assert seen["paul"] == {each.id: each.state.headline for each in expected}
