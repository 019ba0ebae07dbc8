"""The audit trail in words: every operation that writes has its text, and a line says what changed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from buttress.orgs.recording import Standing
from buttress.orgs.records import RatesFact
from buttress.orgs.roles import Operation
from buttress.orgs.selectors import AuditLine, audit_trail
from buttress.orgs.services import state_rates
from buttress.orgs.tests.organisations import harbourline
from buttress.reports.trail.as_json import document
from buttress.reports.trail.events import EVENTS, event_of, event_text
from buttress.reports.trail.view import trail_view

READS = {
    Operation.REGISTER_READ,
    Operation.REGISTER_EXPORT,
    Operation.AUDIT_READ,
    Operation.AUDIT_VERIFY,
}


def test_every_operation_that_writes_has_its_words() -> None:
    assert set(Operation) - set(EVENTS) == READS
    assert len(set(EVENTS.values())) == len(EVENTS)
    assert event_text("of.another_version") == "of another version"


def test_a_line_says_who_did_what_and_what_changed() -> None:
    at = datetime(2026, 9, 30, 22, 30, tzinfo=UTC)
    values = {
        "ref": "R-1",
        "by": "",
        "before.title": '"Old"',
        "after.title": '"New"',
        "before.owner": "null",
        "after.owner": None,
        "assessments.0": '{"effective_on":"2026-01-20"}',
        "assessments.1": '{"effective_on":"2026-01-21","retracted":"wrong"}',
        "assessments.2": '{"effective_on":"2026-01-22"}',
        "effects.0": None,
        "decisions.0": '{"acceptance":["2026-02-01",null],"kind":"refused","reason":"no","is_authority_claimed":false}',
        "decisions.1": '{"acceptance":["2026-02-01",null],"kind":"confirmed","reason":"","by_sole_operator":true,'
        '"is_authority_claimed":true}',
        "result.2026-06-30.mfa": {
            "test": "mfa",
            "outcome": "not_evaluated",
            "population": 1200,
            "failing": 1,
            "as_of": "2026-06-30",
        },
        "reason": "asked",
        "rows": [],
    }
    entry = AuditLine(7, 3, at, "risk.change", "risks", values, frozenset({"assessments.1", "assessments.2"}))
    (line,) = trail_view([entry], ZoneInfo("Europe/Amsterdam"))
    assert (line.by, line.event, line.noun, line.ref) == ("the system", "risk recorded", "risk", "R-1")
    assert f"{line.at:%Y-%m-%d %H:%M}" == "2026-10-01 00:30"
    assert line.details == (
        "title: Old, now New",
        "owner: nothing, now (erased)",
        "assessment of 2026-01-20 stated",
        "assessment of 2026-01-21 retracted",
        "assessment of 2026-01-22 corrected",
        "effect (erased)",
        "acceptance from 2026-02-01 refused: no",
        "acceptance from 2026-02-01 confirmed, by a sole operator, authority as claimed",
        "result of mfa as of 2026-06-30: not evaluated, 1 of 1,200 failing",
    )
    assert line.reason == "asked"


@pytest.mark.parametrize(
    ("action", "values", "corrections", "event"),
    [
        ("risk.assess", {"assessments.0": "{}"}, [], "risk assessed"),
        ("risk.assess", {"assessments.0": "{}"}, ["assessments.0"], "assessment corrected"),
        ("risk.assess", {"assessments.0": '{"retracted":"wrong"}'}, ["assessments.0"], "assessment retracted"),
        ("risk.assess", {"assessments.0": "{}", "assessments.1": "{}"}, ["assessments.0"], "risk assessed"),
        ("effect.state", {"effects.0": "{}"}, ["effects.0"], "effect corrected"),
        ("effect.state", {"effects.0": None}, [], "effect stated"),
        ("register.apply", {"effects.0": "{}"}, ["effects.0"], "register folder applied"),
    ],
)
def test_a_correction_a_retraction_and_a_new_statement_have_words_of_their_own(
    action: str, values: dict[str, Any], corrections: list[str], event: str
) -> None:
    line = AuditLine(7, 3, datetime(2026, 9, 30, tzinfo=UTC), action, "risks", values, frozenset(corrections))
    assert event_of(line) == event
    (entry,) = document("harbourline", [line])["entries"]
    assert (entry["event"], entry["corrections"]) == (event, corrections)


@pytest.mark.django_db
@pytest.mark.both_engines
def test_the_trail_tells_what_stands_in_the_place_of_an_earlier_fact() -> None:
    ada = harbourline()["ada"]
    rates = RatesFact(effective_on=date(2026, 1, 1), per_unit={"USD": Decimal("0.90")})
    other_day = rates.model_copy(update={"effective_on": date(2026, 2, 1)})
    better = rates.model_copy(update={"per_unit": {"USD": Decimal("0.91")}})
    wrong = rates.model_copy(update={"retracted": "Of another year"})
    for fact, is_correction in ((rates, False), (other_day, False), (better, True), (rates, True), (wrong, True)):
        state_rates(ada, rates=fact, standing=Standing(is_correction=is_correction))
    words = [line.event for line in trail_view(audit_trail(ada, last=5), ZoneInfo("UTC"))]
    assert words == [
        "rate table retracted",
        "rate table corrected",
        "rate table corrected",
        "methodology stated",
        "methodology stated",
    ]
