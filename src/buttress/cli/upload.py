"""buttress upload: one evidence file into the database's store, with what is known about where it came from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buttress.cli.clock import day_of
from buttress.cli.console import note
from buttress.cli.database import Acting, acting
from buttress.cli.failures import RefusalError
from buttress.cli.options import MemberRef, OrganisationRef

if TYPE_CHECKING:
    from buttress.evidence.arrivals import Stated
    from buttress.evidence.data.receipts import Receipt
    from buttress.register.monitoring.arrivals import Received


def upload(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The data set it is of.", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file.", show_default=False)],
    effective: Annotated[
        str | None,
        typer.Option(
            "--effective", metavar="DATE", help="Of which day it speaks, where neither its name nor its rows say it."
        ),
    ] = None,
    total: Annotated[
        int | None, typer.Option("--total", metavar="N", help="How many rows there are by an independent count.")
    ] = None,
    total_from: Annotated[
        str | None,
        typer.Option("--total-from", metavar="TEXT", help="Who or what counted them, e.g. payroll headcount."),
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="Its receipt. [default: FILE.receipt.yaml, if there]"),
    ] = None,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Bring one evidence file: it is read, kept for good, recorded, and tested by the worker.

    Nothing is kept of a file that cannot be read as its data set is declared. What about it wants a look is said at once.
    """
    who = acting(org, member)
    from buttress.register.monitoring.arrivals import receive_evidence  # noqa: PLC0415 - Django only for what needs it

    stated = _stated(file, effective, total, total_from, receipt, who)
    try:
        source = file.open("rb")
    except OSError as error:
        raise RefusalError(f"{file} cannot be read: {error.strerror}") from error
    with source:
        _tell(receive_evidence(who.actor, dataset=dataset, source=source, name=file.name, stated=stated))


def _stated(
    file: Path, effective: str | None, total: int | None, total_from: str | None, receipt: Path | None, who: Acting
) -> "Stated":
    from buttress.evidence.arrivals import Stated  # noqa: PLC0415 - Django only for what needs it

    day = day_of("--effective", effective)
    return Stated(day, _receipt(file, receipt, total, total_from))


def _receipt(file: Path, receipt: Path | None, total: int | None, total_from: str | None) -> "Receipt | None":
    """The receipt given, with the total that was said; raises RefusalError where both speak of a total."""
    from buttress.evidence.data.receipts import SUFFIX, Receipt, read_receipt_file  # noqa: PLC0415

    path = receipt or file.with_name(file.name + SUFFIX)
    found = read_receipt_file(path) if receipt is not None or path.is_file() else None
    if total is None:
        if total_from is not None:
            raise RefusalError("--total-from says who counted; say how many with --total")
        return found
    if total < 0 or not total_from:
        raise RefusalError(f"--total {total}: give 0 or more, and with --total-from who or what counted it")
    if found is not None and found.source_total is not None:
        raise RefusalError(f"{path} states a total of {found.source_total}; leave out --total")
    return (found or Receipt()).model_copy(update={"source_total": total, "total_from": total_from})


def _tell(received: "Received") -> None:
    kept = received.kept
    when = f"effective {kept.effective_at:%Y-%m-%d %H:%M}"
    state = "Kept" if kept.is_new else "Kept before, with the same bytes"
    typer.echo(f"{state} as {kept.file}: {kept.rows:,} rows, {when}, {kept.sha256[:12]}…")
    for signal in kept.signals:
        typer.echo(f"  {signal}")
    if received.job is None:
        note(f"No control test reads {kept.dataset}")
    else:
        note(f"The worker runs {len(kept.tests)} tests of it; without one: buttress run {' '.join(kept.tests)}")
