"""Stored figures agree with a computation from the whole register, whatever led to them."""

import random
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from buttress.controls.services import change_control, record_walkthrough
from buttress.orgs.errors import RecordsError
from buttress.orgs.records import PersonRecord
from buttress.orgs.roles import Operation
from buttress.orgs.services import add_person
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline, saltmarsh
from buttress.orgs.writing import Actor, write
from buttress.register.figures.checking import check_figures
from buttress.register.figures.lines import RiskOrder
from buttress.register.figures.scope import since_of
from buttress.register.figures.selectors import control_figures, criterion_figures, portfolio_figures, risk_figures
from buttress.register.figures.standing import CACHE
from buttress.register.models import ControlFigures, PortfolioFigures, Recomputing, RiskFigures
from buttress.register.tests.figured import (
    STARTED,
    appetite,
    assessment,
    build_register,
    control,
    control_ref,
    effect,
    estimates,
    later,
    risk,
    risk_ref,
    scale,
    walkthrough,
)
from buttress.risks.models import Risk
from buttress.risks.services.assessment import assess_risk, correct_assessment, retract_assessment
from buttress.risks.services.effect import retract_effect, state_effect
from buttress.risks.services.methodology import set_appetite, set_scale
from buttress.risks.services.risk import add_risk, change_risk, close_risk, remove_risk, rename_risk

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


def version_of(actor: Actor, ref: str) -> int:
    with tenant(actor.organisation_id):
        return int(Risk.objects.get(ref=ref).version)


def test_a_small_register_has_figures_with_its_first_write():
    ruth = build(5)["ruth"]
    page = risk_figures(ruth)
    assert (page.total, [line.is_estimated for line in page.lines]) == (5, [True] * 5)
    found = portfolio_figures(ruth)
    assert found is not None
    assert found.values.estimated == 5
    assert check_figures(ruth) == ()


def build(risks: int, **shape: object):
    actors = harbourline()
    build_register(actors, risks=risks, **shape)  # type: ignore[arg-type]
    return actors


def test_before_its_first_scale_a_register_has_no_figures_and_no_fault():
    ruth = harbourline()["ruth"]
    add_risk(ruth, ref="R-1", risk=risk())
    assert (risk_figures(ruth).lines, portfolio_figures(ruth), check_figures(ruth)) == ((), None, ())


def test_an_edited_estimate_moves_its_own_row_and_the_portfolio_only():
    ruth = build(8)["ruth"]
    before = {line.ref: line for line in risk_figures(ruth).lines}
    portfolio = portfolio_figures(ruth)
    assess_risk(ruth, ref="R-3", assessment=assessment(2.0, 5e5, on=later(20)))
    after = {line.ref: line for line in risk_figures(ruth).lines}
    assert {ref for ref in after if after[ref] != before[ref]} == {"R-3"}
    moved = portfolio_figures(ruth)
    assert portfolio is not None
    assert moved is not None
    shift = moved.values.stages["residual"].mean - portfolio.values.stages["residual"].mean  # type: ignore[index]
    assert shift == pytest.approx(after["R-3"].residual_mean - before["R-3"].residual_mean)
    with tenant(ruth.organisation_id):
        assert RiskFigures.objects.get(ref="R-3").revision > RiskFigures.objects.get(ref="R-4").revision


def test_closed_removed_renamed_and_new_risks_are_taken_out_and_in():
    ruth = build(8)["ruth"]
    close_risk(ruth, ref="R-1", closed_on=later(30), version=version_of(ruth, "R-1"))
    remove_risk(ruth, ref="R-2", version=version_of(ruth, "R-2"))
    rename_risk(ruth, ref="R-3", new_ref="R-30", version=version_of(ruth, "R-3"))
    add_risk(ruth, ref="R-9", risk=risk())
    refs = {line.ref: line.is_estimated for line in risk_figures(ruth).lines}
    assert refs == {"R-0": True, "R-4": True, "R-5": True, "R-6": True, "R-7": True, "R-9": False, "R-30": True}
    assert check_figures(ruth) == ()


def test_what_a_control_shows_moves_every_risk_it_acts_on():
    ruth = build(10)["ruth"]
    before = {line.ref: line.residual_mean for line in risk_figures(ruth).lines}
    record_walkthrough(ruth, ref=control_ref(1), walkthrough=walkthrough(later(40), is_suitable=False))
    after = {line.ref: line.residual_mean for line in risk_figures(ruth).lines}
    worth = {line.ref: line.worth_mean for line in control_figures(ruth).lines}
    assert {ref for ref in after if after[ref] > before[ref]}
    assert worth[control_ref(1)] > 0
    assert check_figures(ruth) == ()
    change_control(ruth, ref=control_ref(1), control=control(title="Control 1", retired_on="2026-05-01"), version=2)
    assert {line.ref: line.status for line in control_figures(ruth).lines}[control_ref(1)] == "retired"
    assert check_figures(ruth) == ()


