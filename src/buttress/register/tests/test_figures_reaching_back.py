"""Past sets give way to every write that reaches their day, however late it ends and whatever the clock did meanwhile."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from buttress.orgs.kinds_of_orgs import ORGANISATION, PROFILE_REF
from buttress.orgs.models import Profile
from buttress.orgs.moments import Moment
from buttress.orgs.reading import records_of
from buttress.orgs.records import ProfileRecord
from buttress.orgs.roles import Operation
from buttress.orgs.services import change_profile
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline
from buttress.orgs.writing import Actor, write
from buttress.register.figures.past import PastFigures
from buttress.register.figures.selectors import figures_at
from buttress.register.models import FigureSet
from buttress.register.tests.figured import SCALE, assessment, build_register, effect, later
from buttress.risks.records.scales import ScaleFact
from buttress.risks.services.assessment import assess_risk
from buttress.risks.services.effect import state_effect
from buttress.risks.services.methodology import set_scale
from buttress.risks.services.risk import rename_risk

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db]

DAY = Moment(later(60))


@pytest.fixture
def cast():
    actors = harbourline()
    build_register(actors, risks=4)
    return actors


@pytest.fixture
def ruth(cast) -> Actor:
    return cast["ruth"]


def without_identity(figures: PastFigures) -> tuple[object, ...]:
    return figures.risks, figures.controls, figures.criteria, figures.portfolio


def computed_anew(actor: Actor, moment: Moment) -> tuple[object, ...]:
    """The figures of a moment as they come out with no set to be read: of an instant that nobody asked about."""
    return without_identity(figures_at(actor, moment=Moment(moment.as_of, timezone.now())))


@pytest.mark.django_db(transaction=True)
def test_a_set_of_an_instant_holds_a_write_that_was_open_then():
    ruth = harbourline_with_risks()
    is_open, is_asking = threading.Event(), threading.Event()

    def write_slowly() -> None:
        try:
            with write(ruth, Operation.RISK_ASSESS):
                assess_risk(ruth, ref="R-1", assessment=assessment(9.0, on=later(30)))
                is_open.set()
                is_asking.wait(10)
                # Long enough for a set of so few risks to be made, if it did not wait.
                threading.Event().wait(0.6)
        finally:
            connection.close()

    other = threading.Thread(target=write_slowly)
    other.start()
    assert is_open.wait(10)
    moment = Moment(DAY.as_of, timezone.now())
    is_asking.set()
    figures_at(ruth, moment=moment)
    other.join()
    assert without_identity(figures_at(ruth, moment=moment)) == computed_anew(ruth, DAY)


def harbourline_with_risks() -> Actor:
    actors = harbourline()
    build_register(actors, risks=4)
    return actors["ruth"]


class Clock:
    """The time as the whole program sees it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """At noon of a day of May."""
    found = Clock(datetime(2026, 5, 20, 12, tzinfo=UTC))
    monkeypatch.setattr(timezone, "now", found)
    return found


def test_a_write_of_the_day_itself_drops_the_set_of_that_day(clock):
    """As one does whose server's clock is a little behind that of the one which made the set."""
    ruth = harbourline_with_risks()
    day = clock.now.date()
    clock.now += timedelta(days=1)
    first = figures_at(ruth, moment=Moment(day))
    clock.now -= timedelta(days=1) - timedelta(hours=1)
    assess_risk(ruth, ref="R-1", assessment=assessment(9.0, on=day))
    clock.now += timedelta(days=1)
    second = figures_at(ruth, moment=Moment(day))
    assert second.id != first.id
    assert second.risks != first.risks


def test_an_instant_that_has_only_begun_is_computed_and_not_kept(clock):
    ruth = harbourline_with_risks()
    clock.now += timedelta(seconds=1)
    figures_at(ruth, moment=Moment(DAY.as_of, clock.now))
    assert sets_of(ruth) == 0
    clock.now += timedelta(microseconds=1)
    figures_at(ruth, moment=Moment(DAY.as_of, clock.now - timedelta(microseconds=1)))
    assert sets_of(ruth) == 1


def sets_of(actor: Actor) -> int:
    with tenant(actor.organisation_id):
        return FigureSet.objects.count()


def test_an_effect_of_no_day_reaches_back_though_another_of_the_write_has_one(ruth):
    first = figures_at(ruth, moment=DAY)
    undated = effect("IAM-05", "threat_event_frequency")
    with write(ruth, Operation.EFFECT_STATE):
        state_effect(ruth, ref="R-1", effect=undated)
        state_effect(ruth, ref="R-1", effect=undated.model_copy(update={"effective_on": later(90)}))
    second = figures_at(ruth, moment=DAY)
    assert second.id != first.id
    assert without_identity(second) == computed_anew(ruth, DAY)


def test_a_renamed_risk_goes_by_its_new_name_on_past_days_too(ruth):
    figures_at(ruth, moment=DAY)
    rename_risk(ruth, ref="R-1", new_ref="R-100", version=1)
    assert "R-100" in figures_at(ruth, moment=DAY).risks["ref"]


def test_an_earlier_first_scale_reaches_the_days_before_itself(ruth):
    before_all = Moment(later(1))
    first = figures_at(ruth, moment=before_all)
    set_scale(ruth, scale=ScaleFact.model_validate({**SCALE, "version": "0", "effective_on": later(3).isoformat()}))
    assert figures_at(ruth, moment=before_all).id != first.id


def change(actor: Actor, **said: object) -> None:
    with tenant(actor.organisation_id):
        stored = records_of(ORGANISATION)[PROFILE_REF].to_record(ORGANISATION)
        version = Profile.objects.get().version
    assert isinstance(stored, ProfileRecord)
    change_profile(actor, profile=stored.model_copy(update=said), version=version)


@pytest.mark.parametrize(
    ("name", "value", "is_kept"),
    [
        ("name", "Harbourline Group", True),
        ("size", 90, True),
        ("time_zone", "Pacific/Auckland", False),
        ("sole_operator", True, False),
        ("currency", "USD", False),
    ],
)
def test_a_set_goes_with_what_it_rests_on_of_the_profile_and_stays_with_the_rest(cast, name, value, is_kept):
    first = figures_at(cast["ruth"], moment=DAY)
    change(cast["ada"], **{name: value})
    second = figures_at(cast["ruth"], moment=DAY)
    assert (second.id == first.id) is is_kept
    assert without_identity(second) == computed_anew(cast["ruth"], DAY)


def test_another_time_zone_drops_sets_of_an_instant_of_knowledge_too(cast):
    """Which version of a record stood at the end of a day is told by the zone of today, whatever was known when."""
    ruth = cast["ruth"]
    moment = Moment(DAY.as_of, timezone.now())
    first = figures_at(ruth, moment=moment)
    change(cast["ada"], currency="USD")
    assert figures_at(ruth, moment=moment).id == first.id
    change(cast["ada"], time_zone="Pacific/Auckland")
    second = figures_at(ruth, moment=moment)
    assert second.id != first.id
    assert figures_at(ruth, moment=moment).id == second.id
    change(cast["ada"], time_zone="Europe/Amsterdam")
    assert figures_at(ruth, moment=moment).id not in {first.id, second.id}
