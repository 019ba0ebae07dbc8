"""What a plan says of two registers: records and facts that come, change, move, go or are left."""

from collections.abc import Callable
from pathlib import Path

import pytest

from buttress.inventory.records import ChangeRecord
from buttress.orgs.errors import InvalidError, TakenError
from buttress.register.files.reader import read_register
from buttress.register.plan.mentions import with_new_reference
from buttress.register.plan.plan import Standing, plan
from buttress.register.plan.planned import DecisionState, FactFate, FieldChange, Plan
from buttress.register.plan.statements import statements_of
from buttress.register.tests.folders import SAMPLE, changed

Edit = tuple[str, str, str]
Planned = Callable[..., Plan]

NOTE = "rationale: Two near misses in 2025."
LATE = """      - effective_on: 2026-08-01
        method: money
        basis: inherent
        frequency: {per_year: 3}
        loss: {amount: 5000}
        retracted: Entered for the wrong risk.
"""
SAME_DAY = """      - effective_on: 2026-07-15
        method: money
        basis: inherent
        frequency: {low: 0.5, likely: 2, high: 6}
        loss: {low: 10000, likely: 60000, high: 2000000}
        key: before-controls
"""


@pytest.fixture
def planned(tmp_path: Path) -> Planned:
    """The plan from the sample to the sample with edits, or the other way round."""

    def make(*edits: Edit, is_back: bool = False, prune: bool = False, **standing: object) -> Plan:
        before, after = statements_of(read_register(SAMPLE)), statements_of(read_register(changed(tmp_path, *edits)))
        if is_back:
            before, after = after, before
        return plan(Standing(7, before, **standing), after, prune=prune)  # type: ignore[arg-type]

    return make


def test_a_register_that_says_the_same_leaves_an_empty_plan(planned: Planned) -> None:
    found = planned()
    assert found.is_empty
    assert (found.counts, found.left, found.facts_left, found.revision) == ({}, (), (), 7)


def test_everything_is_added_to_an_empty_organisation() -> None:
    found = plan(Standing(0, {}), statements_of(read_register(SAMPLE)))
    counts = found.counts
    assert (counts["risks"], counts["persons"], counts["engagements"]) == ({"added": 4}, {"added": 5}, {"added": 1})
    assert (counts["risks.assessments"], counts["risks.effects"]) == ({"added": 9}, {"added": 4})
    assert counts["organisation.scales"] == {"added": 2}
    assert [f.position for f in found.facts if (f.ref, f.field) == ("R-001", "assessments")] == [0, 0, 0, 1, 0]


def test_a_change_is_told_field_by_field(planned: Planned) -> None:
    found = planned(
        ("risks/security.yaml", "title: Staff account taken over", "title: Account taken over"),
        ("risks/security.yaml", "criminal signs in as", "stranger signs in as"),
    )
    (risk,) = found.changed
    assert (risk.kind, risk.ref) == ("risks", "R-001")
    assert risk.fields == (
        FieldChange("title", "Staff account taken over", "Account taken over"),
        FieldChange(
            "statement.event", "A criminal signs in as a member of staff.", "A stranger signs in as a member of staff."
        ),
    )


def test_another_content_under_the_same_day_and_key_is_a_correction(planned: Planned) -> None:
    found = planned(("risks/security.yaml", NOTE, "rationale: Three near misses in 2025."))
    (fact,) = found.facts
    assert (fact.kind, fact.field, fact.ref, fact.fate) == ("risks", "assessments", "R-001", FactFate.CORRECTED)
    assert fact.fields == (FieldChange("rationale", "Two near misses in 2025.", "Three near misses in 2025."),)
    assert not found.changed


def test_the_order_of_the_keys_of_a_basis_is_part_of_what_it_says(planned: Planned) -> None:
    found = planned(("risks/security.yaml", "{IAM-02: , END-04: 0.4}", "{END-04: 0.4, IAM-02: }"))
    (fact,) = found.facts
    assert [change.field for change in fact.fields] == ["controls"]


def test_a_withdrawn_fact_is_retracted(planned: Planned) -> None:
    found = planned(
        ("risks/security.yaml", "key: before-controls", "key: before-controls\n        retracted: Never happened.")
    )
    (fact,) = found.facts
    assert (fact.fate, fact.fields) == (FactFate.RETRACTED, (FieldChange("retracted", None, "Never happened."),))


def test_an_absent_fact_is_reported_and_left_even_with_prune(planned: Planned) -> None:
    found = planned(("risks/security.yaml", LATE, ""), prune=True)
    (left,) = found.facts_left
    assert (left.kind, left.field, left.ref, left.identity) == (
        "risks",
        "assessments",
        "R-001",
        '["2026-08-01",null]',
    )
    assert found.is_empty


def test_facts_of_one_day_in_another_order_move(planned: Planned) -> None:
    found = planned(("risks/security.yaml", SAME_DAY, ""), ("risks/security.yaml", LATE, SAME_DAY + LATE))
    (fact,) = found.facts
    assert (fact.fate, fact.identity, fact.position, fact.fields) == (
        FactFate.MOVED,
        '["2026-07-15","before-controls"]',
        2,
        (),
    )


