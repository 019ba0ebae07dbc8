"""Where reports are printed: at most 100 columns, colour only where a terminal shows it."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import typer

WIDTH = 100


def print_report(report: Any) -> None:
    """Print a rich renderable; a pipe gets plain text of full width, NO_COLOR is kept to."""
    from rich.console import Console  # noqa: PLC0415 - costs a tenth of a second that help and JSON need not pay

    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal or console.width > WIDTH:
        console = Console(highlight=False, soft_wrap=False, width=WIDTH)
    console.print(report)


def print_json(document: Any) -> None:
    """Print plain data as JSON, two spaces deep, not-a-numbers refused."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def note(text: str) -> None:
    """A line about the work itself, on the error stream, so that output can be piped."""
    typer.echo(text, err=True)


def is_watched() -> bool:
    """True where a person sees the error stream, so that progress is worth showing."""
    return sys.stderr.isatty()


def kinds_in_words(counts: Mapping[str, int]) -> str:
    """Numbers of records by kind, kinds without any left out.

    >>> kinds_in_words({"risks": 38, "vendors": 0, "persons": 1, "manual_tests": 2})
    '38 risks, 1 person, 2 manual tests'
    """
    words = [f"{n} {kind[:-1] if n == 1 else kind}".replace("_", " ") for kind, n in counts.items() if n]
    return ", ".join(words)
