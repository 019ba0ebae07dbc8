"""buttress init: a first register from a dozen answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from buttress.cli.clock import today
from buttress.cli.console import kinds_in_words
from buttress.cli.failures import RefusalError

if TYPE_CHECKING:
    from buttress.register.answers import Answers
    from buttress.register.questions import Question

Target = Annotated[Path, typer.Argument(metavar="DIR", help="A folder to make; it must be empty.", show_default=False)]
AnswersFile = Annotated[Path | None, typer.Option("--answers", metavar="FILE", help="Answers as YAML; asks nothing.")]


def init(folder: Target, answers: AnswersFile = None) -> None:
    """Make a first register from a dozen answers.

    Risks, controls, scale and appetite come as a draft, sized to the organisation and approved by nobody.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RefusalError(f"{folder} is not empty; name a folder that is, or one that does not exist")
    if answers is not None and not answers.is_file():
        raise RefusalError(f"{answers} does not exist; name a YAML file with answers, or leave --answers out")
    from buttress.register.answers import answers_from, read_answers  # noqa: PLC0415 - keeps help quick
    from buttress.register.files.writer import write_folder  # noqa: PLC0415
    from buttress.register.initialise import README, initialise  # noqa: PLC0415
    from buttress.register.starting_readme import readme  # noqa: PLC0415

    given = read_answers(answers) if answers is not None else _ask(answers_from)
    day = today()
    files = initialise(given, day)
    write_folder(folder, files, others={README: readme(given, day).encode()})
    typer.echo(f"{folder}: {kinds_in_words(_counts(files))}")
    typer.echo("Scale and appetite are suggestions, figures stand on the starter library. README.md says what is next.")
    typer.echo(f"Next: buttress assess {folder}")


def _counts(files: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    kinds = ("risks", "controls", "objectives", "assets", "vendors", "persons")
    found = {kind: len(records) for file in files.values() for kind, records in file.items()}
    return {kind: found.get(kind, 0) for kind in kinds}


def _ask(read: Any) -> "Answers":
    """Ask every question that makes sense, then every usual control; a line that cannot be read is asked again."""
    from buttress.register.questions import CONTROL_QUESTIONS, QUESTIONS, read_holding  # noqa: PLC0415

    collected: dict[str, Any] = {}
    for question in QUESTIONS:
        if question.is_asked(collected):
            answer = _ask_one(question)
            if answer is not None:
                collected[question.key] = answer
    typer.echo("\nControls: in place (i), planned (p), lacking (l), unknown (u or Enter).")
    holdings, group = {}, ""
    for control in CONTROL_QUESTIONS:
        if control.group != group:
            group = control.group
            typer.echo(f"\n{group}")
        holdings[control.control] = _until_read(f"  {control.wording}", read_holding).value
    answers: Answers = read({**collected, "controls": holdings})
    return answers


def _ask_one(question: "Question") -> Any:
    from buttress.register.questions import read_line  # noqa: PLC0415

    if question.help:
        typer.echo(f"\n{question.help}")
    for number, choice in enumerate(question.choices, 1):
        typer.echo(f"  {number} {choice.value}: {choice.meaning}")
    hint = f" [{question.default}]" if question.default else ""
    return _until_read(f"{question.prompt}{hint}", lambda line: read_line(question, line))


def _until_read(prompt: str, read: Any) -> Any:
    while True:
        line = typer.prompt(prompt, default="", show_default=False, prompt_suffix=" ")
        try:
            return read(line)
        except ValueError as error:
            typer.echo(f"  {error}")
