"""The organisation's own control tests: folders below `control_tests/`, each with its `test.yaml`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from buttress.evidence.records import OwnTestRecord, read_own_test
from buttress.formats.folder import matching_files
from buttress.formats.problems import Problem, ProblemsError, refuse

TESTS_FOLDER = "control_tests"
DECLARATION = "test.yaml"


def declared_tests(folder: Path) -> tuple[Mapping[str, OwnTestRecord], list[Problem]]:
    """The own tests by the names of their folders, sorted, and what is wrong with files."""
    found, problems = matching_files(folder, f"{TESTS_FOLDER}/*/{DECLARATION}")
    tests: dict[str, OwnTestRecord] = {}
    for each in found:
        name = each.path.split("/")[1]
        try:
            tests[name] = _read(folder, name, each.path)
        except ProblemsError as error:
            problems += error.problems
    return tests, problems


def _read(folder: Path, name: str, file: str) -> OwnTestRecord:
    try:
        return read_own_test(folder, name)
    except ValidationError:
        raise refuse(file, None, "nothing", "a declaration", "Declare the test, or take the folder away.") from None
