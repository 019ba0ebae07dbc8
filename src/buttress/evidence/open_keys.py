"""Keys that a test's stored results left open, whose fate its next result tells."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from buttress.core.verdicts import TestResult
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.results import ResultsFile, result_of


class _Counted(NamedTuple):
    as_of: date
    sequence: int
    open_keys: tuple[str, ...]


class OpenKeys:
    """What each test's results, stored and of this run, left open. Results that counted nothing are passed over."""

    def __init__(self, stored: Iterable[ResultsFile]) -> None:
        self._counted: dict[str, list[_Counted]] = {}
        for file in stored:
            for body in file.of_kind("result"):
                self.add(result_of(body), file.sequence)

    def add(self, result: TestResult, sequence: int) -> None:
        """Take account of a result, which a run of that sequence stored."""
        if result.is_counted:
            self._counted.setdefault(result.test, []).append(_Counted(result.as_of, sequence, result.open_keys))

    def of(self, test: ControlTestDeclaration, as_of: date) -> tuple[str, ...]:
        """Keys, sorted by their bytes, that the test's newest result as of `as_of` or before left open; of the test that
        it supersedes where it has none of its own."""
        for name in filter(None, (test.id, test.supersedes)):
            past = [each for each in self._counted.get(name, ()) if each.as_of <= as_of]
            if past:
                newest = max(past, key=lambda each: (each.as_of, each.sequence))
                return tuple(sorted(newest.open_keys, key=str.encode))
        return ()
