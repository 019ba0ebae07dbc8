import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from buttress.core.verdicts import Outcome
from buttress.evidence.importers.finding import (
    Finding,
    FindingStatus,
    distinct,
    mark_not_applicable,
    silent_checks,
    summarise_checks,
)
from buttress.evidence.importers.findings import prowler_csv, prowler_ocsf
from buttress.formats.problems import ProblemsError

FIXTURES = Path(__file__).parent / "fixtures"
MFA = "iam_user_mfa_enabled_console_access"
KEYS = "iam_rotate_access_key_90_days"
VACUOUS = {
    MFA: ["User * does not have Console Password enabled."],
    KEYS: ["User * does not have access keys."],
}


def read_ocsf(content: str | bytes) -> tuple[Finding, ...]:
    return prowler_ocsf.read(content.encode() if isinstance(content, str) else content, file="small.json").findings


def read_csv(content: str | bytes) -> tuple[Finding, ...]:
    return prowler_csv.read(content.encode() if isinstance(content, str) else content, file="small.csv").findings


def small_ocsf() -> tuple[Finding, ...]:
    return read_ocsf((FIXTURES / "prowler-small.ocsf.json").read_bytes())


def small_csv() -> tuple[Finding, ...]:
    return read_csv((FIXTURES / "prowler-small.csv").read_bytes())


def one(findings: tuple[Finding, ...]) -> list[Finding]:
    """Findings without what only one of the formats knows."""
    return sorted((replace(f, scan_uid="", place="") for f in findings), key=lambda f: f.finding_uid)


def test_both_formats_of_one_scan_give_the_same_findings() -> None:
    assert one(small_ocsf()) == one(small_csv())
    assert len(distinct([*small_ocsf(), *small_csv()])) == 6


def test_json_lines_are_read_like_an_array() -> None:
    records = json.loads((FIXTURES / "prowler-small.ocsf.json").read_text())
    lines = "\n".join(json.dumps(record) for record in records)
    assert one(read_ocsf(lines)) == one(small_ocsf())


def test_a_muted_finding_stays_a_failure() -> None:
    muted = [f for f in small_ocsf() if f.is_suppressed]
    assert [(f.resource_name, f.status) for f in muted] == [("mallory", FindingStatus.FAIL)]


def test_a_vacuous_pass_is_not_applicable_and_keeps_its_detail() -> None:
    marked = mark_not_applicable(small_ocsf(), VACUOUS)
    changed = [f for f, before in zip(marked, small_ocsf(), strict=True) if f != before]
    assert [(f.resource_name, f.status) for f in changed] == [("robot", FindingStatus.NOT_APPLICABLE)]
    assert "Console Password" in changed[0].status_detail


def test_a_pattern_matches_whole_sentences_and_never_a_failure() -> None:
    assert mark_not_applicable(small_ocsf(), {MFA: ["Console Password"]}) == small_ocsf()
    everything = mark_not_applicable(small_ocsf(), {MFA: ["*"]})
    assert Counter(f.status for f in everything if f.check_id == MFA) == {
        FindingStatus.NOT_APPLICABLE: 2,
        FindingStatus.FAIL: 2,
    }


def test_an_expected_check_that_is_silent_is_not_evaluated_by_name() -> None:
    summaries = {s.check_id: s for s in summarise_checks(small_ocsf(), [MFA, "backup_plans_exist"], is_complete=True)}
    silent = summaries["backup_plans_exist"]
    assert (silent.outcome, silent.reasons) == (Outcome.NOT_EVALUATED, ("silent_check(backup_plans_exist)",))
    assert silent_checks(small_ocsf(), [MFA, "backup_plans_exist"]) == ("backup_plans_exist",)
    assert (summaries[MFA].outcome, summaries[MFA].passed, summaries[MFA].failing) == (Outcome.EVALUATED, 2, 2)


def test_nothing_is_evaluated_without_a_complete_scan_or_an_expected_check() -> None:
    incomplete = summarise_checks(small_ocsf(), [MFA], is_complete=False)
    assert {s.outcome for s in incomplete} == {Outcome.INCOMPLETE}
    unexpected = {s.check_id: s for s in summarise_checks(small_ocsf(), [MFA], is_complete=True)}
    assert unexpected["s3_bucket_object_versioning"].reasons == ("check_not_expected",)


def test_a_finding_left_to_a_person_is_undecided() -> None:
    check = "account_security_contact_is_registered"
    summary = next(s for s in summarise_checks(small_ocsf(), [check], is_complete=True) if s.check_id == check)
    assert (summary.outcome, summary.undecided, summary.passed) == (Outcome.INCOMPLETE, 1, 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status_code": "OK"}, "[0].status_code"),
        ({"class_uid": 3002}, "[0].class_uid"),
        ({"severity_id": 7}, "[0].severity_id"),
        ({"severity_id": True}, "[0].severity_id"),
        ({"resources": []}, "[0].resources"),
        ({"resources": [{"name": "x"}]}, "[0].resources[0].uid"),
        ({"time": "yesterday"}, "[0].time"),
        ({"time": -5}, "[0].time"),
        ({"time_dt": "2026-07-01T06:00:00"}, "[0].time_dt"),
        ({"finding_info": {}}, "[0].finding_info.uid"),
    ],
)
def test_a_bad_record_is_named_and_none_is_dropped(change: dict[str, object], field: str) -> None:
    records = json.loads((FIXTURES / "prowler-small.ocsf.json").read_text())
    records[0] |= change
    with pytest.raises(ProblemsError) as error:
        read_ocsf(json.dumps(records))
    assert [problem.field for problem in error.value.problems] == [field]


