"""What can only be judged over several records: scales in force, currencies, deciders, conditions, cycles."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TypeVar

from buttress.core.snapshot import RiskKind
from buttress.formats.problems import Problem, nearest, shown
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.register.files.attested import missing_documents
from buttress.register.files.evidence_links import evidence_links
from buttress.register.files.register import Register
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.risk import AssessmentFact, Method
from buttress.risks.records.scales import ScaleFact

S = TypeVar("S", ScaleFact, AppetiteFact)


def inconsistencies(register: Register) -> Iterator[Problem]:
    """Every problem between records that are valid by themselves."""
    yield from _appetites(register)
    yield from _levels(register)
    yield from _level_currencies(register)
    yield from _ceilings(register)
    yield from _emails(register)
    yield from _deciders(register)
    yield from missing_documents(register)
    yield from _currencies(register)
    yield from _conditions(register)
    yield from _renamed(register)
    yield from _cycles(register)
    yield from evidence_links(register)


def in_force(dated: tuple[S, ...], day: date) -> S | None:
    """The last one effective by `day`, else the first there is; retracted ones out."""
    ordered = sorted((each for each in dated if not getattr(each, "retracted", None)), key=lambda e: e.effective_on)
    by_then = [each for each in ordered if each.effective_on <= day]
    return by_then[-1] if by_then else next(iter(ordered), None)


def _appetites(register: Register) -> Iterator[Problem]:
    """The ratings that an appetite names exist in every scale version it meets."""
    organisation = register.organisation
    place = register.place("organisation")
    for position, appetite in enumerate(organisation.appetite):
        if appetite.retracted:
            continue
        scale = in_force(organisation.scales, appetite.effective_on)
        met = [s for s in organisation.scales if in_force(organisation.appetite, s.effective_on) is appetite]
        for version in [s for s in organisation.scales if s is scale or s in met]:
            for path, rating in _ratings(appetite):
                if rating not in version.ratings:
                    expected = f"a rating of scale {version.version}: {', '.join(version.ratings)}"
                    at = ("appetite", position, *path)
                    yield place.problem(at, shown(rating), expected, nearest(rating, version.ratings))


def _ratings(appetite: AppetiteFact) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("highest_rating",), appetite.highest_rating
    for category, own in appetite.categories.items():
        if own.highest_rating is not None:
            yield ("categories", category.value, "highest_rating"), own.highest_rating
    for position, authority in enumerate(appetite.authorities):
        yield ("authorities", position, "highest_rating"), authority.highest_rating


def _levels(register: Register) -> Iterator[Problem]:
    """Levels stated or set by hand exist in the scale version of the assessment's day."""
    for ref, risk in register.risks.items():
        place = register.place("risks", ref)
        for position, assessment in enumerate(risk.assessments):
            scale = in_force(register.organisation.scales, assessment.effective_on)
            assert scale is not None
            for path, level, most in _stated_levels(assessment, scale):
                if level > most:
                    expected = f"a level from 1 to {most} of scale {scale.version}"
                    yield place.problem(("assessments", position, *path), str(level), expected)


def _stated_levels(assessment: AssessmentFact, scale: ScaleFact) -> Iterator[tuple[tuple[str, str], int, int]]:
    likelihoods, impacts = len(scale.likelihood), len(scale.impact)
    if assessment.frequency is not None and assessment.frequency.level is not None:
        yield ("frequency", "level"), assessment.frequency.level, likelihoods
    if assessment.loss is not None and assessment.loss.level is not None:
        yield ("loss", "level"), assessment.loss.level, impacts
    if assessment.override is not None:
        yield ("override", "likelihood"), assessment.override.likelihood, likelihoods
        yield ("override", "impact"), assessment.override.impact, impacts


def _level_currencies(register: Register) -> Iterator[Problem]:
    """Levels are read in the currency of their scale version."""
    for ref, risk in register.risks.items():
        for position, assessment in enumerate(risk.assessments):
            scale = in_force(register.organisation.scales, assessment.effective_on)
            if assessment.method is not Method.LEVELS or assessment.currency is None or scale is None:
                continue
            currency = scale.currency or register.organisation.currency
            if assessment.currency != currency:
                path = ("assessments", position, "currency")
                expected = f"{currency}, the currency of scale {scale.version}, or none with levels"
                yield register.place("risks", ref).problem(path, shown(assessment.currency), expected)


def _ceilings(register: Register) -> Iterator[Problem]:
    """An acceptance names a rating of the scale and a role of the appetite of its day."""
    organisation = register.organisation
    for ref, risk in register.risks.items():
        place = register.place("risks", ref)
        for position, acceptance in enumerate(risk.acceptances):
            at = ("acceptances", position)
            scale = in_force(organisation.scales, acceptance.effective_on)
            rating = acceptance.ceiling.rating
            if scale is not None and rating is not None and rating not in scale.ratings:
                expected = f"a rating of scale {scale.version}: {', '.join(scale.ratings)}"
                yield place.problem((*at, "ceiling", "rating"), shown(rating), expected, nearest(rating, scale.ratings))
            appetite = in_force(organisation.appetite, acceptance.effective_on)
            roles = [authority.role for authority in appetite.authorities] if appetite else []
            if roles and acceptance.authority not in roles:
                expected = f"a role with authority to accept: {', '.join(roles)}"
                advice = nearest(acceptance.authority, roles) or "Add the role under appetite, authorities."
                yield place.problem((*at, "authority"), shown(acceptance.authority), expected, advice)


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
    advice = "Somebody else decides, or the organisation declares sole_operator: true."
    for ref, risk in register.risks.items():
        for position, acceptance in enumerate(risk.acceptances):
            if acceptance.requested_by == acceptance.accepted_by:
                found = f"{shown(acceptance.accepted_by)}, who also requested it"
                path = ("acceptances", position, "accepted_by")
                yield register.place("risks", ref).problem(path, found, "another person", advice)
    for ref, exception in register.exceptions.items():
        if exception.requested_by == exception.approved_by:
            found = f"{shown(exception.approved_by)}, who also requested it"
            yield register.place("exceptions", ref).problem(("approved_by",), found, "another person", advice)


def _currencies(register: Register) -> Iterator[Problem]:
    """Every currency in use has a rate into the reporting currency."""
    organisation = register.organisation
    rated = {organisation.currency}.union(*(fact.per_unit for fact in organisation.rates if not fact.retracted))
    for kind, ref, path, currency in currencies_in_use(register):
        if currency not in rated:
            expected = f"{organisation.currency}, or a currency with a rate"
            advice = f"Add the rate of {currency} under organisation, rates, per_unit."
            yield register.place(kind, ref).problem(path, shown(currency), expected, advice)


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
