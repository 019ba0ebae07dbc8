"""Results as they are kept: one append-only JSON file a run and date, whose Merkle root shows any change.

A file holds entries in fixed order: the run's record, receipts, snapshots, definitions, results. Each stands with the
SHA-256 of its leaf. `root` is over all of them; `digest` leaves out the run's record, so that it depends on what was
tested and found and not on when it was done or by which version. The file's name begins with date and digest.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from buttress.core.verdicts import Outcome, TestResult, counts_agree
from buttress.evidence.data.canonical import canonical_json
from buttress.evidence.merkle import leaf_digest, merkle_root
from buttress.formats.problems import Problem, ProblemsError, refuse, shown
from buttress.formats.strict_json import read_json

FOLDER = "results"
ROWS_FOLDER = "rows"
FORMAT = "buttress-results-1"
_KINDS = ("run", "receipt", "snapshot", "definition", "result")
_NAME_DIGITS = 12
_RESTORE = "Restore the file from a copy; results are only ever added."


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a results file: its kind and what it says (texts, whole numbers, booleans, lists, mappings)."""

    kind: str
    body: Mapping[str, Any]

    @property
    def leaf(self) -> bytes:
        return leaf_digest(canonical_json({"kind": self.kind, "body": self.body}))

    @property
    def label(self) -> str:
        names = (self.body.get("test"), self.body.get("dataset"), self.body.get("as_of"))
        return f"{self.kind} {next((name for name in names if name), '')}".strip()


@dataclass(frozen=True, slots=True)
class ResultsFile:
    """A results file that was verified: `sequence` orders files of one date, `name` is its path below the folder."""

    name: str
    digest: str
    root: str
    entries: tuple[Entry, ...]

    def of_kind(self, kind: str) -> tuple[Mapping[str, Any], ...]:
        return tuple(entry.body for entry in self.entries if entry.kind == kind)

    @property
    def record(self) -> Mapping[str, Any]:
        return self.of_kind("run")[0]

    @property
    def as_of(self) -> date:
        return date.fromisoformat(self.record["as_of"])

    @property
    def sequence(self) -> int:
        return int(self.record["sequence"])

    @property
    def results(self) -> tuple[TestResult, ...]:
        run = self.digest[:_NAME_DIGITS]
        return tuple(_to_result(entry.body, run, entry.leaf.hex()) for entry in self.entries if entry.kind == "result")


def write_results(folder: Path, record: Mapping[str, Any], entries: Sequence[Entry]) -> Path:
    """Add one results file below `folder`/results; never changes one that is there.

    `record` tells about the run (as_of, sequence, times, versions); `entries` are the rest in fixed order. Raises
    FileExistsError where a run with the same content was stored already.
    """
    leaves = [entry.leaf for entry in entries]
    run = Entry("run", record)
    digest = merkle_root(leaves).hex()
    path = folder / FOLDER / f"{record['as_of']}-{digest[:_NAME_DIGITS]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "format": FORMAT,
        "digest": digest,
        "root": merkle_root([run.leaf, *leaves]).hex(),
        "entries": [{"kind": e.kind, "sha256": e.leaf.hex(), "body": e.body} for e in (run, *entries)],
    }
    _write_new(path, _readable_json(content))
    return path


