"""Export: the register of the database as a canonical folder, the same bytes for the same content.

One file a kind, own control tests as they were written, and the documents that the register names. Decisions, recorded
times, history and audit are not part of a folder; they travel in a backup.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from buttress.evidence.models import EvidenceRun
from buttress.evidence.reading import dataset_files
from buttress.evidence.results import ResultsFile, read_results_files
from buttress.formats.folder import is_there
from buttress.formats.models import StrictModel
from buttress.formats.ordering import natural
from buttress.formats.problems import refuse
from buttress.orgs.content import to_text
from buttress.orgs.moments import Moment
from buttress.orgs.reads import engagement_seen, permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.applying.taking import files_of
from buttress.register.database.register import register_of
from buttress.register.files.declared_tests import DECLARATION, TESTS_FOLDER
from buttress.register.files.register import Register
from buttress.register.files.schema.kinds import KINDS, ORGANISATION, ORGANISATION_FILE
from buttress.register.files.writer import Content, write_folder

MOST_IN_A_FILE = 1_500_000
"""Characters of canonical JSON from which on a kind is written to several files: a reader takes no larger ones."""


@permits(Operation.REGISTER_EXPORT)
def export_folder(viewer: Actor, target: Path, *, moment: Moment | None = None, with_results: bool = False) -> Path:
    """Writes the register as it stands, or stood at a moment, to `target`, which must be new or empty.

    With `with_results` data set files, runs and their results are there too, of a moment those that it knew. An auditor
    gets their own engagement only. Raises `ProblemsError` where `target` cannot be written; then it is as before.
    """
    with tenant(viewer.organisation_id):
        register = _as_seen(register_of(moment), engagement_seen(viewer))
        names = _names(register, moment, with_results=with_results)
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise refuse(str(target), None, "a file, a link or a folder with files", "a new or empty folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        folder = scratch / "register"
        write_folder(folder, files_to_write(register), others=_own_tests(register))
        _copy(register.folder, folder, names)
        folder.rename(target)  # replaces an empty folder, fails on any other
    except OSError as error:
        raise refuse(str(target), None, f"a failure ({error.strerror})", "a folder that can be written") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _as_seen(register: Register, engagement: str | None) -> Register:
    if engagement is None:
        return register
    organisation = register.organisation
    own = tuple(each for each in organisation.engagements if each.ref == engagement)
    return replace(register, organisation=organisation.model_copy(update={"engagements": own}))


def files_to_write(register: Register) -> dict[str, Content]:
    """YAML files by name: the organisation, then one of each kind that has records, large ones in parts."""
    files: dict[str, Content] = {ORGANISATION_FILE: {ORGANISATION: written(register.organisation)}}
    for kind in KINDS:
        records = {ref: _of_kind(kind, ref, record) for ref, record in register.of_kind(kind).items()}
        parts = list(_parts(records))
        for number, part in enumerate(parts, 1):
            name = f"{kind}.yaml" if len(parts) == 1 else f"{kind}-{number:03d}.yaml"
            files[name] = {kind: part}
    return files


def written(record: StrictModel) -> dict[str, Any]:
    """A record as the canonical writer takes it: what is at its default is left out, sets are in order."""
    plain: dict[str, Any] = _in_order(record.model_dump(mode="python", by_alias=True, exclude_defaults=True))
    return plain


def _of_kind(kind: str, ref: str, record: StrictModel) -> dict[str, Any]:
    content = written(record)
    if kind == "datasets" and content.get("id") == ref:
        del content["id"]  # A data set knows its reference, and a file says it once.
    return content


def _in_order(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _in_order(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_in_order(each) for each in value)
    if isinstance(value, list | tuple):
        return [_in_order(each) for each in value]
    return value


def _parts(records: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, dict[str, Any]]]:
    part: dict[str, dict[str, Any]] = {}
    size = 0
    for ref in sorted(records, key=natural):
        length = len(to_text(records[ref]))
        if part and size + length > MOST_IN_A_FILE:
            yield part
            part, size = {}, 0
        part[ref] = records[ref]
        size += length
    if part:
        yield part


def _own_tests(register: Register) -> dict[str, bytes]:
    return {f"{TESTS_FOLDER}/{ref}/{DECLARATION}": test.source.encode() for ref, test in register.own_tests.items()}


def _names(register: Register, moment: Moment | None, *, with_results: bool) -> Sequence[str]:
    """Evidence files to copy, of those that are kept."""
    files = [file for found in dataset_files(moment).values() for file in found] if with_results else []
    runs = _runs(register.folder, moment) if with_results else ()
    return [name for name in files_of(register, files, runs) if is_there(register.folder, name)]


def _runs(folder: Path, moment: Moment | None) -> list[ResultsFile]:
    """The runs by the moment's day that were recorded by then known, and those that they were stored after, down to the
    first: in a folder where one of these is missing, none would be believed."""
    rows = EvidenceRun.objects.all()
    if moment is not None:
        rows = rows.filter(as_of__lte=moment.as_of)
        if moment.known_at is not None:
            rows = rows.filter(recorded_at__lte=moment.known_at)
    stored = {file.root: file for file in read_results_files(folder)}
    wanted = set()
    for root in rows.values_list("root", flat=True):
        before: str | None = root
        while before in stored and before not in wanted:
            wanted.add(before)
            before = stored[before].previous
    return [file for root, file in stored.items() if root in wanted]


def _copy(source: Path, target: Path, names: Sequence[str]) -> None:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
