"""What is allowed in a register but an auditor, or the next colleague, would ask about."""

from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

from buttress.core.snapshot import RiskKind
from buttress.core.verdicts import TestResult
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.formats.folder import find_files
from buttress.formats.problems import Problem, shown
from buttress.register.checking.cautions_of_tests import cautions_of_tests
from buttress.register.files.attested import attested, unfiled_documents
from buttress.register.files.register import Register
from buttress.risks.agreement import holder_complaints, in_force
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.risk import AcceptanceFact, RiskRecord

RECEIPT = ".receipt.yaml"


def warnings_of(
    register: Register, declarations: Sequence[ControlTestDeclaration] = (), results: Sequence[TestResult] = ()
) -> Iterator[Problem]:
    """Every warning about a register that reads without a problem; `results` are those stored."""
    yield from _approvals(register)
    yield from _risks(register)
    yield from _owners(register)
    yield from _controls(register)
    yield from _categories(register)
    yield from _rounds(register)
    yield from _authorities(register)
    yield from _holders(register)
    yield from _persons(register)
    yield from unfiled_documents(register)
    yield from _data_sets(register, declarations)
    yield from cautions_of_tests(register, declarations, results)
    yield from _evidence_files(register)


def _approvals(register: Register) -> Iterator[Problem]:
    """The newest scale and appetite, where nobody has approved them: until then they are suggestions."""
    organisation = register.organisation
    scale, appetite = in_force(organisation.scales, date.max), in_force(organisation.appetite, date.max)
    for field, dated, newest in (("scales", organisation.scales, scale), ("appetite", organisation.appetite, appetite)):
        if newest is not None and newest.approved_by is None:
            path = (field, [each is newest for each in dated].index(True))
            advice = "It is a suggestion until then. Fill approved_by and approved_on."
            yield register.place("organisation").problem(path, "no approval", "somebody who approved it", advice)


def _open_risks(register: Register) -> Iterator[tuple[str, RiskRecord]]:
    return ((ref, risk) for ref, risk in register.risks.items() if risk.closed_on is None)


def _risks(register: Register) -> Iterator[Problem]:
    """A condition has no events of its own, so it needs neither figures nor controls."""
    for ref, risk in _open_risks(register):
        place = register.place("risks", ref)
        is_event = risk.kind is RiskKind.EVENT
        if is_event and not any(each.retracted is None for each in risk.assessments):
            yield place.problem(("assessments",), "no assessment", "at least one", "Assess it in the next round.")
        if is_event and not any(each.retracted is None for each in risk.effects):
            advice = "Say under effects which controls act on it."
            yield place.problem(("effects",), "no control that acts on it", "at least one", advice)
        if risk.owner is None:
            yield place.problem(("owner",), "no owner", "a person who answers for the risk", "Add owner.")


def _owners(register: Register) -> Iterator[Problem]:
    """Owners who left while what they own goes on."""
    left = {ref: person.left_on for ref, person in register.persons.items() if person.left_on is not None}
    ended = {ref for ref, risk in register.risks.items() if risk.closed_on is not None}
    ended |= {ref for ref, control in register.controls.items() if control.retired_on is not None}
    for kind in ("risks", "controls", "objectives", "assets", "vendors"):
        for ref, record in register.of_kind(kind).items():
            owner = getattr(record, "owner", None)
            if owner in left and ref not in ended:
                found = f"{shown(owner)}, who left on {left[owner]}"
                yield register.place(kind, ref).problem(("owner",), found, "somebody who is there", "Name a successor.")


def _persons(register: Register) -> Iterator[Problem]:
    """Persons of one name: one of them may stand here twice, and then decide on their own request."""
    first: dict[str, str] = {}
    for ref, person in register.persons.items():
        name = " ".join(person.name.casefold().split())
        if name in first:
            found = f"{shown(person.name)}, the name of {shown(first[name])} too"
            advice = "Join the two records where they are one person; else tell them apart by name."
            yield register.place("persons", ref).problem(("name",), found, "a name of one person", advice)
        first.setdefault(name, ref)


def _controls(register: Register) -> Iterator[Problem]:
    tied: set[str] = set()
    for risk in register.risks.values():
        tied.update(effect.control for effect in risk.effects)
        tied.update(ref for treatment in risk.treatments for ref in treatment.controls)
        tied.update(ref for assessment in risk.assessments for ref in assessment.controls or ())
    for ref, control in register.controls.items():
        if ref not in tied and control.retired_on is None:
            advice = "Name it under effects of the risks it acts on."
            yield register.place("controls", ref).problem((), "a control tied to no risk", "one risk at least", advice)


def _categories(register: Register) -> Iterator[Problem]:
    """Categories of an engagement on which no open risk bears."""
    borne = {category for _, risk in _open_risks(register) for category in risk.categories}
    for position, engagement in enumerate(register.organisation.engagements):
        for category in sorted(engagement.categories - borne):
            path = ("engagements", position, "categories")
            found = f"{category}, on which no risk bears"
            advice = "Identify its risks; a category without risks is hard to defend."
            yield register.place("organisation").problem(path, found, "a risk for each category", advice)


