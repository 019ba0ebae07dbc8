"""The vulnerabilities of a CycloneDX 1.4 to 1.6 document, with its VEX analysis: one finding a vulnerable component.

A bill of materials lists components, and none of them is safe because it is listed: a component passes only where the
document says of a vulnerability that it is resolved there. No vulnerabilities, or an empty list of them (which some
tools always write), means that nobody is known to have looked.
"""

from collections.abc import Iterator

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import UidGiver
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, read_whole
from buttress.evidence.importers.report import NO_ADVISORY_DATA, whole_report

_VERSIONS = ("1.4", "1.5", "1.6")
_STATES = {
    "exploitable": FindingStatus.FAIL,
    "in_triage": FindingStatus.UNKNOWN,
    "not_affected": FindingStatus.NOT_APPLICABLE,
    "false_positive": FindingStatus.NOT_APPLICABLE,
    "resolved": FindingStatus.PASS,
    "resolved_with_pedigree": FindingStatus.PASS,
}
_AFFECTED = {
    "": FindingStatus.FAIL,
    "affected": FindingStatus.FAIL,
    "unknown": FindingStatus.UNKNOWN,
    "unaffected": FindingStatus.NOT_APPLICABLE,
}
"""Of a version of a component that nobody analysed, the worst first."""
_SEVERITIES = {"unknown": 0, "none": 1, "info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}


def read(content: bytes, *, file: str) -> Imported:
    """Every vulnerability of the document; raises `ProblemsError` with all bad records."""
    return read_whole(content, _report, file=file, what="a CycloneDX document")


def _report(document: Fields, gathered: Gathered) -> Imported:
    if document.needed_text("bomFormat") != "CycloneDX":
        document.refuse(document.value("bomFormat"), "CycloneDX", "bomFormat")
    if document.needed_text("specVersion") not in _VERSIONS:
        document.refuse(document.value("specVersion"), f"one of {', '.join(_VERSIONS)}", "specVersion")
    components = dict(_components(document))
    uids = UidGiver("cyclonedx")
    vulnerabilities = gathered.objects(document, "vulnerabilities")
    read_one = gathered.each(vulnerabilities, lambda v: list(_findings(v, document, components, uids)))
    findings = [finding for some in read_one for finding in some]
    return whole_report(findings, bars=[] if vulnerabilities else [NO_ADVISORY_DATA])


def _components(document: Fields) -> Iterator[tuple[str, Fields]]:
    """Components and services by `bom-ref`, nested ones and the one that the document is about as well."""
    waiting = [*document.objects("components"), *document.objects("services")]
    if document.value("metadata", "component") is not None:
        waiting.append(document.object("metadata", "component"))
    while waiting:
        component = waiting.pop()
        waiting += [*component.objects("components"), *component.objects("services")]
        if reference := component.text("bom-ref"):
            yield reference, component


def _findings(
    vulnerability: Fields, document: Fields, components: dict[str, Fields], uids: UidGiver
) -> Iterator[Finding]:
    affected = vulnerability.objects("affects")
    for target in affected or (None,):
        reference = "" if target is None else target.needed_text("ref")
        yield _finding(vulnerability, target, components.get(reference, Fields({})), document, uids)


def _finding(
    vulnerability: Fields, target: Fields | None, component: Fields, document: Fields, uids: UidGiver
) -> Finding:
    identity = vulnerability.needed_text("id")
    reference = "" if target is None else target.text("ref")
    status, raw_status = _status(vulnerability, target)
    name, version = component.text("name"), component.text("version")
    product, product_version = _tool(document)
    return Finding(
        finding_uid=uids.uid(identity, component.text("purl") or reference),
        check_id=identity,
        check_title="",
        status=status,
        raw_status=raw_status,
        status_detail=_detail(vulnerability),
        is_suppressed=False,
        severity_id=_severity(vulnerability),
        time=document.time("metadata", "timestamp"),
        resource_uid=component.text("purl") or reference,
        resource_name=f"{name}@{version}" if version else name,
        resource_type=component.text("type"),
        scan_uid=document.text("serialNumber"),
        product=product,
        product_version=product_version,
        remediation=vulnerability.text("recommendation"),
        place=vulnerability.place,
    )


def _status(vulnerability: Fields, target: Fields | None) -> tuple[FindingStatus, str]:
    """The analysis; without one the component's versions decide, and without those it is vulnerable."""
    state = vulnerability.known(_STATES, "analysis", "state")
    if state is not None:
        return state, vulnerability.text("analysis", "state")
    versions = target.objects("versions") if target is not None else ()
    stated = {each.text("status"): each.known(_AFFECTED, "status") for each in versions}
    for word, status in _AFFECTED.items():
        if word in stated:
            return status, word
    return FindingStatus.FAIL, ""


def _detail(vulnerability: Fields) -> str:
    parts = [
        vulnerability.text("analysis", "justification"),
        vulnerability.text("analysis", "detail"),
        ", ".join(vulnerability.texts("analysis", "response")),
    ]
    return "; ".join(part for part in parts if part) or vulnerability.text("description")


def _severity(vulnerability: Fields) -> int:
    """The worst of the ratings; unknown where none has a word for it."""
    stated = [rating.known(_SEVERITIES, "severity") for rating in vulnerability.objects("ratings")]
    return max((severity for severity in stated if severity is not None), default=0)


def _tool(document: Fields) -> tuple[str, str]:
    """The first tool, a list in 1.4 and an object with components from 1.5 on."""
    tools = document.value("metadata", "tools")
    named = document.objects("metadata", "tools") if isinstance(tools, list) else ()
    if isinstance(tools, dict):
        named = document.object("metadata", "tools").objects("components")
    first = next(iter(named), Fields({}))
    return first.text("name"), first.text("version")
