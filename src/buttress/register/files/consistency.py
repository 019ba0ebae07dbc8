"""What can only be judged over several records: scales in force, currencies, deciders, conditions, cycles."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from buttress.core.snapshot import RiskKind
from buttress.formats.models import Complaint
from buttress.formats.problems import Problem, shown
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.register.files.attested import missing_documents
from buttress.register.files.evidence_links import evidence_links
from buttress.register.files.register import Place, Register
from buttress.risks.agreement import (
    SOMEBODY_ELSE,
    appetite_complaints,
    ceiling_complaints,
    currency_complaints,
    decider_complaints,
    in_force,
    level_complaints,
    level_currency_complaints,
    scales_met,
)


def inconsistencies(register: Register) -> Iterator[Problem]:
    """Every problem between records that are valid by themselves."""
    yield from _appetites(register)
    yield from _levels(register)
    yield from _ceilings(register)
    yield from _emails(register)
    yield from _deciders(register)
    yield from missing_documents(register)
    yield from _currencies(register)
    yield from _conditions(register)
    yield from _renamed(register)
    yield from _cycles(register)
    yield from evidence_links(register)


def _complaints(place: Place, path: FieldPath, complaints: Iterable[Complaint]) -> Iterator[Problem]:
    """The complaints about what stands under `path`, with their lines."""
    return (place.problem((*path, *c.path), c.found, c.expected, c.advice) for c in complaints)


def _appetites(register: Register) -> Iterator[Problem]:
    """The ratings that an appetite names exist in every scale version it meets."""
    organisation = register.organisation
    place = register.place("organisation")
    for position, appetite in enumerate(organisation.appetite):
        if appetite.retracted:
            continue
        for scale in scales_met(appetite, organisation.scales, organisation.appetite):
            yield from _complaints(place, ("appetite", position), appetite_complaints(appetite, scale))


def _levels(register: Register) -> Iterator[Problem]:
    """Levels stated or set by hand exist in the scale version of the assessment's day, and are in its currency."""
    for ref, risk in register.risks.items():
        place = register.place("risks", ref)
        for position, assessment in enumerate(risk.assessments):
            scale = in_force(register.organisation.scales, assessment.effective_on)
            if scale is not None:
                found = level_complaints(assessment, scale)
                in_other = level_currency_complaints(assessment, scale, register.organisation.currency)
                yield from _complaints(place, ("assessments", position), (*found, *in_other))


def _ceilings(register: Register) -> Iterator[Problem]:
    """An acceptance names a rating of the scale and a role of the appetite of its day."""
    organisation = register.organisation
    for ref, risk in register.risks.items():
        place = register.place("risks", ref)
        for position, acceptance in enumerate(risk.acceptances):
            scale = in_force(organisation.scales, acceptance.effective_on)
            appetite = in_force(organisation.appetite, acceptance.effective_on)
            found = ceiling_complaints(acceptance, scale, appetite)
            yield from _complaints(place, ("acceptances", position), found)


def _emails(register: Register) -> Iterator[Problem]:
    """One address, one person: under two references somebody could approve what they asked for."""
    first: dict[str, str] = {}
    for ref, person in register.persons.items():
        if person.email is None:
            continue
        address = person.email.casefold()
        if address in first:
            found = f"{shown(person.email)}, the address of {shown(first[address])} too"
            advice = "Join the two records; one person stands under one reference."
            yield register.place("persons", ref).problem(("email",), found, "an address of one person", advice)
        first.setdefault(address, ref)


def _deciders(register: Register) -> Iterator[Problem]:
    """Who asks does not decide, unless the organisation has declared itself a sole operator."""
    if register.organisation.sole_operator:
        return
    for ref, risk in register.risks.items():
        place = register.place("risks", ref)
        for position, acceptance in enumerate(risk.acceptances):
            complaints = decider_complaints(acceptance, is_sole_operator=False)
            yield from _complaints(place, ("acceptances", position), complaints)
    for ref, exception in register.exceptions.items():
        if exception.requested_by == exception.approved_by:
            found = f"{shown(exception.approved_by)}, who also requested it"
            yield register.place("exceptions", ref).problem(("approved_by",), found, "another person", SOMEBODY_ELSE)


