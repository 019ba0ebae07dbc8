"""buttress init: a first register from a dozen answers."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from buttress.cli.clock import today
from buttress.cli.console import kinds_in_words
from buttress.cli.failures import RefusalError

Target = Annotated[Path, typer.Argument(metavar="DIR", help="A folder to make; it must be empty.", show_default=False)]
AnswersFile = Annotated[Path | None, typer.Option("--answers", metavar="FILE", help="Answers as YAML; asks nothing.")]

_COUNTED = ("risks", "controls", "objectives", "assets", "vendors", "persons")


def _print_template(is_asked: bool) -> None:
    if is_asked:
        from buttress.register.starting.answers_template import answers_template  # noqa: PLC0415 - keeps help quick

        typer.echo(answers_template(), nl=False)
        raise typer.Exit


def init(
    folder: Target,
    answers: AnswersFile = None,
    template: Annotated[
        bool,
        typer.Option(
            "--template",
            help="Print a file of answers to fill in for --answers.",
            callback=_print_template,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Make a first register from a dozen answers.

    Risks, controls, scale and appetite come as a draft, sized to the organisation and approved by nobody.
    """
    _refuse_place(folder)
    if answers is not None and not answers.is_file():
        raise RefusalError(f"{answers} does not exist; name a YAML file with answers, or leave --answers out")
    from buttress.cli.asking import ask  # noqa: PLC0415 - keeps help quick
    from buttress.register.starting.answers import read_answers  # noqa: PLC0415
    from buttress.register.starting.initialise import write_first_register  # noqa: PLC0415
    from buttress.register.starting.risks import assumed_controls, undated_plans  # noqa: PLC0415

    day = today()
    given = read_answers(answers, day) if answers is not None else ask()
    files = write_first_register(folder, given, day)
    typer.echo(f"{folder}: {kinds_in_words(_counts(files))}")
    typer.echo(
        "It is a draft: nobody has approved scale and appetite, and every figure is a suggestion of the library."
    )
    for line in (*undated_plans(given, day), *assumed_controls(given)):
        typer.echo(line)
    typer.echo(_what_next(folder))


def _refuse_place(folder: Path) -> None:
    """Say at once, and not after the last answer, that nothing can be written there."""
    if folder.exists() and not folder.is_dir():
        raise RefusalError(f"{folder} is a file; name a folder that is empty or new")
    if folder.exists() and any(folder.iterdir()):
        raise RefusalError(f"{folder} is not empty; name a folder that is empty or new")
    above = next(each for each in folder.absolute().parents if each.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise RefusalError(f"{folder} cannot be made: {above} is no folder that can be written")


def _counts(files: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    found = {kind: len(records) for file in files.values() for kind, records in file.items()}
    return {kind: found.get(kind, 0) for kind in _COUNTED}


def _what_next(folder: Path) -> str:
    steps = (
        (f"buttress check {folder}", "whether the files are sound"),
        (f"buttress assess {folder}", "what they add up to"),
        (f"{folder}/README.md", "what to put right, and which evidence to connect first"),
        (f"buttress test {folder}", "whether controls work, once there is evidence"),
    )
    width = max(len(step) for step, _ in steps)
    return "\n".join(["", "Next:", *(f"  {step:{width}}  {why}" for step, why in steps)])
