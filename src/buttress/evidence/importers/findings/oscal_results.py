"""OSCAL assessment results (JSON, 1.1 and 1.2) into normalised findings: one an observation of a subject.

The findings of OSCAL conclude from observations, so they are requirements of those and no items of their own. A
conclusion without observations is kept, as nothing that passed. Of several results the latest is today's and the others
are archived. OSCAL knows no suppression, rate or population.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import UidGiver
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, read_whole
from buttress.evidence.importers.report import NOTHING_RECOGNISED, whole_report

_VERSIONS = ("1.1.", "1.2.")
_RESULTS = {
    "pass": FindingStatus.PASS,
    "passed": FindingStatus.PASS,
    "satisfied": FindingStatus.PASS,
    "fail": FindingStatus.FAIL,
    "failed": FindingStatus.FAIL,
    "failure": FindingStatus.FAIL,
    "not-satisfied": FindingStatus.FAIL,
    "not-applicable": FindingStatus.NOT_APPLICABLE,
    "notapplicable": FindingStatus.NOT_APPLICABLE,
    "manual": FindingStatus.MANUAL,
}
"""Of the prop `result`, in any case; every other word is unknown, and kept."""
_STATES = {"satisfied": FindingStatus.PASS, "not-satisfied": FindingStatus.FAIL}
_SATISFIED, _NOT_SATISFIED = "satisfied", "not-satisfied"
_WITHOUT_PLAN = "#"
_CHECK_PROPS = ("check", "check-id", "check_id", "rule", "rule-id")


@dataclass(frozen=True, slots=True)
class _Conclusion:
    """A finding of OSCAL: a state of a target, and the observations that it rests on."""

    fields: Fields
    target: tuple[str, str]
    state: str
    observations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Result:
    """One result, whether it is the latest, and the conclusions from each observation."""

    fields: Fields
    is_latest: bool
    conclusions: Mapping[str, Sequence[_Conclusion]]
    uids: UidGiver


@dataclass(frozen=True, slots=True)
class _Observed:
    status: FindingStatus
    raw_status: str


def read(content: bytes, *, file: str) -> Imported:
    """Every observation of the file; raises `ProblemsError` with all bad records."""
    return read_whole(content, _report, file=file, what="OSCAL assessment results")


def _report(document: Fields, gathered: Gathered) -> Imported:
    results = document.needed_object("assessment-results")
    version = results.needed_text("metadata", "oscal-version")
    if not version.startswith(_VERSIONS):
        results.refuse(version, "OSCAL 1.1 or 1.2", "metadata", "oscal-version")
    doubts = ["no_assessment_plan"] if results.text("import-ap", "href") in ("", _WITHOUT_PLAN) else []
    written = results.time("metadata", "last-modified")
    results.needed_items("results")
    parts = gathered.objects(results, "results")
    latest = max((part.needed_time("start") for part in parts), default=None)
    uids = UidGiver("oscal")
    findings: list[Finding] = []
    for part in parts:
        found, some = _part(part, part.needed_time("start") == latest, gathered, uids)
        findings += found
        doubts += [*some, *_expired(part, written)]
    return whole_report(findings, doubts=doubts, bars=[] if findings else [NOTHING_RECOGNISED])


def _part(part: Fields, is_latest: bool, gathered: Gathered, uids: UidGiver) -> tuple[list[Finding], list[str]]:
    conclusions = gathered.each(gathered.objects(part, "findings"), _conclusion)
    by_observation: dict[str, list[_Conclusion]] = defaultdict(list)
    for conclusion in conclusions:
        for observation in conclusion.observations:
            by_observation[observation].append(conclusion)
    result = _Result(part, is_latest, by_observation, uids)
    observations = gathered.objects(part, "observations")
    found = [f for some in gathered.each(observations, lambda o: list(_findings(o, result))) for f in some]
    there = {observation.text("uuid") for observation in observations}
    unfounded = [conclusion for conclusion in conclusions if there.isdisjoint(conclusion.observations)]
    found += [_unfounded(conclusion, result) for conclusion in unfounded]
    contradicted = sum(_is_contradicted(observation, result) for observation in observations)
    counts = {"unfounded_findings": len(unfounded), "contradicted": contradicted}
    return found, [f"{code}({count})" for code, count in counts.items() if count]


def _conclusion(finding: Fields) -> _Conclusion:
    target = finding.needed_object("target")
    state = target.needed_text("status", "state")
    target.known(_STATES, "status", "state")
    related = finding.objects("related-observations")
    observations = tuple(each.needed_text("observation-uuid") for each in related)
    return _Conclusion(finding, (target.text("type"), target.needed_text("target-id")), state, observations)


def _findings(observation: Fields, result: _Result) -> Iterator[Finding]:
    """One a subject; the prop `resource` is the subject where there are none."""
    subjects = observation.objects("subjects")
    if not subjects:
        yield _finding(observation, result, _prop(observation, "resource"), "", "")
    for subject in subjects:
        identity = _prop(subject, "resource") or subject.needed_text("subject-uuid")
        yield _finding(observation, result, identity, subject.text("title"), subject.text("type"))


def _finding(observation: Fields, result: _Result, resource: str, name: str, kind: str) -> Finding:
    uuid = observation.needed_text("uuid")
    check = next((v for v in (_prop(observation, prop) for prop in _CHECK_PROPS) if v), "") or observation.text("title")
    if not check:
        observation.refuse(None, "the check: a title, or a prop `check`", "title")
    observed = _observed(observation, result)
    identity: tuple[str, ...] = (check, resource) if resource else (check, uuid)
    if not result.is_latest:
        identity = (*identity, result.fields.needed_text("uuid"))
    related = result.conclusions.get(uuid, ())
    return Finding(
        finding_uid=result.uids.uid(*identity),
        check_id=check,
        check_title=observation.text("title"),
        status=observed.status,
        raw_status=observed.raw_status,
        status_detail=observation.text("description"),
        is_suppressed=False,
        severity_id=0,
        time=observation.needed_time("collected"),
        resource_uid=resource,
        resource_name=name,
        resource_type=kind,
        scan_uid=result.fields.text("uuid"),
        requirements=tuple(sorted({conclusion.target for conclusion in related})),
        remediation=observation.text("remarks"),
        is_archived=not result.is_latest,
        place=observation.place,
    )


def _observed(observation: Fields, result: _Result) -> _Observed:
    """The prop `result`; else what was concluded from the observation, the worst where there are several."""
    word = _prop(observation, "result")
    if word:
        return _Observed(_RESULTS.get(word.casefold(), FindingStatus.UNKNOWN), word)
    states = {conclusion.state for conclusion in result.conclusions.get(observation.text("uuid"), ())}
    state = _NOT_SATISFIED if _NOT_SATISFIED in states else _SATISFIED if states else ""
    return _Observed(_STATES.get(state, FindingStatus.UNKNOWN), state)


def _unfounded(conclusion: _Conclusion, result: _Result) -> Finding:
    """A conclusion from nothing: what is not satisfied stays so, what is satisfied rests on no evidence."""
    fields, (_, identity) = conclusion.fields, conclusion.target
    is_satisfied = conclusion.state == _SATISFIED
    return Finding(
        finding_uid=result.uids.uid(identity, "" if result.is_latest else result.fields.text("uuid")),
        check_id=identity,
        check_title=fields.text("title"),
        status=FindingStatus.UNKNOWN if is_satisfied else FindingStatus.FAIL,
        raw_status=conclusion.state,
        status_detail=fields.text("description"),
        is_suppressed=False,
        severity_id=0,
        time=result.fields.time("end") or result.fields.time("start"),
        resource_uid="",
        scan_uid=result.fields.text("uuid"),
        requirements=(conclusion.target,),
        is_archived=not result.is_latest,
        place=fields.place,
    )


def _is_contradicted(observation: Fields, result: _Result) -> bool:
    """True where something counts as satisfied on the ground of an observation that failed."""
    failed = _RESULTS.get(_prop(observation, "result").casefold()) is FindingStatus.FAIL
    related = result.conclusions.get(observation.text("uuid"), ())
    return failed and any(conclusion.state == _SATISFIED for conclusion in related)


def _expired(part: Fields, written: datetime | None) -> list[str]:
    """Observations that no longer held when the file was written."""
    times = [observation.time("expires") for observation in part.objects("observations")]
    expired = sum(time is not None and written is not None and time < written for time in times)
    return [f"expired_observations({expired})"] if expired else []


def _prop(fields: Fields, name: str) -> str:
    """The value of a prop, empty where there is none."""
    return next((prop.text("value") for prop in fields.objects("props") if prop.text("name") == name), "")