def test_an_absent_record_is_left_and_with_prune_removed(planned: Planned) -> None:
    edits = ("people.yaml", "  yusuf: {name: Yusuf Demir, left_on: 2026-05-31}\n", "")
    found = planned(edits)
    assert found.is_empty
    assert [(each.kind, each.ref, each.is_removed) for each in found.left] == [("persons", "yusuf", False)]


def test_prune_removes_what_nothing_left_behind_names(planned: Planned) -> None:
    edits = (
        ("people.yaml", "  yusuf: {name: Yusuf Demir, left_on: 2026-05-31}\n", ""),
        ("risks/security.yaml", "        estimators: [ruth, omar]\n", ""),
    )
    found = planned(*edits, prune=True, kept={("persons", "ruth"): "member ruth"})
    assert [(each.ref, each.is_removed, each.named_by) for each in found.left] == [("yusuf", True, "")]
    kept = plan(
        Standing(1, statements_of(read_register(SAMPLE)), kept={("persons", "yusuf"): "member yusuf"}),
        {kind: {} for kind in ("persons",)},
        prune=True,
    )
    assert [(e.ref, e.named_by) for e in kept.left if e.ref == "yusuf"] == [("yusuf", "member yusuf")]


def test_prune_leaves_what_a_fact_that_stays_names(planned: Planned) -> None:
    extra = (
        "risks/other.yaml",
        "      - effective_on: 2026-06-20\n",
        "      - {effective_on: 2026-06-19, basis: inherent, frequency: {per_year: 1}, loss: {amount: 5},"
        " estimators: [zoe]}\n      - effective_on: 2026-06-20\n",
    )
    found = planned(("people.yaml", "  yusuf:", "  zoe: {name: Zoe}\n  yusuf:"), extra, is_back=True, prune=True)
    (left,) = found.left
    assert (left.ref, left.is_removed, left.named_by) == ("zoe", False, "assessment of R-002")


def test_formerly_renames_and_who_names_it_follows(planned: Planned) -> None:
    found = planned(
        ("risks/other.yaml", "  R-002:\n", "  R-020:\n"),
        ("risks/other.yaml", "formerly: R-009", "formerly: R-002"),
        ("risks/other.yaml", "modifies: [R-002]", "modifies: [R-020]"),
        ("inventory.yaml", "    risks: [R-002]\n", "    risks: [R-020]\n"),
        ("inventory.yaml", "    risks: [R-002]\n", "    risks: [R-020]\n"),
    )
    (renamed,) = found.renamed
    assert (renamed.kind, renamed.ref, renamed.new_ref) == ("risks", "R-002", "R-020")
    assert renamed.named_by == (("changes", "CHG-2026-01"), ("risks", "R-003"), ("incidents", "INC-2026-01"))
    assert [(each.ref, each.fields) for each in found.changed] == [
        ("R-020", (FieldChange("formerly", "R-009", "R-002"),))
    ]
    assert (found.added, found.left, found.facts) == ((), (), ())


def test_a_text_that_only_reads_like_the_old_reference_stays() -> None:
    said = {"title": "R-002", "effective_on": "2026-01-01", "outcome": "risk:R-002"}
    naming = {"subject": "risk:R-002", "risks": ["R-001", "R-002"]}
    after = with_new_reference(ChangeRecord, {**said, **naming}, ("risks", "R-002"), "R-020")
    assert after == {**said, "subject": "risk:R-020", "risks": ["R-001", "R-020"]}


def test_what_was_formerly_another_that_still_stands_is_refused(planned: Planned) -> None:
    statements = statements_of(read_register(SAMPLE))
    beside = {**statements, "risks": {**statements["risks"], "R-009": statements["risks"]["R-004"]}}
    with pytest.raises(InvalidError, match="R-002 says that it was formerly R-009, but both stand"):
        plan(Standing(1, beside), statements)


def test_a_reference_that_was_in_use_once_is_refused() -> None:
    with pytest.raises(TakenError, match="R-004 of risks were in use once"):
        plan(Standing(1, {}, used={"risks": {"R-004"}}), statements_of(read_register(SAMPLE)))


def test_decisions_of_a_file_stay_pending_or_are_attested() -> None:
    found = plan(Standing(0, {}), statements_of(read_register(SAMPLE)))
    assert [(d.kind, d.ref, d.by, d.state, d.document) for d in found.decisions] == [
        ("risks.acceptances", "R-001", "erin", DecisionState.ATTESTED, "Minutes RC-2026-03"),
        ("risks.acceptances", "R-001", "erin", DecisionState.PENDING, None),
        ("exceptions", "EX-001", "erin", DecisionState.ATTESTED, "Ticket SEC-118"),
        ("exceptions", "EX-002", "erin", DecisionState.PENDING, None),
    ]


def test_plans_that_would_write_the_same_have_one_digest(planned: Planned, tmp_path: Path) -> None:
    one = planned(("risks/security.yaml", NOTE, "rationale: Three near misses in 2025."))
    again = plan(Standing(9, statements_of(read_register(SAMPLE))), statements_of(read_register(tmp_path / "register")))
    assert (one.digest, again.revision) == (again.digest, 9)
    assert one.digest != planned_elsewhere(tmp_path).digest


def planned_elsewhere(tmp_path: Path) -> Plan:
    other = changed(tmp_path / "other", ("risks/security.yaml", NOTE, "rationale: Four near misses in 2025."))
    return plan(Standing(7, statements_of(read_register(SAMPLE))), statements_of(read_register(other)))
