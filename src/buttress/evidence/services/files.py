"""Writes about single evidence files: brought by a person or a collection, read, kept for good, recorded."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from buttress.controls.models import Control
from buttress.evidence.arrivals import NOTHING_STATED, Arrival, Stated, arriving, next_name, snapshot_of_arrival
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.receipts import SUFFIX
from buttress.evidence.data.shelf import Shelf
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.found import FoundFile
from buttress.evidence.kinds import DATASETS
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
    """An evidence file that is kept: its name below the organisation's folder, of when it speaks, its rows, whether it
    was there already, and what about it wants a look (codes with figures)."""

    dataset: str
    file: str
    effective_at: datetime
    rows: int
    sha256: str
    is_new: bool
    signals: tuple[str, ...]
    tests: tuple[str, ...]


@permits(Operation.EVIDENCE_RECORD)
def record_evidence_file(
    actor: Actor, /, *, dataset: str, source: BinaryIO, name: str, stated: Stated = NOTHING_STATED
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
    with arriving(folder, source, name, declared, stated, zone) as arrival:
        snapshot = snapshot_of_arrival(arrival, declared, zone)
        shelf = Shelf(folder, {dataset: declared}, zone)
        signals = signals_of(snapshot, shelf, [test for test in tests if test.source == dataset])
        kept, is_new = _keep(arrival, actor.organisation_id, folder)
        found = FoundFile(
            dataset,
            kept,
            snapshot.effective_at,
            arrival.sha256,
            snapshot.rows,
            arrival.receipt.model_dump(mode="json", exclude_none=True) if arrival.receipt else None,
        )
        _note_file(actor, found=found)
    return Kept(
        dataset,
        kept,
        snapshot.effective_at,
        snapshot.rows,
        arrival.sha256,
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


def _keep(arrival: Arrival, organisation_id: uuid.UUID, folder: Path) -> tuple[str, bool]:
    """The name by which the file is kept, and whether it is new."""
    name = arrival.name
    for taken in range(1, _MOST_A_DAY):
        if not is_there(folder, name):
            break
        if sha256_of(folder, name, max_bytes=_MAX_BYTES) == arrival.sha256:
            return name, False
        name = next_name(arrival.name, taken)
    if name != arrival.name:
        for suffix in ("", SUFFIX):
            given = arrival.stage / f"{arrival.name}{suffix}"
            if given.exists():
                given.rename(arrival.stage / f"{name}{suffix}")
    names = [name, *([f"{name}{SUFFIX}"] if arrival.receipt is not None else [])]
    take_files(arrival.stage, organisation_id, names)
    return name, True


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
