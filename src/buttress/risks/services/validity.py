"""What a write must hold against what stands: references, the risk as a whole, the methodology in force."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from pydantic import ValidationError

from buttress.formats.models import Complaint, StrictModel
from buttress.formats.printable import in_one_line
from buttress.formats.problems import shown
from buttress.orgs.content import content_of, from_text
from buttress.orgs.errors import InvalidError, NotFoundError
from buttress.orgs.kinds import FactKind, RecordKind, fact_kinds, record_kind
from buttress.orgs.kinds_of_orgs import RATES
from buttress.orgs.models import Profile
from buttress.orgs.reading import StoredFact, facts_of, zone_of_organisation
from buttress.orgs.recording import latest_content
from buttress.orgs.records import RatesFact
from buttress.orgs.writing import Write
from buttress.risks.agreement import in_force
from buttress.risks.kinds import APPETITE, RISKS, SCALES
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.scales import ScaleFact

M = TypeVar("M", bound=StrictModel)

_LINKED = ("persons", "objectives", "assets", "vendors", "threats", "rounds", "risks", "controls")


def refuse(complaints: Iterable[Complaint], noun: str, ref: str) -> None:
    """Raises `InvalidError` that says everything that was found, each with its field."""
    said = []
    for complaint in complaints:
        field = ".".join(str(part) for part in complaint.path)
        advice = f" {complaint.advice}" if complaint.advice else ""
        place = f"{noun} {ref}, {field}" if field else f"{noun} {ref}"
        said.append(in_one_line(f"{place}: found {complaint.found}; expected {complaint.expected}.{advice}"))
    if said:
        raise InvalidError("\n".join(said))


@dataclass(frozen=True, slots=True)
class _Known:
    """The references of one kind that a link may name, asked for one by one."""

    write: Write
    kind: str
    shipped: frozenset[str] = frozenset()

    def __contains__(self, ref: str) -> bool:
        return ref in self.shipped or self.write.find(self.kind, ref) is not None

    def __iter__(self) -> Iterator[str]:
        self.write.flush()
        yield from self.shipped
        yield from record_kind(self.kind).model.objects.filter(removed_in=None).values_list("ref", flat=True)


def refuse_unknown(write: Write, record: StrictModel, noun: str, ref: str) -> None:
    """Raises where the record names what this organisation does not have, lists of references in facts included."""
    from buttress.controls.library import starter_controls  # noqa: PLC0415 - content is loaded on first use only
    from buttress.criteria.catalogue import criteria  # noqa: PLC0415 - likewise

    known: dict[str, object] = {kind: _Known(write, kind) for kind in _LINKED}
    known["assumed_controls"] = _Known(write, "controls", frozenset(starter_controls()))
    known["criteria"] = frozenset(criterion.id for criterion in criteria())
    try:
        type(record).model_validate(from_text(content_of(record)), context={"known": known})
    except ValidationError as error:
        refuse(_complaints(error), noun, ref)


def refuse_incoherent(write: Write, ref: str) -> None:
    """Raises where the risk as it stands after the write, with all its facts, is none that a register folder may hold."""
    write.flush()
    record_id = write.resolve(RISKS.name, ref)
    whole = from_text(latest_content(write, record_id))
    for kind in fact_kinds(RISKS.name):
        whole[kind.field] = [from_text(fact.content) for fact in facts_of(kind, None, [record_id]).get(record_id, ())]
    try:
        RISKS.record.model_validate(whole)
    except ValidationError as error:
        refuse(_complaints(error), RISKS.noun, ref)


def _complaints(error: ValidationError) -> Iterator[Complaint]:
    for detail in error.errors(include_url=False):
        path = tuple(part for part in detail["loc"] if not str(part).endswith("]"))
        context = detail.get("ctx", {})
        match detail["type"]:
            case "complaints":
                yield from (replace(each, path=(*path, *each.path)) for each in context["complaints"])
            case "unfit":
                yield Complaint(path, context["found"], context["expected"], context["advice"])
            case _:
                yield Complaint(path, shown(detail["input"]), detail["msg"])


def current(write: Write, kind: RecordKind, ref: str, record: type[M]) -> M:
    """The record as it stands, its facts left out; raises `NotFoundError`."""
    record_id = write.find(kind.name, ref)
    if record_id is None:
        raise NotFoundError(kind.noun, ref)
    found = kind.to_record(ref, from_text(latest_content(write, record_id)))
    assert isinstance(found, record)
    return found


def standing_fact(write: Write, kind: FactKind, ref: str, identity: str) -> StoredFact:
    """The newest fact of an identity, retracted or not; raises `NotFoundError`."""
    write.flush()
    record_id = write.find(kind.of, ref)
    if record_id is None:
        raise NotFoundError(record_kind(kind.of).noun, ref)
    for fact in facts_of(kind, None, [record_id]).get(record_id, ()):
        if fact.identity == identity:
            return fact
    raise NotFoundError(f"{kind.noun} of {ref}", ", ".join(str(part) for part in _parts(identity)))


def _parts(identity: str) -> list[object]:
    return [part for part in from_text(f'{{"parts":{identity}}}')["parts"] if part is not None]


@dataclass(frozen=True, slots=True)
class Methodology:
    """The scale versions, appetites and rates that stand, whatever their day; `reporting` is the reporting currency."""

    scales: tuple[ScaleFact, ...]
    appetites: tuple[AppetiteFact, ...]
    rated: frozenset[str]
    reporting: str
    is_sole_operator: bool

    def scale_on(self, day: date) -> ScaleFact | None:
        return in_force(self.scales, day)

    def appetite_on(self, day: date) -> AppetiteFact | None:
        return in_force(self.appetites, day)


def methodology_in(write: Write) -> Methodology:
    """The methodology as it stands in this write."""
    write.flush()
    currency, is_sole_operator = Profile.objects.values_list("currency", "sole_operator")[0]
    rates = [fact for fact in _standing(RATES, RatesFact) if not fact.retracted]
    return Methodology(
        tuple(_standing(SCALES, ScaleFact)),
        tuple(fact for fact in _standing(APPETITE, AppetiteFact) if not fact.retracted),
        frozenset({currency}.union(*(fact.per_unit for fact in rates))),
        currency,
        is_sole_operator,
    )


def _standing(kind: FactKind, record: type[M]) -> list[M]:
    found = [stored.to_fact(kind) for facts in facts_of(kind).values() for stored in facts]
    return [fact for fact in found if isinstance(fact, record)]


def today_in(write: Write) -> date:
    """The organisation's day on which the write is recorded."""
    return write.recorded_at.astimezone(zone_of_organisation()).date()
