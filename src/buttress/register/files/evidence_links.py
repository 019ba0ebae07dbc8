"""Links that start on the evidence side: tests to controls, performers and data sets to what the register defines."""

from collections.abc import Iterable, Iterator

from buttress.evidence.declarations import catalogue, shipped_test
from buttress.evidence.declared_terms import Adoption
from buttress.formats.problems import Problem, nearest, shown
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.register.files.register import Place, Register


def evidence_links(register: Register) -> Iterator[Problem]:
    """Every link of adopted and manual tests that leads nowhere, and who may not perform a test."""
    for ref, adoption in register.control_tests.items():
        yield from _adoption(register, ref, adoption)
    for ref, test in register.manual_tests.items():
        place = register.place("manual_tests", ref)
        yield from _unknown(place, ("controls",), test.controls, register, "controls")
        if test.owner is not None:
            yield from _unknown(place, ("owner",), [test.owner], register, "persons")
        for position, result in enumerate(test.results):
            at = ("results", position, "performed_by")
            yield from _unknown(place, at, [result.performed_by], register, "persons")
            yield from _own_work(register, place, at, result.performed_by, test.controls)


def _adoption(register: Register, ref: str, adoption: Adoption) -> Iterator[Problem]:
    place = register.place("control_tests", ref)
    if ref in register.own_tests:
        found = f"{shown(ref)}, which is an own test below control_tests/ too"
        yield place.problem((), found, "a shipped test", "Own tests need no adoption; remove one of the two.")
    elif ref not in catalogue():
        advice = nearest(ref, catalogue()) or f"Own tests stand in control_tests/{ref}/test.yaml."
        yield place.problem((), shown(ref), "a control test that is shipped", advice)
    elif adoption.controls:
        yield from _unknown(place, ("controls",), adoption.controls, register, "controls")
    elif not any(("controls", control) in register.places for control in shipped_test(ref).controls):
        found = f"a test of {', '.join(shipped_test(ref).controls)}, none of which is defined"
        yield place.problem((), found, "a test of a control of the register", "Add controls: with your references.")


def _unknown(place: Place, at: FieldPath, refs: Iterable[str], register: Register, kind: str) -> Iterator[Problem]:
    known = [ref for of_kind, ref in register.places if of_kind == kind]
    for position, ref in enumerate(refs):
        if (kind, ref) not in register.places:
            path = (*at, position) if at[-1] == "controls" else at
            what = "a control that is defined" if kind == "controls" else "a person that is defined"
            advice = nearest(ref, known) or f"Define it under {kind}, or mend the reference."
            yield place.problem(path, shown(ref), what, advice)


def _own_work(
    register: Register, place: Place, at: FieldPath, performer: str, controls: Iterable[str]
) -> Iterator[Problem]:
    """Nobody tests a control that is their own, unless there is nobody else."""
    own = [ref for ref in controls if ref in register.controls and register.controls[ref].owner == performer]
    if own and not register.organisation.sole_operator:
        advice = "Have somebody else test it, or declare sole_operator: true where there is nobody else."
        found = f"{shown(performer)}, who owns {', '.join(own)}"
        yield place.problem(at, found, "a performer who does not own the control", advice)
