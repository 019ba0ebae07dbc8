"""Valid arguments for every selector, by the dotted name of each, and how what they answer is looked through."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from buttress.orgs.moments import Moment
from buttress.register.monitoring.jobs import ask_for_run
from examples_of_records import Holding
from examples_of_services import JULY, Arguments, Example, ask_to_bear, register_as_it_stands

PAST = Moment(date(2026, 7, 1))
"""A day that is over, of which figures are kept."""


def _plan(h: Holding, me: str) -> Arguments:
    return {**register_as_it_stands(h, me), "prune": True}


def _none(h: Holding, me: str) -> Arguments:
    return {}


def _of(**arguments: Any) -> Example:
    return lambda h, me: dict(arguments)


def _job(h: Holding, me: str) -> Arguments:
    return {"key": ask_for_run(h["owner"].keyed("Looked at"), engagement=h.text("Of")).key}


SELECTORS: Mapping[str, Example] = {
    **dict.fromkeys(
        (
            "controls.selectors.controls",
            "criteria.selectors.engagements",
            "evidence.selectors.control_tests",
            "evidence.selectors.dataset_files",
            "evidence.selectors.datasets",
            "evidence.selectors.declared_tests",
            "evidence.selectors.exceptions",
            "evidence.selectors.results",
            "evidence.verification.verify_files",
            "inventory.selectors.assets",
            "inventory.selectors.assets_in_scope",
            "inventory.selectors.changes",
            "inventory.selectors.objectives",
            "inventory.selectors.unanswered_changes",
            "inventory.selectors.vendors",
            "orgs.selectors.audit_trail",
            "orgs.selectors.founded_at",
            "orgs.selectors.members",
            "orgs.selectors.persons",
            "orgs.selectors.profile",
            "orgs.verification.organisation.verify",
            "register.decisions.waiting_decisions",
            "register.figures.checking.check_figures",
            "register.figures.selectors.control_figures",
            "register.figures.selectors.criterion_figures",
            "register.figures.selectors.portfolio_figures",
            "register.figures.selectors.risk_figures",
            "register.monitoring.selectors.jobs",
            "risks.selectors.acceptance_decisions",
            "risks.selectors.acceptance_standings",
            "risks.selectors.appetites",
            "risks.selectors.incidents",
            "risks.selectors.pending_acceptances",
            "risks.selectors.risks",
            "risks.selectors.rounds",
            "risks.selectors.scales",
            "risks.selectors.threats",
        ),
        _none,
    ),
    **dict.fromkeys(
        (
            "evidence.selectors.dataset_states",
            "evidence.selectors.evidence_of",
            "register.figures.selectors.figures_at",
            "register.selectors.snapshot",
        ),
        _of(moment=PAST),
    ),
    "register.selectors.snapshots": _of(moments=(PAST, Moment(PAST.as_of - timedelta(days=60)))),
    "evidence.selectors.failing_rows": _of(test="mfa-everywhere"),
    "controls.selectors.control": _of(ref="IAM-02"),
    "controls.selectors.controls_of_criterion": _of(criterion="CC6.1"),
    "controls.selectors.controls_of_owner": _of(owner="omar"),
    "controls.selectors.walkthroughs": _of(ref="IAM-02"),
    "criteria.selectors.engagement": _of(ref="soc2-2026"),
    "criteria.selectors.engagement_on": _of(day=JULY),
    "inventory.selectors.asset": _of(ref="ledger"),
    "inventory.selectors.change": _of(ref="CHG-1"),
    "inventory.selectors.objective": _of(ref="OBJ-1"),
    "inventory.selectors.vendor": _of(ref="newpay"),
    "risks.selectors.assessment_round": _of(ref="RND-1"),
    "risks.selectors.incident": _of(ref="INC-1"),
    "risks.selectors.risk": _of(ref="R-1"),
    "risks.selectors.threat": _of(ref="T-1"),
    "register.monitoring.selectors.job": _job,
    "register.monitoring.selectors.slots_since": _of(since=datetime(2026, 1, 1, tzinfo=UTC)),
    "register.decisions.acceptance_asked": lambda h, me: {"ref": ask_to_bear(h, "erin").ref},
    "register.decisions.exception_asked": _of(ref="EX-1"),
    "register.applying.apply.plan_folder": _plan,
    "register.export.export_folder": lambda h, me: {"target": h.new("copy"), "with_results": True},
}
"""Every selector, and what else only reads, by dotted name below `buttress`."""


def read_back(value: Any) -> Any:
    """The files of a folder that a selector wrote, instead of where it wrote them; anything else as it is."""
    if not isinstance(value, Path):
        return value
    return {str(path.relative_to(value)): path.read_bytes() for path in sorted(value.rglob("*")) if path.is_file()}


def as_text(value: Any) -> str:
    """Everything that a value says, as one text in which a word can be looked for."""
    return json.dumps(repr(read_back(value)))
