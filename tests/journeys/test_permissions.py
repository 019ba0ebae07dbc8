"""Every service and selector × every role, and what each service leaves behind: generated from the code, so that none can
be forgotten."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from buttress.orgs import writing
from buttress.orgs.errors import ConflictError, ForbiddenError, NotFoundError, RecordsError
from buttress.orgs.models import AuditEntry, Head
from buttress.orgs.recording import Standing
from buttress.orgs.records import MemberRecord
from buttress.orgs.role_names import Role
from buttress.orgs.roles import OF_THE_SYSTEM, TABLE, Grant, Operation, grant_of
from buttress.orgs.selectors import audit_trail
from buttress.orgs.services import change_member
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline
from buttress.orgs.writing import Actor, Written
from doors import doors, undone, unguarded
from examples_of_records import Holding, hold
from examples_of_selectors import SELECTORS, read_back
from examples_of_services import JOBS, SERVICES, changed, somebody_changes

pytestmark = pytest.mark.django_db

_MEMBER_OF = {
    Role.OWNER: "ada",
    Role.RISK_MANAGER: "ruth",
    Role.CONTROL_OWNER: "omar",
    Role.APPROVER: "erin",
    Role.AUDITOR: "paul",
    Role.VIEWER: "vera",
}
SYSTEM = "the system"
NEVER_OWNED = {"controls.services.add_control", "controls.services.remove_control"}
"""Who may change their own controls only makes none and ends none."""


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Holding:
    """Harbourline with its register. Figures, which follow from every write, have tests of their own and take long."""
    holding = hold(harbourline(), "ada", "ZEPHYR", tmp_path)
    monkeypatch.setattr(writing, "_steps", [])
    return holding


@dataclass(frozen=True)
class Service:
    """A service with its example."""

    name: str
    call: Callable[..., Any]
    operation: Operation

    def arguments(self, held: Holding, member: str) -> dict[str, Any]:
        return SERVICES[self.name](held, "ada" if member == SYSTEM else member)

    def allowed(self) -> list[str]:
        """Members who may do it without more ado, the system where it may."""
        found = [member for role, member in _MEMBER_OF.items() if grant_of(role, self.operation) is Grant.YES]
        found += [SYSTEM] if self.operation in OF_THE_SYSTEM else []
        # What stands before several services is as permitted as they are, and takes its time.
        return found[:1] if self.name.startswith("register.") else found

    def denied(self) -> list[str]:
        found = [member for role, member in _MEMBER_OF.items() if grant_of(role, self.operation) is Grant.NO]
        return found if self.operation in OF_THE_SYSTEM else [*found, SYSTEM]


def services() -> list[Service]:
    found = [(name, door) for name, door in doors().items() if name not in SELECTORS and name not in JOBS]
    return [Service(name, door, door.operation) for name, door in found]


def actor(held: Holding, member: str) -> Actor:
    return Actor(held["ada"].organisation_id, None, "By itself") if member == SYSTEM else held[member]


def test_every_service_and_selector_has_an_example():
    assert set(doors()) == {*SERVICES, *SELECTORS, *JOBS}


def test_whatever_takes_an_actor_asks_for_an_operation():
    within = {"orgs.reads.permit_read", "orgs.writing.write", "orgs.writing.writing_in_transaction"}
    assert unguarded() - within == {"orgs.reads.engagement_seen", "orgs.reads.engagement_wanted"}


def test_the_table_decides_every_service_and_selector_for_every_role():
    """A call without its arguments gets as far as permission lets it: refused, or found wanting its arguments."""
    actors = harbourline()
    wrong = []
    for name, door in doors().items():
        for role, member in _MEMBER_OF.items():
            is_let_in = _is_let_in(door, actors[member])
            if is_let_in is not (grant_of(role, door.operation) is not Grant.NO):
                wrong.append(f"{name} ({door.operation}) for {role.label}: {'let in' if is_let_in else 'refused'}")
    assert wrong == []


def _is_let_in(door: Callable[..., Any], who: Actor) -> bool:
    try:
        door(who)
    except ForbiddenError:
        return False
    except TypeError as error:
        assert re.search(r"missing \d+ required", str(error)), error
    return True


def test_every_operation_of_the_table_is_asked_for_somewhere():
    asked = {door.operation for door in doors().values()}
    of_the_installation = {Operation.ORGANISATION_FOUND, Operation.FIGURES_REBUILD}
    assert set(Operation) - asked == of_the_installation
    assert set(TABLE) == set(Operation)


def test_somebody_who_is_no_member_any_more_is_refused_everywhere():
    actors = harbourline()
    ended = MemberRecord(person="ruth", role=Role.RISK_MANAGER, ended_on=date(2026, 1, 1))
    change_member(actors["ada"], ref="ruth", member=ended, version=1)
    for door in doors().values():
        with pytest.raises(ForbiddenError):
            door(actors["ruth"])


def test_every_service_is_one_change_with_entries_that_say_what_who_and_from_what_to_what(held: Holding):
    wrong = {}
    for service in services():
        for member in service.allowed():
            with undone():
                if faults := _faults_of_change(held, service, member):
                    wrong[service.name, member] = faults
    assert wrong == {}


def _faults_of_change(held: Holding, service: Service, member: str) -> list[str]:
    arguments, who = service.arguments(held, member), actor(held, member)
    before = _head(held)
    try:
        answer = service.call(who, **arguments)
    except Exception as error:
        return [f"raised {error!r}"]
    faults = [] if _head(held)[0] == before[0] + 1 else ["not one change"]
    by, because = ("" if member == SYSTEM else member), who.reason
    with tenant(who.organisation_id):
        entries = AuditEntry.objects.filter(change=before[0] + 1).values_list("member_id", "action")
        if set(entries) != {(who.member_id, service.operation.value)}:
            faults.append(f"entries are {set(entries)}")
    lines = [line for line in audit_trail(held["ada"], last=20) if line.change > before[0]]
    if isinstance(answer, Written) and answer.ref:
        lines = [line for line in lines if (line.subject_kind, line.values["ref"]) == (answer.kind, answer.ref)]
        faults += [] if lines else ["no entry about what was written"]
    for line in lines:
        if (line.values["by"], line.values["reason"]) != (by, because):
            faults.append(f"{line.values['by']} because {line.values['reason']}")
        if not _says_what(service.name.rpartition(".")[2].partition("_")[0], dict(line.values)):
            faults.append(f"says {line.values}")
    return faults


def _says_what(verb: str, values: dict[str, Any]) -> bool:
    """What was written is in the entry: of a change the fields that changed, before and after."""
    before = {name.removeprefix("before.") for name in values if name.startswith("before.")}
    after = {name.removeprefix("after.") for name in values if name.startswith("after.")}
    match verb:
        case "add" | "admit" | "adopt" | "declare":
            return bool(after) and not before
        case "change" | "amend" | "answer" | "close" | "rename":
            return bool(after) and before == after
        case "remove" | "drop":
            return values["removed"] is True
        case "evaluate":
            return bool(values["rows"])
    return bool(values.keys() - {"ref", "by", "reason", "rows"})


def test_every_service_refuses_those_who_may_not_and_writes_nothing(held: Holding):
    wrong = []
    for service in services():
        with undone():
            arguments = service.arguments(held, service.allowed()[0])
            before = _head(held)
            for member in service.denied():
                with pytest.raises(ForbiddenError):
                    service.call(actor(held, member), **arguments)
            if _head(held) != before:
                wrong.append(service.name)
    assert wrong == []


def test_every_request_for_a_job_is_refused_to_those_who_may_not(held: Holding):
    for name, example in JOBS.items():
        operation = doors()[name].operation
        for role, member in _MEMBER_OF.items():
            with undone():
                arguments = example(held, "ada")
                if grant_of(role, operation) is Grant.YES:
                    assert doors()[name](held[member], **arguments).state.is_open
                    continue
                with pytest.raises(ForbiddenError):
                    doors()[name](held[member], **arguments)


def test_who_may_act_on_their_own_may_do_so_until_it_is_somebody_elses(held: Holding):
    grants = [each for each in services() if grant_of(Role.CONTROL_OWNER, each.operation) is Grant.OWN]
    assert len(grants) > len(NEVER_OWNED)
    for service in grants:
        with undone():
            arguments = service.arguments(held, "omar")
            if service.name in NEVER_OWNED:
                with pytest.raises(ForbiddenError):
                    service.call(held["omar"], **arguments)
                continue
            with undone():
                service.call(held["omar"], **arguments)
            _give_away(held, "IAM-02", to="ruth")
            again = arguments | ({"version": arguments["version"] + 1} if "version" in arguments else {})
            with pytest.raises(ForbiddenError, match="own only"):
                service.call(held["omar"], **again)


def _give_away(held: Holding, ref: str, *, to: str) -> None:
    service = doors()["controls.services.change_control"]
    version = held.version("controls", ref)
    service(held["ada"], ref=ref, control=changed(held, "controls", ref, owner=to), version=version)


def test_every_change_of_what_somebody_else_changed_meanwhile_is_a_conflict_and_writes_nothing(held: Holding):
    wrong = {}
    tried = 0
    for service in services():
        with undone():
            arguments = service.arguments(held, service.allowed()[0])
            who = actor(held, service.allowed()[0])
            if _seeing(service, arguments, 1) is None:
                continue
            tried += 1
            if faults := _faults_of_conflict(held, service, who, arguments):
                wrong[service.name] = faults
    assert wrong == {}
    assert tried > 50


def _faults_of_conflict(held: Holding, service: Service, who: Actor, arguments: dict[str, Any]) -> str:
    with undone():
        written = service.call(who, **arguments)
    kind, ref = written.kind, arguments.get("ref", written.ref)
    seen = held.version(kind, ref)
    somebody_changes(held, kind, ref)
    before = _head(held)
    try:
        service.call(who, **(_seeing(service, arguments, seen) or {}))
    except ConflictError as error:
        numbers = (error.seen.number, error.stored.number)
        if numbers != (seen, seen + 1) or error.seen.content == error.stored.content or _head(held) != before:
            return f"versions {numbers}, contents {error.seen.content} and {error.stored.content}"
        return ""
    except RecordsError as error:
        return f"raised {error!r}"
    return "wrote over what it had not seen"


def _seeing(service: Service, arguments: dict[str, Any], version: int) -> dict[str, Any] | None:
    """The arguments of somebody who saw that version; None for what takes no version."""
    takes = inspect.signature(service.call).parameters
    if "version" in takes:
        return arguments | {"version": version}
    if "standing" in takes:
        return arguments | {"standing": Standing(version=version)}
    return arguments if hasattr(arguments.get("asked"), "version") else None


def _head(held: Holding) -> tuple[int, int, int, str]:
    with tenant(held["ada"].organisation_id):
        found = Head.objects.values_list("change", "entries", "revision", "last_hash")
        return tuple(found.get())


def test_every_selector_answers_with_its_example(held: Holding):
    for name, example in SELECTORS.items():
        with undone():
            assert read_back(doors()[name](held["ada"], **example(held, "ada"))) is not None, name


def test_an_auditor_sees_one_engagement_and_others_are_as_unknown_as_those_that_never_were(held: Holding):
    for name in ("register.selectors.snapshot", "register.figures.selectors.figures_at"):
        arguments = SELECTORS[name](held, "paul")
        doors()[name](held["paul"], **arguments, engagement="soc2-2026")
        words = set()
        for other in ("soc2-2024", "soc2-1999"):
            with pytest.raises(NotFoundError) as refused:
                doors()[name](held["paul"], **arguments, engagement=other)
            words.add(str(refused.value).replace(other, "it"))
        assert len(words) == 1
    folder = doors()["register.export.export_folder"](held["paul"], target=held.new("copy"))
    exported = (folder / "organisation.yaml").read_text()
    assert ("soc2-2026" in exported, "soc2-2024" in exported) == (True, False)
