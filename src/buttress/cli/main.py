"""The entry point: the commands and what they share."""

import io
import sys
from typing import Annotated

import typer

from buttress import __version__
from buttress.cli import (
    assess,
    backup,
    calendar,
    check,
    decisions,
    demo,
    deviations,
    due,
    erase,
    explain,
    export,
    init,
    jobs,
    log,
    plan,
    runs,
    setup,
    testing,
    trace,
    upload,
    verify,
    worker,
)
from buttress.cli.changes import changes
from buttress.cli.dataset import datasets
from buttress.cli.failures import Commands
from buttress.cli.figures import figures
from buttress.cli.member import members
from buttress.cli.org import orgs

app = typer.Typer(
    cls=Commands,
    name="buttress",
    help="Risk management for SOC 2: a register and its evidence in, a posture that can be explained out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"buttress {__version__}")
        raise typer.Exit


@app.callback()
def buttress(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Risk management for SOC 2: a register and its evidence in, a posture that can be explained out."""


app.command()(init.init)
app.command()(check.check)
app.command("test")(testing.run)
app.command()(assess.assess)
app.command()(explain.explain)
app.command()(trace.trace)
app.command()(deviations.deviations)
app.command()(calendar.calendar)
app.command()(due.due)
app.command()(runs.runs)
app.add_typer(datasets, name="dataset", help="The files that evidence lies in.")
app.command()(demo.demo)
app.command()(setup.setup)
app.add_typer(orgs, name="org", help="Organisations of this installation.")
app.add_typer(members, name="member", help="Who may act in an organisation, and as what.")
app.command()(plan.plan)
app.command()(plan.apply)
app.command()(export.export)
app.command()(decisions.decisions)
app.command()(decisions.confirm)
app.command()(decisions.refuse)
app.add_typer(changes, name="changes")
app.command()(log.log)
app.command()(verify.verify)
app.command()(erase.erase)
app.add_typer(figures, name="figures", help="The stored figures, and whether they are those of the register.")
app.command()(upload.upload)
app.command()(jobs.run)
app.command()(jobs.jobs)
app.command()(worker.worker)
app.command()(backup.backup)
app.command()(backup.restore)


def main() -> None:
    """Run the command line; a stream that cannot show a sign shows a question mark in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
