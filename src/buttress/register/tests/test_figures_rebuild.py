"""Rebuilds: asked for where much changes, done once, parked where they cannot be done, and days that pass."""

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline
from buttress.orgs.writing import Actor, write
from buttress.register import tasks
from buttress.register.figures import before_commit
from buttress.register.figures.checking import check_figures
from buttress.register.figures.selectors import portfolio_figures, risk_figures
from buttress.register.models import PortfolioFigures, Recomputing, RiskFigures
from buttress.register.tasks import let_days_pass, let_the_day_pass, rebuild_figures
from buttress.register.tests.figured import appetite, assessment, build_register, later, risk
from buttress.risks.services.assessment import assess_risk
from buttress.risks.services.methodology import set_appetite
from buttress.risks.services.risk import add_risk

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


@pytest.fixture
def ruth(monkeypatch) -> Actor:
    """Of a register with more risks than are refreshed within a write."""
    monkeypatch.setattr(before_commit, "FEW", 5)
    actors = harbourline()
    build_register(actors, risks=8)
    return actors["ruth"]


def run_queue() -> int:
    """Runs what is queued, as a worker would, and says how much there was."""
    queued = list(OrmQ.objects.order_by("id"))
    for each in queued:
        task = each.task
        OrmQ.objects.filter(id=each.id).delete()
        getattr(tasks, task["func"].rpartition(".")[2])(*task["args"])
    return len(queued)


def test_many_risks_at_once_ask_for_one_rebuild_and_lists_say_so(ruth):
    assert risk_figures(ruth).standing is None
    assert run_queue() == 1
    page = risk_figures(ruth)
    assert (page.total, page.standing.is_recomputing) == (8, False)
    assert check_figures(ruth) == ()


def test_lists_keep_the_last_complete_figures_while_others_are_computed(ruth):
    run_queue()
    before = risk_figures(ruth)
    set_appetite(ruth, appetite=appetite("low", on=later(10)))
    assess_risk(ruth, ref="R-1", assessment=assessment(3.0, on=later(11)))
    during = risk_figures(ruth)
    assert during.lines == before.lines
    assert during.standing.is_recomputing
    assert run_queue() == 1
    after = risk_figures(ruth)
    assert after.lines != before.lines
    assert (after.standing.is_recomputing, check_figures(ruth)) == (False, ())


def test_few_risks_of_a_large_register_are_refreshed_at_once(ruth):
    run_queue()
    assess_risk(ruth, ref="R-1", assessment=assessment(3.0, on=later(11)))
    assert OrmQ.objects.count() == 0
    assert check_figures(ruth) == ()


def test_a_rebuild_that_comes_twice_does_its_work_once(ruth):
    run_queue()
    with tenant(ruth.organisation_id):
        token = PortfolioFigures.objects.get().token
    rebuild_figures(str(ruth.organisation_id), "again")
    with tenant(ruth.organisation_id):
        assert PortfolioFigures.objects.get().token == token


def test_a_write_that_fails_asks_for_nothing(ruth):
    run_queue()
    with pytest.raises(ZeroDivisionError), write(ruth, Operation.METHODOLOGY_CHANGE):
        set_appetite(ruth, appetite=appetite("low", on=later(10)))
        raise ZeroDivisionError
    assert OrmQ.objects.count() == 0
    assert not risk_figures(ruth).standing.is_recomputing


def test_a_rebuild_that_fails_is_tried_three_times_and_then_parked(ruth, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(tasks, "rebuild", fail)
        for _ in range(3):
            with pytest.raises(RuntimeError):
                run_queue()
        assert run_queue() == 0
        rebuild_figures(str(ruth.organisation_id), "parked")
    with tenant(ruth.organisation_id):
        parked = Recomputing.objects.get(done_at=None)
        assert (parked.starts, parked.fault) == (3, "RuntimeError: the disk is full")
    set_appetite(ruth, appetite=appetite("low", on=later(10)))
    assert run_queue() == 1
    assert check_figures(ruth) == ()


def test_a_day_that_passes_is_computed_once(ruth):
    run_queue()
    with tenant(ruth.organisation_id):
        today = PortfolioFigures.objects.get().as_of
        for model in (RiskFigures, PortfolioFigures):
            model.objects.update(as_of=today - timedelta(days=1))
    let_days_pass()
    assert run_queue() == 1
    with tenant(ruth.organisation_id):
        row = PortfolioFigures.objects.get()
        assert row.as_of == today
        let_the_day_pass(str(ruth.organisation_id), today.isoformat())
        assert PortfolioFigures.objects.get().token == row.token
    let_days_pass()
    assert OrmQ.objects.count() == 0


def test_an_organisation_without_a_scale_lets_days_pass():
    actor = harbourline()["ruth"]
    add_risk(actor, ref="R-1", risk=risk())
    let_days_pass()
    assert OrmQ.objects.count() == 0
    assert portfolio_figures(actor) is None
