"""What somebody kept away from a backup, so that a backup written anew in its place is told from it."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from buttress.formats.problems import shown
from buttress.orgs.audit import FIRST_HASH
from buttress.orgs.models import AuditEntry
from buttress.orgs.verification import Checkpoint
from buttress.register.backup.archive import Backup
from buttress.register.backup.manifest import BackupRefusedError

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeptElsewhere:
    """`sha256` (hex) of the whole file, as `backup` said it; a checkpoint of some organisations' trails, from before."""

    sha256: str | None = None
    checkpoints: tuple[Checkpoint, ...] = ()

    def __post_init__(self) -> None:
        if self.sha256 is not None and _DIGEST.fullmatch(self.sha256) is None:
            raise BackupRefusedError(
                f"{shown(self.sha256)} is no SHA-256; give the 64 digits that buttress backup printed"
            )


NOTHING_KEPT = KeptElsewhere()


def check_checkpoints(backup: Backup, checkpoints: Iterable[Checkpoint]) -> None:
    """Raises `BackupRefusedError` unless each trail in the backup passes through its checkpoint.

    That the entries up to there are those whose hash this is, verification of the restored trail shows.
    """
    # Before its first entry every trail is the same.
    wanted = {_entry(backup, each): each for each in checkpoints if (each.entries, each.last_hash) != (0, FIRST_HASH)}
    for line in backup.lines(AuditEntry._meta.label_lower) if wanted else ():
        try:
            row = json.loads(line)
            wanted.pop((row["organisation_id"], row["sequence"], row["hash"]), None)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise BackupRefusedError("An entry of an audit trail is none; nothing of this file is used") from None
    for kept in wanted.values():
        raise BackupRefusedError(
            f"The audit trail of {kept.organisation} does not pass through the checkpoint {kept}: it is another one, or was"
            " written anew; nothing of this file is used"
        )


def _entry(backup: Backup, kept: Checkpoint) -> tuple[str, int, str]:
    """The organisation's id, the sequence of the entry and its hash."""
    for organisation_id, said in backup.manifest.organisations.items():
        if said.ref == kept.organisation:
            if said.entries < kept.entries:
                raise BackupRefusedError(
                    f"The audit trail of {said.ref} ends at entry {said.entries}, before entry {kept.entries} of the"
                    " checkpoint: it was cut, or the backup is older; nothing of this file is used"
                )
            return organisation_id, kept.entries, kept.last_hash
    raise BackupRefusedError(f"The backup has no organisation {kept.organisation}, of which there is a checkpoint")
