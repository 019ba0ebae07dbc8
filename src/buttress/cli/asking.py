"""Asking a person at a terminal what `buttress init` needs to know; nothing is written before the last answer."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import typer

from buttress.register.starting.answers import Answers, answer_to, answers_from
from buttress.register.starting.questions import (
    QUESTIONS,
    ControlQuestion,
    Holding,
    Question,
    QuestionKind,
    questions_asked,
    read_holding,
)
from buttress.register.starting.risks import control_questions, usual_control_questions

T = TypeVar("T")

_SECONDS_A_QUESTION, _SECONDS_A_CONTROL = 15, 7

_FORMS = {
    QuestionKind.CHOICE: "A number or a word.",
    QuestionKind.SEVERAL: "Numbers or words, separated by commas.",
    QuestionKind.YES_NO: "yes or no.",
    QuestionKind.DAY: "YYYY-MM-DD.",
}


def ask() -> Answers:
    """The answers of a person: every question that makes sense, then every usual control that is worth asking about."""
    with suppress(ImportError):
        import readline  # noqa: F401, PLC0415 - gives the line keys for editing, where there is one
    typer.echo(_how_long())
    typer.echo("An answer in brackets is taken on Enter. Ctrl-C stops; nothing is written before the end.")
    collected: dict[str, Any] = {}
    number = 0
    for question in QUESTIONS:
        if question.is_asked(collected):
            number += 1
            answer = _ask(question, number, collected)
            if answer is not None:
                collected[question.key] = answer
    return answers_from({**collected, "controls": _ask_controls(control_questions(answers_from(collected)))})


def _how_long() -> str:
    """What lies ahead, for one who answers as usual."""
    questions, controls = questions_asked({}), len(usual_control_questions())
    minutes = (questions * _SECONDS_A_QUESTION + controls * _SECONDS_A_CONTROL) / 60
    return (
        f"{questions} questions, then a list of about {5 * round(controls / 5)} controls; about {minutes:.0f} minutes."
    )


def _ask(question: Question, number: int, collected: dict[str, Any]) -> Any:
    of = max(number, questions_asked(collected))
    typer.echo(f"\n{number}/{of}  {question.prompt}")
    if hint := " ".join(part for part in (question.help, _FORMS.get(question.kind)) if part):
        typer.echo(f"      {hint}")
    width = max((len(choice.value) for choice in question.choices), default=0)
    for place, choice in enumerate(question.choices, 1):
        typer.echo(f"      {place} {choice.value:{width}}  {choice.meaning}")
    return _until_read(_prompt(question.default), lambda line: answer_to(question, line, collected))


def _prompt(default: str | None) -> str:
    if default is None:
        return "      >"
    return f"      [{default or 'none'}] >"


def _ask_controls(questions: tuple[ControlQuestion, ...]) -> dict[str, Holding]:
    """How the organisation stands to each control; Enter leaves it unknown."""
    typer.echo(f"\nWhich of {len(questions)} usual controls are in place? in place (i), planned (p), lacking (l);")
    typer.echo("unknown (u or Enter) where you would have to ask.")
    holdings: dict[str, Holding] = {}
    group = ""
    for number, question in enumerate(questions, 1):
        if question.group != group:
            group = question.group
            typer.echo(f"\n{group}")
        prompt = f"  {number:2}/{len(questions)}  {question.wording} [u] >"
        holdings[question.control] = _until_read(prompt, read_holding)
    typer.echo("")
    return holdings


def _until_read(prompt: str, read: Callable[[str], T]) -> T:
    while True:
        line = typer.prompt(prompt, default="", show_default=False, prompt_suffix=" ")
        try:
            return read(line)
        except ValueError as error:
            typer.echo(f"      Not taken: {error}")
