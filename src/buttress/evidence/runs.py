"""Running control tests over a register folder: each date at which a source changed, oldest first, each once.

What is stored already is not run again, and where nothing is new neither the SQL parser nor the database is loaded.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from buttress.core.verdicts import TestResult
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.shelf import Shelf
from buttress.evidence.data.tables import Table
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.locked.scratch import scratch_folder
from buttress.evidence.results import read_results_files
from buttress.evidence.run_plan import Progress, planned, stored_identities, version_fault
from buttress.evidence.unfinished import sweep_unfinished
from buttress.formats.problems import Problem


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did: files it wrote, their results, how many results were there already, and what is wrong with
    declarations and evidence files."""

    written: tuple[Path, ...] = ()
    results: tuple[TestResult, ...] = ()
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()


def run_tests(
    folder: Path,
    *,
    tests: Sequence[ControlTestDeclaration],
    datasets: Mapping[str, DatasetDeclaration],
    as_of: date,
    period: tuple[date, date],
    time_zone: str | ZoneInfo,
    progress: Progress = lambda _label, _done, _total: None,
    extra_tables: Mapping[str, Table] | None = None,
) -> RunSummary:
    """Evaluate what has no result yet, on `as_of` and on each earlier date of `period` at which a source changed.

    `progress` is told the date, how many tests are done and how many there are. `extra_tables` are the register's own
    records as of `as_of`. Raises `ProblemsError` where stored results were changed.
    """
    zone = ZoneInfo(time_zone) if isinstance(time_zone, str) else time_zone
    with ExitStack() as stack:
        tables = dict(extra_tables or {})
        shelf = Shelf(folder, datasets, zone, tables, scratch=lambda: stack.enter_context(scratch_folder()))
        return _run(shelf, tests, period, as_of, progress)


def _run(
    shelf: Shelf,
    tests: Sequence[ControlTestDeclaration],
    period: tuple[date, date],
    as_of: date,
    progress: Progress,
) -> RunSummary:
    stored = read_results_files(shelf.folder)
    known, errors = stored_identities(stored)
    faults = {test.id: fault for test in tests if (fault := version_fault(test, stored)) is not None}
    plan = planned(tests, shelf, period, as_of)
    new = {day: [each for each in on_day if each.identity not in known] for day, on_day in plan.items()}
    total = sum(map(len, plan.values()))
    if not any(new.values()):
        progress(as_of.isoformat(), total, total)
        return RunSummary(unchanged=total, problems=tuple(fault.problem for fault in faults.values()))
    sweep_unfinished(shelf.folder)
    from buttress.evidence.counting import Run  # noqa: PLC0415 - brings the SQL parser, and the database to come

    run = Run(shelf.folder, shelf, stored, errors, {test: fault.code for test, fault in faults.items()})
    run.problems |= dict.fromkeys(fault.problem for fault in faults.values())
    done = 0
    for day, on_day in plan.items():
        progress(day.as_of.isoformat(), done, total)
        run.on_day(day, new[day])
        done += len(on_day)
    progress(as_of.isoformat(), total, total)
    return RunSummary(tuple(run.written), tuple(run.results), total - len(run.results), tuple(run.problems))
