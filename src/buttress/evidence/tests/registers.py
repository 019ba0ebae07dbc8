"""Harbourline with a control of Omar's, one data set and one control test, for tests of stored evidence."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from buttress.controls.records import ControlRecord
from buttress.controls.services import add_control
from buttress.core.snapshot import ControlKind
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.declared_terms import Adoption
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.found import FoundEvidence, evidence_in
from buttress.evidence.manual import ManualTest
from buttress.evidence.records import OwnTestRecord
from buttress.evidence.runs import run_tests
from buttress.evidence.selectors import datasets, declared_tests
from buttress.evidence.services import adopt_test, declare_dataset, declare_manual_test
from buttress.orgs.tests.organisations import harbourline
from buttress.orgs.writing import Actor

ZONE = ZoneInfo("Europe/Amsterdam")
DAY = date(2026, 6, 30)
ACCOUNTS = DatasetDeclaration.model_validate(
    {
        "title": "Accounts",
        "path": "evidence/accounts-*.csv",
        "format": "csv",
        "key": ["account_id"],
        "columns": {
            "account_id": {"type": "text", "nullable": "false", "from": "id"},
            "status": {"type": "text", "map": {"ACTIVE": "active", "*": None}},
            "mfa": {"type": "boolean", "nullable": "false"},
        },
        "effective_at": {"from": "file_name", "pattern": "accounts-(?P<date>[0-9-]+)"},
    }
)
OWN = """\
id: mfa-everywhere
version: 1
title: Every account has a second factor
controls: [IAM-02]
assertion: configuration
source: accounts
key: [account_id]
population: coalesce(status, '') = 'active'
fail: NOT mfa
completeness: {min_rows: 1, max_age: 26 hours}
thresholds: {tolerable_rate: 0.5 %}
examples:
  as_of: 2026-06-30T12:00:00Z
  pass: [{account_id: a, status: active, mfa: 'true'}]
  fail: [{account_id: b, status: active, mfa: 'false'}]
"""
OWN_TEST = OwnTestRecord(source=OWN)
BOARD = ManualTest.model_validate(
    {"title": "The board reviewed security", "controls": ["GOV-02"], "procedure": "inspection", "tolerable_rate": "0.1"}
)
EXCEPTION = ExceptionRecord.model_validate(
    {
        "test": "idp-mfa-active-users",
        "keys": ["a-2"],
        "reason": "A kiosk without a person",
        "requested_by": "omar",
        "starts_on": "2026-06-01",
        "expires_on": "2026-12-31",
    }
)


def cast() -> Mapping[str, Actor]:
    """The cast, with the controls IAM-02 of Omar's and GOV-02 of nobody's."""
    actors = harbourline()
    for ref, owner in (("IAM-02", "omar"), ("GOV-02", None)):
        control = ControlRecord(title=ref, kind=ControlKind.PREVENTIVE, owner=owner)
        add_control(actors["ruth"], ref=ref, control=control)
    return actors


def declared() -> Mapping[str, Actor]:
    """As `cast`, with a data set, an adopted test of IAM-02 and a manual test of GOV-02."""
    actors = cast()
    declare_dataset(actors["ruth"], ref="accounts", dataset=ACCOUNTS)
    adopt_test(actors["ruth"], ref="idp-mfa-active-users", adoption=Adoption(controls=("IAM-02",), owner="omar"))
    declare_manual_test(actors["ruth"], ref="MT-GOV-02", test=BOARD)
    return actors


def put(folder: Path, name: str, content: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)


def evidence_of_run(viewer: Actor, folder: Path, day: date) -> FoundEvidence:
    """What lies in `folder` once the declared tests have run over it."""
    declarations = declared_tests(viewer).automated
    run_tests(folder, tests=declarations, datasets=datasets(viewer), as_of=day, period=(day, day), time_zone=ZONE)
    return evidence_in(folder, datasets(viewer), ZONE)
