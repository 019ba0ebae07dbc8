"""Runs over a register folder: what may be judged, what may not and why, and that nothing is run or stored twice."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from buttress.core.verdicts import Outcome, TestResult, Verdict, verdict
from buttress.evidence.declarations import shipped_test
from buttress.evidence.results import read_results, read_results_files
from buttress.formats.problems import ProblemsError

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

FIXTURES = Path(__file__).parent / "fixtures"
AS_OF = "2026-06-30"

TEST = """\
id: {id}
version: 1
title: Every account has a second factor
controls: [IAM-02]
assertion: operating
source: {source}
key: [id]
population: "coalesce(active, false)"
not_applicable: "coalesce(vaulted, false)"
fail: "not coalesce(mfa, false)"
display: [team]
completeness: {{{completeness}}}
thresholds: {{tolerable_rate: 0.5}}
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{{id: a, active: true, mfa: true}}]
  fail: [{{id: b, active: true}}]
  not_applicable: [{{id: c, active: true, vaulted: true}}]
"""
DATASET = """
{name}:
  path: evidence/{name}-*.csv
  format: csv
  key: [id]
  columns:
    id: {{type: text}}
    active: {{type: boolean}}
    vaulted: {{type: boolean}}
    mfa: {{type: boolean}}
    team: {{type: text}}
  effective_at: {{from: file_name, pattern: "-(?P<date>[0-9-]+)"}}
