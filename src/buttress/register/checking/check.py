"""Everything that `buttress check` tells of a register folder: problems, which must be mended, and warnings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from buttress.core.verdicts import TestResult
from buttress.evidence.data.datasets import dataset_schemas, resolve
from buttress.evidence.data.tables import Schema
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.formats.problems import Problem, ProblemsError
from buttress.register.checking.cautions import warnings_of
from buttress.register.checking.cautions_of_assessments import cautions_of_assessments
from buttress.register.declared import declarations_of, manual_results_of, manual_tests_of, stored_results_of
from buttress.register.files.reader import read_folder
from buttress.register.files.register import Register


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found, sorted by file and line. `counts` are records by kind; with problems there are no warnings."""

    problems: tuple[Problem, ...]
    counts: Mapping[str, int]
    warnings: tuple[Problem, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not self.problems


def check(folder: Path, as_of: date | None = None) -> CheckReport:
    """Read the whole folder and report; writes nothing into it, raises nothing about its content.

    No test runs over evidence; the examples of the organisation's own tests must come out as declared. With `as_of`
    there are also warnings about what the figures of that day add up to.
    """
    reading = read_folder(folder)
    problems = list(reading.problems)
    warnings: list[Problem] = []
    register = reading.register
    if register is not None and not problems:
        found = _examined(register)
        problems += found.problems
        if not problems:
            warnings += [*warnings_of(register, found.declarations, found.stored), *found.untried]
            if as_of is not None:
                warnings += cautions_of_assessments(register, as_of)
                warnings += _incoherence(register, as_of, found.declarations, (*found.stored, *found.manual))
    return CheckReport(_sorted(problems), reading.counts, _sorted(warnings))


def read_checked(folder: Path) -> Register:
    """The register of a folder in which `check` finds no problem; raises `ProblemsError` with all that it finds."""
    reading = read_folder(folder)
    problems = list(reading.problems)
    if reading.register is not None and not problems:
        problems += _examined(reading.register).problems
    if problems:
        raise ProblemsError(problems)
    assert reading.register is not None, "a folder without an organisation has a problem"
    return reading.register


@dataclass(frozen=True, slots=True)
class _Examined:
    """What the evidence side of a register that reads without a problem is found to hold."""

    problems: tuple[Problem, ...]
    untried: tuple[Problem, ...]
    declarations: tuple[ControlTestDeclaration, ...]
    stored: tuple[TestResult, ...]
    manual: tuple[TestResult, ...]


def _examined(register: Register) -> _Examined:
    declarations, problems = _collected(lambda: declarations_of(register))
    faults, untried = _fit(register, declarations or ())
    manual, manual_problems = _collected(lambda: manual_results_of(register))
    stored, stored_problems = _collected(lambda: stored_results_of(register))
    found = (*problems, *faults, *manual_problems, *stored_problems)
    return _Examined(found, tuple(untried), declarations or (), stored or (), manual or ())


def _incoherence(
    register: Register,
    as_of: date,
    declarations: tuple[ControlTestDeclaration, ...],
    results: tuple[TestResult, ...],
) -> list[Problem]:
    """Nothing where figures of that day cannot be had for want of a rate."""
    from buttress.register.checking.coherence import incoherence  # noqa: PLC0415 - brings numpy, scipy and the starter risks

    tests = (*(each.to_control_test() for each in declarations), *manual_tests_of(register))
    found, _ = _collected(lambda: list(incoherence(register, as_of, tests, results)))
    return found or []


def _sorted(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.order))


def _collected(read: Callable[[], Any]) -> tuple[Any, list[Problem]]:
    """What `read` returns, or None and the problems that it raises."""
    try:
        return read(), []
    except ProblemsError as error:
        return None, list(error.problems)


def _fit(register: Register, declarations: tuple[ControlTestDeclaration, ...]) -> tuple[list[Problem], list[Problem]]:
    """Control tests that cannot run on the data sets as declared or that answer their own examples wrongly, and the
    examples that this machine cannot try."""
    if not declarations:
        return [], []
    declared = {ref: resolve(dataset).schema for ref, dataset in register.datasets.items()}
    schemas: Mapping[str, Schema] = {**dataset_schemas(), **declared}
    problems = list(_lint(register, [each for each in declarations if each.is_shipped], schemas))
    own = [each for each in declarations if not each.is_shipped]
    if not own:
        return problems, []
    # The SQL parser, and the locked process where there are examples, are started only for tests of one's own.
    from buttress.evidence.examples import check_all_examples, is_untried  # noqa: PLC0415

    found = check_all_examples(own, schemas)
    problems += [each for each in found if not is_untried(each)]
    return problems, [each for each in found if is_untried(each)]


def _lint(
    register: Register, shipped: Sequence[ControlTestDeclaration], schemas: Mapping[str, Schema]
) -> Iterator[Problem]:
    """Adopted tests that do not fit, told where they are adopted."""
    if not shipped:
        return
    from buttress.evidence.declaration_lint import lint_declaration  # noqa: PLC0415 - brings the SQL parser

    for declaration in shipped:
        faults = lint_declaration(declaration, schemas)
        place = register.place("control_tests", declaration.id)
        for fault in faults:
            found = f"a test that does not fit the data sets: its {fault.field} has {fault.found}"
            yield place.problem((), found, fault.expected, fault.advice)
