"""Checkpoints of audit trails as commands take them: a file with one a line, or one as it is written there."""

from pathlib import Path
from typing import TYPE_CHECKING

from buttress.cli.failures import RefusalError

if TYPE_CHECKING:
    from buttress.orgs.verification import Checkpoint


def checkpoints_given(given: str) -> "dict[str, Checkpoint]":
    """The checkpoints by organisation; raises RefusalError where there is no such file, `InvalidError` for a bad line."""
    from buttress.orgs.verification import Checkpoint  # noqa: PLC0415 - Django only for what needs it

    path = Path(given)
    if path.is_file():
        lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    elif given.count(":") == 2:
        lines = [given]
    else:
        raise RefusalError(f"{given} is no file; name one that buttress verify --write-checkpoint wrote")
    return {each.organisation: each for each in map(Checkpoint.parse, lines)}
