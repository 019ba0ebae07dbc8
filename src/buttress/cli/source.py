"""Where a command reads the register: a folder that it is given, else the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from buttress.cli.clock import as_of_day, known_at_instant
from buttress.cli.database import Acting, acting
from buttress.cli.failures import RefusalError
from buttress.cli.options import refuse_known_at, register_folder

if TYPE_CHECKING:
    from datetime import datetime

    from buttress.core.snapshot import RegisterSnapshot

SnapshotsOn = Callable[[Sequence[date]], tuple["RegisterSnapshot", ...]]
"""Snapshots as of the end of each day, in the order of the days."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say about where and when: texts as they were given."""

    folder: Path | None
    as_of: str | None
    engagement: str | None
    known_at: str | None
    organisation: str | None
    member: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """A register that was found; `as_of` is the day asked about."""

    as_of: date
    snapshots_on: SnapshotsOn


def source_of(asked: Asked) -> Source:
    """The folder or organisation asked about; raises RefusalError. A folder is read here, and once."""
    if asked.folder is not None:
        return _of_folder(asked.folder, asked)
    who = acting(asked.organisation, asked.member)
    day = as_of_day(asked.as_of, who.zone)
    known_at = known_at_instant(asked.known_at, who.zone)
    if known_at is not None:
        _refuse_before_founding(who, known_at)
    return Source(day, partial(_stored_snapshots, who, known_at, asked.engagement))


def _of_folder(folder: Path, asked: Asked) -> Source:
    refuse_known_at(asked.known_at)
    refuse_members(asked.organisation, asked.member)
    day = as_of_day(asked.as_of)
    root = register_folder(folder)
    from buttress.register.files.reader import read_register  # noqa: PLC0415 - keeps help quick
    from buttress.register.snapshot import snapshots_on  # noqa: PLC0415

    register = read_register(root)
    return Source(day, lambda days: snapshots_on(register, days, asked.engagement))


def refuse_members(organisation: str | None, member: str | None) -> None:
    """A folder has neither organisations nor members."""
    if organisation is not None or member is not None:
        option = "--org" if organisation is not None else "--as"
        raise RefusalError(f"{option} is for the database: leave the folder out, or leave {option} out")


def _refuse_before_founding(who: Acting, known_at: "datetime") -> None:
    from buttress.orgs.selectors import founded_at  # noqa: PLC0415 - Django only for what needs it

    founded = founded_at(who.actor)
    if known_at < founded:
        day = founded.astimezone(who.zone)
        raise RefusalError(f"Nothing was known of {who.organisation} then: it is kept here since {day:%Y-%m-%d %H:%M}")


def _stored_snapshots(
    who: Acting, known_at: "datetime | None", engagement: str | None, days: Sequence[date]
) -> tuple["RegisterSnapshot", ...]:
    from buttress.orgs.moments import Moment  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.selectors import snapshots  # noqa: PLC0415

    found = snapshots(who.actor, [Moment(day, known_at) for day in days], engagement)
    if not all(snapshot.scales for snapshot in found):
        when = "" if known_at is None else f", as known at {known_at.astimezone(who.zone):%Y-%m-%d %H:%M}"
        advice = "bring in a register folder with: buttress apply DIR" if known_at is None else "ask for a later time"
        raise RefusalError(f"{who.organisation} has no scale{when}, so nothing can be computed; {advice}")
    return found
