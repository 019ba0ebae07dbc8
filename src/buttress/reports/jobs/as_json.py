"""Jobs as JSON."""

from collections.abc import Sequence
from typing import Any

from buttress.register.monitoring.jobs import Job


def document(jobs: Sequence[Job]) -> dict[str, Any]:
    """Plain data; instants are UTC in ISO 8601."""
    return {"jobs": [_job(job) for job in jobs]}


def _job(job: Job) -> dict[str, Any]:
    return {
        "key": job.key,
        "kind": job.kind.value,
        "names": list(job.names),
        "as_of": job.as_of.isoformat() if job.as_of else None,
        "engagement": job.engagement,
        "asked_by": job.asked_by,
        "asked_at": job.asked_at.isoformat(),
        "state": job.state.value,
        "phase": job.phase,
        "done": job.done,
        "total": job.total,
        "heartbeat": job.heartbeat.isoformat() if job.heartbeat else None,
        "starts": job.starts,
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "found": job.found or None,
        "fault": job.fault or None,
    }
