"""The audit trail in words: every operation that writes has its text, and a line says what changed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from buttress.orgs.roles import Operation
from buttress.orgs.selectors import AuditLine
from buttress.reports.trail.events import EVENTS, event_text
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
        "effects.0": None,
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
    (line,) = trail_view([AuditLine(7, 3, at, "risk.change", "risks", values)], ZoneInfo("Europe/Amsterdam"))
    assert (line.by, line.event, line.noun, line.ref) == ("the system", "risk recorded", "risk", "R-1")
    assert f"{line.at:%Y-%m-%d %H:%M}" == "2026-10-01 00:30"
    assert line.details == (
        "title: Old, now New",
        "owner: nothing, now nothing",
        "assessment of 2026-01-20 stated",
        "assessment of 2026-01-21 retracted",
        "effect (erased)",
        "result of mfa as of 2026-06-30: not evaluated, 1 of 1,200 failing",
    )
    assert line.reason == "asked"
