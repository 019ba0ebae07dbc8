"""A small register folder with evidence files, and the data sets and control tests that read them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from buttress.evidence.data.datasets import DatasetDeclaration, declare_dataset
from buttress.evidence.declarations import ControlTestDeclaration, read_declaration
from buttress.evidence.runs import RunSummary, run_tests
from buttress.formats.strict_yaml import read_yaml

ZONE = ZoneInfo("Europe/Amsterdam")


def declared(text: str) -> dict[str, DatasetDeclaration]:
    """Data sets as an organisation declares them."""
    node = read_yaml(text, file="datasets.yaml")
    return {reference: declare_dataset(reference, node, (reference,)) for reference in node.value}


@dataclass
class Register:
    """A folder that tests fill file by file."""

    folder: Path
    datasets: Mapping[str, DatasetDeclaration] = field(default_factory=dict)
    tests: list[ControlTestDeclaration] = field(default_factory=list)

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def declare(self, text: str) -> None:
        self.datasets = declared(text)

    def add_test(self, test_id: str, text: str) -> ControlTestDeclaration:
        path = self.put(f"control_tests/{test_id}/test.yaml", text)
        self.tests = [test for test in self.tests if test.id != test_id]
        self.tests.append(read_declaration(path))
        return self.tests[-1]

    def run(self, as_of: str, period: tuple[str, str] = ("2026-01-01", "2026-12-31")) -> RunSummary:
        start, end = (date.fromisoformat(day) for day in period)
        return run_tests(
            self.folder,
            tests=self.tests,
            datasets=self.datasets,
            as_of=date.fromisoformat(as_of),
            period=(start, end),
            time_zone=ZONE,
        )


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register(tmp_path)


@pytest.fixture(scope="session")
def new_register(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Register]:
    """Makes a register in a folder of its own, for fixtures that many tests share."""
    return lambda: Register(tmp_path_factory.mktemp("register"))


@pytest.fixture
def declare() -> Callable[[str], dict[str, DatasetDeclaration]]:
    return declared


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of genuine tool outputs; tests that need it are passed over by name where it is not set."""
    folder = os.environ.get("BUTTRESS_TEST_SAMPLES")
    if not folder:
        pytest.skip("BUTTRESS_TEST_SAMPLES is not set")
    return Path(folder)
