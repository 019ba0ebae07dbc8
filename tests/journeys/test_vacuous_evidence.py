"""Evidence that does not tell never passes and never lowers a risk: from the file to the money, through the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from buttress.cli.main import app

AS_OF = "2026-09-30"
HEADER = "account_id,worker_id,email,kind,status,is_admin,mfa_enrolled,created_at"
ROWS = [f"a{i},w{i},p{i}@example.org,human,active,false,true,2025-01-01T00:00:00Z" for i in range(40)]
RECEIPT = "receipt: {source: directory, source_total: 40, total_from: payroll, cursor_exhausted: true, errors: 0}\n"

ORGANISATION = (Path(__file__).parent / "organisation.yaml").read_text()
RISKS = """
risks:
  R-1:
    title: Accounts taken over
    statement: {cause: passwords are stolen, event: an account is used, consequence: money is lost}
    categories: [security]
    criteria: [CC6.1]
    assessments:
      - {effective_on: 2026-01-20, basis: inherent, frequency: {per_year: 0.5}, loss: {p50: 100000, p90: 900000}}
    effects: [{control: IAM-02, factor: susceptibility, efficacy: {low: 0.7, likely: 0.8, high: 0.9}}]
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    register = tmp_path / "register"
    (register / "evidence").mkdir(parents=True)
    (register / "organisation.yaml").write_text(ORGANISATION)
    (register / "register.yaml").write_text(RISKS)
    return register


def put(
    folder: Path, rows: list[str], *, day: str = AS_OF, receipt: str | None = RECEIPT, header: str = HEADER
) -> None:
    path = folder / "evidence" / f"idp-accounts-{day}.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    if receipt is not None:
        path.with_name(path.name + ".receipt.yaml").write_text(receipt)


def standing(folder: Path, test: str = "idp-mfa-active-users") -> tuple[float, str]:
    """Residual mean a year of R-1 and the verdict of the test, after a run."""
    runner = CliRunner()
    runner.invoke(app, ["test", str(folder), "--as-of", AS_OF])
    found = runner.invoke(app, ["assess", str(folder), "--as-of", AS_OF, "--json"])
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    (risk,) = document["risks"]
    verdicts = [t["verdict"] for t in document["tests"] if t["id"] == test]
    return risk["stages"]["residual"]["mean"], verdicts[0]


def empty(folder: Path) -> None:
    put(folder, [])


def stale(folder: Path) -> None:
    """Taken before the period: too old on the only day on which it can be tested."""
    put(folder, ROWS, day="2025-12-20")


def partial(folder: Path) -> None:
    put(folder, ROWS[:-3])


def failed(folder: Path) -> None:
    put(folder, ROWS, receipt=RECEIPT.replace("errors: 0", "errors: 2"))


def cut(folder: Path) -> None:
    put(folder, ROWS, receipt=RECEIPT.replace("cursor_exhausted: true", "cursor_exhausted: false"))


def torn(folder: Path) -> None:
    put(folder, [*ROWS[:-1], ROWS[-1][:12]])


def keyless(folder: Path) -> None:
    put(folder, [*ROWS[:-1], ROWS[-1].removeprefix("a39")])


def doubled(folder: Path) -> None:
    put(folder, [*ROWS[:-1], ROWS[0]])


def without_the_deciding_column(folder: Path) -> None:
    put(folder, [r.replace(",true,", ",", 1) for r in ROWS], header=HEADER.replace(",mfa_enrolled", ""))


def nobody_in_question(folder: Path) -> None:
    put(folder, [r.replace(",active,", ",disabled,") for r in ROWS])


def missing(folder: Path) -> None:
    """No file at all."""


VACUOUS = [
    empty,
    stale,
    partial,
    failed,
    cut,
    torn,
    keyless,
    doubled,
    without_the_deciding_column,
    nobody_in_question,
    missing,
]


@pytest.mark.parametrize("spoil", VACUOUS, ids=lambda f: f.__name__)
def test_evidence_that_does_not_tell_lowers_nothing(folder: Path, spoil: Callable[[Path], None]) -> None:
    untested, _ = standing(folder)
    spoil(folder)
    mean, verdict = standing(folder)
    assert mean == untested
    assert verdict in {"not_evaluated", "stale", "incomplete", "error"}


WORKERS = "worker_id,email,name,kind,status,started_at,ended_at"


def test_a_cut_data_set_beside_the_source_lowers_nothing(folder: Path) -> None:
    """Without the leavers among the workers, no account of a leaver could be found."""
    untested, _ = standing(folder)
    register = folder / "register.yaml"
    text = register.read_text().replace("idp-mfa-active-users: {}", "accounts-have-active-worker: {controls: [IAM-02]}")
    register.write_text(
        text.replace("idp_accounts:", "app_accounts:").replace(
            "control_tests:",
            "  hr_workers:\n"
            "    {title: Workers, path: 'evidence/hr-workers-*.csv', format: csv, effective_at: {from: file_name,"
            " pattern: 'hr-workers-(?P<date>[0-9-]+)'}}\ncontrol_tests:",
        )
    )
    accounts = [f"crm,a{i},w{i},p{i}@example.org,human,true,user,2025-01-01T00:00:00Z" for i in range(40)]
    put(folder, accounts, header="system,account_id,worker_id,email,kind,enabled,role,created_at")
    path = folder / "evidence" / f"hr-workers-{AS_OF}.csv"
    workers = [f"w{i},p{i}@example.org,P{i},employee,active,2025-01-01T00:00:00Z," for i in range(40)]
    receipt = path.with_name(path.name + ".receipt.yaml")

    def verdict_with(total: int) -> tuple[float, str]:
        path.write_text("\n".join([WORKERS, *workers]) + "\n")
        receipt.write_text(RECEIPT.replace("source_total: 40", f"source_total: {total}"))
        return standing(folder, "accounts-have-active-worker")

    assert verdict_with(43) == (untested, "incomplete")
    mean, verdict = verdict_with(40)
    assert (mean < untested, verdict) == (True, "pass")


def test_evidence_that_was_fresh_keeps_its_counts_and_says_stale_today(folder: Path) -> None:
    untested, _ = standing(folder)
    put(folder, ROWS, day="2026-09-20")
    mean, verdict = standing(folder)
    assert (mean < untested, verdict) == (True, "stale")


def test_whole_evidence_that_passes_lowers_the_risk(folder: Path) -> None:
    untested, _ = standing(folder)
    put(folder, ROWS)
    mean, verdict = standing(folder)
    assert (mean < untested, verdict) == (True, "pass")


def test_whole_evidence_that_fails_raises_it(folder: Path) -> None:
    untested, _ = standing(folder)
    put(folder, [r.replace(",true,", ",false,", 1) if i % 4 == 0 else r for i, r in enumerate(ROWS)])
    mean, verdict = standing(folder)
    assert (mean > untested, verdict) == (True, "fail")
