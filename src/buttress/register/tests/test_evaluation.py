"""What evaluating a register's tests costs where there is nothing to evaluate."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from buttress.register.evaluation import evaluate_tests
from buttress.register.tests.folders import changed

AS_OF = date(2026, 8, 15)
AGAIN = """
import sys
from datetime import date
from pathlib import Path
from buttress.register.evaluation import evaluate_tests
done = evaluate_tests(Path(sys.argv[1]), date(2026, 8, 15))
print(len(done.results), done.unchanged, sorted({"sqlglot", "duckdb"} & set(sys.modules)))
"""


def test_a_run_without_anything_new_loads_neither_parser_nor_database(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    first = len(evaluate_tests(folder, AS_OF).results)
    assert first > 0
    again = subprocess.run([sys.executable, "-c", AGAIN, str(folder)], capture_output=True, text=True, check=True)
    assert again.stdout.split(maxsplit=2) == ["0", str(first), "[]\n"]


def test_evidence_is_walked_once_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = changed(tmp_path)
    walked: list[str] = []
    scan = os.scandir

    def seen(place: int | str | Path) -> object:
        walked.append(str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", seen)
    evaluate_tests(folder, AS_OF)
    assert walked.count(f"{folder}/evidence") == 1
