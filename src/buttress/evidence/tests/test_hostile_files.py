"""Files that an attacker put into a register folder: nothing outside of it is read or written, nothing hangs, no rows are
taken from a file that is not what it seems."""

import hashlib
import os
import resource
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from buttress.evidence.data.parser import ParserLimits
from buttress.evidence.data.shelf import Shelf
from buttress.evidence.data.snapshots import Snapshot, read_snapshot, snapshots_of
from buttress.evidence.results import read_results
from buttress.formats.problems import ProblemsError

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

ZONE = ZoneInfo("Europe/Amsterdam")
NAMED = 'effective_at: {from: file_name, pattern: "users-(?P<date>[0-9-]+)"}'
USERS = f"""
users:
  path: evidence/users-*.csv
  format: csv
  key: [id]
  columns: {{id: {{type: text, nullable: false}}, mfa: {{type: boolean}}}}
  {NAMED}
"""
CSV = "id,mfa\na,true\nb,false\n"
FILE = "evidence/users-2026-06-30.csv"
TEST = """
id: users
version: 1
title: Every user has a second factor
controls: [IAM-02]
assertion: configuration
source: users
key: [id]
population: "true"
fail: "not coalesce(mfa, false)"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{id: a, mfa: true}]
  fail: [{id: b, mfa: false}]
"""


def newest(register: "Register", text: str = USERS) -> Snapshot:
    register.declare(text)
    (dataset,) = register.datasets.values()
    found = Shelf(register.folder, register.datasets, ZONE).snapshot_on(dataset.id, date(2026, 7, 1))
    assert found is not None
    return found


def in_time(work: Callable[[], Any]) -> Any:
    """What `work` returns; a file that is waited for hangs and fails the test after five seconds."""
    done: list[Any] = []

    def run() -> None:
        try:
            done.append(work())
        except ProblemsError as error:
            done.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(5)
    assert done, "still waiting for a file"
    return done[0]


# ---- links and special files -----------------------------------------------------------------------------------------


def test_evidence_that_is_a_link_to_a_folder_elsewhere_is_not_read(register: "Register", tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "users-2026-06-30.csv").write_text(CSV)
    register.folder = tmp_path / "register"
    register.folder.mkdir()
    (register.folder / "evidence").symlink_to(outside)
    found = newest(register)
    assert (found.table, [p.found for p in found.problems]) == (None, ["a link to a folder"])


@pytest.mark.parametrize("target", ["outside.csv", "evidence/other.csv", "evidence/users-2026-06-30.csv"])
def test_a_file_that_is_a_link_bars_its_data_set(register: "Register", target: str) -> None:
    register.put("evidence/other.csv", CSV)
    register.put("outside.csv", CSV)
    register.put("evidence/users-2026-05-31.csv", CSV)
    (register.folder / FILE).symlink_to(register.folder / target)
    found = newest(register)
    assert found.table is None
    assert "a symbolic link" in found.problems[0].found


def test_a_folder_that_is_a_link_is_not_walked(register: "Register") -> None:
    register.put("evidence/a/users-2026-06-30.csv", CSV)
    (register.folder / "evidence" / "b").symlink_to(register.folder / "evidence")
    register.declare(USERS.replace("evidence/users-", "evidence/**/users-"))
    files = snapshots_of(register.folder, register.datasets["users"], ZONE)
    assert [(f.name, f.problem is None) for f in files] == [
        ("evidence/b", False),
        ("evidence/a/users-2026-06-30.csv", True),
    ]


def test_a_pipe_among_the_evidence_is_a_problem_and_never_waited_for(register: "Register") -> None:
    register.put("evidence/users-2026-05-31.csv", CSV)
    os.mkfifo(register.folder / FILE)
    found = in_time(lambda: newest(register))
    assert "a special file" in found.problems[0].found


@pytest.mark.parametrize("kind", ["link", "pipe", "huge"])
def test_a_receipt_is_a_regular_file_of_moderate_size(register: "Register", kind: str) -> None:
    register.put(FILE, CSV)
    secret = register.put("secret.yaml", "receipt: {source: secret}\n")
    receipt = register.folder / f"{FILE}.receipt.yaml"
    if kind == "link":
        receipt.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(receipt)
    else:
        with receipt.open("wb") as stream:
            stream.truncate(1 << 40)  # sparse: takes no room, and would take all memory
    found = in_time(lambda: newest(register))
    assert (found.table, found.receipt) == (None, None)
    assert found.problems[0].file == f"{FILE}.receipt.yaml"


