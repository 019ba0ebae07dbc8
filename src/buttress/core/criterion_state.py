"""State of a criterion in an engagement: four facets with their counts, and the first headline that applies.

A criterion rests on its key controls in place; where none of those in place is marked key, on every control in place.
Nothing passes vacuously: what was never tested, or of which the tests say nothing today, is unknown. The state speaks
of evidence only; management's conclusion stands beside it and is never computed. Sees `verdicts` and `snapshot`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from buttress.core.snapshot import EngagementType
from buttress.core.verdicts import Assertion, Verdict


class Headline(StrEnum):
    OUT_OF_SCOPE = "out_of_scope"
    NOT_RELEVANT = "not_relevant"
    UNCOVERED = "uncovered"
    DEVIATING = "deviating"
    UNKNOWN = "unknown"
    DESIGNED_ONLY = "designed_only"
    DESIGN_TESTED = "design_tested"
    OPERATING = "operating"


@dataclass(frozen=True, slots=True)
class TestState:
    """A control test as of the day. `in_period`: its result is effective within the engagement's period."""

    __test__ = False

    ref: str
    assertion: Assertion
    verdict: Verdict
    in_period: bool

    @property
    def is_design(self) -> bool:
        return self.assertion is Assertion.DESIGN


@dataclass(frozen=True, slots=True)
class ControlView:
    """A control mapped to the criterion, as of the day.

    `walkthrough` is the conclusion of the last one: the design is suitable or not; None where none was held.
    """

    ref: str
    is_key: bool
    in_place: bool
    walkthrough: bool | None = None
    tests: tuple[TestState, ...] = ()

    @property
    def is_design_tested(self) -> bool:
        """A walkthrough was held or a design test was judged, whatever came out."""
        return self.walkthrough is not None or any(t.is_design and t.verdict.is_judged for t in self.tests)

    @property
    def is_operation_tested(self) -> bool:
        """A test of operation or configuration was judged on evidence from the period."""
        return any(not t.is_design and t.verdict.is_judged and t.in_period for t in self.tests)

    @property
    def is_fresh(self) -> bool:
        """It was tested, and each of its tests says something today."""
        is_tested = self.is_design_tested or any(t.verdict.is_judged for t in self.tests)
        return is_tested and all(t.verdict.is_judged for t in self.tests)


@dataclass(frozen=True, slots=True)
class Facet:
    """`count` controls out of `of`."""

    count: int
    of: int

    @property
    def is_whole(self) -> bool:
        """All of at least one."""
        return self.of > 0 and self.count == self.of

    def __str__(self) -> str:
        return f"{self.count} of {self.of}"


@dataclass(frozen=True, slots=True)
class CriterionState:
    """`mapped` counts the controls in place among all that are mapped; the other facets count the controls relied on.

    `key_controls` are the references of those relied on, `reasons` say what stands behind the headline.
    """

    criterion: str
    headline: Headline
    mapped: Facet
    design_tested: Facet
    operation_tested: Facet
    fresh: Facet
    key_controls: tuple[str, ...]
    reasons: tuple[str, ...]


def state_of(
    criterion_id: str,
    controls: Sequence[ControlView],
    *,
    is_in_scope: bool,
    not_relevant_reason: str | None,
    engagement_type: EngagementType,
) -> CriterionState:
    """The first headline that applies, in this order:

    - out of scope: the engagement leaves out the categories of the criterion; not relevant: with a reason (without one
      it stays in);
    - uncovered: no mapped control is in place (planned, lacking or retired ones cover nothing);
    - deviating: of a control relied on, a test fails beyond its tolerable rate today (of whatever assertion, effective
      in the period or before it), or the last walkthrough found the design not suitable;
    - unknown: the design of a control relied on was never tested, or one of its tests is stale, incomplete, in error or
      not evaluated today. In a Type 1 engagement only its design tests: operation is not asked about;
    - designed only: every design is tested, but of some control no test of operation was judged in the period;
    - operating: design and operation of every control relied on tested, nothing failing, nothing unknown.

    Type 1 ends at design tested, which takes the place of the last two.
    """
    in_place = [c for c in controls if c.in_place]
    relied = [c for c in in_place if c.is_key] or in_place
    if not is_in_scope:
        headline, reasons = Headline.OUT_OF_SCOPE, ["its categories are not part of the engagement"]
    elif not_relevant_reason:
        headline, reasons = Headline.NOT_RELEVANT, [not_relevant_reason]
    else:
        headline, reasons = _headline(controls, relied, engagement_type)
    return CriterionState(
        criterion_id,
        headline,
        Facet(len(in_place), len(controls)),
        Facet(sum(c.is_design_tested for c in relied), len(relied)),
        Facet(sum(c.is_operation_tested for c in relied), len(relied)),
        Facet(sum(c.is_fresh for c in relied), len(relied)),
        tuple(c.ref for c in relied),
        tuple(reasons),
    )


def _headline(
    controls: Sequence[ControlView], relied: Sequence[ControlView], engagement_type: EngagementType
) -> tuple[Headline, list[str]]:
    if not relied:
        return Headline.UNCOVERED, [_absence(c) for c in controls] or ["no control is mapped to it"]
    is_type_1 = engagement_type is EngagementType.TYPE_1
    absent_keys = [_absence(c) for c in controls if c.is_key and not c.in_place]
    unknowns = [reason for c in relied for reason in _unknowns(c, design_only=is_type_1)]
    if deviations := [reason for c in relied for reason in _deviations(c)]:
        # What is unknown is told too: it is what remains once the deviations are mended.
        return Headline.DEVIATING, [*deviations, *unknowns, *absent_keys]
    if unknowns:
        return Headline.UNKNOWN, [*unknowns, *absent_keys]
    untested = [f"{c.ref}: operation not tested in the period" for c in relied if not c.is_operation_tested]
    if is_type_1:
        return Headline.DESIGN_TESTED, absent_keys
    return (Headline.DESIGNED_ONLY if untested else Headline.OPERATING), [*untested, *absent_keys]


def _absence(control: ControlView) -> str:
    return f"{control.ref}: {'key control, ' if control.is_key else ''}not recorded as in place"


def _deviations(control: ControlView) -> list[str]:
    unsuitable = [f"{control.ref}: design found not suitable"] if control.walkthrough is False else []
    return unsuitable + [f"{control.ref}: {t.ref} fails" for t in control.tests if t.verdict is Verdict.FAIL]


def _unknowns(control: ControlView, *, design_only: bool) -> list[str]:
    never = [] if control.is_design_tested else [f"{control.ref}: design never tested"]
    asked = [t for t in control.tests if t.is_design or not design_only]
    return never + [f"{control.ref}: {t.ref} {_words(t.verdict)}" for t in asked if not t.verdict.is_judged]


def _words(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ") if verdict is not Verdict.ERROR else "in error"