"""
HEADER = "id,active,vaulted,mfa,team\n"
GOOD = "a1,true,,true,web\na2,true,,false,web\na3,true,true,,web\na4,false,,,web\na5,true,,true,\n"


@dataclass(frozen=True)
class Case:
    """One data set with one test of it: files by date, receipts by date, completeness, and what must come of it."""

    outcome: Outcome
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ((AS_OF, HEADER + GOOD),)
    completeness: str = ""
    receipt: str = ""
    expected_population: int | None = None


EVALUATED, INCOMPLETE, NOT_EVALUATED, ERROR = Outcome
PASSED = Verdict.PASS_WITH_DEVIATIONS
TWELVE = "".join(f"n{n},true,,true,\n" for n in range(12))

CASES = {
    "whole": Case(EVALUATED, PASSED),
    "fresh": Case(EVALUATED, PASSED, completeness="max_age: 26 hours"),
    "missing": Case(NOT_EVALUATED, Verdict.NOT_EVALUATED, ("no_snapshot(missing)",), files=()),
    "future": Case(
        NOT_EVALUATED, Verdict.NOT_EVALUATED, ("no_snapshot(future)",), files=(("2026-07-01", HEADER + GOOD),)
    ),
    "empty": Case(NOT_EVALUATED, Verdict.NOT_EVALUATED, ("empty(empty)",), files=((AS_OF, HEADER),)),
    "few": Case(NOT_EVALUATED, Verdict.NOT_EVALUATED, ("below_min_rows(5 < 6)",), completeness="min_rows: 6"),
    "nobody": Case(
        NOT_EVALUATED, Verdict.NOT_EVALUATED, ("empty_population",), files=((AS_OF, HEADER + "a4,false,,,\n"),)
    ),
    "vaulted": Case(
        NOT_EVALUATED, Verdict.NOT_EVALUATED, ("all_not_applicable",), files=((AS_OF, HEADER + "a3,true,true,,\n"),)
    ),
    "stale": Case(
        INCOMPLETE,
        Verdict.STALE,
        ("stale(8 d > 26 h)",),
        files=(("2026-06-21", HEADER + GOOD),),
        completeness="max_age: 26 hours",
    ),
    "cut": Case(ERROR, Verdict.ERROR, ("unreadable(cut)",), files=((AS_OF, HEADER + GOOD + "a6,true\n"),)),
    "garbled": Case(ERROR, Verdict.ERROR, ("unreadable(garbled)",), files=((AS_OF, HEADER + "a1,maybe,,,\n"),)),
    "undated": Case(
        ERROR, Verdict.ERROR, ("unreadable(undated)",), files=((AS_OF, HEADER + GOOD), ("2026-06-99", HEADER + GOOD))
    ),
    "newest_bad": Case(
        ERROR,
        Verdict.ERROR,
        ("unreadable(newest_bad)",),
        files=(("2026-06-29", HEADER + GOOD), (AS_OF, HEADER + "x\n")),
    ),
    "shrunk": Case(
        INCOMPLETE,
        Verdict.INCOMPLETE,
        ("shrunk(12 -> 5)",),
        files=(("2026-06-29", HEADER + TWELVE), (AS_OF, HEADER + GOOD)),
        completeness="max_shrink: 20 %",
    ),
    "steady": Case(
        EVALUATED,
        PASSED,
        files=(("2026-06-29", HEADER + GOOD + "a6,true,,true,\n"), (AS_OF, HEADER + GOOD)),
        completeness="max_shrink: 20 %",
    ),
    "null_keys": Case(
        INCOMPLETE,
        Verdict.INCOMPLETE,
        ("unknown(2)", "null_keys(2)"),
        files=((AS_OF, HEADER + GOOD + ",true,,true,\n" * 2),),
    ),
    "repeated": Case(
        INCOMPLETE, Verdict.INCOMPLETE, ("repeated_keys(1)",), files=((AS_OF, HEADER + GOOD + "a1,false,,,\n"),)
    ),
    "short_of_total": Case(
        INCOMPLETE,
        Verdict.INCOMPLETE,
        ("difference(-3)",),
        receipt="source_total: 8, total_from: payroll",
        expected_population=7,
    ),
    "within_tolerance": Case(
        EVALUATED,
        PASSED,
        completeness="tolerance: 3",
        receipt="source_total: 8, total_from: payroll",
        expected_population=7,
    ),
    "against_other": Case(
        INCOMPLETE,
        Verdict.INCOMPLETE,
        ("difference(-7)",),
        completeness="compare_to: twelve",
        expected_population=11,
    ),
    "twelve": Case(EVALUATED, Verdict.PASS, files=((AS_OF, HEADER + TWELVE),)),
    "no_total": Case(
        INCOMPLETE, Verdict.INCOMPLETE, ("no_total(source_total)",), completeness="compare_to: source_total"
    ),
    "no_other": Case(INCOMPLETE, Verdict.INCOMPLETE, ("no_total(missing)",), completeness="compare_to: missing"),
    "cursor": Case(INCOMPLETE, Verdict.INCOMPLETE, ("cursor_not_exhausted",), receipt="cursor_exhausted: false"),
    "collection": Case(INCOMPLETE, Verdict.INCOMPLETE, ("collection_errors(2)",), receipt="errors: 2"),
    "bad_receipt": Case(ERROR, Verdict.ERROR, ("unreadable(bad_receipt)",), receipt="rows: 3"),
    "complete": Case(
        EVALUATED, PASSED, receipt="cursor_exhausted: true, errors: 0, source_total: 5, total_from: the API"
    ),
}


@pytest.fixture(scope="module")
def cases(new_register: "Callable[[], Register]") -> dict[str, TestResult]:
    """All cases in one register and one run."""
    register = new_register()
    register.declare("".join(DATASET.format(name=name) for name in CASES))
    for name, case in CASES.items():
        for day, content in case.files:
            register.put(f"evidence/{name}-{day}.csv", content)
            if case.receipt:
                register.put(f"evidence/{name}-{day}.csv.receipt.yaml", f"receipt: {{{case.receipt}}}\n")
        register.add_test(name.replace("_", "-"), _test(name, case.completeness))
    register.run(AS_OF, period=(AS_OF, "2026-12-31"))
    return {result.test.replace("-", "_"): result for result in read_results(register.folder)}


def _test(source: str, completeness: str = "", test_id: str = "") -> str:
    return TEST.format(id=test_id or source.replace("_", "-"), source=source, completeness=completeness)


@pytest.mark.parametrize("name", CASES)
def test_a_population_is_judged_only_where_it_is_whole(cases: dict[str, TestResult], name: str) -> None:
    case, result = CASES[name], cases[name]
    assert (result.outcome, result.reasons) == (case.outcome, case.reasons)
    assert result.expected_population == case.expected_population


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_of_the_day_follows(register: "Register", cases: dict[str, TestResult], name: str) -> None:
    register.declare("".join(DATASET.format(name=other) for other in CASES))
    test = register.add_test(name.replace("_", "-"), _test(name, CASES[name].completeness)).to_control_test()
    judged = verdict(test, cases[name], (), date.fromisoformat(AS_OF))
    assert judged.verdict is CASES[name].verdict


def test_what_could_be_counted_keeps_its_counts_and_failing_keys(cases: dict[str, TestResult]) -> None:
    for name in ("whole", "stale", "shrunk", "cursor"):
        result = cases[name]
        counts = (result.population, result.passed, result.failing, result.not_applicable, result.failing_keys)
        assert counts == (4, 2, 1, 1, ("a2",)), name


# ---- a small register with one data set ------------------------------------------------------------------------------


@pytest.fixture
def users(register: "Register") -> "Register":
    register.declare(DATASET.format(name="users"))
    register.add_test("users", _test("users"))
    register.put("evidence/users-2026-06-28.csv", HEADER + GOOD)
    return register


def test_each_date_at_which_a_source_changed_is_run_once_oldest_first(users: "Register") -> None:
    users.put("evidence/users-2026-05-31.csv", HEADER + TWELVE)
    users.put("evidence/users-2025-12-31.csv", HEADER + TWELVE)
    first = users.run(AS_OF)
    assert [(r.as_of.isoformat(), r.failing) for r in first.results] == [
        ("2026-05-31", 0),
        ("2026-06-28", 1),
        ("2026-06-30", 1),
    ]
    assert [path.name[:10] for path in first.written] == ["2026-05-31", "2026-06-28", "2026-06-30"]
    second = users.run(AS_OF)
    assert (second.written, second.results, second.unchanged) == ((), (), 3)
    users.put("evidence/users-2026-06-10.csv", HEADER + GOOD)
    third = users.run(AS_OF)
    assert ([r.as_of.isoformat() for r in third.results], third.unchanged) == (["2026-06-10"], 3)


def test_a_changed_file_parameter_or_receipt_calls_for_a_new_result(users: "Register") -> None:
    users.run("2026-06-28")
    users.put("evidence/users-2026-06-28.csv.receipt.yaml", "receipt: {cursor_exhausted: false}\n")
    assert [r.outcome for r in users.run("2026-06-28").results] == [INCOMPLETE]
    users.put("evidence/users-2026-06-28.csv", HEADER + TWELVE)
    assert [r.failing for r in users.run("2026-06-28").results] == [0]
    results = read_results(users.folder)
    assert [r.failing for r in results] == [1, 1, 0]


def test_two_undisturbed_runs_store_the_same_digests(
    users: "Register", tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(users.folder, other, dirs_exist_ok=True)
    users.run(AS_OF)
    here = [file.digest for file in read_results_files(users.folder)]
    users.folder = other
    users.run(AS_OF)
    assert [file.digest for file in read_results_files(other)] == here


def test_stored_results_that_were_changed_stop_the_next_run(users: "Register") -> None:
    (path,) = users.run("2026-06-28").written
    content = json.loads(path.read_text())
    content["entries"][-1]["body"]["failing"] = 0
    path.write_text(json.dumps(content))
    with pytest.raises(ProblemsError, match="result users"):
        users.run("2026-06-28")


def test_a_results_file_holds_what_an_auditor_asks_for(users: "Register") -> None:
    users.put("evidence/users-2026-06-28.csv.receipt.yaml", "receipt: {source: okta, query: GET /users}\n")
    users.run("2026-06-28")
    (file,) = read_results_files(users.folder)
    assert [entry.kind for entry in file.entries] == ["run", "receipt", "snapshot", "definition", "result"]
    run, receipt, snapshot, definition, result = (entry.body for entry in file.entries)
    assert (run["period"], run["engine"][:7], run["time_zone"]) == (
        ["2026-01-01", "2026-12-31"],
        "duckdb ",
        "Europe/Amsterdam",
    )
    assert receipt["receipt"] == {"source": "okta", "query": "GET /users", "parameters": {}}
    assert (snapshot["rows"], snapshot["distinct_keys"], len(snapshot["canonical_sha256"])) == (5, 5, 64)
    assert definition["declaration"]["fail"] == "not coalesce(mfa, false)"
    assert ":as_of" not in result["executed_sql"]
    assert result["failing_rows"]["columns"] == ["id", "team"]
    assert (users.folder / "results" / result["failing_rows"]["path"]).is_file()


def test_a_version_that_went_back_is_refused(users: "Register") -> None:
    users.add_test("users", _test("users").replace("version: 1", "version: 4"))
    users.run("2026-06-28")
    users.add_test("users", _test("users").replace("version: 1", "version: 3").replace("0.5", "0.6"))
    summary = users.run("2026-06-28")
    assert [r.reasons for r in summary.results] == [("version_lowered(4 -> 3)",)]
    assert [(p.line, p.field, p.found) for p in summary.problems] == [(2, "version", "3")]
    assert users.run("2026-06-28").written == ()


def test_a_version_that_went_back_is_told_even_where_all_of_it_is_stored(users: "Register") -> None:
    users.run("2026-06-28")
    old = _test("users")
    users.add_test("users", old.replace("version: 1", "version: 2").replace("0.5", "0.6"))
    users.run("2026-06-28")
    users.add_test("users", old)
    again = users.run("2026-06-28")
    assert (again.written, again.unchanged) == ((), 1)
    assert [(p.field, p.found) for p in again.problems] == [("version", "1")]


def test_a_meaning_that_changed_needs_a_new_version(users: "Register") -> None:
    users.run("2026-06-28")
    users.add_test("users", _test("users").replace("not coalesce(mfa, false)", "false"))
    summary = users.run("2026-06-28")
    assert [(r.outcome, r.reasons) for r in summary.results] == [(ERROR, ("changed_without_version(1)",))]
    users.add_test(
        "users", _test("users").replace("not coalesce(mfa, false)", "false").replace("version: 1", "version: 2")
    )
    assert [r.failing for r in users.run("2026-06-28").results] == [0]


def test_a_test_that_does_not_fit_its_data_takes_no_other_with_it(users: "Register") -> None:
    users.add_test("odd", _test("users", test_id="odd").replace("coalesce(mfa, false)", "coalesce(factor, false)"))
    users.add_test("lost", _test("elsewhere", test_id="lost"))
    summary = users.run("2026-06-28")
    assert {r.test: (r.outcome, r.reasons) for r in summary.results} == {
        "lost": (NOT_EVALUATED, ("no_dataset(elsewhere)",)),
        "odd": (ERROR, ("declaration_refused",)),
        "users": (EVALUATED, ()),
    }
    assert [problem.field for problem in summary.problems] == ["fail"]
    again = users.run("2026-06-28")
    assert (again.written, again.problems) == ((), summary.problems)


def test_a_column_that_decides_and_is_absent_bars_the_result_and_one_that_excuses_does_not(
    register: "Register",
) -> None:
    register.declare(
        """
