"""Cloud Custodian's matches: alone they are no population, and beside one they are the list of what failed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from buttress.core.verdicts import Outcome, TestResult
from buttress.evidence.importers.findings.custodian import read
from buttress.evidence.importers.imported import Imported
from buttress.formats.problems import ProblemsError

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

SMALL = Path(__file__).parent / "fixtures" / "small.custodian.json"
DATASETS = """
users:
  path: evidence/users-*.csv
  format: csv
  key: [arn]
  columns: {arn: {type: text, nullable: false}}
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
matches:
  kind: findings
  path: evidence/matches-*.json
  format: custodian
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
"""
BESIDE = """
id: second-factor
version: 1
title: Every user has a second factor
controls: [IAM-02]
assertion: operating
source: users
also: [matches]
key: [arn]
population_rows: select u.arn from users u
failing_rows: select u.arn from users u join matches m on m.resource_uid = u.arn
examples:
  as_of: 2026-06-30T00:00:00Z
  also:
    matches:
      - {finding_uid: f, check_id: c, resource_uid: b, status: fail, suppressed: false, severity_id: 0, archived: false}
  pass: [{arn: a}]
  fail: [{arn: b}]
"""
ALONE = """
id: second-factor
version: 1
title: Every user has a second factor
controls: [IAM-02]
assertion: operating
source: matches
checks: ['{policy}']
key: [finding_uid]
population: "check_id <> ''"
fail: "status <> 'pass'"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{finding_uid: f, check_id: c, status: pass, suppressed: false, severity_id: 0, archived: false}]
  fail: [{finding_uid: f, check_id: c, status: fail, suppressed: false, severity_id: 0, archived: false}]
