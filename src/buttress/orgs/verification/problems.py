"""What a verification found: problems, each with its place and what should stand there, and how much was looked at."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

_MOST_SHOWN = 200
"""Problems that are described; further ones are counted, so that a ruined database does not fill the memory."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`sequence` is the audit entry that is bad, or that recorded what is bad; None where no entry stands for it."""

    where: str
    what: str
    expected: str
    sequence: int | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Verification:
    """`counts` says how much was looked at, by name; `found` how many problems there are, of which `problems` describes
    the first ones: entries in their order, then rows."""

    organisation: str
    counts: Mapping[str, int]
    problems: tuple[Problem, ...]
    found: int

    @property
    def ok(self) -> bool:
        return self.found == 0

    @property
    def first_bad_entry(self) -> int | None:
        """The lowest sequence of a bad entry, or of one whose rows are bad."""
        return min((problem.sequence for problem in self.problems if problem.sequence is not None), default=None)


@dataclass(slots=True)
class Findings:
    """What has been found so far."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    found: int = 0

    def report(self, where: str, what: str, expected: str, sequence: int | None = None) -> None:
        self.found += 1
        if len(self.problems) < _MOST_SHOWN:
            self.problems.append(Problem(where, what, expected, sequence))

    def result(self, organisation: str) -> Verification:
        return Verification(organisation, dict(self.counts), tuple(self.problems), self.found)
