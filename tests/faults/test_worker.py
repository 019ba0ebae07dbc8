"""The worker ends whole: told by a signal, with everybody around it, or killed without a word."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.installations import Installation

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="families are read below /proc, and tied by the kernel"),
]

COMMAND = ("-c", "from buttress.cli.main import main; main()", "worker")
SCHEDULES = """
import django; django.setup()
from django_q.models import Schedule
print(*Schedule.objects.values_list("func", flat=True))
"""


def family(pid: int) -> set[int]:
    """The processes below one, at any depth."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    children = {int(word) for word in path.read_text().split()} if path.exists() else set()
    return children.union(*(family(child) for child in children))


def alive(pids: set[int]) -> set[int]:
    """Those that run: a zombie only waits to be counted."""
    found = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.add(pid)
    return found


def wait_until_gone(pids: set[int], seconds: float) -> set[int]:
    deadline = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    return alive(pids)


@pytest.fixture
def working(installation: Installation) -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """A worker with its guard, two workers, a pusher and a monitor."""
    process = installation.start(*COMMAND)
    deadline = time.monotonic() + 60
    while len(family(process.pid)) < 5 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    below = family(process.pid)
    try:
        assert len(below) == 5, process.poll()
        yield process, below
    finally:
        for pid in alive({process.pid, *below}):
            os.kill(pid, signal.SIGKILL)
        process.communicate()


def test_one_signal_ends_all_in_good_order(working: tuple[subprocess.Popen[str], set[int]]) -> None:
    process, below = working
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Ending once the running jobs are done" in said
    assert wait_until_gone(below, 1) == set()


def test_a_signal_to_the_whole_group_ends_all_too(working: tuple[subprocess.Popen[str], set[int]]) -> None:
    process, below = working
    os.killpg(process.pid, signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert wait_until_gone(below, 1) == set()


def test_nobody_outlives_a_worker_that_was_killed(working: tuple[subprocess.Popen[str], set[int]]) -> None:
    process, below = working
    process.kill()
    process.wait()
    assert wait_until_gone(below, 5) == set()


def test_the_worker_keeps_each_schedule_once(installation: Installation) -> None:
    for _ in range(2):
        process = installation.start(*COMMAND)
        assert process.stderr is not None
        assert "Jobs are done from now on" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    kept = ["buttress.register.monitoring.tasks.look_around", "buttress.register.tasks.let_days_pass"]
    assert sorted(installation.run("-c", SCHEDULES).split()) == kept
