"""Writes about data sets."""

from buttress.evidence.data.datasets import COLUMN_NAME, DatasetDeclaration, schema_faults
from buttress.evidence.kinds import DATASETS
from buttress.orgs import recording
from buttress.orgs.errors import InvalidError
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes


@writes(Operation.TEST_CHANGE)
def declare_dataset(write: Write, *, ref: str, dataset: DatasetDeclaration) -> Written:
    """A new data set; raises `InvalidError` where its columns do not add up."""
    return recording.add(write, DATASETS, ref, _named(ref, dataset))


@writes(Operation.TEST_CHANGE)
def change_dataset(write: Write, *, ref: str, dataset: DatasetDeclaration, version: int) -> Written:
    """Another way of reading it: what is tested from now on is evaluated anew."""
    return recording.change(write, DATASETS, ref, _named(ref, dataset), version)


@writes(Operation.TEST_CHANGE)
def remove_dataset(write: Write, *, ref: str, version: int) -> Written:
    """The data set goes; tests that read it are not evaluated any more, results stay."""
    return recording.remove(write, DATASETS, ref, version)


def _named(ref: str, dataset: DatasetDeclaration) -> DatasetDeclaration:
    if not COLUMN_NAME.match(ref):
        raise InvalidError(
            f"{ref!r} cannot name a data set; give lower-case letters, digits and underscores, as SQL needs it"
        )
    if dataset.id not in ("", ref):
        raise InvalidError(f"The data set says that its id is {dataset.id!r}; write {ref!r}, or leave it out")
    named = dataset.model_copy(update={"id": ref})
    faults = [
        f"{'.'.join(map(str, fault.path))}: found {fault.found}, expected {fault.expected}"
        for fault in schema_faults(named)
    ]
    if faults:
        raise InvalidError(f"The data set {ref} cannot be read: {'; '.join(faults)}")
    return named
