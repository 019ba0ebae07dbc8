"""The snapshots of a register folder, each read once: which one a data set had on a day, and what changed when."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from buttress.core.snapshot import DatasetState
from buttress.evidence.completeness import Inputs
from buttress.evidence.data.canonical import canonical_digest
from buttress.evidence.data.cells import end_of_day, start_of_day
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.snapshots import (
    Snapshot,
    SnapshotFile,
    evidence_tree,
    input_digest,
    key_counts,
    read_snapshot,
    snapshots_of,
)
from buttress.evidence.data.tables import LoadedTable, Table
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.formats.folder import FolderTree

REGISTER = "register"
"""Where the rows of an extra table come from: the register itself, as of the run."""


@dataclass(slots=True)
class Shelf:
    """Data sets below `folder`, and `extra` tables that the register makes of its own records. `in_child` has the files
    read by a limited child process: on a server they came from others. `scratch` makes the folder below which large
    files are loaded; without it they are not."""

    folder: Path
    datasets: Mapping[str, DatasetDeclaration]
    zone: ZoneInfo
    extra: Mapping[str, Table] = field(default_factory=dict)
    in_child: bool = False
    scratch: Callable[[], Path] | None = None
    _scratch: Path | None = None
    _tree: FolderTree | None = None
    _files: dict[str, tuple[SnapshotFile, ...]] = field(default_factory=dict)
    _digests: dict[tuple[str, str], str] = field(default_factory=dict)
    _snapshots: dict[tuple[str, str], Snapshot] = field(default_factory=dict)
    _contents: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def knows(self, dataset: str) -> bool:
        return dataset in self.datasets or dataset in self.extra

    def files(self, dataset: str) -> tuple[SnapshotFile, ...]:
        if dataset not in self._files:
            declared = self.datasets.get(dataset)
            if declared is None:
                return ()
            self._tree = self._tree or evidence_tree(self.folder)
            self._files[dataset] = snapshots_of(self.folder, declared, self.zone, self._tree, in_child=self.in_child)
        return self._files[dataset]

    def changes(self, dataset: str) -> frozenset[date]:
        """The local dates of which the data set's files speak."""
        return frozenset(f.effective_at.date() for f in self.files(dataset) if f.effective_at)

    def file_on(self, dataset: str, day: date) -> SnapshotFile | None:
        """The newest file effective by the end of `day`; a file that cannot be dated goes before all others, because
        it may be the newest."""
        return newest_of(self.files(dataset), end_of_day(day, self.zone))

    def file_before(self, dataset: str, file: SnapshotFile) -> SnapshotFile | None:
        """The newest file before `file` that can be read."""
        files = self.files(dataset)
        for earlier in reversed(files[: files.index(file)]):
            if earlier.effective_at is not None and not self.load(dataset, earlier).problems:
                return earlier
        return None

    def digest(self, dataset: str, file: SnapshotFile) -> str:
        key = (dataset, file.name)  # two data sets may read one file, each in its own way
        if key not in self._digests:
            self._digests[key] = input_digest(self.datasets[dataset], file, self.zone)
        return self._digests[key]

    def load(self, dataset: str, file: SnapshotFile) -> Snapshot:
        if file.effective_at is None:
            assert file.problem is not None
            never = start_of_day(date(1970, 1, 1), self.zone)
            return Snapshot(dataset, file.name, never, "", self.digest(dataset, file), problems=(file.problem,))
        key = (dataset, file.name)
        if key not in self._snapshots:
            self._snapshots[key] = read_snapshot(
                self.folder,
                self.datasets[dataset],
                file,
                self.zone,
                in_child=self.in_child,
                scratch=self._place if self.scratch else None,
            )
        return self._snapshots[key]

    def _place(self) -> Path:
        """Where large files are loaded; made for the first of them."""
        assert self.scratch is not None
        self._scratch = self._scratch or self.scratch()
        return self._scratch

    def snapshot_on(self, dataset: str, day: date) -> Snapshot | None:
        if dataset in self.extra:
            return _of_table(self.extra[dataset], end_of_day(day, self.zone))
        file = self.file_on(dataset, day)
        return self.load(dataset, file) if file else None

    def inputs(self, declaration: ControlTestDeclaration, day: date) -> Inputs:
        snapshots = {name: self.snapshot_on(name, day) for name in declaration.datasets}
        repeating = self._repeating(declaration, day)
        source = declaration.source
        file = self.file_on(source, day) if source in self.datasets else None
        if declaration.completeness.max_shrink is None or file is None or file.effective_at is None:
            return Inputs(snapshots, repeating=repeating)
        before = self.file_before(source, file)
        return Inputs(snapshots, self.load(source, before) if before else None, repeating)

    def _repeating(self, declaration: ControlTestDeclaration, day: date) -> dict[str, tuple[timedelta, timedelta]]:
        """For how long the files of each data set that may not repeat itself have had the same content."""
        repeating = {}
        for name in (declaration.source, *declaration.also):
            limit = self.datasets[name].changes_within if name in self.datasets else None
            file = self.file_on(name, day) if limit is not None else None
            if limit is not None and file is not None and file.effective_at is not None:
                repeating[name] = (self._unchanged(name, file, limit), limit)
        return repeating

    def _unchanged(self, dataset: str, file: SnapshotFile, limit: timedelta) -> timedelta:
        """How far back files have the content of `file`; no further than the first one beyond the limit is looked at."""
        assert file.effective_at is not None
        content = self._content(dataset, file)
        unchanged = timedelta(0)
        for earlier in reversed(self._files_within(dataset, file, limit)):
            if content is None or earlier.effective_at is None or self._content(dataset, earlier) != content:
                break
            unchanged = file.effective_at - earlier.effective_at
        return unchanged

    def _files_within(self, dataset: str, file: SnapshotFile, limit: timedelta) -> Sequence[SnapshotFile]:
        """The files before `file` as far back as the limit, and the one before these."""
        assert file.effective_at is not None
        before = self.files(dataset)[: self.files(dataset).index(file)]
        begin = file.effective_at - limit
        older = sum(1 for f in before if f.effective_at is None or f.effective_at < begin)
        return before[max(0, older - 1) :]

    def _content(self, dataset: str, file: SnapshotFile) -> str | None:
        """The canonical digest of a file, None where it cannot be read; its rows are not kept for this."""
        key = (dataset, file.name)
        if key not in self._contents:
            known = self._snapshots.get(key)
            read = known or read_snapshot(self.folder, self.datasets[dataset], file, self.zone, in_child=self.in_child)
            self._contents[key] = read.canonical_sha256
        return self._contents[key]

    def input_digests(self, declaration: ControlTestDeclaration, day: date) -> list[str | None]:
        """What the test's answer on that day depends on, without reading files that were digested before."""
        digests: list[str | None] = []
        for name in declaration.datasets:
            if name in self.extra:
                digests.append(canonical_digest(self.extra[name]))
                continue
            file = self.file_on(name, day)
            digests.append(self.digest(name, file) if file else None)
        file = self.file_on(declaration.source, day) if declaration.source in self.datasets else None
        if declaration.completeness.max_shrink is not None and file is not None:
            files = self.files(declaration.source)
            digests += [self.digest(declaration.source, earlier) for earlier in files[: files.index(file)][-1:]]
        return digests + self._digests_of_repetition(declaration, day)

    def _digests_of_repetition(self, declaration: ControlTestDeclaration, day: date) -> list[str | None]:
        digests: list[str | None] = []
        for name in (declaration.source, *declaration.also):
            limit = self.datasets[name].changes_within if name in self.datasets else None
            file = self.file_on(name, day) if limit is not None else None
            if limit is not None and file is not None and file.effective_at is not None:
                digests += [self.digest(name, earlier) for earlier in self._files_within(name, file, limit)]
        return digests

    def forget_before(self, day: date, names: Collection[str]) -> None:
        """Drop rows that no later day needs: of each data set the newest two files by `day` stay."""
        for name in names:
            past = [f for f in self.files(name) if f.effective_at is not None and f.effective_at.date() <= day]
            for file in past[:-2]:
                gone = self._snapshots.pop((name, file.name), None)
                if gone is not None and isinstance(gone.table, LoadedTable):
                    gone.table.path.unlink(missing_ok=True)