def _currencies(register: Register) -> Iterator[Problem]:
    """Every currency in use has a rate into the reporting currency."""
    organisation = register.organisation
    rated = {organisation.currency}.union(*(fact.per_unit for fact in organisation.rates if not fact.retracted))
    for kind, ref, path, currency in currencies_in_use(register):
        found = currency_complaints(path, currency, rated, organisation.currency)
        yield from _complaints(register.place(kind, ref), (), found)


def currencies_in_use(register: Register, as_of: date = date.max) -> Iterator[tuple[str, str, FieldPath, str]]:
    """Kind, reference, path and currency wherever one is stated, in facts effective by `as_of`."""
    for kind, ref, path, currency, since in _stated_currencies(register):
        if currency is not None and since <= as_of:
            yield kind, ref, path, currency


def _stated_currencies(register: Register) -> Iterator[tuple[str, str, FieldPath, str | None, date]]:
    """As `currencies_in_use`, with the day from which each counts; None where a place states none."""
    for position, scale in enumerate(register.organisation.scales):
        yield "organisation", "", ("scales", position, "currency"), scale.currency, scale.effective_on
    for ref, risk in register.risks.items():
        for position, assessment in enumerate(risk.assessments):
            path = ("assessments", position, "currency")
            yield "risks", ref, path, assessment.currency, assessment.effective_on
    for ref, control in register.controls.items():
        if control.yearly_cost is not None:
            yield "controls", ref, ("yearly_cost", "currency"), control.yearly_cost.currency, date.min
    for ref, incident in register.incidents.items():
        if incident.loss is not None:
            yield "incidents", ref, ("loss", "currency"), incident.loss.currency, incident.occurred_on


def _conditions(register: Register) -> Iterator[Problem]:
    for ref, risk in register.risks.items():
        for position, modified in enumerate(risk.modifies):
            other = register.risks.get(modified)
            if other is not None and other.kind is RiskKind.CONDITION:
                found = f"{shown(modified)}, which is a condition itself"
                yield register.place("risks", ref).problem(("modifies", position), found, "a risk of kind event")


def _renamed(register: Register) -> Iterator[Problem]:
    """A former reference is free, and one risk's only."""
    taken: dict[str, str] = {}
    for ref, risk in register.risks.items():
        if risk.formerly is None:
            continue
        place = register.place("risks", ref)
        if ("risks", risk.formerly) in register.places:
            advice = "References are never used again; remove the old record or leave formerly out."
            yield place.problem(("formerly",), f"{shown(risk.formerly)}, which is still a risk", "its old name", advice)
        elif risk.formerly in taken:
            found = f"{shown(risk.formerly)}, which {taken[risk.formerly]} names too"
            yield place.problem(("formerly",), found, "a former reference of one risk only")
        else:
            taken[risk.formerly] = ref


def _cycles(register: Register) -> Iterator[Problem]:
    """Cycles of dependencies among assets; of cycles that share an asset, one."""
    graph = {ref: asset.depends_on for ref, asset in register.assets.items()}
    done: set[str] = set()
    for start in graph:
        cycle = _cycle_from(start, graph, done)
        if cycle:
            path = ("depends_on", graph[cycle[0]].index(cycle[1]))
            found = f"the cycle {' → '.join(cycle)}"
            yield register.place("assets", cycle[0]).problem(path, found, "dependencies without a cycle")


def _cycle_from(start: str, graph: Mapping[str, tuple[str, ...]], done: set[str]) -> list[str]:
    """The first cycle reached from `start` through assets not yet `done`, closed; the walk keeps its own stack."""
    path: list[str] = []
    on_path: set[str] = set()
    waiting: list[tuple[str, bool]] = [(start, False)]
    while waiting:
        ref, is_left = waiting.pop()
        if is_left:
            path.pop()
            on_path.discard(ref)
            done.add(ref)
        elif ref in on_path:
            done |= on_path
            return [*path[path.index(ref) :], ref]
        elif ref not in done and ref in graph:
            path.append(ref)
            on_path.add(ref)
            waiting.append((ref, True))
            waiting += [(below, False) for below in reversed(graph[ref])]
    return []