idp_accounts:
  path: evidence/users-*.csv
  format: csv
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
"""
    )
    register.tests.append(shipped_test("idp-mfa-active-users"))
    register.put("evidence/users-2026-06-30.csv", "account_id,status,kind\na,active,human\n")
    (barred,) = register.run(AS_OF).results
    assert (barred.outcome, barred.reasons) == (NOT_EVALUATED, ("missing_column(mfa_enrolled)",))
    register.put("evidence/users-2026-06-30.csv", "account_id,status,kind,mfa_enrolled\na,active,human,false\n")
    (judged,) = register.run(AS_OF).results
    assert (judged.outcome, judged.failing_keys) == (EVALUATED, ("a",))


def test_a_deadline_after_the_snapshot_is_not_judged_by_what_was_not_observed(register: "Register") -> None:
    register.declare(
        """
accounts:
  path: evidence/accounts-*.csv
  format: csv
  key: [id]
  columns: {id: {type: text, nullable: false}, ended_at: {type: timestamp}, enabled: {type: boolean, nullable: false}}
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9TZ-]+)"}
"""
    )
    register.add_test(
        "disabled-in-time",
        """
id: disabled-in-time
version: 1
title: Accounts are disabled within a day
controls: [IAM-04]
assertion: operating
source: accounts
key: [id]
population: "ended_at is not null"
fail: "enabled"
due: {from: ended_at, sla: 24 hours}
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{id: a, ended_at: 2026-06-01T00:00:00Z, enabled: false}]
  fail: [{id: b, ended_at: 2026-06-01T00:00:00Z, enabled: true}]
  not_due: [{id: c, ended_at: 2026-06-29T12:00:00Z, enabled: true}]
