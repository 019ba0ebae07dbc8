"""Controls and walkthroughs in the database: what owners may do, what criteria they serve, how they stood."""

import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from buttress.controls import selectors, services
from buttress.controls.kinds import CONTROLS, WALKTHROUGHS
from buttress.controls.models import Control, ControlAsset, ControlCriterion, Walkthrough
from buttress.controls.records import ControlRecord, LackingRecord, WalkthroughFact
from buttress.core.snapshot import Combination, ControlKind, ControlMode, Procedure
from buttress.formats.fields import MoneyRecord
from buttress.inventory.records import AssetKind, AssetRecord
from buttress.inventory.services import add_asset, remove_asset
from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from buttress.orgs.moments import Moment
from buttress.orgs.recording import Standing
from buttress.orgs.records import RatesFact
from buttress.orgs.services import state_rates
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline, saltmarsh

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

LONG_AGO, ALL_TIME = date(2000, 1, 1), date(2900, 1, 1)
REVIEW = ControlRecord(
    title="Access is reviewed each quarter",
    description="Owners confirm each account.",
    kind=ControlKind.DETECTIVE,
    mode=ControlMode.HYBRID,
    frequency="quarterly",
    owner="omar",
    is_key=True,
    criteria=("CC6.3", "CC6.2"),
    family="IAM",
    covers=("ledger",),
    coverage=0.9,
    combination=Combination.PRODUCT,
    planned_on=date(2025, 6, 1),
    in_place_on=date(2025, 9, 1),
    retired_on=date(2027, 1, 31),
    yearly_cost=MoneyRecord(amount=Decimal("1200.50"), currency="EUR"),
)
FROM_LIBRARY = ControlRecord(library="IAM-02", lacking=LackingRecord(since=date(2026, 1, 1), reason="Not yet"))
WALK = WalkthroughFact(
    effective_on=date(2026, 3, 1), performed_by="ruth", procedure=Procedure.INSPECTION, is_suitable=True, note="Seen"
)


def _with_controls(ruth):
    add_asset(ruth, ref="ledger", asset=AssetRecord(name="Ledger", kind=AssetKind.DATA))
    services.add_control(ruth, ref="IAM-09", control=REVIEW)
    services.add_control(ruth, ref="IAM-02", control=FROM_LIBRARY)


def _with(control, **fields):
    return control.model_copy(update=fields)


def test_a_control_reads_back_as_it_was_given():
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    stored = selectors.controls(ruth)
    assert {ref: each.to_record(CONTROLS) for ref, each in stored.items()} == {"IAM-09": REVIEW, "IAM-02": FROM_LIBRARY}
    with tenant(ruth.organisation_id):
        row = Control.objects.select_related("owner").get(ref="IAM-09")
        assert (row.owner.ref, row.kind, row.is_key, row.coverage) == ("omar", "detective", True, 0.9)
        criteria = ControlCriterion.objects.order_by("position").values_list("target", flat=True)
        assert list(criteria) == ["CC6.3", "CC6.2"]
        assert list(ControlAsset.objects.values_list("target__ref", flat=True)) == ["ledger"]


def test_a_walkthrough_reads_back_as_it_was_given_and_raises_the_version_of_its_control():
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    written = services.record_walkthrough(ruth, ref="IAM-09", walkthrough=WALK)
    assert (written.kind, written.ref, written.version) == ("controls", "IAM-09", 2)
    (fact,) = selectors.walkthroughs(ruth, ref="IAM-09")
    assert fact.to_fact(WALKTHROUGHS) == WALK
    assert selectors.control(ruth, ref="IAM-09").to_record(CONTROLS) == REVIEW
    with tenant(ruth.organisation_id):
        row = Walkthrough.objects.select_related("performed_by").get()
        assert (row.performed_by.ref, row.procedure, row.is_suitable) == ("ruth", "inspection", True)


def test_walkthroughs_of_one_day_are_told_apart_and_a_retraction_is_kept():
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    services.record_walkthrough(ruth, ref="IAM-09", walkthrough=WALK)
    with pytest.raises(InvalidError, match="already"):
        services.record_walkthrough(ruth, ref="IAM-09", walkthrough=_with(WALK, is_suitable=False))
    services.record_walkthrough(ruth, ref="IAM-09", walkthrough=_with(WALK, key="second"))
    correction = Standing(is_correction=True)
    withdrawn = _with(WALK, retracted="Another control")
    services.record_walkthrough(ruth, ref="IAM-09", walkthrough=withdrawn, standing=correction)
    facts = selectors.walkthroughs(ruth, ref="IAM-09")
    assert [(fact.retracted, fact.position) for fact in facts] == [("Another control", 0), (None, 1)]


