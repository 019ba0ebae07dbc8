"""An export is mapped, its declaration put into the register, and the register reads the file as the export meant it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import Result

from buttress.evidence.data.snapshots import Snapshot, read_snapshot, snapshots_of
from buttress.register.files.reader import read_register

Run = Callable[..., Result]
ZONE = ZoneInfo("Europe/Amsterdam")

OKTA = [
    {
        "id": "00u1",
        "status": "ACTIVE",
        "created": "2024-02-01T08:00:00.000Z",
        "lastLogin": "2026-09-28T09:30:00.000Z",
        "profile": {"login": "ann@x.example", "email": "ann@x.example", "employeeNumber": "E1", "title": "Lead"},
        "factors": [{"factorType": "webauthn"}],
    },
    {
        "id": "00u2",
        "status": "DEPROVISIONED",
        "created": "2024-02-01T08:00:00.000Z",
        "lastLogin": None,
        "profile": {"login": "bob@x.example", "email": "bob@x.example", "employeeNumber": "E2", "title": None},
        "factors": [],
    },
]
ENTRA = """\
userPrincipalName;displayName;id;userType;accountEnabled;department;createdDateTime;lastSignInDateTime
ann@x.example;Ann;8f1;Member;True;Sales;2/1/2024 8:00:00 AM;9/28/2026 9:30:00 AM
bob@x.example;Bob;8f2;Guest;False;;2/13/2024 8:00:00 AM;
"""
GITHUB = [
    {
        "number": 12,
        "user": {"login": "tom"},
        "merged_at": "2026-03-01T10:00:00Z",
        "merged_by": {"login": "ann"},
        "head": {"sha": "abc"},
        "base": {"repo": {"full_name": "x/api"}},
        "labels": [],
    }
]
PEOPLE = """\
Employee #,Full Name,Work Email,Employment Status,Status,Department,Job Title,Hire Date,Termination Date,Background check
E1,"Müller, Ann",ann@x.example,Full-Time,Active,Sales,Lead,31.01.2024,,20.01.2024
E2,Bob,bob@x.example,Contractor,Inactive,Ops,Engineer,01.02.2024,30.06.2026,n/a
"""
JIRA = """\
Issue key,Issue Type,Summary,Status,Priority,Assignee,Created,Resolved,Custom field (Root cause)
IN-1,Incident,"Down, all of it",Done,Highest,ann,30/Jun/26 8:00 AM,30/Jun/26 9:10 PM,config
IN-2,Incident,Slow,Open,Low,bob,01/Jul/26 8:00 AM,,
"""


def lines(records: list[dict[str, object]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def mapped(register: Path, run: Run, name: str, text: str, *options: str) -> Result:
    """The command on an export that lies in the register."""
    file = register / "evidence" / name
    file.write_text(text, encoding="utf-8")
    return run("dataset", "map", file, *options)


def read_back(register: Path, dataset: str) -> Snapshot:
    """The newest file of the data set, under its declaration in the register."""
    declared = read_register(register).datasets[dataset]
    newest = snapshots_of(register, declared, ZONE)[-1]
    assert newest.problem is None
    return read_snapshot(register, declared, newest, ZONE)


def rows(snapshot: Snapshot) -> list[dict[str, object]]:
    assert snapshot.problems == ()
    assert snapshot.table is not None
    return [dict(zip(snapshot.table.schema.names, row, strict=True)) for row in snapshot.table.rows]


EXPORTS = [
    ("okta-users-2026-09-30.jsonl", lines(OKTA), "idp_accounts"),
    ("entra-users-20260930.csv", ENTRA, "idp_accounts"),
    ("github-pulls-2026-09-30.jsonl", lines(GITHUB), "changes"),
    ("people 2026-09-30.csv", PEOPLE, "hr_workers"),
    ("jira-incidents-2026-09-30.csv", JIRA, "incidents"),
]


@pytest.mark.parametrize(("name", "text", "dataset"), EXPORTS, ids=[name for name, _, _ in EXPORTS])
def test_what_is_printed_goes_into_the_register_as_it_stands_and_reads_the_file(
    register: Path, run: Run, name: str, text: str, dataset: str
) -> None:
    result = mapped(register, run, name, text)
    assert result.exit_code == 0, result.output
    (register / "evidence.yaml").write_text(result.stdout)
    checked = run("check", register)
    assert checked.exit_code == 0, checked.output
    snapshot = read_back(register, dataset)
    assert len(rows(snapshot)) == text.rstrip("\n").count("\n") + (0 if name.endswith("csv") else 1)
    assert snapshot.effective_at == datetime(2026, 9, 30, 21, 59, 59, 999999, tzinfo=UTC)


def test_okta_users_come_out_as_meant(register: Path, run: Run) -> None:
    mapped(register, run, *EXPORTS[0][:2], "--write")
    ann, bob = rows(read_back(register, "idp_accounts"))
    assert (ann["status"], bob["status"]) == ("active", "disabled")
    assert (ann["mfa_enrolled"], bob["mfa_enrolled"]) == (True, False)
    assert (ann["kind"], ann["worker_id"], ann["email"]) == ("human", "E1", "ann@x.example")
    assert (ann["created_at"], bob["last_login_at"]) == (datetime(2024, 2, 1, 8, tzinfo=UTC), None)


def test_entra_users_come_out_as_meant_in_the_registers_zone(register: Path, run: Run) -> None:
    result = mapped(register, run, *EXPORTS[1][:2], "--write")
    ann, bob = rows(read_back(register, "idp_accounts"))
    assert (ann["status"], bob["status"]) == ("active", "disabled")
    assert ann["created_at"] == datetime(2024, 2, 1, 7, tzinfo=UTC)
    assert "taken as Europe/Amsterdam" in result.stderr


def test_merged_pull_requests_come_out_as_meant(register: Path, run: Run) -> None:
    result = mapped(register, run, *EXPORTS[2][:2], "--write")
    (change,) = rows(read_back(register, "changes"))
    assert (change["repo"], change["change_id"], change["author_id"]) == ("x/api", "12", "tom")
    assert change["emergency"] is False
    assert "emergency is false in every row" in result.stderr


def test_people_come_out_as_meant(register: Path, run: Run) -> None:
    mapped(register, run, *EXPORTS[3][:2], "--write")
    ann, bob = rows(read_back(register, "hr_workers"))
    assert (ann["name"], ann["kind"], bob["kind"]) == ("Müller, Ann", "employee", "contractor")
    assert ann["started_at"] == datetime(2024, 1, 30, 23, tzinfo=UTC)
    assert bob["ended_at"] == datetime(2026, 6, 30, 21, 59, 59, 999999, tzinfo=UTC)
    assert bob["screened_at"] is None


def test_incidents_come_out_as_meant(register: Path, run: Run) -> None:
    mapped(register, run, *EXPORTS[4][:2], "--write")
    first, second = rows(read_back(register, "incidents"))
    assert (first["severity"], second["severity"]) == ("critical", "low")
    assert first["resolved_at"] == datetime(2026, 6, 30, 19, 10, tzinfo=UTC)
    assert (second["resolved_at"], second["cause"]) == (None, None)


def test_a_person_is_told_what_is_known_guessed_missing_and_good_for(register: Path, run: Run) -> None:
    told = mapped(register, run, *EXPORTS[0][:2]).stderr
    for part in (
        "It looks like idp_accounts (Okta, users of the API as JSON lines, factors joined in): certain",
        "account_id     id                      certain",
        "is_admin       missing",
        "kind is human in every row",
        "Read in full under this declaration: 2 rows, 2 different keys",
        "idp-mfa-strong-admins: is_admin, mfa_strong missing",
        "orphan-group-memberships, together with idp_memberships",
        "profile.login, profile.title",
    ):
        assert part in told, told


def test_a_file_outside_of_a_register_is_mapped_for_where_it_will_lie(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "entra-users-20260930.csv"
    file.write_text(ENTRA)
    result = run("dataset", "map", file)
    assert 'path: "evidence/entra-users-20*.csv"' in result.stdout
    assert "taken as UTC, for want of another" in result.stderr
    assert "Put the file below the evidence folder" in result.stderr
    assert run("dataset", "map", file, "--write").exit_code == 2


def test_nothing_is_written_over_a_declaration_that_stands(register: Path, run: Run) -> None:
    first = mapped(register, run, *EXPORTS[0][:2], "--write")
    assert first.exit_code == 0, first.output
    written = (register / "datasets" / "idp_accounts.yaml").read_text()
    again = mapped(register, run, *EXPORTS[1][:2], "--write")
    assert (again.exit_code, "declared already, in datasets/idp_accounts.yaml" in again.stderr) == (2, True)
    assert (register / "datasets" / "idp_accounts.yaml").read_text() == written


def test_nothing_is_written_while_something_is_to_be_said(register: Path, run: Run) -> None:
    result = mapped(register, run, "accounts-2026-09-30.csv", "User ID,Email,Status\nu1,a@x.example,Odd\n", "--write")
    assert (result.exit_code, "To be said before it can be read" in result.stderr) == (2, True)
    assert not (register / "datasets").exists()


def test_another_encoding_is_guessed_and_said(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "people-2026-09-30.csv"
    file.write_bytes(PEOPLE.encode("cp1252"))
    result = run("dataset", "map", file)
    assert result.exit_code == 0
    assert "the file is in Windows-1252 (a guess), and only UTF-8 is read" in result.stderr
    file.write_bytes(PEOPLE.encode("utf-16"))
    assert "UTF-16" in run("dataset", "map", file).stderr
    file.write_bytes(PEOPLE.encode("utf-8-sig"))
    assert "Read in full under this declaration: 2 rows" in run("dataset", "map", file).stderr


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_guessed_and_said(tmp_path: Path, run: Run, sign: str) -> None:
    file = tmp_path / "training-2026-09-30.csv"
    file.write_text(f"worker_id{sign}course{sign}completed_at\nw1{sign}a{sign}2026-01-01T00:00:00Z\n")
    result = run("dataset", "map", file)
    assert "Read in full under this declaration: 1 row," in result.stderr, result.stderr
    assert ("delimiter" in result.stdout) is (sign != ",")


def test_a_workbook_is_read_by_its_importer(tmp_path: Path, run: Run) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["Employee #", "Status", "Employment Status", "Hire Date"])
    book.active.append(["E1", "Active", "Full-Time", datetime(2024, 1, 31)])
    book.save(tmp_path / "bamboohr-2026-09-30.xlsx")
    result = run("dataset", "map", tmp_path / "bamboohr-2026-09-30.xlsx")
    assert "hr_workers (BambooHR" in result.stderr, result.stderr
    assert "Read in full under this declaration: 1 row," in result.stderr
    assert "format: xlsx" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.exe", b"MZ", "found the ending 'exe'; expected a table"),
        ("a", b"x", "found no ending"),
        ("a.json", b"[1]", "jq -c '.[]'"),
        ("a.jsonl", b"[1]\n", "expected a JSON object on every line"),
        ("a.csv", b"", "found an empty file"),
        ("a.csv", b"a,b\n", "found no row"),
        ("a.csv", b"PK\x03\x04\x00\x00", "found zero bytes"),
        ("a.csv", b"a,b\n1\n", "found 1 field"),
        ("a.csv", b"colour,taste\nred,sweet\n", "expected those of a data set that Buttress knows"),
        ("a.xlsx", b"PK\x03\x04", "a.xlsx"),
    ],
)
def test_what_cannot_be_mapped_is_refused_with_a_way_on(
    tmp_path: Path, run: Run, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    result = run("dataset", "map", tmp_path / name)
    assert (result.exit_code, said in result.stderr, result.stdout) == (2, True, ""), result.stderr


def test_options_that_name_nothing_are_refused(register: Path, run: Run) -> None:
    for option, value, said in (
        ("--schema", "hr_worker", "Did you mean 'hr_workers'?"),
        ("--zone", "Mars/Base", "not a time zone"),
        ("--format", "cvs", "Did you mean 'csv'?"),
    ):
        result = mapped(register, run, *EXPORTS[3][:2], option, value)
        assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    assert run("dataset", "map", register / "evidence").exit_code == 2


def test_a_hostile_export_neither_reaches_the_terminal_nor_breaks_the_declaration(register: Path, run: Run) -> None:
    record = {
        "worker_id": "w1",
        "kind": "emp\u202eloyee",
        "status": 'act}: ["',
        "start\u001b[31m date": "2026-01-01",
        'hire"}: [date': "2026-01-01",
        "email": "\u001b[31m",
    }
    result = mapped(register, run, "hr-2026-09-30.jsonl", lines([record]), "--schema", "hr_workers")
    assert (result.exit_code, "\x1b" in result.output, "\u202e" in result.output) == (0, False, False)
    assert "'act}: [" in result.stderr
    (register / "evidence.yaml").write_text(result.stdout)
    read_register(register)
