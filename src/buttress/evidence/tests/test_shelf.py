from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from buttress.evidence.data.shelf import Shelf, dataset_states
from buttress.evidence.data.tables import Column, ColumnType, Schema, Table
from buttress.evidence.declarations import shipped_test

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

FIXTURES = Path(__file__).parent / "fixtures"
ZONE = ZoneInfo("Europe/Amsterdam")
DATASETS = """
idp_accounts:
  title: Accounts
  path: evidence/users-*.csv
  format: csv
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
cloud_findings:
  kind: findings
  path: evidence/cloud-*.csv
  format: prowler_csv
  universe: [iam_user_mfa_enabled_console_access, guardduty_is_enabled, backup_plans_exist]
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
backups:
  path: evidence/backups-*.csv
  format: csv
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
"""
HEADER = "account_id,status,kind\n"


def shelf(register: "Register") -> Shelf:
    register.declare(DATASETS)
    return Shelf(register.folder, register.datasets, ZONE)


def test_a_day_sees_the_newest_file_effective_by_its_end(register: "Register") -> None:
    for day in ("2026-06-01", "2026-06-15"):
        register.put(f"evidence/users-{day}.csv", HEADER)
    found = shelf(register)

    def seen(day: int) -> str | None:
        file = found.file_on("idp_accounts", date(2026, 6, day))
        return file.name[15:25] if file else None

    assert [seen(1), seen(14), seen(15), seen(30)] == ["2026-06-01", "2026-06-01", "2026-06-15", "2026-06-15"]
    assert found.file_on("idp_accounts", date(2026, 5, 31)) is None
    assert found.changes("idp_accounts") == {date(2026, 6, 1), date(2026, 6, 15)}


def test_states_tell_rows_ages_and_what_is_wrong(register: "Register") -> None:
    register.put("evidence/users-2026-06-29.csv", HEADER + "a,active,human\n")
    register.put("evidence/cloud-2026-06-30.csv", (FIXTURES / "prowler-small.csv").read_bytes())
    states = dataset_states(shelf(register), date(2026, 6, 30), [shipped_test("idp-mfa-active-users")])
    backups, cloud, accounts = states
    assert (accounts.ref, accounts.title, accounts.rows, accounts.max_age_hours) == (
        "idp_accounts",
        "Accounts",
        1,
        26.0,
    )
    assert accounts.problem is None
    assert accounts.effective_at is not None
    assert accounts.effective_at.date() == date(2026, 6, 29)
    assert (cloud.rows, cloud.problem) == (6, "silent checks: backup_plans_exist, guardduty_is_enabled")
    assert (backups.effective_at, backups.rows, backups.problem) == (None, None, "no snapshot")


def test_a_state_names_a_file_that_cannot_be_read_or_dated(register: "Register") -> None:
    register.put("evidence/users-2026-06-29.csv", HEADER + "a,asleep,human\n")
    register.put("evidence/backups-june-.csv", "backup_id\n")
    backups, _, accounts = dataset_states(shelf(register), date(2026, 6, 30))
    assert accounts.problem is not None
    assert accounts.problem.startswith("evidence/users-2026-06-29.csv:2: column status: found 'asleep'")
    assert backups.problem is not None
    assert "a name that matches" in backups.problem


def test_the_registers_own_tables_are_read_like_snapshots(register: "Register") -> None:
    schema = Schema((Column("ref", ColumnType.TEXT, nullable=False),), ("ref",))
    tables = {"risks": Table("risks", schema, (("R-1",), ("R-2",)))}
    register.declare(DATASETS)
    snapshot = Shelf(register.folder, register.datasets, ZONE, tables).snapshot_on("risks", date(2026, 6, 30))
    assert snapshot is not None
    assert (snapshot.rows, snapshot.effective_at.date(), snapshot.problems) == (2, date(2026, 6, 30), ())
