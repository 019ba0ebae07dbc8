"""Changes with the risks that each may concern, as of a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from buttress.core.concerned import Concerned, risks_concerned
from buttress.core.due import ANSWER_WITHIN
from buttress.core.snapshot import Change, RegisterSnapshot
from buttress.inventory.records import ChangeRecord


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change; `concerned` are candidates while nobody answered, `risks` those that an answer names."""

    ref: str
    title: str
    subject: str | None
    effective_on: date
    due_on: date
    is_overdue: bool
    assessed_on: date | None
    outcome: str | None
    risks: tuple[str, ...]
    concerned: tuple[Concerned, ...]

    @property
    def is_answered(self) -> bool:
        return self.assessed_on is not None


@dataclass(frozen=True, slots=True)
class ChangesView:
    """Changes by day and reference, those to come too."""

    organisation: str
    as_of: date
    rows: tuple[ChangeRow, ...]

    @property
    def unanswered(self) -> int:
        return sum(not row.is_answered for row in self.rows)


def changes_view(snapshot: RegisterSnapshot, changes: Mapping[str, ChangeRecord]) -> ChangesView:
    """The changes by reference, with candidates among the snapshot's risks."""
    rows = [_row(ref, record, snapshot) for ref, record in changes.items()]
    in_order = sorted(rows, key=lambda row: (row.effective_on, row.ref))
    return ChangesView(snapshot.organisation.name, snapshot.as_of, tuple(in_order))


def _row(ref: str, record: ChangeRecord, snapshot: RegisterSnapshot) -> ChangeRow:
    is_open = record.assessed_on is None
    due_on = record.effective_on + ANSWER_WITHIN
    change = Change(ref, record.title, record.effective_on, record.subject)
    return ChangeRow(
        ref,
        record.title,
        record.subject,
        record.effective_on,
        due_on,
        is_open and due_on < snapshot.as_of,
        record.assessed_on,
        record.outcome,
        record.risks,
        risks_concerned(change, snapshot) if is_open else (),
    )
