from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from buttress.evidence.data.shelf import Shelf, dataset_states
from buttress.evidence.data.tables import Column, ColumnType, Schema, Table
from buttress.evidence.declarations import shipped_test

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

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


def test_states_tell_when_files_are_effective_and_how_old_they_may_be(register: "Register") -> None:
    register.put("evidence/users-2026-06-29.csv", HEADER + "a,asleep,human\n")
    states = dataset_states(shelf(register), date(2026, 6, 30), [shipped_test("idp-mfa-active-users")])
    backups, cloud, accounts = states
    assert (accounts.ref, accounts.title, accounts.max_age_hours) == ("idp_accounts", "Accounts", 26.0)
    assert (accounts.problem, accounts.rows) == (None, None), "a file is dated and not read"
    assert accounts.effective_at is not None
    assert accounts.effective_at.date() == date(2026, 6, 29)
    assert (cloud.ref, cloud.title, cloud.max_age_hours) == ("cloud_findings", "cloud_findings", None)
    assert (backups.effective_at, backups.problem) == (None, "no file effective by then")


def test_the_strictest_age_limit_of_what_tests_read_holds(register: "Register") -> None:
    mfa = shipped_test("idp-mfa-active-users")
    looser = mfa.model_copy(update={"completeness": mfa.completeness.model_copy(update={"max_age": timedelta(days=9)})})
    compared = mfa.completeness.model_copy(update={"compare_to": "backups"})
    tests = [looser, mfa.model_copy(update={"completeness": compared})]
    backups, _, accounts = dataset_states(shelf(register), date(2026, 6, 30), tests)
    assert accounts.max_age_hours == 26.0
    assert backups.max_age_hours is None, "one that only sizes are compared with may be of any age"


def test_a_file_that_cannot_be_dated_may_be_the_newest(register: "Register") -> None:
    register.put("evidence/backups-2026-06-01.csv", "backup_id\n")
    register.put("evidence/backups-june-.csv", "backup_id\n")
    backups, _, _ = dataset_states(shelf(register), date(2026, 6, 30))
    assert backups.effective_at is None
    assert backups.problem is not None
    assert "a name that matches" in backups.problem


def test_the_registers_own_tables_are_read_like_snapshots(register: "Register") -> None:
    schema = Schema((Column("ref", ColumnType.TEXT, nullable=False),), ("ref",))
    tables = {"risks": Table("risks", schema, (("R-1",), ("R-2",)))}
    register.declare(DATASETS)
    snapshot = Shelf(register.folder, register.datasets, ZONE, tables).snapshot_on("risks", date(2026, 6, 30))
    assert snapshot is not None
    assert (snapshot.rows, snapshot.effective_at.date(), snapshot.problems) == (2, date(2026, 6, 30), ())
