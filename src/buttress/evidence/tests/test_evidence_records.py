"""Data sets and control tests in the database: they read back as a register folder gives them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from buttress.core.verdicts import ControlTest
from buttress.evidence.declarations import declaration_in, shipped_test
from buttress.evidence.declared_terms import Adoption, ThresholdOverrides
from buttress.evidence.manual import ManualTest
from buttress.evidence.models import AdoptedTest, OwnTestControl
from buttress.evidence.records import OwnTestRecord
from buttress.evidence.selectors import control_tests, datasets, declared_tests, evidence_of
from buttress.evidence.services import (
    adopt_test,
    change_adoption,
    change_dataset,
    change_own_test,
    declare_dataset,
    declare_manual_test,
    declare_own_test,
    drop_test,
    remove_own_test,
    request_exception,
)
from buttress.evidence.tests.registers import ACCOUNTS, BOARD, DAY, EXCEPTION, OWN, OWN_TEST, cast, declared
from buttress.formats.problems import ProblemsError
from buttress.orgs.errors import ForbiddenError, InvalidError
from buttress.orgs.moments import Moment
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import saltmarsh
from buttress.orgs.writing import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
TODAY = Moment(datetime.now(UTC).date() + timedelta(days=1))


@pytest.fixture
def actors() -> Mapping[str, Actor]:
    return cast()


def test_a_data_set_reads_back_with_its_reference_and_the_same_meaning(actors: Mapping[str, Actor]) -> None:
    declare_dataset(actors["ruth"], ref="accounts", dataset=ACCOUNTS)
    named = ACCOUNTS.model_copy(update={"id": "accounts"})
    read = datasets(actors["vera"])["accounts"]
    assert read == named
    assert (read.meaning, list(read.columns), read.columns["status"].map) == (
        named.meaning,
        list(named.columns),
        {"ACTIVE": "active", "*": None},
    )


def test_a_data_set_whose_columns_do_not_add_up_is_refused(actors: Mapping[str, Actor]) -> None:
    with pytest.raises(InvalidError, match="key: found 'nobody'"):
        declare_dataset(actors["ruth"], ref="accounts", dataset=ACCOUNTS.model_copy(update={"key": ("nobody",)}))
    with pytest.raises(InvalidError, match="lower-case"):
        declare_dataset(actors["ruth"], ref="Accounts-1", dataset=ACCOUNTS)


def test_a_data_set_changes_under_its_version(actors: Mapping[str, Actor]) -> None:
    declare_dataset(actors["ruth"], ref="accounts", dataset=ACCOUNTS)
    change_dataset(
        actors["ruth"], ref="accounts", dataset=ACCOUNTS.model_copy(update={"title": "All accounts"}), version=1
    )
    assert datasets(actors["vera"])["accounts"].title == "All accounts"


def test_an_adopted_test_is_the_shipped_one_with_what_was_overridden(actors: Mapping[str, Actor]) -> None:
    adoption = Adoption(
        controls=("IAM-02",),
        owner="omar",
        max_age=timedelta(hours=30),
        thresholds=ThresholdOverrides(tolerable_rate=Decimal("0.0000000005")),
    )
    adopt_test(actors["ruth"], ref="leavers-disabled", adoption=adoption)
    (found,) = declared_tests(actors["vera"]).automated
    expected = shipped_test("leavers-disabled").with_overrides(adoption)
    assert found.to_control_test() == expected.to_control_test()
    assert (found.definition_hash, found.declared_hash) == (expected.definition_hash, expected.declared_hash)


def test_a_test_adopted_as_it_is_keeps_the_controls_with_which_it_is_shipped(actors: Mapping[str, Actor]) -> None:
    adopt_test(actors["ruth"], ref="idp-mfa-active-users")
    assert control_tests(actors["vera"]) == (shipped_test("idp-mfa-active-users").to_control_test(),)


def test_what_a_shipped_test_does_not_allow_is_refused(actors: Mapping[str, Actor]) -> None:
    with pytest.raises(InvalidError, match="no control test that is shipped"):
        adopt_test(actors["ruth"], ref="idp-mfa-active-user")
    with pytest.raises(InvalidError, match="nothing_such"):
        adopt_test(actors["ruth"], ref="idp-mfa-active-users", adoption=Adoption(params={"nothing_such": "1"}))
    with pytest.raises(InvalidError, match="'IAM-99' is no control"):
        adopt_test(actors["ruth"], ref="leavers-disabled", adoption=Adoption(controls=("IAM-99",)))
    with pytest.raises(InvalidError, match="none of which is defined"):
        adopt_test(actors["ruth"], ref="backup-succeeded")


def test_an_own_test_is_kept_as_its_whole_text_however_long(actors: Mapping[str, Actor]) -> None:
    declare_dataset(actors["ruth"], ref="accounts", dataset=ACCOUNTS)
    long = OwnTestRecord(source=OWN + f"# {'Why it is asked. ' * 4000}\n")
    assert len(long.source) > 20_000
    declare_own_test(actors["ruth"], ref="mfa-everywhere", test=long)
    (found,) = declared_tests(actors["vera"]).automated
    expected = declaration_in(long.source, "mfa-everywhere", shown_as="test.yaml")
    assert (found.to_control_test(), found.definition_hash) == (expected.to_control_test(), expected.definition_hash)
    with tenant(actors["ruth"].organisation_id):
        assert list(OwnTestControl.objects.values_list("target__ref", flat=True)) == ["IAM-02"]


def test_an_own_test_means_the_same_with_lines_of_another_system() -> None:
    windows = OwnTestRecord(source=OWN.replace("\n", "\r\n"))
    assert windows == OWN_TEST


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("NOT mfa", "NOT maf", "maf"),
        ("NOT mfa", "random() > 0.5", "another answer at every run"),
        ("mfa: 'false'", "mfa: 'true'", "example"),
        ("id: mfa-everywhere", "id: mfa-nowhere", "mfa-everywhere"),
    ],
)
def test_an_own_test_that_does_not_hold_is_refused_before_it_is_written(
    actors: Mapping[str, Actor], old: str, new: str, message: str
) -> None:
    declare_dataset(actors["ruth"], ref="accounts", dataset=ACCOUNTS)
    with pytest.raises(ProblemsError, match=message):
        declare_own_test(actors["ruth"], ref="mfa-everywhere", test=OwnTestRecord(source=OWN.replace(old, new)))
    assert control_tests(actors["vera"]) == ()


def test_another_meaning_needs_a_higher_version(actors: Mapping[str, Actor]) -> None:
    declare_dataset(actors["ruth"], ref="accounts", dataset=ACCOUNTS)
    declare_own_test(actors["ruth"], ref="mfa-everywhere", test=OWN_TEST)
    looser = OWN.replace("0.5 %", "5 %")
    with pytest.raises(InvalidError, match="raise it to 2"):
        change_own_test(actors["ruth"], ref="mfa-everywhere", test=OwnTestRecord(source=looser), version=1)
    raised = OwnTestRecord(source=looser.replace("version: 1", "version: 2"))
    change_own_test(actors["ruth"], ref="mfa-everywhere", test=raised, version=1)
    with pytest.raises(InvalidError, match="only rises"):
        change_own_test(actors["ruth"], ref="mfa-everywhere", test=OWN_TEST, version=2)
    assert control_tests(actors["vera"])[0].tolerable_rate == 0.05


def test_a_manual_test_reads_back_as_it_was_given(actors: Mapping[str, Actor]) -> None:
    full = ManualTest.model_validate(
        {
            **BOARD.model_dump(mode="json", exclude_defaults=True),
            "owner": "omar",
            "frequency": "half-yearly",
            "severity": "high",
            "next_due": "2026-12-31",
            "description": "Minutes of each half-year",
        }
    )
    declare_manual_test(actors["ruth"], ref="MT-GOV-02", test=full)
    assert [each.test for each in declared_tests(actors["vera"]).manual] == [full]
    assert control_tests(actors["vera"]) == (full.to_control_test("MT-GOV-02"),)


def test_a_reference_names_one_test_of_whatever_sort(actors: Mapping[str, Actor]) -> None:
    adopt_test(actors["ruth"], ref="leavers-disabled", adoption=Adoption(controls=("IAM-02",)))
    with pytest.raises(InvalidError, match="shipped"):
        declare_manual_test(actors["ruth"], ref="leavers-disabled", test=BOARD)
    declare_manual_test(actors["ruth"], ref="mfa-everywhere", test=BOARD)
    declare_dataset(actors["ruth"], ref="accounts", dataset=ACCOUNTS)
    with pytest.raises(InvalidError, match="already"):
        declare_own_test(actors["ruth"], ref="mfa-everywhere", test=OWN_TEST)


def test_a_test_that_an_exception_names_stays() -> None:
    actors = declared()
    request_exception(actors["omar"], ref="EX-01", exception=EXCEPTION)
    with pytest.raises(InvalidError, match="EX-01"):
        drop_test(actors["ruth"], ref="idp-mfa-active-users", version=1)


def test_tests_are_those_of_the_day_asked_about(actors: Mapping[str, Actor]) -> None:
    adopt_test(actors["ruth"], ref="leavers-disabled", adoption=Adoption(controls=("IAM-02",)))
    written_before = Moment(TODAY.as_of, datetime.now(UTC))
    change_adoption(
        actors["ruth"], ref="leavers-disabled", adoption=Adoption(controls=("GOV-02",), owner="ruth"), version=1
    )
    assert [test.controls for test in control_tests(actors["vera"], moment=written_before)] == [("IAM-02",)]
    assert [test.controls for test in control_tests(actors["vera"], moment=TODAY)] == [("GOV-02",)]
    assert control_tests(actors["vera"], moment=written_before, controls={"GOV-02"}) == ()
    assert control_tests(actors["vera"], moment=TODAY, controls={"IAM-02"}) == ()


def test_tests_of_some_controls_are_those_of_all_that_look_at_them(actors: Mapping[str, Actor]) -> None:
    ruth = actors["ruth"]
    declare_dataset(ruth, ref="accounts", dataset=ACCOUNTS)
    adopt_test(ruth, ref="idp-mfa-active-users")
    adopt_test(ruth, ref="leavers-disabled", adoption=Adoption(controls=("GOV-02",)))
    declare_own_test(ruth, ref="mfa-everywhere", test=OWN_TEST)
    declare_manual_test(ruth, ref="MT-GOV-02", test=BOARD)

    def of(found: tuple[ControlTest, ...], control: str) -> tuple[ControlTest, ...]:
        return tuple(test for test in found if control in test.controls)

    every = control_tests(ruth)
    for moment in (None, TODAY, Moment(DAY)):
        for control in ("IAM-02", "GOV-02"):
            named = control_tests(ruth, moment=moment, controls={control})
            assert named == of(every, control)
            assert len(named) == 2
    assert evidence_of(ruth, moment=TODAY, controls={"GOV-02"}).tests == of(every, "GOV-02")
    assert evidence_of(ruth, moment=TODAY, controls=()).tests == ()


def test_a_removed_test_is_gone_and_its_reference_stays_taken(actors: Mapping[str, Actor]) -> None:
    declare_dataset(actors["ruth"], ref="accounts", dataset=ACCOUNTS)
    declare_own_test(actors["ruth"], ref="mfa-everywhere", test=OWN_TEST)
    remove_own_test(actors["ruth"], ref="mfa-everywhere", version=1)
    assert control_tests(actors["vera"]) == ()


@pytest.mark.parametrize("member", ["omar", "erin", "paul", "vera"])
def test_only_owner_and_risk_manager_change_what_is_tested(actors: Mapping[str, Actor], member: str) -> None:
    with pytest.raises(ForbiddenError):
        adopt_test(actors[member], ref="idp-mfa-active-users")
    with pytest.raises(ForbiddenError):
        declare_manual_test(actors[member], ref="MT-GOV-02", test=BOARD)
    with tenant(actors["ada"].organisation_id):
        assert not AdoptedTest.objects.exists()


def test_another_organisation_sees_nothing_and_names_nothing() -> None:
    declared()
    mallory = saltmarsh()["mallory"]
    assert (control_tests(mallory), datasets(mallory)) == ((), {})
    assert evidence_of(mallory, moment=TODAY, controls={"IAM-02"}).tests == ()
    with pytest.raises(InvalidError, match="'IAM-02' is no control of this organisation"):
        adopt_test(mallory, ref="leavers-disabled", adoption=Adoption(controls=("IAM-02",)))
    stranger = replace(mallory, organisation_id=declared_elsewhere(mallory))
    with pytest.raises(ForbiddenError):
        control_tests(stranger)


def declared_elsewhere(actor: Actor) -> object:
    from buttress.orgs.models import Organisation

    return Organisation.objects.exclude(id=actor.organisation_id).values_list("id", flat=True)[0]
