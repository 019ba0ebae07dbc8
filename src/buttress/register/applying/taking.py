"""What an apply takes beside records: evidence files as they are, runs with their results, data set files as found."""

from collections.abc import Iterable, Iterator

from buttress.evidence.data.receipts import SUFFIX
from buttress.evidence.found import FoundEvidence, FoundFile
from buttress.evidence.models import EvidenceRun
from buttress.evidence.reading import DatasetFile, dataset_files
from buttress.evidence.results import FOLDER, ResultsFile
from buttress.formats.folder import is_there
from buttress.orgs.content import plain
from buttress.register.files.attested import attested, is_path
from buttress.register.files.register import Register
from buttress.register.plan.planned import Kept


def files_of(
    register: Register, files: Iterable[FoundFile | DatasetFile] = (), runs: Iterable[ResultsFile] = ()
) -> tuple[str, ...]:
    """Paths below the folder of all that the register rests on: documents, and files with their receipts, and runs."""
    return tuple(dict.fromkeys(_files(register, files, runs)))


def _files(register: Register, files: Iterable[FoundFile | DatasetFile], runs: Iterable[ResultsFile]) -> Iterator[str]:
    for file in files:
        if file.sha256:
            yield file.file
            if is_there(register.folder, file.file + SUFFIX):
                yield file.file + SUFFIX
    for test in register.manual_tests.values():
        yield from (result.document for result in test.results if result.retracted is None)
    yield from (document for _, _, document in attested(register) if is_path(document))
    for run in runs:
        yield run.name
        for body in run.of_kind("result"):
            if (rows := body.get("failing_rows")) is not None:
                yield f"{FOLDER}/{rows['path']}"


def to_take(evidence: FoundEvidence) -> tuple[Kept, ...]:
    """Runs and data set files that the organisation in context does not have as they are in the folder."""
    return (*_runs(evidence), *_dataset_files(evidence))


def _runs(evidence: FoundEvidence) -> Iterator[Kept]:
    known = set(EvidenceRun.objects.values_list("as_of", "digest"))
    for run in evidence.runs:
        if (run.as_of, run.digest) not in known:
            yield Kept(run.name, run.root)


def _dataset_files(evidence: FoundEvidence) -> Iterator[Kept]:
    known = {(file.dataset, file.file): file for files in dataset_files().values() for file in files}
    for file in evidence.files:
        before = known.pop((file.dataset, file.file), None)
        if before is None or not _is_same(before, file):
            yield Kept(file.file, file.sha256)
    for (dataset, name), gone in known.items():
        if gone.effective_at is None and dataset in evidence.datasets:
            yield Kept(name, "")


def _is_same(before: DatasetFile, file: FoundFile) -> bool:
    receipt = None if file.receipt is None else plain(file.receipt)
    is_counted = file.rows in (None, before.rows)
    stated = (before.effective_at, before.sha256, before.receipt, before.problem)
    return is_counted and stated == (file.effective_at, file.sha256, receipt, file.problem)