def test_a_control_owner_changes_their_own_control_and_hands_nothing_over():
    actors = harbourline()
    omar, ruth = actors["omar"], actors["ruth"]
    _with_controls(ruth)
    services.add_control(ruth, ref="OTHER", control=_with(REVIEW, owner="ada"))
    services.change_control(omar, ref="IAM-09", control=_with(REVIEW, frequency="monthly"), version=1)
    for ask in (
        lambda: services.change_control(omar, ref="IAM-09", control=_with(REVIEW, owner="ada"), version=2),
        lambda: services.change_control(omar, ref="IAM-09", control=_with(REVIEW, owner=None), version=2),
        lambda: services.change_control(omar, ref="OTHER", control=_with(REVIEW, owner="ada"), version=1),
        lambda: services.change_control(omar, ref="OTHER", control=REVIEW, version=1),
        lambda: services.change_control(omar, ref="IAM-02", control=FROM_LIBRARY, version=1),
        lambda: services.add_control(omar, ref="NEW", control=REVIEW),
        lambda: services.remove_control(omar, ref="IAM-09", version=2),
    ):
        with pytest.raises(ForbiddenError):
            ask()
    services.change_control(ruth, ref="IAM-09", control=_with(REVIEW, owner="ada"), version=2)
    assert set(selectors.controls_of_owner(omar, owner="ada")) == {"IAM-09", "OTHER"}


def test_a_control_owner_walks_through_their_own_controls_only():
    actors = harbourline()
    omar, ruth = actors["omar"], actors["ruth"]
    _with_controls(ruth)
    services.record_walkthrough(omar, ref="IAM-09", walkthrough=_with(WALK, performed_by="omar"))
    with pytest.raises(ForbiddenError):
        services.record_walkthrough(omar, ref="IAM-02", walkthrough=WALK)


@pytest.mark.parametrize("member", ["erin", "paul", "vera"])
def test_roles_that_only_read_change_no_control(member):
    actors = harbourline()
    _with_controls(actors["ruth"])
    for ask in (
        lambda actor: services.add_control(actor, ref="NEW", control=REVIEW),
        lambda actor: services.change_control(actor, ref="IAM-09", control=REVIEW, version=1),
        lambda actor: services.remove_control(actor, ref="IAM-09", version=1),
        lambda actor: services.record_walkthrough(actor, ref="IAM-09", walkthrough=WALK),
    ):
        with pytest.raises(ForbiddenError):
            ask(actors[member])
    assert set(selectors.controls(actors[member])) == {"IAM-09", "IAM-02"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"criteria": ("CC99.9",)},
        {"library": "NOPE-1"},
        {"owner": "nobody"},
        {"covers": ("nowhere",)},
        {"yearly_cost": MoneyRecord(amount=Decimal(5), currency="USD")},
        {"walkthroughs": (WALK,)},
    ],
)
def test_a_control_names_only_what_is_there(wrong):
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    with pytest.raises(InvalidError):
        services.add_control(ruth, ref="NEW", control=_with(REVIEW, **wrong))
    with pytest.raises(InvalidError):
        services.change_control(ruth, ref="IAM-09", control=_with(REVIEW, **wrong), version=1)


def test_a_cost_in_another_currency_needs_a_rate():
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    state_rates(ruth, rates=RatesFact(effective_on=date(2026, 1, 1), per_unit={"USD": Decimal("0.90")}))
    in_dollars = _with(REVIEW, yearly_cost=MoneyRecord(amount=Decimal(5), currency="USD"))
    assert services.change_control(ruth, ref="IAM-09", control=in_dollars, version=1).version == 2


def test_a_control_serves_the_criteria_it_names_else_those_of_its_library_entry():
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    silent = set(selectors.controls_of_criterion(ruth, criterion="CC6.1"))
    assert silent == {"IAM-02"}
    services.change_control(ruth, ref="IAM-02", control=_with(FROM_LIBRARY, criteria=("CC7.2",)), version=1)
    for moment in (None, Moment(ALL_TIME)):
        served = {c: set(selectors.controls_of_criterion(ruth, criterion=c, moment=moment)) for c in ("CC6.1", "CC7.2")}
        assert served == {"CC6.1": set(), "CC7.2": {"IAM-02"}}
    assert set(selectors.controls_of_criterion(ruth, criterion="CC6.3")) >= {"IAM-09"}


def test_the_second_writer_of_a_control_gets_a_conflict():
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    services.change_control(ruth, ref="IAM-09", control=_with(REVIEW, is_key=False), version=1)
    with pytest.raises(ConflictError):
        services.change_control(ruth, ref="IAM-09", control=REVIEW, version=1)
    with pytest.raises(ConflictError):
        services.record_walkthrough(ruth, ref="IAM-09", walkthrough=WALK, standing=Standing(version=1))


