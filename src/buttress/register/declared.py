"""What the folder declares to be tested, and what its tests have found so far: the evidence side of the snapshot."""

from collections.abc import Iterator, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from buttress.core.verdicts import ControlTest, TestResult
from buttress.evidence.declarations import ControlTestDeclaration, shipped_test
from buttress.evidence.results import read_results
from buttress.formats.problems import Problem, ProblemsError, nearest, shown
from buttress.register.files.register import Register


def declarations_of(register: Register) -> tuple[ControlTestDeclaration, ...]:
    """The control tests of the organisation: shipped ones as adopted, then its own.

    Raises `ProblemsError` with every declaration that cannot be read or names a control that is not defined.
    """
    declarations: list[ControlTestDeclaration] = []
    problems: list[Problem] = []
    for ref, adoption in register.control_tests.items():
        place = register.place("control_tests", ref)
        try:
            declarations.append(shipped_test(ref).with_overrides(adoption, place.node, place.path))
        except ProblemsError as error:
            problems += error.problems
    for name, record in register.own_tests.items():
        try:
            own = record.declaration(name)
        except ProblemsError as error:
            problems += error.problems
            continue
        problems += _unknown_controls(own, register)
        declarations.append(own)
    if problems:
        raise ProblemsError(problems)
    return tuple(declarations)


def _unknown_controls(declaration: ControlTestDeclaration, register: Register) -> Iterator[Problem]:
    for position, ref in enumerate(declaration.controls):
        if ref not in register.controls:
            advice = nearest(ref, register.controls) or "Define it under controls, or mend the reference."
            yield declaration.problem(("controls", position), shown(ref), "a control that is defined", advice)


def manual_tests_of(register: Register) -> tuple[ControlTest, ...]:
    return tuple(test.to_control_test(ref) for ref, test in register.manual_tests.items())


def manual_results_of(register: Register) -> tuple[TestResult, ...]:
    """Results of manual tests with the digests of their documents; raises `ProblemsError` for what does not hold."""
    owners = {ref: (control.owner,) for ref, control in register.controls.items() if control.owner is not None}
    results: list[TestResult] = []
    problems: list[Problem] = []
    for ref, test in register.manual_tests.items():
        place = register.place("manual_tests", ref)
        try:
            results += test.to_results(
                ref,
                folder=register.folder,
                zone=ZoneInfo(register.organisation.time_zone),
                owners=owners,
                sole_operator=register.organisation.sole_operator,
                node=place.node,
                at=place.path,
            )
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    return tuple(results)


def stored_results_of(register: Register) -> tuple[TestResult, ...]:
    """Verified results of earlier runs; of two runs of a test for one date the later one stands."""
    newest: Mapping[tuple[str, date], TestResult] = {(r.test, r.as_of): r for r in read_results(register.folder)}
    return tuple(newest.values())
