"""The organisation's own control tests: folders below `control_tests/`, each with its `test.yaml`."""

from pathlib import Path

from buttress.formats.folder import matching_files
from buttress.formats.problems import Problem

TESTS_FOLDER = "control_tests"
DECLARATION = "test.yaml"


def declared_tests(folder: Path) -> tuple[tuple[str, ...], list[Problem]]:
    """Names of the folders that hold a declaration, sorted, and what is wrong with files."""
    found, problems = matching_files(folder, f"{TESTS_FOLDER}/*/{DECLARATION}")
    return tuple(each.path.split("/")[1] for each in found), problems
