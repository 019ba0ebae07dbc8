"""The private folder of one run's database, which the next run takes away where this one was killed.

Its owner holds a lock on the folder for as long as it lives; the kernel gives the lock back however a process ends, so a
folder whose lock is free belongs to nobody.
"""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "buttress-run-"
_YOUNG_SECONDS = 60.0
"""A folder this new may have an owner that is about to lock it."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder that only this user can read, for the time of a WITH block; sweeps what killed runs left."""
    sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        held = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(held)


def sweep(place: Path) -> None:
    """Remove this user's folders of runs in `place` whose owner is gone; what cannot be removed stays, unsaid."""
    for folder in place.glob(f"{PREFIX}*"):
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # a link, a file, somebody else's, or gone in the meantime
        try:
            if _is_old_and_ours(held):
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # its owner lives
        finally:
            os.close(held)


def _is_old_and_ours(descriptor: int) -> bool:
    status = os.fstat(descriptor)
    is_ours = status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == stat.S_IRWXU
    return is_ours and time.time() - status.st_mtime > _YOUNG_SECONDS
