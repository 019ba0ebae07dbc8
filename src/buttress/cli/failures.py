"""How a command ends when it cannot do what was asked: every problem at once, in plain lines, with exit code 2."""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from buttress.formats.printable import in_one_line
from buttress.formats.problems import Problem, ProblemsError
from buttress.orgs.errors import RecordsError

BAD_INPUT = 2


class RefusalError(Exception):
    """A command cannot do what was asked; the message is one sentence that says why and what to do."""


STOPPED = "Stopped before the end; nothing is half written"


class Commands(TyperGroup):
    """The commands, with expected failures turned into plain lines on the error stream."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError, typer.Abort):
            # A question or a line of progress stands open where the person stopped.
            _fail(["", STOPPED])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except (RefusalError, RecordsError) as refusal:
            _fail([str(refusal)])
        except ProblemsError as error:
            # What is wrong with the command itself stands in no file: then there is nothing to count.
            counted = [problem_count(error.problems)] if any(p.line is not None for p in error.problems) else []
            _fail([*map(str, error.problems), *counted])
        except OSError as error:
            if error.filename is None:
                raise
            _fail([f"{error.filename}: {error.strerror}"])
        except Exception as error:
            if not _is_of_the_database(error):
                raise
            said = " ".join(str(error).split()).rstrip(".")
            _fail([f"The database does not do it ({said}). Nothing is half written; try again, or ask its operator"])


def _is_of_the_database(error: Exception) -> bool:
    """Whether a database that is away, locked or full speaks; Django is there where one was asked for anything."""
    django = sys.modules.get("django.db.utils")
    return django is not None and isinstance(error, django.OperationalError)


def problem_count(problems: Sequence[Problem]) -> str:
    """The closing line under a list of problems."""
    files = len({problem.file for problem in problems})
    one = len(problems) == 1
    return f"{len(problems)} problem{'' if one else 's'} in {files} file{'' if files == 1 else 's'}"


def _fail(lines: Sequence[str]) -> NoReturn:
    for line in lines:
        typer.echo(in_one_line(line), err=True)
    sys.exit(BAD_INPUT)
