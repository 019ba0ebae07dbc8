"""What one report of a scanner holds: findings, the checks that it says ran, and why it may not be whole."""

from dataclasses import dataclass

from buttress.evidence.importers.finding import Finding


@dataclass(frozen=True, slots=True)
class Imported:
    """The content of one file.

    `executed` are the checks that the tool itself says it ran, None where it does not say. `doubts` are reason codes
    with figures why the report is not whole: nothing in it is more than incomplete. `bars` are codes why nothing can be
    concluded from it at all: no test of it is evaluated, and silence never passes.
    """

    findings: tuple[Finding, ...] = ()
    executed: frozenset[str] | None = None
    doubts: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()
