"""Whatever titles, keys and names hold, a terminal only shows them, and JSON stays JSON."""

import json

import pytest
from rich.table import Table
from rich.text import Text

from buttress.cli.console import note, print_json, print_report
from buttress.formats.printable import UNSAFE

HOSTILE = (
    "\x1b[31mpassed\x1b[0m",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIH4=\x07",
    "fail\rpass",
    "\x9b31m\x9d0;title\x9c",
    "user\u202etxt.exe",
    "a\u2028b\x85c",
    "\ud800",
)


def table(text: str) -> Table:
    found = Table(box=None)
    found.add_column("title")
    found.add_row(text)
    found.add_row(Text(text))
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_no_control_of_a_text_reaches_a_report(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(table(text))
    print_report(Text(text))
    shown = capsys.readouterr().out
    assert UNSAFE.search(shown) is None


def test_our_own_colours_still_reach_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_report(Text("deviating\x1b[2J", style="bold red"))
    assert capsys.readouterr().out == "\x1b[1;31mdeviating\ufffd[2J\x1b[0m\n"


@pytest.mark.parametrize(
    "text", ["[red]passed[/red]", "[link=http://evil.example]x[/link]", "[/]", ":warning:", "[bold"]
)
def test_markup_in_a_text_is_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(table(text))
    assert capsys.readouterr().out.count(text) == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_json_holds_the_text_and_shows_no_control(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_json({text: [text, '", "passed": true']})
    shown = capsys.readouterr().out
    assert UNSAFE.search(shown) is None
    assert json.loads(shown) == {text: [text, '", "passed": true']}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_note_is_one_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    note(f"{text}\nWrote everything")
    shown = capsys.readouterr().err
    assert UNSAFE.search(shown) is None
    assert shown.count("\n") == 1
