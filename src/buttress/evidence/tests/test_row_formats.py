"""Directories, bills of materials and lists of matches as tables: what is a row, and what makes the rows doubtful."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from buttress.core.verdicts import Outcome
from buttress.evidence.data.snapshots import Snapshot, read_snapshot, snapshots_of
from buttress.evidence.importers.rows.ldif import is_secret, without_secrets

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

ZONE = ZoneInfo("UTC")
FIXTURES = Path(__file__).parent / "fixtures"
NAMED = 'effective_at: {from: file_name, pattern: "(?P<date>[0-9-]+)"}'
PEOPLE = ["dn", "uid", "cn", "sn", "mail", "mail.count", "objectClass", "jpegPhoto"]
BILL = ["purl", "name", "licenses"]
MATCHES = ["UserName", "Arn", "MFADevices"]


def snapshot(
    register: "Register", name: str, content: bytes, columns: Sequence[str], *, in_child: bool = False
) -> Snapshot:
    """The content read as format `name`, the columns by their sources, the first of them the key."""
    declared = ", ".join(f"c{n}: {{type: text, from: '{source}'}}" for n, source in enumerate(columns))
    register.put("evidence/2026-06-30.dat", content)
    register.declare(
        f"things:\n  path: evidence/*.dat\n  format: {name}\n  key: [c0]\n  columns: {{{declared}}}\n  {NAMED}\n"
    )
    dataset = register.datasets["things"]
    (file,) = snapshots_of(register.folder, dataset, ZONE)
    return read_snapshot(register.folder, dataset, file, ZONE, in_child=in_child)


def rows(read: Snapshot) -> list[tuple[object, ...]]:
    assert read.problems == ()
    assert read.table is not None
    return list(read.table.rows)


@pytest.mark.parametrize(
    ("name", "file", "columns"),
    [
        ("ldif", "people.ldif", PEOPLE),
        ("cyclonedx_components", "bill.cyclonedx.json", BILL),
        ("custodian_resources", "matches.custodian.json", MATCHES),
    ],
)
def test_the_child_reads_the_same(register: "Register", name: str, file: str, columns: list[str]) -> None:
    content = (FIXTURES / file).read_bytes()
    assert snapshot(register, name, content, columns, in_child=True) == snapshot(register, name, content, columns)


# ---- directories -----------------------------------------------------------------------------------------------------


def people() -> bytes:
    return (FIXTURES / "people.ldif").read_bytes()


def test_entries_are_rows_and_several_values_one_text_in_order(register: "Register") -> None:
    read = snapshot(register, "ldif", people(), PEOPLE)
    assert (len(rows(read)), read.doubts) == (3, ())
    assert rows(read)[1] == (
        "uid=ada,ou=people,dc=harbourline,dc=example",
        "ada",
        "AdaByron",
        "Byrôn",
        "ada@harbourline.example|a\\|b@harbourline.example",
        "2",
        "inetOrgPerson|posixAccount",
        "6 bytes",
    )
    assert rows(read)[2][2:6] == ("Bo", "Bo", None, "0")


def test_no_column_is_read_from_a_secret(register: "Register") -> None:
    for secret in ("userPassword", "USERPASSWORD", "sambaNTPassword", "userPassword.count", "unicodePwd"):
        read = snapshot(register, "ldif", people(), ["dn", secret])
        assert [(p.field, p.found) for p in read.problems] == [(secret, "an attribute that holds secrets")]


def test_what_is_stored_of_an_upload_holds_no_secret_and_all_else() -> None:
    kept = without_secrets(people())
    assert b"e1NTSEF9" not in kept
    assert b"c2VjcmV0" not in kept
    assert b"8846F7" not in kept
    assert [line for line in people().split(b"\n") if line not in kept.split(b"\n")] == [
        b"userPassword:: e1NTSEF9c2VjcmV0",
        b" c2VjcmV0",
        b"sambaNTPassword: 8846F7EAEE8FB117AD06BDD830B7586C",
    ]
    assert without_secrets(kept) == kept
    assert not is_secret("pwdChangedTime")
    assert is_secret("userPassword;x-hash")


@pytest.mark.parametrize(
    "end",
    [
        "dn: uid=cy,ou=people\nobjectClass: inetOrgPerson\nuid: cy\ncn: Cy\n",
        "dn: uid=cy,ou=people\nobjectClass: inetOrgPerson\nuid: cy\ncn: Cy\nsn: C",
        "dn: uid=cy,ou=people\nobjectClass: inetOrgPerson\nuid: cy\ncn: Cy\nsn",
        "dn: uid=cy,ou=people\nobjectClass: inetOrgPerson\nuid: cy\ncn: Cy\nsn:: QnlyX",
        "dn: uid=cy,ou=people\n",
    ],
)
def test_an_entry_that_the_end_cuts_off_is_no_row_and_a_doubt(register: "Register", end: str) -> None:
    read = snapshot(register, "ldif", people() + b"\n" + end.encode(), PEOPLE)
    assert ([row[1] for row in rows(read)], read.doubts) == ([None, "ada", "bo"], ("cut_off(1)",))


def test_an_export_of_chosen_attributes_is_not_cut_off(register: "Register") -> None:
    content = b"dn: uid=a\nobjectClass: person\ncn: A\n\ndn: uid=b\nobjectClass: person\ncn: B\n"
    assert snapshot(register, "ldif", content, ["dn", "cn"]).doubts == ()


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        (b"dn: a\nchangetype: delete\n", 2, "changetype:"),
        (b"uid: a\n", 1, "'uid:'"),
        (b"dn: a\nnonsense\n\ndn: b\n", 2, "no attribute"),
        (b"dn: a\njpegPhoto:< file:///etc/passwd\n", 2, "jpegphoto:<"),
        (b"dn: a\ncn:: ???\n\ndn: b\n", 2, "cn::"),
        (b"version: 2\n\ndn: a\n", 1, "version: 2"),
        (b"dn: a\ndn: b\n", 2, "dn:"),
        (b"dn: a\ncn: \xff\n", 2, "0xFF"),
    ],
)
def test_what_is_no_entry_is_named_by_its_line(register: "Register", content: bytes, line: int, found: str) -> None:
    problem = snapshot(register, "ldif", content, ["dn"]).problems[0]
    assert problem.line == line
    assert found in problem.found


@pytest.mark.samples
def test_genuine_ldif_has_five_whole_people_and_is_cut_off(register: "Register", samples: Path) -> None:
    content = (samples / "openldap-people.ldif").read_bytes()
    read = snapshot(register, "ldif", content, ["dn", "uid", "description", "objectClass"])
    assert (len(rows(read)), read.doubts) == (7, ("cut_off(1)",))
    whole = [row for row in rows(read) if row[3] == "inetOrgPerson"]
    assert [row[1] for row in whole] == ["u0", "u1", "u2", "u3", "u4"]
    assert whole[0][2] == "TERMINATED 2026-10-01"
    assert content.count(b"userPassword") == 5
    assert b"userPassword" not in without_secrets(content)


# ---- bills of materials ----------------------------------------------------------------------------------------------


def bill(**changes: object) -> bytes:
    content = json.loads((FIXTURES / "bill.cyclonedx.json").read_bytes()) | changes
    return json.dumps({key: value for key, value in content.items() if value is not None}).encode()


def test_every_component_is_a_row_wherever_it_stands(register: "Register") -> None:
    read = snapshot(register, "cyclonedx_components", bill(), BILL)
    assert rows(read) == [
        ("pkg:npm/left@1.0", "left", "1"),
        ("pkg:npm/outer@2.0", "outer", None),
        ("pkg:npm/inner@0.1", "inner", "0"),
        (None, "blob.bin", None),
    ]
    assert (read.null_keys, read.doubts) == (1, ("bill_incomplete(1)",))


def test_a_bill_that_does_not_say_it_is_incomplete_is_no_doubt(register: "Register") -> None:
    for compositions in (None, [], [{"aggregate": "complete"}, {"aggregate": "not_specified"}]):
        assert snapshot(register, "cyclonedx_components", bill(compositions=compositions), BILL).doubts == ()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (bill(bomFormat="SPDX"), "no bomFormat"),
        (bill(specVersion="2.0"), "specVersion '2.0'"),
        (bill(components={}), "a mapping"),
        (bill(components=["x"]), "'x'"),
        (b"[]", "no bomFormat"),
    ],
)
def test_another_document_is_not_taken_for_a_bill(register: "Register", content: bytes, found: str) -> None:
    assert found in snapshot(register, "cyclonedx_components", content, BILL).problems[0].found


@pytest.mark.samples
def test_the_genuine_bill_has_133_components_with_a_purl_each(register: "Register", samples: Path) -> None:
    content = (samples / "sbom-cyclonedx-1.6.json").read_bytes()
    read = snapshot(register, "cyclonedx_components", content, ["purl", "type", "licenses"])
    assert (read.rows, read.null_keys, read.repeated_keys) == (133, 0, 0)
    assert {row[1] for row in rows(read)} == {"library"}
    assert sum(row[2] is not None for row in rows(read)) == 130


# ---- matches without a population ------------------------------------------------------------------------------------

POLICY = f"""
users:
  path: evidence/users-*.csv
  format: csv
  key: [name]
  columns: {{name: {{type: text}}}}
  {NAMED}
