"""Results as they are kept: one append-only JSON file a run and date, whose Merkle root shows any change.

A file holds entries in fixed order: the run's record, receipts, snapshots, definitions, results. Each stands with the
SHA-256 of its leaf. `root` is over all of them; `digest` leaves out the run's record, so that it depends on what was
tested and found and not on when it was done or by which version. The file's name begins with date and digest. The
record names the root of the file stored before it, so that no file but the newest can go or change alone.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from buttress.core.verdicts import Outcome, TestResult, counts_agree
from buttress.evidence.data.canonical import canonical_json
from buttress.evidence.merkle import leaf_digest, merkle_root
from buttress.formats.folder import FolderLimits, make_folder, matching_files, read_bytes, sha256_of
from buttress.formats.problems import Problem, ProblemsError, refuse, shown
from buttress.formats.strict_json import read_json

FOLDER = "results"
ROWS_FOLDER = "rows"
FORMAT = "buttress-results-1"
_KINDS = ("run", "receipt", "snapshot", "definition", "result")
_NAME_DIGITS = 12
_MAX_FILE_BYTES, _MAX_ROWS_BYTES = 200_000_000, 1 << 32
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
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
    def previous(self) -> str | None:
        """Root of the file stored before this one, None for the first."""
        return self.record.get("previous")

    @property
    def results(self) -> tuple[TestResult, ...]:
        run = self.digest[:_NAME_DIGITS]
        return tuple(result_of(entry.body, run, entry.leaf.hex()) for entry in self.entries if entry.kind == "result")


class Written(NamedTuple):
    """A results file that was added, and its root."""

    path: Path
    root: str


def write_results(folder: Path, record: Mapping[str, Any], entries: Sequence[Entry]) -> Written:
    """Add one results file below `folder`/results; never changes one that is there.

    `record` tells about the run (as_of, sequence, root of the previous file, times, versions); `entries` are the rest in
    fixed order. Raises FileExistsError where a run with the same content was stored already, `ProblemsError` where
    `results` is a link.
    """
    leaves = [entry.leaf for entry in entries]
    run = Entry("run", record)
    digest, root = merkle_root(leaves).hex(), merkle_root([run.leaf, *leaves]).hex()
    path = make_folder(folder, FOLDER) / f"{record['as_of']}-{digest[:_NAME_DIGITS]}.json"
    content = {
        "format": FORMAT,
        "digest": digest,
        "root": root,
        "entries": [{"kind": e.kind, "sha256": e.leaf.hex(), "body": e.body} for e in (run, *entries)],
    }
    _write_new(path, _readable_json(content))
    return Written(path, root)


def _readable_json(value: object) -> bytes:
    plain = json.loads(canonical_json(value))
    return (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode()


def _write_new(path: Path, content: bytes) -> None:
    """All of it or nothing, and never over a file that exists; what a killed run left behind is in nobody's way."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(unfinished).chmod(0o644)
        os.link(unfinished, path)
    finally:
        Path(unfinished).unlink()


def read_results(folder: Path) -> tuple[TestResult, ...]:
    """All stored results, by date of the run and order of storing; raises `ProblemsError` for files that changed."""
    return tuple(result for stored in read_results_files(folder) for result in stored.results)


def read_results_files(folder: Path) -> tuple[ResultsFile, ...]:
    """Every results file below `folder`/results, verified; raises `ProblemsError` naming each bad entry."""
    limits = FolderLimits(max_files=100_000, max_bytes=1 << 40)
    found, problems = matching_files(folder, f"{FOLDER}/*.json", limits=limits)
    files: list[ResultsFile] = []
    for name in (each.path for each in found):
        try:
            files.append(read_results_file(folder, name))
        except ProblemsError as error:
            problems += error.problems
    problems = problems or _missing_links(files)
    if problems:
        raise ProblemsError(problems)
    return tuple(sorted(files, key=lambda f: (f.as_of, f.sequence, f.name)))


def _missing_links(files: Sequence[ResultsFile]) -> list[Problem]:
    """Files that follow one which is not there as it was: it went, or was written anew, or they come from elsewhere."""
    roots = {file.root for file in files}
    return [
        Problem(
            file.name,
            None,
            "entries[0].previous",
            f"a run that follows {str(file.previous)[:_NAME_DIGITS]}…, which is not here",
            "every file that was stored before it",
            "Restore what is missing from a copy, or take away a file that was never stored here.",
        )
        for file in files
        if file.previous is not None and file.previous not in roots
    ]


def newest_root(stored: Sequence[ResultsFile]) -> str | None:
    """Root of the file stored last, which the next one names as its previous."""
    return max(stored, key=lambda f: (f.sequence, f.name)).root if stored else None


