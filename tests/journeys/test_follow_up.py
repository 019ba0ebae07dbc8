"""A deviation through real runs: it opens, is borne for a time as the how-to page says, ages on, is mended, or leaves."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from buttress.cli.main import app

ROOT = Path(__file__).parents[2]
ORGANISATION = (Path(__file__).parent / "organisation.yaml").read_text()
PAGE = (ROOT / "docs" / "how-to" / "follow-up-deviations.md").read_text()
RECORDS = """
persons: {ines: {name: Ines}, omar: {name: Omar Haddad}, erin: {name: Erin}}
controls:
  IAM-02: {library: IAM-02, in_place_on: 2025-01-01, owner: omar}
datasets:
  idp_accounts:
    title: Accounts of the identity provider
    path: evidence/idp-accounts-*.csv
    format: csv
    effective_at: {from: file_name, pattern: "idp-accounts-(?P<date>[0-9-]+)"}
control_tests:
  idp-mfa-active-users: {owner: omar}
"""
HEADER = "account_id,status,kind,mfa_enrolled,created_at\n"


@pytest.fixture
def register(tmp_path: Path) -> Path:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "approval.md").write_text("Agreed on 2 March.\n")
    organisation = re.sub(r"^persons:.*\n", "", ORGANISATION, flags=re.MULTILINE)
    exception = re.sub(r"^   ", "", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0], flags=re.MULTILINE)
    (tmp_path / "organisation.yaml").write_text(organisation + RECORDS)
    (tmp_path / "exceptions.yaml").write_text(exception)
    return tmp_path


def bring(register: Path, day: str, **enrolled: bool) -> None:
    rows = [f"{ref},active,human,{str(on).lower()},2026-01-05T09:00:00Z\n" for ref, on in enrolled.items()]
    rows += [f"ok{n},active,human,true,2025-01-05T09:00:00Z\n" for n in range(20)]
    (register / "evidence" / f"idp-accounts-{day}.csv").write_text(HEADER + "".join(rows))


def ask(*words: object) -> dict[str, object]:
    result = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert not result.exception or isinstance(result.exception, SystemExit), result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def states(register: Path, day: str) -> dict[str, tuple[object, ...]]:
    found = ask("deviations", register, "--as-of", day)
    rows = found["rows"]
    assert isinstance(rows, list)
    return {row["key"]: (row["state"], row["ending"], row["exception"], row["opened_on"]) for row in rows}


def test_a_deviation_lives_as_the_pages_say(register: Path) -> None:
    bring(register, "2026-03-01", a1=False, a2=False, a3=False)
    bring(register, "2026-03-10", a1=True, a2=False)
    bring(register, "2026-03-15", a1=False, a2=False)
    ask("test", register, "--as-of", "2026-03-15")
    created = "2026-01-05"
    assert states(register, "2026-03-01")["a2"] == ("open", None, None, created)
    assert states(register, "2026-03-10") == {
        "a1": ("closed", "fixed", None, created),
        "a2": ("excepted", None, "EX-1", created),
        "a3": ("closed", "left_population", None, created),
    }
    assert states(register, "2026-03-16")["a1"] == ("open", None, None, "2026-03-15")
    assert states(register, "2026-03-21")["a2"] == ("open", None, None, created)
    late = next(row for row in ask("deviations", register, "--as-of", "2026-03-21")["rows"] if row["key"] == "a2")  # type: ignore[attr-defined]
    assert (late["due_on"], late["is_late"], late["owner_name"]) == ("2026-01-06", True, "Omar Haddad")
    due = CliRunner().invoke(app, ["due", str(register), "--as-of", "2026-03-21"]).stdout
    assert "Omar Haddad" in due
    runs = ask("runs", register, "--control", "IAM-02", "--as-of", "2026-03-16", "--period", "2026-03-05..2026-03-31")
    (test,) = runs["tests"]  # type: ignore[misc]
    assert [(run["as_of"], run["failed"], run["excepted"]) for run in test["runs"]] == [
        ("2026-03-10", 0, 1),
        ("2026-03-15", 1, 1),
    ]


def test_every_command_of_the_page_answers(register: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(register, "2026-03-01", a1=False)
    monkeypatch.chdir(register.parent)
    commands = re.findall(r"^ *buttress (.*?)(?: > .*)?$", PAGE, re.MULTILINE)
    assert {words.split()[0] for words in commands} == {"due", "deviations", "calendar", "runs"}
    for words in commands:
        asked = words.replace("register", str(register)).split()
        result = CliRunner().invoke(app, [*asked, "--as-of", "2026-03-02"])
        assert result.exit_code == 0, result.output
