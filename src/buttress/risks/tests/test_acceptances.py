"""The life of an acceptance: asked for by one, decided by another within authority and ceiling, ended for good."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from buttress.orgs.content import from_text
from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from buttress.orgs.kinds_of_orgs import PROFILE_REF
from buttress.orgs.models import AuditEntry, Head, Profile
from buttress.orgs.moments import Moment
from buttress.orgs.reading import zone_of_organisation
from buttress.orgs.recording import Standing, state
from buttress.orgs.records import ProfileRecord
from buttress.orgs.roles import Operation
from buttress.orgs.selectors import audit_trail
from buttress.orgs.services import change_profile
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor, write
from buttress.risks import selectors
from buttress.risks.decisions import AcceptanceStanding, DecisionKind, Shown, request_digest
from buttress.risks.kinds import ACCEPTANCES
from buttress.risks.models import Acceptance, AcceptanceDecision
from buttress.risks.records.risk import AcceptanceFact
from buttress.risks.services.acceptance import (
    Named,
    OutdatedError,
    confirm_acceptance,
    lapse,
    record_lapse,
    refuse_acceptance,
    request_acceptance,
    revoke_acceptance,
    withdraw_acceptance,
)
from buttress.risks.services.assessment import assess_risk
from buttress.risks.services.methodology import set_appetite
from buttress.risks.services.risk import add_risk
from buttress.risks.tests.register import (
    NEW_YEAR,
    acceptance,
    appetite,
    assessment,
    harbourline_with_risk,
    risk,
    saltmarsh_with_risk,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
NAMED = Named("R-014", NEW_YEAR)
NAME = ("R-014", NEW_YEAR, None)


def seen(
    actor: Actor, rating: str | None = "high", annual_loss: float | None = 150_000.0, *, named: Named = NAMED
) -> Shown:
    """What was computed of the register as it stands, and the request as it reads."""
    with tenant(actor.organisation_id):
        rows = Acceptance.objects.filter(record__ref=named.ref, identity=named.identity)
        request = AcceptanceFact.model_validate(from_text(rows.latest("change").content))
        today = timezone.now().astimezone(zone_of_organisation()).date()
        revision = Head.objects.get().revision
        return Shown(rating, annual_loss, "ab" * 32, revision, today, request_digest(request))


def requested(**other: object) -> Mapping[str, Actor]:
    actors = harbourline_with_risk()
    request_acceptance(actors["ruth"], ref="R-014", acceptance=acceptance(**other))
    return actors


def confirmed(**other: object) -> Mapping[str, Actor]:
    actors = requested(**other)
    confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"]))
    return actors


def system_of(actors: Mapping[str, Actor]) -> Actor:
    return Actor(actors["ruth"].organisation_id, None)


def imported(actors: Mapping[str, Actor], member: str, fact: AcceptanceFact) -> None:
    """The acceptance as it comes from a register folder, which states who asked."""
    with write(actors[member], Operation.REGISTER_APPLY) as opened:
        state(opened, ACCEPTANCES, "R-014", fact, Standing(is_correction=True))


def test_a_request_names_the_member_who_asks_and_waits_for_the_approver():
    actors = requested()
    (pending,) = selectors.pending_acceptances(actors["erin"], approver="erin")
    assert (pending.ref, pending.title, pending.acceptance.requested_by) == ("R-014", "Payout fraud", "ruth")
    assert selectors.pending_acceptances(actors["erin"], approver="ada") == ()
    assert selectors.pending_acceptances(actors["erin"], on=date(2991, 1, 1)) == ()
    assert selectors.acceptance_standings(actors["erin"]) == {}


def test_a_confirmation_keeps_what_was_shown():
    actors = requested()
    before = seen(actors["erin"])
    confirm_acceptance(actors["erin"], named=NAMED, shown=before, reason="Bearable")
    standing = selectors.acceptance_standings(actors["vera"])[NAME]
    assert standing.is_confirmed and standing.ended is None
    (line,) = selectors.risk(actors["vera"], "R-014").decisions
    assert (line.kind, line.decided_by, line.reason, line.by_sole_operator) == (
        DecisionKind.CONFIRMED,
        "erin",
        "Bearable",
        False,
    )
    assert line.shown == {
        "rating": "high",
        "annual_loss": 150_000.0,
        "ceiling": {"rating": "high", "annual_loss": "200000"},
        "snapshot_digest": "ab" * 32,
        "revision": before.revision,
        "as_of": before.as_of.isoformat(),
        "request_digest": before.request_digest,
    }
    assert selectors.pending_acceptances(actors["erin"]) == ()
    entry = audit_trail(actors["ada"], subject_kind="risks", last=1)[0]
    assert (entry.action, entry.values["by"]) == ("acceptance.decide", "erin")
    assert entry.values["rows"][0][0] == "risks.acceptancedecision"


def test_only_the_person_named_decides():
    actors = requested()
    for member, refusal in (("ada", "Only erin decides"), ("ruth", "not allowed"), ("vera", "not allowed")):
        with pytest.raises(ForbiddenError, match=refusal):
            confirm_acceptance(actors[member], named=NAMED, shown=seen(actors["erin"]))
    with pytest.raises(ForbiddenError, match="Only erin decides"):
        refuse_acceptance(actors["ada"], named=NAMED, reason="No", shown=seen(actors["ada"]))


def test_a_request_is_the_requesters_own_and_undecided():
    actors = harbourline_with_risk()
    for fields, words in (
        ({"requested_by": "omar"}, "You ask for this as ruth"),
        ({"attested_document": "minutes.md"}, "not attested by"),
        ({"effective_on": date(2025, 1, 1), "until": date(2025, 6, 1)}, "give a day to come"),
        ({"authority": "janitor"}, "a role with authority to accept: manager, executive"),
        ({"ceiling": {"rating": "severe"}}, "a rating of scale 2026"),
        ({"accepted_by": "ruth"}, "who also requested it"),
    ):
        with pytest.raises(InvalidError, match=words):
            request_acceptance(actors["ruth"], ref="R-014", acceptance=acceptance(**fields))
    with pytest.raises(ForbiddenError):
        request_acceptance(actors["omar"], ref="R-014", acceptance=acceptance())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"authority": "manager"}, "reaches to moderate; the ceiling"),
        ({"authority": "manager", "ceiling": {"annual_loss": 60_000}}, "reaches to 50,000 a year; the ceiling"),
        ({"authority": "manager", "ceiling": {"rating": "moderate"}}, "the residual of"),
        ({"ceiling": {"rating": "critical"}}, "reaches to high; the ceiling"),
    ],
)
def test_nobody_accepts_above_their_authority(fields: dict[str, object], words: str):
    actors = requested(**fields)
    with pytest.raises(ForbiddenError, match=words):
        confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"], "moderate"))


def test_without_an_authority_in_force_nobody_accepts():
    actors = requested()
    set_appetite(actors["ruth"], appetite=appetite(NEW_YEAR + timedelta(1), authorities=[]))
    with pytest.raises(ForbiddenError, match="no authority to accept"):
        confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"]))


@pytest.mark.parametrize(
    ("rating", "annual_loss", "words"),
    [
        ("critical", 150_000.0, "above the ceiling high"),
        ("high", 200_000.5, "above the ceiling 200,000"),
        (None, 150_000.0, "the residual has no rating"),
        ("high", None, "the residual loss is not known"),
    ],
)
def test_a_residual_above_the_ceiling_or_unknown_is_not_accepted(
    rating: str | None, annual_loss: float | None, words: str
):
    actors = requested()
    with pytest.raises(InvalidError, match=words):
        confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"], rating, annual_loss))


def test_a_residual_at_the_ceiling_is_accepted():
    actors = requested()
    confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"], "high", 200_000.0))
    assert selectors.acceptance_standings(actors["erin"])[NAME].is_confirmed


def test_what_was_shown_before_the_register_changed_is_outdated():
    actors = requested()
    before = seen(actors["erin"])
    assess_risk(actors["ruth"], ref="R-014", assessment=assessment())
    with pytest.raises(OutdatedError):
        confirm_acceptance(actors["erin"], named=NAMED, shown=before)


def test_a_residual_of_another_day_is_outdated():
    actors = requested()
    shown = seen(actors["erin"])
    with pytest.raises(OutdatedError, match="look at it again"):
        confirm_acceptance(
            actors["erin"],
            named=NAMED,
            shown=replace(shown, as_of=shown.as_of - timedelta(1)),
            reason="Before midnight",
        )
    confirm_acceptance(actors["erin"], named=NAMED, shown=shown)


@pytest.mark.parametrize("decide", [confirm_acceptance, refuse_acceptance])
def test_a_request_that_was_corrected_since_it_was_shown_is_a_conflict(decide: Callable[..., object]):
    """Even with the revision of now: the words that were read are not the ones that would be decided about."""
    actors = requested()
    before = seen(actors["erin"])
    imported(actors, "ruth", acceptance(requested_by="ruth", ceiling={"rating": "high", "annual_loss": 299_000}))
    old_words = replace(seen(actors["erin"]), request_digest=before.request_digest)
    with pytest.raises(ConflictError) as caught:
        decide(actors["erin"], named=NAMED, shown=old_words, reason="As I saw it")
    conflict = caught.value
    assert (conflict.seen.number, conflict.seen.content["ceiling"]["annual_loss"]) == (1, "200000")
    assert (conflict.stored.number, conflict.stored.content["ceiling"]["annual_loss"]) == (2, "299000")
    with pytest.raises(ConflictError, match="you saw version 0"):
        decide(actors["erin"], named=NAMED, shown=replace(old_words, request_digest="0" * 64), reason="Never shown")
    decide(actors["erin"], named=NAMED, shown=seen(actors["erin"]), reason="As I see it")


def test_an_authority_is_used_by_who_holds_it():
    actors = requested()
    held = [{"role": "executive", "highest_rating": "high", "annual_loss": 300_000, "held_by": ["ada"]}]
    set_appetite(actors["ruth"], appetite=appetite(NEW_YEAR + timedelta(1), authorities=held))
    with pytest.raises(ForbiddenError, match="executive is held by ada, not by erin"):
        confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"]))
    with pytest.raises(InvalidError, match="who holds the authority of executive: ada"):
        day = NEW_YEAR + timedelta(1)
        request_acceptance(actors["ruth"], ref="R-014", acceptance=acceptance(day))
    held[0]["held_by"] = ["ada", "erin"]
    set_appetite(actors["ruth"], appetite=appetite(NEW_YEAR + timedelta(2), authorities=held))
    confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"]))
    (line,) = selectors.acceptance_decisions(actors["vera"])
    assert not line.is_authority_claimed


def test_only_persons_of_the_organisation_hold_an_authority():
    actors = harbourline_with_risk()
    held = [{"role": "executive", "highest_rating": "high", "annual_loss": 300_000, "held_by": ["erni"]}]
    with pytest.raises(InvalidError, match=r"authorities.0.held_by.0: found 'erni'.*'erin'"):
        set_appetite(actors["ruth"], appetite=appetite(NEW_YEAR + timedelta(1), authorities=held))


def test_an_authority_that_nobody_is_named_to_hold_is_marked_as_claimed():
    actors = confirmed()
    (line,) = selectors.acceptance_decisions(actors["vera"])
    assert line.is_authority_claimed
    said = audit_trail(actors["ada"], subject_kind="risks", last=1)[0].values["decisions.0"]
    assert '"is_authority_claimed":true' in said


def test_a_request_is_decided_once():
    actors = confirmed()
    with pytest.raises(InvalidError, match="confirmed already"):
        confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"]))
    with pytest.raises(InvalidError, match="confirmed already"):
        refuse_acceptance(actors["erin"], named=NAMED, reason="No", shown=seen(actors["erin"]))


def test_a_refused_request_is_neither_pending_nor_confirmed_later():
    actors = requested()
    with pytest.raises(InvalidError, match="for a reason"):
        refuse_acceptance(actors["erin"], named=NAMED, reason=" ", shown=seen(actors["erin"]))
    refuse_acceptance(actors["erin"], named=NAMED, reason="Too much", shown=seen(actors["erin"]))
    assert selectors.pending_acceptances(actors["erin"]) == ()
    standing = selectors.acceptance_standings(actors["erin"])[NAME]
    assert (standing.is_confirmed, standing.ended, standing.lapse_reason) == (False, DecisionKind.REFUSED, "Too much")
    with pytest.raises(InvalidError, match="is refused: Too much"):
        confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"]))
    request_acceptance(actors["ruth"], ref="R-014", acceptance=acceptance(key="second"))
    assert len(selectors.pending_acceptances(actors["erin"])) == 1


def test_a_lapse_is_recorded_by_the_system_and_never_revived():
    actors = confirmed()
    with pytest.raises(ForbiddenError):
        record_lapse(actors["ada"], named=NAMED, reason="Residual above the ceiling")
    record_lapse(system_of(actors), named=NAMED, reason="Residual above the ceiling", shown=seen(actors["ada"]))
    standing = selectors.acceptance_standings(actors["vera"])[NAME]
    assert (standing.ended, standing.lapse_reason) == (DecisionKind.LAPSED, "Residual above the ceiling")
    assert selectors.risk(actors["vera"], "R-014").decisions[-1].decided_by is None
    for again in (
        lambda: confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"])),
        lambda: record_lapse(system_of(actors), named=NAMED, reason="Again"),
        lambda: withdraw_acceptance(actors["ruth"], named=NAMED, reason="Done"),
    ):
        with pytest.raises(InvalidError, match="is lapsed: Residual above the ceiling"):
            again()
    imported(actors, "ruth", acceptance(until=date(2991, 1, 1), requested_by="ruth"))
    assert selectors.acceptance_standings(actors["vera"])[NAME].ended is DecisionKind.LAPSED
    assert not selectors.acceptance_standings(actors["vera"])[NAME].is_confirmed
    assert selectors.pending_acceptances(actors["vera"]) == ()


def test_a_lapse_follows_from_anybodys_write_and_is_nobodys_decision():
    actors = confirmed()
    with write(actors["ruth"], Operation.RISK_ASSESS) as opened:
        assess_risk(actors["ruth"], ref="R-014", assessment=assessment())
        lapse(opened, NAMED, "Residual above the ceiling")
    with tenant(actors["ruth"].organisation_id):
        decision = AcceptanceDecision.objects.get(kind="lapsed")
        assert (decision.decided_by, decision.decided_by_person) == (None, None)
        assert AuditEntry.objects.filter(change=decision.change).count() == 1


def test_what_was_never_in_force_does_not_lapse():
    actors = requested()
    with pytest.raises(InvalidError, match="never confirmed"):
        record_lapse(system_of(actors), named=NAMED, reason="Date passed")
    attested = acceptance(key="minutes", attested_document="minutes.md", requested_by="ruth")
    imported(actors, "ruth", attested)
    record_lapse(system_of(actors), named=replace(NAMED, key="minutes"), reason="Date passed")
    standings = selectors.acceptance_standings(actors["ruth"])
    assert standings["R-014", NEW_YEAR, "minutes"].ended is DecisionKind.LAPSED


def test_an_acceptance_is_taken_back_by_either_side():
    actors = confirmed()
    with pytest.raises(ForbiddenError, match="Only erin"):
        revoke_acceptance(actors["ada"], named=NAMED, reason="No more")
    revoke_acceptance(actors["erin"], named=NAMED, reason="No more")
    assert selectors.acceptance_standings(actors["erin"])[NAME].ended is DecisionKind.WITHDRAWN
    second = replace(NAMED, key="second")
    request_acceptance(actors["ruth"], ref="R-014", acceptance=acceptance(key="second"))
    withdraw_acceptance(actors["ruth"], named=second, reason="Not needed")
    with pytest.raises(InvalidError, match="is withdrawn: Not needed"):
        confirm_acceptance(actors["erin"], named=second, shown=seen(actors["erin"], named=second))


def test_other_words_have_to_be_confirmed_anew():
    actors = confirmed()
    imported(actors, "ruth", acceptance(until=date(2991, 1, 1), requested_by="ruth"))
    assert not selectors.acceptance_standings(actors["erin"])[NAME].is_confirmed
    confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"]))
    assert selectors.acceptance_standings(actors["erin"])[NAME].is_confirmed


def test_who_brought_a_nameless_request_in_does_not_confirm_it():
    actors = harbourline_with_risk()
    imported(actors, "ada", acceptance(accepted_by="ada"))
    with pytest.raises(ForbiddenError, match="yourself"):
        confirm_acceptance(actors["ada"], named=NAMED, shown=seen(actors["ada"]))
    imported(actors, "ruth", acceptance(accepted_by="ada", key="another"))
    another = replace(NAMED, key="another")
    confirm_acceptance(actors["ada"], named=another, shown=seen(actors["ada"], named=another))
    with tenant(actors["ada"].organisation_id):
        decision = AcceptanceDecision.objects.get()
        assert (decision.requested_by.ref, decision.recorded_by.ref) == ("ruth", "ruth")


def test_who_recorded_a_request_in_another_name_does_not_confirm_it():
    """A file states whom it likes as requester: the member who applied it is no second pair of eyes."""
    actors = harbourline_with_risk()
    imported(actors, "ada", acceptance(accepted_by="ada", requested_by="ruth"))
    with pytest.raises(ForbiddenError, match=r"recorded the request for the acceptance .* yourself"):
        confirm_acceptance(actors["ada"], named=NAMED, shown=seen(actors["ada"]))
    assert not selectors.acceptance_standings(actors["ada"])


def test_who_changed_the_words_of_a_request_does_not_confirm_it():
    actors = harbourline_with_risk()
    imported(actors, "ruth", acceptance(accepted_by="ada", requested_by="ruth"))
    imported(actors, "ada", acceptance(accepted_by="ada", requested_by="ruth", until=date(2991, 1, 1)))
    with pytest.raises(ForbiddenError, match="recorded the request"):
        confirm_acceptance(actors["ada"], named=NAMED, shown=seen(actors["ada"]))
    imported(actors, "ruth", acceptance(accepted_by="ada", requested_by="ruth", until=date(2992, 1, 1)))
    imported(actors, "ada", acceptance(accepted_by="ada", requested_by="ruth", until=date(2992, 1, 1)))
    confirm_acceptance(actors["ada"], named=NAMED, shown=seen(actors["ada"]))
    assert selectors.acceptance_standings(actors["ada"])[NAME].is_confirmed


def test_who_brought_a_withdrawn_request_back_does_not_confirm_it():
    actors = harbourline_with_risk()
    asked = acceptance(accepted_by="ada", requested_by="ruth")
    imported(actors, "ruth", asked)
    imported(actors, "ruth", asked.model_copy(update={"retracted": "Not needed"}))
    imported(actors, "ada", asked)
    with pytest.raises(ForbiddenError, match="recorded the request"):
        confirm_acceptance(actors["ada"], named=NAMED, shown=seen(actors["ada"]))


def test_a_sole_operator_decides_alone_and_every_decision_says_so():
    actors = harbourline_with_risk()
    ada = actors["ada"]
    with pytest.raises(InvalidError, match="who also requested it"):
        request_acceptance(ada, ref="R-014", acceptance=acceptance(accepted_by="ada"))
    with tenant(ada.organisation_id):
        version = Profile.objects.get(ref=PROFILE_REF).version
    profile = ProfileRecord(name="Harbourline", time_zone="Europe/Amsterdam", currency="EUR", sole_operator=True)
    change_profile(ada, profile=profile, version=version)
    request_acceptance(ada, ref="R-014", acceptance=acceptance(accepted_by="ada"))
    confirm_acceptance(ada, named=NAMED, shown=seen(ada))
    imported(actors, "ada", acceptance(accepted_by="ada", requested_by="ruth", key="from a file"))
    from_file = replace(NAMED, key="from a file")
    confirm_acceptance(ada, named=from_file, shown=seen(ada, named=from_file))
    assert [line.by_sole_operator for line in selectors.acceptance_decisions(ada)] == [True, True]


def test_an_expired_request_is_not_confirmed():
    actors = harbourline_with_risk()
    imported(actors, "ruth", acceptance(until=date(2026, 1, 2), requested_by="ruth"))
    with pytest.raises(InvalidError, match="ended on 2026-01-02; ask for a new one"):
        confirm_acceptance(actors["erin"], named=NAMED, shown=seen(actors["erin"]))


def test_standings_follow_both_clocks():
    actors = confirmed()
    (line,) = selectors.acceptance_decisions(actors["vera"])
    record_lapse(system_of(actors), named=NAMED, reason="Residual above the ceiling")
    known = Moment(line.effective_on, line.recorded_at)
    assert selectors.acceptance_standings(actors["vera"], moment=known) == {
        NAME: AcceptanceStanding(confirmed_on=line.effective_on)
    }
    before = Moment(line.effective_on - timedelta(1))
    assert selectors.acceptance_standings(actors["vera"], moment=before) == {}


def test_another_organisation_neither_decides_nor_sees():
    actors, mallory = confirmed(), saltmarsh_with_risk()["mallory"]
    with pytest.raises(NotFoundError):
        withdraw_acceptance(mallory, named=NAMED, reason="Mine")
    assert selectors.acceptance_standings(mallory) == {}
    assert selectors.acceptance_decisions(mallory) == ()
    request_acceptance(mallory, ref="R-014", acceptance=acceptance())
    assert len(selectors.pending_acceptances(mallory)) == 1
    assert selectors.pending_acceptances(actors["erin"]) == ()


def test_the_standings_of_some_risks_are_read_without_those_of_others():
    actors = confirmed()
    other = "R-015"
    add_risk(actors["ruth"], ref=other, risk=risk())
    request_acceptance(actors["ruth"], ref=other, acceptance=acceptance())
    named = Named(other, NEW_YEAR)
    refuse_acceptance(actors["erin"], named=named, reason="Too much", shown=seen(actors["erin"], named=named))
    with tenant(actors["ruth"].organisation_id):
        both = selectors.standings_at()
        assert set(both) == {NAME, (other, NEW_YEAR, None)}
        with CaptureQueriesContext(connection) as queries:
            assert selectors.standings_at(refs=["R-014"]) == {NAME: both[NAME]}
        assert len(queries) <= 2
        assert selectors.standings_at(refs=[]) == {}
