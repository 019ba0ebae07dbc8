"""buttress worker: does the jobs that writes leave behind, and lets each day pass at its midnight.

The queue's own process guards forked workers. All of them live in a process group of their own, away from signals that a
terminal or supervisor sends to everybody, and none outlives this process, however it ends.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from buttress.cli.console import note
from buttress.cli.database import with_database

SCHEDULES = {
    "days pass": ("buttress.register.tasks.let_days_pass", 5),
    "monitoring": ("buttress.register.monitoring.tasks.look_around", 1),
}
"""By name what is called, and every how many minutes: organisations have midnights and slots of their own, so it looks
often."""

_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
_SECONDS = 0.2


def worker() -> None:
    """Run the jobs of every organisation until it is told to end.

    SIGTERM or Ctrl-C lets running jobs come to their end first; a second one ends everything at once. Jobs that did not
    come to their end start again later.
    """
    with_database()
    from django.conf import settings  # noqa: PLC0415 - Django only for what needs it
    from django_q.cluster import Cluster  # noqa: PLC0415

    str(settings.SECRET_KEY)
    _keep_schedules()
    main = os.getpid()
    os.register_at_fork(after_in_child=lambda: _join_family(main))
    cluster = Cluster()
    signals = _counted_signals()
    cluster.start()
    note("Jobs are done from now on; Ctrl-C ends it")
    sys.exit(_until_ended(cluster, signals))


def _keep_schedules() -> None:
    """The schedules as this version means them, each once, and due at once: what a dead worker left is taken up."""
    from django.utils import timezone  # noqa: PLC0415 - Django only for what needs it
    from django_q.models import Schedule  # noqa: PLC0415

    for name, (function, minutes) in SCHEDULES.items():
        meant = {"func": function, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1}
        kept = Schedule.objects.filter(name=name).order_by("pk").first()
        if kept is None:
            Schedule.objects.create(name=name, next_run=timezone.now(), **meant)
        else:
            Schedule.objects.filter(pk=kept.pk).update(next_run=timezone.now(), **meant)
            Schedule.objects.filter(name=name).exclude(pk=kept.pk).delete()


def _join_family(main: int) -> None:
    """In each forked child: the guard leads a group of its own; on Linux the kernel ends a child whose parent died."""
    if os.getppid() == main:
        os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _counted_signals() -> list[int]:
    """The signals to end that came, in their order. The handler only counts: the queue's own one may wait for ever for a
    guard that the same signal has ended."""
    came: list[int] = []

    def count(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, count)
    return came


def _until_ended(cluster: Any, signals: list[int]) -> int:
    """The exit code, once nothing of the family is left."""
    guard = cluster.sentinel
    is_told = False
    while guard.is_alive():
        if signals and not is_told:
            is_told = True
            note("Ending once the running jobs are done; again to end at once")
            threading.Thread(target=cluster.stop_event.set, daemon=True).start()
        if len(signals) > 1:
            break
        time.sleep(_SECONDS)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(guard.pid, signal.SIGKILL)
    guard.join()
    if not is_told:
        note(f"The guard of the workers ended by itself, with {guard.exitcode}; start the worker again")
    return 0 if is_told else 1
