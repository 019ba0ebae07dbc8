import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from buttress.evidence.importers.findings.oscal_results import read
from buttress.evidence.importers.imported import Imported
from buttress.formats.problems import ProblemsError

SMALL = Path(__file__).parent / "fixtures" / "small.oscal.json"


def results() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SMALL.read_text())["assessment-results"]
    return found


def imported(found: dict[str, Any]) -> Imported:
    return read(json.dumps({"assessment-results": found}).encode(), file="ar.json")


def test_an_observation_is_judged_by_its_result_and_else_by_what_was_concluded() -> None:
    found = read(SMALL.read_bytes(), file="ar.json")
    assert [(f.check_id, f.status.value, f.raw_status, f.resource_uid[-8:]) for f in found.findings] == [
        ("second-factor", "pass", "pass", "fb3a7a101"[-8:]),
        ("second-factor", "fail", "FAIL", "user/bob"),
        ("visitors-signed", "pass", "satisfied", ""),
        ("guards-asked", "unknown", "", ""),
    ]
    assert (found.doubts, found.bars) == ((), ())


def test_conclusions_are_requirements_of_their_observations() -> None:
    found = read(SMALL.read_bytes(), file="ar.json").findings
    assert [f.requirements for f in found] == [
        (("objective-id", "cc6.1_obj"),),
        (("objective-id", "cc6.1_obj"),),
        (("objective-id", "cc6.4_obj"),),
        (),
    ]


def test_a_conclusion_without_observations_is_kept_and_passes_nothing() -> None:
    changed = results()
    for finding in changed["results"][0]["findings"]:
        finding["related-observations"] = [{"observation-uuid": "gone"}]
    found = imported(changed)
    kept = {f.check_id: f.status.value for f in found.findings if f.check_id.endswith("_obj")}
    assert kept == {"cc6.1_obj": "fail", "cc6.4_obj": "unknown"}
    assert found.doubts == ("unfounded_findings(2)",)


def test_a_conclusion_against_its_observations_is_doubtful() -> None:
    changed = results()
    changed["results"][0]["findings"][0]["target"]["status"]["state"] = "satisfied"
    assert imported(changed).doubts == ("contradicted(1)",)


def test_observations_past_their_term_and_a_missing_plan_are_flagged() -> None:
    changed = results()
    changed["import-ap"]["href"] = "#"
    changed["results"][0]["observations"][0]["expires"] = "2026-06-29T00:00:00Z"
    assert imported(changed).doubts == ("no_assessment_plan", "expired_observations(1)")


def test_the_latest_result_is_todays() -> None:
    changed = results()
    older = json.loads(json.dumps(changed["results"][0]).replace("2026-06-30T0", "2026-05-31T0"))
    older["uuid"] = "2b9d4a1c-52f1-4d54-9d3c-0c6fb3a7a999"
    changed["results"].append(older)
    found = imported(changed)
    assert Counter(f.is_archived for f in found.findings) == {True: 4, False: 4}
    assert found.doubts == ("archived(4)",)
    today = [f.finding_uid for f in found.findings if not f.is_archived]
    assert today == [f.finding_uid for f in imported(results()).findings]


def test_identity_stays_when_identifiers_are_made_anew() -> None:
    """Tools write new UUIDs at every run; what was observed of what is the same."""
    text = json.dumps(results()).replace("fb3a7a0", "fb3a7b0")
    uids = [[f.finding_uid for f in imported(found).findings] for found in (results(), json.loads(text))]
    assert uids[0][:2] == uids[1][:2]


def test_a_file_without_observations_says_nothing() -> None:
    assert imported({**results(), "results": []}).bars == ("nothing_recognised",)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metadata": {"oscal-version": "1.0.4"}}, "metadata.oscal-version"),
        ({"results": None}, "results"),
        ({"results": [{}]}, "results[0].start"),
        (
            {"results": [{"start": "2026-06-30T00:00:00Z", "observations": [{"uuid": "a", "title": "b"}]}]},
            "results[0].observations[0].collected",
        ),
        (
            {
                "results": [
                    {
                        "start": "2026-06-30T00:00:00Z",
                        "findings": [{"target": {"target-id": "a", "status": {"state": "ok"}}}],
                    }
                ]
            },
            "results[0].findings[0].target.status.state",
        ),
    ],
)
def test_a_fault_is_named_by_its_place(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        imported(results() | change)
    assert [problem.field for problem in error.value.problems] == [f"assessment-results.{field}"]


@pytest.mark.samples
def test_genuine_results_are_12_observations_of_one_check(samples: Path) -> None:
    found = read((samples / "oscal-ar-from-prowler.json").read_bytes(), file="oscal-ar-from-prowler.json")
    assert Counter(f.status.value for f in found.findings) == {"pass": 8, "fail": 4}
    assert {f.check_id for f in found.findings} == {"iam_user_mfa_enabled_console_access"}
    assert {f.requirements for f in found.findings} == {(("objective-id", "cc6.1_obj"),)}
    assert len({f.resource_uid for f in found.findings}) == len({f.finding_uid for f in found.findings}) == 12
    muted = next(f for f in found.findings if f.resource_uid.endswith("user/user01"))
    assert (muted.status.value, muted.is_suppressed) == ("fail", False)
    assert (found.doubts, found.bars) == (("no_assessment_plan",), ())
