"""buttress test: do the controls work, as evidence shows?"""

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from buttress.cli.clock import as_of_day
from buttress.cli.console import is_watched, note, print_json, print_report
from buttress.cli.database import acting
from buttress.cli.options import AsJson, AsOf, EngagementRef, MemberRef, OrganisationRef, RegisterPlace, register_folder
from buttress.cli.source import refuse_members

if TYPE_CHECKING:
    from buttress.core.snapshot import RegisterSnapshot
    from buttress.evidence.runs import RunSummary

PASSED, FAILED, UNKNOWN = 0, 1, 3


class FailOn(StrEnum):
    """What makes the command end with another code than 0."""

    UNKNOWN = "unknown"
    FAIL = "fail"
    NEVER = "never"


Progress = Callable[[str, int, int], None]


def run(
    folder: RegisterPlace = None,
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    as_json: AsJson = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="unknown: end with 1 on a fail, 3 on what does not tell; fail: with 1 on a fail.")
    ] = FailOn.UNKNOWN,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Run the control tests over the evidence.

    Each date at which a source changed is evaluated once; what was evaluated before is not run again.

    Without a folder over the evidence that the database keeps. Ends with 0 where all pass, 1 where one fails, 2 where
    the register cannot be read, 3 where one does not tell or rests on replaced evidence.
    """
    if folder is not None:
        refuse_members(org, member)
        done, snapshot = _in_folder(register_folder(folder), as_of_day(as_of), engagement)
    else:
        done, snapshot = _in_database(org, member, as_of, engagement)
    from buttress.reports.evidence import as_json as json_form  # noqa: PLC0415 - duckdb only once there is work
    from buttress.reports.evidence import terminal  # noqa: PLC0415
    from buttress.reports.evidence.view import control_tests_view  # noqa: PLC0415

    view = control_tests_view(snapshot, len(done.results), done.unchanged)
    if as_json:
        print_json(json_form.document(view))
    else:
        print_report(terminal.render(view))
    for problem in done.problems:
        note(str(problem))
    raise typer.Exit(exit_code(view, fail_on))


def _in_folder(root: Path, day: date, engagement: str | None) -> "tuple[RunSummary, RegisterSnapshot]":
    from buttress.register.evaluation import evaluate_declared  # noqa: PLC0415 - duckdb only once there is work
    from buttress.register.files.reader import read_register  # noqa: PLC0415
    from buttress.register.snapshot import snapshots_on  # noqa: PLC0415

    register = read_register(root)
    done = evaluate_declared(register, day, engagement, progress())
    return done, snapshots_on(register, (day,), engagement)[0]


def _in_database(
    org: str | None, member: str | None, as_of: str | None, engagement: str | None
) -> "tuple[RunSummary, RegisterSnapshot]":
    who = acting(org, member)
    day = as_of_day(as_of, who.zone)
    from buttress.orgs.moments import Moment  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.database.evaluation import evaluate_stored  # noqa: PLC0415
    from buttress.register.selectors import snapshot  # noqa: PLC0415

    done = evaluate_stored(who.actor, day, engagement, progress())
    return done, snapshot(who.actor, Moment(day), engagement)


def exit_code(view: Any, fail_on: FailOn) -> int:
    """What a pipeline is told.

    Without any test nothing is shown, which is no pass; nor does a verdict tell that rests on evidence which was replaced
    after a test of it.
    """
    if view.failing and fail_on is not FailOn.NEVER:
        return FAILED
    if (view.unknown or view.replaced or not view.rows) and fail_on is FailOn.UNKNOWN:
        return UNKNOWN
    return PASSED


def progress() -> Progress:
    """Tells a person how far the run is, on one line; says nothing where nobody watches."""
    if not is_watched():
        return lambda label, done, total: None

    def tell(label: str, done: int, total: int) -> None:
        end = "\n" if done == total else ""
        typer.echo(f"\r\x1b[K{total} control test runs, {done} done: {label}{end}", err=True, nl=False)

    return tell