"""
WHOLE_SCAN = "receipt:\n  source: Cloud Custodian\n  scan_complete: true\n"


def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SMALL.read_text())
    return found


def imported(found: dict[str, Any]) -> Imported:
    return read(json.dumps(found).encode(), file="policy.json")


def test_a_match_is_a_failure_and_the_list_is_no_population() -> None:
    found = read(SMALL.read_bytes(), file="policy.json")
    assert [(f.check_id, f.status.value, f.raw_status, f.resource_name) for f in found.findings] == [
        ("user-without-second-factor", "fail", "match", "bob"),
        ("user-without-second-factor", "fail", "match", "eve"),
    ]
    assert (found.doubts, found.bars, found.executed) == (("matches_only",), (), None)
    first = found.findings[0]
    assert (first.account_uid, first.region, first.provider) == ("111122223333", "eu-west-1", "aws")
    assert first.time is not None and first.time.isoformat() == "2026-06-30T00:00:02.500000+00:00"


def test_a_policy_that_matched_nothing_passes_nothing_by_itself() -> None:
    nothing = {**report(), "resources": []}
    nothing["metadata"]["metrics"] = []
    assert imported(nothing) == Imported(doubts=("matches_only",))


def test_resources_of_another_run_than_the_metadata_are_noticed() -> None:
    changed = report()
    changed["resources"].pop()
    assert imported(changed).doubts == ("matches_only", "difference(-1)")


def test_the_list_of_resources_alone_is_not_read() -> None:
    with pytest.raises(ProblemsError, match="metadata"):
        read(json.dumps(report()["resources"]).encode(), file="resources.json")


@pytest.mark.parametrize(
    ("kind", "resource", "identity"),
    [
        ("aws.iam-user", {"Arn": "arn:a", "id": "b"}, "arn:a"),
        ("aws.ebs", {"VolumeId": "vol-1", "SnapshotId": "snap-1"}, "vol-1"),
        ("ebs-snapshot", {"VolumeId": "vol-1", "SnapshotId": "snap-1"}, "snap-1"),
        ("aws.s3", {"Name": "ledger"}, "ledger"),
        ("azure.vm", {"id": "/subscriptions/1/vm"}, "/subscriptions/1/vm"),
    ],
)
def test_a_resource_is_known_by_its_own_identity(kind: str, resource: dict[str, str], identity: str) -> None:
    changed = report()
    changed["metadata"]["policy"]["resource"], changed["resources"] = kind, [resource]
    assert imported(changed).findings[0].resource_uid == identity


def test_an_identity_is_never_guessed_and_may_be_named() -> None:
    changed = report()
    changed["metadata"]["policy"]["resource"] = "aws.nat-gateway"
    changed["resources"] = [{"NatGatewayId": "nat-1", "VpcId": "vpc-1"}]
    with pytest.raises(ProblemsError, match="id_field"):
        imported(changed)
    assert imported({**changed, "id_field": "NatGatewayId"}).findings[0].resource_uid == "nat-1"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metadata": None}, "metadata"),
        ({"metadata": {"policy": {}}}, "metadata.policy.name"),
        ({"resources": None}, "resources"),
        ({"metadata": {"policy": {"name": "p"}, "execution": {"start": "now"}}}, "metadata.execution.start"),
    ],
)
def test_a_fault_is_named_by_its_place(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        imported({**report(), "resources": report()["resources"][:1], **change})
    assert [problem.field for problem in error.value.problems] == [field]


def run(
    register: "Register", test: str, found: dict[str, Any], users: list[str], *, is_whole: bool = True
) -> TestResult:
    policy = found["metadata"]["policy"]["name"]
    day = "2026-11-23" if policy == "iam-user-no-mfa" else "2026-06-30"
    register.declare(DATASETS)
    register.put(f"evidence/users-{day}.csv", "\n".join(["arn", *users]) + "\n")
    register.put(f"evidence/matches-{day}.json", json.dumps(found))
    if is_whole:
        register.put(f"evidence/matches-{day}.json.receipt.yaml", WHOLE_SCAN)
    register.add_test("second-factor", test.replace("{policy}", policy))
    (result,) = register.run(day).results
    return result


def users_of(*names: str) -> list[str]:
    return [f"arn:aws:iam::111122223333:user/{name}" for name in names]


def test_matches_alone_are_incomplete(register: "Register") -> None:
    result = run(register, ALONE, report(), users_of("ada"))
    assert (result.outcome, result.population, result.failing) == (Outcome.INCOMPLETE, 2, 2)
    assert result.reasons == ("matches_only",)


def test_matches_beside_a_population_are_judged(register: "Register") -> None:
    result = run(register, BESIDE, report(), users_of("ada", "bob", "cem", "eve"))
    assert (result.outcome, result.population, result.passed, result.failing) == (Outcome.EVALUATED, 4, 2, 2)


def test_without_a_receipt_nobody_knows_that_the_policy_ran_through(register: "Register") -> None:
    result = run(register, BESIDE, report(), users_of("ada", "bob"), is_whole=False)
    assert (result.outcome, result.reasons) == (Outcome.INCOMPLETE, ("matches: scan_not_complete",))


def genuine(samples: Path) -> dict[str, Any]:
    folder = samples / "custodian"
    return {
        part: json.loads((folder / f"iam-user-no-mfa.{part}.json").read_text()) for part in ("metadata", "resources")
    }


@pytest.mark.samples
def test_genuine_matches_are_six(samples: Path) -> None:
    found = imported(genuine(samples))
    assert [f.resource_name for f in found.findings] == [f"user{number:02}" for number in (1, 3, 5, 7, 9, 11)]
    assert {(f.check_id, f.status.value, f.product_version) for f in found.findings} == {
        ("iam-user-no-mfa", "fail", "0.9.53")
    }
    assert (found.doubts, found.bars) == (("matches_only",), ())
    assert genuine(samples)["metadata"]["api-stats"]["iam.GetUser"] == 12
    assert {f.time.isoformat(timespec="seconds") for f in found.findings if f.time} == {"2026-11-23T09:21:35+00:00"}


@pytest.mark.samples
def test_genuine_matches_are_six_of_twelve_beside_the_users(register: "Register", samples: Path) -> None:
    users = [f"arn:aws:iam::123456789012:user/user{number:02}" for number in range(12)]
    result = run(register, BESIDE, genuine(samples), users)
    assert (result.outcome, result.population, result.passed, result.failing) == (Outcome.EVALUATED, 12, 6, 6)
    assert [key[-6:] for key in result.failing_keys] == [f"user{number:02}" for number in (1, 3, 5, 7, 9, 11)]


@pytest.mark.samples
def test_genuine_matches_alone_are_incomplete(register: "Register", samples: Path) -> None:
    result = run(register, ALONE, genuine(samples), ["arn"])
    assert (result.outcome, result.population, result.failing, result.reasons) == (
        Outcome.INCOMPLETE,
        6,
        6,
        ("matches_only",),
    )