matches:
  path: evidence/matches-*.json
  format: custodian_resources
  key: [name]
  columns: {{name: {{type: text, from: UserName}}}}
  {NAMED}
"""
ALONE = """
id: second-factor
version: 1
title: Every user has a second factor
controls: [IAM-02]
assertion: configuration
source: matches
key: [name]
population: "true"
fail: "coalesce(name, '') <> 'exempt'"
thresholds: {tolerable_rate: 0.9}
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{name: exempt}]
  fail: [{name: b}]
"""
BESIDE = """
id: second-factor-beside
version: 1
title: Every user has a second factor
controls: [IAM-02]
assertion: configuration
source: users
also: [matches]
key: [name]
population_rows: select u.name from users u
failing_rows: select u.name from users u where exists (select 1 from matches m where m.name = u.name)
thresholds: {tolerable_rate: 0.9}
examples:
  as_of: 2026-06-30T00:00:00Z
  also: {matches: [{name: b}]}
  pass: [{name: a}]
  fail: [{name: b}]
"""
WHOLE = "receipt: {scan_complete: true}\n"


def judged(
    register: "Register", test: str, matches: bytes, users: str = "name\nada\nbo\ncy\n", receipt: str = WHOLE
) -> tuple[object, ...]:
    register.declare(POLICY)
    register.tests.clear()
    declaration = register.add_test("second-factor-beside" if test is BESIDE else "second-factor", test)
    register.put("evidence/users-2026-06-30.csv", users)
    register.put("evidence/matches-2026-06-30.json", matches)
    if receipt:
        register.put("evidence/matches-2026-06-30.json.receipt.yaml", receipt)
    (result,) = register.run("2026-06-30", period=("2026-06-30", "2026-12-31")).results
    assert declaration.id == result.test
    return result.outcome, result.population, result.failing, result.reasons


def test_matches_alone_are_no_population_and_beside_one_its_failures(register: "Register") -> None:
    matches = (FIXTURES / "matches.custodian.json").read_bytes()
    assert judged(register, ALONE, matches) == (Outcome.INCOMPLETE, 2, 2, ("matches_only",))
    assert judged(register, BESIDE, matches) == (Outcome.EVALUATED, 3, 2, ())


def test_no_match_is_a_pass_only_where_the_policy_ran_through(register: "Register") -> None:
    assert judged(register, ALONE, b"[]")[0] is Outcome.NOT_EVALUATED
    assert judged(register, BESIDE, b"[]") == (Outcome.EVALUATED, 3, 0, ())
    unknown = judged(register, BESIDE, b"[]", receipt="receipt: {source: aws}\n")
    assert (unknown[0], unknown[3]) == (Outcome.INCOMPLETE, ("matches: scan_not_complete",))


def test_the_description_of_a_policy_is_not_its_matches(register: "Register") -> None:
    problem = snapshot(register, "custodian_resources", b'{"policy": {}}', MATCHES).problems[0]
    assert "metadata.json" in problem.advice


@pytest.mark.samples
def test_genuine_matches_fail_six_of_twelve_users(register: "Register", samples: Path) -> None:
    matches = (samples / "custodian" / "iam-user-no-mfa.resources.json").read_bytes()
    users = "name\n" + "".join(f"user{n:02}\n" for n in range(1, 13))
    assert judged(register, ALONE, matches)[:3] == (Outcome.INCOMPLETE, 6, 6)
    assert judged(register, BESIDE, matches, users) == (Outcome.EVALUATED, 12, 6, ())
