"""One failing item is mended: the residual falls by what `explain` says and by what the arithmetic says, and no more."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from buttress.cli.main import app

BEFORE, AFTER = "2026-09-30", "2026-10-01"
ACCOUNTS, FAILING = 40, 4
HEADER = "account_id,worker_id,email,kind,status,is_admin,mfa_enrolled,created_at"
RECEIPT = "receipt: {{source: directory, source_total: {}, total_from: payroll, cursor_exhausted: true, errors: 0}}\n"
EFFICACY = 0.8

ORGANISATION = (Path(__file__).parent / "organisation.yaml").read_text()
REGISTER = """
risks:
  R-1:
    title: Accounts taken over
    statement: {cause: passwords are stolen, event: an account is used, consequence: money is lost}
    categories: [security]
    criteria: [CC6.1]
    assessments:
      - {effective_on: 2026-01-20, basis: inherent, frequency: {per_year: 0.5}, loss: {p50: 100000, p90: 900000}}
    effects: [{control: IAM-02, factor: susceptibility, efficacy: {low: 0.7, likely: 0.8, high: 0.9}}]
  R-2:
    title: Nothing to do with accounts
    statement: {cause: a cable breaks, event: the office is offline, consequence: work waits}
    categories: [security]
    criteria: [CC7.5]
    assessments:
      - {effective_on: 2026-01-20, basis: inherent, frequency: {per_year: 2}, loss: {p50: 1000, p90: 9000}}
controls:
  IAM-02:
    library: IAM-02
    is_key: true
    in_place_on: 2025-01-01
    walkthroughs: [{effective_on: 2026-01-10, performed_by: ines, procedure: inspection, is_suitable: true}]
datasets:
  idp_accounts:
    title: Accounts
    path: evidence/idp-accounts-*.csv
    format: csv
    effective_at: {from: file_name, pattern: "idp-accounts-(?P<date>[0-9-]+)"}
control_tests:
  idp-mfa-active-users: {}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def put(folder: Path, day: str, failing: int) -> None:
    """The accounts of a day, the first `failing` of them without a second factor."""
    enrolled = ["false"] * failing + ["true"] * (ACCOUNTS - failing)
    rows = [
        f"a{i:02},w{i},p{i}@example.org,human,active,false,{mfa},2025-01-01T00:00:00Z" for i, mfa in enumerate(enrolled)
    ]
    path = folder / "evidence" / f"idp-accounts-{day}.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    path.with_name(path.name + ".receipt.yaml").write_text(RECEIPT.format(ACCOUNTS))


def after_run(folder: Path, day: str) -> dict[str, Any]:
    """The one control test after a run."""
    run("test", folder, "--as-of", day)
    (test,) = posture(folder, day)["tests"]
    found: dict[str, Any] = test
    return found


def posture(folder: Path, day: str) -> dict[str, Any]:
    result = run("assess", folder, "--as-of", day, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def residual(folder: Path, day: str, ref: str = "R-1") -> float:
    stages = {risk["ref"]: risk["stages"] for risk in posture(folder, day)["risks"]}
    return float(stages[ref]["residual"]["mean"])


def explained(folder: Path) -> dict[str, Any]:
    result = run("explain", folder, "--since", BEFORE, "--as-of", AFTER, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def let_through(failing: int) -> float:
    """What the control lets through: 1 − share of accounts that pass × efficacy."""
    return 1 - (1 - failing / ACCOUNTS) * EFFICACY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A register whose control test failed on the first day."""
    register = tmp_path / "register"
    (register / "evidence").mkdir(parents=True)
    (register / "organisation.yaml").write_text(ORGANISATION)
    (register / "register.yaml").write_text(REGISTER)
    put(register, BEFORE, FAILING)
    assert after_run(register, BEFORE)["counts"]["failing"] == FAILING
    return register


def test_one_mended_item_lowers_the_residual_by_exactly_what_is_explained(folder: Path) -> None:
    was = residual(folder, BEFORE)
    put(folder, AFTER, FAILING - 1)
    assert after_run(folder, AFTER)["counts"]["failing"] == FAILING - 1
    now, found = residual(folder, AFTER), explained(folder)
    assert now / was == pytest.approx(let_through(FAILING - 1) / let_through(FAILING))
    assert found["mean_cents"] == round(100 * (now - was)) < 0
    assert [(c["kind"], c["subject"], c["cents"]) for c in found["causes"]] == [
        ("test_result", "idp-mfa-active-users", found["mean_cents"])
    ]
    assert found["causes"][0]["detail"] == (
        f"idp-mfa-active-users: 3 of 40 failing on {AFTER}, before 4 of 40 failing on {BEFORE}"
    )


def test_mending_moves_only_the_risk_on_which_the_control_acts(folder: Path) -> None:
    untouched = residual(folder, BEFORE, "R-2")
    put(folder, AFTER, FAILING - 1)
    after_run(folder, AFTER)
    assert [move["ref"] for move in explained(folder)["moves"]] == ["R-1"]
    assert residual(folder, AFTER, "R-2") == untouched


def test_the_earlier_day_stays_as_it_was(folder: Path) -> None:
    before = posture(folder, BEFORE)
    put(folder, AFTER, 0)
    assert after_run(folder, AFTER)["verdict"] == "pass"
    assert posture(folder, BEFORE) == before


def test_a_corrected_file_of_the_same_day_gives_a_later_result_that_stands(folder: Path) -> None:
    put(folder, AFTER, FAILING)
    assert after_run(folder, AFTER)["verdict"] == "fail"
    stored = {path: path.read_bytes() for path in (folder / "results").glob("*.json")}
    put(folder, AFTER, 0)
    assert after_run(folder, AFTER)["verdict"] == "pass"
    assert {path: path.read_bytes() for path in stored} == stored
    assert len(list((folder / "results").glob("*.json"))) == len(stored) + 1
    now, found = residual(folder, AFTER), explained(folder)
    assert now / residual(folder, BEFORE) == pytest.approx(let_through(0) / let_through(FAILING))
    assert found["mean_cents"] == round(100 * (now - residual(folder, BEFORE)))
    assert found["causes"][0]["detail"].startswith(f"idp-mfa-active-users: 0 of 40 failing on {AFTER}")


def test_a_correction_for_the_worse_stands_as_well(folder: Path) -> None:
    put(folder, AFTER, 0)
    assert after_run(folder, AFTER)["verdict"] == "pass"
    put(folder, AFTER, FAILING + 1)
    assert after_run(folder, AFTER)["verdict"] == "fail"
    assert residual(folder, AFTER) / residual(folder, BEFORE) == pytest.approx(
        let_through(FAILING + 1) / let_through(FAILING)
    )
    assert explained(folder)["mean_cents"] > 0


def test_what_is_printed_says_the_same_as_what_is_counted(folder: Path) -> None:
    put(folder, AFTER, FAILING - 1)
    after_run(folder, AFTER)
    fall = residual(folder, BEFORE) - residual(folder, AFTER)
    text = run("explain", folder, "--since", BEFORE, "--as-of", AFTER).stdout
    assert text.startswith(f"The mean fell by {round(fall):,} USD a year, 30 Sep 2026 to 1 Oct 2026")
    assert "idp-mfa-active-users: 3 of 40 failing on 1 Oct 2026" in " ".join(text.split())
