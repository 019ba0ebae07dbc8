"""Small registers for tests: one control on one risk, and the pieces to vary it."""

from dataclasses import replace
from datetime import UTC, date, datetime

from buttress.core.estimates import FrequencyEstimate, LossEstimate, MagnitudeEstimate, Point, Quantiles
from buttress.core.matrix import Band, ScaleVersion
from buttress.core.money import RateTable
from buttress.core.snapshot import (
    Assessment,
    Basis,
    BasisKind,
    Category,
    Control,
    ControlKind,
    ControlMode,
    Effect,
    EffectFunction,
    Factor,
    Organisation,
    PinnedControl,
    Procedure,
    RegisterSnapshot,
    Risk,
    Walkthrough,
)
from buttress.core.verdicts import Assertion, ControlTest, EffectMode, Outcome, TestResult

ASSESSED = date(2026, 1, 15)
TODAY = date(2026, 9, 30)

SCALE = ScaleVersion(
    "2026",
    date(2025, 12, 1),
    "USD",
    likelihood=(Band("rare", 0.001, 0.03), Band("possible", 0.03, 0.5), Band("often", 0.5, 20)),
    impact=(Band("minor", 1e3, 5e4), Band("major", 5e4, 1e6), Band("severe", 1e6, 5e7)),
    ratings=("low", "moderate", "high"),
    cells=(("low", "low", "moderate"), ("low", "moderate", "high"), ("moderate", "high", "high")),
)


def control(ref: str = "IAM-04", **changes: object) -> Control:
    """An automated control in place since 2025 with a walkthrough in January 2026."""
    walked = Walkthrough(date(2026, 1, 10), "ines", Procedure.INSPECTION, is_suitable=True)
    plain = Control(
        ref,
        f"Control {ref}",
        ControlKind.PREVENTIVE,
        ControlMode.AUTOMATED,
        ("CC6.2",),
        is_key=True,
        in_place_on=date(2025, 3, 1),
        walkthroughs=(walked,),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def effect(
    ref: str = "IAM-04",
    factor: Factor = Factor.SUSCEPTIBILITY,
    function: EffectFunction = EffectFunction.PREVENTION,
    efficacy: float = 0.8,
    **changes: object,
) -> Effect:
    """A link with a certain efficacy."""
    return replace(Effect(ref, factor, function, Point(efficacy)), **changes)  # type: ignore[arg-type]


def assessment(
    basis: BasisKind = BasisKind.WITH_CONTROLS,
    controls: tuple[str, ...] | None = None,
    frequency: FrequencyEstimate = Point(0.5),  # noqa: B008 - a frozen value
    loss: LossEstimate = Quantiles(100_000, 900_000),  # noqa: B008 - a frozen value
    on: date = ASSESSED,
    currency: str = "USD",
) -> Assessment:
    """An estimate in money; `controls` pins by reference."""
    pinned = None if controls is None else tuple(PinnedControl(c) for c in controls)
    return Assessment(on, Basis(basis, pinned), frequency, MagnitudeEstimate(loss), currency)


def risk(ref: str = "R-1", *assessments: Assessment, effects: tuple[Effect, ...] = (), **changes: object) -> Risk:
    """A security risk."""
    plain = Risk(
        ref,
        f"Risk {ref}",
        "cause",
        "event",
        "consequence",
        frozenset({Category.SECURITY}),
        criteria=("CC6.2",),
        assessments=assessments or (assessment(),),
        effects=effects,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def coverage_test(ref: str = "leavers", controls: tuple[str, ...] = ("IAM-04",), **changes: object) -> ControlTest:
    """A test of state over a population."""
    plain = ControlTest(ref, f"Test {ref}", controls, Assertion.CONFIGURATION, EffectMode.COVERAGE, max_age_hours=48)
    return replace(plain, **changes)  # type: ignore[arg-type]


def result(
    test: str = "leavers", passed: int = 90, failing: int = 10, on: date = TODAY, **changes: object
) -> TestResult:
    """An evaluated result of a run on `on` over a snapshot of its first hour."""
    taken = datetime(on.year, on.month, on.day, tzinfo=UTC)
    plain = TestResult(
        test,
        1,
        on,
        taken,
        Outcome.EVALUATED,
        population=passed + failing,
        passed=passed,
        failing=failing,
        failing_keys=tuple(f"k{i}" for i in range(failing)),
        digest=f"{test}-{on}",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def register(*risks: Risk, as_of: date = TODAY, **changes: object) -> RegisterSnapshot:
    """A snapshot of a company in US dollars."""
    plain = RegisterSnapshot(
        as_of, Organisation("Testers", "USD"), (SCALE,), rates=RateTable("USD"), risks=risks or (risk(),)
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
