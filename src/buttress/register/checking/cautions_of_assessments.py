"""Assessments that do not count on a day although they look as if they did."""

from collections.abc import Iterator
from datetime import date

from buttress.formats.problems import Problem
from buttress.register.files.register import Register
from buttress.risks.records.risk import AssessmentFact, Method


def cautions_of_assessments(register: Register, as_of: date) -> Iterator[Problem]:
    """Warnings about figures listed below newer ones in force on `as_of`, and about assessments dated after it."""
    for ref, risk in register.risks.items():
        if risk.closed_on is not None and risk.closed_on <= as_of:
            continue
        place = register.place("risks", ref)
        for position, found, expected, advice in _odd(risk.assessments, as_of):
            yield place.problem(("assessments", position, "effective_on"), found, expected, advice)


def _odd(assessments: tuple[AssessmentFact, ...], as_of: date) -> Iterator[tuple[int, str, str, str]]:
    """Position, what was found, what was expected and what to do."""
    newest: date | None = None
    for position, each in enumerate(assessments):
        day = each.effective_on
        if each.retracted is not None:
            continue
        if day > as_of:
            yield position, f"{day}, after {as_of}", f"a day not after {as_of}", f"It counts from {day}."
        elif each.method is not Method.UNCHANGED:
            if newest is not None and day < newest:
                advice = "It counts for nothing today. Mend its date, or put the list in order."
                yield position, f"{day}, below the newer figures of {newest}", "the newest assessment last", advice
            newest = max(day, newest or day)