def test_criteria_and_controls_have_rows_in_their_order():
    ruth = build(3, controls=11)["ruth"]
    assert [line.ref for line in control_figures(ruth).lines] == [control_ref(i) for i in range(11)]
    lines = criterion_figures(ruth).lines
    assert (lines[0].criterion, {line.criterion: line.mapped_of for line in lines}["CC6.1"]) == ("CC1.1", 11)


def test_a_change_of_appetite_changes_tolerances_and_its_curves():
    actors = build(8)
    set_appetite(actors["ruth"], appetite=appetite("low", on=later(10), categories=["availability"]))
    assert "outside" in {line.tolerance for line in risk_figures(actors["ruth"]).lines}
    found = portfolio_figures(actors["ruth"])
    assert found is not None
    assert [each.category for each in found.values.appetite] == [None, "availability"]
    assert check_figures(actors["ruth"]) == ()


def test_what_no_figure_rests_on_leaves_the_rows_alone():
    actors = build(3)
    with tenant(actors["ruth"].organisation_id):
        before = PortfolioFigures.objects.get()
    add_person(actors["ruth"], ref="finn", person=PersonRecord(name="Finn"))
    with tenant(actors["ruth"].organisation_id):
        assert PortfolioFigures.objects.get().token == before.token


def test_the_same_inputs_have_the_same_figures_by_whichever_path():
    ruth = build(6)["ruth"]
    for step, often in enumerate((3.0, 0.1, 0.7)):
        assess_risk(ruth, ref="R-2", assessment=assessment(often, 2e5, on=later(5 + step)))
    close_risk(ruth, ref="R-5", closed_on=later(30), version=version_of(ruth, "R-5"))
    edited = portfolio_figures(ruth)
    with tenant(ruth.organisation_id):
        PortfolioFigures.objects.all().delete()
        CACHE.forget(ruth.organisation_id)
    add_risk(ruth, ref="R-50", risk=risk())
    rebuilt = portfolio_figures(ruth)
    assert edited is not None
    assert rebuilt is not None
    for stage, values in rebuilt.values.stages.items():
        assert edited.values.stages[stage].quantiles == pytest.approx(values.quantiles, rel=1e-9)
    assert check_figures(ruth) == ()


def edit_at_random(actor: Actor, draw: random.Random, step: int) -> None:
    """One edit of the kinds that people make; one that the register refuses changes nothing."""
    with tenant(actor.organisation_id):
        refs = sorted(Risk.objects.filter(removed_in=None, closed_on=None).values_list("ref", flat=True))
    ref, day = draw.choice(refs), later(20 + step)
    kind = draw.choice(["assess"] * 6 + ["correct", "retract", "effect", "walk", "close", "add", "widen", "unlink"])
    match kind:
        case "assess":
            assess_risk(
                actor, ref=ref, assessment=assessment(*estimates(draw), on=min(day, later(300)), key=f"k{step}")
            )
        case "correct":
            better = assessment(*estimates(draw))
            correct_assessment(actor.because("a slip"), ref=ref, assessment=better)
        case "retract":
            retract_assessment(actor, ref=ref, effective_on=STARTED, reason="wrong risk")
        case "effect":
            state_effect(actor, ref=ref, effect=effect(control_ref(draw.randrange(6)), "threat_event_frequency"))
        case "unlink":
            control_named, factor = control_ref(draw.randrange(6)), draw.choice(["susceptibility", "primary_loss"])
            retract_effect(actor, ref=ref, control=control_named, factor=factor, effective_on=None, reason="no link")
        case "walk":
            found = walkthrough(min(day, later(300)), is_suitable=draw.random() < 0.7)
            record_walkthrough(actor, ref=control_ref(draw.randrange(6)), walkthrough=found)
        case "close":
            if len(refs) > 5:
                close_risk(actor, ref=ref, closed_on=later(200), version=version_of(actor, ref))
        case "add":
            with write(actor, Operation.REGISTER_APPLY):
                add_risk(actor, ref=f"N-{step}", risk=risk())
                assess_risk(actor, ref=f"N-{step}", assessment=assessment(*estimates(draw)))
        case "widen":
            version = version_of(actor, ref)
            change_risk(actor, ref=ref, risk=risk(categories=["security", "availability"]), version=version)


def edited(committing: Any, risks: int, edits: int) -> tuple[Actor, int]:
    """A register after so many edits, each committed, and how many of them the register took."""
    taken = 0
    with committing(execute=True):
        ruth = build(risks, categories=["availability"])["ruth"]
    draw = random.Random(11)
    for step in range(edits):
        with committing(execute=True), suppress(RecordsError):
            edit_at_random(ruth, draw, step)
            taken += 1
    return ruth, taken


