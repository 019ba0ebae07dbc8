"""What the commands on monitoring share: the snapshot asked for, its period, and the form of the answer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from buttress.cli.clock import day_of
from buttress.cli.console import print_json, print_report
from buttress.cli.failures import RefusalError
from buttress.cli.options import refuse_two_forms
from buttress.cli.source import Asked, source_of
from buttress.formats.problems import nearest

if TYPE_CHECKING:
    from buttress.core.period import Period
    from buttress.core.snapshot import Control, RegisterSnapshot
    from buttress.core.verdicts import ControlTest


def snapshot_asked(asked: Asked) -> "RegisterSnapshot":
    """The register as of the day asked about, from the folder or the database."""
    source = source_of(asked)
    (snapshot,) = source.snapshots_on((source.as_of,))
    return snapshot


def period_asked(text: str | None, snapshot: "RegisterSnapshot") -> "Period":
    """The period of `--period`, else the engagement's; raises RefusalError."""
    from buttress.core.period import Period, period_of  # noqa: PLC0415 - keeps help quick

    if text is None:
        return period_of(snapshot)
    first, dots, last = text.partition("..")
    start, end = day_of("--period", first), day_of("--period", last)
    if not dots or start is None or end is None:
        raise RefusalError(f"--period {text!r} is no period; give two days, e.g. 2026-01-01..2026-12-31")
    if end < start:
        raise RefusalError(f"--period {text} ends before it begins; give the earlier day first")
    return Period(start, end)


def control_asked(ref: str, snapshot: "RegisterSnapshot") -> "Control":
    """The control of that reference; raises RefusalError that names the nearest one."""
    found = {control.ref: control for control in snapshot.controls}
    if ref not in found:
        raise RefusalError(f"There is no control {ref!r} as of {snapshot.as_of}. {nearest(ref, found) or ''}".rstrip())
    return found[ref]


def tests_asked(test: str | None, control: str | None, snapshot: "RegisterSnapshot") -> "tuple[ControlTest, ...]":
    """The tests of `--test`, or of `--control`, or both; all without either. Raises RefusalError for what is unknown."""
    known = {each.id: each for each in snapshot.tests}
    if test is not None and test not in known:
        advice = nearest(test, known) or ""
        raise RefusalError(f"There is no control test {test!r} as of {snapshot.as_of}. {advice}".rstrip())
    if control is not None:
        control_asked(control, snapshot)
    return tuple(
        each for each in known.values() if test in (None, each.id) and (control is None or control in each.controls)
    )


def answer(
    *, as_json: bool, as_csv: bool, document: Callable[[], Any], table: Callable[[], str], report: Callable[[], Any]
) -> None:
    """Prints the one form that was asked for."""
    refuse_two_forms(as_json, as_csv)
    if as_json:
        print_json(document())
    elif as_csv:
        typer.echo(table(), nl=False)
    else:
        print_report(report())
