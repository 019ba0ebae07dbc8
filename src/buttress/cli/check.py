"""buttress check: is the folder a register that can be read?"""

import typer

from buttress.cli.clock import today
from buttress.cli.console import kinds_in_words
from buttress.cli.failures import BAD_INPUT, problem_count
from buttress.cli.options import Folder, register_folder


def check(folder: Folder) -> None:
    """Read a register and name every problem.

    Each with its file, line and field, what was found, what was expected and what to do.
    """
    from buttress.register.check import check as check_register  # noqa: PLC0415 - keeps help quick

    report = check_register(register_folder(folder), today())
    for problem in report.problems:
        typer.echo(str(problem))
    if report.problems:
        typer.echo(problem_count(report.problems), err=True)
        raise typer.Exit(BAD_INPUT)
    for warning in report.warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"{folder}: no problem in {kinds_in_words(report.counts) or 'an empty register'}")
