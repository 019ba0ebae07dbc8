"""All control tests of a register as of a day."""

from dataclasses import dataclass
from datetime import date

from buttress.core.control_posture import TestView, latest_results, test_view
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.verdicts import Verdict
from buttress.reports.summary.evidence import evidence_view, is_replaced, reasons_told
from buttress.reports.summary.view import EvidenceView


@dataclass(frozen=True, slots=True)
class TestRow:
    """A control test with its latest result; counts are 0 where it never ran.

    population = passed + failed + not applicable + excepted + unknown. `why` says why a test does not tell, and beside a
    judged one what a reader must know; `is_replaced`: judged on evidence whose bytes changed after a test of it.
    """

    __test__ = False

    id: str
    title: str
    controls: tuple[str, ...]
    verdict: Verdict
    effective_on: date | None
    population: int
    passed: int
    failed: int
    excepted: int
    not_applicable: int
    unknown: int
    why: str
    is_replaced: bool = False

    @property
    def judged(self) -> int:
        """The items of which the test could say something, and to which it applies."""
        return self.passed + self.failed + self.excepted


@dataclass(frozen=True, slots=True)
class ControlTestsView:
    """`new` results came from this run, `unchanged` were there before."""

    organisation: str
    as_of: date
    new: int
    unchanged: int
    rows: tuple[TestRow, ...]
    evidence: EvidenceView

    @property
    def failing(self) -> int:
        return sum(row.verdict is Verdict.FAIL for row in self.rows)

    @property
    def unknown(self) -> int:
        return sum(not row.verdict.is_judged for row in self.rows)

    @property
    def replaced(self) -> int:
        return sum(row.is_replaced for row in self.rows)


def control_tests_view(snapshot: RegisterSnapshot, new: int, unchanged: int) -> ControlTestsView:
    """Rows in order of their ids."""
    latest = latest_results(snapshot)
    tests = sorted(snapshot.tests, key=lambda test: test.id)
    rows = tuple(_row(test_view(test, latest.get(test.id), snapshot), snapshot) for test in tests)
    return ControlTestsView(snapshot.organisation.name, snapshot.as_of, new, unchanged, rows, evidence_view(snapshot))


def _row(view: TestView, snapshot: RegisterSnapshot) -> TestRow:
    result, judgement = view.result, view.judgement
    return TestRow(
        view.test.id,
        view.test.title,
        view.test.controls,
        judgement.verdict,
        result.effective_on if result else None,
        result.population if result else 0,
        result.passed if result else 0,
        judgement.failed,
        judgement.excepted,
        result.not_applicable if result else 0,
        result.unknown if result else 0,
        reasons_told(view, snapshot),
        is_replaced(view),
    )
