"""A change that raised itself, from the command line: it is asked, answered once, exported, and applied again as nothing."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from buttress.cli.main import app
from buttress.inventory.records import VendorRecord
from buttress.inventory.services import add_vendor, change_vendor, remove_vendor
from buttress.orgs.tests.organisations import harbourline
from buttress.orgs.verification.organisation import verify
from buttress.orgs.writing import Actor
from buttress.register.applying.apply import apply_folder, plan_folder
from buttress.register.export import export_folder
from buttress.register.figures.checking import check_figures
from buttress.risks.records.incidents import IncidentRecord
from buttress.risks.services.incident import record_incident

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

ORGANISATION = (Path(__file__).parent / "organisation.yaml").read_text()
RECORDS = """
persons: {ruth: {name: Ruth}, omar: {name: Omar}, erin: {name: Erin}}
vendors: {newpay: {name: NewPay, tier: 3}}
risks:
  R-1:
    title: Payouts stand still
    statement: {cause: newpay is down, event: payouts wait, consequence: customers leave}
    categories: [security]
    owner: ruth
    vendors: [newpay]
    assessments:
      - {effective_on: 2026-01-20, basis: inherent, frequency: {low: 0.3, high: 2}, loss: {p50: 30000, p90: 400000}}
"""


@pytest.fixture
def cast(tmp_path: Path) -> Mapping[str, Actor]:
    folder = tmp_path / "register"
    folder.mkdir()
    (folder / "organisation.yaml").write_text(re.sub(r"^persons:.*\n", "", ORGANISATION, flags=re.MULTILINE) + RECORDS)
    actors = harbourline()
    assert apply_folder(actors["ada"], folder).change is not None
    assert plan_folder(actors["ada"], folder).is_empty
    change_vendor(actors["ruth"], ref="newpay", vendor=VendorRecord(name="NewPay", tier=1), version=1)
    return actors


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def listed(*words: object) -> dict[str, Any]:
    result = run("changes", *words, "--json", "--as", "ruth")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_change_is_listed_with_the_risks_it_may_concern_until_it_is_answered(cast: Mapping[str, Actor]) -> None:
    (row,) = listed()["rows"]
    assert (row["ref"], row["title"], row["is_overdue"]) == ("CHG-1", "Vendor changed: NewPay (tier)", False)
    assert [(each["ref"], each["tie"]) for each in row["concerned"]] == [("R-1", "names_subject")]
    assert (date.fromisoformat(row["due_on"]) - date.fromisoformat(row["effective_on"])).days == 30
    text = run("changes", "--as", "vera").stdout
    assert "1 change without an answer" in text
    assert "R-1 Payouts stand still: names it" in text
    assert max(map(len, text.splitlines())) <= 100
    words = ("--outcome", "R-1 is assessed again", "--risk", "R-1", "--risk", "R-1")
    answered = run("changes", "answer", "CHG-1", *words, "--as", "ruth")
    assert (answered.exit_code, answered.stderr) == (0, "CHG-1 is answered by ruth\n")
    assert listed()["rows"] == []
    assert "No change waits for an answer" in run("changes", "--as", "vera").stdout
    (row,) = listed("--all")["rows"]
    assert (row["outcome"], row["risks"], row["concerned"]) == ("R-1 is assessed again", ["R-1"], [])
    assert "R-1 is assessed again" in " ".join(run("changes", "--all", "--as", "vera").stdout.split())


REFUSED = [
    (("CHG-2", "--outcome", "x", "--as", "ruth"), "There is no change 'CHG-2'. Did you mean 'CHG-1'?"),
    (("CHG-1", "--outcome", "x", "--risk", "R 1", "--as", "ruth"), "--risk: found 'R 1'; expected a reference"),
    (("CHG-1", "--outcome", "x", "--risk", "R-9", "--as", "ruth"), "The change names 'R-9'; expected a risk"),
    (("CHG-1", "--outcome", " ", "--as", "ruth"), "--outcome: found"),
    (("CHG-1", "--outcome", "x", "--as", "omar"), "risk.assess is not allowed to control owner"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_an_answer_that_does_not_hold_is_refused_in_one_line(
    cast: Mapping[str, Actor], words: tuple[str, ...], said: str
) -> None:
    result = run("changes", "answer", *words)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1), result.output
    assert result.stderr.startswith(said)
    assert len(listed()["rows"]) == 1


def test_an_answer_is_not_given_twice(cast: Mapping[str, Actor]) -> None:
    run("changes", "answer", "CHG-1", "--outcome", "nothing new", "--as", "ruth")
    again = run("changes", "answer", "CHG-1", "--outcome", "something else", "--as", "ruth")
    assert (again.exit_code, again.stderr.count("\n")) == (2, 1)
    assert "nothing new" in again.stderr


def test_what_raised_itself_is_exported_and_applied_again_as_nothing(cast: Mapping[str, Actor], tmp_path: Path) -> None:
    ruth, ada = cast["ruth"], cast["ada"]
    add_vendor(ruth, ref="spare", vendor=VendorRecord(name="Spare"))
    remove_vendor(ruth, ref="spare", version=1)
    record_incident(ruth, ref="INC-1", incident=IncidentRecord(title="An hour", occurred_on=date(2026, 3, 3)))
    assert listed()["unanswered"] == 4
    export_folder(ada, tmp_path / "exported")
    planned = plan_folder(ada, tmp_path / "exported", prune=True)
    assert planned.is_empty
    assert apply_folder(ada, tmp_path / "exported", prune=True).change is None
    assert verify(ada).problems == ()
    assert check_figures(ada) == ()
