"""What about a new evidence file wants a person's look before any test runs: codes with figures."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from buttress.evidence.completeness import lost_columns, shrinkage
from buttress.evidence.data.shelf import Shelf
from buttress.evidence.data.snapshots import Snapshot
from buttress.evidence.declarations import ControlTestDeclaration

_USUAL_SHRINK = Decimal("0.1")
"""The share of rows lost that is worth a word where no test of the data set sets its own limit."""


def signals_of(
    snapshot: Snapshot, kept: str, shelf: Shelf, tests: Sequence[ControlTestDeclaration], now: datetime | None = None
) -> tuple[str, ...]:
    """Signals of a file, which lies on the shelf as `kept`, against the others there. `tests` count its rows."""
    return tuple(_signals(snapshot, _before(snapshot, kept, shelf), tests, now or datetime.now(UTC)))


def _before(snapshot: Snapshot, kept: str, shelf: Shelf) -> Snapshot | None:
    """The newest other file by the same instant that can be read."""
    for file in reversed(shelf.files(snapshot.dataset)):
        is_earlier = file.effective_at is not None and file.effective_at <= snapshot.effective_at
        if is_earlier and file.name != kept and not (found := shelf.load(snapshot.dataset, file)).problems:
            return found
    return None


def _signals(
    snapshot: Snapshot, before: Snapshot | None, tests: Sequence[ControlTestDeclaration], now: datetime
) -> Iterator[str]:
    yield from snapshot.bars
    yield from snapshot.doubts
    if not snapshot.rows:
        yield "empty"
    if snapshot.effective_at > now + timedelta(days=1):
        yield f"in_the_future({snapshot.effective_at.date()})"
    if snapshot.future_rows:
        yield f"future_rows({snapshot.future_rows})"
    if snapshot.null_keys:
        yield f"null_keys({snapshot.null_keys})"
    if snapshot.repeated_keys:
        yield f"repeated_keys({snapshot.repeated_keys})"
    yield from (f"silent_check({check})" for check in snapshot.silent_checks)
    yield _completeness(snapshot)
    if before is not None:
        yield from _against(snapshot, before, tests)


def _completeness(snapshot: Snapshot) -> str:
    """Whether the file holds all there is: yes, no, or unknown for want of a total."""
    receipt = snapshot.receipt
    if receipt is not None and receipt.faults:
        return f"complete(no: {', '.join(receipt.faults)})"
    if receipt is None or receipt.source_total is None:
        return "complete(unknown: no independent total)"
    difference = snapshot.rows - receipt.source_total
    return f"complete(no: difference({difference:+d}))" if difference else "complete(yes)"


def _against(snapshot: Snapshot, before: Snapshot, tests: Sequence[ControlTestDeclaration]) -> Iterator[str]:
    limits = (test.completeness.max_shrink for test in tests if test.completeness.max_shrink is not None)
    yield from shrinkage(min(limits, default=_USUAL_SHRINK), snapshot, before)
    yield from lost_columns(snapshot, before)
    if snapshot.canonical_sha256 == before.canonical_sha256 and snapshot.rows:
        yield f"repeats({before.file}, {_days(before, snapshot)} d older)"


def _days(before: Snapshot, snapshot: Snapshot) -> int:
    first: date = before.effective_at.date()
    return (snapshot.effective_at.date() - first).days
