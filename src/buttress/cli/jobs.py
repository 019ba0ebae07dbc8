"""buttress run and jobs: control tests of the database as jobs, done here or left to the worker, and how far they are."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from buttress.cli.clock import as_of_day
from buttress.cli.console import note, print_json, print_report, watched_progress
from buttress.cli.database import Acting, acting
from buttress.cli.options import AsJson, AsOf, EngagementRef, MemberRef, OrganisationRef

if TYPE_CHECKING:
    from buttress.register.monitoring.jobs import Job

NOT_DONE = 1
"""How a command ends whose job could not be done."""

_SECONDS_BETWEEN_LOOKS = 1.0


def run(
    tests: Annotated[
        list[str] | None, typer.Argument(metavar="[TEST]...", help="Control tests. [default: all]", show_default=False)
    ] = None,
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    queued: Annotated[bool, typer.Option("--queue", help="Leave it to the worker, and print the job's name.")] = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Run control tests of the database as a job, whose results are recorded in one write.

    What was evaluated before is not run again. Ends with 0 once the job is done, 1 where it could not be.
    """
    who = acting(org, member)
    day = None if as_of is None else as_of_day(as_of, who.zone)
    from buttress.register.monitoring.jobs import ask_for_run  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.monitoring.tasks import do_job  # noqa: PLC0415

    asked = ask_for_run(who.actor, tests=tests or (), as_of=day, engagement=engagement, is_queued=queued)
    if queued:
        note("The worker does it; watch it with: buttress jobs --watch")
        typer.echo(asked.key)
        return
    with watched_progress() as tell:
        do_job(str(who.actor.organisation_id), asked.key, tell)
    _end(_job(who, asked.key))


def jobs(
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow open jobs until all have ended; leave with Ctrl-C.")
    ] = False,
    restart: Annotated[
        str | None, typer.Option("--restart", metavar="JOB", help="Let a parked job begin anew.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """List the jobs of monitoring: how far they are, and what came of them."""
    who = acting(org, member)
    from buttress.register.monitoring.jobs import start_again  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.monitoring.selectors import jobs as newest  # noqa: PLC0415
    from buttress.reports.jobs import as_json as json_form  # noqa: PLC0415
    from buttress.reports.jobs import terminal  # noqa: PLC0415

    if restart is not None:
        start_again(who.actor, key=restart)
    if watch:
        _watch(who)
    found = newest(who.actor)
    if as_json:
        print_json(json_form.document(found))
    else:
        print_report(terminal.render(found, who.zone))


def _watch(who: Acting) -> None:
    """Until no job is open; Ctrl-C leaves the jobs to go on."""
    from buttress.register.monitoring.selectors import jobs as newest  # noqa: PLC0415

    try:
        with watched_progress() as tell:
            while is_open := [job for job in newest(who.actor) if job.state.is_open]:
                tell(f"{len(is_open)} open; {is_open[-1].key} {is_open[-1].phase}", is_open[-1].done, is_open[-1].total)
                time.sleep(_SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        note("The jobs go on")


def _job(who: Acting, key: str) -> "Job":
    from buttress.register.monitoring.selectors import job  # noqa: PLC0415 - Django only for what needs it

    return job(who.actor, key=key)


def _end(job: "Job") -> None:
    from buttress.reports.jobs.terminal import far  # noqa: PLC0415 - rich only once there is something to say

    typer.echo(far(job))
    if job.ended_at is None or job.fault:
        raise typer.Exit(NOT_DONE)
