"""Which risks a change may concern: by what ties them to its subject, the closest tie of each."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttress.core.concerned import Tie, risks_concerned
from buttress.core.money import Money
from buttress.core.snapshot import (
    Acceptance,
    Asset,
    Category,
    Change,
    Engagement,
    EngagementType,
    Incident,
    Response,
    RiskKind,
    Treatment,
)
from buttress.core.tests.registers import TODAY, control, effect, register, risk

BORNE = Acceptance(date(2026, 2, 1), "erin", "executive", "", date(2990, 1, 1), None, Money(Decimal(1), "USD"))
PLAN = Treatment(date(2026, 2, 1), Response.REDUCE, owner="priya")
RISKS = (
    risk("R-1", owner="ruth", assets=("ledger",), vendors=("newpay",), objectives=("OBJ-1",)),
    risk("R-2", owner="omar", assets=("api",), effects=(effect("IAM-02"),), treatments=(PLAN,)),
    risk("R-3", owner="ruth", kind=RiskKind.CONDITION, modifies=("R-1",), acceptances=(BORNE,)),
    risk("R-4", owner="ruth", assets=("ledger",), vendors=("newpay",), closed_on=date(2026, 1, 5)),
)
REGISTER = register(
    *RISKS,
    controls=(replace(control("IAM-02"), owner="sam", covers=("vault",)),),
    assets=(
        Asset("ledger", "Ledger", "data"),
        Asset("api", "API", "system", depends_on=("queue",)),
        Asset("queue", "Queue", "service", depends_on=("ledger",)),
        Asset("vault", "Vault", "data"),
    ),
    incidents=(Incident("INC-1", "Hour", date(2026, 3, 3), ("R-2",)),),
    engagement=Engagement(
        "soc2", EngagementType.TYPE_2, date(2026, 1, 1), date(2026, 12, 31), frozenset({Category.SECURITY}), ("api",)
    ),
)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("vendor:newpay", [("R-1", Tie.NAMES, None)]),
        ("asset:ledger", [("R-1", Tie.NAMES, None), ("R-2", Tie.DEPENDS, "api")]),
        ("system:ledger", [("R-1", Tie.NAMES, None), ("R-2", Tie.DEPENDS, "api")]),
        ("asset:vault", [("R-2", Tie.CONTROL, "IAM-02")]),
        ("control:IAM-02", [("R-2", Tie.CONTROL, "IAM-02")]),
        ("objective:OBJ-1", [("R-1", Tie.NAMES, None)]),
        ("person:ruth", [("R-1", Tie.OWNS, None), ("R-3", Tie.OWNS, None)]),
        ("person:sam", [("R-2", Tie.CONTROL, "IAM-02")]),
        ("person:priya", [("R-2", Tie.TREATS, None)]),
        ("person:erin", [("R-3", Tie.ACCEPTS, None)]),
        ("risk:R-1", [("R-1", Tie.IS, None), ("R-3", Tie.MODIFIES, "R-1")]),
        ("risk:R-3", [("R-3", Tie.IS, None), ("R-1", Tie.MODIFIED, "R-3")]),
        ("incident:INC-1", [("R-2", Tie.CAME_TRUE, None)]),
        ("engagement:soc2", [("R-2", Tie.IN_SCOPE, "api")]),
        ("engagement:another", []),
        ("vendor:nobody", []),
        (None, []),
    ],
)
def test_each_subject_has_its_ties(subject: str | None, expected: list[tuple[str, Tie, str | None]]) -> None:
    change = Change("CHG-1", "", TODAY, subject)
    assert [(each.ref, each.tie, each.via) for each in risks_concerned(change, REGISTER)] == expected


def test_assets_that_depend_on_each_other_in_a_circle_are_followed_once() -> None:
    circle = (Asset("a", "", "data", depends_on=("b",)), Asset("b", "", "data", depends_on=("a",)))
    snapshot = register(risk("R-1", assets=("b",)), assets=circle)
    (found,) = risks_concerned(Change("CHG-1", "", TODAY, "asset:a"), snapshot)
    assert (found.tie, found.via) == (Tie.DEPENDS, "b")


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=12), st.sampled_from("abcdef")
)
def test_a_risk_on_an_asset_is_concerned_by_whatever_that_asset_rests_on(
    depends: list[tuple[str, str]], subject: str
) -> None:
    assets = tuple(Asset(n, "", "data", depends_on=tuple(b for a, b in depends if a == n)) for n in "abcdef")
    snapshot = register(*(risk(f"R-{n}", assets=(n,)) for n in "abcdef"), assets=assets)
    found = {each.ref: each for each in risks_concerned(Change("CHG-1", "", TODAY, f"asset:{subject}"), snapshot)}
    assert found[f"R-{subject}"].tie is Tie.NAMES
    for above, below in depends:
        if f"R-{below}" in found:
            assert f"R-{above}" in found
