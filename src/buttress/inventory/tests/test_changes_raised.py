"""Changes that raise themselves: what asks, once, in the same write, and what does not."""

from collections.abc import Callable, Mapping
from datetime import date

import pytest
from django.utils import timezone

from buttress.controls.records import ControlRecord
from buttress.controls.services import add_control, remove_control
from buttress.core.snapshot import Category, EngagementType
from buttress.criteria.records import EngagementRecord
from buttress.criteria.services import add_engagement, change_engagement
from buttress.inventory import asking, selectors, services
from buttress.inventory.kinds import CHANGES
from buttress.inventory.records import AssetKind, AssetRecord, ChangeRecord, VendorRecord
from buttress.inventory.services import ChangeAnswer
from buttress.orgs import writing
from buttress.orgs.errors import InvalidError
from buttress.orgs.models import Head
from buttress.orgs.reading import zone_of_organisation
from buttress.orgs.records import MemberRecord, PersonRecord
from buttress.orgs.role_names import Role
from buttress.orgs.roles import Operation
from buttress.orgs.selectors import audit_trail
from buttress.orgs.services import change_member, change_person
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor, write
from buttress.risks.records.incidents import IncidentRecord
from buttress.risks.services.assessment import assess_risk
from buttress.risks.services.incident import change_incident, record_incident
from buttress.risks.services.methodology import set_appetite
from buttress.risks.services.risk import add_risk, remove_risk
from buttress.risks.tests.register import appetite, assessment, harbourline_with_risk, risk

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

BANK = VendorRecord(name="Bankrails", tier=2, services="Payout rails")
ATTIC = AssetRecord(name="Attic", kind=AssetKind.FACILITY, in_scope=False)
AUDIT = EngagementRecord(
    ref="soc2-2026",
    type=EngagementType.TYPE_2,
    period_start=date(2026, 1, 1),
    period_end=date(2026, 12, 31),
    categories=frozenset({Category.SECURITY}),
    systems=("ledger",),
)


