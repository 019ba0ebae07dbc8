"""Evidence files as snapshots: which there are, of what instant each speaks, and its rows under declared types.

A file is read whole or not at all: one cell that does not fit makes the snapshot unreadable, with every fault named by
file, line and column, up to 200 of them. Nothing is ever left out silently.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from buttress.evidence.data.canonical import canonical_digest, digest_of
from buttress.evidence.data.cells import CellError, CellRule, Reader, cell_reader, end_of_day, in_zone
from buttress.evidence.data.datasets import DatasetDeclaration, DatasetKind, DatasetSchema, resolve
from buttress.evidence.data.evidence_file import Evidence, evidence_file, most_bytes
from buttress.evidence.data.large_tables import Loaded, is_large, load_table
from buttress.evidence.data.parser import read_findings, read_rows
from buttress.evidence.data.raw_rows import RawRows
from buttress.evidence.data.receipts import SUFFIX, Receipt, ReceiptFile, read_receipt
from buttress.evidence.data.tables import Column, LoadedTable, Schema, Table, Value
from buttress.evidence.importers.finding import Finding, mark_not_applicable, silent_checks
from buttress.formats.folder import FolderLimits, FolderTree, folder_tree, sha256_of
from buttress.formats.models import FIRST_YEAR, LAST_YEAR
from buttress.formats.problems import Problem, ProblemsError, refuse

_LIMITS = FolderLimits(max_files=20_000, max_bytes=1 << 50)
_TREE_LIMITS = FolderLimits(max_files=1_000_000, max_bytes=1 << 60)
_MOST_PROBLEMS = 200
_GRACE = timedelta(days=1)
"""What clocks and zones may differ by."""
_COMPACT_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})\Z")
_COMPACT_TIME = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})T([0-9]{2})[:-]?([0-9]{2})(?:[:-]?([0-9]{2}))?(Z?)\Z")


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """An evidence file of a data set; `name` is its path below the register folder `folder`.

    `effective_at` has the offset of the organisation's zone, so that its date is the local one; it is None where
    `problem` says why the file cannot be dated.
    """

    folder: Path
    name: str
    effective_at: datetime | None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A data set's content at one time. `table` is None where `problems` say why the file cannot be read.

    `absent` columns are not in the file and read as null: no test may decide by them. `null_keys` counts rows whose key
    has a null, `repeated_keys` rows whose key another row had before, `future_rows` rows that tell of a
    time more than a day after `effective_at` as if it had been. `silent_checks` are those of the declared
    universe, and of the checks that the tool itself says it ran, that reported nothing. `doubts` and `bars` are what the
    file itself shows: reason codes why no test of it is more than incomplete, or why none can be evaluated. Digests are
    SHA-256 in hex; `input_sha256` covers file, receipt and declaration, so that equal inputs are known without reading.
    """

    dataset: str
    file: str
    effective_at: datetime
    raw_sha256: str
    input_sha256: str
    table: Table | LoadedTable | None = None
    canonical_sha256: str | None = None
    receipt: Receipt | None = None
    receipt_sha256: str | None = None
    null_keys: int = 0
    repeated_keys: int = 0
    future_rows: int = 0
    problems: tuple[Problem, ...] = ()
    absent: frozenset[str] = frozenset()
    silent_checks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def rows(self) -> int:
        return self.table.row_count if self.table else 0

    @property
    def distinct_keys(self) -> int:
        """Whole keys (without a null), each counted once."""
        return self.rows - self.null_keys - self.repeated_keys


def evidence_tree(folder: Path) -> FolderTree:
    """What lies below `evidence/`, walked once for all data sets."""
    return folder_tree(folder, "evidence/", limits=_TREE_LIMITS)


