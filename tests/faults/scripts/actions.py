"""What fault tests do to an installation, and how they look at it afterwards; answers are JSON values."""

import importlib
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django_q.models import OrmQ

from buttress.evidence.models import EvidenceRun, TestResultRow
from buttress.evidence.store import folder_of
from buttress.evidence.verification import verify_files
from buttress.orgs.kinds import fact_kinds, record_kinds
from buttress.orgs.models import Organisation
from buttress.orgs.records import PersonRecord, ProfileRecord
from buttress.orgs.selectors import actor_of, system_of
from buttress.orgs.services import add_person, found_organisation
from buttress.orgs.tenancy import tenant
from buttress.orgs.verification import verify_organisation
from buttress.register.applying.apply import apply_folder
from buttress.register.backup.backup import backup as write_backup
from buttress.register.backup.backup import stored_files
from buttress.register.backup.manifest import kept_tables
from buttress.register.backup.restore import restore as read_backup
from buttress.register.backup.table_lines import digest_of_table
from buttress.register.checking.check import read_checked
from buttress.register.demo import DEMO
from buttress.register.figures.checking import check_figures
from buttress.register.figures.rebuild import rebuild as rebuild_figures
from buttress.register.figures.recomputing import is_recomputing
from buttress.register.models import MonitoringJob
from buttress.register.monitoring.jobs import ask_for_run
from buttress.register.monitoring.tasks import do_job

REF = "harbourline"


def warm_up() -> None:
    read_checked(DEMO)
    for name in ("duckdb", "scipy.stats", "buttress.register.figures"):
        importlib.import_module(name)


def found(_: str = "") -> None:
    """Harbourline with its owner ada, and Saltmarsh with mallory."""
    for ref, name, owner, owner_name in (
        (REF, "Harbourline", "ada", "Ada Brandt"),
        ("saltmarsh", "Saltmarsh", "mallory", "Mallory Finch"),
    ):
        profile = ProfileRecord(name=name, time_zone="Europe/Amsterdam", currency="EUR")
        found_organisation(ref=ref, profile=profile, owner_ref=owner, owner=PersonRecord(name=owner_name))


def apply(folder: str) -> Any:
    return apply_folder(actor_of(REF, "ada"), Path(folder)).change


def backup(target: str) -> Any:
    return write_backup(Path(target)).sha256


def restore(source: str) -> Any:
    return read_backup(Path(source)).rows


def rebuild(_: str = "") -> None:
    rebuild_figures(actor_of(REF, "ada").organisation_id)


def jobs(_: str = "") -> Any:
    """How many jobs wait in the queue."""
    return OrmQ.objects.count()


MONITORED = ("idp-mfa-active-users", "leavers-disabled")
JOB = "under test"


def ask(day: str) -> None:
    """A run of a few control tests is asked for."""
    ask_for_run(actor_of(REF, "ada").keyed(JOB), tests=MONITORED, as_of=date.fromisoformat(day))


def work(_: str = "") -> Any:
    """The job is done, by a worker that comes once the one before was long not heard of; how it stands then."""
    organisation_id = actor_of(REF, "ada").organisation_id
    with tenant(organisation_id):
        MonitoringJob.objects.update(heartbeat=None)
        key = MonitoringJob.objects.get().key
    do_job(str(organisation_id), key)
    return monitored()


def monitored() -> dict[str, Any]:
    """How the job stands, what is recorded of results, and what lies in files, each without the times of the run."""
    viewer = actor_of(REF, "ada")
    with tenant(viewer.organisation_id):
        rows = TestResultRow.objects.order_by("as_of", "test").values_list("as_of", "test", "content")
        stored = [f"{day} {test} {content}" for day, test, content in rows]
        runs = sorted(EvidenceRun.objects.values_list("digest", flat=True))
        state = MonitoringJob.objects.get().state
    folder = folder_of(viewer.organisation_id) / "results"
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("[!.]*") if path.is_file())
    problems = [str(problem) for problem in verify_files(viewer).problems]
    return {"state": state, "results": stored, "runs": runs, "files": files, "problems": problems}


def write_persons(prefix: str, count: int) -> Any:
    """One write after another; the number of the last change."""
    change = 0
    for turn in range(count):
        change = add_person(actor_of(REF, "ada"), ref=f"{prefix}-{turn}", person=PersonRecord(name="Person")).change
    return change


def counts() -> dict[str, dict[str, int]]:
    """How many records and facts of each kind every organisation holds."""
    found = {}
    for each in Organisation.objects.order_by("ref"):
        with tenant(each.pk):
            found[each.ref] = {kind.name: kind.model.objects.count() for kind in (*record_kinds(), *fact_kinds())}
    return found


def state() -> dict[str, Any]:
    """Digest of every table and stored file, how much each kind holds, and everything that verification finds."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    organisations = list(Organisation.objects.order_by("ref"))
    problems = [str(problem) for each in organisations for problem in verify_organisation(each.pk).problems]
    evidence = Path(settings.BUTTRESS_DATA) / "evidence"
    files = [path for organisation in organisations for path in stored_files(evidence / str(organisation.pk))]
    return {
        "problems": problems,
        "organisations": [each.ref for each in organisations],
        "counts": counts(),
        "tables": {model._meta.label_lower: digest_of_table(model) for model in kept_tables()},
        "files": {str(path.relative_to(evidence)): sha256(path.read_bytes()).hexdigest() for path in files},
    }


def figures() -> dict[str, Any]:
    """Whether stored figures wait to be computed anew, and how they differ from what the register gives."""
    viewer = system_of(REF)
    with tenant(viewer.organisation_id):
        is_waiting = is_recomputing()
    return {"waits": is_waiting, "differences": [] if is_waiting else [str(each) for each in check_figures(viewer)]}
