"""Two organisations with registers of the same references: whatever one of them asks or does, it learns nothing of the
other, not even that it is there.

The questions come from the code: every selector, and every service with each reference that its example names exchanged
for one of which only the other organisation knows. Everything is asked twice, before the other organisation is founded
and after; every answer and every refusal must be the same, word for word.
"""

import inspect
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
from django.db import connection
from pydantic import BaseModel

from buttress.evidence.store import take_files
from buttress.formats.models import Text
from buttress.orgs import writing
from buttress.orgs.errors import ForbiddenError
from buttress.orgs.guards.rules import tenant_models
from buttress.orgs.kinds import fact_kinds, record_kinds
from buttress.orgs.models import Person
from buttress.orgs.moments import Moment
from buttress.orgs.reading import facts_of, records_of
from buttress.orgs.records import MemberRecord, PersonRecord
from buttress.orgs.role_names import Role
from buttress.orgs.roles import Operation
from buttress.orgs.services import add_member, add_person
from buttress.orgs.tenancy import NoOrganisationError, current_organisation, tenant
from buttress.orgs.tests.organisations import harbourline, saltmarsh
from buttress.orgs.writing import Actor
from buttress.register.figures.rebuild import rebuild
from doors import doors, undone
from examples_of_records import Holding, hold
from examples_of_selectors import PAST, SELECTORS, as_text
from examples_of_services import SERVICES

pytestmark = pytest.mark.django_db
both_engines = pytest.mark.both_engines

OURS, THEIRS = "QUARTZ", "ZEPHYR"
"""The words in every free text of Saltmarsh, whose Mallory asks, and of Harbourline, of which she must see nothing."""
HIDDEN = "hidden"
"""The reference of one record of every kind that Harbourline alone has."""
ADDING = {
    "persons": "orgs.services.add_person",
    "objectives": "inventory.services.add_objective",
    "assets": "inventory.services.add_asset",
    "vendors": "inventory.services.add_vendor",
    "changes": "inventory.services.record_change",
    "engagements": "criteria.services.add_engagement",
    "controls": "controls.services.add_control",
    "threats": "risks.services.threat.add_threat",
    "rounds": "risks.services.round.record_round",
    "risks": "risks.services.risk.add_risk",
    "incidents": "risks.services.incident.record_incident",
    "datasets": "evidence.services.datasets.declare_dataset",
    "control_tests": "evidence.services.control_tests.adopt_test",
    "own_tests": "evidence.services.control_tests.declare_own_test",
    "manual_tests": "evidence.services.manual.declare_manual_test",
    "exceptions": "evidence.services.exceptions.request_exception",
}
"""By kind the service that adds a record."""
WORDLESS = {
    "evidence.selectors.dataset_files",
    "evidence.verification.verify_files",
    "orgs.selectors.founded_at",
    "orgs.selectors.members",
    "orgs.verification.organisation.verify",
    "register.figures.checking.check_figures",
    "register.figures.selectors.criterion_figures",
    "register.figures.selectors.portfolio_figures",
    "register.monitoring.selectors.slots_since",
}
"""Selectors that repeat no text of a register."""
NOT_FREE = {
    "ProfileRecord.sector",
    "Adoption.owner",
    "Adoption.params",
    "DatasetDeclaration.id",
    "DatasetDeclaration.path",
    "DatasetDeclaration.format",
    "DatasetDeclaration.sheet",
    "DatasetDeclaration.delimiter",
    "DatasetDeclaration.key",
    "DatasetDeclaration.universe",
    "DatasetDeclaration.not_applicable",
    "EffectiveAt.pattern",
    "EffectiveAt.column",
    "ColumnDeclaration.zone",
    "ColumnDeclaration.empty",
    "ManualResult.sha256",
}
"""Text fields that take references, names, patterns and digests of a fixed shape only."""

Arguments = Mapping[str, Any]
Answers = dict[tuple[str, str], str]


def answer(door: Callable[..., Any], actor: Actor, arguments: Arguments) -> tuple[str, bool]:
    """Everything that somebody gets to see of a call, and whether it was answered rather than refused."""
    try:
        return as_text(door(actor, **arguments)), True
    except Exception as error:
        return as_text([type(error), str(error), vars(error)]), False