def snapshots_of(
    folder: Path,
    dataset: DatasetDeclaration,
    zone: ZoneInfo,
    tree: FolderTree | None = None,
    *,
    in_child: bool = False,
) -> tuple[SnapshotFile, ...]:
    """The data set's files from the oldest to the newest, files that cannot be dated first; of two with the same
    instant the later name counts as newer. `tree` is the folder's `evidence_tree` where it was walked before,
    `in_child` as for `read_snapshot`."""
    names, problems = (tree or evidence_tree(folder)).matching(dataset.path, limits=_LIMITS)
    found = [SnapshotFile(folder, p.file, None, p) for p in problems if not p.file.endswith(SUFFIX)]
    for name in (each.path for each in names if not each.path.endswith(SUFFIX)):
        try:
            found.append(SnapshotFile(folder, name, _effective_at(folder, name, dataset, zone, in_child)))
        except ProblemsError as error:
            found.append(SnapshotFile(folder, name, None, error.problems[0]))
    oldest = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(found, key=lambda f: (f.effective_at or oldest, f.name)))


def _effective_at(folder: Path, name: str, dataset: DatasetDeclaration, zone: ZoneInfo, in_child: bool) -> datetime:
    rule = dataset.effective_at
    if rule.source == "file_name":
        assert rule.pattern is not None
        return _from_name(name, rule.pattern, zone)
    if rule.source == "receipt":
        receipt = read_receipt(folder, name)
        if receipt is None or receipt.receipt.effective_at is None:
            advice = f"Write {name.rpartition('/')[2]}{SUFFIX} with `receipt:` and `effective_at:`."
            raise refuse(name, None, "no receipt with effective_at", "one beside the file", advice, field=dataset.id)
        return _instant(receipt.receipt.effective_at, zone)
    return _from_column(folder, name, dataset, zone, in_child)


def _instant(moment: date | datetime, zone: ZoneInfo) -> datetime:
    return in_zone(moment, zone) if isinstance(moment, datetime) else end_of_day(moment, zone)


def _from_name(name: str, pattern: str, zone: ZoneInfo) -> datetime:
    file_name = name.rpartition("/")[2]
    found = re.search(pattern, file_name)
    if found is None:
        advice = "Rename the file, or correct effective_at.pattern."
        raise refuse(name, None, f"the name {file_name!r}", f"a name that matches {pattern!r}", advice)
    text = found["date"].strip("-_.")
    try:
        moment = _parsed_moment(text, zone)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        expected = "a date such as 2026-06-30, 20260630 or 2026-06-30T0600Z"
        raise refuse(name, None, f"the date {text!r} in its name", expected, "Rename the file.")
    return moment


