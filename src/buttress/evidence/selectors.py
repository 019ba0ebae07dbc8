"""Every read about data sets, control tests, their results, and exceptions."""

from collections.abc import Collection, Mapping

from buttress.core.snapshot import DatasetState
from buttress.core.verdicts import ControlTest, TestResult
from buttress.evidence import reading
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.decisions import DecidedException
from buttress.evidence.kinds import DATASETS
from buttress.evidence.reading import DatasetFile, DeclaredTests, FailingRows, RegisterEvidence
from buttress.orgs.moments import Moment
from buttress.orgs.reads import reads
from buttress.orgs.roles import Operation


@reads(Operation.REGISTER_READ)
def datasets(*, moment: Moment | None = None) -> Mapping[str, DatasetDeclaration]:
    """Data sets by reference, as a register folder declares them."""
    return reading.records(DATASETS, DatasetDeclaration, moment)


@reads(Operation.REGISTER_READ)
def dataset_files(*, moment: Moment | None = None) -> Mapping[str, list[DatasetFile]]:
    """The evidence files of each data set, as they were last found."""
    return reading.dataset_files(moment)


@reads(Operation.REGISTER_READ)
def dataset_states(*, moment: Moment) -> tuple[DatasetState, ...]:
    """Every data set as of a day: its newest file, and how old it may be."""
    return reading.dataset_states_at(moment)


@reads(Operation.REGISTER_READ)
def declared_tests(*, moment: Moment | None = None) -> DeclaredTests:
    """The tests as they are declared, as a run takes them."""
    return reading.declared_tests(moment)


@reads(Operation.REGISTER_READ)
def control_tests(*, moment: Moment | None = None, controls: Collection[str] | None = None) -> tuple[ControlTest, ...]:
    """Every test, or those of some controls, as figures depend on it."""
    return reading.declared_tests(moment, controls).tests


@reads(Operation.REGISTER_READ)
def results(*, moment: Moment | None = None) -> tuple[TestResult, ...]:
    """What runs and people found: of a test and day the newest result."""
    return (*reading.results_at(moment), *reading.manual_results_at(reading.declared_tests(moment).manual, moment))


@reads(Operation.REGISTER_READ)
def failing_rows(*, test: str, moment: Moment | None = None) -> FailingRows:
    """The first failing rows of the newest result of a test; none where nothing failed."""
    return reading.failing_rows_of(test, moment)


@reads(Operation.REGISTER_READ)
def exceptions(*, moment: Moment | None = None) -> tuple[DecidedException, ...]:
    """Exceptions with the decisions about them."""
    return reading.decided_exceptions(moment)


@reads(Operation.REGISTER_READ)
def evidence_of(*, moment: Moment, controls: Collection[str] | None = None) -> RegisterEvidence:
    """Tests, results, data sets and exceptions for a register's snapshot, or those of some controls only."""
    return reading.evidence_at(moment, controls)
