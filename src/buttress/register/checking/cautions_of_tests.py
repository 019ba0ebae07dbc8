"""What is odd about control tests of a register: adoptions that loosen, results without a test, keys that fit nothing."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from buttress.core.snapshot import Category
from buttress.core.verdicts import TestResult
from buttress.criteria.catalogue import criteria_in_scope
from buttress.evidence.declarations import ControlTestDeclaration, shipped_test
from buttress.evidence.declared_terms import Adoption, Parameter
from buttress.evidence.durations import duration_text
from buttress.formats.problems import Problem, nearest, shown
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.register.files.register import Register
from buttress.register.values.controls import controls_of

_WHY = "Say in a comment why, or go back to the shipped value."
Loosening = tuple[FieldPath, str, str]
"""Field of the adoption, what stands there, and what was shipped."""


def cautions_of_tests(
    register: Register, declarations: Sequence[ControlTestDeclaration], results: Sequence[TestResult]
) -> Iterator[Problem]:
    """Every such warning; `results` are those stored."""
    for ref, adoption in register.control_tests.items():
        place = register.place("control_tests", ref)
        for path, found, expected in _loosened(shipped_test(ref), adoption):
            yield place.problem(path, found, expected, _WHY)
    yield from _without_test(register, declarations, results)
    yield from _keys(register, declarations)
    yield from _not_relied_on(register, declarations)


def _loosened(shipped: ControlTestDeclaration, adoption: Adoption) -> Iterator[Loosening]:
    limits, given = shipped.thresholds, adoption.thresholds
    if given.tolerable_rate is not None and given.tolerable_rate > limits.tolerable_rate:
        path = ("thresholds", "tolerable_rate")
        yield path, _rate(given.tolerable_rate), f"at most {_rate(limits.tolerable_rate)} as shipped"
    if given.min_population is not None and given.min_population < limits.min_population:
        path = ("thresholds", "min_population")
        yield path, str(given.min_population), f"at least {limits.min_population} as shipped"
    age = shipped.completeness.max_age
    if adoption.max_age is not None and age is not None and adoption.max_age > age:
        yield ("max_age",), duration_text(adoption.max_age), f"at most {duration_text(age)} as shipped"
    for name, text in adoption.params.items():
        if _is_further_out(name, shipped.params[name], text):
            yield ("params", name), text, f"{shipped.params[name].default} as shipped"


def _rate(rate: Decimal) -> str:
    return f"{rate.normalize():f}"


def _is_further_out(name: str, parameter: Parameter, text: str) -> bool:
    """Numbers and dates only. A name with `min_` or `max_` says which way loosens; where it does not, both count."""
    if parameter.type in ("text", "boolean"):
        return False
    value: Any = parameter.typed(text)
    shipped: Any = parameter.value
    is_looser_below, is_looser_above = not name.startswith("max_"), not name.startswith("min_")
    return (is_looser_below and value < shipped) or (is_looser_above and value > shipped)


def _without_test(
    register: Register, declarations: Sequence[ControlTestDeclaration], results: Sequence[TestResult]
) -> Iterator[Problem]:
    """Stored results of tests that were dropped or renamed: they count for nothing any more."""
    declared = {each.id for each in declarations}
    followed: set[str] = set()
    for each in declarations:
        names = each.supersedes or ()
        followed.update([names] if isinstance(names, str) else names)
    counts = Counter(result.test for result in results)
    for test in sorted(counts.keys() - declared - followed - set(register.manual_tests)):
        found = f"{counts[test]} stored result{'s' if counts[test] > 1 else ''} of {shown(test)}, which is not declared"
        advice = (
            nearest(test, declared) or "Declare it again, or name it under `supersedes` of the test that follows it."
        )
        yield Problem("results", None, test, found, "results of declared tests", f"They count for nothing. {advice}")


def _keys(register: Register, declarations: Sequence[ControlTestDeclaration]) -> Iterator[Problem]:
    """Exceptions with keys of another number of parts than their test's key has columns: they cover nothing."""
    columns = {each.id: each.key for each in declarations}
    for ref, exception in register.exceptions.items():
        key = columns.get(exception.test)
        if key is None or exception.revoked_on is not None:
            continue
        for position, text in enumerate(exception.keys):
            parts = key_parts(text)
            if parts != len(key):
                found = f"{shown(text)}, a key of {parts} part{'s' if parts > 1 else ''}"
                expected = f"{len(key)}, the {'|'.join(key)} of {exception.test}"
                advice = r"It covers nothing. Join parts by |, and write \| for one inside a part."
                yield register.place("exceptions", ref).problem(("keys", position), found, expected, advice)


def _not_relied_on(register: Register, declarations: Sequence[ControlTestDeclaration]) -> Iterator[Problem]:
    """One warning of all tested controls in place whose every criterion relies on key ones, where `is_key` is not said."""
    tested = {ref for declaration in declarations for ref in declaration.controls}
    tested.update(ref for test in register.manual_tests.values() for ref in test.controls)
    in_place = [c for c in controls_of(register, date.max) if c.in_place_on is not None and c.retired_on is None]
    with_keys = {criterion for control in in_place if control.is_key for criterion in control.criteria}
    in_scope = _criteria_of_engagements(register)
    passed_over = []
    for control in in_place:
        served = in_scope.intersection(control.criteria)
        is_said = "is_key" in register.controls[control.ref].model_fields_set
        if control.ref in tested and not is_said and served and with_keys >= served:
            passed_over.append(control.ref)
    if passed_over:
        what = "a tested control that is" if len(passed_over) == 1 else f"{len(passed_over)} tested controls that are"
        found = f"{what} not key, beside key controls of the same criteria: {', '.join(passed_over)}"
        it = "it" if len(passed_over) == 1 else "them"
        advice = f"No criterion relies on {it}; set is_key: true, or false to leave it so."
        yield register.place("controls", passed_over[0]).problem(("is_key",), found, "key controls", advice)


def _criteria_of_engagements(register: Register) -> frozenset[str]:
    """Criteria in scope of any engagement; all of them where there is none."""
    categories = frozenset(c for each in register.organisation.engagements for c in each.categories)
    return frozenset(each.id for each in criteria_in_scope(categories or frozenset(Category)))


def key_parts(text: str) -> int:
    r"""Parts of a key text, which `|` joins unless a backslash stands before it.

    >>> key_parts("crm|a\\|118"), key_parts("crm"), key_parts("crm|")
    (2, 1, 2)
    """
    return 1 + re.sub(r"\\.", "", text).count("|")
