"""The entry point: the commands and what they share."""

import io
import sys
from typing import Annotated

import typer

from buttress import __version__
from buttress.cli import assess, check, demo, explain, init, testing, trace
from buttress.cli.failures import Commands

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
app.command()(demo.demo)


def main() -> None:
    """Run the command line; a stream that cannot show a sign shows a question mark in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
