"""Writes about single evidence files: brought by a person or a collection, read, kept for good, recorded."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from buttress.controls.models import Control
from buttress.evidence.arrivals import (
    NOTHING_STATED,
    Arrival,
    Source,
    Stated,
    arriving,
    next_name,
    renamed,
    snapshot_of_arrival,
)
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.receipts import SUFFIX, Receipt, read_receipt
from buttress.evidence.data.shelf import Shelf
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.found import FoundFile
from buttress.evidence.kinds import DATASETS
from buttress.evidence.locked.scratch import scratch_folder
from buttress.evidence.reading import declared_tests, records
from buttress.evidence.services.results import note_files
from buttress.evidence.signals import signals_of
from buttress.evidence.store import folder_of, take_files
from buttress.formats.folder import is_there, sha256_of
from buttress.orgs.errors import ForbiddenError, NotFoundError
from buttress.orgs.models import Member
from buttress.orgs.reading import zone_of_organisation
from buttress.orgs.reads import permits
from buttress.orgs.role_names import Role
from buttress.orgs.roles import Grant, Operation, grant_of
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor, Write, Written, writes

_MOST_A_DAY = 26
_MAX_BYTES = 1 << 40


@dataclass(frozen=True, slots=True)
class Kept:
    """An evidence file that is kept: its name below the organisation's folder, of when it speaks, its rows, its receipt as
    it lies beside it, whether both were there already, what about it wants a look (codes with figures), and which tests
    read its data set."""

    dataset: str
    file: str
    effective_at: datetime
    rows: int
    sha256: str
    receipt: Receipt | None
    is_new: bool
    signals: tuple[str, ...]
    tests: tuple[str, ...]


@permits(Operation.EVIDENCE_RECORD)
def record_evidence_file(
    actor: Actor, /, *, dataset: str, source: Source, name: str, stated: Stated = NOTHING_STATED
) -> Kept:
    """Keeps a file of the data set: read whole first, then stored under its own name, then recorded in one write.

    The same bytes brought again are recognised and change nothing. A mended file of a day that has one already is kept
    beside it and counts as the newer. Raises `NotFoundError` without such a data set, `ProblemsError` where the file
    cannot be read or dated as declared; nothing is kept of it then.
    """
    with tenant(actor.organisation_id):
        zone = zone_of_organisation()
        declared = _declared(dataset)
        tests = _readers_of(dataset)
        _refuse_stranger(actor, tests)
    folder = folder_of(actor.organisation_id)
    with arriving(folder, source, name, declared, stated, zone) as arrival, scratch_folder() as scratch:
        snapshot = snapshot_of_arrival(arrival, declared, zone, scratch)
        kept, is_new = _keep(arrival, declared, zone, actor.organisation_id)
        # Files that an apply brought were read by nobody yet, and large ones are never held whole.
        shelf = Shelf(folder, {dataset: declared}, zone, in_child=True, scratch=lambda: scratch)
        signals = signals_of(snapshot, kept.name, shelf, [test for test in tests if test.source == dataset])
        found = FoundFile(
            dataset,
            kept.name,
            snapshot.effective_at,
            kept.sha256,
            snapshot.rows,
            kept.receipt.model_dump(mode="json", exclude_none=True) if kept.receipt else None,
        )
        _note_file(actor, found=found)
    return Kept(
        dataset,
        kept.name,
        snapshot.effective_at,
        snapshot.rows,
        kept.sha256,
        kept.receipt,
        is_new,
        signals,
        tuple(test.id for test in tests),
    )


def _declared(dataset: str) -> DatasetDeclaration:
    known = records(DATASETS, DatasetDeclaration, None)
    if dataset not in known:
        raise NotFoundError("data set", dataset)
    return known[dataset]


def _readers_of(dataset: str) -> tuple[ControlTestDeclaration, ...]:
    return tuple(test for test in declared_tests().automated if dataset in test.datasets)


def _keep(
    arrival: Arrival, dataset: DatasetDeclaration, zone: ZoneInfo, organisation_id: uuid.UUID
) -> tuple[Arrival, bool]:
    """The file under the name by which it is kept, with the receipt that lies beside it there; whether it is new.

    A receipt that is brought later, or another one, is another file: what was tested stays as it was tested.
    """
    folder = folder_of(organisation_id)
    name = arrival.name
    for taken in range(1, _MOST_A_DAY):
        if not is_there(folder, name):
            break
        receipt = read_receipt(folder, name)
        lies_there = receipt.receipt if receipt else None
        is_same = sha256_of(folder, name, max_bytes=_MAX_BYTES) == arrival.sha256
        if is_same and arrival.receipt in (None, lies_there):
            return replace(arrival, name=name, receipt=lies_there), False
        name = next_name(arrival.name, taken)
    kept = arrival if name == arrival.name else renamed(arrival, name, dataset, zone)
    take_files(kept.stage, organisation_id, [name, *([f"{name}{SUFFIX}"] if kept.receipt is not None else [])])
    return kept, True


@writes(Operation.EVIDENCE_RECORD)
def _note_file(write: Write, *, found: FoundFile) -> Written:
    dataset_id = write.resolve(DATASETS.name, found.dataset)
    write.permit_owner(*_owners(_readers_of(found.dataset)))
    note_files(write, found.dataset, dataset_id, [found])
    return Written(DATASETS.name, found.dataset, 1, write.change)


def _refuse_stranger(actor: Actor, tests: Iterable[ControlTestDeclaration]) -> None:
    """Before anything is kept: who may bring evidence for their own controls only must own one that it is about."""
    if actor.member_id is None:
        return
    member = Member.objects.get(id=actor.member_id)
    if grant_of(Role(member.role), Operation.EVIDENCE_RECORD) is Grant.OWN and member.person_id not in _owners(tests):
        raise ForbiddenError(
            f"{Operation.EVIDENCE_RECORD} is allowed on what you own only, and no test of your controls reads this; ask"
            " the owner of one that does, or a risk manager"
        )


def _owners(tests: Iterable[ControlTestDeclaration]) -> frozenset[uuid.UUID]:
    """The persons who own a control that one of the tests looks at."""
    refs = {control for test in tests for control in test.controls}
    owned = Control.objects.filter(ref__in=refs, removed_in=None, owner__isnull=False)
    return frozenset(owned.values_list("owner_id", flat=True))