class Rows:
    """Every row of an organisation in every table, read again whenever asked."""

    def __init__(self, actor: Actor) -> None:
        with tenant(actor.organisation_id):
            rows = [model._default_manager.order_by("id").values_list() for model in tenant_models()]
            self._statements = [each.query.sql_with_params() for each in rows]

    def read(self) -> list[list[Any]]:
        found = []
        with connection.cursor() as cursor:
            for statement, values in self._statements:
                cursor.execute(statement, values)
                found.append(cursor.fetchall())
        return found


def refs_of(holding: Holding) -> set[tuple[str, str]]:
    """Kind and reference of every record of an organisation."""
    with tenant(holding["owner"].organisation_id):
        return {
            (kind.name, ref)
            for kind in record_kinds()
            for ref in kind.model.objects.filter(removed_in=None).values_list("ref", flat=True)
        }


def hidden(kind: str) -> str:
    """A reference of the kind that Harbourline alone has; a test shares its references with tests of other sorts."""
    return {"control_tests": "leavers-disabled", "manual_tests": "hidden-too"}.get(kind, HIDDEN)


def exchanged(value: Any, old: str, new: str) -> Any:
    """The value with one reference for another, however deep."""
    match value:
        case StrEnum() | None | bool():
            return value
        case str() if "\n" in value:
            return re.sub(rf"(?<![\w-]){re.escape(old)}(?![\w-])", new, value)
        case str():
            kind, colon, ref = value.rpartition(":")
            return f"{kind}{colon}{new}" if ref == old else value
        case BaseModel():
            return value.model_copy(update={name: exchanged(each, old, new) for name, each in value})
        case dict():
            return {exchanged(name, old, new): exchanged(each, old, new) for name, each in value.items()}
        case list() | tuple() | frozenset():
            return type(value)(exchanged(each, old, new) for each in value)
        case _ if is_dataclass(value):
            return replace(value, **{f.name: exchanged(getattr(value, f.name), old, new) for f in fields(value)})
    return value


def hide_records(harbour: Holding, folder: Path) -> None:
    """Gives Harbourline one record of every kind, and an evidence file, that Saltmarsh does not have."""
    with writing.write(harbour["owner"], Operation.REGISTER_APPLY):
        for kind, name in ADDING.items():
            arguments = SERVICES[name](harbour, "owner")
            named = {each: exchanged(value, arguments["ref"], hidden(kind)) for each, value in arguments.items()}
            doors()[name](harbour["owner"], **named)
        add_member(harbour["owner"], member=MemberRecord(person=HIDDEN, role=Role.VIEWER))
    (folder / "evidence").mkdir(parents=True)
    (folder / "evidence/hidden.md").write_text(f"Nobody else reads this. {THEIRS}")
    take_files(folder, harbour["owner"].organisation_id, ["evidence/hidden.md"])
    of_every_kind = {(kind.name, hidden(kind.name)) for kind in record_kinds() if kind.name != "organisation"}
    assert of_every_kind - refs_of(harbour) == set()


def decided(holding: Holding) -> Holding:
    """With an acceptance that was confirmed, and an exception that was asked for and approved."""
    for name, member, more in (
        ("risks.services.acceptance.confirm_acceptance", "erin", {}),
        ("evidence.services.exceptions.approve_exception", "erin", {}),
    ):
        doors()[name](holding[member], **SERVICES[name](holding, member) | more)
    return holding


def questions(holding: Holding, known_at: datetime) -> dict[tuple[str, str], Arguments]:
    """Every selector with its example: as it is, at moments, and with each text exchanged for the hidden reference."""
    found: dict[tuple[str, str], Arguments] = {}
    for name, example in SELECTORS.items():
        arguments = example(holding, "owner")
        found[name, ""] = arguments
        for parameter in inspect.signature(doors()[name]).parameters.values():
            if parameter.name == "moment":
                found[name, "a past day"] = {**arguments, "moment": PAST}
                found[name, "what was known"] = {**arguments, "moment": Moment(PAST.as_of, known_at)}
            elif "Collection[str]" in str(parameter.annotation):
                found[name, parameter.name] = {**arguments, parameter.name: {HIDDEN}}
            elif "str" in str(parameter.annotation):
                found[name, parameter.name] = {**arguments, parameter.name: HIDDEN}
    return found


