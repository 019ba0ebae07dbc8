"""Apply: a register folder into the database, planned first, then in one write or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from buttress.evidence.found import FoundEvidence, documents_of, evidence_in
from buttress.evidence.services import record_results
from buttress.evidence.store import take_files
from buttress.formats.problems import Problem, ProblemsError
from buttress.orgs.models import Head
from buttress.orgs.reads import permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor, Write, write
from buttress.register.applying.errors import StalePlanError
from buttress.register.applying.steps import Applying, Progress
from buttress.register.applying.taking import files_of, to_take
from buttress.register.checking.check import read_checked
from buttress.register.database.register import register_of
from buttress.register.files.consistency import inconsistencies
from buttress.register.plan.plan import plan
from buttress.register.plan.planned import Plan
from buttress.register.plan.standing import standing_now
from buttress.register.plan.statements import Statements, statements_of


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: the plan, the change that did it (None where there was nothing to write), and the evidence files
    that were copied."""

    plan: Plan
    change: int | None
    files: tuple[str, ...] = ()


@permits(Operation.REGISTER_APPLY)
def plan_folder(actor: Actor, folder: Path, *, prune: bool = False) -> Plan:
    """What `apply_folder` would do now; writes nothing.

    Raises `ProblemsError` with everything that is wrong with the folder, `ForbiddenError` where the actor may not apply.
    """
    with tenant(actor.organisation_id):
        return _planned(_read(folder), prune=prune)


@permits(Operation.REGISTER_APPLY)
def apply_folder(
    actor: Actor,
    folder: Path,
    *,
    prune: bool = False,
    progress: Progress = lambda _what, _done, _total: None,
    expected_digest: str | None = None,
) -> Applied:
    """Makes the database say what the folder says. With `prune` records that the folder does not have go too.

    `expected_digest` is that of the plan which the actor agreed to. Raises `ProblemsError` with everything that is wrong
    with the folder or would be with what it leaves behind, `StalePlanError` where the plan is not the one agreed to,
    `ForbiddenError` where the actor may not do a part of it; then no record is written. Evidence files are copied before
    the write begins, and stay.
    """
    with tenant(actor.organisation_id):
        progress("reading", 0, 1)
        found = _read(folder)
        seen = Head.objects.get().change
        planned = _planned(found, prune=prune)
        _refuse_stale(planned, expected_digest)
        progress("evidence files", 0, len(found.files))
        files = take_files(folder, actor.organisation_id, found.files)
    with write(actor, Operation.REGISTER_APPLY) as opened:
        if opened.head.change != seen:
            planned = _planned(found, prune=prune)
            _refuse_stale(planned, expected_digest)
        if planned.is_empty:
            return Applied(planned, None, files)
        work = Applying(opened, planned, found.statements, found.documents, progress)
        evidence = found.evidence
        # What stands then is read whole again: a large register is not to be held twice.
        del found
        _apply(opened, planned, work, evidence)
        change = opened.change
    return Applied(planned, change, files)


@dataclass(frozen=True, slots=True)
class _Found:
    """A folder as it was read: what it states, and its evidence. Its records and their lines have served: of a large
    register they take more room than all the rest."""

    statements: Statements
    evidence: FoundEvidence
    documents: Mapping[str, str]
    files: tuple[str, ...]


def _read(folder: Path) -> _Found:
    register = read_checked(folder)
    evidence = evidence_in(folder, register.datasets, ZoneInfo(register.organisation.time_zone))
    files = files_of(register, evidence.files, evidence.runs)
    return _Found(statements_of(register), evidence, documents_of(folder, register.manual_tests), files)


def _planned(found: _Found, *, prune: bool) -> Plan:
    return plan(standing_now(), found.statements, prune=prune, taken=to_take(found.evidence))


def _refuse_stale(planned: Plan, expected_digest: str | None) -> None:
    if expected_digest is not None and planned.digest != expected_digest:
        raise StalePlanError(
            "What would be written is not what was shown: the folder or the database changed in between; look at the"
            " plan again"
        )


def _apply(opened: Write, planned: Plan, work: Applying, evidence: FoundEvidence) -> None:
    leaves = planned.facts_left or any(not each.is_removed for each in planned.left)
    before = _faults() if leaves else frozenset()
    work.run()
    if planned.taken:
        work.progress("results", 0, 1)
        record_results(opened.actor, found=evidence)
    opened.settle()
    work.progress("figures", 0, 1)
    work.wanted = {}
    if leaves and (faults := [fault for fault in _faults() if fault not in before]):
        raise ProblemsError(faults)


def _faults() -> frozenset[Problem]:
    """What does not fit together in the database: a folder is checked as a whole, what it leaves behind must fit too."""
    register = register_of()
    return frozenset(inconsistencies(register)) if register.organisation.scales else frozenset()
