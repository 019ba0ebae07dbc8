from decimal import Decimal
from pathlib import Path

import pytest

from buttress.core.verdicts import EffectMode
from buttress.evidence.data.datasets import dataset_schemas
from buttress.evidence.data.tables import Schema
from buttress.evidence.declaration_lint import lint_declaration
from buttress.evidence.declarations import ControlTestDeclaration, catalogue, read_declaration, shipped_test
from buttress.evidence.declared_terms import Adoption
from buttress.formats.problems import Problem, ProblemsError

TEST = """\
id: mfa-for-people
version: 3
title: Every active person has a second factor
controls: [IAM-02]
assertion: operating
source: idp_accounts
key: [account_id]
population: "status = 'active' and kind = 'human'"
not_applicable: "coalesce(break_glass, false)"
fail: "not coalesce(mfa_enrolled, false)"
display: [email]
due: {from: created_at, sla: 24 hours}
params:
  max_days: {type: integer, default: 90, min: 1, max: 365}
completeness:
  min_rows: 1
  max_age: 26 hours
  compare_to: hr_workers
  tolerance: 0.5 %
  max_shrink: 20 %
thresholds: {tolerable_rate: 0.05, warn_rate: 0.01}
frequency: daily
severity: high
owner: it-operations
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{account_id: a1, status: active, kind: human, mfa_enrolled: true}]
  fail: [{account_id: a2, status: active, kind: human, mfa_enrolled: false, created_at: 2026-05-01T00:00:00Z}]
  not_due: [{account_id: a3, status: active, kind: human, created_at: 2026-06-29T12:00:00Z}]
  not_applicable: [{account_id: a4, status: active, kind: human, break_glass: true}]
  outside: [{account_id: a5, status: disabled, kind: human}]
"""
ROWS = """\
population_rows: select a.account_id from idp_accounts a
failing_rows: select a.account_id from idp_accounts a where a.kind = 'service'
"""


def declare(folder: Path, text: str, name: str = "mfa-for-people") -> ControlTestDeclaration:
    path = folder / name / "test.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return read_declaration(path, shown_as="test.yaml")


def problems_of(folder: Path, text: str, schemas: dict[str, Schema] | None = None) -> list[Problem]:
    """What reading says, or else the linter."""
    try:
        declaration = declare(folder, text)
    except ProblemsError as error:
        return list(error.problems)
    return lint_declaration(declaration, schemas or dict(dataset_schemas()))


def test_the_full_form_is_read(tmp_path: Path) -> None:
    declaration = declare(tmp_path, TEST)
    assert lint_declaration(declaration, dataset_schemas()) == []
    test = declaration.to_control_test()
    assert (test.id, test.version, test.controls, test.max_age_hours) == ("mfa-for-people", 3, ("IAM-02",), 26.0)
    assert (test.tolerable_rate, test.warn_rate, test.min_population) == (0.05, 0.01, 1)
    assert declaration.datasets == ("idp_accounts", "hr_workers")
    assert declaration.completeness.max_shrink == Decimal("0.2")
    assert declaration.line_of(("fail",)) == 10


