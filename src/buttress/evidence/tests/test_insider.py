"""Somebody who may write into the folder wants a control to look passed: what is refused, and what is made visible."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from buttress.core.verdicts import Outcome
from buttress.evidence.declarations import read_declaration
from buttress.evidence.declared_terms import Adoption
from buttress.evidence.merkle import merkle_root
from buttress.evidence.results import Entry, read_results, read_results_files, result_body, write_results
from buttress.evidence.tests.test_hostile_files import TEST, USERS, in_time
from buttress.evidence.tests.test_results import RESULT, record
from buttress.formats.models import validated
from buttress.formats.problems import ProblemsError
from buttress.formats.strict_yaml import read_yaml

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

MAY, JUNE = "evidence/users-2026-05-31.csv", "evidence/users-2026-06-30.csv"
GOOD, BAD = "id,mfa\na,true\nb,true\n", "id,mfa\na,true\nb,false\n"


@pytest.fixture
def users(register: "Register") -> "Register":
    """Good in May, failing in June."""
    register.declare(USERS)
    register.add_test("users", TEST)
    register.put(MAY, GOOD)
    register.put(JUNE, BAD)
    return register


# ---- evidence and declarations ---------------------------------------------------------------------------------------


def test_a_key_that_does_not_tell_failing_items_apart_is_an_error_and_spoils_no_file(register: "Register") -> None:
    register.declare(USERS.replace("mfa: {type: boolean}", "mfa: {type: boolean}, team: {type: text}"))
    register.add_test("users", TEST.replace("key: [id]", "key: [team]"))
    register.put(JUNE, "id,mfa,team\na,true,x\nb,false,y\nc,false,y\n")
    (result,) = register.run("2026-06-30").results
    assert (result.outcome, result.reasons) == (Outcome.ERROR, ("repeated_keys(1 rows)",))
    assert [r.outcome for r in read_results(register.folder)] == [Outcome.ERROR]


def test_evidence_exchanged_after_its_test_is_told(users: "Register") -> None:
    users.run("2026-06-30")
    users.put(JUNE, GOOD)
    summary = users.run("2026-06-30")
    (result,) = summary.results
    assert (result.failing, result.reasons) == (0, (f"evidence_replaced({JUNE})",))
    assert [(p.file, p.found) for p in summary.problems] == [(JUNE, "other bytes than were tested before")]
    assert [r.failing for r in read_results(users.folder)] == [0, 1, 0], "what was found before stays"


def test_an_old_export_under_a_new_date_contradicts_its_receipt(users: "Register") -> None:
    receipt = "receipt: {finished_at: 2026-05-31T06:00:00Z}\n"
    users.put(f"{MAY}.receipt.yaml", receipt)
    users.put(JUNE, GOOD)
    users.put(f"{JUNE}.receipt.yaml", receipt)
    may, june = users.run("2026-06-30").results
    assert (may.outcome, may.reasons) == (Outcome.EVALUATED, ())
    assert (june.outcome, june.reasons) == (Outcome.INCOMPLETE, ("dated_after_extraction(2026-06-30 > 2026-05-31)",))


@pytest.mark.parametrize(
    "rows",
    [
        "01,true\n",  # another text, another key: more items, and an independent total says so
        "A,true\n",
        '"a ",true\n',
    ],
)
def test_items_padded_by_other_spellings_differ_from_the_independent_total(users: "Register", rows: str) -> None:
    users.put(JUNE, BAD + rows)
    users.put(f"{JUNE}.receipt.yaml", "receipt: {source_total: 2, total_from: payroll}\n")
    june = users.run("2026-06-30").results[-1]
    assert (june.outcome, june.reasons) == (Outcome.INCOMPLETE, ("difference(+1)",))


@pytest.mark.parametrize(("kind", "same"), [("decimal, scale: 2", ("1", "1.00")), ("integer", ("1", "1"))])
def test_keys_that_are_equal_only_once_typed_are_repeated(
    register: "Register", kind: str, same: tuple[str, str]
) -> None:
    register.declare(USERS.replace("id: {type: text", f"id: {{type: {kind}"))
    register.add_test("users", TEST.replace("id: a,", "id: 1,").replace("id: b,", "id: 2,"))
    register.put(JUNE, f"id,mfa\n{same[0]},true\n{same[1]},true\n")
    (result,) = register.run("2026-06-30").results
    assert (result.outcome, result.reasons) == (Outcome.INCOMPLETE, ("repeated_keys(1)",))


@pytest.mark.parametrize("rate", ["1", "1.0", "100 %"])
def test_no_test_tolerates_every_failure(register: "Register", rate: str) -> None:
    with pytest.raises(ProblemsError, match="a rate below 1"):
        register.add_test("users", f"{TEST}thresholds: {{tolerable_rate: {rate}}}\n")
    adoption = f"thresholds: {{tolerable_rate: {rate}}}\n"
    with pytest.raises(ProblemsError, match="a rate below 1"):
        validated(Adoption, read_yaml(adoption, file="evidence.yaml"))


@pytest.mark.parametrize("kind", ["link", "pipe", "huge"])
def test_a_declaration_is_a_regular_file_of_moderate_size(register: "Register", kind: str) -> None:
    register.add_test("users", TEST)
    path = register.folder / "control_tests" / "users" / "test.yaml"
    moved = path.rename(register.folder / "elsewhere.yaml")
    if kind == "link":
        path.symlink_to(moved)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.touch()
        os.truncate(path, 1 << 40)
    found = in_time(lambda: read_declaration(path, shown_as="control_tests/users/test.yaml"))
    assert str(found).startswith("control_tests/users/test.yaml: found")


# ---- results files ---------------------------------------------------------------------------------------------------


def problems_of(folder: Path) -> str:
    with pytest.raises(ProblemsError) as error:
        read_results(folder)
    return str(error.value)


def test_each_file_names_the_one_before(users: "Register") -> None:
    users.run("2026-06-30")
    may, june = read_results_files(users.folder)
    assert (may.sequence, may.previous, june.sequence, june.previous) == (1, None, 2, may.root)


def test_an_earlier_file_cannot_go_alone(users: "Register") -> None:
    may, june = users.run("2026-06-30").written
    may.unlink()
    assert june.name in problems_of(users.folder)
    assert "which is not here" in problems_of(users.folder)


def test_an_earlier_file_cannot_be_written_anew_alone(users: "Register") -> None:
    may, _ = users.run("2026-06-30").written
    (file, _) = read_results_files(users.folder)
    may.unlink()
    forged = {**file.record, "started": "2020-01-01T00:00:00+00:00"}
    write_results(users.folder, forged, file.entries[1:])  # well-formed: every digest computed again
    assert "which is not here" in problems_of(users.folder)


def test_a_file_of_another_folder_is_found_out(users: "Register", new_register: Callable[[], "Register"]) -> None:
    other = new_register()
    other.declare(USERS)
    other.add_test("users", TEST)
    other.put(MAY, "id,mfa\nother,true\n")
    other.put(JUNE, "id,mfa\nother,true\n")
    foreign = other.run("2026-06-30").written[-1]
    users.run("2026-06-30")
    shutil.copy(foreign, users.folder / "results")
    assert foreign.name in problems_of(users.folder)


def test_an_old_good_run_cannot_be_stored_again_as_a_newer_one(users: "Register") -> None:
    users.run("2026-06-30")
    may, _ = read_results_files(users.folder)
    write_results(users.folder, {**may.record, "as_of": "2026-07-31", "sequence": 9}, may.entries[1:])
    assert "as of 2026-05-31" in problems_of(users.folder)


def forged(folder: Path, body: dict[str, Any], **of_record: object) -> None:
    write_results(folder, {**record(), **of_record}, [Entry("result", {**result_body(RESULT), **body})])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"as_of": "2026-07-30"}, "as of 2026-07-30"),
        ({"effective_at": "2030-06-30T00:00:00+00:00"}, "effective at 2030"),
        ({"effective_at": "2026-06-30T00:00:00"}, "effective at"),
        ({"failing_keys": "ab"}, "without lists"),
        ({"left_keys": "ab"}, "without lists"),
        ({"failing_since": None}, "cannot be read"),
        ({"failing_since": ["2026-06-01"]}, "1 dates beside 2 failing keys"),
        ({"failing_since": ["2026-06-01", "yesterday"]}, "the date 'yesterday'"),
        ({"failing_since": [20260601, None]}, "the date"),
        ({"left_keys": ["x", "x"]}, "a key in two states"),
        ({"undecided_keys": ["crm|é"]}, "a key in two states"),
        ({"undecided_keys": [7]}, "keys that are no texts"),
        ({"inputs": "ab"}, "without lists"),
        ({"population": True}, "counts that are none"),
        ({"version": "2"}, "counts that are none"),
        ({"outcome": "passed"}, "cannot be read"),
        ({"failing_rows": {"sha256": "../../../x", "path": "rows/../../../x.parquet"}}, "shown as"),
    ],
)
def test_a_forged_result_that_no_run_could_store_is_refused(tmp_path: Path, body: dict[str, Any], found: str) -> None:
    forged(tmp_path, body)
    expected = "follows from the digest" if found == "shown as" else found
    assert expected in problems_of(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": None},
        {"sequence": "1"},
        {"sequence": 0},
        {"previous": "x"},
        {"previous": 7},
        {"previous": "0" * 64},
    ],
)
def test_a_forged_record_is_a_problem_and_no_crash(tmp_path: Path, change: dict[str, object]) -> None:
    forged(tmp_path, {}, **change)
    assert "results/2026-06-30" in problems_of(tmp_path)


@pytest.mark.parametrize("missing", ["as_of", "sequence"])
def test_a_record_without_its_fields_is_a_problem_and_no_crash(tmp_path: Path, missing: str) -> None:
    path = write_results(tmp_path, record(), []).path
    content = json.loads(path.read_text())
    body = {name: value for name, value in content["entries"][0]["body"].items() if name != missing}
    run = Entry("run", body)
    content["entries"][0] = {"kind": "run", "sha256": run.leaf.hex(), "body": body}
    path.write_text(json.dumps({**content, "root": merkle_root([run.leaf]).hex()}))
    assert missing in problems_of(tmp_path)


def test_two_results_of_one_test_in_a_run_are_refused(tmp_path: Path) -> None:
    write_results(tmp_path, record(), [Entry("result", result_body(RESULT)), Entry("result", result_body(RESULT))])
    assert "two results of one test" in problems_of(tmp_path)


def test_a_forged_definition_stops_no_later_run_by_a_crash(users: "Register") -> None:
    write_results(users.folder, record(), [Entry("definition", {"test": "users", "version": "9"})])
    assert "a definition of 'users'" in problems_of(users.folder)
