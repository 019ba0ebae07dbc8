"""Whether a proposed declaration reads its file, by reading it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.snapshots import Snapshot, SnapshotFile, read_snapshot

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def read_as(folder: Path, name: str, dataset: str, record: Mapping[str, Any], zone: ZoneInfo) -> Snapshot:
    """The whole file `name` in `folder` under the declaration; what is wrong is in `problems`, never raised."""
    declared = DatasetDeclaration.model_validate({**record, "id": dataset})
    return read_snapshot(folder, declared, SnapshotFile(folder, name, _ANY_TIME), zone)
