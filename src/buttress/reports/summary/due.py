"""What waits for somebody, as a summary tells it: decisions, plans and tests by hand, reviews and changes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from buttress.core.due import DueItem, DueKind, due_of_records
from buttress.core.posture import Posture
from buttress.core.snapshot import RegisterSnapshot
from buttress.reports.monitoring.due.wording import due_words
from buttress.reports.notation import write_count, write_list
from buttress.reports.summary.view import DueRow

APART = 3
"""Rows of one kind that are told apart; more are told in one line."""

_GROUPS: Mapping[DueKind, tuple[str, str]] = MappingProxyType(
    {
        DueKind.ACCEPTANCE_PROPOSED: ("acceptance proposed", "risk"),
        DueKind.ACCEPTANCE_LAPSED: ("acceptance lapsed", "risk"),
        DueKind.ACCEPTANCE_ENDED: ("acceptance ended", "risk"),
        DueKind.ACCEPTANCE_ENDS: ("acceptance ends", "risk"),
        DueKind.EXCEPTION_PROPOSED: ("awaits approval", "exception"),
        DueKind.EXCEPTION_EXPIRES: ("expires", "exception"),
        DueKind.TREATMENT_OVERDUE: ("treatment overdue", "risk"),
        DueKind.TREATMENT_DUE: ("treatment due", "risk"),
        DueKind.MANUAL_TEST_OVERDUE: ("overdue", "manual test"),
        DueKind.MANUAL_TEST_DUE: ("due", "manual test"),
        DueKind.NEVER_ASSESSED: ("never assessed", "risk"),
        DueKind.NOT_REVIEWED: ("not reviewed for a year", "risk"),
        DueKind.ASSESSED_BEFORE_PERIOD: ("assessed before the period", "risk"),
        DueKind.NO_ROUND: ("", ""),
        DueKind.CHANGE_NOT_ASSESSED: ("not assessed (CC3.4)", "change"),
    }
)
"""What many rows of a kind have in common, and what each is about."""


def due_rows(snapshot: RegisterSnapshot, posture: Posture) -> tuple[DueRow, ...]:
    """Rows by date, those without a date last; each names its record and what to do about it."""
    return tuple(_row(item, snapshot, posture) for item in due_of_records(snapshot, posture))


def _row(item: DueItem, snapshot: RegisterSnapshot, posture: Posture) -> DueRow:
    kind, subject = _GROUPS[item.kind]
    return DueRow(item.ref, due_words(item, snapshot, posture), item.due_on, item.owner, kind, subject)


def grouped(rows: Sequence[DueRow]) -> tuple[DueRow, ...]:
    """Rows with those of one kind in one where there are more than `APART`: their number, the first references, the
    earliest date, and the owner if all have the same."""
    kinds: dict[str, list[DueRow]] = {}
    for row in rows:
        kinds.setdefault(row.kind or row.text, []).append(row)
    told = []
    for row in rows:
        alike = kinds[row.kind or row.text]
        if not row.kind or len(alike) <= APART:
            told.append(row)
        elif row is alike[0]:
            told.append(_together(alike))
    return tuple(told)


def _together(rows: Sequence[DueRow]) -> DueRow:
    first, owners = rows[0], {row.owner for row in rows}
    text = f"{first.kind}: {write_list([row.what for row in rows])}"
    owner = first.owner if len(owners) == 1 else "several"
    return DueRow(write_count(len(rows), first.subject), text, first.due_on, owner, first.kind, first.subject)