def _rounds(register: Register) -> Iterator[Problem]:
    """CC3.1 to CC3.4 ask for an assessment in the period that considers fraud and change."""
    for position, engagement in enumerate(register.organisation.engagements):
        place = register.place("organisation")
        held = [
            r for r in register.rounds.values() if engagement.period_start <= r.effective_on <= engagement.period_end
        ]
        period = f"{engagement.period_start} to {engagement.period_end}"
        if not held:
            found = f"no assessment round from {period}"
            yield place.problem(
                ("engagements", position), found, "one at least in the period (CC3.2)", "Record it under rounds."
            )
            continue
        for is_considered, what, criterion in (
            (any(r.fraud_considered for r in held), "fraud", "CC3.3"),
            (any(r.change_considered for r in held), "change", "CC3.4"),
        ):
            if not is_considered:
                found = f"no round from {period} that considered {what}"
                yield place.problem(("engagements", position), found, f"{what} considered in one of them ({criterion})")


def _authorities(register: Register) -> Iterator[Problem]:
    """Acceptances above what the role may accept."""
    for ref, risk in register.risks.items():
        for position, acceptance in enumerate(risk.acceptances):
            if acceptance.retracted is None and (excess := _excess(register, acceptance)):
                found, expected = excess
                path = ("acceptances", position, "ceiling")
                advice = "Ask a role with more authority, or lower the ceiling."
                yield register.place("risks", ref).problem(path, found, expected, advice)


def _holders(register: Register) -> Iterator[Problem]:
    """Acceptances by persons who do not hold the authority, and authorities in use that nobody is named to hold."""
    organisation = register.organisation
    unheld: set[tuple[int, int]] = set()
    for ref, risk in register.risks.items():
        for position, acceptance in enumerate(risk.acceptances):
            if acceptance.retracted is not None:
                continue
            appetite = in_force(organisation.appetite, acceptance.effective_on)
            for each in holder_complaints(acceptance, appetite):
                path = ("acceptances", position, *each.path)
                yield register.place("risks", ref).problem(path, each.found, each.expected, each.advice)
            if appetite is not None:
                unheld |= {(organisation.appetite.index(appetite), n) for n in _unheld(appetite, acceptance.authority)}
    for which, position in sorted(unheld):
        role = organisation.appetite[which].authorities[position].role
        path = ("appetite", which, "authorities", position)
        advice = "Name them under held_by; until then whoever decides claims the authority."
        yield register.place("organisation").problem(
            path, f"nobody who holds the authority of {role}", "persons", advice
        )


def _unheld(appetite: AppetiteFact, role: str) -> Iterator[int]:
    """The place of the authority of a role that nobody is named to hold."""
    for position, authority in enumerate(appetite.authorities):
        if authority.role == role and not authority.held_by:
            yield position


def _excess(register: Register, acceptance: AcceptanceFact) -> tuple[str, str] | None:
    organisation = register.organisation
    appetite = in_force(organisation.appetite, acceptance.effective_on)
    scale = in_force(organisation.scales, acceptance.effective_on)
    authority = next((a for a in appetite.authorities if a.role == acceptance.authority), None) if appetite else None
    if authority is None or scale is None:
        return None
    loss, rating = acceptance.ceiling.annual_loss, acceptance.ceiling.rating
    if loss is not None and loss > authority.annual_loss:
        return f"a ceiling of {loss:,}", f"at most {authority.annual_loss:,}, as {authority.role} may accept"
    ranks = {name: rank for rank, name in enumerate(scale.ratings)}
    if rating is not None and ranks.get(rating, 0) > ranks.get(authority.highest_rating, len(ranks)):
        return f"a ceiling of {rating}", f"at most {authority.highest_rating}, as {authority.role} may accept"
    return None


def _data_sets(register: Register, declarations: Sequence[ControlTestDeclaration]) -> Iterator[Problem]:
    """Adopted tests whose data sets nobody declared: they stay not evaluated."""
    for declaration in declarations:
        missing = [ref for ref in declaration.datasets if ref not in register.datasets]
        if missing and declaration.id in register.control_tests:
            found = f"a test of {', '.join(missing)}, which no data set declares"
            advice = "Declare it under datasets; until then the test is not evaluated."
            yield register.place("control_tests", declaration.id).problem((), found, "declared data sets", advice)


def _evidence_files(register: Register) -> Iterator[Problem]:
    """Files below evidence/ that no data set and no record names."""
    folder = register.folder / "evidence"
    if not folder.is_dir():
        return
    patterns = [dataset.path for dataset in register.datasets.values()]
    named = {result.document for test in register.manual_tests.values() for result in test.results}
    named |= {each.minutes for each in register.rounds.values() if each.minutes is not None}
    named |= {document for _, _, document in attested(register)}
    found, problems = find_files(folder, suffixes=("",))
    yield from (Problem(f"evidence/{p.file}", None, "", p.found, p.expected, p.advice) for p in problems)
    for each in found:
        path = f"evidence/{each.path}"
        subject = path.removesuffix(RECEIPT)
        if path not in named and not any(fnmatchcase(subject, pattern) for pattern in patterns):
            advice = "Mend the path of its data set, or move the file away."
            yield Problem(path, None, "", "a file that no data set and no test names", "a use for it", advice)