def test_an_asset_stays_while_a_control_covers_it_and_a_control_goes_with_its_walkthroughs():
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    services.record_walkthrough(ruth, ref="IAM-09", walkthrough=WALK)
    with pytest.raises(InvalidError, match="IAM-09"):
        remove_asset(ruth, ref="ledger", version=1)
    services.remove_control(ruth, ref="IAM-09", version=2)
    remove_asset(ruth, ref="ledger", version=1)
    assert set(selectors.controls(ruth)) == {"IAM-02"}


def test_another_organisation_sees_no_control_and_names_nothing_of_it():
    ruth, mallory = harbourline()["ruth"], saltmarsh()["mallory"]
    _with_controls(ruth)
    assert selectors.controls(mallory) == {}
    assert selectors.controls_of_owner(mallory, owner="omar") == {}
    assert selectors.controls_of_criterion(mallory, criterion="CC6.3") == {}

    def messages(control, asset):
        for ask in (
            lambda: services.record_walkthrough(mallory, ref=control, walkthrough=WALK),
            lambda: services.change_control(mallory, ref=control, control=FROM_LIBRARY, version=1),
            lambda: selectors.walkthroughs(mallory, ref=control),
            lambda: selectors.control(mallory, ref=control),
            lambda: services.add_control(mallory, ref="NEW", control=_with(REVIEW, covers=(asset,))),
        ):
            with pytest.raises((InvalidError, NotFoundError)) as caught:
                ask()
            yield type(caught.value), str(caught.value).replace(control, "…").replace(asset, "…")

    assert list(messages("IAM-09", "ledger")) == list(messages("XX-1", "nowhere"))


def test_the_past_shows_what_stood_and_what_was_known():
    ruth = harbourline()["ruth"]
    before = timezone.now()
    _with_controls(ruth)
    between = timezone.now()
    services.change_control(ruth, ref="IAM-09", control=_with(REVIEW, owner="ada", criteria=("CC7.2",)), version=1)
    services.record_walkthrough(ruth, ref="IAM-09", walkthrough=WALK)
    first = selectors.control(ruth, ref="IAM-09", moment=Moment(LONG_AGO))
    assert (first.to_record(CONTROLS), first.is_recorded_later) == (REVIEW, True)
    assert set(selectors.controls_of_owner(ruth, owner="omar", moment=Moment(LONG_AGO))) == {"IAM-09"}
    assert "IAM-09" in selectors.controls_of_criterion(ruth, criterion="CC6.3", moment=Moment(LONG_AGO))
    assert selectors.controls_of_owner(ruth, owner="omar") == {}
    assert selectors.controls(ruth, moment=Moment(ALL_TIME, before)) == {}
    held = {
        moment: len(selectors.walkthroughs(ruth, ref="IAM-09", moment=moment))
        for moment in (Moment(date(2026, 2, 28)), Moment(date(2026, 3, 1)), Moment(ALL_TIME, between))
    }
    assert list(held.values()) == [0, 1, 0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "directive"},
        {"mode": "psychic"},
        {"combination": "sum"},
        {"title": None},
        {"kind": None},
        {"coverage": 1.2},
        {"coverage": -0.1},
        {"retired_on": date(2025, 1, 1)},
        {"ref": "IAM-09"},
    ],
)
def test_the_database_refuses_what_no_service_would_write(wrong):
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    columns = {
        "organisation_id": ruth.organisation_id,
        "ref": "raw",
        "title": "X",
        "kind": "preventive",
        "combination": "minimum",
        "in_place_on": date(2026, 1, 1),
    }
    with tenant(ruth.organisation_id):
        with pytest.raises(IntegrityError), transaction.atomic():
            Control.objects.create(**{**columns, **wrong})
        Control.objects.create(**columns)


def test_the_database_refuses_walkthroughs_and_links_that_cannot_be():
    ruth = harbourline()["ruth"]
    _with_controls(ruth)
    services.record_walkthrough(ruth, ref="IAM-09", walkthrough=WALK)
    with tenant(ruth.organisation_id):
        raw = {**Walkthrough.objects.values().get(), "id": uuid.uuid4(), "identity": "raw"}
        for wrong in ({"procedure": "hearsay"}, {"effective_on": None}, {"performed_by_id": None}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Walkthrough.objects.create(**{**raw, **wrong})
        Walkthrough.objects.create(**raw)
        covered = ControlAsset.objects.values("organisation_id", "record_id", "target_id").get()
        with pytest.raises(IntegrityError), transaction.atomic():
            ControlAsset.objects.create(**covered)
