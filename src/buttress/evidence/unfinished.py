"""What killed runs left of files that they were writing, taken away once nobody can be writing them any more."""

import time
from pathlib import Path

from buttress.evidence.results import FOLDER, ROWS_FOLDER

_OLD_SECONDS = 3600.0
"""No run takes so long over one file."""


def sweep_unfinished(folder: Path, now: float | None = None) -> int:
    """Removes unfinished files below `folder`/results that are an hour old; how many there were.

    Files are written under a hidden name and get their own when they are whole, so what is hidden is nobody's evidence.
    """
    now = time.time() if now is None else now
    removed = 0
    for place in (folder / FOLDER, folder / FOLDER / ROWS_FOLDER):
        for path in place.glob(".*"):
            try:
                if path.is_file() and not path.is_symlink() and now - path.stat().st_mtime > _OLD_SECONDS:
                    path.unlink()
                    removed += 1
            except OSError:
                continue  # another run took it away, or may
    return removed
