"""JSON documents keep their shape, are plain data, and write what is not known as null."""

import json
from dataclasses import replace

from buttress.core.explain import Explanation
from buttress.core.posture import Posture
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.verdicts import Verdict
from buttress.reports.evidence import as_json as evidence_json
from buttress.reports.evidence.view import control_tests_view
from buttress.reports.plain import plain
from buttress.reports.posture.document import posture_document
from buttress.reports.summary import as_json as summary_json
from buttress.reports.summary.compose import summary

KEYS = [
    "format", "version", "as_of", "core_version", "currency", "organisation", "engagement", "portfolio",
    "risks", "controls", "tests", "criteria", "exceptions",
]  # fmt: skip


def test_the_document_has_its_documented_keys(snapshot: RegisterSnapshot, assessed: Posture) -> None:
    found = posture_document(snapshot, assessed)
    assert list(found) == KEYS
    assert (found["format"], found["version"]) == ("buttress.posture", 1)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_figures_have_full_precision(snapshot: RegisterSnapshot, assessed: Posture) -> None:
    found = posture_document(snapshot, assessed)
    residual = assessed.risk("R-014").residual
    assert residual is not None
    written = next(r for r in found["risks"] if r["ref"] == "R-014")["stages"]["residual"]
    assert (written["mean"], written["frequency"]) == (residual.mean, residual.law.frequency.mean)
    assert found["portfolio"]["stages"]["residual"]["curve"]


def test_what_is_not_estimated_is_null_and_never_zero(snapshot: RegisterSnapshot, assessed: Posture) -> None:
    found = posture_document(snapshot, assessed)
    silent = next(r for r in found["risks"] if r["ref"] == "R-048")
    assert silent["stages"] == {"inherent": None, "residual": None, "target": None}
    assert found["portfolio"]["not_estimated"] == ["R-048"]
    assert next(c for c in found["controls"] if c["ref"] == "GOV-01")["worth"] is None


def test_a_test_that_never_ran_has_no_counts(snapshot: RegisterSnapshot, assessed: Posture) -> None:
    register = replace(snapshot, results=())
    found = posture_document(register, assessed)
    assert all(t["counts"] is None and t["verdict"] == "not_evaluated" for t in found["tests"])


def test_summary_and_control_tests_are_plain_data(
    snapshot: RegisterSnapshot, assessed: Posture, explanation: Explanation
) -> None:
    found = summary_json.document(summary(snapshot, assessed, explanation))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["verdict"]["answer"] == "over"
    view = control_tests_view(snapshot, 0, 4)
    document = evidence_json.document(view)
    assert (document["failing"], document["unknown"]) == (1, 1)
    assert {row["id"]: row["verdict"] for row in document["rows"]}["backup-jobs"] == Verdict.STALE.value


def test_numbers_that_are_not_finite_become_null() -> None:
    assert plain((float("nan"), float("inf"), 1.5, frozenset({"b", "a"}))) == [None, None, 1.5, ["a", "b"]]