def test_a_huge_evidence_file_is_refused_unread(register: "Register") -> None:
    register.put(FILE, CSV)
    os.truncate(register.folder / FILE, 1 << 40)
    found = in_time(lambda: newest(register))
    assert "expected at most" in str(found.problems[0])


@pytest.mark.parametrize(
    "name", [b"users-2026-06-30\xff.csv", b"users-2026-06-30\x1b[2J.csv", b"users-2026-06-30\n.csv"]
)
def test_a_name_that_cannot_be_printed_is_a_problem(register: "Register", name: bytes) -> None:
    register.put("evidence/users-2026-05-31.csv", CSV)
    with open(os.fsencode(register.folder / "evidence") + b"/" + name, "w") as stream:  # noqa: PTH123 - bytes
        stream.write(CSV)
    found = newest(register)
    assert "a name that can be printed" in found.problems[0].expected
    assert str(found.problems[0]).isprintable()


# ---- many, deep, patterns --------------------------------------------------------------------------------------------


def test_a_pattern_of_many_stars_costs_no_more_than_the_walk(register: "Register") -> None:
    register.put("evidence/" + "/".join("abcdefghijklmn") + "/users-2026-06-30.csv", CSV)
    pattern = "evidence/" + "**/" * 12 + "*u*s*e*r*s*-*.csv"
    register.declare(USERS.replace("evidence/users-*.csv", pattern))
    files = in_time(lambda: snapshots_of(register.folder, register.datasets["users"], ZONE))
    assert [f.effective_at is not None for f in files] == [True]


def test_patterns_match_as_in_a_shell_and_never_a_receipt(register: "Register") -> None:
    for name in (
        "users-1.csv",
        "users-12.csv",
        "users-x.csv",
        "a/users-2.csv",
        "users-1.csv.receipt.yaml",
        ".users-3.csv",
    ):
        register.put(f"evidence/{name}", "")
    for pattern, names in (
        ("users-?.csv", ["users-1.csv", "users-x.csv"]),
        ("users-[0-9].csv", ["users-1.csv"]),
        ("users-[!0-9].csv", ["users-x.csv"]),
        ("*/users-*.csv", ["a/users-2.csv"]),
        ("**/users-[12].csv", ["a/users-2.csv", "users-1.csv"]),
        ("users-1.csv*", ["users-1.csv"]),
        ("none/users-1.csv", []),
    ):
        register.declare(USERS.replace("evidence/users-*.csv", f'"evidence/{pattern}"'))
        found = snapshots_of(register.folder, register.datasets["users"], ZONE)
        assert sorted(f.name for f in found) == [f"evidence/{name}" for name in names], pattern


# ---- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "0000-00-00", "1066-10-14"])
def test_a_date_far_from_our_time_in_a_name_is_a_problem(register: "Register", day: str) -> None:
    register.put(f"evidence/users-{day}.csv", CSV)
    found = newest(register)
    assert found.table is None
    assert "in its name" in found.problems[0].found


@pytest.mark.parametrize(
    ("kind", "text"), [("date", "9999-12-31"), ("date", "0001-01-01"), ("timestamp", "0001-01-01T00:00:00Z")]
)
def test_a_date_far_from_our_time_in_a_column_is_a_value_and_dates_no_file(
    register: "Register", kind: str, text: str
) -> None:
    columns = f"columns: {{id: {{type: text}}, seen: {{type: {kind}}}}}"
    by_name = f"users:\n  path: {FILE}\n  format: csv\n  key: [id]\n  {columns}\n  {NAMED}\n"
    register.put(FILE, f"id,seen\na,{text}\n")
    assert newest(register, by_name).rows == 1
    found = newest(register, by_name.replace(NAMED, "effective_at: {from: column, column: seen}"))
    assert found.table is None
    assert "a date from 1900 to 2999" in str(found.problems[0])


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01"])
def test_a_day_read_as_a_time_at_the_end_of_the_calendar_is_a_problem_of_its_cell(
    register: "Register", text: str
) -> None:
    columns = "columns: {id: {type: text}, seen: {type: timestamp, date_as: end_of_day, zone: Asia/Tokyo}}"
    early = columns.replace("end_of_day", "start_of_day") if text.startswith("0") else columns
    register.put(FILE, f"id,seen\na,{text}\n")
    found = newest(register, f"users:\n  path: {FILE}\n  format: csv\n  key: [id]\n  {early}\n  {NAMED}\n")
    assert [(p.line, p.field) for p in found.problems] == [(2, "column seen")]


