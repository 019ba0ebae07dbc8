"""What a run has to do: dates and tests, what is stored already, and versions that no longer fit; no SQL is read here.

A result's identity is the test, its definition, what it read, and its date.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from buttress.core.verdicts import Outcome
from buttress.evidence.data.shelf import REGISTER, Shelf
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.results import ResultsFile
from buttress.formats.problems import Problem

Progress = Callable[[str, int, int], None]
"""Is told the date, how many tests are done and how many there are."""

Identity = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """The date of a run, the engagement's period, and the zone in which days begin and end."""

    as_of: date
    period_start: date
    period_end: date
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Planned:
    """One test on one date, with the digests of everything that its answer depends on besides definition and date."""

    declaration: ControlTestDeclaration
    day: Day
    digests: tuple[str | None, ...]

    @property
    def identity(self) -> Identity:
        inputs = (digest or "" for digest in self.digests)
        return (self.declaration.id, self.declaration.definition_hash, self.day.as_of.isoformat(), *inputs)


def planned(
    tests: Iterable[ControlTestDeclaration], shelf: Shelf, period: tuple[date, date], as_of: date
) -> dict[Day, list[Planned]]:
    """By date, the oldest first: each test on `as_of` and on each earlier date of `period` at which a source of it
    changed. What depends on the register's own records is known on `as_of` only."""
    start, end = period
    by_date: dict[date, list[ControlTestDeclaration]] = {}
    for test in sorted(tests, key=lambda t: t.id):
        past = frozenset[date]().union(*(shelf.changes(name) for name in test.datasets))
        if any(name in shelf.extra for name in test.datasets):
            past = frozenset()
        for day in {as_of, *(d for d in past if start <= d <= min(as_of, end))}:
            by_date.setdefault(day, []).append(test)
    days = [(Day(day, start, end, shelf.zone), by_date[day]) for day in sorted(by_date)]
    return {day: [Planned(t, day, _inputs_read(t, shelf, day)) for t in on_day] for day, on_day in days}


def _inputs_read(test: ControlTestDeclaration, shelf: Shelf, day: Day) -> tuple[str | None, ...]:
    period = f"{day.period_start} to {day.period_end}"
    return (*shelf.input_digests(test, day.as_of), *([period] if test.uses_period else []))


def stored_identities(stored: Iterable[ResultsFile]) -> tuple[frozenset[Identity], frozenset[Identity]]:
    """Identities of stored results, and of those that only say that something went wrong: these are tried again, and
    stored again only where they come out better."""
    known: set[Identity] = set()
    errors: set[Identity] = set()
    for body in (body for file in stored for body in file.of_kind("result")):
        inputs = (digest or "" for digest in body.get("inputs", ()))
        identity = (body["test"], body.get("definition_hash", ""), body["as_of"], *inputs)
        (errors if body["outcome"] == Outcome.ERROR else known).add(identity)
    return frozenset(known), frozenset(errors)


def bytes_tested(stored: Iterable[ResultsFile]) -> Mapping[tuple[str, str], str]:
    """SHA-256 of each evidence file as it was when it was first tested, by data set and name."""
    first: dict[tuple[str, str], str] = {}
    for file in sorted(stored, key=lambda f: f.sequence):
        for body in file.of_kind("snapshot"):
            sha256 = body.get("raw_sha256")
            if isinstance(sha256, str) and sha256 and body.get("file") != REGISTER:
                first.setdefault((str(body.get("dataset")), str(body.get("file"))), sha256)
    return first


class VersionFault(NamedTuple):
    """Why a test may not run, and the code that its result gets."""

    problem: Problem
    code: str


def version_fault(test: ControlTestDeclaration, stored: Sequence[ResultsFile]) -> VersionFault | None:
    """A version that went back, or a meaning that changed under the same version, against the newest stored run."""
    past = [body for file in stored for body in file.of_kind("definition") if body["test"] == test.id]
    if not past:
        return None
    newest = max(past, key=lambda body: int(body["version"]))
    if test.version < newest["version"]:
        expected = f"{newest['version']} or more, as in stored results"
        problem = test.problem(("version",), str(test.version), expected, "A version only rises.")
        return VersionFault(problem, f"version_lowered({newest['version']} -> {test.version})")
    hashes = {body.get("declared_hash") for body in past if body["version"] == test.version}
    if hashes and test.declared_hash not in hashes:
        advice = f"Raise it to {test.version + 1}: what the test means was changed since results were stored."
        problem = test.problem(("version",), f"{test.version} as before", "a higher version", advice)
        return VersionFault(problem, f"changed_without_version({test.version})")
    return None
