"""The snippets of the how-to pages work as they stand."""

import re
from pathlib import Path

from typer.testing import CliRunner

from buttress.cli.main import app

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
ORGANISATION = (Path(__file__).parent / "organisation.yaml").read_text()
CONTROLS = """
controls:
  IAM-04: {library: IAM-04, in_place_on: 2025-01-01}
  IAM-07: {library: IAM-07, in_place_on: 2025-01-01}
"""


def snippets(page: str) -> list[str]:
    """YAML blocks of a page, without the indentation of the list they stand in."""
    blocks = re.findall(r"^( *)```yaml\n(.*?)^ *```", (HOW_TO / page).read_text(), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks]


def folder(tmp_path: Path) -> Path:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "organisation.yaml").write_text(ORGANISATION + CONTROLS)
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_evidence_is_connected_as_the_page_says(tmp_path: Path) -> None:
    register = folder(tmp_path)
    declared, receipt = snippets("connect-evidence.md")
    (register / "evidence.yaml").write_text(declared)
    accounts = "system,account_id,worker_id,kind,enabled,disabled_at\n"
    accounts += "crm,a1,w1,human,true,\ncrm,a2,w2,human,false,2026-09-02T08:00:00Z\n"
    workers = "worker_id,kind,status,started_at,ended_at\nw1,employee,ended,2025-01-01T00:00:00Z,2026-09-20T00:00:00Z\n"
    workers += "w2,employee,ended,2025-01-01T00:00:00Z,2026-09-02T00:00:00Z\n"
    (register / "evidence" / "app-accounts-2026-09-30.csv").write_text(accounts)
    (register / "evidence" / "hr-workers-2026-09-30.csv").write_text(workers)
    (register / "evidence" / "hr-workers-2026-09-30.csv.receipt.yaml").write_text(receipt.replace("214", "2"))
    assert run("check", str(register))[0] == 0
    code, output = run("test", str(register), "--as-of", "2026-09-30")
    assert (code, "fail" in output) == (1, True), output


def test_a_control_test_is_written_as_the_page_says(tmp_path: Path) -> None:
    register = folder(tmp_path)
    test, dataset = snippets("write-a-control-test.md")
    (register / "control_tests" / "api-keys-rotated").mkdir(parents=True)
    (register / "control_tests" / "api-keys-rotated" / "test.yaml").write_text(test)
    (register / "evidence.yaml").write_text(dataset)
    rows = "key_id,active,created_at,owner\nk1,true,2026-09-01T00:00:00Z,omar\nk2,true,2026-08-01T00:00:00Z,omar\n"
    (register / "evidence" / "api-keys-2026-09-30.csv").write_text(rows)
    code, output = run("check", str(register))
    assert code == 0, output
    code, output = run("test", str(register), "--as-of", "2026-09-30")
    assert (code, "pass" in output) == (0, True), output
