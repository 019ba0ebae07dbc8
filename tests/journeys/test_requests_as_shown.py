"""A decision is about the request that was seen: what changed since is shown again, never decided unseen."""

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rich.console import Console

from buttress.cli.decisions import confirm
from buttress.evidence.declared_terms import Adoption
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.kinds import EXCEPTIONS
from buttress.evidence.services import adopt_test, request_exception
from buttress.orgs import recording
from buttress.orgs.errors import ConflictError, ForbiddenError
from buttress.orgs.models import Head
from buttress.orgs.recording import Standing
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline
from buttress.orgs.writing import Actor, write
from buttress.register.decisions import (
    AcceptanceAsked,
    acceptance_asked,
    confirm_acceptance,
    confirm_exception,
    exception_asked,
    refuse_acceptance,
    waiting_decisions,
)
from buttress.register.tests.figured import appetite, build_register, later
from buttress.reports.decisions import terminal
from buttress.reports.notation import write_date
from buttress.risks.kinds import ACCEPTANCES
from buttress.risks.records.appetite import AppetiteFact, AuthorityRecord
from buttress.risks.records.risk import AcceptanceFact
from buttress.risks.services.acceptance import OutdatedError, request_acceptance
from buttress.risks.services.methodology import set_appetite

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
TODAY = timezone.now().date()
REF = "R-1"
REQUEST = {
    "effective_on": TODAY.isoformat(),
    "accepted_by": "erin",
    "authority": "approver",
    "reason": "cheaper than any control",
    "until": (TODAY + timedelta(days=90)).isoformat(),
    "ceiling": {"annual_loss": "90000000"},
}


def allowing(on: date, *holders: str) -> AppetiteFact:
    """An appetite whose one authority reaches above every risk."""
    authority = {"role": "approver", "highest_rating": "high", "annual_loss": "100000000", "held_by": list(holders)}
    authorities = (AuthorityRecord.model_validate(authority),)
    return appetite("high", on=on).model_copy(update={"authorities": authorities})


@pytest.fixture
def actors() -> Mapping[str, Actor]:
    """With a request of Ruth's that Erin bear the risk."""
    found = harbourline()
    build_register(found, risks=3)
    set_appetite(found["ruth"], appetite=allowing(later(20)))
    request_acceptance(found["ruth"], ref=REF, acceptance=AcceptanceFact.model_validate(REQUEST))
    return found


def apply(member: Actor, acceptance: AcceptanceFact) -> None:
    """The acceptance as a folder states it."""
    with write(member, Operation.REGISTER_APPLY) as opened:
        recording.state(opened, ACCEPTANCES, REF, acceptance, Standing(is_correction=True))


def prolong(ruth: Actor, asked: AcceptanceFact) -> None:
    apply(ruth, asked.model_copy(update={"until": asked.until + timedelta(days=300)}))


def revision_of(actor: Actor) -> int:
    with tenant(actor.organisation_id):
        return int(Head.objects.get().revision)


