"""What scenarios add up to is compared with the published chance of an incident; in the sample R-001 is calibrated."""

from datetime import date
from math import exp
from pathlib import Path

import pytest

from buttress.core.workings import work_out
from buttress.register.checking.check import CheckReport, check
from buttress.register.checking.coherence import coherence_of
from buttress.register.files.reader import read_register
from buttress.register.snapshot import load_snapshot
from buttress.register.tests.folders import changed
from buttress.risks.base_rates import expected_chance

AUGUST = date(2026, 8, 15)
REVENUE = 42_000_000


def warned(report: CheckReport) -> list[str]:
    return [str(each) for each in report.warnings if "add up" in each.found]


def test_the_chance_is_that_of_the_residual_of_calibrated_risks(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    workings = work_out(load_snapshot(folder, AUGUST))
    found = coherence_of(read_register(folder), workings)
    assert found is not None
    assert [ref for ref, _ in found.largest] == ["R-001"]
    assert found.chance == pytest.approx(1 - workings.staged["R-001"].residual.frequency.probability_of_none)
    assert found.expected == pytest.approx(expected_chance(REVENUE, "financial"))
    assert found.chance == pytest.approx(1 - exp(-found.largest[0][1]))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("risks/security.yaml", "    library: R-01\n", ""),
        ("risks/security.yaml", "library: R-01", "library: R-31"),
        ("organisation.yaml", "  annual_revenue_usd: 42000000\n", ""),
        ("organisation.yaml", "annual_revenue_usd: 42000000", "annual_revenue_usd: 0"),
    ],
    ids=["no starter", "an expert prior", "no revenue", "revenue of nothing"],
)
def test_without_a_calibrated_risk_or_a_revenue_nothing_is_compared(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    folder = changed(tmp_path, (file, old, new))
    assert coherence_of(read_register(folder), work_out(load_snapshot(folder, AUGUST))) is None
    assert warned(check(folder, AUGUST)) == []


@pytest.mark.parametrize(
    ("chance", "words"),
    [("0.9", "Frequencies of single scenarios"), ("0.06", None), ("0.001", "A scenario may be missing")],
)
def test_a_total_far_from_the_published_one_is_a_warning_that_names_risks(
    tmp_path: Path, chance: str, words: str | None
) -> None:
    folder = changed(tmp_path, ("risks/security.yaml", "yearly_probability: 0.3", f"yearly_probability: {chance}"))
    found = warned(check(folder, AUGUST))
    assert (found == []) is (words is None)
    for text in found:
        assert text.startswith("organisation.yaml:1: organisation: found risks that add up")
        assert "as published rates of this size and sector are 6.2 %" in text
        assert "Most of it: R-001 (" in text
        assert words is not None
        assert words in text


def test_figures_are_not_computed_without_a_day_or_with_problems(tmp_path: Path) -> None:
    high = ("risks/security.yaml", "yearly_probability: 0.3", "yearly_probability: 0.9")
    assert warned(check(changed(tmp_path / "no day", high))) == []
    broken = check(changed(tmp_path / "broken", high, ("risks/other.yaml", "owner: omar", "owner: oma")), AUGUST)
    assert (len(broken.problems), broken.warnings) == (1, ())


def test_a_day_without_a_rate_gives_no_figures_and_no_problem(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        ("organisation.yaml", "effective_on: 2026-01-01\n      per_unit", "effective_on: 2027-03-01\n      per_unit"),
        ("organisation.yaml", "effective_on: 2026-07-01\n      per_unit", "effective_on: 2027-04-01\n      per_unit"),
    )
    report = check(folder, AUGUST)
    assert report.is_clean
    assert warned(report) == []