@pytest.fixture(autouse=True)
def no_step_but_this(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_steps", [asking.raise_changes])


@pytest.fixture
def cast() -> Mapping[str, Actor]:
    """Harbourline with an assessed risk: from here on there is something to think over again."""
    actors = harbourline_with_risk()
    assess_risk(actors["ada"], ref="R-014", assessment=assessment())
    assert raised(actors["ada"]) == {}
    return actors


def raised(actor: Actor) -> dict[str, tuple[str, str | None]]:
    """Title and subject of every change by reference."""
    found = {}
    for ref, stored in selectors.changes(actor).items():
        record = stored.to_record(CHANGES)
        assert isinstance(record, ChangeRecord)
        found[ref] = (record.title, record.subject)
    return found


def titles(actor: Actor) -> list[str]:
    return [title for _, (title, _) in sorted(raised(actor).items())]


def today(actor: Actor) -> date:
    with tenant(actor.organisation_id):
        return timezone.now().astimezone(zone_of_organisation()).date()


def test_a_new_vendor_asks_in_the_same_write(cast: Mapping[str, Actor]) -> None:
    written = services.add_vendor(cast["ruth"], ref="bankrails", vendor=BANK)
    assert raised(cast["ruth"]) == {"CHG-1": ("New vendor: Bankrails", "vendor:bankrails")}
    lines = [line for line in audit_trail(cast["ruth"], last=5) if line.change == written.change]
    assert {(line.subject_kind, line.values["ref"]) for line in lines} == {
        ("vendors", "bankrails"),
        ("changes", "CHG-1"),
    }
    assert {(line.action, line.values["by"]) for line in lines} == {("inventory.change", "ruth")}
    record = selectors.change(cast["ruth"], ref="CHG-1").to_record(CHANGES)
    assert isinstance(record, ChangeRecord)
    assert (record.effective_on, record.assessed_on) == (today(cast["ruth"]), None)
    assert set(selectors.unanswered_changes(cast["ruth"])) == {"CHG-1"}


def test_before_anything_was_assessed_nothing_asks() -> None:
    ruth = harbourline_with_risk()["ruth"]
    services.add_vendor(ruth, ref="bankrails", vendor=BANK)
    assert raised(ruth) == {}


MATTERS: list[tuple[str, Callable[[Actor], object], tuple[str, str | None] | None]] = [
    (
        "a tier",
        lambda a: services.change_vendor(a, ref="newpay", vendor=VendorRecord(name="NewPay", tier=1), version=1),
        ("Vendor changed: NewPay (tier)", "vendor:newpay"),
    ),
    (
        "services, and whether it is a subservice organisation",
        lambda a: services.change_vendor(
            a, ref="newpay", vendor=VendorRecord(name="NewPay", services="Payouts", is_subservice=True), version=1
        ),
        ("Vendor changed: NewPay (services, subservice organisation)", "vendor:newpay"),
    ),
    (
        "a name",
        lambda a: services.change_vendor(a, ref="newpay", vendor=VendorRecord(name="Newpay"), version=1),
        None,
    ),
    (
        "an owner",
        lambda a: services.change_vendor(a, ref="newpay", vendor=VendorRecord(name="NewPay", owner="ruth"), version=1),
        None,
    ),
    ("a new asset", lambda a: services.add_asset(a, ref="attic", asset=ATTIC), ("New asset: Attic", "asset:attic")),
    (
        "a scope",
        lambda a: services.change_asset(
            a,
            ref="ledger",
            asset=AssetRecord(name="Ledger", kind=AssetKind.APPLICATION, in_scope=False),
            version=1,
        ),
        ("Asset changed: Ledger (scope)", "asset:ledger"),
    ),
    (
        "an incident",
        lambda a: record_incident(a, ref="INC-1", incident=IncidentRecord(title="Hour", occurred_on=date(2026, 3, 3))),
        ("Incident: Hour", "incident:INC-1"),
    ),
]


@pytest.mark.parametrize(("do", "expected"), [case[1:] for case in MATTERS], ids=[case[0] for case in MATTERS])
def test_what_matters_asks_and_what_does_not_is_quiet(
    cast: Mapping[str, Actor], do: Callable[[Actor], object], expected: tuple[str, str | None] | None
) -> None:
    do(cast["ruth"])
    assert list(raised(cast["ruth"]).values()) == ([] if expected is None else [expected])


def test_an_incident_that_is_told_better_asks_no_second_time(cast: Mapping[str, Actor]) -> None:
    hour = IncidentRecord(title="An hour", occurred_on=date(2026, 3, 3))
    record_incident(cast["omar"], ref="INC-1", incident=hour)
    change_incident(cast["omar"], ref="INC-1", incident=hour.model_copy(update={"risks": ("R-014",)}), version=1)
    assert titles(cast["ruth"]) == ["Incident: An hour"]


def test_the_scope_of_an_engagement_asks_and_its_first_one_does_not(cast: Mapping[str, Actor]) -> None:
    ruth = cast["ruth"]
    add_engagement(ruth, ref="soc2-2026", engagement=AUDIT)
    longer = AUDIT.model_copy(update={"period_end": date(2027, 1, 31)})
    change_engagement(ruth, ref="soc2-2026", engagement=longer, version=1)
    assert raised(ruth) == {}
    wider = longer.model_copy(update={"categories": frozenset({Category.SECURITY, Category.PRIVACY}), "systems": ()})
    change_engagement(ruth, ref="soc2-2026", engagement=wider, version=2)
    told = ("Engagement changed: soc2-2026 (categories, systems in scope)", "engagement:soc2-2026")
    assert list(raised(ruth).values()) == [told]


def test_an_engagement_asks_where_its_scope_is_not_that_of_the_one_before(cast: Mapping[str, Actor]) -> None:
    ruth = cast["ruth"]
    add_engagement(ruth, ref="soc2-2026", engagement=AUDIT)
    years = {"period_start": date(2027, 1, 1), "period_end": date(2027, 12, 31)}
    add_engagement(ruth, ref="soc2-2027", engagement=AUDIT.model_copy(update={"ref": "soc2-2027", **years}))
    assert raised(ruth) == {}
    years = {"period_start": date(2028, 1, 1), "period_end": date(2028, 12, 31), "systems": ()}
    add_engagement(ruth, ref="soc2-2028", engagement=AUDIT.model_copy(update={"ref": "soc2-2028", **years}))
    assert titles(ruth) == ["New engagement: soc2-2028 (systems in scope other than in soc2-2027)"]


def test_who_leaves_with_something_in_hand_asks_once(cast: Mapping[str, Actor]) -> None:
    ada = cast["ada"]
    add_control(ada, ref="OPS-01", control=ControlRecord(library="IAM-04", owner="ruth"))
    gone = PersonRecord(name="Ruth Vos", left_on=date(2026, 9, 30))
    change_person(ada, ref="ruth", person=gone, version=1)
    member = MemberRecord(person="ruth", role=Role.RISK_MANAGER, ended_on=date(2026, 9, 30))
    change_member(ada, ref="ruth", member=member, version=1)
    assert list(raised(ada).values()) == [("Person leaves: ruth (owner of 1 risk and 1 control)", "person:ruth")]


def test_who_leaves_with_nothing_in_hand_is_let_go(cast: Mapping[str, Actor]) -> None:
    ended = MemberRecord(person="vera", role=Role.VIEWER, ended_on=date(2026, 9, 30))
    change_member(cast["ada"], ref="vera", member=ended, version=1)
    change_person(cast["ada"], ref="omar", person=PersonRecord(name="Omar Haddad", left_on=date(2026, 1, 1)), version=1)
    assert raised(cast["ada"]) == {}


def test_an_approver_whom_the_appetite_names_leaves_a_gap(cast: Mapping[str, Actor]) -> None:
    held = [{"role": "executive", "highest_rating": "high", "annual_loss": 300_000, "held_by": ["erin"]}]
    set_appetite(cast["ada"], appetite=appetite(date(2026, 2, 1), authorities=held))
    ended = MemberRecord(person="erin", role=Role.APPROVER, ended_on=date(2026, 9, 30))
    change_member(cast["ada"], ref="erin", member=ended, version=1)
    assert titles(cast["ada"]) == ["Person leaves: erin (authority of executive)"]


def test_the_same_question_is_not_asked_twice_on_a_day(cast: Mapping[str, Actor]) -> None:
    ruth = cast["ruth"]
    for version, tier in enumerate((1, 2, 1), start=1):
        vendor = VendorRecord(name="NewPay", tier=tier)
        services.change_vendor(ruth, ref="newpay", vendor=vendor, version=version)
    assert titles(ruth) == ["Vendor changed: NewPay (tier)"]
    answer = ChangeAnswer(assessed_on=today(ruth), outcome="Nothing to do")
    services.answer_change(ruth, ref="CHG-1", answer=answer, version=1)
    services.change_vendor(ruth, ref="newpay", vendor=VendorRecord(name="NewPay", tier=3), version=4)
    assert titles(ruth) == ["Vendor changed: NewPay (tier)"] * 2


def test_two_aspects_of_one_vendor_are_two_questions(cast: Mapping[str, Actor]) -> None:
    ruth = cast["ruth"]
    services.change_vendor(ruth, ref="newpay", vendor=VendorRecord(name="NewPay", tier=1), version=1)
    both = VendorRecord(name="NewPay", tier=1, is_subservice=True)
    services.change_vendor(ruth, ref="newpay", vendor=both, version=2)
    assert titles(ruth) == ["Vendor changed: NewPay (tier)", "Vendor changed: NewPay (subservice organisation)"]


def test_a_change_that_leaves_all_as_it_was_asks_nothing(cast: Mapping[str, Actor]) -> None:
    with write(cast["ruth"], Operation.INVENTORY_CHANGE) as opened:
        for version, tier in enumerate((1, None), start=1):
            vendor = VendorRecord(name="NewPay", tier=tier)
            services.change_vendor(opened.actor, ref="newpay", vendor=vendor, version=version)
    assert raised(cast["ruth"]) == {}


def test_who_says_themselves_what_changes_is_not_asked_again(cast: Mapping[str, Actor]) -> None:
    ruth = cast["ruth"]
    with write(ruth, Operation.INVENTORY_CHANGE) as opened:
        services.add_vendor(opened.actor, ref="bankrails", vendor=BANK)
        services.add_asset(opened.actor, ref="attic", asset=ATTIC)
        said = ChangeRecord(title="We hire Bankrails", effective_on=date(2026, 5, 1), subject="vendor:bankrails")
        services.record_change(opened.actor, ref="MOVE-1", change=said)
        system = ChangeRecord(title="Old files move", effective_on=date(2026, 5, 1), subject="system:attic")
        services.record_change(opened.actor, ref="MOVE-2", change=system)
    assert set(raised(ruth)) == {"MOVE-1", "MOVE-2"}


def test_a_folder_states_its_own_changes(cast: Mapping[str, Actor]) -> None:
    with write(cast["ada"], Operation.REGISTER_APPLY) as opened:
        services.add_vendor(opened.actor, ref="bankrails", vendor=BANK)
    assert raised(cast["ada"]) == {}


def test_numbers_go_on_after_all_that_were_ever_used(cast: Mapping[str, Actor]) -> None:
    ruth = cast["ruth"]
    stated = ChangeRecord(title="Another", effective_on=date(2026, 5, 1))
    for ref in ("CHG-2026-01", "CHG-007", "chg-90", "CHG-9", "CHG-999999999", "CHG-" + "9" * 60):
        services.record_change(ruth, ref=ref, change=stated)
    services.remove_change(ruth, ref="CHG-9", version=1)
    services.remove_change(ruth, ref="CHG-999999999", version=1)
    services.add_vendor(ruth, ref="bankrails", vendor=BANK)
    services.add_asset(ruth, ref="attic", asset=ATTIC)
    assert {"CHG-1000000000", "CHG-1000000001"} < set(raised(ruth))


def test_what_goes_asks_and_every_change_lets_go_of_it(cast: Mapping[str, Actor]) -> None:
    ruth = cast["ruth"]
    services.add_vendor(ruth, ref="bankrails", vendor=BANK)
    services.remove_vendor(ruth, ref="bankrails", version=1)
    assert raised(ruth) == {
        "CHG-1": ("New vendor: Bankrails", None),
        "CHG-2": ("Vendor removed: Bankrails (bankrails)", None),
    }
    lines = audit_trail(ruth, ref="CHG-1", last=1)
    assert lines[0].values["before.subject"] == '"vendor:bankrails"'
    answer = ChangeAnswer(assessed_on=today(ruth), outcome="Never used")
    services.answer_change(ruth, ref="CHG-1", answer=answer, version=2)


def test_a_removed_control_or_risk_is_let_go_of_even_before_anything_was_assessed() -> None:
    ruth = harbourline_with_risk()["ruth"]
    add_risk(ruth, ref="R-2", risk=risk(title="Never real"))
    day = date(2026, 5, 1)
    about = ChangeRecord(
        title="Keys",
        effective_on=day,
        subject="control:IAM-02",
        assessed_on=day,
        outcome="Well",
        risks=("R-2", "R-014"),
    )
    services.record_change(ruth, ref="CHG-1", change=about)
    services.record_change(ruth, ref="CHG-2", change=about.model_copy(update={"subject": "vendor:newpay"}))
    remove_control(ruth, ref="IAM-02", version=1)
    remove_risk(ruth, ref="R-2", version=1)
    kept = {ref: stored.to_record(CHANGES) for ref, stored in selectors.changes(ruth).items()}
    assert kept["CHG-1"] == about.model_copy(update={"subject": None, "risks": ("R-014",)})
    assert kept["CHG-2"] == about.model_copy(update={"subject": "vendor:newpay", "risks": ("R-014",)})


def test_a_refused_write_leaves_no_question(cast: Mapping[str, Actor]) -> None:
    with tenant(cast["ruth"].organisation_id):
        before = Head.objects.get().entries
    with pytest.raises(InvalidError):
        services.add_vendor(cast["ruth"], ref="bankrails", vendor=BANK.model_copy(update={"owner": "nobody"}))
    with tenant(cast["ruth"].organisation_id):
        assert Head.objects.get().entries == before
    assert raised(cast["ruth"]) == {}
