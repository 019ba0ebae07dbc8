"""Files read in the parser child: the same rows and problems as in this process, and this process outlives them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from buttress.evidence.data import parser
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.parser import ParserLimits
from buttress.evidence.data.snapshots import Snapshot, read_snapshot, snapshots_of
from buttress.evidence.importers import rows
from buttress.evidence.importers.registry import findings_formats

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

ZONE = ZoneInfo("Europe/Amsterdam")
FIXTURES = Path(__file__).parent / "fixtures"
NAMED = 'effective_at: {from: file_name, pattern: "(?P<date>[0-9-]+)"}'
USERS = f"""
users:
  path: evidence/2026*
  format: csv
  key: [id]
  columns: {{id: {{type: text, nullable: false}}, mfa: {{type: boolean}}}}
  {NAMED}
"""
REPORT = f"findings:\n  kind: findings\n  path: evidence/2026*\n  format: prowler_csv\n  {NAMED}\n"


def snapshot(register: "Register", text: str, *, in_child: bool = True) -> Snapshot:
    register.declare(text)
    (dataset,) = register.datasets.values()
    (file,) = snapshots_of(register.folder, dataset, ZONE)
    return read_snapshot(register.folder, dataset, file, ZONE, in_child=in_child)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (USERS, "id,mfa\na,true\n,\n"),
        (USERS, 'id,mfa\n"a\nb",true\nc,maybe\n'),
        (USERS, "id\na\n"),
        (USERS.replace("format: csv", "format: jsonl"), '{"id": "é"}\n\n{"id": "b", "mfa": true}\n'),
        (USERS.replace("format: csv", "format: jsonl"), '{"id": "a"}\n[1]\n{"id": {}}'),
        (REPORT, (FIXTURES / "prowler-small.csv").read_text()),
        (REPORT.replace("prowler_csv", "prowler_ocsf"), (FIXTURES / "prowler-small.ocsf.json").read_text()),
        (REPORT, "id;name\n1;x\n"),
    ],
)
def test_the_child_reads_what_this_process_reads(register: "Register", text: str, content: str) -> None:
    register.put("evidence/2026-06-30", content)
    assert snapshot(register, text) == snapshot(register, text, in_child=False)


def reports() -> list[tuple[str, Path]]:
    """The small reports of our own by format."""
    files = {path.name.split(".")[1].replace("-", "_"): path for path in FIXTURES.glob("small.*")}
    return [(name, files[name]) for name in findings_formats() if name in files]


@pytest.mark.parametrize(("name", "path"), reports(), ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.faults
def test_the_child_reads_every_report_as_this_process_does(register: "Register", name: str, path: Path) -> None:
    register.put("evidence/2026-06-30", path.read_bytes())
    here = snapshot(register, REPORT.replace("prowler_csv", name), in_child=False)
    assert here.rows or here.bars
    assert snapshot(register, REPORT.replace("prowler_csv", name)) == here


def test_the_child_is_told_all_that_is_declared(register: "Register") -> None:
    text = """
things:
  title: "Things, 2nd list"
  path: evidence/2026*
  format: csv
  delimiter: ";"
  key: [id, at]
  changes_within: 3 weeks
  columns:
    id: {type: text, from: Thing, nullable: false, map: {"x": null, "*": some}}
    at: {type: timestamp, zone: Europe/Amsterdam, date_as: end_of_day, past: true, empty: [n/a]}
    n: {type: decimal, scale: 3}
    kind: {type: text, value: "true", values: ["true", "7"]}
  effective_at: {from: file_name, pattern: "(?P<date>[0-9-]+)"}
"""
    register.put("evidence/2026-06-30", "Thing;at;n\nx;n/a;1.5\ny;2026-06-01;7\n")
    register.declare(text.replace(", nullable: false", ""))
    assert snapshot(register, text.replace(", nullable: false", "")).rows == 2
    told = DatasetDeclaration.model_validate(parser.request_of(register.datasets["things"]))
    assert told == register.datasets["things"]


@pytest.fixture
def traps(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose modules are table formats too, in this process and in the child."""
    folder = tmp_path_factory.mktemp("traps")
    monkeypatch.setattr(rows, "__path__", [*rows.__path__, str(folder)])
    more = f"from buttress.evidence.importers import rows; rows.__path__.append({str(folder)!r}); main()"
    monkeypatch.setattr(parser, "_CHILD", parser._CHILD.replace("main()", more))
    yield folder
    for name in [name for name in sys.modules if name.startswith(f"{rows.__name__}.trap")]:
        del sys.modules[name]


READER = "import os, signal, time\n\ndef read(source, dataset, wanted):\n    "


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended with code -9"),
        ("os.abort()", "ended with code -6"),
        ("time.sleep(60)", "not read within 1 s"),
        ("x = bytearray(1 << 31)", "needs more than 256 MB of memory"),
        ("while True: pass", "not read within 1 s"),
        ("raise KeyError('secret')", "stumbles over (KeyError)"),
        ("return read(source, dataset, wanted)", "stumbles over (RecursionError)"),
        ("open('/etc/passwd')", "stumbles over (PermissionError)"),
        ("os.write(1, b'x' * 100)", "no JSON"),
        ("os.write(1, b'[]\\n' * 1_000_000)", "more than 1,000,000 bytes"),
        ("os.write(1, b'[1]\\n'); os._exit(0)", "no answer"),
        ("os._exit(0)", "no answer"),
        ("os.write(1, b'{}\\n[null]\\n'); os._exit(0)", "cut off"),
        (
            'os.write(1, b\'{"sources":["id"],"present":[],"doubts":[],"bars":[]}\\n[1,2]\\n{"end":1}\\n\');'
            " os._exit(0)",
            "another shape",
        ),
    ],
)
def test_a_file_that_stops_its_reader_is_a_problem_with_its_name(
    register: "Register", traps: Path, monkeypatch: pytest.MonkeyPatch, body: str, found: str
) -> None:
    limits = ParserLimits(memory_bytes=1 << 28, seconds=1.0 if "1 s" in found else 20.0, answer_bytes=1_000_000)
    monkeypatch.setattr(parser, "LIMITS", limits)
    (traps / "trap.py").write_text(READER + body + "\n")
    register.put("evidence/2026-06-30", "x")
    read = snapshot(register, USERS.replace("format: csv", "format: trap"))
    assert read.table is None
    assert [p.file for p in read.problems] == ["evidence/2026-06-30"]
    assert found in read.problems[0].found
