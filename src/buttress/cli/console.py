"""Where reports are printed: at most 100 columns, colour only where a terminal shows it.

Titles, keys and file names come from outside. None of them is markup here, and no control character, override or
separator in them reaches the terminal.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer

from buttress.formats.printable import UNSAFE, escaped, in_one_line

WIDTH = 100


def print_report(report: Any) -> None:
    """Print a rich renderable; a pipe gets plain text of full width, NO_COLOR is kept to."""
    from rich.console import Console  # noqa: PLC0415 - costs a tenth of a second that help and JSON need not pay

    def made(width: int | None = None) -> Console:
        return Console(highlight=False, markup=False, emoji=False, soft_wrap=False, width=width)

    console = made()
    if not console.is_terminal or console.width > WIDTH:
        console = made(WIDTH)
    console.print(_Harmless(report))


class _Harmless:
    """A renderable whose texts only show: each unsafe character stands as a replacement sign of one column."""

    def __init__(self, report: Any) -> None:
        self._report = report

    def __rich_console__(self, console: Any, options: Any) -> Any:
        for segment in console.render(self._report, options):
            yield segment._replace(text=UNSAFE.sub("\ufffd", segment.text))


def print_json(document: Any) -> None:
    """Print plain data as JSON, two spaces deep, not-a-numbers refused; unsafe characters stand as escapes, which any
    reader of JSON turns back."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    typer.echo(UNSAFE.sub(lambda found: escaped(found[0]), text))


def note(text: str) -> None:
    """A line about the work itself, on the error stream, so that output can be piped."""
    typer.echo(in_one_line(text), err=True)


def is_watched() -> bool:
    """True where a person sees the error stream, so that progress is worth showing."""
    return sys.stderr.isatty()


@contextmanager
def watched_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Tells a person what is under way and how far it is, on one line that goes at the end; nothing where nobody watches."""
    if not is_watched():
        yield lambda label, done, total: None
        return

    def tell(label: str, done: int, total: int) -> None:
        far = f": {done:,} of {total:,}" if total > 1 else " ..."
        typer.echo(f"\r\x1b[K{in_one_line(label)}{far}", err=True, nl=False)

    try:
        yield tell
    finally:
        typer.echo("\r\x1b[K", err=True, nl=False)


def kinds_in_words(counts: Mapping[str, int]) -> str:
    """Numbers of records by kind, kinds without any left out.

    >>> kinds_in_words({"risks": 38, "vendors": 0, "persons": 1, "manual_tests": 2})
    '38 risks, 1 person, 2 manual tests'
    """
    words = [f"{n} {kind[:-1] if n == 1 else kind}".replace("_", " ") for kind, n in counts.items() if n]
    return ", ".join(words)
