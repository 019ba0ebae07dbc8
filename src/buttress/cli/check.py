"""buttress check: is the folder a register that can be read?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from buttress.cli.clock import today
from buttress.cli.console import kinds_in_words
from buttress.cli.failures import BAD_INPUT, problem_count
from buttress.cli.options import Folder, register_folder

if TYPE_CHECKING:
    from buttress.formats.problems import Problem

MOST_OF_A_KIND = 20
"""Lines of one kind of warning; the rest is counted."""


def check(folder: Folder) -> None:
    """Read a register and name every problem.

    Each with its file, line and field, what was found, what was expected and what to do.
    """
    from buttress.register.checking.check import check as check_register  # noqa: PLC0415 - keeps help quick

    report = check_register(register_folder(folder), today())
    for problem in report.problems:
        typer.echo(str(problem))
    if report.problems:
        typer.echo(problem_count(report.problems), err=True)
        raise typer.Exit(BAD_INPUT)
    for line in warning_lines(report.warnings):
        typer.echo(line)
    typer.echo(f"{folder}: no problem in {kinds_in_words(report.counts) or 'an empty register'}")


def warning_lines(warnings: "Sequence[Problem]") -> Iterator[str]:
    """A line each; of warnings that expect the same only the first, and after the last of them how many more."""
    total = Counter(warning.expected for warning in warnings)
    told: Counter[str] = Counter()
    for warning in warnings:
        kind = warning.expected
        told[kind] += 1
        if told[kind] <= MOST_OF_A_KIND:
            yield f"warning: {warning}"
        if told[kind] == total[kind] > MOST_OF_A_KIND:
            yield f"warning: and {total[kind] - MOST_OF_A_KIND} more like it (expected {kind})"