@contextmanager
def once_read(table: str, meanwhile: Callable[[], None], *, times: int = 1) -> Iterator[None]:
    """Within it somebody else does something, right after a table was read so many times."""
    reads: list[str] = []
    began: list[threading.Thread] = []
    ended: list[None] = []

    def elsewhere() -> None:
        try:
            meanwhile()
            ended.append(None)
        finally:
            connection.close()

    def run(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        if f'FROM "{table}"' in sql:
            reads.append(sql)
        if len(reads) == times and not began:
            began.append(threading.Thread(target=elsewhere))
            began[0].start()
            began[0].join()
        return found

    with connection.execute_wrapper(run):
        yield
    assert ended, f"{table} was not read, or what was to happen meanwhile failed"


class Typist(io.StringIO):
    """A person at a terminal who answers yes, and takes so long the first time that something happens meanwhile."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__("y\n" * 2)
        self.meanwhile: Callable[[], None] | None = meanwhile
        self.asked = 0

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:
        self.asked += 1
        if self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
        return super().readline(-1 if size is None else size)


def printed(asked: AcceptanceAsked) -> str:
    out = io.StringIO()
    Console(file=out, width=200).print(terminal.asked(asked))
    return out.getvalue()


@pytest.mark.parametrize("decide", [confirm_acceptance, refuse_acceptance])
def test_a_request_corrected_after_it_was_shown_is_not_decided_unseen(
    actors: Mapping[str, Actor], decide: Callable[..., Any]
) -> None:
    asked = acceptance_asked(actors["erin"], ref=REF)
    prolong(actors["ruth"], asked.acceptance)
    with pytest.raises(ConflictError) as caught:
        decide(actors["erin"], asked, reason="As I saw it")
    seen, stored = caught.value.seen.content["until"], caught.value.stored.content["until"]
    assert seen == asked.acceptance.until.isoformat() < stored
    decide(actors["erin"], acceptance_asked(actors["erin"], ref=REF), reason="As I see it now")


@pytest.mark.django_db(transaction=True)
def test_request_and_figures_are_shown_as_of_one_state(actors: Mapping[str, Actor]) -> None:
    """A correction between two reads would else be shown with the revision that hides it."""
    before = revision_of(actors["erin"])
    first = acceptance_asked(actors["erin"], ref=REF)
    with once_read("risks_acceptance", lambda: prolong(actors["ruth"], first.acceptance)):
        asked = acceptance_asked(actors["erin"], ref=REF)
    assert (asked, asked.shown.revision, revision_of(actors["erin"])) == (first, before, before + 1)
    with pytest.raises(ConflictError):
        confirm_acceptance(actors["erin"], asked, reason="As I saw it")


@pytest.mark.django_db(transaction=True)
def test_an_exception_is_shown_with_the_version_of_its_words(actors: Mapping[str, Actor]) -> None:
    adopt_test(actors["ruth"], ref="idp-mfa-active-users", adoption=Adoption(controls=("IAM-02",)))
    until = (TODAY + timedelta(days=30)).isoformat()
    said = {"test": "idp-mfa-active-users", "keys": ["a-1"], "reason": "A kiosk", "requested_by": "ruth"}
    record = ExceptionRecord.model_validate({**said, "starts_on": TODAY.isoformat(), "expires_on": until})
    request_exception(actors["ruth"], ref="EX-1", exception=record)

    def widen() -> None:
        with write(actors["ruth"], Operation.REGISTER_APPLY) as opened:
            recording.change(opened, EXCEPTIONS, "EX-1", record.model_copy(update={"keys": ("a-1", "a-2")}), 1)

    with once_read("orgs_recordversion", widen, times=2):
        asked = exception_asked(actors["erin"], ref="EX-1")
    assert (asked.record.keys, asked.version) == (("a-1",), 1)
    with pytest.raises(ConflictError):
        confirm_exception(actors["erin"], asked, reason="A kiosk")


def test_a_residual_of_yesterday_is_not_decided_on(actors: Mapping[str, Actor]) -> None:
    asked = acceptance_asked(actors["erin"], ref=REF)
    yesterday = replace(asked.shown, as_of=asked.shown.as_of - timedelta(days=1))
    with pytest.raises(OutdatedError, match="look at it again"):
        confirm_acceptance(actors["erin"], replace(asked, shown=yesterday))
    confirm_acceptance(actors["erin"], asked)


def test_who_applied_a_request_in_another_name_does_not_confirm_it(actors: Mapping[str, Actor]) -> None:
    other = {**REQUEST, "key": "of a file", "accepted_by": "ada", "requested_by": "ruth"}
    ada = actors["ada"]
    apply(ada, AcceptanceFact.model_validate({**other, "effective_on": later(40).isoformat()}))
    with pytest.raises(ForbiddenError, match="recorded the request"):
        confirm_acceptance(ada, acceptance_asked(ada, ref=REF, effective_on=later(40)))
    assert [each.by for each in waiting_decisions(ada)] == ["erin", "ada"]


def test_what_is_shown_says_who_holds_the_authority(actors: Mapping[str, Actor]) -> None:
    claimed = acceptance_asked(actors["erin"], ref=REF)
    assert claimed.held_by == ()
    assert "nobody is named to hold it" in printed(claimed)
    set_appetite(actors["ruth"], appetite=allowing(later(21), "ada", "erin"))
    held = acceptance_asked(actors["erin"], ref=REF)
    assert "held by ada, erin" in printed(held)
    confirm_acceptance(actors["erin"], held)


def test_who_is_asked_at_a_terminal_is_shown_again_what_changed_while_they_thought(
    actors: Mapping[str, Actor], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = acceptance_asked(actors["erin"], ref=REF)
    typist = Typist(lambda: prolong(actors["ruth"], asked.acceptance))
    monkeypatch.setattr("sys.stdin", typist)
    confirm(REF, reason="agreed", member="erin")
    said = capsys.readouterr()
    assert (typist.asked, said.out.count(f"Acceptance of {REF}")) == (2, 2)
    for until in (asked.acceptance.until, asked.acceptance.until + timedelta(days=300)):
        assert said.out.count(write_date(until)) == 1
    assert "was changed in between: you saw version 1, stored is version 2" in said.err
    assert said.err.endswith(f"{REF} is confirmed by erin\n")
