"""The starter controls: complete, within their vocabularies, and answering every criterion."""

import re
from collections import Counter

import pytest

from buttress.controls.library import starter_controls
from buttress.core.snapshot import ControlKind, ControlMode, EffectFunction, Factor
from buttress.criteria.catalogue import criteria

CONTROLS = starter_controls().values()

REFERENCE_SHAPES = {
    "iso27001": r"A\.[5-8]\.[0-9]{1,2}|[4-9]\.[0-9](\.[0-9])?|10\.[12]",
    "csf2": r"(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-[0-9]{2}",
    "nist80053": r"[A-Z]{2}-[0-9]{1,2}",
    "cis81": r"([1-9]|1[0-8])\.[0-9]{1,2}",
}


def test_counts_by_group_kind_mode_and_factor():
    assert len(CONTROLS) == 96
    assert Counter(c.family for c in CONTROLS) == {
        "GOV": 8, "IAM": 8, "PRV": 8, "CHG": 7, "RSK": 6, "INC": 6, "AVL": 6, "HRS": 5, "PRO": 5, "ASR": 4, "AST": 4,
        "END": 4, "VUL": 4, "VEN": 4, "NET": 3, "CRY": 3, "LOG": 3, "COM": 2, "PHY": 2, "FIN": 1, "DLP": 1, "DAT": 1,
        "AIS": 1,
    }  # fmt: skip
    assert Counter(c.kind for c in CONTROLS) == {
        ControlKind.PREVENTIVE: 56, ControlKind.DETECTIVE: 27, ControlKind.CORRECTIVE: 13,
    }  # fmt: skip
    assert Counter(c.mode for c in CONTROLS) == {
        ControlMode.AUTOMATED: 36, ControlMode.HYBRID: 28, ControlMode.MANUAL: 32,
    }  # fmt: skip
    assert Counter(c.factor for c in CONTROLS) == {
        Factor.SUSCEPTIBILITY: 28, Factor.RELIABILITY: 21, Factor.DECISION_QUALITY: 14,
        Factor.THREAT_EVENT_FREQUENCY: 14, Factor.PRIMARY_LOSS: 13, Factor.SECONDARY_LOSS: 6,
    }  # fmt: skip
    assert Counter(c.effort for c in CONTROLS) == {1: 31, 2: 51, 3: 12, 4: 2}


@pytest.mark.parametrize("control", CONTROLS, ids=lambda c: c.id)
def test_each_control_is_whole(control):
    assert control.title
    assert control.evidence
    assert control.test
    assert control.owner_role
    assert 0 < len(control.description.split()) <= 40
    assert set(control.criteria) <= {c.id for c in criteria()}
    assert control.criteria
    assert 0 <= control.effect_range.low < control.effect_range.likely < control.effect_range.high <= 1
    assert (control.efficacy is None) == (control.factor in (Factor.RELIABILITY, Factor.DECISION_QUALITY))
    for framework, ids in control.references.items():
        assert [i for i in ids if not re.fullmatch(REFERENCE_SHAPES[framework], i)] == []


def test_every_common_criterion_is_answered_twice_and_every_other_once():
    answered = Counter(criterion for control in CONTROLS for criterion in control.criteria)
    assert [c.id for c in criteria() if answered[c.id] < (2 if c.id.startswith("CC") else 1)] == []
    assert {c.id for c in criteria() if c.id.startswith("CC") and answered[c.id] == 2} == {
        "CC1.2",
        "CC3.1",
        "CC3.3",
        "CC5.3",
        "CC6.5",
    }


def test_functions_follow_what_a_control_acts_on():
    by_function = {f: {c.id for c in CONTROLS if c.function is f} for f in EffectFunction}
    assert by_function[EffectFunction.DETECTION] == {"COM-02", "END-02", "LOG-01", "LOG-02", "INC-02"}
    assert by_function[EffectFunction.RESPONSE] == {"INC-01", "INC-03"}
    assert all(not c.factor.is_frequency for c in CONTROLS if c.function is not EffectFunction.PREVENTION)
    assert all(
        c.factor in (Factor.PRIMARY_LOSS, Factor.SECONDARY_LOSS)
        for c in CONTROLS
        if c.function is EffectFunction.LOSS_REDUCTION
    )


def test_numbers_of_other_frameworks_stay_text():
    assert starter_controls()["GOV-02"].references["iso27001"] == ("5.1", "9.3.1")
    every = [i for c in CONTROLS for i in c.references.get("cis81", ())]
    assert len(every) == 136
    assert any(i.endswith("0") for i in every)


def test_no_text_was_broken_at_a_hyphen():
    texts = [text for c in CONTROLS for text in (c.title, c.description, c.evidence, c.test)]
    assert [text for text in texts if re.search(r"\w- \w|\s\s|\n", text)] == []
