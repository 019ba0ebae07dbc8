"""A small register folder, as a person would write it by hand, and a way to run commands."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from buttress.cli.main import app

ORGANISATION = """\
organisation:
  name: Harbourline
  time_zone: Europe/Amsterdam
  currency: USD
  scales:
    - version: "2026"
      effective_on: 2025-12-01
      approved_by: erin
      approved_on: 2025-11-24
      likelihood:
        - {name: Rare, low: 0.001, high: 0.1}
        - {name: Possible, low: 0.1, high: 1}
        - {name: Likely, low: 1, high: 50}
      impact:
        - {name: Minor, low: 1000, high: 100000}
        - {name: Major, low: 100000, high: 2000000}
        - {name: Severe, low: 2000000, high: 50000000}
      ratings: [low, moderate, high]
      cells: [[low, low, moderate], [low, moderate, high], [moderate, high, high]]
  appetite:
    - effective_on: 2025-12-01
      highest_rating: moderate
      curve: [{loss: 250000, probability: 0.25}, {loss: 5000000, probability: 0.01}]
      authorities: [{role: executive, highest_rating: high, annual_loss: 500000}]
      approved_by: erin
      approved_on: 2025-11-24
  engagements:
    - ref: SOC2-2026
      type: type_2
      period_start: 2026-01-01
      period_end: 2026-12-31
      categories: [security]
"""

RECORDS = """\
persons:
  ruth: {name: Ruth}
  omar: {name: Omar}
  erin: {name: Erin}
risks:
  R-014:
    title: Leaver's live access takes customer data
    statement: {cause: accounts stay live, event: a leaver signs in, consequence: data leaves}
    categories: [security]
    owner: ruth
    criteria: [CC6.2]
    assessments:
      - effective_on: 2026-01-20
        method: money
        basis: with_controls
        frequency: {low: 0.3, high: 2}
        loss: {p50: 300000, p90: 4000000}
        estimators: [ruth, omar]
        rationale: two near misses
    effects:
      - control: IAM-04
        factor: susceptibility
        efficacy: {low: 0.6, likely: 0.8, high: 0.95}
        rationale: nobody signs in without an account
  R-020:
    title: Laptop stolen
    statement: {cause: bags, event: theft, consequence: loss}
    categories: [security]
    owner: omar
controls:
  IAM-04:
    title: Leavers lose access within a day
    kind: preventive
    mode: manual
    frequency: per_event
    owner: omar
    is_key: true
    criteria: [CC6.2]
    in_place_on: 2024-03-01
    walkthroughs:
      - {effective_on: 2026-01-10, performed_by: ruth, procedure: inspection, is_suitable: true}
manual_tests:
  MT-IAM-04:
    title: Leavers of the quarter
    controls: [IAM-04]
    assertion: operating
    procedure: inspection
    description: each leaver's accounts against the day of leaving
    frequency: quarterly
    owner: ruth
    tolerable_rate: 0.05
    results:
      - {effective_on: 2026-03-31, performed_by: ruth, items: 20, deviations: 0, document: evidence/q1.md}
      - {effective_on: 2026-09-25, performed_by: ruth, items: 20, deviations: 6, document: evidence/q3.md}
"""


@pytest.fixture
def register(tmp_path: Path) -> Path:
    folder = tmp_path / "register"
    (folder / "evidence").mkdir(parents=True)
    (folder / "organisation.yaml").write_text(ORGANISATION)
    (folder / "records.yaml").write_text(RECORDS)
    for name in ("q1.md", "q3.md"):
        (folder / "evidence" / name).write_text("listed and compared\n")
    return folder


Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    def invoke(*args: object, **options: object) -> Result:
        return CliRunner().invoke(app, [str(arg) for arg in args], **options)  # type: ignore[arg-type]

    return invoke
