"""Time and memory to apply a register folder of 10,000 risks to a database in one write, and to ask of it, beside the aims.

Run with `.venv/bin/python benchmarks/database.py`, or with an engine for one of them. Each engine has a process and a
database of its own: SQLite as it is configured, PostgreSQL as a private cluster that waits for its disk. The folder is that
of `folder.py`, ten times as long. The figures of a machine under load are worth little: close other work first.
"""

import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter

_HERE = Path(__file__).parent
sys.path += [str(_HERE), str(_HERE.parent / "tests"), str(_HERE.parent / "src")]

N_RISKS = 10_000
AIM_APPLY_S, AIM_MEMORY_MB = 60.0, 400.0
ENGINES = ("sqlite", "postgres")
_MAKE = f"""
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from folder import generated
from buttress.register.files.writer import write_folder
write_folder(Path(sys.argv[2]), generated({N_RISKS}))
"""


def main() -> None:
    from figures import opened_database  # noqa: PLC0415 - Django reads its settings with its first import

    if len(sys.argv) == 2:
        with opened_database(sys.argv[1]):
            _measure(sys.argv[1])
        return
    for engine in ENGINES:
        subprocess.run([sys.executable, __file__, engine], check=True)  # noqa: S603 - this very file


def _measure(engine: str) -> None:
    from buttress.orgs.records import PersonRecord, ProfileRecord  # noqa: PLC0415
    from buttress.orgs.services import found_organisation  # noqa: PLC0415
    from buttress.orgs.verification import verify_organisation  # noqa: PLC0415
    from buttress.register.applying.apply import apply_folder, plan_folder  # noqa: PLC0415
    from buttress.register.export import export_folder  # noqa: PLC0415

    print(f"\n{engine}: {N_RISKS} risks, each with an assessment and three effects")
    print(f"{'':58}{'measured':>12}{'aim':>10}{'ratio':>8}")
    profile = ProfileRecord(name="Bench", currency="USD")
    actor = found_organisation(ref="bench", profile=profile, owner_ref="ada", owner=PersonRecord(name="Ada Brandt"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "register"
        # In a process of its own, so that its memory is not counted.
        subprocess.run([sys.executable, "-c", _MAKE, str(_HERE), str(folder)], check=True)  # noqa: S603 - our own words
        before = _peak_mb()
        started = perf_counter()
        applied = apply_folder(actor, folder)
        _line("apply in one write, s", perf_counter() - started, AIM_APPLY_S)
        _line("  peak memory of the process, MB", _peak_mb(), AIM_MEMORY_MB)
        _line("  of that before, MB", before)
        assert applied.change is not None, "the folder was not applied"
        started = perf_counter()
        plan = plan_folder(actor, folder)
        _line("plan of the same folder, s", perf_counter() - started)
        assert plan.is_empty, "the same folder would change something"
        started = perf_counter()
        export_folder(actor, Path(scratch) / "out")
        _line("export, s", perf_counter() - started)
    started = perf_counter()
    verification = verify_organisation(actor.organisation_id)
    _line("verify, s", perf_counter() - started)
    print(f"  {date.today()}: {'all verified' if verification.ok else verification.problems[:3]}")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _line(what: str, measured: float, aim: float | None = None) -> None:
    rest = "" if aim is None else f"{aim:>10g}{measured / aim:>8.2f}"
    print(f"{what:<58}{measured:>12.3f}{rest}", flush=True)


if __name__ == "__main__":
    main()
