"""What options say, as strict records: everything that is wrong is told by option, as a file's faults are by line."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from buttress.cli.console import note
from buttress.cli.failures import RefusalError
from buttress.formats.problems import Problem, ProblemsError

if TYPE_CHECKING:
    from buttress.formats.models import StrictModel

T = TypeVar("T", bound="StrictModel")


def record_given(model: type[T], values: Mapping[str, Any], options: Mapping[str, str] | None = None) -> T:
    """The record of fields that options gave; `options` maps a field to its option where that is called otherwise.

    Raises `ProblemsError` with every fault.
    """
    found = _validated(model, values)
    if isinstance(found, list):
        raise ProblemsError([_of_option(problem, options or {}) for problem in found])
    return found


def _validated(model: type[T], values: Mapping[str, Any]) -> T | list[Problem]:
    from buttress.formats.models import validate  # noqa: PLC0415 - keeps help quick
    from buttress.formats.strict_yaml import Mark, YamlNode  # noqa: PLC0415

    return validate(model, YamlNode("", dict(values), Mark(1, 1)))


def _of_option(problem: Problem, options: Mapping[str, str]) -> Problem:
    option = options.get(problem.field, f"--{problem.field.replace('_', '-')}")
    return replace(problem, file=option, line=None, field="")


def reference_given(option: str, value: str) -> str:
    """A reference; raises `ProblemsError` that names the option."""
    from buttress.orgs.records import MemberRecord  # noqa: PLC0415 - keeps help quick

    return field_given(MemberRecord, "person", value, option)


def is_asked_at_a_terminal() -> bool:
    """Whether a person can be asked for what is missing."""
    return sys.stdin.isatty()


def field_given(model: "type[StrictModel]", field: str, value: str, option: str | None = None) -> str:
    """The text of one field, checked by itself; raises `ProblemsError` that names the option."""
    found = _validated(model, {field: value})
    own = [problem for problem in found if problem.field == field] if isinstance(found, list) else []
    if own:
        raise ProblemsError([_of_option(problem, {field: option} if option else {}) for problem in own])
    return value


def asked_or_given(
    option: str, value: str | None, prompt: str, read: Callable[[str], str], default: str | None = None
) -> str:
    """The option's value as `read` takes it, else a person's answer, asked again until it is taken.

    Raises `ProblemsError` for a value that is not taken, and RefusalError where nobody can be asked and nothing is usual.
    """
    if value is None and not is_asked_at_a_terminal():
        if default is None:
            raise RefusalError(f"{option} is missing: give it, or run this at a terminal, which asks")
        return default
    if value is not None:
        return read(value)
    while True:
        answer: str = typer.prompt(prompt, default=default, err=True)
        try:
            return read(answer.strip())
        except ProblemsError as error:
            for problem in error.problems:
                note(f"Not taken: {replace(problem, file='').__str__().lstrip(': ')}")
