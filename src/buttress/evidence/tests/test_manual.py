import hashlib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from buttress.core.verdicts import EffectMode, Outcome, TestResult, Verdict, verdict
from buttress.evidence.manual import ManualTest
from buttress.formats.models import validated
from buttress.formats.problems import Problem, ProblemsError
from buttress.formats.strict_yaml import read_yaml

TEXT = """\
MT-GOV-02:
  title: The board reviewed security
  controls: [GOV-02]
  procedure: inspection
  frequency: half-yearly
  next_due: 2026-12-31
  results:
    - {effective_on: 2026-06-30, performed_by: ruth, items: 2, deviations: 1, deviating: [h2], document: evidence/minutes.md}
    - {effective_on: 2025-12-20, performed_by: ruth, items: 1, document: evidence/minutes.md}
"""
MINUTES = b"The board met on 12 June.\n"


def results(folder: Path, text: str = TEXT, *, owner: str = "omar", sole: bool = False) -> tuple[TestResult, ...]:
    (folder / "evidence").mkdir(exist_ok=True)
    (folder / "evidence" / "minutes.md").write_bytes(MINUTES)
    node = read_yaml(text, file="manual.yaml")
    test = validated(ManualTest, node, ("MT-GOV-02",))
    return test.to_results(
        "MT-GOV-02",
        folder=folder,
        zone=ZoneInfo("Europe/Amsterdam"),
        owners={"GOV-02": [owner]},
        sole_operator=sole,
        node=node,
        at=("MT-GOV-02",),
    )


def problem(folder: Path, text: str, **options: str) -> Problem:
    with pytest.raises(ProblemsError) as error:
        results(folder, text, **options)  # type: ignore[arg-type]
    return error.value.problems[0]


def test_results_come_in_order_of_their_dates_with_procedure_and_performer(tmp_path: Path) -> None:
    first, second = results(tmp_path)
    assert (first.effective_on.isoformat(), second.effective_on.isoformat()) == ("2025-12-20", "2026-06-30")
    assert (second.population, second.passed, second.failing, second.failing_keys) == (2, 1, 1, ("h2",))
    assert (second.performer, second.procedure, second.outcome) == ("ruth", "inspection", Outcome.EVALUATED)
    assert first.digest != second.digest


def test_a_manual_test_keeps_its_weight_for_half_a_year_at_least() -> None:
    node = read_yaml(TEXT.replace("half-yearly", "daily"), file="manual.yaml")
    test = validated(ManualTest, node, ("MT-GOV-02",)).to_control_test("MT-GOV-02")
    assert (test.half_life_days, test.is_manual, test.mode) == (180.0, True, EffectMode.RELIABILITY)


def test_an_overdue_manual_test_is_stale(tmp_path: Path) -> None:
    node = read_yaml(TEXT.replace("next_due: 2026-12-31", "next_due: 2026-07-31"), file="manual.yaml")
    test = validated(ManualTest, node, ("MT-GOV-02",)).to_control_test("MT-GOV-02")
    newest = results(tmp_path)[-1]
    july, august = (newest.as_of.replace(month=month, day=20) for month in (7, 8))
    assert verdict(test, newest, (), july).verdict is Verdict.FAIL
    assert verdict(test, newest, (), august).verdict is Verdict.STALE


def test_the_owner_of_a_control_does_not_test_it(tmp_path: Path) -> None:
    found = problem(tmp_path, TEXT, owner="ruth")
    assert (found.line, found.field) == (8, "MT-GOV-02.results[0].performed_by")


def test_a_sole_operator_may_and_the_result_says_so(tmp_path: Path) -> None:
    assert results(tmp_path, owner="ruth", sole=True)[0].reasons == ("performed_by_sole_operator",)
    assert results(tmp_path, owner="omar", sole=True)[0].reasons == ()


def test_the_digest_follows_the_document(tmp_path: Path) -> None:
    before = results(tmp_path)[0].digest
    assert results(tmp_path)[0].digest == before
    (tmp_path / "evidence" / "other.md").write_bytes(b"other")
    other = TEXT.replace("items: 1, document: evidence/minutes.md", "items: 1, document: evidence/other.md")
    assert results(tmp_path, other)[0].digest != before


def test_a_pinned_digest_must_be_that_of_the_document(tmp_path: Path) -> None:
    pinned = TEXT.replace("items: 1,", f"items: 1, sha256: {hashlib.sha256(MINUTES).hexdigest()},")
    assert len(results(tmp_path, pinned)) == 2
    changed = problem(tmp_path, TEXT.replace("items: 1,", f"items: 1, sha256: {'0' * 64},"))
    assert (changed.line, changed.field) == (9, "MT-GOV-02.results[1].sha256")


def test_no_items_are_no_evidence(tmp_path: Path) -> None:
    none = results(tmp_path, TEXT.replace("items: 1", "items: 0"))[0]
    assert (none.outcome, none.reasons) == (Outcome.NOT_EVALUATED, ("no_items_tested",))


def test_a_retracted_result_counts_no_more(tmp_path: Path) -> None:
    assert len(results(tmp_path, TEXT.replace("items: 1,", "items: 1, retracted: wrong minutes,"))) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("deviations: 1", "deviations: 3"), "results[0].deviations"),
        (("[h2]", "[a, b]"), "results[0].deviating"),
        (("items: 2", "items: -2"), "results[0].items"),
        (("items: 1, document: evidence/minutes.md", "items: 1, document: ../secret"), "results[1].document"),
        (("items: 1, document: evidence/minutes.md", "items: 1, document: evidence/none.md"), "results[1].document"),
        (("items: 1, document: evidence/minutes.md", "items: 1"), "results[1].document"),
        (("2025-12-20", "2026-06-30"), "results[1].effective_on"),
        (("procedure: inspection", "procedure: guess"), "procedure"),
        (("controls: [GOV-02]", "controls: []"), "controls"),
    ],
)
def test_what_is_wrong_with_a_manual_test_has_its_field(tmp_path: Path, change: tuple[str, str], field: str) -> None:
    found = problem(tmp_path, TEXT.replace(*change))
    assert found.field == f"MT-GOV-02.{field}"
    assert found.line is not None


@pytest.mark.parametrize("part", ["evidence", "evidence/other.md"])
def test_a_document_behind_a_link_shows_nothing(tmp_path: Path, part: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "other.md").write_bytes(b"other")
    folder = tmp_path / "register"
    (folder / "evidence").mkdir(parents=True)
    place = folder / part
    if part == "evidence":
        place.rmdir()
        place.symlink_to(outside)
    else:
        place.symlink_to(outside / "other.md")
    found = problem(
        folder, TEXT.replace("items: 1, document: evidence/minutes.md", "items: 1, document: evidence/other.md")
    )
    assert (found.found, found.field.rpartition(".")[2]) == ("a symbolic link", "document")
