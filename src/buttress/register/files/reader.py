"""From a register folder to validated records: everything that is wrong comes at once, with file and line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from buttress.evidence.data.datasets import DatasetDeclaration, named_dataset
from buttress.evidence.records import OwnTestRecord
from buttress.formats.folder import FolderLimits
from buttress.formats.models import StrictModel, validate
from buttress.formats.ordering import natural
from buttress.formats.problems import Problem, ProblemsError
from buttress.register.files.consistency import inconsistencies
from buttress.register.files.declared_tests import declared_tests
from buttress.register.files.documents import Entries, gather, read_documents
from buttress.register.files.register import Place, Register
from buttress.register.files.schema.kinds import KINDS, ORGANISATION
from buttress.register.files.schema.organisation import OrganisationRecord

Known = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a folder gave: the register, where an organisation could be read, and every problem found.

    With problems the register holds only the records that are valid by themselves.
    """

    register: Register | None
    problems: tuple[Problem, ...]
    counts: Mapping[str, int]


def read_register(folder: Path, *, limits: FolderLimits | None = None) -> Register:
    """The validated records of `folder`; raises `ProblemsError` with every problem of the whole folder."""
    reading = read_folder(folder, limits=limits)
    if reading.problems:
        raise ProblemsError(reading.problems)
    assert reading.register is not None
    return reading.register


def read_folder(folder: Path, *, limits: FolderLimits | None = None) -> Reading:
    """As `read_register`, but returns problems instead of raising them."""
    try:
        nodes, problems = read_documents(folder, limits)
        own_tests, own_problems = declared_tests(folder)
    except ProblemsError as error:
        return Reading(None, error.problems, {})
    entries, entry_problems = gather(nodes)
    problems += [*own_problems, *entry_problems]
    known = _known(entries, own_tests.keys())
    records = _validated(entries, known, problems)
    register = None
    if ("organisation", "") in records:
        register = _register(folder, records, entries, own_tests)
        problems += inconsistencies(register)
    return Reading(register, tuple(sorted(problems, key=lambda problem: problem.order)), _counts(entries))


def _known(entries: Entries, own_tests: Iterable[str]) -> Known:
    """References of each kind that links may name."""
    known: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for kind, ref in entries:
        known.setdefault(kind, set()).add(ref)
    known["tests"] = {*known.get("control_tests", ()), *known.get("manual_tests", ()), *own_tests}
    shipped = _shipped()
    known["assumed_controls"] = known["controls"] | shipped["starter_controls"]
    return {**{kind: frozenset(refs) for kind, refs in known.items()}, **shipped}


@cache
def _shipped() -> Known:
    """Identifiers that come with the product."""
    from buttress.controls.library import starter_controls  # noqa: PLC0415 - content is loaded on first use only
    from buttress.criteria.catalogue import criteria, points_of_focus  # noqa: PLC0415 - likewise

    criterion_ids = frozenset(criterion.id for criterion in criteria())
    return {
        "criteria": criterion_ids,
        "points_of_focus": criterion_ids | {point.id for point in points_of_focus()},
        "starter_controls": frozenset(starter_controls()),
    }


def _validated(entries: Entries, known: Known, problems: list[Problem]) -> dict[tuple[str, str], StrictModel]:
    """Valid records; what is wrong with the others goes to `problems`."""
    records: dict[tuple[str, str], StrictModel] = {}
    context = {"known": known}
    for (kind, ref), place in entries.items():
        model = OrganisationRecord if kind == ORGANISATION else KINDS[kind]
        if place.value is None:
            records[kind, ref] = model()
            continue
        record = validate(model, place.node, place.path, context=context)
        if isinstance(record, DatasetDeclaration):
            record = _named(ref, record, place)
        if isinstance(record, list):
            problems += record
        else:
            records[kind, ref] = record
    return records


def _named(ref: str, declared: DatasetDeclaration, place: Place) -> DatasetDeclaration | list[Problem]:
    """The data set with its reference, its columns checked against the shipped schemas."""
    try:
        return named_dataset(ref, declared, place.node, place.path)
    except ProblemsError as error:
        return list(error.problems)


def _register(
    folder: Path,
    records: Mapping[tuple[str, str], StrictModel],
    entries: Entries,
    own_tests: Mapping[str, OwnTestRecord],
) -> Register:
    by_kind: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for kind, ref in sorted(records, key=lambda key: (key[0], natural(key[1]))):
        if kind != ORGANISATION:
            by_kind[kind][ref] = records[kind, ref]
    organisation = records[ORGANISATION, ""]
    assert isinstance(organisation, OrganisationRecord)
    return Register(folder, organisation, **by_kind, own_tests=own_tests, places=entries)


def _counts(entries: Entries) -> dict[str, int]:
    counts = dict.fromkeys(KINDS, 0)
    for kind, _ in entries:
        if kind != ORGANISATION:
            counts[kind] += 1
    return counts
