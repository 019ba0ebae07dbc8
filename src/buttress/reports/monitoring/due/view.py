"""What is due as of a day, in words, with the names of those it waits for."""

from dataclasses import dataclass
from datetime import date

from buttress.core.due import DueItem, DueKind, due_items
from buttress.core.posture import Posture
from buttress.core.snapshot import RegisterSnapshot
from buttress.reports.monitoring.due.wording import due_words
from buttress.reports.monitoring.people import name_of, names_of


@dataclass(frozen=True, slots=True)
class DueRow:
    """`ref` waits for `owner` by `due_on`; None where no day is set."""

    due_on: date | None
    is_overdue: bool
    kind: DueKind
    ref: str
    text: str
    count: int
    since: date | None
    owner: str | None
    owner_name: str


@dataclass(frozen=True, slots=True)
class DueView:
    """Rows by date, those without a date last; `owner` where only those of one person were asked for."""

    organisation: str
    as_of: date
    owner: str | None
    rows: tuple[DueRow, ...]

    @property
    def overdue(self) -> int:
        return sum(row.is_overdue for row in self.rows)


def due_view(snapshot: RegisterSnapshot, posture: Posture, owner: str | None = None) -> DueView:
    """Everything that is due, or what waits for `owner`."""
    names = names_of(snapshot)

    def row(item: DueItem) -> DueRow:
        return DueRow(
            item.due_on,
            item.is_overdue(snapshot.as_of),
            item.kind,
            item.ref,
            due_words(item, snapshot, posture),
            item.count,
            item.since,
            item.owner,
            name_of(item.owner, names),
        )

    items = [item for item in due_items(snapshot, posture) if owner is None or item.owner == owner]
    return DueView(snapshot.organisation.name, snapshot.as_of, owner, tuple(row(item) for item in items))
