"""An evidence file on its way into the store: the name it gets, its receipt, and what it shows before it is kept.

A file is kept under a name that says of which day it speaks, in the way its data set declares. Nothing is kept of a file
that cannot be read under its declaration.
"""

import hashlib
import re
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol
from zoneinfo import ZoneInfo

import yaml

from buttress.evidence.data.datasets import DatasetDeclaration, DatasetKind
from buttress.evidence.data.evidence_file import MAX_FILE_BYTES
from buttress.evidence.data.receipts import SUFFIX, Receipt
from buttress.evidence.data.snapshots import Snapshot, SnapshotFile, read_snapshot, snapshots_of
from buttress.evidence.importers.registry import secrets_remover
from buttress.formats.folder import check_relative
from buttress.formats.problems import ProblemsError, refuse

_BLOCK = 1 << 20
_UNFINISHED = "arriving-"
_LONGEST_NAME = 200


class Source(Protocol):
    """Bytes that are read in order; no bytes are the end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file as it lies in `stage`, a folder of its own, under the `name` that it is to be kept by; its receipt lies
    beside it where there is one. `sha256` (hex) is of its bytes, `effective_at` the instant of which it speaks."""

    stage: Path
    name: str
    sha256: str
    effective_at: datetime
    receipt: Receipt | None


@contextmanager
def arriving(
    place: Path, source: Source, given_name: str, dataset: DatasetDeclaration, stated: "Stated", zone: ZoneInfo
) -> Iterator[Arrival]:
    """The file, streamed from `source` into a folder below `place` that goes with the block.

    Raises `ProblemsError` where it is too large, or cannot be named or dated as its data set says.
    """
    with TemporaryDirectory(prefix=_UNFINISHED, dir=place) as stage:
        folder = Path(stage)
        name = name_for(dataset, given_name, stated.effective_at)
        target = folder / name
        target.parent.mkdir(parents=True)
        sha256 = _without_secrets(target, dataset, _stream(source, target, given_name))
        receipt = stated.receipt_for(dataset)
        if receipt is not None:
            target.with_name(target.name + SUFFIX).write_text(receipt_text(receipt), encoding="utf-8")
        effective_at = _dated(folder, name, dataset, zone)
        _refuse_other_day(name, effective_at, dataset, stated.effective_at, zone)
        yield Arrival(folder, name, sha256, effective_at, receipt)


def _stream(source: Source, target: Path, given_name: str) -> str:
    """SHA-256 (hex) of the bytes, which are never all in memory."""
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as stream:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > MAX_FILE_BYTES:
                most = f"at most {MAX_FILE_BYTES // (1 << 20)} MB"
                raise refuse(given_name, None, "a larger file", most, "Cut it by day, or export fewer columns.")
            digest.update(block)
            stream.write(block)
    return digest.hexdigest()


def _without_secrets(target: Path, dataset: DatasetDeclaration, sha256: str) -> str:
    """Takes out what must not be stored, such as the passwords of a directory; SHA-256 (hex) of what is left."""
    remover = secrets_remover(dataset.format, is_findings=dataset.kind is DatasetKind.FINDINGS)
    if remover is None:
        return sha256
    kept = remover(target.read_bytes())
    target.write_bytes(kept)
    return hashlib.sha256(kept).hexdigest()


@dataclass(frozen=True, slots=True)
class Stated:
    """What the person who brings a file says of it. `effective_at` is of which day or instant it speaks, which may lie
    long before today."""

    effective_at: date | datetime | None = None
    receipt: Receipt | None = None

    def receipt_for(self, dataset: DatasetDeclaration) -> Receipt | None:
        """The receipt with the date, where the data set is dated by it."""
        if dataset.effective_at.source != "receipt" or self.effective_at is None:
            return self.receipt
        return (self.receipt or Receipt()).model_copy(update={"effective_at": self.effective_at})


NOTHING_STATED = Stated()


def name_for(dataset: DatasetDeclaration, given: str, effective_at: date | datetime | None) -> str:
    """The path below a register folder by which the data set finds the file.

    The given name stands where the data set's path matches it and no other day is stated; else the day takes the place
    of the `*` in the path. Raises `ProblemsError` that says what to state.
    """
    folder, _, pattern = dataset.path.rpartition("/")
    last = given.rpartition("/")[2].rpartition("\\")[2]
    if "*" in folder:
        raise refuse(given, None, f"a data set in many folders, {dataset.path}", "one folder", field=dataset.id)
    if effective_at is None and _matches(last, pattern):
        name = f"{folder}/{last}"
    elif pattern.count("*") != 1:
        raise refuse(given, None, f"the name {last!r}", f"one that {pattern} matches", "Rename the file.")
    else:
        name = f"{folder}/{pattern.replace('*', _day_of(dataset, given, effective_at))}"
    check_relative(name, file=given)
    _check_length(name, given)
    return name