""",
    )
    rows = "id,ended_at,enabled\nlate,2026-06-28T00:00:00Z,true\nsoon,2026-06-29T12:00:00Z,true\n"
    register.put("evidence/accounts-2026-06-30T0600Z.csv", rows)
    (result,) = register.run(AS_OF).results
    assert (result.failing_keys, result.not_due) == (("late",), 1)


def test_a_row_form_joins_what_two_sources_say(register: "Register") -> None:
    register.declare(
        """
people:
  path: evidence/people-*.csv
  format: csv
  key: [id]
  columns: {id: {type: text, nullable: false}, manager: {type: text}}
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
logins:
  path: evidence/logins-*.csv
  format: csv
  key: [system, person]
  columns: {system: {type: text, nullable: false}, person: {type: text, nullable: false}}
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
"""
    )
    register.add_test(
        "known-people",
        """
id: known-people
version: 1
title: Every login belongs to somebody
controls: [IAM-01]
assertion: operating
source: logins
also: [people]
key: [system, person]
population_rows: select l.system, l.person from logins l
failing_rows: >
  select l.system, l.person from logins l
  where not exists (select 1 from people p where p.id = l.person)
examples:
  as_of: 2026-06-30T00:00:00Z
  also: {people: [{id: ada}]}
  pass: [{system: crm, person: ada}]
  fail: [{system: crm, person: bo}]
