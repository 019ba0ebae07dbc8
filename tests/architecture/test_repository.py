"""What must hold of the repository itself."""

import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "buttress"


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.name)
def test_locked_requirements_carry_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--index-url|--find-links", text)


def test_no_source_file_is_longer_than_600_lines() -> None:
    written = [path for path in SOURCE.rglob("*.py") if path.parent.name != "migrations"]
    long = {p.name: n for p in written if (n := len(p.read_text().splitlines())) > 600}
    assert long == {}


@pytest.mark.django_db
def test_the_migrations_make_the_tables_that_the_models_describe() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_core_imports_numpy_scipy_and_the_standard_library_only() -> None:
    allowed = {"numpy", "scipy", "buttress"}
    standard = set(__import__("sys").stdlib_module_names)
    found = {
        match.group(1)
        for path in (SOURCE / "core").glob("*.py")
        for match in re.finditer(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE)
    }
    assert found - standard <= allowed
    inner = {
        match.group(1)
        for path in (SOURCE / "core").glob("*.py")
        for match in re.finditer(r"^(?:from|import) buttress\.(\w+)", path.read_text(), re.MULTILINE)
    }
    assert inner == {"core"}


def test_the_version_has_an_entry_in_the_changelog() -> None:
    from buttress import __version__

    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_shipped_dependencies_are_those_that_are_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = (ROOT / "requirements/base.in").read_text().splitlines()
    assert _names(project["dependencies"]) == _names(asked)


def test_what_extras_ship_is_locked_for_the_tests() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = (ROOT / "requirements/test.in").read_text().splitlines()
    assert {name for packages in extras.values() for name in _names(packages)} <= _names(asked)


def _names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[<>=~! ;\[]", line)[0].lower() for line in requirements if line.strip()}


def test_nothing_committed_names_a_host_of_a_registry_or_a_path_of_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    pattern = re.compile("py" + r"pi\.org|python" + r"hosted|/work/" + "(main|shared)|/ro" + "ot/")
    guilty = [
        name
        for name in listed
        if (ROOT / name).suffix in {".py", ".md", ".yaml", ".toml", ".txt", ".in", ".csv", ""}
        and (ROOT / name).is_file()
        and pattern.search((ROOT / name).read_text(errors="replace"))
    ]
    assert guilty == []
