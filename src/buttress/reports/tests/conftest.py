"""A small register made by hand: three estimated risks, one not, controls that pass, fail, grow stale and lack."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from buttress.core.appetite import Appetite, AppetitePoint
from buttress.core.estimates import Interval, MagnitudeEstimate, Pert, Quantiles
from buttress.core.explain import Explanation, explain
from buttress.core.matrix import Band, ScaleVersion
from buttress.core.money import RateTable
from buttress.core.posture import Posture, posture
from buttress.core.snapshot import (
    Acceptance,
    Assessment,
    Basis,
    BasisKind,
    Category,
    Control,
    ControlKind,
    ControlMode,
    Criterion,
    Effect,
    EffectFunction,
    Engagement,
    EngagementType,
    Factor,
    Organisation,
    Procedure,
    RegisterSnapshot,
    Response,
    Risk,
    Treatment,
    Walkthrough,
)
from buttress.core.verdicts import Assertion, ControlTest, EffectMode, Outcome, TestResult

AS_OF = date(2026, 9, 30)
RATINGS = ("low", "moderate", "high", "critical")


@pytest.fixture(scope="session")
def scale() -> ScaleVersion:
    likelihood = (
        ("Rare", 0.001, 0.01),
        ("Unlikely", 0.01, 0.1),
        ("Possible", 0.1, 0.5),
        ("Likely", 0.5, 2),
        ("Often", 2, 50),
    )
    impact = (
        ("Minor", 1e3, 5e4),
        ("Moderate", 5e4, 25e4),
        ("Major", 25e4, 15e5),
        ("Severe", 15e5, 75e5),
        ("Extreme", 75e5, 1e8),
    )
    steps = ("00011", "00112", "01122", "01223", "11233")
    cells = tuple(tuple(RATINGS[int(s)] for s in row) for row in steps)
    return ScaleVersion(
        "2026",
        date(2025, 12, 1),
        "USD",
        tuple(Band(*b) for b in likelihood),
        tuple(Band(*b) for b in impact),
        RATINGS,
        cells,
    )


def _risk(ref: str, title: str, frequency: tuple[float, float], loss: tuple[float, float], *effects: Effect) -> Risk:
    assessed = Assessment(
        date(2026, 1, 20),
        Basis(BasisKind.WITH_CONTROLS),
        Interval(*frequency),
        MagnitudeEstimate(Quantiles(*loss)),
        "USD",
        estimators=("ruth",),
        rationale="two near misses in 2025",
    )
    categories = frozenset({Category.SECURITY})
    return Risk(
        ref, title, "cause", "event", "consequence", categories, owner="omar", assessments=(assessed,), effects=effects
    )


def _effect(control: str, factor: Factor = Factor.SUSCEPTIBILITY) -> Effect:
    efficacy = Pert(0.6, 0.8, 0.95) if factor.is_direct else None
    return Effect(control, factor, EffectFunction.PREVENTION, efficacy)


def _control(ref: str, title: str, **more: object) -> Control:
    walked = Walkthrough(date(2026, 1, 10), "ruth", Procedure.INSPECTION, is_suitable=True)
    made = Control(
        ref,
        title,
        ControlKind.PREVENTIVE,
        ControlMode.AUTOMATED,
        ("CC6.1",),
        owner="omar",
        is_key=True,
        in_place_on=date(2024, 3, 1),
        walkthroughs=(walked,),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def _test(ref: str, control: str, **more: object) -> ControlTest:
    made = ControlTest(
        ref,
        f"Test of {control}",
        (control,),
        Assertion.OPERATING,
        EffectMode.RELIABILITY,
        tolerable_rate=0.05,
        max_age_hours=48,
        datasets=("idp_accounts",),
        owner="omar",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def _result(test: str, day: date, passed: int, failing: int = 0) -> TestResult:
    return TestResult(
        test,
        1,
        day,
        datetime(day.year, day.month, day.day, 6, tzinfo=UTC),
        Outcome.EVALUATED,
        passed + failing,
        passed,
        failing,
        failing_keys=tuple(f"crm|a-{i:03}" for i in range(failing)),
    )


@pytest.fixture(scope="session")
def snapshot(scale: ScaleVersion) -> RegisterSnapshot:
    accepted = Acceptance(
        date(2026, 3, 1),
        "erin",
        "executive",
        "the vendor's release slipped",
        date(2026, 10, 15),
        ceiling_rating="critical",
        requested_by="ruth",
        attested_document="Minutes RC-2026-03",
    )
    leaver = _risk("R-014", "Leaver's live access takes customer data", (0.3, 2), (3e5, 4e6), _effect("IAM-04"))
    phishing = _risk("R-001", "Staff account taken over through phishing", (0.1, 1), (2e5, 3e6), _effect("IAM-02"))
    outage = _risk("R-002", "Ransomware stops production", (0.02, 0.3), (5e5, 9e6), _effect("AVL-02"))
    silent = Risk("R-048", "Data put into unapproved tools", "c", "e", "s", frozenset({Category.CONFIDENTIALITY}))
    risks = (
        replace(leaver, treatments=(Treatment(date(2026, 6, 1), Response.REDUCE, "disable by SCIM", due_on=AS_OF),)),
        replace(phishing, acceptances=(accepted,)),
        replace(outage, effects=(*outage.effects, _effect("GOV-01", Factor.DECISION_QUALITY))),
        silent,
    )
    controls = (
        _control("IAM-04", "Leavers lose access within 24 hours"),
        _control("IAM-02", "Phishing-resistant sign-in"),
        _control("AVL-02", "Isolated backups", criteria=("A1.2",)),
        _control("GOV-01", "Risk committee", criteria=("CC3.2",), lacking_since=date(2026, 5, 1)),
    )
    results = (
        _result("leavers-disabled", date(2026, 6, 29), 40),
        _result("leavers-disabled", date(2026, 9, 29), 33, 8),
        _result("mfa-enrolled", date(2026, 9, 29), 203),
        _result("backup-jobs", date(2026, 9, 20), 90),
    )
    curve = (AppetitePoint(250_000, 0.5), AppetitePoint(5_000_000, 0.01))
    return RegisterSnapshot(
        AS_OF,
        Organisation("Harbourline", "USD"),
        (scale,),
        Appetite(date(2025, 12, 1), "moderate", curve, category_curves=(("security", curve),), approved_by="erin"),
        Engagement(
            "SOC2-2026",
            EngagementType.TYPE_2,
            date(2026, 1, 1),
            date(2026, 12, 31),
            frozenset({Category.SECURITY, Category.AVAILABILITY}),
        ),
        RateTable("USD"),
        (
            Criterion("CC6.1", "CC6", "Logical access", frozenset(Category)),
            Criterion("A1.2", "A1", "Recovery", frozenset({Category.AVAILABILITY})),
            Criterion("CC3.2", "CC3", "Risk identification", frozenset(Category)),
            Criterion("P1.1", "P1", "Notice", frozenset({Category.PRIVACY})),
        ),
        risks,
        controls,
        (
            _test("leavers-disabled", "IAM-04"),
            _test("mfa-enrolled", "IAM-02"),
            _test("backup-jobs", "AVL-02"),
        ),
        results,
        core_version="0.1",
    )


@pytest.fixture(scope="session")
def assessed(snapshot: RegisterSnapshot) -> Posture:
    return posture(snapshot)


@pytest.fixture(scope="session")
def explanation(snapshot: RegisterSnapshot) -> Explanation:
    earlier = replace(
        snapshot,
        as_of=date(2026, 7, 2),
        results=tuple(r for r in snapshot.results if r.as_of <= date(2026, 7, 2)),
    )
    return explain(earlier, snapshot)
