"""The steps from an estimate to a residual, each with its inputs, their source and its formula.

A trace is the auditor's evidence: each step can be recomputed by hand from the values that stand in it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TraceValue:
    """A number with its unit (`money`, `per_year`, `share`, `count`, `days`, `text`) and where it comes from.

    `deviation` is the standard deviation of a quantity that is uncertain, in the same unit; None where it is not.
    """

    name: str
    value: float | str
    unit: str
    source: str = ""
    deviation: float | None = None


@dataclass(frozen=True, slots=True)
class TraceStep:
    """`subject` is the reference of the control, test or assessment that the step is about."""

    title: str
    subject: str
    inputs: tuple[TraceValue, ...]
    formula: str
    results: tuple[TraceValue, ...]
