"""The organisation's own control tests: folders below `control_tests/`, each with its `test.yaml`."""

from pathlib import Path

from buttress.formats.folder import find_files
from buttress.formats.problems import Problem

TESTS_FOLDER = "control_tests"
DECLARATION = "test.yaml"


def declared_tests(folder: Path) -> tuple[tuple[str, ...], list[Problem]]:
    """Names of the folders that hold a declaration, sorted, and what is wrong with files."""
    if not (folder / TESTS_FOLDER).is_dir():
        return (), []
    found, problems = find_files(folder / TESTS_FOLDER, suffixes=(f"/{DECLARATION}",))
    named = [each.path.split("/") for each in found]
    problems = [_below(problem) for problem in problems]
    return tuple(parts[0] for parts in named if len(parts) == 2), problems


def _below(problem: Problem) -> Problem:
    return Problem(f"{TESTS_FOLDER}/{problem.file}", None, "", problem.found, problem.expected, problem.advice)
