"""A ledger fits its console, keeps what is not spare, and never cuts a number or a word that has room."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from buttress.reports.ledger import Ledger, ledger


def printed(table: Ledger, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(table)
    return out.getvalue()


def controls() -> Ledger:
    table = ledger(
        (("control", "left", None), ("why", "left", 40), ("owner", "left", None), ("mean", "right", None)), spare=(2,)
    )
    table.add_row("IAM-04", "accounts-have-active-worker fails: 10 of 633", "omar", Text("$125k", style="bold"))
    table.add_row("CRY-03", "kms_cmk_rotation_enabled reported nothing", "kenji", "$407")
    return table


@pytest.mark.parametrize("width", [100, 80, 60])
def test_words_stay_whole_where_there_is_room_for_them(width: int) -> None:
    text = printed(controls(), width)
    for word in ("accounts-have-active-worker", "kms_cmk_rotation_enabled", "$125k", "$407", "CRY-03"):
        assert word in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width


def test_a_spare_column_goes_first_where_the_console_is_narrow() -> None:
    assert "kenji" in printed(controls(), 40)
    assert "kenji" not in printed(controls(), 36)
    assert "$125k" in printed(controls(), 36)


def test_at_the_last_every_cell_wraps_and_none_is_cut() -> None:
    text = printed(controls(), 24)
    assert "…" not in text
    assert "$125k" in text.replace(" ", "").replace("\n", "")


def test_a_row_may_leave_its_last_cells_empty() -> None:
    table = ledger((("", "left", 20), ("", "right", None)))
    table.add_row("of which")
    assert printed(table, 100).strip() == "of which"
