"""The command line on the database: from an empty machine to a register that is applied, asked, exported and verified."""

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

from buttress.cli.main import app
from buttress.orgs.role_names import Role
from buttress.orgs.tests.organisations import harbourline, saltmarsh
from buttress.register.demo import DEMO, anchor_of

# Whole installations take minutes of everybody's time: they run with the fault tests.
pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
SMALL = (Path(__file__).parent / "organisation.yaml").read_text()
RECORDS = """
persons: {ruth: {name: Ruth}, omar: {name: Omar}, erin: {name: Erin}}
risks:
  R-1:
    title: Leavers keep access
    statement: {cause: accounts stay live, event: a leaver signs in, consequence: data leaves}
    categories: [security]
    owner: ruth
    assessments:
      - effective_on: 2026-01-20
        basis: inherent
        frequency: {low: 0.3, high: 2}
        loss: {p50: 30000, p90: 400000}
    acceptances:
      - effective_on: 2026-02-01
        accepted_by: erin
        authority: executive
        requested_by: ruth
        reason: cheaper to bear
        until: 2999-12-31
        ceiling: {annual_loss: 100000000}
"""

APPETITE = """\
  appetite:
    - effective_on: 2025-12-01
      highest_rating: low
      curve: [{loss: 1000, probability: 0.25}, {loss: 5000, probability: 0.01}]
      authorities: [{role: executive, highest_rating: high, annual_loss: 500000000, held_by: [erin]}]
"""

SETUP = ("setup", "--org", "harbourline", "--name", "Harbourline", "--owner", "ada", "--owner-name", "Ada Brandt")

