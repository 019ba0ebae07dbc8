"""Apply refuses what the services refuse: rules about what was before, and about what a folder leaves behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from buttress.evidence.selectors import exceptions
from buttress.orgs.errors import InvalidError
from buttress.orgs.models import Head
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.applying.apply import apply_folder
from buttress.register.tests.folders import SAMPLE, changed
from buttress.register.tests.kept import organisation_of

pytestmark = [pytest.mark.django_db]

OWN = """\
id: terminals-seen
version: 2
title: Every terminal was seen
controls: [IAM-02]
assertion: configuration
source: terminals
key: [terminal]
population: terminal <> ''
fail: seen_at IS NULL
completeness: {min_rows: 1, max_age: 26 hours}
examples:
  as_of: 2026-06-30T12:00:00Z
  pass: [{terminal: a, seen_at: 2026-06-30T10:00:00Z}]
  fail: [{terminal: b}]
"""
FILE = "control_tests/terminals-seen/test.yaml"
ENDS = "    expires_on: 2026-10-31\n"
MANUAL = "manual_tests:\n"


def with_own_test(target: Path, text: str = OWN) -> Path:
    return changed(target, (FILE, "", text))


def revoked(target: Path, on: str | None) -> Path:
    said = "" if on is None else f"    revoked_on: {on}\n"
    return changed(target, ("evidence.yaml", ENDS, ENDS + said))


def refused(actor: Actor, folder: Path, words: str, **how: bool) -> None:
    """The folder is refused with these words, and nothing of it is written."""
    with tenant(actor.organisation_id):
        before = Head.objects.get().change
    with pytest.raises(InvalidError, match=words):
        apply_folder(actor, folder, **how)
    with tenant(actor.organisation_id):
        assert Head.objects.get().change == before


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda text: text.replace("<> ''", "<> 'x'"), "changed under version 2; raise it to 3"),
        (lambda text: text.replace("version: 2", "version: 1"), "a version only rises"),
    ],
)
def test_another_meaning_of_an_own_test_needs_a_higher_version(
    tmp_path: Path, edit: Callable[[str], str], words: str
) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, with_own_test(tmp_path / "one"))
    refused(ada, with_own_test(tmp_path / "two", edit(OWN)), words)
    raised = OWN.replace("version: 2", "version: 3").replace("<> ''", "<> 'x'")
    assert apply_folder(ada, with_own_test(tmp_path / "three", raised)).change is not None
    title = raised.replace("Every terminal was seen", "All terminals were seen")
    assert apply_folder(ada, with_own_test(tmp_path / "four", title)).change is not None


@pytest.mark.both_engines
def test_a_revocation_is_not_undone_and_not_put_off(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, revoked(tmp_path / "one", "2026-08-15"))
    for name, on in (("lifted", None), ("later", "2026-09-01")):
        refused(ada, revoked(tmp_path / name, on), "EX-001 was revoked from 2026-08-15, which stands")
    apply_folder(ada, revoked(tmp_path / "earlier", "2026-07-31"))
    assert [str(each.revoked_on) for each in exceptions(ada)] == ["2026-07-31", "None"]


def test_a_test_of_one_sort_does_not_come_beside_one_of_another(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, with_own_test(tmp_path / "one"))
    manual = "  terminals-seen: {title: Seen, controls: [IAM-02], procedure: inspection}\n"
    folder = changed(tmp_path / "two", ("evidence.yaml", MANUAL, MANUAL + manual))
    refused(ada, folder, "terminals-seen would be own control test and manual test at once")
    assert apply_folder(ada, folder, prune=True).change is not None


def test_an_own_test_has_no_id_of_a_shipped_one(tmp_path: Path) -> None:
    shipped = "backup-covers-stores"
    own = (FILE.replace("terminals-seen", shipped), "", OWN.replace("terminals-seen", shipped))
    refused(organisation_of(SAMPLE), changed(tmp_path, own), "is the id of a shipped test")


@pytest.mark.both_engines
def test_a_risk_must_fit_the_facts_that_a_folder_leaves_behind(tmp_path: Path) -> None:
    """A condition has no events of its own, and so no assessment in money."""
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    assessed = (
        "    assessments:\n"
        "      - {effective_on: 2026-01-20, basis: inherent, frequency: {once_in_years: 20}, loss: {amount: 40000}}\n"
    )
    folder = changed(tmp_path, ("risks/other.yaml", assessed, "    kind: condition\n    modifies: [R-001]\n"))
    refused(ada, folder, "R-004, assessments.0: found a condition assessed in money")
