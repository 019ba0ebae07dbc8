"""Whether the evidence files on the server are the ones that were recorded: results, failing rows, data sets, documents.

The database says what was found and under which digest; the files say it with all rows. Each vouches for the other, and
what stands in one only is named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from buttress.evidence.data.receipts import SUFFIX, read_receipt
from buttress.evidence.kinds import MANUAL_RESULTS
from buttress.evidence.manual import ManualResult
from buttress.evidence.models import EvidenceRun, ManualDocument, TestResultRow
from buttress.evidence.reading import DatasetFile, dataset_files
from buttress.evidence.result_content import result_to_text
from buttress.evidence.results import FOLDER, ResultsFile, read_results_file
from buttress.evidence.store import folder_of
from buttress.formats.folder import FolderLimits, is_there, matching_files, sha256_of
from buttress.formats.problems import Problem, ProblemsError
from buttress.orgs.content import plain
from buttress.orgs.reading import facts_of
from buttress.orgs.reads import reads
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import current_organisation

_MAX_BYTES = 1 << 40
_LIMITS = FolderLimits(max_files=1_000_000, max_bytes=1 << 50)
_RESTORE = "Restore the file from a backup."


@dataclass(frozen=True, slots=True)
class FilesVerification:
    """How many files of each sort were compared, and what is not as it was recorded."""

    results: int
    data: int
    documents: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


@reads(Operation.AUDIT_VERIFY)
def verify_files() -> FilesVerification:
    """Every evidence file of the organisation against what the database recorded of it; large files are streamed.

    A results file that no run recorded is no problem: a run that was cut off leaves it for the next one to record.
    """
    folder = folder_of(current_organisation())
    runs = list(EvidenceRun.objects.order_by("as_of", "sequence"))
    files = [each for found in dataset_files().values() for each in found]
    data = [(each.file, each.sha256) for each in files if each.sha256]
    documents = list(_documents())
    problems = [
        *(problem for run in runs for problem in _of_run(folder, run)),
        *_of_results(folder),
        *_changed(folder, data),
        *(problem for file in files for problem in _of_receipt(folder, file)),
        *_changed(folder, documents),
    ]
    return FilesVerification(len(runs), len(data), len(documents), tuple(dict.fromkeys(problems)))


def _of_run(folder: Path, run: EvidenceRun) -> Iterator[Problem]:
    """The file of a recorded run: whole in itself, the one that was recorded, and saying the same as the database."""
    name = f"{FOLDER}/{run.as_of.isoformat()}-{run.digest[:12]}.json"
    if not is_there(folder, name):
        yield Problem(name, None, "", "no file", f"the results of {run.as_of}, {run.root[:12]}…", _RESTORE)
        return
    try:
        file = read_results_file(folder, name)
    except ProblemsError as error:
        yield from error.problems
        return
    if file.root != run.root:
        yield Problem(name, None, "root", f"{file.root[:12]}…", f"{run.root[:12]}… as recorded", _RESTORE)
    yield from _of_stored_results(run, file)


def _of_stored_results(run: EvidenceRun, file: ResultsFile) -> Iterator[Problem]:
    stored = dict(TestResultRow.objects.filter(run=run).values_list("test", "content"))
    said = {result.test: result_to_text(result) for result in file.results}
    for test in sorted(stored.keys() | said.keys()):
        if stored.get(test) != said.get(test):
            found = "no result in the database" if test not in stored else "another result than the database holds"
            yield Problem(file.name, None, test, found, "the result as recorded", _RESTORE)


def _of_results(folder: Path) -> Iterator[Problem]:
    """Results files that no run recorded are read all the same: the next run would build on them."""
    recorded = {
        f"{FOLDER}/{as_of.isoformat()}-{digest[:12]}.json"
        for as_of, digest in EvidenceRun.objects.values_list("as_of", "digest")
    }
    found, problems = matching_files(folder, f"{FOLDER}/*.json", limits=_LIMITS)
    yield from problems
    for name in (each.path for each in found if each.path not in recorded):
        try:
            read_results_file(folder, name)
        except ProblemsError as error:
            yield from error.problems


def _of_receipt(folder: Path, file: DatasetFile) -> Iterator[Problem]:
    """The receipt beside a data file against the one recorded: it decides whether a population is whole."""
    try:
        receipt = read_receipt(folder, file.file)
        lies_there = None if receipt is None else plain(receipt.receipt.model_dump(mode="json", exclude_none=True))
    except ProblemsError as error:
        if file.receipt is not None:
            yield from error.problems
        return
    recorded = None if file.receipt is None else plain(file.receipt)
    if lies_there != recorded:
        found = "no receipt" if lies_there is None else "a receipt that was not recorded"
        expected = "none, as recorded" if recorded is None else "the receipt as recorded"
        yield Problem(f"{file.file}{SUFFIX}", None, "", found, expected, _RESTORE)


def _documents() -> Iterator[tuple[str, str]]:
    """Path and digest of the document of each manual result that stands."""
    digests = {
        (record_id, identity, change): sha256
        for record_id, identity, change, sha256 in ManualDocument.objects.values_list(
            "record_id", "identity", "change", "sha256"
        )
    }
    for record_id, facts in facts_of(MANUAL_RESULTS).items():
        for fact in facts:
            result = fact.to_fact(MANUAL_RESULTS)
            assert isinstance(result, ManualResult)
            if result.retracted is None:
                yield result.document, digests[record_id, fact.identity, fact.change]


def _changed(folder: Path, recorded: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    for name, sha256 in dict.fromkeys(recorded):
        if not is_there(folder, name):
            yield Problem(name, None, "", "no file", f"the one recorded, {sha256[:12]}…", _RESTORE)
            continue
        try:
            found = sha256_of(folder, name, max_bytes=_MAX_BYTES)
        except ProblemsError as error:
            yield from error.problems
            continue
        if found != sha256:
            yield Problem(name, None, "", f"bytes with {found[:12]}…", f"{sha256[:12]}… as recorded", _RESTORE)