def _parsed_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A day (its end) or a time (of the organisation's zone unless it ends in Z), None where it is neither; raises
    ValueError or OverflowError where there is no such time."""
    if found := _COMPACT_DAY.match(text):
        return end_of_day(date(int(found[1]), int(found[2]), int(found[3])), zone)
    if found := _COMPACT_TIME.match(text):
        parts = [int(part or 0) for part in found.groups()[:6]]
        return in_zone(datetime(*parts, tzinfo=UTC if found[7] else zone), zone)  # type: ignore[arg-type,misc]
    return end_of_day(date.fromisoformat(text), zone) if len(text) == len("2026-06-30") else None


def _from_column(folder: Path, name: str, dataset: DatasetDeclaration, zone: ZoneInfo, in_child: bool) -> datetime:
    """The oldest value of the date or timestamp column that the data set is dated by."""
    column, described = dataset.effective_at.column, resolve(dataset)
    assert column is not None
    only = described.schema.column(column)
    assert only is not None
    if dataset.kind is not DatasetKind.FINDINGS:
        described = DatasetSchema(Schema((only,), ()), {column: described.rules[column]})
    with evidence_file(folder, name) as source:
        read = _read(source, dataset, described, zone, in_child)
    position = read.schema.names.index(column)
    moments = [value for row in read.rows if isinstance(value := row[position], date)]
    if not moments:
        raise refuse(name, None, f"no value in column {column}", "one that dates the file", field=dataset.id)
    far = next((moment for moment in moments if not FIRST_YEAR <= moment.year <= LAST_YEAR), None)
    if far is not None:
        expected = f"a date from {FIRST_YEAR} to {LAST_YEAR}"
        raise refuse(name, None, f"{far.isoformat()} in column {column}", expected, field=dataset.id)
    return min(_instant(moment, zone) for moment in moments)


def read_snapshot(
    folder: Path,
    dataset: DatasetDeclaration,
    file: SnapshotFile,
    zone: ZoneInfo,
    *,
    in_child: bool = False,
    scratch: Callable[[], Path] | None = None,
) -> Snapshot:
    """The file's rows with its receipt and digests; what is wrong is in `problems`, never raised.

    `in_child` has files read by a limited child process, as those must be that came from others over a network; a few
    formats always are. A large file is loaded into a database of its own below the folder that `scratch` gives; without
    it there is none.
    """
    assert file.effective_at is not None
    known = Snapshot(dataset.id, file.name, file.effective_at, "", "")
    receipt: ReceiptFile | None = None
    loaded: Loaded | None = None
    try:
        with evidence_file(file.folder, file.name, most_bytes(dataset.format)) as source:
            known = replace(known, raw_sha256=source.sha256)
            receipt = read_receipt(file.folder, file.name)
            if scratch is not None and is_large(dataset, source):
                loaded = _loaded(source, dataset, file.effective_at, zone, scratch())
            else:
                content = _read(source, dataset, resolve(dataset), zone, in_child)
    except ProblemsError as error:
        known = replace(known, problems=error.problems)
    known = replace(
        known,
        input_sha256=_input_digest(known.raw_sha256, receipt, dataset, zone),
        receipt=receipt.receipt if receipt else None,
        receipt_sha256=receipt.sha256 if receipt else None,
    )
    if known.problems:
        return known
    if loaded is not None:
        return replace(
            known,
            table=loaded.table,
            canonical_sha256=loaded.canonical_sha256,
            null_keys=loaded.null_keys,
            repeated_keys=loaded.repeated_keys,
            future_rows=loaded.future_rows,
            absent=loaded.absent,
        )
    table = Table(dataset.id, content.schema, tuple(content.rows))
    null_keys, repeated_keys = key_counts(table)
    return replace(
        known,
        table=table,
        canonical_sha256=canonical_digest(table),
        null_keys=null_keys,
        repeated_keys=repeated_keys,
        future_rows=_future_rows(table, _past_columns(dataset), file.effective_at),
        absent=content.absent,
        silent_checks=silent_checks(content.findings, {*dataset.universe, *content.executed}),
        doubts=content.doubts,
        bars=content.bars,
        findings=content.findings,
    )


def _loaded(source: Evidence, dataset: DatasetDeclaration, at: datetime, zone: ZoneInfo, scratch: Path) -> Loaded:
    past, latest = _past_columns(dataset), at + _GRACE
    return load_table(source, dataset, resolve(dataset), zone.key, past=past, latest=latest, scratch=scratch)


def input_digest(dataset: DatasetDeclaration, file: SnapshotFile, zone: ZoneInfo) -> str:
    """The snapshot's `input_sha256` without parsing the file; a receipt that cannot be read counts as none."""
    try:
        raw = sha256_of(file.folder, file.name, max_bytes=most_bytes(dataset.format))
    except ProblemsError:
        raw = ""
    try:
        receipt = read_receipt(file.folder, file.name)
    except ProblemsError:
        receipt = None
    return _input_digest(raw, receipt, dataset, zone)


def _input_digest(raw_sha256: str, receipt: ReceiptFile | None, dataset: DatasetDeclaration, zone: ZoneInfo) -> str:
    return digest_of([dataset.meaning, zone.key, raw_sha256, receipt.sha256 if receipt else None])


def key_counts(table: Table) -> tuple[int, int]:
    """Rows whose key has a null, and rows whose whole key stood in an earlier row."""
    positions = table.schema.key_positions
    keys = [tuple(row[position] for position in positions) for row in table.rows]
    whole = Counter(key for key in keys if None not in key)
    return sum(None in key for key in keys), sum(whole.values()) - len(whole)


def _past_columns(dataset: DatasetDeclaration) -> frozenset[str]:
    """Columns that tell what has happened: those declared so, and of findings the time at which they were seen."""
    if dataset.kind is DatasetKind.FINDINGS:
        return frozenset(("time", "first_seen", "last_seen"))
    return frozenset(name for name, column in dataset.columns.items() if column.past)


def _future_rows(table: Table, columns: frozenset[str], effective_at: datetime) -> int:
    latest = effective_at + _GRACE
    positions = [position for position, name in enumerate(table.schema.names) if name in columns]

    def is_later(value: Value) -> bool:
        if isinstance(value, datetime):
            return value > latest
        return isinstance(value, date) and value > latest.date()

    return sum(any(is_later(row[position]) for position in positions) for row in table.rows) if positions else 0


@dataclass(frozen=True, slots=True)
class _Content:
    schema: Schema
    rows: Sequence[tuple[Value, ...]]
    findings: tuple[Finding, ...] = ()
    absent: frozenset[str] = frozenset()
    executed: frozenset[str] = frozenset()
    doubts: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()


def _read(
    source: Evidence, dataset: DatasetDeclaration, described: DatasetSchema, zone: ZoneInfo, in_child: bool
) -> _Content:
    if dataset.kind is DatasetKind.FINDINGS:
        return _read_findings(source, dataset, described, in_child)
    name = source.name
    rules = {column.name: described.rules[column.name] for column in described.schema.columns}
    wanted = {column: rule.source for column, rule in rules.items() if rule.constant is None}
    raw = read_rows(source, dataset, tuple(wanted.values()), in_child=in_child)
    absent = _absent_columns(raw, wanted, described, name)
    rows = _typed(raw, described, absent, name, zone)
    return _Content(described.schema, rows, absent=absent, doubts=raw.doubts, bars=raw.bars)


def _absent_columns(raw: RawRows, wanted: dict[str, str], described: DatasetSchema, name: str) -> frozenset[str]:
    """Optional columns that the file lacks; any other that it lacks is an error."""
    missing = [column for column, source in wanted.items() if source not in raw.present]
    needed = [column for column in missing if column not in described.optional]
    if needed:
        found = ", ".join(sorted(raw.present)[:12]) or "none of the declared columns"
        raise ProblemsError(
            Problem(name, 1, column, f"no column {wanted[column]!r}", "it in the file", f"Found: {found}. Use `from`.")
            for column in needed
        )
    return frozenset(missing)


def _typed(
    raw: RawRows, described: DatasetSchema, absent: frozenset[str], name: str, zone: ZoneInfo
) -> list[tuple[Value, ...]]:
    schema = described.schema
    readers = [
        _reader(column, described.rules[column.name], raw, column.name in absent, zone) for column in schema.columns
    ]
    rows: list[tuple[Value, ...]] = []
    problems: list[Problem] = []
    for index, texts in enumerate(raw.rows):
        try:
            rows.append(tuple([read(texts[position]) for position, read in readers]))
        except CellError:
            problems += _cell_problems(raw, index, schema, readers, name)
            if len(problems) >= _MOST_PROBLEMS:
                break
    if problems:
        raise ProblemsError(problems[:_MOST_PROBLEMS])
    return rows


def _reader(column: Column, rule: CellRule, raw: RawRows, is_absent: bool, zone: ZoneInfo) -> tuple[int, Reader]:
    """Where the column's text stands in a row and what reads it; an absent column is null everywhere."""
    if is_absent:
        return 0, lambda _text: None
    read = cell_reader(column, rule, zone)
    if rule.constant is not None:
        return 0, lambda _text: read(rule.constant)
    return raw.position(rule.source), read


def _cell_problems(
    raw: RawRows, index: int, schema: Schema, readers: Sequence[tuple[int, Reader]], name: str
) -> Iterable[Problem]:
    """Every cell of a bad row that does not fit."""
    for column, (position, read) in zip(schema.columns, readers, strict=True):
        try:
            read(raw.rows[index][position])
        except CellError as error:
            yield Problem(name, raw.line_of(index), f"column {column.name}", error.found, error.expected, error.advice)


def _read_findings(source: Evidence, dataset: DatasetDeclaration, described: DatasetSchema, in_child: bool) -> _Content:
    imported = read_findings(source, dataset, in_child=in_child)
    findings = mark_not_applicable(imported.findings, dataset.not_applicable)
    columns = described.schema.names
    rows = []
    for finding in findings:
        values = finding.row()
        rows.append(tuple(values[column] for column in columns))
    executed = imported.executed or frozenset()
    return _Content(described.schema, rows, findings, executed=executed, doubts=imported.doubts, bars=imported.bars)