""",
    )
    register.put("evidence/people-2026-06-29.csv", "id,manager\nada,\n")
    register.put("evidence/logins-2026-06-30.csv", 'system,person\ncrm,ada\ncrm,"bo|x"\n')
    (result,) = register.run("2026-06-30", period=("2026-06-30", "2026-12-31")).results
    assert result.failing_keys == ("crm|bo\\|x",)
    assert result.effective_on == date(2026, 6, 29)
    register.put("evidence/people-2026-06-30.csv", "id,manager\n")
    (emptied,) = register.run("2026-06-30", period=("2026-06-30", "2026-12-31")).results
    assert (emptied.outcome, emptied.reasons) == (NOT_EVALUATED, ("empty(people)",))


# ---- findings of a scanner -------------------------------------------------------------------------------------------

FINDINGS = """
cloud_findings:
  kind: findings
  path: evidence/cloud-*.json
  format: prowler_ocsf
  effective_at: {from: file_name, pattern: "cloud-(?P<date>[0-9-]+)"}
  not_applicable:
    iam_user_mfa_enabled_console_access: ["User * does not have Console Password enabled."]
"""
MFA_TEST = """
id: console-mfa
version: 1
title: Console users have a second factor
controls: [IAM-02]
assertion: configuration
source: cloud_findings
checks: [iam_user_mfa_enabled_console_access]
key: [resource_uid]
population: "check_id = 'iam_user_mfa_enabled_console_access'"
not_applicable: "status = 'not_applicable'"
fail: "status = 'fail'"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{finding_uid: a, resource_uid: a, check_id: {CHECK}, status: pass, suppressed: false}]
  fail: [{finding_uid: b, resource_uid: b, check_id: {CHECK}, status: fail, suppressed: true}]
  not_applicable: [{finding_uid: c, resource_uid: c, check_id: {CHECK}, status: not_applicable, suppressed: false}]
