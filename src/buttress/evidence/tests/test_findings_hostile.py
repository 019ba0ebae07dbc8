"""Every format on files that somebody damaged, cut or forged: a report, or the faults, and never another exception."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import evidence_file
from buttress.evidence.data.parser import read_findings
from buttress.evidence.importers.finding import Finding
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.registry import findings_formats, findings_reader
from buttress.formats.problems import ProblemsError

FIXTURES = Path(__file__).parent / "fixtures"
FILES = {
    "asff": "small.asff.json",
    "checkov": "small.checkov.json",
    "custodian": "small.custodian.json",
    "cyclonedx_vulnerabilities": "small.cyclonedx.json",
    "lynis": "small.lynis.dat",
    "ocsf": "small.ocsf.json",
    "oscal_results": "small.oscal.json",
    "pip_audit": "small.pip-audit.json",
    "prowler_csv": "prowler-small.csv",
    "prowler_ocsf": "prowler-small.ocsf.json",
    "sarif": "small.sarif.json",
    "trivy": "small.trivy.json",
}
JSON_FORMATS = sorted(set(FILES) - {"lynis", "prowler_csv"})
DROPPED = object()
REPLACEMENTS: list[Any] = [
    DROPPED,
    *(
        None,
        True,
        False,
        0,
        -1,
        7,
        10**11,
        2**63 - 1,
        1.5,
        1e300,
        "",
        "x",
        "PASS",
        "2026-06-30",
        "9999-12-31T23:59-14:00",
    ),
    *(
        "0001-01-01T00:00+14:00",
        "NaN",
        "\u202e",
        "9" * 5000,
        [],
        [[]],
        [None],
        [{}],
        ["x"],
        {},
        {"x": None},
        {"id": {}},
    ),
]
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def content_of(name: str) -> bytes:
    return (FIXTURES / FILES[name]).read_bytes()


def outcome(name: str, content: bytes) -> Imported | ProblemsError:
    """What a reader makes of it; any other exception fails the test."""
    try:
        return findings_reader(name)(content, file="report")
    except ProblemsError as error:
        return error


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from paths_of(member, (*path, key))


def changed(document: Any, path: tuple[Any, ...], replacement: Any) -> Any:
    """The document with one member dropped or replaced; unchanged where the path is no longer there."""
    document = copy.deepcopy(document)
    holder = document
    for key in path[:-1]:
        try:
            holder = holder[key]
        except (KeyError, IndexError, TypeError):
            return document
    if not isinstance(holder, dict | list):
        return document
    if isinstance(holder, list) and (not isinstance(path[-1], int) or path[-1] >= len(holder)):
        return document
    if replacement is DROPPED:
        if isinstance(holder, list) or path[-1] in holder:
            del holder[path[-1]]
    else:
        holder[path[-1]] = replacement
    return document


def check(found: Imported | ProblemsError) -> None:
    if isinstance(found, ProblemsError):
        assert 0 < len(found.problems) <= 200
        assert all(problem.found and problem.expected for problem in found.problems)
        return
    for finding in found.findings:
        assert finding.finding_uid and finding.check_id
        assert finding.row()["severity_id"] in (*range(7), 99)


def test_every_format_of_scanners_is_tested_here() -> None:
    assert set(findings_formats()) == set(FILES)


@pytest.mark.parametrize("name", JSON_FORMATS)
def test_a_member_of_the_wrong_kind_gives_problems_or_a_report(name: str) -> None:
    document = json.loads(content_of(name))
    paths = list(paths_of(document))

    @FEW
    @given(st.lists(st.tuples(st.sampled_from(paths), st.sampled_from(REPLACEMENTS)), min_size=1, max_size=3))
    def holds(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
        mutated = document
        for path, replacement in changes:
            mutated = changed(mutated, path, replacement)
        check(outcome(name, json.dumps(mutated).encode()))

    holds()


@pytest.mark.parametrize("name", sorted(FILES))
def test_damaged_bytes_give_problems_or_a_report(name: str) -> None:
    content = content_of(name)

    @FEW
    @given(st.integers(0, len(content)), st.integers(0, 60), st.binary(max_size=20))
    def holds(start: int, cut: int, added: bytes) -> None:
        check(outcome(name, content[:start] + added + content[start + cut :]))

    holds()


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[1, null, []]",
        b'"text"',
        b"{}\n{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"version": NaN}',
        b'{"version": 1, "version": 1}',
        b'{"SchemaVersion": ' + b"9" * 5000 + b"}",
        b'{"SchemaVersion": 1e999999}',
        "\ufeff{}".encode(),
        '{"version": "2.1.0"}'.encode("utf-16"),
        b'{"bomFormat": "\\ud800"}',
        b"report_version_major=1\0",
    ],
    ids=lambda content: repr(content[:24]),
)
def test_what_is_no_report_is_refused(name: str, content: bytes) -> None:
    assert isinstance(outcome(name, content), ProblemsError)


@pytest.mark.parametrize("name", JSON_FORMATS)
def test_a_second_member_of_the_same_name_is_refused(name: str) -> None:
    doubled = content_of(name).decode().rstrip().removesuffix("]").removesuffix("}").rstrip()
    first = next(iter(json.loads(content_of(name))))
    key = first if isinstance(first, str) else next(iter(first))
    closing = "}" if isinstance(first, str) else "}]"
    opened = doubled.removesuffix("}").rstrip() if closing == "}]" else doubled
    with pytest.raises(ProblemsError, match="twice"):
        findings_reader(name)(f'{opened}, "{key}": 1{closing}'.encode(), file="report")


@pytest.mark.parametrize("name", ["lynis", "pip_audit", "trivy"])
def test_the_parser_child_finds_the_same(name: str) -> None:
    dataset = DatasetDeclaration.model_validate(
        {"id": "x", "kind": "findings", "format": name, "path": "evidence/x", "effective_at": {"from": "receipt"}}
    )
    with evidence_file(FIXTURES, FILES[name]) as source:
        assert read_findings(source, dataset, in_child=True) == read_findings(source, dataset, in_child=False)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_report_read_twice_gives_the_same_findings(name: str) -> None:
    first, second = outcome(name, content_of(name)), outcome(name, content_of(name))
    assert isinstance(first, Imported) and first == second
    uids = [finding.finding_uid for finding in first.findings]
    assert len(uids) == len(set(uids)) > 0


RECORDS = {
    "asff": ("Findings", "Id"),
    "custodian": ("resources", "Arn"),
    "cyclonedx_vulnerabilities": ("vulnerabilities", "id"),
    "pip_audit": ("dependencies", "name"),
}


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_all_bad_records_are_named_at_once_up_to_200(name: str) -> None:
    member, needed = RECORDS[name]
    document = json.loads(content_of(name))
    document[member] = [
        {**document[member][0], needed: 3},
        "text",
        document[member][0],
        {**document[member][0], needed: []},
    ]
    found = outcome(name, json.dumps(document).encode())
    assert isinstance(found, ProblemsError)
    places = {problem.field.split(".")[0] for problem in found.problems}
    assert places == {f"{member}[0]", f"{member}[1]", f"{member}[3]"}
    document[member] = [5] * 1000
    found = outcome(name, json.dumps(document).encode())
    assert isinstance(found, ProblemsError)
    assert len(found.problems) == 200


@pytest.mark.parametrize("name", sorted(set(FILES) - {"prowler_csv"}))
def test_findings_keep_their_identity_in_another_order(name: str) -> None:
    """Deviations live by it: what is reported on another day in another order is the same."""
    first = outcome(name, content_of(name))
    if name == "lynis":
        lines = content_of(name).decode().splitlines()
        shuffled = "\n".join(reversed(lines)).encode()
    else:
        shuffled = json.dumps(in_reverse(json.loads(content_of(name)))).encode()
    second = outcome(name, shuffled)
    assert isinstance(first, Imported) and isinstance(second, Imported)
    assert judged(first.findings) == judged(second.findings)


KEPT_IN_ORDER = {"rules", "artifacts", "extensions", "file_line_range", "ratings", "components"}
"""Lists of the formats whose order means something."""


def in_reverse(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: in_reverse(member, key) for key, member in value.items()}
    if isinstance(value, list):
        members = [in_reverse(member) for member in value]
        return members if name in KEPT_IN_ORDER else members[::-1]
    return value


def judged(findings: tuple[Finding, ...]) -> set[tuple[str, str, str, str]]:
    return {(f.finding_uid, f.check_id, f.status.value, f.resource_uid) for f in findings}