def answers(holding: Holding, asked: Mapping[tuple[str, str], Arguments]) -> Answers:
    found = {}
    for question, arguments in asked.items():
        fresh = {"target": holding.new("copy")} if "target" in arguments else {}
        found[question], _ = answer(doors()[question[0]], holding["owner"], {**arguments, **fresh})
    return found


def test_no_selector_shows_anything_of_the_other_organisation(tmp_path: Path):
    salt = decided(hold(saltmarsh(), "mallory", OURS, tmp_path / "salt", with_results=True))
    known_at = datetime.now(UTC)
    asked = questions(salt, known_at)
    before = answers(salt, asked)
    harbour = hold(harbourline(), "ada", THEIRS, tmp_path / "harbour", with_results=True)
    hide_records(harbour, tmp_path / "hidden")
    decided(harbour)
    after = answers(salt, asked)
    assert [question for question in asked if after[question] != before[question]] == []
    assert [question for question, text in after.items() if THEIRS in text] == []
    # What Mallory is not shown is there to be shown: the same questions of Harbourline's owner are answered with it.
    said = answers(harbour, {each: value for each, value in questions(harbour, known_at).items() if each[1] == ""})
    assert {name for (name, _), text in said.items() if THEIRS not in text} == WORDLESS
    assert {name for (name, how), text in before.items() if how == "" and OURS not in text} == WORDLESS


def test_every_free_text_of_every_kind_bears_the_word_of_its_organisation(tmp_path: Path):
    """Without this the test of selectors could look for a word that is not there."""
    harbour = hold(harbourline(), "ada", THEIRS, tmp_path)
    marked: set[str] = set()
    with tenant(harbour["owner"].organisation_id):
        for kind in record_kinds():
            for stored in records_of(kind).values():
                marked |= _marked_fields(stored.to_record(kind))
        for of in fact_kinds():
            for facts in facts_of(of).values():
                marked |= set().union(*(_marked_fields(fact.to_fact(of)) for fact in facts))
    expected = set().union(*(_text_fields(kind.record) for kind in (*record_kinds(), *fact_kinds())))
    assert expected - marked == NOT_FREE
    assert len(expected) > 60


def _marked_fields(value: Any) -> set[str]:
    """Model and field of each text in which the word of Harbourline stands."""
    found: set[str] = set()
    if isinstance(value, BaseModel):
        for name, each in value:
            found |= _marked_fields(each)
            if THEIRS in as_text(each):
                found.add(f"{type(value).__name__}.{name}")
    elif isinstance(value, Mapping):
        found = set().union(*map(_marked_fields, value.values()))
    elif isinstance(value, list | tuple):
        found = set().union(*map(_marked_fields, value))
    return found


def _text_fields(model: type[BaseModel]) -> set[str]:
    """Model and field of each text that a model and those below it can hold."""
    found = set()
    for name, field in model.model_fields.items():
        parts = list(_parts(field.annotation))
        if Text.__metadata__[0] in (*parts, *field.metadata):
            found.add(f"{model.__name__}.{name}")
        for part in parts:
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= _text_fields(part)
    return found


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    if get_origin(annotation) is Annotated or get_args(annotation):
        for part in get_args(annotation):
            if getattr(part, "__hash__", None):
                yield from _parts(part)


def attempts(arguments: Arguments, known: set[tuple[str, str]]) -> dict[str, Arguments]:
    """The example of a service as it is, and with each reference in it exchanged for the hidden one of its kind."""
    found = {"": arguments}
    own = {("new", arguments["ref"])} if "ref" in arguments else set()
    said = repr(arguments)
    for kind, old in sorted(known | own):
        if kind == "organisation" or old not in said:
            continue
        varied = {each: exchanged(value, old, hidden(kind)) for each, value in arguments.items()}
        if varied != arguments and varied not in found.values():
            found[f"{old} exchanged for {hidden(kind)}"] = varied
    if "version" in arguments:
        found["a version that never was"] = {**arguments, "version": 99}
    if "document_sha256" in arguments:
        result = arguments["result"].model_copy(update={"document": "evidence/hidden.md"})
        found["a document of theirs"] = {**arguments, "result": result, "document_sha256": None}
    return found


