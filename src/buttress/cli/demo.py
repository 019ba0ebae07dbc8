"""buttress demo: the demo company, loaded, tested and assessed."""

from pathlib import Path
from typing import Annotated

import typer

from buttress.cli.clock import BEFORE, today
from buttress.cli.console import note, print_report
from buttress.cli.failures import RefusalError
from buttress.cli.testing import progress

Place = Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the demo company goes.")]


def demo(
    folder: Place = Path("demo/harbourline"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Load it afresh, with its dates as of today.")] = False,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the summary.")] = False,
) -> None:
    """Load the demo company and assess it.

    Its dates are shifted so that they end today. A second run finds everything there.
    """
    from buttress.register.demo import DemoError, anchor_of, load_demo  # noqa: PLC0415 - keeps help quick

    try:
        is_new = load_demo(folder, today(), is_fresh=fresh)
    except DemoError as error:
        raise RefusalError(str(error)) from error
    day = anchor_of(folder)
    assert day is not None
    if is_new:
        note(f"Loaded the demo company into {folder}; its dates end today, {day}.")
    else:
        note(f"{folder} was loaded on {day} and is shown as of that day; load it afresh with: buttress demo --fresh")
    from buttress.cli.standing import standing  # noqa: PLC0415 - numpy, scipy and duckdb only once there is work
    from buttress.register.evaluation import evaluate_declared  # noqa: PLC0415
    from buttress.register.files.reader import read_register  # noqa: PLC0415
    from buttress.register.snapshot import snapshots_on  # noqa: PLC0415

    register = read_register(folder)
    done = evaluate_declared(register, day, None, progress())
    note(f"Control tests: {len(done.results)} new results, {done.unchanged} evaluated before.")
    stands = standing(lambda days: snapshots_on(register, days), day, None)
    print_report(stands.report())
    largest = stands.summary.largest
    if largest:
        note(f"How a figure came about: buttress trace {folder} {largest[0].ref} --as-of {day}")
    note(f"Why figures moved: buttress explain {folder} --since {day - BEFORE} --as-of {day}")
