"""Objectives, assets, vendors and changes in the database: what is written reads the same, and what may not be is not."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from buttress.core.snapshot import Category
from buttress.inventory import selectors, services
from buttress.inventory.kinds import ASSETS, CHANGES, OBJECTIVES, VENDORS
from buttress.inventory.models import Asset, AssetDependency, Change, Objective, ObjectiveCategory, Vendor
from buttress.inventory.records import (
    AssetKind,
    AssetRecord,
    ChangeRecord,
    ObjectiveKind,
    ObjectiveRecord,
    VendorRecord,
)
from buttress.inventory.services import ChangeAnswer
from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, TakenError
from buttress.orgs.moments import Moment
from buttress.orgs.reading import records_of
from buttress.orgs.role_names import Role
from buttress.orgs.selectors import audit_trail
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import CAST, harbourline, saltmarsh

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

LONG_AGO, ALL_TIME = date(2000, 1, 1), date(2900, 1, 1)

UPTIME = ObjectiveRecord(
    statement="Payouts arrive within a day",
    kind=ObjectiveKind.COMMITMENT,
    owner="ada",
    categories=frozenset({Category.AVAILABILITY, Category.SECURITY}),
)
DATABASE = AssetRecord(name="Ledger database", kind=AssetKind.DATA)
API = AssetRecord(name="Payout API", kind=AssetKind.SYSTEM, owner="omar", depends_on=("queue", "ledger"))
BANK = VendorRecord(name="Bankrails", tier=1, owner="ruth", services="Payout rails", is_subservice=True)
MOVE = ChangeRecord(title="Console moves to its own host", effective_on=date(2026, 2, 16), subject="asset:ledger")


def _with_assets(ruth):
    services.add_asset(ruth, ref="ledger", asset=DATABASE)
    services.add_asset(ruth, ref="queue", asset=AssetRecord(name="Queue", kind=AssetKind.SERVICE, in_scope=False))
    services.add_asset(ruth, ref="api", asset=API)


def test_every_kind_reads_back_as_it_was_given():
    ruth = harbourline()["ruth"]
    _with_assets(ruth)
    services.add_objective(ruth, ref="uptime", objective=UPTIME)
    services.add_vendor(ruth, ref="bankrails", vendor=BANK)
    answered = MOVE.model_copy(update={"assessed_on": date(2026, 2, 12), "outcome": "No new risk"})
    services.record_change(ruth, ref="CHG-1", change=answered)
    with tenant(ruth.organisation_id):
        for kind, ref, given in (
            (OBJECTIVES, "uptime", UPTIME),
            (ASSETS, "ledger", DATABASE),
            (ASSETS, "api", API),
            (VENDORS, "bankrails", BANK),
            (CHANGES, "CHG-1", answered),
        ):
            assert records_of(kind)[ref].to_record(kind) == given


def test_columns_and_links_repeat_the_record():
    ruth = harbourline()["ruth"]
    _with_assets(ruth)
    services.add_objective(ruth, ref="uptime", objective=UPTIME)
    services.add_vendor(ruth, ref="bankrails", vendor=BANK)
    with tenant(ruth.organisation_id):
        api = Asset.objects.select_related("owner").get(ref="api")
        assert (api.name, api.kind, api.owner.ref, api.in_scope) == ("Payout API", "system", "omar", True)
        below = AssetDependency.objects.filter(record=api).order_by("position")
        assert list(below.values_list("target__ref", flat=True)) == ["queue", "ledger"]
        categories = ObjectiveCategory.objects.filter(record__ref="uptime").order_by("position")
        assert list(categories.values_list("target", flat=True)) == ["availability", "security"]
        assert Vendor.objects.get().tier == 1


def test_a_change_of_links_replaces_their_rows():
    ruth = harbourline()["ruth"]
    _with_assets(ruth)
    fewer = API.model_copy(update={"depends_on": ("ledger",)})
    services.change_asset(ruth, ref="api", asset=fewer, version=1)
    with tenant(ruth.organisation_id):
        assert list(AssetDependency.objects.values_list("target__ref", flat=True)) == ["ledger"]
    assert selectors.asset(ruth, ref="api").to_record(ASSETS) == fewer


def test_assets_never_depend_on_themselves_whichever_way_round():
    ruth = harbourline()["ruth"]
    with pytest.raises(InvalidError, match="loop → loop"):
        services.add_asset(ruth, ref="loop", asset=API.model_copy(update={"depends_on": ("loop",)}))
    _with_assets(ruth)
    over_api = DATABASE.model_copy(update={"depends_on": ("api",)})
    with pytest.raises(InvalidError, match="ledger → api → ledger"):
        services.change_asset(ruth, ref="ledger", asset=over_api, version=1)
    fewer = API.model_copy(update={"depends_on": ("queue",)})
    services.change_asset(ruth, ref="api", asset=fewer, version=1)
    services.change_asset(ruth, ref="ledger", asset=over_api, version=1)
    assert selectors.asset(ruth, ref="ledger").version == 2


def test_the_second_writer_of_an_asset_gets_a_conflict():
    ruth = harbourline()["ruth"]
    _with_assets(ruth)
    services.change_asset(ruth, ref="ledger", asset=DATABASE.model_copy(update={"in_scope": False}), version=1)
    with pytest.raises(ConflictError) as caught:
        services.change_asset(ruth, ref="ledger", asset=DATABASE.model_copy(update={"name": "L"}), version=1)
    assert caught.value.stored.content["in_scope"] is False


def test_what_was_removed_is_gone_its_reference_is_not_free():
    ruth = harbourline()["ruth"]
    services.add_vendor(ruth, ref="bankrails", vendor=BANK)
    services.remove_vendor(ruth, ref="bankrails", version=1)
    assert selectors.vendors(ruth) == {}
    with pytest.raises(NotFoundError):
        selectors.vendor(ruth, ref="bankrails")
    with pytest.raises(TakenError):
        services.add_vendor(ruth, ref="bankrails", vendor=BANK)


def test_an_asset_stays_while_another_depends_on_it():
    ruth = harbourline()["ruth"]
    _with_assets(ruth)
    with pytest.raises(InvalidError, match="named by api"):
        services.remove_asset(ruth, ref="ledger", version=1)
    services.remove_asset(ruth, ref="api", version=1)
    services.remove_asset(ruth, ref="ledger", version=1)
    assert set(selectors.assets(ruth)) == {"queue"}


@pytest.mark.parametrize("member", ["omar", "erin", "paul", "vera"])
def test_only_owners_and_risk_managers_change_the_inventory(member):
    actors = harbourline()
    _with_assets(actors["ruth"])
    for ask in (
        lambda actor: services.add_asset(actor, ref="x", asset=DATABASE),
        lambda actor: services.change_asset(actor, ref="ledger", asset=API, version=1),
        lambda actor: services.remove_asset(actor, ref="ledger", version=1),
        lambda actor: services.add_vendor(actor, ref="x", vendor=BANK),
        lambda actor: services.add_objective(actor, ref="x", objective=UPTIME),
    ):
        with pytest.raises(ForbiddenError):
            ask(actors[member])
    assert set(selectors.assets(actors[member])) == {"ledger", "queue", "api"}


def test_a_control_owner_records_a_change_and_somebody_else_answers_it():
    actors = harbourline()
    omar, ruth = actors["omar"], actors["ruth"]
    _with_assets(ruth)
    services.record_change(omar, ref="CHG-1", change=MOVE)
    answer = ChangeAnswer(assessed_on=date(2026, 2, 20), outcome="No new risk")
    answered = MOVE.model_copy(update=dict(answer))
    for ask in (
        lambda: services.answer_change(omar, ref="CHG-1", answer=answer, version=1),
        lambda: services.amend_change(omar, ref="CHG-1", change=answered, version=1),
        lambda: services.record_change(omar, ref="CHG-2", change=answered),
        lambda: services.remove_change(omar, ref="CHG-1", version=1),
    ):
        with pytest.raises(ForbiddenError):
            ask()
    services.answer_change(ruth, ref="CHG-1", answer=answer, version=1)
    assert audit_trail(ruth, last=1)[0].action == "risk.assess"
    better = answered.model_copy(update={"title": "Console moves to a host of its own"})
    services.amend_change(omar, ref="CHG-1", change=better, version=2)
    assert audit_trail(ruth, last=1)[0].action == "change.record"
    assert selectors.change(ruth, ref="CHG-1").to_record(CHANGES) == better


def test_roles_that_only_read_record_no_change():
    actors = harbourline()
    for member, (_, role) in CAST.items():
        if role in (Role.APPROVER, Role.AUDITOR, Role.VIEWER):
            with pytest.raises(ForbiddenError):
                services.record_change(actors[member], ref="CHG-1", change=MOVE.model_copy(update={"subject": None}))


def test_a_reference_of_another_organisation_reads_like_an_unknown_one():
    ruth, mallory = harbourline()["ruth"], saltmarsh()["mallory"]
    _with_assets(ruth)

    def messages(ref):
        for ask in (
            lambda: services.add_asset(mallory, ref="x", asset=API.model_copy(update={"depends_on": (ref,)})),
            lambda: services.record_change(
                mallory, ref="x", change=MOVE.model_copy(update={"subject": f"asset:{ref}"})
            ),
            lambda: services.change_asset(mallory, ref=ref, asset=DATABASE, version=1),
            lambda: services.remove_asset(mallory, ref=ref, version=1),
            lambda: selectors.asset(mallory, ref=ref),
        ):
            with pytest.raises((InvalidError, NotFoundError)) as caught:
                ask()
            yield type(caught.value), str(caught.value).replace(ref, "…")

    assert list(messages("ledger")) == list(messages("nowhere"))
    for read in (selectors.assets, selectors.vendors, selectors.objectives, selectors.changes):
        assert read(mallory) == {}


def test_a_change_names_risks_that_are_there():
    ruth = harbourline()["ruth"]
    unheard = ChangeAnswer(assessed_on=date(2026, 2, 20), outcome="Higher", risks=("R-999",))
    services.record_change(ruth, ref="CHG-1", change=MOVE.model_copy(update={"subject": None}))
    with pytest.raises(InvalidError, match="R-999"):
        services.answer_change(ruth, ref="CHG-1", answer=unheard, version=1)


def test_the_past_shows_what_stood_and_what_was_known():
    ruth = harbourline()["ruth"]
    before = timezone.now()
    _with_assets(ruth)
    between = timezone.now()
    services.change_asset(ruth, ref="ledger", asset=DATABASE.model_copy(update={"in_scope": False}), version=1)
    first = selectors.asset(ruth, ref="ledger", moment=Moment(LONG_AGO))
    assert (first.to_record(ASSETS), first.is_recorded_later) == (DATABASE, True)
    assert "ledger" in selectors.assets_in_scope(ruth, moment=Moment(LONG_AGO))
    assert selectors.asset(ruth, ref="ledger", moment=Moment(ALL_TIME, between)).version == 1
    assert selectors.assets(ruth, moment=Moment(ALL_TIME, before)) == {}
    assert set(selectors.assets_in_scope(ruth, moment=Moment(ALL_TIME))) == {"api"}
    assert set(selectors.assets_in_scope(ruth)) == {"api"}


def test_a_change_is_unanswered_from_its_day_to_its_assessment():
    ruth = harbourline()["ruth"]
    plain = MOVE.model_copy(update={"subject": None})
    services.record_change(ruth, ref="CHG-1", change=plain)
    services.record_change(ruth, ref="CHG-2", change=plain)
    answer = ChangeAnswer(assessed_on=date(2026, 3, 1), outcome="No new risk")
    services.answer_change(ruth, ref="CHG-1", answer=answer, version=1)
    assert set(selectors.unanswered_changes(ruth)) == {"CHG-2"}
    by_then = {
        day: set(selectors.unanswered_changes(ruth, moment=Moment(day))) for day in (date(2026, 2, 15), ALL_TIME)
    }
    assert by_then == {date(2026, 2, 15): set(), ALL_TIME: {"CHG-2"}}


VALID = {
    Objective: {"kind": "objective"},
    Asset: {"name": "X", "kind": "data"},
    Vendor: {"name": "X", "tier": 5},
    Change: {"title": "X", "effective_on": date(2026, 1, 1)},
}


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (Objective, {"kind": "wish"}),
        (Asset, {"kind": "spaceship"}),
        (Asset, {"ref": "ledger"}),
        (Vendor, {"tier": 6}),
        (Vendor, {"tier": 0}),
        (Change, {"effective_on": None}),
    ],
)
def test_the_database_refuses_what_no_service_would_write(model, wrong):
    ruth = harbourline()["ruth"]
    _with_assets(ruth)
    columns = {"organisation_id": ruth.organisation_id, "ref": "raw", **VALID[model]}
    with tenant(ruth.organisation_id):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.create(**{**columns, **wrong})
        model.objects.create(**columns)


def test_the_database_refuses_links_that_cannot_be():
    ruth = harbourline()["ruth"]
    _with_assets(ruth)
    services.add_objective(ruth, ref="uptime", objective=UPTIME)
    with tenant(ruth.organisation_id):
        api, ledger = Asset.objects.get(ref="api"), Asset.objects.get(ref="ledger")
        uptime = Objective.objects.get()
        for model, record, target in (
            (AssetDependency, api, api),
            (AssetDependency, api, ledger),
            (ObjectiveCategory, uptime, "speed"),
            (ObjectiveCategory, uptime, "security"),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                model.objects.create(organisation_id=ruth.organisation_id, record=record, target=target)