def _check_length(name: str, given: str) -> None:
    """Room for the receipt beside it and a letter of a mended one, in bytes that a file system takes."""
    try:
        size = len(name.rpartition("/")[2].encode())
    except UnicodeEncodeError:
        raise refuse(ascii(given), None, "a name that is no text", "letters and digits", "Rename the file.") from None
    if size > _LONGEST_NAME:
        raise refuse(given[:80], None, f"a name of {size} bytes", f"at most {_LONGEST_NAME}", "Rename the file.")


def _day_of(dataset: DatasetDeclaration, given: str, effective_at: date | datetime | None) -> str:
    if effective_at is None:
        advice = "Say of which day it speaks, with its effective date, or rename the file."
        raise refuse(given, None, "no date", f"a name that {dataset.path} matches, or a date", advice)
    if isinstance(effective_at, datetime):
        return f"{effective_at:%Y-%m-%dT%H%M}"
    return effective_at.isoformat()


def _matches(name: str, pattern: str) -> bool:
    literal = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch("[^/]*".join(literal), name) is not None and not name.startswith(".")


def next_name(name: str, taken: int) -> str:
    """The name of a mended file of the same day; by its letter it sorts behind the first, and so counts as the newer."""
    folder, _, last = name.rpartition("/")
    stem, dot, suffix = last.partition(".")
    return f"{folder}/{stem}_{string.ascii_lowercase[taken]}{dot}{suffix}"


def _refuse_other_day(
    name: str, found: datetime, dataset: DatasetDeclaration, effective_at: date | datetime | None, zone: ZoneInfo
) -> None:
    """The day that the file has by its declaration must be the one that was stated."""
    stated = effective_at.astimezone(zone).date() if isinstance(effective_at, datetime) else effective_at
    if stated is not None and found.date() != stated:
        where = {"column": "by its column", "file_name": "by its name", "receipt": "by its receipt"}
        said = f"{found.date()} {where[dataset.effective_at.source]}"
        advice = "State that day, or none; or change how the data set is dated."
        raise refuse(name, None, said, f"the day stated, {stated}", advice)


def _dated(stage: Path, name: str, dataset: DatasetDeclaration, zone: ZoneInfo) -> datetime:
    """Of when the file speaks, as its data set finds it; raises `ProblemsError` where it does not, or cannot date it."""
    found = snapshots_of(stage, dataset, zone, in_child=True)
    if len(found) != 1:
        advice = "Rename the file, or change the path of the data set."
        raise refuse(name, None, "a name that its data set does not find", dataset.path, advice)
    if found[0].effective_at is None:
        assert found[0].problem is not None
        raise ProblemsError([found[0].problem])
    return found[0].effective_at


def renamed(arrival: Arrival, name: str, dataset: DatasetDeclaration, zone: ZoneInfo) -> Arrival:
    """The file under another name, by which its data set finds it on the same day; raises `ProblemsError` where not."""
    for suffix in ("", SUFFIX):
        given = arrival.stage / f"{arrival.name}{suffix}"
        if given.exists():
            given.rename(arrival.stage / f"{name}{suffix}")
    if not _is_dated(arrival, name, dataset, zone):
        found = "another file of its day, which stays, and no second name that says the same day"
        advice = "Give it a name of its own that says its day, or let effective_at.pattern end with the date."
        raise refuse(arrival.name, None, found, "room for a mended file", advice)
    return replace(arrival, name=name)


def _is_dated(arrival: Arrival, name: str, dataset: DatasetDeclaration, zone: ZoneInfo) -> bool:
    try:
        return _dated(arrival.stage, name, dataset, zone) == arrival.effective_at
    except ProblemsError:
        return False


def snapshot_of_arrival(arrival: Arrival, dataset: DatasetDeclaration, zone: ZoneInfo, scratch: Path) -> Snapshot:
    """What the file holds under its declaration, a large one loaded below `scratch`; raises `ProblemsError` where it
    cannot be read."""
    file = SnapshotFile(arrival.stage, arrival.name, arrival.effective_at)
    snapshot = read_snapshot(arrival.stage, dataset, file, zone, in_child=True, scratch=lambda: scratch)
    if snapshot.problems:
        raise ProblemsError(snapshot.problems)
    return snapshot


def receipt_text(receipt: Receipt) -> str:
    """The receipt's file."""
    said = {
        name: value
        for name, value in receipt.model_dump(mode="json", exclude_none=True).items()
        if value not in ({}, [], ())
    }
    text: str = yaml.safe_dump({"receipt": said}, allow_unicode=True, sort_keys=False)
    return text