HOSTILE = {
    "unknown key": (("version: 3", "version: 3\ncolour: red"), 3, "colour", "unknown field 'colour'"),
    "unknown nested key": (("min_rows: 1", "min_rows: 1\n  rows: 2"), 17, "completeness.rows", "unknown field 'rows'"),
    "duplicate key": (("version: 3", "version: 3\nversion: 4"), 3, "version", "the key 'version' again"),
    "wrong type": (("version: 3", "version: [3]"), 2, "version", "a list of 1 item"),
    "version as decimal": (("version: 3", "version: 3.0"), 2, "version", "'3.0'"),
    "version below 1": (("version: 3", "version: 0"), 2, "version", "0"),
    "alias": (("title:", "area: &a identity\nknown_as: *a\ntitle:"), 3, "area", "the anchor &a"),
    "merge key": (("thresholds: {", "thresholds: {<<: {a: b}, "), 21, "thresholds", "a merge key"),
    "tag": (("version: 3", "version: !!int 3"), 2, "version", "the tag"),
    "second document": (("version: 3", "version: 3\n---\nid: x"), 3, "", "a second document"),
    "id is not the folder": (("id: mfa-for-people", "id: mfa-for-all"), 1, "id", "'mfa-for-all'"),
    "id with a path": (("id: mfa-for-people", "id: ../mfa"), 1, "id", "'../mfa'"),
    "predicate and row form": (
        ("display: [email]", ROWS + "display: [email]"),
        11,
        "population_rows",
        "beside population",
    ),
    "missing fail": (('fail: "not coalesce(mfa_enrolled, false)"\n', ""), 1, "fail", "nothing"),
    "missing population": (("population: ", "area: "), 1, "population", "nothing"),
    "no failing example": (("  fail: [", "  outside: ["), 31, "examples.outside", "again"),
    "also with predicates": (("key: [", "also: [hr_workers]\nkey: ["), 7, "also", "further data sets"),
    "unknown data set": (("source: idp_accounts", "source: idp_acounts"), 6, "source", "'idp_acounts'"),
    "unknown comparison": (
        ("compare_to: hr_workers", "compare_to: payroll"),
        18,
        "completeness.compare_to",
        "'payroll'",
    ),
    "unknown key column": (("key: [account_id]", "key: [accountid]"), 7, "key", "'accountid'"),
    "unknown display column": (("display: [email]", "display: [mail]"), 11, "display", "'mail'"),
    "unknown column in SQL": (("coalesce(mfa_enrolled", "coalesce(mfa"), 10, "fail", "mfa"),
    "unknown parameter in SQL": (("kind = 'human'\"", 'kind = :sort"'), 8, "population", ":sort"),
    "nullable column in SQL": (
        ('"not coalesce(mfa_enrolled, false)"', '"not mfa_enrolled"'),
        10,
        "fail",
        "mfa_enrolled",
    ),
    "statement in SQL": (('"not coalesce', '"1=1; drop table x; --'), 10, "fail", ""),
    "due from no timestamp": (("due: {from: created_at", "due: {from: email"), 12, "due.from", "email, a text"),
    "bad duration": (("sla: 24 hours", "sla: 24h"), 12, "due.sla", "'24h'"),
    "endless duration": (
        ("max_age: 26 hours", "max_age: 99999999 days"),
        17,
        "completeness.max_age",
        "'99999999 days'",
    ),
    "bad rate": (("tolerable_rate: 0.05", "tolerable_rate: 1.05"), 21, "thresholds.tolerable_rate", "'1.05'"),
    "rate over 100 %": (("max_shrink: 20 %", "max_shrink: 120 %"), 20, "completeness.max_shrink", "'120 %'"),
    "default out of range": (("default: 90", "default: 900"), 14, "params.max_days.default", "'900'"),
    "default of another type": (("default: 90", "default: ninety"), 14, "params.max_days.default", "'ninety'"),
    "parameter named as_of": (("  max_days:", "  as_of:"), 14, "params.as_of", "'as_of'"),
    "empty population allowed": (("min_rows: 1", "min_rows: 0"), 16, "completeness.min_rows", "0"),
    "unknown frequency": (("frequency: daily", "frequency: often"), 22, "frequency", "'often'"),
    "sampling that does not exist": (("severity: high", "sampling: monthly"), 23, "sampling", "'monthly'"),
    "effect on another control": (("severity: high", "effect: {control: IAM-03}"), 23, "effect.control", "'IAM-03'"),
    "no control": (("controls: [IAM-02]", "controls: []"), 4, "controls", "no control"),
    "checks over no findings": (("severity: high", "checks: [some_check]"), 23, "checks", "checks over idp_accounts"),
    "example without zone": (
        ("as_of: 2026-06-30T00:00:00Z", "as_of: 2026-06-30"),
        26,
        "examples.as_of",
        "'2026-06-30'",
    ),
    "huge text": (("title: Every", "title: " + "x" * 30_000 + " Every"), 3, "title", "xxx"),
    "huge file": (("owner: it-operations", "owner: it\n" + "# x\n" * 60_000), None, "", "bytes"),
    "deep nesting": (
        ("params:", "params: " + "{a: " * 30 + "b" + "}" * 30 + "\nx:"),
        13,
        "params",
        "levels of nesting",
    ),
    "control character": (("title: Every", "title: Every\x07"), 3, "", "U+0007"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_declaration_gives_a_problem_with_its_line(tmp_path: Path, name: str) -> None:
    change, line, field, found = HOSTILE[name]
    assert change[0] in TEST
    problems = problems_of(tmp_path, TEST.replace(*change, 1))
    assert problems, "it was taken"
    places = [(p.line, found in p.found and p.field.startswith(field)) for p in problems]
    assert (line, True) in places, "\n".join(map(str, problems))


def test_a_declaration_without_examples_is_refused(tmp_path: Path) -> None:
    assert [p.field for p in problems_of(tmp_path, TEST.partition("examples:")[0])] == ["examples"]


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    text = TEST.replace("sla: 24 hours", "sla: soon").replace("frequency: daily", "frequency: often")
    assert {p.field for p in problems_of(tmp_path, text)} == {"due.sla", "frequency"}


def test_the_hash_covers_meaning_and_not_wording(tmp_path: Path) -> None:
    before = declare(tmp_path, TEST).definition_hash
    for wording in (
        ("second factor", "factor"),
        ("it-operations", "platform"),
        ("high", "low"),
        ("[email]", "[worker_id]"),
    ):
        assert declare(tmp_path, TEST.replace(*wording)).definition_hash == before
    for meaning in (
        ("'active'", "'suspended'"),
        ("24 hours", "25 hours"),
        ("default: 90", "default: 91"),
        ("max_age: 26", "max_age: 27"),
        ("tolerable_rate: 0.05", "tolerable_rate: 0.06"),
        ("compare_to: hr_workers", "compare_to: source_total"),
        ("assertion: operating", "assertion: configuration"),
    ):
        assert declare(tmp_path, TEST.replace(*meaning)).definition_hash != before, meaning


def test_an_adoption_changes_what_it_may_and_leaves_the_declared_hash(tmp_path: Path) -> None:
    declared = declare(tmp_path, TEST)
    adoption = {
        "controls": ["IAM-09"],
        "params": {"max_days": "30"},
        "thresholds": {"tolerable_rate": "10 %"},
        "owner": "omar",
        "max_age": "3 days",
    }
    adopted = declared.with_overrides(Adoption.model_validate(adoption))
    assert (adopted.controls, adopted.owner, adopted.values["max_days"]) == (("IAM-09",), "omar", 30)
    assert (adopted.to_control_test().tolerable_rate, adopted.to_control_test().max_age_hours) == (0.1, 72.0)
    assert adopted.thresholds.warn_rate == declared.thresholds.warn_rate
    assert adopted.definition_hash != declared.definition_hash
    assert adopted.declared_hash == declared.declared_hash == declared.definition_hash


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"max_days": "0"}, "'0'"),
        ({"max_days": "1000"}, "'1000'"),
        ({"max_days": "x"}, "'x'"),
        ({"days": "3"}, "'days'"),
    ],
)
def test_an_adoption_outside_of_the_limits_is_refused(tmp_path: Path, params: dict[str, str], found: str) -> None:
    with pytest.raises(ProblemsError) as error:
        declare(tmp_path, TEST).with_overrides(Adoption.model_validate({"params": params}))
    assert error.value.problems[0].found == found


@pytest.mark.parametrize(
    ("assertion", "population", "mode"),
    [
        ("design", "status = 'active'", EffectMode.DESIGN),
        ("configuration", "status = 'active'", EffectMode.COVERAGE),
        ("operating", "status = 'active'", EffectMode.COVERAGE),
        ("operating", "coalesce(created_at, :as_of) >= :period_start", EffectMode.RELIABILITY),
    ],
)
def test_what_a_test_feeds_follows_from_its_kind(
    tmp_path: Path, assertion: str, population: str, mode: EffectMode
) -> None:
    text = TEST.replace("assertion: operating", f"assertion: {assertion}")
    text = text.replace("status = 'active' and kind = 'human'", population)
    assert declare(tmp_path, text).mode is mode


def test_every_shipped_test_reads_and_fits_the_shipped_schemas() -> None:
    assert len(catalogue()) >= 50
    problems = [p for name in catalogue() for p in lint_declaration(shipped_test(name), dataset_schemas())]
    assert problems == []
    assert all(shipped_test(name).is_shipped for name in catalogue())
