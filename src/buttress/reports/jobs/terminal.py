"""Jobs as a table for a terminal."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from rich import box
from rich.table import Table

from buttress.register.models.monitoring import JobState
from buttress.register.monitoring.jobs import Job


def render(jobs: Sequence[Job], zone: tzinfo) -> Any:
    """One line a job, the newest first; times are of `zone`."""
    table = Table(box=box.SIMPLE_HEAD, title="Jobs" if jobs else "No job was asked for yet", title_justify="left")
    for name in ("Job", "Asked", "State", "How far, or what came of it"):
        table.add_column(name, overflow="fold")
    for job in jobs:
        table.add_row(job.key, _asked(job, zone), job.state.value, far(job))
    return table


def _asked(job: Job, zone: tzinfo) -> str:
    return f"{job.asked_at.astimezone(zone):%Y-%m-%d %H:%M} by {job.asked_by or 'the schedule'}"


def far(job: Job) -> str:
    """In one line: what came of a job, else how far it is."""
    if job.state is JobState.DONE:
        return job.found
    if job.state is JobState.PARKED:
        return f"{job.fault}; once mended: buttress jobs --restart '{job.key}'"
    if job.state is JobState.RUNNING:
        return f"{job.done} of {job.total}: {job.phase}" if job.total else "begun"
    return f"tried {job.starts} times: {job.fault}" if job.starts else "waits for a worker"