""".replace("{CHECK}", "iam_user_mfa_enabled_console_access")
SCANNED = "receipt: {scan_complete: true, errors: 0}\n"


@pytest.fixture
def cloud(register: "Register") -> "Register":
    register.declare(FINDINGS)
    register.add_test("console-mfa", MFA_TEST)
    register.put("evidence/cloud-2026-06-30.json", (FIXTURES / "prowler-small.ocsf.json").read_bytes())
    return register


def test_muted_findings_fail_and_vacuous_passes_do_not_apply(cloud: "Register") -> None:
    cloud.put("evidence/cloud-2026-06-30.json.receipt.yaml", SCANNED)
    (result,) = cloud.run(AS_OF).results
    assert (result.outcome, result.population) == (EVALUATED, 4)
    assert (result.passed, result.failing, result.not_applicable) == (1, 2, 1)
    assert [key.rpartition("/")[2] for key in result.failing_keys] == ["mallory", "omar"]


@pytest.mark.parametrize(
    "receipt",
    [
        None,
        "receipt: {source: aws}\n",
        "receipt: {scan_complete: true, errors: 4}\n",
        "receipt: {scan_complete: false}\n",
    ],
)
def test_a_scan_without_a_complete_receipt_is_incomplete(cloud: "Register", receipt: str | None) -> None:
    if receipt:
        cloud.put("evidence/cloud-2026-06-30.json.receipt.yaml", receipt)
    (result,) = cloud.run(AS_OF).results
    assert (result.outcome, result.failing) == (INCOMPLETE, 2)


def test_a_silent_check_is_not_evaluated_by_name(cloud: "Register") -> None:
    cloud.put("evidence/cloud-2026-06-30.json.receipt.yaml", SCANNED)
    for name in ("backup_plans_exist", "guardduty_is_enabled"):
        test_id = name.replace("_", "-")
        text = MFA_TEST.replace("console-mfa", test_id).replace("iam_user_mfa_enabled_console_access", name)
        cloud.add_test(test_id, text)
    reasons = {r.test: (r.outcome, r.reasons) for r in cloud.run(AS_OF).results}
    assert reasons["backup-plans-exist"] == (NOT_EVALUATED, ("silent_check(backup_plans_exist)",))
    assert reasons["guardduty-is-enabled"] == (NOT_EVALUATED, ("silent_check(guardduty_is_enabled)",))
    assert reasons["console-mfa"][0] is EVALUATED


def test_what_the_scanner_left_to_a_person_does_not_pass(cloud: "Register") -> None:
    cloud.put("evidence/cloud-2026-06-30.json.receipt.yaml", SCANNED)
    check = "account_security_contact_is_registered"
    text = MFA_TEST.replace("console-mfa", "contact").replace("iam_user_mfa_enabled_console_access", check)
    cloud.tests.clear()
    cloud.add_test("contact", text)
    (result,) = cloud.run(AS_OF).results
    assert (result.outcome, result.reasons) == (INCOMPLETE, ("undecided(1)",))
    cloud.add_test("contact", text.replace("status = 'fail'", "status <> 'pass'").replace("version: 1", "version: 2"))
    (result,) = cloud.run(AS_OF).results
    assert (result.outcome, result.failing) == (EVALUATED, 1)


@pytest.mark.samples
def test_the_genuine_scan_reads_12_as_4_4_4(register: "Register", samples: Path) -> None:
    register.declare(FINDINGS)
    register.add_test("console-mfa", MFA_TEST)
    register.put("evidence/cloud-2026-11-23.json", (samples / "prowler-moto.ocsf.json").read_bytes())
    register.put("evidence/cloud-2026-11-23.json.receipt.yaml", SCANNED)
    (result,) = register.run("2026-11-23").results
    assert result.outcome is EVALUATED
    assert (result.population, result.passed, result.failing, result.not_applicable) == (12, 4, 4, 4)
    assert [key.rpartition("/")[2] for key in result.failing_keys] == ["user01", "user05", "user07", "user11"]
