"""Time from an edited estimate to committed figures, of a rebuild and of lists at past dates, beside the aims.

Run with `.venv/bin/python benchmarks/figures.py` (takes several minutes), or with engine and number of risks for one line:
`benchmarks/figures.py sqlite 1000`. Each engine and size has a process and a database of its own: SQLite as it is
configured, PostgreSQL as a private cluster that waits for its disk. Risks have an assessment and three effects of 60
controls each. The figures of a machine under load are worth little: close other work first.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

_HERE = Path(__file__).parent
sys.path += [str(_HERE.parent / "tests"), str(_HERE.parent / "src")]

ENGINES = ("sqlite", "postgres")
SIZES = (1_000, 10_000)
EDITS = 60
WARM_UP = 5
LIST_REPETITIONS = 5
AIM_EDIT_MS = 50.0
AIM_REBUILD_S = 15.0


def main() -> None:
    if len(sys.argv) == 3:
        with opened_database(sys.argv[1]):
            _measure(sys.argv[1], int(sys.argv[2]))
        return
    for engine in ENGINES:
        for size in SIZES:
            subprocess.run([sys.executable, __file__, engine, str(size)], check=True)  # noqa: S603 - this very file


@contextmanager
def opened_database(engine: str) -> Iterator[None]:
    """A migrated database of one's own."""
    from postgres_cluster import postgres_cluster  # noqa: PLC0415 - Django reads its settings with its first import

    with tempfile.TemporaryDirectory(prefix="buttress-bench-") as data:
        os.environ |= {"BUTTRESS_DATA": data, "DJANGO_SETTINGS_MODULE": "buttress.config.settings"}
        if engine == "sqlite":
            _migrate()
            yield
        else:
            with postgres_cluster(fsync=True) as url:
                os.environ["BUTTRESS_DATABASE_URL"] = url
                _migrate()
                yield
                _close()


def _migrate() -> None:
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0, run_syncdb=True)


def _close() -> None:
    from django.db import connections  # noqa: PLC0415

    connections.close_all()


def _measure(engine: str, size: int) -> None:
    from buttress.orgs.tests.organisations import harbourline  # noqa: PLC0415
    from buttress.register.figures.checking import check_figures  # noqa: PLC0415
    from buttress.register.figures.rebuild import rebuild  # noqa: PLC0415
    from buttress.register.figures.standing import CACHE  # noqa: PLC0415
    from buttress.register.tests.figured import build_register  # noqa: PLC0415

    print(f"\n{size:,} risks on {engine}{'':>34}{'measured':>12}{'aim':>10}{'ratio':>8}", flush=True)
    actors = harbourline()
    ruth = actors["ruth"]
    start = perf_counter()
    build_register(actors, risks=size, controls=60, effects=3)
    _line("writing the register, s", perf_counter() - start)
    before = _peak_mb()
    start = perf_counter()
    rebuild(ruth.organisation_id)
    _line("rebuild of all figures, s", perf_counter() - start, AIM_REBUILD_S)
    _line("  peak memory of the process, MB", _peak_mb())
    _line("  of that before the rebuild, MB", before)
    _report_edits(ruth, size)
    CACHE.forget(ruth.organisation_id)
    _line("  the first one of a new process, ms", _edit(ruth, 0, EDITS + WARM_UP)[0])
    _lists(ruth)
    start = perf_counter()
    differences = check_figures(ruth)
    _line("check of all figures, s", perf_counter() - start)
    print(f"  {len(differences)} differences" + "".join(f"\n  {each}" for each in differences[:5]), flush=True)


def _report_edits(actor: Any, size: int) -> None:
    from buttress.register.figures.rebuild import rebuild  # noqa: PLC0415

    for step in range(WARM_UP):
        _edit(actor, step % size, step)
    measured, rebuilds = [], 0
    for step in range(WARM_UP, WARM_UP + EDITS):
        measured.append(_edit(actor, (step * 37) % size, step))
        if _is_recomputing(actor):
            rebuilds += 1
            rebuild(actor.organisation_id)
    wall, processor = ([each[place] for each in measured] for place in (0, 1))
    _line("edited estimate to committed figures, ms (median)", statistics.median(wall), AIM_EDIT_MS)
    _line("  the same, 95th percentile", statistics.quantiles(wall, n=20)[-1])
    _line("  the same, processor time of the process (median)", statistics.median(processor))
    _line(f"  of {EDITS} edits, those that asked for a rebuild", rebuilds)


def _is_recomputing(actor: Any) -> bool:
    from buttress.orgs.tenancy import tenant  # noqa: PLC0415
    from buttress.register.figures.recomputing import is_recomputing  # noqa: PLC0415

    with tenant(actor.organisation_id):
        return is_recomputing()


def _edit(actor: Any, place: int, step: int) -> tuple[float, float]:
    """Milliseconds from the call of the service to the commit, by the clock and of the processor."""
    from buttress.register.tests.figured import assessment, later, risk_ref  # noqa: PLC0415
    from buttress.risks.services.assessment import assess_risk  # noqa: PLC0415

    fact = assessment(0.2 + 0.01 * (step % 50), 8e4 + 100 * step, on=later(20), key=f"edit-{step}")
    start, start_of_work = perf_counter(), process_time()
    assess_risk(actor, ref=risk_ref(place), assessment=fact)
    return 1e3 * (perf_counter() - start), 1e3 * (process_time() - start_of_work)


def _lists(actor: Any) -> None:
    from buttress.orgs.moments import Moment  # noqa: PLC0415
    from buttress.register.figures.selectors import risk_figures  # noqa: PLC0415
    from buttress.register.tests.figured import later  # noqa: PLC0415

    _line("list of 50 risks today, ms (median)", _timed(lambda: risk_figures(actor)))
    day = Moment(later(40))
    start = perf_counter()
    risk_figures(actor, moment=day)
    _line("list of 50 risks at a past day, the first time, s", perf_counter() - start)
    _line("  and again, ms (median)", _timed(lambda: risk_figures(actor, moment=day)))


def _timed(run: Callable[[], object]) -> float:
    times = []
    for _ in range(LIST_REPETITIONS):
        start = perf_counter()
        run()
        times.append(1e3 * (perf_counter() - start))
    return statistics.median(times)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _line(name: str, value: float, aim: float | None = None) -> None:
    beside = f"{aim:>10.3g}{value / aim:>8.2f}" if aim else ""
    print(f"{name:58}{value:>12.3f}{beside}", flush=True)


if __name__ == "__main__":
    main()