RUN_ALL = """
import json, os, sqlite3, sys
from typer.testing import CliRunner
from buttress.cli.main import app
said = []
for words in json.load(sys.stdin):
    if words[0] == "sql":
        with sqlite3.connect(os.environ["BUTTRESS_DATA"] + "/buttress.sqlite3") as connection:
            connection.execute(words[1])
        continue
    result = CliRunner().invoke(app, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    said.append([result.exit_code, result.stdout, result.stderr])
print(json.dumps(said))
"""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def on_machine(data: Path, *commands: Sequence[object], cwd: Path | None = None, **settings: str) -> list[Said]:
    """Commands one after another in a process of its own, on the installation in `data`; `sql` is done behind their back."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BUTTRESS_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL],
        input=json.dumps([[str(word) for word in words] for words in commands]),
        env={**kept, "BUTTRESS_DATA": str(data), **settings},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Said(*each) for each in json.loads(done.stdout.splitlines()[-1])]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refusal(*words: object) -> str:
    """What a refused command says: one line on standard error, code 2."""
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, ""), (result.output, result.exception)
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    register = tmp_path / "register"
    register.mkdir()
    organisation = SMALL.replace("  engagements:", f"{APPETITE}  engagements:").split("persons:")[0]
    (register / "organisation.yaml").write_text(organisation)
    (register / "records.yaml").write_text(RECORDS)
    return register


@pytest.fixture(scope="module")
def first_setups(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Said]]:
    """An installation with one organisation, and what the commands said that made it."""
    data = tmp_path_factory.mktemp("installation") / "data"
    said = on_machine(
        data,
        ("setup",),
        ("sql", f"VACUUM INTO '{data.parent / 'bare.sqlite3'}'"),
        ("assess",),
        ("setup",),
        ("setup", "--org", "harbourline"),
        (*SETUP, "--time-zone", "Europe/Amsterda"),
        (*SETUP, "--currency", "euro"),
        (*SETUP, "--time-zone", "Europe/Amsterdam", "--currency", "EUR"),
        SETUP,
    )
    return data, said


@pytest.fixture
def installed(first_setups: tuple[Path, list[Said]], tmp_path: Path) -> Path:
    """A copy of that installation."""
    return Path(shutil.copytree(first_setups[0], tmp_path / "data"))


def test_setup_makes_a_private_place_once_and_says_what_it_found(first_setups: tuple[Path, list[Said]]) -> None:
    data, (bare, nobody, again, half, zone, currency, founded, same) = first_setups
    assert "Made the database" in bare.out
    assert "There is no organisation yet; found one with: buttress org add" in bare.out
    assert nobody.err == "There is no organisation yet; found one with: buttress org add\n"
    assert "is up to date" in again.out
    assert (half.code, half.err) == (2, "--name is missing: give it, or run this at a terminal, which asks\n")
    assert zone.err == ("--time-zone: found 'Europe/Amsterda'; expected a time zone such as Europe/Amsterdam or UTC.\n")
    assert currency.err.startswith("--currency: found 'euro'; expected")
    assert "harbourline: Harbourline, EUR, Europe/Amsterdam; members: ada" in founded.out
    assert (same.code, same.out.splitlines()[-1]) == (0, "There is an organisation: harbourline")
    assert data.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in data.iterdir() if path.is_file()} == {0o600}


def test_from_setup_to_a_verified_register(installed: Path, tmp_path: Path, demo: tuple[Path, Result]) -> None:
    """Folder and database give the same posture, an export applied again changes nothing, and everything verifies."""
    register, exported, kept = tmp_path / "demo", tmp_path / "exported", tmp_path / "checkpoint"
    shutil.copytree(demo[0], register)
    asked = ("--as-of", anchor_of(DEMO), "--json")
    said = on_machine(
        installed,
        ("plan", register),
        ("apply", register, "--yes", "--reason", "first load"),
        ("plan", register),
        ("assess", register, *asked),
        ("assess", *asked),
        ("trace", register, "R-002", *asked),
        ("trace", "R-002", *asked),
        ("test", *asked),
        ("export", exported, "--with-results"),
        ("plan", exported),
        ("verify", "--write-checkpoint", kept),
        ("verify", "--checkpoint", kept),
        ("figures", "check"),
    )
    assert [each.code for each in said] == [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], said
    assert "60  risks " in said[0].out
    assert "Nothing to do" in said[2].out
    assert said[3].out == said[4].out
    assert said[5].out == said[6].out
    assert json.loads(said[7].out)["new"] == 0
    assert "60 risks" in said[8].out
    assert "Nothing to do" in said[9].out
    assert "all is as it was recorded" in said[10].out
    assert kept.read_text().startswith("harbourline:")


def test_what_is_backed_up_is_restored_whole_elsewhere(
    installed: Path, first_setups: tuple[Path, list[Said]], folder: Path, tmp_path: Path
) -> None:
    file, elsewhere = tmp_path / "backup.zip", tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(first_setups[0].parent / "bare.sqlite3", elsewhere / "buttress.sqlite3")
    kept = tmp_path / "checkpoint"
    applied, marked, written, again, full = on_machine(
        installed,
        ("apply", folder, "--yes"),
        ("verify", "--write-checkpoint", kept),
        ("backup", file),
        ("backup", file),
        ("restore", file),
    )
    assert (applied.code, marked.code, written.code) == (0, 0, 0), (applied, marked, written)
    digest, checkpoint = re.search("SHA-256 ([0-9a-f]{64})", written.out)[1], kept.read_text().strip()
    assert f"{file}: harbourline; " in written.out
    assert "exists already" in again.err
    assert (full.code, "empty" in full.err) == (2, True)
    *refused, restored, verified, planned, checked = on_machine(
        elsewhere,
        ("restore", tmp_path / "none.zip"),
        ("restore", folder / "records.yaml"),
        ("restore", file, "--sha256", "0" * 64),
        ("restore", file, "--sha256", "0"),
        ("restore", file, "--checkpoint", tmp_path / "none.txt"),
        ("restore", file, "--checkpoint", f"{checkpoint[:-64]}{'0' * 64}"),
        ("restore", file, "--sha256", digest.upper(), "--checkpoint", kept),
        ("verify", "--checkpoint", checkpoint),
        ("plan", folder),
        ("figures", "check"),
    )
    words = ("none.zip", "no backup", "as kept elsewhere", "is no SHA-256", "is no file", "does not pass through")
    assert [(each.code, word in each.err) for each, word in zip(refused, words, strict=True)] == [(2, True)] * 6, (
        refused
    )
    assert restored.out.startswith("Restored harbourline; ")
    assert restored.err == ""
    assert (verified.code, planned.code, checked.code) == (0, 0, 0), (verified, planned, checked)


def test_personal_data_goes_out_of_the_trail_for_good(installed: Path) -> None:
    unasked, foreign, erased, logged, verified = on_machine(
        installed,
        ("erase", "2", "name", "--reason", "Asked for"),
        ("erase", "2", "role", "--reason", "Asked for", "--yes"),
        ("erase", "2", "name", "--reason", "Asked for", "--yes"),
        ("log", "--json"),
        ("verify",),
    )
    assert (unasked.code, unasked.err) == (2, "Nothing was erased: say --yes, or run this at a terminal, which asks\n")
    assert (foreign.code, "'role' of entry 2 is no personal field" in foreign.err) == (2, True)
    assert (erased.code, erased.err) == (0, "Erased name from entry 2 of harbourline\n")
    newest, *_, person, _ = json.loads(logged.out)["entries"]
    assert (newest["event"], newest["values"]["reason"]) == ("erased from the audit trail", "Asked for")
    assert (person["sequence"], person["values"]["after.name"]) == (2, None)
    assert verified.code == 0


def test_what_stands_where_there_is_no_database_yet(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (tmp_path / "organisation.yaml").touch()
    commands = (("assess",), ("plan", tmp_path), ("member", "list"), ("verify",), ("log",))
    for said in on_machine(data, *commands):
        assert (said.code, said.out) == (2, "")
        assert said.err == f"There is no database at {data / 'buttress.sqlite3'}; make it with: buttress setup\n"
    assert not data.exists()


def test_a_database_of_another_version_or_without_its_guards_is_refused(installed: Path) -> None:
    file = sqlite3.connect(installed / "buttress.sqlite3")
    guard = file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchone()[0]
    file.close()
    unguarded, verified, mended, listed, old, newer = on_machine(
        installed,
        ("sql", f"DROP TRIGGER {guard}"),
        ("member", "list"),
        ("verify",),
        ("setup",),
        ("member", "list"),
        ("sql", "DELETE FROM django_migrations WHERE app = 'register'"),
        ("member", "list"),
        ("sql", "INSERT INTO django_migrations (app, name, applied) VALUES ('orgs', '9999_later', '2026-01-01')"),
        ("member", "list"),
    )
    assert unguarded.err.startswith("The database does not refuse what it must")
    assert unguarded.err.endswith("Mend it with: buttress setup\n")
    assert (verified.code, "1 problem in" in verified.out) == (1, True)
    assert "Restored 1 guard of the database" in mended.out
    assert listed.code == 0
    assert old.err.startswith("The database is not of this version")
    assert old.err.endswith("bring it up to date with: buttress setup\n")
    assert newer.err.startswith("The database was made by a newer version of Buttress (orgs.9999_later is unknown")


def test_a_wrong_setting_or_a_server_that_is_away_is_one_line(tmp_path: Path) -> None:
    (misspelt,) = on_machine(tmp_path, ("member", "list"), BUTTRESS_DATABASE_ULR="sqlite:////tmp/x/y")
    assert misspelt.err.startswith("BUTTRESS_DATABASE_ULR: found an unknown setting")
    assert misspelt.err.endswith("Did you mean BUTTRESS_DATABASE_URL?\n")
    away = f"postgresql://ada:s3cret@/buttress?host={tmp_path}"
    (gone,) = on_machine(tmp_path, ("member", "list"), BUTTRESS_DATABASE_URL=away)
    assert (gone.code, gone.out, gone.err.count("\n")) == (2, "", 1)
    assert gone.err.startswith("The database does not do it (")
    assert "s3cret" not in gone.err


@pytest.mark.django_db
def test_who_acts_and_where_is_named_when_there_are_several() -> None:
    harbourline()
    assert refusal("member", "list") == (
        "harbourline has 6 members; say who acts with --as: ada, erin, omar, paul, ruth, vera"
    )
    assert refusal("member", "list", "--as", "rut") == "There is no member 'rut' in harbourline. Did you mean 'ruth'?"
    saltmarsh()
    assert refusal("log", "--as", "ada") == ("There are 2 organisations; name one with --org: harbourline, saltmarsh")
    assert refusal("log", "--org", "harborline") == (
        "There is no organisation 'harborline'. Did you mean 'harbourline'?"
    )
    assert refusal("log", "--org", "harbourline", "--as", "mallory").startswith("There is no member 'mallory'")


@pytest.mark.both_engines
@pytest.mark.django_db
def test_members_come_change_and_go() -> None:
    harbourline()
    ada = ("--as", "ada")
    assert refusal("member", "add", "finn", "viewer", *ada) == "There is no person 'finn'. Say who it is with --name."
    assert run("member", "add", "finn", "auditor", "--name", "Finn", *ada).exit_code == 2
    added = run("member", "add", "finn", "auditor", "--name", "Finn", "--engagement", "SOC2", *ada)
    assert added.stdout == "finn acts in harbourline as auditor\n"
    assert run("member", "role", "finn", "viewer", *ada).stdout == (
        "finn acts in harbourline as viewer, until now as auditor\n"
    )
    assert refusal("member", "role", "ada", "viewer", *ada) == "Nobody changes their own role; ask another owner"
    assert refusal("member", "role", "finn", "owner", "--as", "ruth").startswith("member.change is not allowed to risk")
    assert run("member", "end", "finn", *ada).stdout == "finn may not act in harbourline any more\n"
    assert refusal("member", "list", "--as", "finn").startswith("There is no member 'finn'")
    listed = json.loads(run("member", "list", "--json", *ada).stdout)["members"]
    assert [each["ended_on"] is not None for each in listed if each["ref"] == "finn"] == [True]
    assert {each["role"] for each in listed} == set(Role)


@pytest.mark.both_engines
@pytest.mark.django_db
def test_a_folder_is_applied_after_a_yes_and_by_who_may(folder: Path) -> None:
    harbourline()
    assert refusal("plan", folder, "--as", "vera").startswith("register.apply is not allowed to viewer")
    asked = run("apply", folder, "--as", "ada")
    assert (asked.exit_code, "Nothing was applied" in asked.stderr) == (2, True)
    assert run("plan", folder, "--as", "ada").exit_code == 1
    applied = run("apply", folder, "--as", "ada", "--yes", "--reason", "the first one")
    assert applied.exit_code == 0, applied.output
    assert "R-1: acceptance waits for erin" in applied.stdout
    assert run("plan", folder, "--as", "ada").exit_code == 0
    text = (folder / "records.yaml").read_text()
    (folder / "records.yaml").write_text(text.replace("Leavers keep access", "Leavers keep all access"))
    told = " ".join(run("plan", folder, "--as", "ruth").stdout.split())
    assert "changes harbourline: 1 record changed." in told
    assert "risk R-1 title: Leavers keep access becomes Leavers keep all access" in told
    changed = run("plan", folder, "--as", "ruth", "--json")
    assert [each["fields"][0]["after"] for each in json.loads(changed.stdout)["changed"]] == ["Leavers keep all access"]
    (folder / "records.yaml").write_text(text.replace("p90: 400000", "p90: 500000").replace(" omar: {name: Omar},", ""))
    corrected = " ".join(run("plan", folder, "--as", "ruth").stdout.split())
    assert "assessment of R-1 corrected that of 20 Jan 2026 loss.p90: 400000 becomes 500000" in corrected
    assert "Not in the folder left as they are; --prune removes them" in corrected
    assert "persons ada, omar, paul, vera" in corrected
    pruned = run("plan", folder, "--prune", "--as", "ruth").stdout
    assert "omar of persons stays: member omar names it" in pruned
    (folder / "records.yaml").write_text(text.replace("owner: ruth", "owner: rut"))
    broken = run("plan", folder, "--as", "ruth")
    assert (broken.exit_code, "risks.R-1.owner: found 'rut'" in broken.stderr) == (2, True)


@pytest.mark.django_db
def test_what_was_known_then_can_be_asked_of_a_database_only(folder: Path) -> None:
    harbourline()
    assert refusal("assess", "--as", "ada").startswith("harbourline has no scale, so nothing can be computed")
    run("apply", folder, "--as", "ada", "--yes")
    for command in (("assess",), ("trace", "R-1"), ("explain", "--since", "2026-03-01")):
        asked = run(*command, "--as", "vera", "--as-of", "2026-06-01", "--known-at", "2999-01-01")
        assert "lies ahead" in asked.stderr
        assert refusal(*command, "--as", "vera", "--known-at", "2020-01-01").startswith(
            "Nothing was known of harbourline"
        )
    assert "has no time zone" in refusal("assess", "--as", "vera", "--known-at", "2026-06-01T10:00")
    assert "is no date" in refusal("assess", "--as", "vera", "--known-at", "today")
    assert "is no date" in refusal("assess", "--as", "vera", "--as-of", "2026-02-30")
    assert "does not lie before" in refusal("assess", "--as", "vera", "--as-of", "2026-02-01", "--since", "2026-02-01")
    assert refusal("assess", folder, "--known-at", "2026-01-01").startswith("--known-at needs a database")
    assert refusal("assess", folder, "--as", "ada") == (
        "--as is for the database: leave the folder out, or leave --as out"
    )
    assert refusal("trace", "R-01", "--as", "vera").endswith("Did you mean 'R-1'?")
    assert run("assess", "--as", "vera", "--as-of", "2026-06-01").exit_code == 0


@pytest.mark.both_engines
@pytest.mark.django_db
def test_an_approver_decides_what_is_put_to_them_and_nobody_else(folder: Path) -> None:
    harbourline()
    run("apply", folder, "--as", "ruth", "--yes")
    run("apply", folder, "--as", "ada", "--yes")
    listed = run("decisions", "--as", "vera")
    assert "1 decision to be taken in harbourline" in listed.stdout
    assert listed.stdout.splitlines()[3].split()[:3] == ["erin", "acceptance", "R-1"]
    assert run("confirm", "R-1", "--as", "ada", "--yes").stderr == (
        "Only erin decides this acceptance, in their own session; ask them\n"
    )
    assert run("confirm", "R-1", "--as", "ruth", "--yes").stderr.startswith("acceptance.decide is not allowed to risk")
    assert refusal("confirm", "R-2", "--as", "erin") == (
        "Nothing about 'R-2' waits for a decision. Did you mean 'R-1'?"
    )
    unsaid = run("confirm", "R-1", "--as", "erin")
    assert (unsaid.exit_code, "Nothing was decided" in unsaid.stderr) == (2, True)
    shown = run("confirm", "R-1", "--as", "erin", "--yes", "--reason", "agreed")
    assert (shown.exit_code, shown.stderr) == (0, "R-1 is confirmed by erin\n"), shown.output
    assert "residual today" in shown.stdout
    assert run("decisions", "--as", "vera").stdout.strip() == "Nothing waits for a decision in harbourline."
    line = run("log", "R-1", "--last", "1", "--as", "ada").stdout
    assert "acceptance decided: risk R-1" in line
    assert "acceptance from 1 Feb 2026 confirmed: agreed" in line


@pytest.mark.django_db
def test_the_trail_is_read_by_who_may_in_words(folder: Path) -> None:
    harbourline()
    run("apply", folder, "--as", "ada", "--yes", "--reason", "the first one")
    assert refusal("log", "--as", "vera").startswith("audit.read is not allowed to viewer")
    assert refusal("log", "R-9", "--as", "paul") == "The audit trail has no entry about 'R-9'; check the reference"
    told = run("log", "R-1", "--as", "paul").stdout
    assert "register folder applied: risk R-1" in told
    assert "because: the first one" in told
    assert "assessment of 20 Jan 2026 stated" in told
    entries = json.loads(run("log", "--last", "3", "--json", "--as", "paul").stdout)["entries"]
    assert [each["sequence"] for each in entries] == sorted((each["sequence"] for each in entries), reverse=True)
    assert len(entries) == 3


@pytest.mark.django_db
def test_a_change_behind_the_application_is_found_and_its_entry_named(folder: Path, tmp_path: Path) -> None:
    from django.db import connection

    from buttress.orgs.guards import create_guards, drop_guards

    harbourline()
    run("apply", folder, "--as", "ada", "--yes")
    kept = tmp_path / "kept"
    assert run("verify", "--write-checkpoint", kept).exit_code == 0
    drop_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE risks_risk SET title = 'Nothing to see' WHERE ref = 'R-1'")
    create_guards(connection)
    found = run("verify", "--org", "harbourline", "--checkpoint", kept)
    assert found.exit_code == 1
    assert "1 problem in" in found.stdout
    assert "the first bad entry is " in found.stdout
    assert "risk R-1: title holds Nothing to see" in found.stdout
    assert refusal("verify", "--checkpoint", tmp_path / "none").endswith(
        "name one that buttress verify --write-checkpoint wrote"
    )


@pytest.mark.django_db
def test_what_is_exported_goes_where_nothing_is_lost(folder: Path, tmp_path: Path) -> None:
    harbourline()
    run("apply", folder, "--as", "ada", "--yes")
    assert "expected a new or empty folder" in refusal("export", folder, "--as", "vera")
    assert run("export", tmp_path / "out", "--as", "vera").exit_code == 0
    assert run("plan", tmp_path / "out", "--as", "ada").exit_code == 0


def test_the_how_to_page_works_as_it_stands(installed: Path, folder: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "run-with-a-database.md").read_text()
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    # What the page knows on its day, this register knows only today.
    lines = [
        re.sub(r"--known-at \S+", f"--known-at {datetime.now(ZoneInfo('Europe/Amsterdam')):%Y-%m-%d}", line)
        for line in "".join(blocks).splitlines()
    ]
    commands = [shlex.split(line.strip().removeprefix("buttress ")) for line in lines]
    assert len(commands) >= 12
    ends = {"plan": 1, "test": 3}
    for command, said in zip(commands, on_machine(installed, *commands, cwd=folder.parent), strict=True):
        assert said.code == ends.get(command[0], 0), (command, said)


def test_commands_on_a_folder_do_without_django(folder: Path) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from buttress.cli.main import app\n"
        f"for words in (['check'], ['assess'], ['test'], ['explain', '--since', '2026-03-01']):\n"
        f"    CliRunner().invoke(app, [words[0], {str(folder)!r}, *words[1:]])\n"
        "print('django' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
