"""Risks, threats, rounds, incidents and the methodology in the database: what is written is what is read."""

from datetime import date
from decimal import Decimal

import pytest

from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, TakenError
from buttress.orgs.kinds import record_kinds
from buttress.orgs.moments import Moment
from buttress.orgs.selectors import audit_trail
from buttress.orgs.tenancy import tenant
from buttress.risks import selectors
from buttress.risks.kinds import INCIDENTS, ROUNDS, THREATS
from buttress.risks.models import RiskAsset, RiskCategory, RiskCriterion, RiskModifies
from buttress.risks.records.incidents import IncidentRecord
from buttress.risks.records.rounds import RoundRecord
from buttress.risks.records.threats import ThreatRecord
from buttress.risks.services.incident import change_incident, record_incident
from buttress.risks.services.methodology import (
    correct_appetite,
    correct_scale,
    retract_appetite,
    set_appetite,
    set_scale,
)
from buttress.risks.services.risk import add_risk, change_risk, close_risk, remove_risk, rename_risk
from buttress.risks.services.round import change_round, record_round
from buttress.risks.services.threat import add_threat, change_threat
from buttress.risks.tests.register import (
    appetite,
    assessment,
    harbourline_with_risk,
    risk,
    saltmarsh_with_risk,
    scale,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
FUTURE = Moment(date(2990, 1, 1))


def test_kinds_stand_in_an_order_in_which_none_refers_to_a_later_one():
    names = [kind.name for kind in record_kinds()]
    ours = [name for name in names if name in {"threats", "rounds", "risks", "incidents"}]
    assert ours == ["threats", "rounds", "risks", "incidents"]
    assert names.index("controls") < names.index("threats")


def test_a_risk_reads_as_it_was_written_with_links_as_rows():
    actors = harbourline_with_risk()
    written = risk(owner="ruth", assets=["ledger"], objectives=["OBJ-1"], vendors=["newpay"], criteria=["CC6.1"])
    detail = selectors.risk(actors["vera"], "R-014")
    assert (detail.risk, detail.stored.version) == (written, 1)
    with tenant(actors["ada"].organisation_id):
        assert RiskAsset.objects.get().target.ref == "ledger"
        assert RiskCriterion.objects.get().target == "CC6.1"
        assert set(RiskCategory.objects.values_list("target", flat=True)) == {"security", "confidentiality"}


def test_a_changed_risk_keeps_its_past_and_replaces_its_links():
    actors = harbourline_with_risk()
    first = selectors.risk(actors["vera"], "R-014")
    change_risk(actors["ruth"], ref="R-014", risk=risk(title="Payout theft", criteria=["CC6.2", "CC6.1"]), version=1)
    assert selectors.risk(actors["vera"], "R-014").risk.title == "Payout theft"
    before = Moment(date(2990, 1, 1), first.stored.recorded_at)
    assert selectors.risk(actors["vera"], "R-014", moment=before).risk.title == "Payout fraud"
    with tenant(actors["ada"].organisation_id):
        assert list(RiskCriterion.objects.order_by("position").values_list("target", flat=True)) == ["CC6.2", "CC6.1"]
        assert not RiskAsset.objects.exists()


def test_the_second_writer_of_a_risk_gets_a_conflict():
    actors = harbourline_with_risk()
    change_risk(actors["ruth"], ref="R-014", risk=risk(title="Payout theft"), version=1)
    with pytest.raises(ConflictError) as caught:
        change_risk(actors["ada"], ref="R-014", risk=risk(title="Theft"), version=1)
    assert caught.value.stored.content["title"] == "Payout theft"


def test_a_risk_names_what_is_there_in_the_words_of_the_folder():
    actors = harbourline_with_risk()
    for fields, words in (
        ({"owner": "nobody"}, "expected a person that is defined"),
        ({"assets": ["ledgr"]}, "Did you mean 'ledger'?"),
        ({"criteria": ["CC9.9"]}, "expected a criterion that is defined"),
        ({"threat": "T-1"}, "expected a threat that is defined"),
    ):
        with pytest.raises(InvalidError) as caught:
            add_risk(actors["ruth"], ref="R-015", risk=risk(**fields))
        assert words in str(caught.value)


def test_facts_given_with_a_risk_are_refused_and_not_lost():
    with pytest.raises(InvalidError, match="assessments"):
        add_risk(harbourline_with_risk()["ruth"], ref="R-015", risk=risk(assessments=[assessment()]))


def test_a_condition_makes_events_worse_and_no_other_condition():
    ruth = harbourline_with_risk()["ruth"]
    add_risk(ruth, ref="C-1", risk=risk(kind="condition", modifies=["R-014"]))
    with pytest.raises(InvalidError, match="which is a condition itself"):
        add_risk(ruth, ref="C-2", risk=risk(kind="condition", modifies=["C-1"]))
    add_risk(ruth, ref="R-015", risk=risk())
    with pytest.raises(InvalidError, match="a condition that C-1 modifies"):
        change_risk(ruth, ref="R-014", risk=risk(kind="condition", modifies=["R-015"]), version=1)
    with tenant(ruth.organisation_id):
        assert RiskModifies.objects.get().target.ref == "R-014"


def test_a_risk_is_closed_on_a_day_of_its_life():
    ruth = harbourline_with_risk()["ruth"]
    change_risk(ruth, ref="R-014", risk=risk(identified_on=date(2026, 2, 1)), version=1)
    with pytest.raises(InvalidError, match="on or after identified_on"):
        close_risk(ruth, ref="R-014", closed_on=date(2026, 1, 1), version=2)
    close_risk(ruth, ref="R-014", closed_on=date(2026, 3, 1), version=2)
    assert selectors.risk(ruth, "R-014").risk.closed_on == date(2026, 3, 1)


def test_a_risk_that_is_named_stays_and_a_removed_one_is_never_used_again():
    ruth = harbourline_with_risk()["ruth"]
    record_incident(ruth, ref="I-1", incident=IncidentRecord(title="A", occurred_on=date(2026, 3, 1), risks=("R-014",)))
    with pytest.raises(InvalidError, match="named by I-1"):
        remove_risk(ruth, ref="R-014", version=1)
    change_incident(ruth, ref="I-1", incident=IncidentRecord(title="A", occurred_on=date(2026, 3, 1)), version=1)
    remove_risk(ruth, ref="R-014", version=1)
    with pytest.raises(NotFoundError):
        selectors.risk(ruth, "R-014")
    with pytest.raises(TakenError):
        add_risk(ruth, ref="R-014", risk=risk())


def test_a_renamed_risk_says_what_it_was_called():
    ruth = harbourline_with_risk()["ruth"]
    rename_risk(ruth, ref="R-014", new_ref="R-114", version=1)
    assert selectors.risk(ruth, "R-114").risk.formerly == "R-014"
    with pytest.raises(NotFoundError):
        selectors.risk(ruth, "R-014")
    with pytest.raises(TakenError):
        add_risk(ruth, ref="R-014", risk=risk())
    with pytest.raises(InvalidError, match="which R-114 names too"):
        add_risk(ruth, ref="R-115", risk=risk(formerly="R-014"))


def test_threats_rounds_and_incidents_read_as_they_were_written():
    actors = harbourline_with_risk()
    ruth, omar = actors["ruth"], actors["omar"]
    threat = ThreatRecord(title="Thief", catalogue="attack:T1566")
    sitting = RoundRecord(effective_on=date(2026, 1, 22), scope="All", participants=("ruth", "omar"), approver="erin")
    incident = IncidentRecord.model_validate(
        {"title": "Theft", "occurred_on": "2026-02-01", "risks": ["R-014"], "loss": {"amount": "12000.50"}}
    )
    add_threat(ruth, ref="T-1", threat=ThreatRecord(title="A thief"))
    change_threat(ruth, ref="T-1", threat=threat, version=1)
    record_round(ruth, ref="H1-2026", sitting=sitting.model_copy(update={"minutes": None}))
    change_round(ruth, ref="H1-2026", sitting=sitting.model_copy(update={"fraud_considered": True}), version=1)
    record_incident(omar, ref="I-1", incident=incident)
    viewer = actors["vera"]
    assert selectors.threat(viewer, "T-1").to_record(THREATS) == threat
    stored = selectors.assessment_round(viewer, "H1-2026").to_record(ROUNDS)
    assert stored == sitting.model_copy(update={"fraud_considered": True})
    assert selectors.incident(viewer, "I-1").to_record(INCIDENTS) == incident
    assert [list(found) for found in (selectors.threats(viewer), selectors.rounds(viewer))] == [["T-1"], ["H1-2026"]]
    assert list(selectors.incidents(viewer)) == ["I-1"]


def test_a_loss_needs_a_currency_with_a_rate():
    given = {"title": "Theft", "occurred_on": "2026-02-01", "loss": {"amount": "1", "currency": "USD"}}
    with pytest.raises(InvalidError, match="EUR, or a currency with a rate"):
        record_incident(harbourline_with_risk()["ruth"], ref="I-1", incident=IncidentRecord.model_validate(given))


def test_scale_versions_and_appetites_stand_by_their_days():
    actors = harbourline_with_risk()
    ruth = actors["ruth"]
    later = scale("2027", date(2027, 1, 1))
    stricter = appetite(date(2027, 1, 1), highest_rating="low")
    set_scale(ruth, scale=later)
    set_appetite(ruth, appetite=stricter)
    assert selectors.scales(actors["vera"]) == (scale(), later)
    assert selectors.scales(actors["vera"], moment=Moment(date(2026, 6, 1))) == (scale(),)
    assert selectors.appetites(actors["vera"], moment=FUTURE) == (appetite(), stricter)
    retract_appetite(ruth, effective_on=date(2027, 1, 1), reason="Not approved")
    assert selectors.appetites(actors["vera"]) == (appetite(),)


def test_a_methodology_that_does_not_fit_itself_is_refused():
    ruth = harbourline_with_risk()["ruth"]
    with pytest.raises(InvalidError, match="expected a rating of scale 2026"):
        set_appetite(ruth, appetite=appetite(date(2026, 6, 1), highest_rating="severe"))
    with pytest.raises(InvalidError, match="a version of its own"):
        set_scale(ruth, scale=scale("2026", date(2027, 1, 1)))
    words = {"ratings": ["calm", "wild"], "cells": [["calm"] * 3, ["calm"] * 3, ["wild"] * 3]}
    with pytest.raises(InvalidError, match="expected a rating of scale 2027"):
        set_scale(ruth, scale=scale("2027", date(2027, 1, 1), **words))
    with pytest.raises(InvalidError, match="a currency with a rate"):
        set_scale(ruth, scale=scale("2027", date(2027, 1, 1), currency="USD"))


def test_a_corrected_methodology_says_why():
    ruth = harbourline_with_risk()["ruth"]
    with pytest.raises(InvalidError, match="needs a reason"):
        correct_scale(ruth, scale=scale(sigma=1.5))
    correct_scale(ruth.because("Wrong spread"), scale=scale(sigma=1.5))
    correct_appetite(ruth.because("Wrong rating"), appetite=appetite(highest_rating="high"))
    assert [s.sigma for s in selectors.scales(ruth)] == [1.5]
    assert [a.highest_rating for a in selectors.appetites(ruth)] == ["high"]
    assert audit_trail(ruth, subject_kind="organisation", last=1)[0].values["reason"] == "Wrong rating"


def test_roles_write_what_the_table_allows_and_no_more():
    actors = harbourline_with_risk()
    for member in ("omar", "erin", "paul", "vera"):
        with pytest.raises(ForbiddenError):
            add_risk(actors[member], ref="R-015", risk=risk())
        with pytest.raises(ForbiddenError):
            set_scale(actors[member], scale=scale("2027", date(2027, 1, 1)))
    with pytest.raises(ForbiddenError):
        record_incident(actors["erin"], ref="I-1", incident=IncidentRecord(title="A", occurred_on=date(2026, 1, 1)))
    assert list(selectors.risks(actors["paul"])) == ["R-014"]


def test_another_organisation_sees_and_changes_nothing():
    actors, mallory = harbourline_with_risk(), saltmarsh_with_risk()["mallory"]
    add_risk(actors["ruth"], ref="R-015", risk=risk())
    with pytest.raises(NotFoundError) as foreign:
        selectors.risk(mallory, "R-015")
    with pytest.raises(NotFoundError) as unknown:
        selectors.risk(mallory, "R-999")
    assert str(foreign.value).replace("R-015", "R-999") == str(unknown.value)
    with pytest.raises(NotFoundError):
        close_risk(mallory, ref="R-015", closed_on=date(2026, 5, 1), version=1)
    with pytest.raises(InvalidError, match="a risk that is defined"):
        add_risk(mallory, ref="C-1", risk=risk(kind="condition", modifies=["R-015"]))
    change_risk(mallory, ref="R-014", risk=risk(title="Theirs"), version=1)
    assert selectors.risk(actors["ruth"], "R-014").risk.title == "Payout fraud"


def test_amounts_keep_their_digits():
    ruth = harbourline_with_risk()["ruth"]
    authorities = [{"role": "board", "highest_rating": "critical", "annual_loss": "123456789012345.67"}]
    set_appetite(ruth, appetite=appetite(date(2027, 1, 1), authorities=authorities))
    assert selectors.appetites(ruth)[-1].authorities[0].annual_loss == Decimal("123456789012345.67")
