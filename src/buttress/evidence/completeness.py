"""Whether a population may be judged: read, filled, fresh, whole and reconciled, or the reasons why not.

Reasons are codes with figures: `shrunk(312 -> 41)`, `difference(-3)`, `null_keys(2)`, `stale(9 d > 26 h)`. Those of a
data set other than the source begin with its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from buttress.core.verdicts import Outcome, is_stale, start_of
from buttress.evidence.data.raw_rows import MATCHES_ONLY
from buttress.evidence.data.receipts import Receipt
from buttress.evidence.data.snapshots import Snapshot
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.durations import age_text
from buttress.evidence.importers.finding import silent_checks

SOURCE_TOTAL = "source_total"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a run found before it counted. `outcome` is the best that the result may have; `is_countable` tells whether
    counting makes sense at all. `missing_rows` is how many rows an independent total says are not there.
    """

    outcome: Outcome
    reasons: tuple[str, ...] = ()
    missing_rows: int = 0

    @property
    def is_countable(self) -> bool:
        return self.outcome in (Outcome.EVALUATED, Outcome.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The snapshots that a test reads on one day, by data set (None: there is none), and the one before its source.

    `repeating` tells of data sets for how long their files have had the same content, and how long they may.
    """

    snapshots: Mapping[str, Snapshot | None]
    previous: Snapshot | None = None
    repeating: Mapping[str, tuple[timedelta, timedelta]] = field(default_factory=dict)


def standing(declaration: ControlTestDeclaration, inputs: Inputs, as_of: date) -> Standing:
    """The worst of what the data sets show: error, then not evaluated, then incomplete."""
    read = {name: inputs.snapshots.get(name) for name in (declaration.source, *declaration.also)}
    errors = [f"unreadable({name})" for name, snapshot in read.items() if snapshot and snapshot.problems]
    if errors:
        return Standing(Outcome.ERROR, tuple(errors))
    present = {name: snapshot for name, snapshot in read.items() if snapshot is not None}
    missing = [f"no_snapshot({name})" for name in read if name not in present]
    if bars := [*missing, *_bars(declaration, present)]:
        return Standing(Outcome.NOT_EVALUATED, tuple(bars))
    source = present.pop(declaration.source)
    doubts = [*_doubts(declaration, source, as_of), *_repetition(inputs, declaration.source)]
    for name, snapshot in present.items():
        beside = [*_doubts_beside(declaration, snapshot, as_of), *_unreconciled(declaration, snapshot)]
        beside += _repetition(inputs, name)
        doubts += [f"{name}: {doubt}" for doubt in beside]
    doubts += _scan_doubts(declaration, source)
    doubts += shrinkage(declaration.completeness.max_shrink, source, inputs.previous)
    doubts += lost_columns(source, inputs.previous)
    reconciled, missing_rows = _reconciliation(declaration, source, inputs)
    reasons = tuple(dict.fromkeys([*doubts, *reconciled]))
    return Standing(Outcome.INCOMPLETE if reasons else Outcome.EVALUATED, reasons, missing_rows)


def _bars(declaration: ControlTestDeclaration, present: Mapping[str, Snapshot]) -> list[str]:
    """Why there is nothing to judge in the data sets that are there."""
    bars = [bar for name, snapshot in present.items() for bar in _own_bars(declaration, name, snapshot)]
    bars += [bar for name, snapshot in present.items() for bar in _too_few(declaration, name, snapshot)]
    if declaration.source in present and declaration.checks:
        silent = silent_checks(present[declaration.source].findings, declaration.checks)
        bars += [f"silent_check({check})" for check in silent]
    return bars


def _own_bars(declaration: ControlTestDeclaration, name: str, snapshot: Snapshot) -> list[str]:
    """What the file itself says against any conclusion, such as a scan without advisories."""
    return [bar if name == declaration.source else f"{name}: {bar}" for bar in snapshot.bars]


def _too_few(declaration: ControlTestDeclaration, name: str, snapshot: Snapshot) -> list[str]:
    if not snapshot.rows:
        # A list of what failed may be empty; `_doubts_beside` asks whether it is whole.
        is_list_of_failures = MATCHES_ONLY in snapshot.doubts and name != declaration.source
        return [] if is_list_of_failures else [f"empty({name})"]
    least = declaration.completeness.min_rows if name == declaration.source else 1
    return [f"below_min_rows({snapshot.rows} < {least})"] if snapshot.rows < least else []


def _doubts(declaration: ControlTestDeclaration, snapshot: Snapshot, as_of: date) -> list[str]:
    """What is wrong with one data set by itself."""
    wanted = declaration.completeness
    doubts = list(snapshot.doubts)
    limit = wanted.max_age
    if limit is not None and is_stale(snapshot.effective_at, limit / timedelta(hours=1), as_of):
        age = start_of(as_of) - snapshot.effective_at
        doubts.append(f"stale({age_text(age)} > {age_text(limit)})")
    if snapshot.receipt is not None:
        doubts += snapshot.receipt.faults
        doubts += _dated_after(snapshot, snapshot.receipt)
    if wanted.key_not_null and snapshot.null_keys:
        doubts.append(f"null_keys({snapshot.null_keys})")
    if wanted.unique and snapshot.repeated_keys:
        doubts.append(f"repeated_keys({snapshot.repeated_keys})")
    if snapshot.future_rows:
        doubts.append(f"future_rows({snapshot.future_rows})")
    return doubts


def _repetition(inputs: Inputs, name: str) -> list[str]:
    """A feed that repeats itself for longer than its source can stay as it is, is stale however new its files are."""
    unchanged, limit = inputs.repeating.get(name, (timedelta(0), timedelta(0)))
    return [f"repeats({age_text(unchanged)} > {age_text(limit)})"] if unchanged > limit else []


def _doubts_beside(declaration: ControlTestDeclaration, snapshot: Snapshot, as_of: date) -> list[str]:
    """What is wrong with a data set beside the source. A list of matches is none to doubt there, as long as its receipt
    says that the policy ran through: what it lacks passes."""
    doubts = _doubts(declaration, snapshot, as_of)
    if MATCHES_ONLY not in doubts:
        return doubts
    others = [doubt for doubt in doubts if doubt != MATCHES_ONLY]
    return others if _is_whole_scan(snapshot) else [*others, "scan_not_complete"]


def _is_whole_scan(snapshot: Snapshot) -> bool:
    return snapshot.receipt is not None and snapshot.receipt.scan_complete is True


def _unreconciled(declaration: ControlTestDeclaration, snapshot: Snapshot) -> list[str]:
    """A data set read beside the source is held against its own total: rows missing there hide deviations as well."""
    total = snapshot.receipt.source_total if snapshot.receipt else None
    if total is None or declaration.completeness.tolerance.allows(snapshot.rows - total, total):
        return []
    return [f"difference({snapshot.rows - total:+d})"]


def _dated_after(snapshot: Snapshot, receipt: Receipt) -> list[str]:
    """Rows cannot speak of a day after the one on which they were got; one day's grace for clocks and zones."""
    if receipt.finished_at is None:
        return []
    effective_on, finished_on = snapshot.effective_at.date(), receipt.finished_at.date()
    is_after = effective_on > finished_on + timedelta(days=1)
    return [f"dated_after_extraction({effective_on} > {finished_on})"] if is_after else []


def _scan_doubts(declaration: ControlTestDeclaration, snapshot: Snapshot) -> list[str]:
    """A scan's passes are a population only where the receipt says that the scan was complete."""
    if not declaration.checks:
        return []
    return [] if _is_whole_scan(snapshot) else ["scan_not_complete"]


def shrinkage(most: float | Decimal | None, source: Snapshot, previous: Snapshot | None) -> list[str]:
    """Rows lost since the file before, where they are more than the share `most` of it; None allows any loss."""
    if most is None or previous is None or previous.table is None or not previous.rows:
        return []
    lost = previous.rows - source.rows
    return [f"shrunk({previous.rows} -> {source.rows})"] if lost > most * previous.rows else []


def lost_columns(source: Snapshot, previous: Snapshot | None) -> list[str]:
    """Columns that the file before had: an export that changes its form may have changed what it selects as well."""
    if previous is None or previous.table is None:
        return []
    lost = sorted(source.absent - previous.absent)
    return [f"columns_lost({', '.join(lost)})"] if lost else []


def _reconciliation(declaration: ControlTestDeclaration, source: Snapshot, inputs: Inputs) -> tuple[Sequence[str], int]:
    """Reasons, and the rows that the independent totals miss. A total that was asked for and is unknown is a reason."""
    wanted = declaration.completeness
    reasons: list[str] = []
    missing = 0
    totals: list[tuple[str, int | None]] = []
    if wanted.compare_to not in (None, SOURCE_TOTAL):
        assert wanted.compare_to is not None
        other = inputs.snapshots.get(wanted.compare_to)
        totals.append((wanted.compare_to, other.rows if other and other.table is not None else None))
    stated = source.receipt.source_total if source.receipt else None
    if stated is not None or wanted.compare_to == SOURCE_TOTAL:
        totals.append((SOURCE_TOTAL, stated))
    for name, total in totals:
        if total is None:
            reasons.append(f"no_total({name})")
            continue
        difference = source.rows - total
        missing = max(missing, -difference)
        if not wanted.tolerance.allows(difference, total):
            reasons.append(f"difference({difference:+d})")
    return reasons, missing
