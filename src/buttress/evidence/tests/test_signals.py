"""What a new snapshot shows against itself: a feed that repeats, rows of the future, columns that are gone."""

from typing import TYPE_CHECKING

import pytest

from buttress.core.verdicts import Outcome, TestResult

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

USERS = """
users:
  path: evidence/users-*.csv
  format: csv
  key: [id]
  columns:
    id: {type: text}
    mfa: {type: boolean}
    seen_on: {type: date, past: "true"}
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
"""
TEST = """
id: second-factor
version: 1
title: Every user has a second factor
controls: [IAM-02]
assertion: operating
source: users
key: [id]
population: "true"
fail: "not coalesce(mfa, false)"
completeness: {max_shrink: 0.9}
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{id: a, mfa: true}]
  fail: [{id: b}]
"""


def result(register: "Register", as_of: str, text: str = USERS, test: str = TEST) -> TestResult:
    register.declare(text)
    register.add_test("second-factor", test)
    (found,) = register.run(as_of, period=(as_of, "2026-12-31")).results
    return found


def put(register: "Register", day: str, rows: str, header: str = "id,mfa,seen_on") -> None:
    register.put(f"evidence/users-{day}.csv", f"{header}\n{rows}\n")


def limited(limit: str) -> str:
    return USERS.replace("  effective_at", f"  changes_within: {limit}\n  effective_at")


@pytest.mark.parametrize(
    ("limit", "reasons"),
    [("29 days", ("repeats(30 d > 29 d)",)), ("30 days", ()), ("1 day", ("repeats(10 d > 24 h)",))],
)
def test_a_feed_that_repeats_itself_is_stale_however_new_its_files(
    register: "Register", limit: str, reasons: tuple[str, ...]
) -> None:
    for day in ("05-31", "06-10", "06-20", "06-30"):
        put(register, f"2026-{day}", "a,true,\nb,true,")
    put(register, "2026-06-20", "b,true,\na,true,")  # another order of rows is the same content
    found = result(register, "2026-06-30", limited(limit))
    assert found.reasons == reasons
    assert found.outcome is (Outcome.INCOMPLETE if reasons else Outcome.EVALUATED)


def test_a_feed_that_changed_and_changed_back_does_not_repeat_itself(register: "Register") -> None:
    put(register, "2026-05-31", "a,true,")
    put(register, "2026-06-15", "b,true,")
    put(register, "2026-06-30", "a,true,")
    assert result(register, "2026-06-30", limited("20 days")).reasons == ()


def test_a_source_that_may_stay_as_it_is_never_repeats_itself(register: "Register") -> None:
    put(register, "2026-01-31", "a,true,")
    put(register, "2026-06-30", "a,true,")
    assert result(register, "2026-06-30").reasons == ()


def test_an_earlier_file_that_comes_in_late_calls_for_a_new_result(register: "Register") -> None:
    put(register, "2026-06-30", "a,true,")
    assert result(register, "2026-06-30", limited("20 days")).reasons == ()
    put(register, "2026-05-31", "a,true,")
    assert result(register, "2026-06-30", limited("20 days")).reasons == ("repeats(30 d > 20 d)",)


def test_rows_that_tell_of_the_future_are_a_doubt(register: "Register") -> None:
    put(register, "2026-06-30", "a,true,2026-07-01\nb,true,2026-07-02\nc,true,2062-06-30\nd,true,")
    found = result(register, "2026-06-30")
    assert (found.outcome, found.reasons) == (Outcome.INCOMPLETE, ("future_rows(2)",))
    assert result(register, "2026-06-30", USERS.replace(', past: "true"', "")).reasons == ()


def test_a_column_that_the_file_before_had_is_missed(register: "Register") -> None:
    text = """
idp_accounts:
  path: evidence/users-*.csv
  format: csv
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
"""
    test = """
id: second-factor
version: 1
title: Every account has a second factor
controls: [IAM-02]
assertion: operating
source: idp_accounts
key: [account_id]
population: "status = 'active'"
fail: "not coalesce(mfa_enrolled, false)"
completeness: {max_shrink: 0.9}
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{account_id: a, status: active, kind: human, mfa_enrolled: true}]
  fail: [{account_id: b, status: active, kind: human}]
"""
    put(register, "2026-05-31", "a,human,active,true,false", "account_id,kind,status,mfa_enrolled,vaulted")
    put(register, "2026-06-15", "a,human,active,true", "account_id,kind,status,mfa_enrolled")
    put(register, "2026-06-30", "b,human,active,true", "account_id,kind,status,mfa_enrolled")
    assert result(register, "2026-06-15", text, test).reasons == ("columns_lost(vaulted)",)
    assert result(register, "2026-06-30", text, test).reasons == ()
