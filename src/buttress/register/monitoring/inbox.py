"""The drop folder: exports that other programs leave for an organisation's data sets, collected once they are at rest.

`<inbox>/<organisation>/<data set>/<file>`, a receipt beside it as `<file>.receipt.yaml`. What was kept moves to `taken/`,
what was refused to `refused/`; the job that collected it says why.
"""

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from buttress.evidence.arrivals import Stated
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import MAX_FILE_BYTES
from buttress.evidence.data.receipts import SUFFIX, read_receipt
from buttress.evidence.kinds import DATASETS
from buttress.evidence.reading import records
from buttress.formats.folder import is_there, make_folder, opened
from buttress.formats.problems import ProblemsError
from buttress.orgs.errors import InvalidError, RecordsError
from buttress.orgs.models import Organisation
from buttress.orgs.tenancy import current_organisation
from buttress.orgs.writing import Actor
from buttress.register.models.monitoring import JobKind
from buttress.register.monitoring.arrivals import Received, receive_evidence
from buttress.register.monitoring.jobs import DO_JOB, open_job
from buttress.register.tasks import enqueue

TAKEN, REFUSED = "taken", "refused"
AT_REST_SECONDS = 30.0
"""A file that changed within so many seconds may still be growing."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that lies there; `mark` changes when the file does."""

    dataset: str
    name: str
    mark: str

    @property
    def key(self) -> str:
        """Of the job that collects it: the same file as it lies makes one job only."""
        digest = hashlib.sha256(f"{self.dataset}/{self.name}/{self.mark}".encode()).hexdigest()
        return f"collect {self.dataset}/{self.name}"[:110] + f" {digest[:12]}"


def collect(now: float | None = None) -> int:
    """One job for each file at rest in the inbox of the organisation in context; how many files there were."""
    folder = _inbox()
    if folder is None:
        return 0
    known = records(DATASETS, DatasetDeclaration, None)
    at_rest = list(_dropped(folder, time.time() if now is None else now))
    found = [each for each in at_rest if each.dataset in known and _is_text(folder, each)]
    for each in found:
        row, is_new = open_job(each.key, JobKind.COLLECT, (each.dataset, each.name, each.mark))
        if is_new:
            enqueue(DO_JOB, current_organisation(), row.key)
    return len(found)


def _is_text(folder: Path, dropped: Dropped) -> bool:
    """False of a name that is no text, whose file is put aside: nothing could ever be recorded of it."""
    try:
        dropped.name.encode()
    except UnicodeEncodeError:
        _log.error("%s/%s was refused: its name is no text", dropped.dataset, ascii(dropped.name))
        _put_aside(folder / dropped.dataset, dropped.name, REFUSED)
        return False
    return True


def _inbox() -> Path | None:
    """The organisation's part of the inbox, None where there is none."""
    place: Path | None = settings.BUTTRESS_INBOX
    if place is None:
        return None
    folder = place / Organisation.objects.get(id=current_organisation()).ref
    return folder if folder.is_dir() and not folder.is_symlink() else None


def _dropped(folder: Path, now: float) -> Iterator[Dropped]:
    with os.scandir(folder) as datasets:
        names = sorted(each.name for each in datasets if each.is_dir(follow_symlinks=False))
    for dataset in names:
        with os.scandir(folder / dataset) as files:
            entries = sorted(
                (each for each in files if each.is_file(follow_symlinks=False)), key=lambda each: each.name
            )
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            is_whole = not entry.name.startswith(".") and not entry.name.endswith(SUFFIX)
            if is_whole and now - status.st_mtime >= AT_REST_SECONDS:
                yield Dropped(dataset, entry.name, mark_of(status))


def mark_of(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns}-{status.st_size}"


class _AtRest:
    """The bytes of a file, as long as it stays as it was marked; raises `NotAtRestError` where it did not."""

    def __init__(self, descriptor: int, mark: str) -> None:
        self._descriptor, self._mark = descriptor, mark

    def read(self, size: int, /) -> bytes:
        block = os.read(self._descriptor, size)
        if mark_of(os.fstat(self._descriptor)) != self._mark:
            raise NotAtRestError
        return block


class NotAtRestError(Exception):
    """A file is still being written; the next look finds it again."""


def collect_file(dataset: str, name: str, mark: str) -> Received:
    """Collects one file, as it was `mark`ed, from the inbox of the organisation in context, in the name of the
    installation.

    Raises as `receive_evidence`, with the file put aside, `NotAtRestError` where it changed since, and `InvalidError`
    where it is not there any more.
    """
    inbox = _inbox()
    folder = None if inbox is None else inbox / dataset
    if folder is None or not is_there(folder, name):
        raise InvalidError(f"{dataset}/{name} is not in the inbox any more; drop it there again")
    actor = Actor(current_organisation(), None, f"collected from {dataset}/{name}")
    try:
        receipt = read_receipt(folder, name)
        with opened(folder, name, max_bytes=MAX_FILE_BYTES) as descriptor:
            stated, source = Stated(receipt=receipt.receipt if receipt else None), _AtRest(descriptor, mark)
            received = receive_evidence(actor, dataset=dataset, source=source, name=name, stated=stated)
    except (ProblemsError, RecordsError):
        _put_aside(folder, name, REFUSED)
        raise
    _put_aside(folder, name, TAKEN)
    return received


def _put_aside(folder: Path, name: str, where: str) -> None:
    """Out of the way of the next look; a name that was put aside before gets the time in front."""
    place = make_folder(folder, where)
    for suffix in ("", SUFFIX):
        given = folder / f"{name}{suffix}"
        if given.exists():
            target = place / given.name
            if target.exists():
                target = target.with_name(f"{time.time_ns()}-{given.name}")
            given.rename(target)