def _readable_json(value: object) -> bytes:

    plain = json.loads(canonical_json(value))
    return (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode()


def _write_new(path: Path, content: bytes) -> None:
    """All of it or nothing, and never over a file that exists."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(unfinished, path)
    finally:
        unfinished.unlink()


def read_results(folder: Path) -> tuple[TestResult, ...]:
    """All stored results, by date of the run and order of storing; raises `ProblemsError` for files that changed."""
    return tuple(result for stored in read_results_files(folder) for result in stored.results)


def read_results_files(folder: Path) -> tuple[ResultsFile, ...]:
    """Every results file below `folder`/results, verified; raises `ProblemsError` naming each bad entry."""
    files: list[ResultsFile] = []
    problems: list[Problem] = []
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            files.append(read_results_file(path, folder))
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    return tuple(sorted(files, key=lambda f: (f.as_of, f.sequence, f.name)))


def read_results_file(path: Path, folder: Path) -> ResultsFile:
    """One file, verified: every entry against its digest, all of them against root and name, rows against their file.

    Raises `ProblemsError` that names the first entry which is not as it was stored.
    """
    name = path.relative_to(folder).as_posix()
    content = read_json(path.read_bytes(), file=name)
    stored = _entries(content, name)
    leaves = []
    for index, (entry, sha256) in enumerate(stored):
        leaf = entry.leaf
        if leaf.hex() != sha256:
            raise _changed(
                name, f"entries[{index}]", f"{entry.label} with digest {leaf.hex()[:12]}…", f"{sha256[:12]}…"
            )
        leaves.append(leaf)
    root, digest = merkle_root(leaves).hex(), merkle_root(leaves[1:]).hex()
    if (content.get("root"), content.get("digest")) != (root, digest):
        raise _changed(name, "root", f"entries that give {root[:12]}…", f"{shown(content.get('root'))} as stored")
    file = ResultsFile(name, digest, root, tuple(entry for entry, _ in stored))
    if path.name != f"{file.record['as_of']}-{digest[:_NAME_DIGITS]}.json":
        raise _changed(name, "", f"content of {file.record['as_of']}-{digest[:_NAME_DIGITS]}", "that of its name")
    try:
        _check_results(file, folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise refuse(
            name, None, f"an entry that cannot be read ({shown(str(error))})", "entries as stored", _RESTORE
        ) from None
    return file


def _entries(content: Any, name: str) -> list[tuple[Entry, str]]:
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("entries"), list):
        raise refuse(name, 1, "something else", f"a results file of format {FORMAT}", _RESTORE)
    stored = []
    for index, item in enumerate(content["entries"]):
        is_entry = isinstance(item, dict) and set(item) == {"kind", "sha256", "body"}
        if not is_entry or item["kind"] not in _KINDS or not isinstance(item["body"], dict):
            raise refuse(
                name, None, shown(item), "an entry with kind, sha256 and body", _RESTORE, field=f"entries[{index}]"
            )
        stored.append((Entry(item["kind"], item["body"]), str(item["sha256"])))
    kinds = [entry.kind for entry, _ in stored]
    if kinds[:1] != ["run"] or kinds != sorted(kinds, key=_KINDS.index) or kinds.count("run") != 1:
        raise _changed(name, "entries", "entries in another order", ", ".join(_KINDS))
    return stored


def _check_results(file: ResultsFile, folder: Path) -> None:
    """Counts add up, and each file of failing rows is there as it was written."""
    for index, entry in enumerate(file.entries):
        if entry.kind != "result":
            continue
        field = f"entries[{index}]"
        result = _to_result(entry.body, "", "")
        if result.outcome is not Outcome.ERROR and not counts_agree(result):
            raise _changed(file.name, field, f"{entry.label} whose counts do not add up", "counts that do")
        rows = entry.body.get("failing_rows")
        if rows is None:
            continue
        if rows["path"] != f"{ROWS_FOLDER}/{rows['sha256']}.parquet":
            raise _changed(file.name, field, shown(rows["path"]), "a path that follows from the digest")
        path = folder / FOLDER / rows["path"]
        if not path.is_file():
            raise _changed(file.name, field, f"no file {rows['path']}", "the failing rows of the result")
        if hashlib.sha256(path.read_bytes()).hexdigest() != rows["sha256"]:
            raise _changed(f"{FOLDER}/{rows['path']}", "", "other bytes", f"those of {rows['sha256'][:12]}…")


def _changed(file: str, field: str, found: str, expected: str) -> ProblemsError:
    return refuse(file, None, found, expected, _RESTORE, field=field)


_COUNTS = ("population", "passed", "failing", "not_applicable", "not_due", "unknown")


def result_body(result: TestResult) -> dict[str, Any]:
    """A result as an entry holds it."""
    return {
        "test": result.test,
        "version": result.version,
        "as_of": result.as_of.isoformat(),
        "effective_at": result.effective_at.isoformat(),
        "outcome": result.outcome.value,
        "reasons": list(result.reasons),
        **{name: getattr(result, name) for name in _COUNTS},
        "failing_keys": list(result.failing_keys),
        "expected_population": result.expected_population,
        "cluster": result.cluster,
    }


def _to_result(body: Mapping[str, Any], run: str, digest: str) -> TestResult:
    return TestResult(
        test=body["test"],
        version=body["version"],
        as_of=date.fromisoformat(body["as_of"]),
        effective_at=datetime.fromisoformat(body["effective_at"]),
        outcome=Outcome(body["outcome"]),
        **{name: body[name] for name in _COUNTS},
        failing_keys=tuple(body["failing_keys"]),
        reasons=tuple(body["reasons"]),
        expected_population=body["expected_population"],
        cluster=body["cluster"],
        run=run,
        digest=digest,
    )


def next_sequence(stored: Iterable[ResultsFile]) -> int:
    return 1 + max((file.sequence for file in stored), default=0)