def test_after_fifty_edits_every_figure_is_as_computed_whole(django_capture_on_commit_callbacks):
    ruth, taken = edited(django_capture_on_commit_callbacks, 12, 50)
    assert taken > 30
    assert check_figures(ruth) == ()


@pytest.mark.faults
def test_after_a_thousand_edits_every_figure_is_as_computed_whole(django_capture_on_commit_callbacks):
    ruth, taken = edited(django_capture_on_commit_callbacks, 45, 1000)
    assert taken > 500
    assert check_figures(ruth) == ()


def test_lists_are_sorted_paged_and_filtered():
    ruth = build(12)["ruth"]
    add_risk(ruth, ref="R-100", risk=risk("Not estimated"))
    whole = risk_figures(ruth, order=RiskOrder.RESIDUAL).lines
    means = [line.residual_mean for line in whole]
    assert means[-1] is None
    assert means[:-1] == sorted(means[:-1], reverse=True)
    assert risk_figures(ruth, order=RiskOrder.RESIDUAL, offset=3, limit=4).lines == whole[3:7]
    by_ref = risk_figures(ruth, order=RiskOrder.REFERENCE, is_descending=False).lines
    assert [line.ref for line in by_ref] == [risk_ref(i) for i in range(12)] + ["R-100"]
    assert (by_ref[-1].title, by_ref[-1].owner) == ("Not estimated", "ruth")
    assert risk_figures(ruth, tolerance="not_estimated").total == 1


def test_nobody_sees_the_figures_of_another_organisation():
    build(3)
    mallory = saltmarsh()["mallory"]
    assert risk_figures(mallory).lines == ()
    assert portfolio_figures(mallory) is None


def test_a_write_that_fails_leaves_rows_and_memory_as_they_were(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ruth = build(6)["ruth"]
    known, before = CACHE.get(ruth.organisation_id), risk_figures(ruth)
    assert known is not None
    with pytest.raises(ZeroDivisionError), write(ruth, Operation.RISK_ASSESS):
        assess_risk(ruth, ref="R-1", assessment=assessment(9.0, on=later(5)))
        raise ZeroDivisionError
    assert risk_figures(ruth) == before
    assert CACHE.get(ruth.organisation_id) is known
    with django_capture_on_commit_callbacks(execute=True):
        assess_risk(ruth, ref="R-1", assessment=assessment(0.2, on=later(6)))
    assert CACHE.get(ruth.organisation_id) is not known
    assert check_figures(ruth) == ()


def test_what_another_process_wrote_is_caught_up(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ruth = build(10)["ruth"]
    # Another process commits: nothing of it reaches the memory of this one.
    assess_risk(ruth, ref="R-1", assessment=assessment(4.0, on=later(5)))
    close_risk(ruth, ref="R-4", closed_on=later(9), version=version_of(ruth, "R-4"))
    add_risk(ruth, ref="R-77", risk=risk())
    assess_risk(ruth, ref="R-77", assessment=assessment(1.0))
    known = CACHE.get(ruth.organisation_id)
    with tenant(ruth.organisation_id):
        assert known is not None
        assert known.token != PortfolioFigures.objects.get().token
    with django_capture_on_commit_callbacks(execute=True):
        assess_risk(ruth, ref="R-2", assessment=assessment(0.3, on=later(7)))
    assert check_figures(ruth) == ()


def test_a_day_that_passed_since_is_computed_whole_with_the_next_write():
    ruth = build(4)["ruth"]
    with tenant(ruth.organisation_id):
        today = PortfolioFigures.objects.get().as_of
        for model in (RiskFigures, ControlFigures, PortfolioFigures):
            model.objects.update(as_of=today - timedelta(days=1))
    assess_risk(ruth, ref="R-1", assessment=assessment(4.0, on=later(5)))
    with tenant(ruth.organisation_id):
        assert {*RiskFigures.objects.values_list("as_of", flat=True)} == {today}
        assert not Recomputing.objects.exists()


def test_how_far_many_new_risks_reach_back_takes_one_query():
    ruth = harbourline()["ruth"]
    seen = []
    with write(ruth, Operation.REGISTER_APPLY) as opened:
        set_scale(ruth, scale=scale())
        for i in range(60):
            add_risk(ruth, ref=f"R-{i}", risk=risk(identified_on=later(i).isoformat()))
        opened.settle()
        # The scale alone reaches back before all of them.
        opened.drafts = {key: draft for key, draft in opened.drafts.items() if key[0] == "risks"}
        with CaptureQueriesContext(connection) as queries:
            seen.append(since_of(opened, later(90)))
    assert (seen, len(queries)) == ([later(0)], 1)
