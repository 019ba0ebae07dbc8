"""Engagements in the database: their own reference, their period, what they cover, and who is bound to one."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from buttress.core.snapshot import Category, EngagementType
from buttress.criteria import selectors, services
from buttress.criteria.kinds import ENGAGEMENTS
from buttress.criteria.models import Engagement, EngagementCategory, EngagementSystem
from buttress.criteria.records import EngagementRecord, SubserviceMethod
from buttress.inventory.records import AssetKind, AssetRecord
from buttress.inventory.services import add_asset
from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, TakenError
from buttress.orgs.moments import Moment
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline, saltmarsh

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

LONG_AGO, ALL_TIME = date(2000, 1, 1), date(2900, 1, 1)
REF = "soc2-2026"
SOC2 = EngagementRecord(
    ref=REF,
    type=EngagementType.TYPE_2,
    period_start=date(2026, 1, 1),
    period_end=date(2026, 12, 31),
    categories=frozenset({Category.SECURITY, Category.CONFIDENTIALITY}),
    systems=("payouts", "ledger"),
    subservice_method=SubserviceMethod.INCLUSIVE,
    not_relevant={"CC6.4": "No premises of its own", "CC6.1-POF10": "No such assets"},
)


def _with_engagement(ruth):
    for ref in ("ledger", "payouts"):
        add_asset(ruth, ref=ref, asset=AssetRecord(name=ref.title(), kind=AssetKind.SYSTEM))
    services.add_engagement(ruth, ref=REF, engagement=SOC2)


def test_an_engagement_reads_back_as_it_was_given():
    ruth = harbourline()["ruth"]
    _with_engagement(ruth)
    assert selectors.engagement(ruth, ref=REF).to_record(ENGAGEMENTS) == SOC2
    with tenant(ruth.organisation_id):
        row = Engagement.objects.get()
        assert (row.ref, row.type, row.period_end) == (REF, "type_2", date(2026, 12, 31))
        systems = EngagementSystem.objects.order_by("position").values_list("target__ref", flat=True)
        assert list(systems) == ["payouts", "ledger"]
        assert set(EngagementCategory.objects.values_list("target", flat=True)) == {"security", "confidentiality"}


def test_an_engagement_stands_under_the_reference_it_carries_and_once():
    ruth = harbourline()["ruth"]
    _with_engagement(ruth)
    with pytest.raises(InvalidError, match=REF):
        services.add_engagement(ruth, ref="soc2-2027", engagement=SOC2)
    with pytest.raises(InvalidError, match="soc2-2027"):
        renamed = SOC2.model_copy(update={"ref": "soc2-2027"})
        services.change_engagement(ruth, ref=REF, engagement=renamed, version=1)
    with pytest.raises(TakenError):
        services.add_engagement(ruth, ref=REF, engagement=SOC2)


@pytest.mark.parametrize("name", ["CC99.1", "CC6.1-POF99"])
def test_only_criteria_and_points_of_focus_can_be_not_relevant(name):
    ruth = harbourline()["ruth"]
    _with_engagement(ruth)
    wrong = SOC2.model_copy(update={"not_relevant": {name: "Nothing there"}})
    with pytest.raises(InvalidError, match=name):
        services.change_engagement(ruth, ref=REF, engagement=wrong, version=1)


def test_an_engagement_stays_while_an_auditor_acts_within_it():
    actors = harbourline()
    ruth = actors["ruth"]
    _with_engagement(ruth)
    other = SOC2.model_copy(update={"ref": "soc2-2027"})
    services.add_engagement(ruth, ref="soc2-2027", engagement=other)
    with pytest.raises(InvalidError, match="paul"):
        services.remove_engagement(ruth, ref=REF, version=1)
    services.remove_engagement(ruth, ref="soc2-2027", version=1)
    assert set(selectors.engagements(actors["paul"])) == {REF}


def test_the_second_writer_of_an_engagement_gets_a_conflict():
    ruth = harbourline()["ruth"]
    _with_engagement(ruth)
    services.change_engagement(ruth, ref=REF, engagement=SOC2.model_copy(update={"systems": ("ledger",)}), version=1)
    with pytest.raises(ConflictError):
        services.change_engagement(ruth, ref=REF, engagement=SOC2, version=1)


@pytest.mark.parametrize("member", ["omar", "erin", "paul", "vera"])
def test_only_owners_and_risk_managers_change_engagements(member):
    actors = harbourline()
    _with_engagement(actors["ruth"])
    other = SOC2.model_copy(update={"ref": "other"})
    for ask in (
        lambda actor: services.add_engagement(actor, ref="other", engagement=other),
        lambda actor: services.change_engagement(actor, ref=REF, engagement=SOC2, version=1),
        lambda actor: services.remove_engagement(actor, ref=REF, version=1),
    ):
        with pytest.raises(ForbiddenError):
            ask(actors[member])


def test_another_organisation_sees_no_engagement_and_names_none_of_its_systems():
    ruth, mallory = harbourline()["ruth"], saltmarsh()["mallory"]
    _with_engagement(ruth)
    assert selectors.engagements(mallory) == {}
    assert selectors.engagement_on(mallory, day=date(2026, 6, 1)) is None
    found = []
    for system in ("ledger", "nowhere"):
        with pytest.raises(InvalidError) as caught:
            theirs = SOC2.model_copy(update={"systems": (system,)})
            services.add_engagement(mallory, ref=REF, engagement=theirs)
        found.append(str(caught.value).replace(system, "…"))
    assert found[0] == found[1]
    with pytest.raises(NotFoundError):
        selectors.engagement(mallory, ref=REF)


def test_of_engagements_that_hold_a_day_the_one_that_starts_last_counts():
    ruth = harbourline()["ruth"]
    _with_engagement(ruth)
    later = SOC2.model_copy(
        update={"ref": "bridge", "period_start": date(2026, 10, 1), "period_end": date(2027, 3, 31)}
    )
    services.add_engagement(ruth, ref="bridge", engagement=later)
    for moment in (None, Moment(ALL_TIME)):
        refs = [
            found.ref if (found := selectors.engagement_on(ruth, day=day, moment=moment)) else None
            for day in (
                date(2025, 12, 31),
                date(2026, 1, 1),
                date(2026, 9, 30),
                date(2026, 10, 1),
                date(2027, 3, 31),
                date(2027, 4, 1),
            )
        ]
        assert refs == [None, REF, REF, "bridge", "bridge", None]


def test_the_past_shows_the_period_that_stood_then():
    ruth = harbourline()["ruth"]
    before = timezone.now()
    _with_engagement(ruth)
    longer = SOC2.model_copy(update={"period_end": date(2027, 3, 31)})
    services.change_engagement(ruth, ref=REF, engagement=longer, version=1)
    day = SOC2.period_end + timedelta(days=1)
    assert selectors.engagement_on(ruth, day=day) is not None
    assert selectors.engagement_on(ruth, day=day, moment=Moment(LONG_AGO)) is None
    assert selectors.engagements(ruth, moment=Moment(ALL_TIME, before)) == {}


@pytest.mark.parametrize(
    "wrong",
    [{"type": "type_3"}, {"subservice_method": "ignored"}, {"period_end": date(2025, 12, 31)}, {"ref": REF}],
)
def test_the_database_refuses_what_no_service_would_write(wrong):
    ruth = harbourline()["ruth"]
    _with_engagement(ruth)
    columns = {
        "organisation_id": ruth.organisation_id,
        "ref": "raw",
        "type": "type_2",
        "period_start": date(2026, 1, 1),
        "period_end": date(2026, 12, 31),
        "subservice_method": "carve_out",
    }
    with tenant(ruth.organisation_id):
        with pytest.raises(IntegrityError), transaction.atomic():
            Engagement.objects.create(**{**columns, **wrong})
        Engagement.objects.create(**columns)


def test_the_database_refuses_categories_that_are_none_and_systems_named_twice():
    ruth = harbourline()["ruth"]
    _with_engagement(ruth)
    with tenant(ruth.organisation_id):
        row, link = Engagement.objects.get(), EngagementSystem.objects.first()
        for model, target in ((EngagementCategory, "speed"), (EngagementSystem, link.target)):
            with pytest.raises(IntegrityError), transaction.atomic():
                model.objects.create(organisation_id=ruth.organisation_id, record=row, target=target)


@pytest.mark.parametrize("moment", [None, Moment(ALL_TIME)])
def test_an_auditor_sees_their_own_engagement_only(moment):
    actors = harbourline()
    ruth, paul = actors["ruth"], actors["paul"]
    _with_engagement(ruth)
    other = {"ref": "bridge", "period_start": date(2026, 10, 1), "period_end": date(2027, 3, 31)}
    services.add_engagement(ruth, ref="bridge", engagement=SOC2.model_copy(update=other))
    assert set(selectors.engagements(ruth, moment=moment)) == {REF, "bridge"}
    assert set(selectors.engagements(paul, moment=moment)) == {REF}
    assert selectors.engagement(paul, ref=REF, moment=moment).ref == REF
    words = set()
    for ref in ("bridge", "never"):
        with pytest.raises(NotFoundError) as hidden:
            selectors.engagement(paul, ref=ref, moment=moment)
        words.add(str(hidden.value).replace(ref, "it"))
    assert len(words) == 1
    for day, own in ((date(2026, 11, 1), REF), (date(2027, 2, 1), None)):
        found = selectors.engagement_on(paul, day=day, moment=moment)
        assert (found.ref if found else None) == own