def outcomes(salt: Holding, known: set[tuple[str, str]], after_each: Callable[[str], None]) -> Answers:
    """What Mallory gets to see of every attempt; each is undone before the next one."""
    found: Answers = {}
    for name, example in SERVICES.items():
        who = salt["owner"]
        if name.endswith("record_lapse"):
            who = Actor(who.organisation_id, None, who.reason)
        with undone():
            for how, arguments in attempts(example(salt, "owner"), known).items():
                with undone():
                    found[name, how], is_answered = answer(doors()[name], who, arguments)
                    if is_answered:
                        after_each(f"{name} {how}")
    return found


@both_engines
def test_no_service_reaches_tells_of_or_changes_anything_of_the_other_organisation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    salt = hold(saltmarsh(), "mallory", OURS, tmp_path / "salt")
    known = refs_of(salt)
    with undone():  # What leaves files in the folder of its organisation is answered otherwise where they are found.
        for name in ("register.database.evaluation.evaluate_stored", "register.monitoring.arrivals.receive_evidence"):
            doors()[name](salt["owner"], **SERVICES[name](salt, "owner"))
    with monkeypatch.context() as patched:
        # Figures follow from every write, take long, and are written to the other organisation below.
        patched.setattr(writing, "_steps", [])
        before = outcomes(salt, known, lambda _: None)
    harbour = hold(harbourline(), "ada", THEIRS, tmp_path / "harbour")
    hide_records(harbour, tmp_path / "hidden")
    rows = Rows(harbour["owner"])
    untouched = rows.read()
    changed: list[str] = []

    def see(what: str) -> None:
        if rows.read() != untouched:
            changed.append(what)

    with monkeypatch.context() as patched:
        patched.setattr(writing, "_steps", [])
        after = outcomes(salt, known, see)
    assert changed == []
    assert [attempt for attempt in before if after[attempt] != before[attempt]] == []
    assert [attempt for attempt, text in after.items() if THEIRS in text] == []
    assert len(after) > 3 * len(SERVICES)
    add_person(salt["owner"], ref=HIDDEN, person=PersonRecord(name=salt.text("Also hidden")))
    rebuild(salt["owner"].organisation_id)
    see("figures")
    assert changed == []


@both_engines
def test_a_member_of_one_organisation_is_a_stranger_in_the_other():
    ada, mallory = harbourline()["ada"], saltmarsh()["mallory"]
    for name, door in doors().items():
        refusals = set()
        for actor in (
            Actor(mallory.organisation_id, ada.member_id),
            Actor(mallory.organisation_id, uuid.uuid4()),
            Actor(ada.organisation_id, mallory.member_id),
        ):
            with pytest.raises(ForbiddenError) as refused:
                door(actor)
            refusals.add(str(refused.value))
        assert len(refusals) == 1, name


@both_engines
def test_a_key_of_the_other_organisation_is_free():
    for actor in (harbourline()["ada"], saltmarsh()["mallory"]):
        person = PersonRecord(name=f"Somebody of {actor.organisation_id}")
        add_person(actor.keyed("once"), ref="somebody", person=person)
        with tenant(actor.organisation_id):
            assert Person.objects.get(ref="somebody").name == person.name


@both_engines
def test_no_organisation_is_left_in_context_whatever_happens():
    vera = harbourline()["vera"]
    for name, door in doors().items():
        with pytest.raises(NoOrganisationError):
            try:
                door(vera, nothing_such="at all")
            except (ForbiddenError, TypeError):
                current_organisation()
            pytest.fail(f"{name} took an argument that it does not have")


@both_engines
def test_a_new_thread_has_no_organisation_and_reads_nothing():
    found: list[object] = []

    def read() -> None:
        try:
            found.append(list(Person.objects.all()))
        except NoOrganisationError as error:
            found.append(error)

    with tenant(harbourline()["ada"].organisation_id):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    assert [type(each) for each in found] == [NoOrganisationError]
