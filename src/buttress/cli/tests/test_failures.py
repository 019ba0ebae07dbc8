"""What ends a command before its end is told in plain lines with exit code 2, never by a traceback."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from buttress.cli.failures import STOPPED, Commands, RefusalError
from buttress.formats.problems import Problem, ProblemsError

Run = Callable[..., Result]

FAULT = Problem("risks.yaml", 3, "risks.R-1", "nothing", "a title")


@pytest.mark.parametrize(
    ("failure", "lines"),
    [
        (KeyboardInterrupt(), ["", STOPPED]),
        (EOFError(), ["", STOPPED]),
        (typer.Abort(), ["", STOPPED]),
        (RefusalError("It cannot be done."), ["It cannot be done."]),
        (
            ProblemsError([FAULT, FAULT]),
            ["risks.yaml:3: risks.R-1: found nothing; expected a title."] * 2 + ["2 problems in 1 file"],
        ),
        (PermissionError(13, "Permission denied", "risks.yaml"), ["risks.yaml: Permission denied"]),
    ],
    ids=["interrupt", "end of input", "abort", "refusal", "problems", "permission"],
)
def test_a_failure_is_plain_lines(failure: BaseException, lines: list[str]) -> None:
    app = typer.Typer(cls=Commands)

    @app.command()
    def fails() -> None:
        raise failure

    @app.callback()
    def group() -> None:
        pass

    result = CliRunner().invoke(app, ["fails"])
    assert result.exit_code == 2
    assert result.stderr.splitlines() == lines
    assert result.stdout == ""


def test_a_fault_of_the_program_is_not_hidden() -> None:
    app = typer.Typer(cls=Commands)

    @app.command()
    def fails() -> None:
        raise ValueError("our own fault")

    @app.callback()
    def group() -> None:
        pass

    assert isinstance(CliRunner().invoke(app, ["fails"]).exception, ValueError)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser reads everything")
@pytest.mark.parametrize("command", ["check", "assess", "test"])
def test_a_file_that_may_not_be_read_is_named(register: Path, run: Run, command: str) -> None:
    (register / "records.yaml").chmod(0)
    result = run(command, register)
    assert result.exit_code == 2
    assert "records.yaml: found a file that cannot be read (Permission denied)" in result.stdout + result.stderr