def test_times_in_milliseconds_are_told_from_seconds() -> None:
    records = json.loads((FIXTURES / "prowler-small.ocsf.json").read_text())
    for record in records:
        record["time"] *= 1000
    assert one(read_ocsf(json.dumps(records))) == one(small_ocsf())


def test_a_missing_severity_stays_unknown() -> None:
    records = json.loads((FIXTURES / "prowler-small.ocsf.json").read_text())
    del records[0]["severity_id"]
    assert read_ocsf(json.dumps(records))[0].severity_id == 0


def test_a_bad_csv_record_is_named_by_the_line_on_which_it_starts() -> None:
    text = (FIXTURES / "prowler-small.csv").read_bytes().decode().replace("FAIL;User omar", "MAYBE;User omar")
    with pytest.raises(ProblemsError) as error:
        read_csv(text)
    assert [(p.line, p.field, p.found) for p in error.value.problems] == [(5, "STATUS", "'MAYBE'")]


def test_another_csv_is_not_taken_for_prowlers() -> None:
    with pytest.raises(ProblemsError, match="FINDING_UID"):
        read_csv("id;name\n1;x\n")


# ---- the genuine files ----------------------------------------------------------------------------------------------

BY_CHECK = {
    "cloudtrail_log_file_validation_enabled": (0, 1),
    "cloudtrail_multi_region_enabled": (1, 0),
    "ec2_ebs_volume_encryption": (1, 4),
    "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22": (0, 1),
    "iam_customer_attached_policy_no_administrative_privileges": (0, 1),
    "iam_password_policy_minimum_length_14": (0, 1),
    KEYS: (12, 0),
    MFA: (8, 4),
    "kms_cmk_rotation_enabled": (1, 3),
    "rds_instance_backup_enabled": (1, 2),
    "rds_instance_no_public_access": (3, 0),
    "rds_instance_storage_encrypted": (1, 2),
    "s3_bucket_kms_encryption": (4, 5),
    "s3_bucket_level_public_access_block": (5, 4),
    "s3_bucket_object_versioning": (3, 6),
}


@pytest.fixture
def genuine(samples: Path) -> tuple[Finding, ...]:
    return read_ocsf((samples / "prowler-moto.ocsf.json").read_bytes())


@pytest.mark.samples
def test_genuine_ocsf_has_the_known_figures(genuine: tuple[Finding, ...]) -> None:
    assert (len(genuine), len(distinct(genuine)), len({f.resource_uid for f in genuine})) == (74, 74, 37)
    assert Counter(f.status.value for f in genuine) == {"pass": 40, "fail": 34}
    assert Counter(f.severity_id for f in genuine) == {5: 3, 4: 36, 3: 35}
    assert [f.resource_name for f in genuine if f.is_suppressed] == ["user01", "acme-bucket-2", "acme-bucket-4"]
    assert all(f.status is FindingStatus.FAIL for f in genuine if f.is_suppressed)
    counts = {
        check: tuple(sum(f.status.value == s for f in genuine if f.check_id == check) for s in ("pass", "fail"))
        for check in {f.check_id for f in genuine}
    }
    assert counts == BY_CHECK


@pytest.mark.samples
def test_genuine_vacuous_passes_leave_27_passes_34_failures_and_13_not_applicable(genuine: tuple[Finding, ...]) -> None:
    marked = mark_not_applicable(genuine, VACUOUS)
    assert Counter(f.status.value for f in marked) == {"pass": 27, "fail": 34, "not_applicable": 13}
    mfa = next(s for s in summarise_checks(marked, BY_CHECK, is_complete=True) if s.check_id == MFA)
    assert (mfa.population, mfa.passed, mfa.failing, mfa.not_applicable, mfa.suppressed) == (12, 4, 4, 4, 1)


@pytest.mark.samples
def test_genuine_csv_and_ocsf_are_one_scan(genuine: tuple[Finding, ...], samples: Path) -> None:
    content = (samples / "prowler-moto.csv").read_bytes()
    findings = read_csv(content)
    assert content.count(b"\n") >= 1819
    assert len(findings) == 74
    assert one(findings) == one(genuine)
    assert len(distinct([*genuine, *findings])) == 74


@pytest.mark.samples
def test_genuine_soc2_codes_are_kept_as_the_tools_opinion(genuine: tuple[Finding, ...]) -> None:
    codes = Counter(code for f in genuine for framework, code in f.requirements if framework == "SOC2")
    assert codes.most_common(5) == [("pi_1_5", 21), ("cc_a_1_1", 13), ("cc_7_4", 12), ("pi_1_4", 9), ("cc_c_1_2", 9)]
    carrying = [f for f in genuine if any(framework == "SOC2" for framework, _ in f.requirements)]
    assert (len(carrying), len({f.check_id for f in carrying})) == (40, 11)


@pytest.mark.samples
def test_genuine_silence_is_named(genuine: tuple[Finding, ...]) -> None:
    expected = [*BY_CHECK, "backup_plans_exist", "guardduty_is_enabled"]
    summaries = summarise_checks(genuine, expected, is_complete=True)
    silent = [s.check_id for s in summaries if s.outcome is Outcome.NOT_EVALUATED]
    assert (len(summaries), silent) == (17, ["backup_plans_exist", "guardduty_is_enabled"])