def read_results_file(folder: Path, name: str) -> ResultsFile:
    """One file, verified: every entry against its digest, all of them against root and name, rows against their file.

    `name` is its path below `folder`. Raises `ProblemsError` that names the first entry which is not as it was stored.
    """
    content = read_json(read_bytes(folder, name, max_bytes=_MAX_FILE_BYTES), file=name)
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
    try:
        _check_record(file)
        _check_results(file, folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise refuse(
            name, None, f"an entry that cannot be read ({shown(str(error))})", "entries as stored", _RESTORE
        ) from None
    return file


def _check_record(file: ResultsFile) -> None:
    """The run's record and the definitions are what later runs rely on."""
    named = f"{FOLDER}/{file.as_of.isoformat()}-{file.digest[:_NAME_DIGITS]}.json"
    if file.name != named:
        raise _changed(file.name, "", f"content of {named.removeprefix(FOLDER + '/')}", "that of its name")
    if type(file.record["sequence"]) is not int or file.sequence < 1:
        raise _changed(file.name, "entries[0].sequence", shown(file.record["sequence"]), "a number from 1")
    if file.previous is not None and not _SHA256.match(file.previous):
        raise _changed(file.name, "entries[0].previous", shown(file.previous), "a digest, or null")
    for body in file.of_kind("definition"):
        if not isinstance(body["test"], str) or type(body["version"]) is not int:
            raise _changed(file.name, "", f"a definition of {shown(body['test'])}", "one with test and version")
    tests = [body["test"] for body in file.of_kind("result")]
    if len(set(tests)) != len(tests):
        raise _changed(file.name, "", "two results of one test", "one of each")


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
    """Counts add up, dates are those of the run, and each file of failing rows is there as it was written."""
    for index, entry in enumerate(file.entries):
        if entry.kind != "result":
            continue
        field = f"entries[{index}]"
        _check_result(file, entry, field)
        rows = entry.body.get("failing_rows")
        if rows is None:
            continue
        if not _SHA256.match(rows["sha256"]) or rows["path"] != f"{ROWS_FOLDER}/{rows['sha256']}.parquet":
            raise _changed(file.name, field, shown(rows["path"]), "a path that follows from the digest")
        path = f"{FOLDER}/{rows['path']}"
        if not (folder / path).is_file():
            raise _changed(file.name, field, f"no file {rows['path']}", "the failing rows of the result")
        if sha256_of(folder, path, max_bytes=_MAX_ROWS_BYTES) != rows["sha256"]:
            raise _changed(path, "", "other bytes", f"those of {rows['sha256'][:12]}…")


def _check_result(file: ResultsFile, entry: Entry, field: str) -> None:
    result = result_of(entry.body)
    if any(type(entry.body[name]) is not int for name in (*_COUNTS, "version")):
        raise _changed(file.name, field, f"{entry.label} with counts that are none", "whole numbers")
    lists = [entry.body[name] for name in (*_KEY_LISTS, "failing_since")]
    if not all(isinstance(each, list) for each in (*lists, entry.body.get("inputs", []))):
        raise _changed(file.name, field, f"{entry.label} without lists of keys and inputs", "lists")
    if fault := _key_fault(result):
        raise _changed(file.name, field, f"{entry.label} with {fault}", "keys as a run finds them")
    if result.outcome is not Outcome.ERROR and not counts_agree(result):
        raise _changed(file.name, field, f"{entry.label} whose counts do not add up", "counts that do")
    if result.as_of != file.as_of:
        raise _changed(file.name, field, f"{entry.label} as of {result.as_of}", f"the run's own date {file.as_of}")
    # A day's end in one zone may be the next day in another.
    if result.effective_at.tzinfo is None or result.effective_at.date() > file.as_of + timedelta(days=1):
        found = f"{entry.label} of evidence effective at {result.effective_at.isoformat()}"
        raise _changed(file.name, field, found, f"a time with its zone by {file.as_of}")


def _key_fault(result: TestResult) -> str:
    """What is wrong with the keys of a result and their dates, or nothing."""
    keys = [key for name in _KEY_LISTS for key in getattr(result, name)]
    if not all(isinstance(key, str) for key in keys):
        return "keys that are no texts"
    if len(set(keys)) != len(keys):
        return "a key in two states"
    if len(result.failing_since) != len(result.failing_keys):
        return f"{len(result.failing_since)} dates beside {len(result.failing_keys)} failing keys"
    odd = [since for since in result.failing_since if since is not None and not _is_date(since)]
    return f"the date {shown(odd[0])}" if odd else ""


def _is_date(text: object) -> bool:
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _changed(file: str, field: str, found: str, expected: str) -> ProblemsError:
    return refuse(file, None, found, expected, _RESTORE, field=field)


_KEY_LISTS = ("failing_keys", "left_keys", "undecided_keys")
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
        **{name: list(getattr(result, name)) for name in _KEY_LISTS},
        "failing_since": list(result.failing_since) if any(result.failing_since) else [],
        "expected_population": result.expected_population,
        "cluster": result.cluster,
        # As text: the same digits whatever a reader makes of a number.
        "tolerable_rate": None if result.tolerable_rate is None else str(result.tolerable_rate),
    }


def result_of(body: Mapping[str, Any], run: str = "", digest: str = "") -> TestResult:
    """The result that a verified entry's body says."""
    return TestResult(
        test=body["test"],
        version=body["version"],
        as_of=date.fromisoformat(body["as_of"]),
        effective_at=datetime.fromisoformat(body["effective_at"]),
        outcome=Outcome(body["outcome"]),
        **{name: body[name] for name in _COUNTS},
        failing_keys=tuple(body["failing_keys"]),
        failing_since=tuple(body["failing_since"]),
        left_keys=tuple(body["left_keys"]),
        undecided_keys=tuple(body["undecided_keys"]),
        reasons=tuple(body["reasons"]),
        expected_population=body["expected_population"],
        cluster=body["cluster"],
        tolerable_rate=None if body["tolerable_rate"] is None else float(body["tolerable_rate"]),
        run=run,
        digest=digest,
    )


def next_sequence(stored: Iterable[ResultsFile]) -> int:
    return 1 + max((file.sequence for file in stored), default=0)