# ---- Parquet ---------------------------------------------------------------------------------------------------------

PARQUET = USERS.replace("users-*.csv", "users-*.parquet").replace("format: csv", "format: parquet")


def parquet(path: Path, select: str) -> None:
    import duckdb

    path.parent.mkdir(exist_ok=True)
    duckdb.sql(f"copy ({select}) to '{path}'")


def test_a_small_parquet_file_cannot_fill_the_memory(register: "Register", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buttress.evidence.data.parser.LIMITS", ParserLimits(answer_bytes=1_000_000))
    path = register.folder / "evidence" / "users-2026-06-30.parquet"
    parquet(path, "select repeat('x', 1000) as id, true as mfa from range(2000000)")
    assert path.stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = newest(register, PARQUET)
    assert "more than 1,000,000 bytes" in found.problems[0].found
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_parquet_file_named_like_a_pattern_is_read_alone(register: "Register") -> None:
    folder = register.folder / "evidence"
    parquet(folder / "users-2026-06-30[ab].parquet", "select 'right' as id, true as mfa")
    parquet(folder / "users-2026-05-30a.parquet", "select 'wrong' as id, true as mfa")
    found = newest(register, PARQUET)
    assert found.table is not None
    assert found.table.rows == (("right", True),)
    assert found.raw_sha256 == hashlib.sha256((folder / "users-2026-06-30[ab].parquet").read_bytes()).hexdigest()


# ---- one file, two data sets -----------------------------------------------------------------------------------------


def test_two_data_sets_of_one_file_have_a_digest_each(register: "Register") -> None:
    register.put(FILE, CSV)
    register.declare(USERS + USERS.replace("users:", "people:", 1).replace("mfa: {type", "mfa: {from: id, type"))
    shelf = Shelf(register.folder, register.datasets, ZONE)
    digests = {name: shelf.digest(name, shelf.files(name)[0]) for name in register.datasets}
    assert digests["users"] != digests["people"]
    for name, dataset in register.datasets.items():
        read = read_snapshot(register.folder, dataset, shelf.files(name)[0], ZONE)
        assert read.input_sha256 == digests[name]


# ---- results ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def tested(register: "Register") -> "Register":
    register.put(FILE, CSV)
    register.declare(USERS)
    register.add_test("users", TEST)
    return register


@pytest.mark.parametrize("part", ["results", "results/rows"])
def test_results_are_never_written_through_a_link(
    tested: "Register", tmp_path_factory: pytest.TempPathFactory, part: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    place = tested.folder / part
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside)
    with pytest.raises(ProblemsError, match="a link to a folder"):
        tested.run("2026-06-30")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_stored_result_is_a_regular_file(tested: "Register", kind: str) -> None:
    (path,) = tested.run("2026-06-30").written
    place = path.with_name("2026-06-29-000000000000.json")
    if kind == "link":
        place.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    found = in_time(lambda: read_results(tested.folder))
    if kind == "folder":
        assert len(found) == 1
    else:
        assert "results/2026-06-29-000000000000.json" in str(found)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_stored_failing_rows_are_a_regular_file(tested: "Register", kind: str) -> None:
    tested.run("2026-06-30")
    (rows,) = (tested.folder / "results" / "rows").iterdir()
    moved = rows.rename(tested.folder / "moved.parquet")
    if kind == "link":
        rows.symlink_to(moved)
    else:
        os.mkfifo(rows)
    assert "rows" in str(in_time(lambda: read_results(tested.folder)))


def test_an_unfinished_file_of_a_killed_run_does_not_swallow_the_next_one(tested: "Register") -> None:
    digest = tested.run("2026-06-30").written[0].name
    (tested.folder / "results" / digest).unlink()
    (tested.folder / "results" / f".{digest}.{os.getpid()}").write_text("{")
    assert [path.name for path in tested.run("2026-06-30").written] == [digest]