def _of_table(table: Table, effective_at: datetime) -> Snapshot:
    digest = canonical_digest(table)
    null_keys, repeated_keys = key_counts(table)
    return Snapshot(
        table.name,
        REGISTER,
        effective_at,
        digest,
        digest,
        table,
        digest,
        null_keys=null_keys,
        repeated_keys=repeated_keys,
    )


class Dated(Protocol):
    """What stands for a file of a data set: `effective_at` is None where it cannot be dated."""

    @property
    def effective_at(self) -> datetime | None: ...


F = TypeVar("F", bound=Dated)


def newest_of(files: Sequence[F], until: datetime) -> F | None:
    """Of files from the oldest to the newest, the newest one effective by then; one that cannot be dated goes before
    all others, because it may be the newest."""
    undated = next((f for f in files if f.effective_at is None), None)
    if undated is not None:
        return undated
    return next((f for f in reversed(files) if f.effective_at is not None and f.effective_at <= until), None)


def dataset_states(
    shelf: Shelf, as_of: date, tests: Collection[ControlTestDeclaration] = ()
) -> tuple[DatasetState, ...]:
    """Every declared data set as of a day: when its newest file is effective, or why none can be dated, and the
    strictest age limit that a test of it sets.

    Files are dated and not read, so `rows` is None; what a run found in them stands in its results.
    """
    limits = age_limits(tests)
    return tuple(
        dataset_state(name, dataset, shelf.file_on(name, as_of), limits.get(name))
        for name, dataset in sorted(shelf.datasets.items())
    )


class Found(Dated, Protocol):
    """A file with what is wrong with its date."""

    @property
    def problem(self) -> object | None: ...


def dataset_state(ref: str, dataset: DatasetDeclaration, file: Found | None, limit: timedelta | None) -> DatasetState:
    """The state of one data set whose newest file is `file`."""
    title, hours = dataset.title or ref, limit / timedelta(hours=1) if limit else None
    if file is None:
        return DatasetState(ref, title, None, None, hours, "no file effective by then")
    return DatasetState(ref, title, file.effective_at, None, hours, str(file.problem) if file.problem else None)


def age_limits(tests: Collection[ControlTestDeclaration]) -> dict[str, timedelta]:
    """Of each data set that a test counts or joins, the shortest age allowed; one that only sizes are compared with
    may be of any age."""
    limits: dict[str, timedelta] = {}
    for test in tests:
        limit = test.completeness.max_age
        if limit is not None:
            for name in (test.source, *test.also):
                limits[name] = min(limits.get(name, limit), limit)
    return limits
