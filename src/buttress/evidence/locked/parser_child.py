"""The child process that reads one evidence file by its importer and writes what it found as JSON lines.

Everything is loaded before the fence, because nothing of the disk can be read behind it, and no thread runs by then,
because the fence would not bind it. See `buttress.evidence.data.parser` for the other side.
"""

import json
import resource
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from buttress.evidence.data.datasets import DatasetDeclaration, DatasetKind, dataset_schemas
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.importers.finding import Finding
from buttress.evidence.importers.registry import FindingsReader, RowsReader, module_of
from buttress.evidence.locked.landlock import die_with_parent, restrict_to
from buttress.formats.problems import ProblemsError

_ALWAYS_LOADED = ("_strptime", "encodings.cp437", "encodings.latin_1", "encodings.utf_16", "zoneinfo")
"""What the standard library imports at the first use of other parts of it."""
_NEVER_LOADED = ("numpy", "lxml")
"""Libraries that others take where they find them; one starts threads, the other parses by other rules."""
_FILE = 0


def main() -> None:
    """The file is standard input; the argument is a JSON object, see `request_of` on the other side."""
    request = json.loads(sys.argv[1])
    sys.modules.update(dict.fromkeys(_NEVER_LOADED))  # type: ignore[arg-type]
    lines = _prepared(request)
    _limit(request["limits"])
    die_with_parent()
    restrict_to(())
    write = sys.stdout.write
    for line in _answer(lines):
        write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _limit(limits: dict[str, int]) -> None:
    for what, most in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
    ):
        resource.setrlimit(what, (most, most))


def _prepared(request: dict[str, Any]) -> Iterator[object]:
    """The lines to write, of which none is made before it is asked for; every module is loaded."""
    for name in _ALWAYS_LOADED:
        import_module(name)
    dataset_schemas()  # kept from now on: it is read from disk
    dataset = DatasetDeclaration.model_validate(request["dataset"])
    module = module_of(dataset.format, is_findings=dataset.kind is DatasetKind.FINDINGS)
    for name in getattr(module, "PRELOAD", ()):
        import_module(name)
    if dataset.kind is DatasetKind.FINDINGS:
        return _findings(module.read, request["name"])
    return _rows(module.read, request["name"], dataset, request["wanted"])


def _rows(read: RowsReader, name: str, dataset: DatasetDeclaration, wanted: list[str]) -> Iterator[object]:
    raw = read(Evidence(name, _FILE, ""), dataset, wanted)
    yield {
        "sources": raw.sources,
        "present": sorted(raw.present),
        "doubts": raw.doubts,
        "bars": raw.bars,
    }
    for index, row in enumerate(raw.rows):
        yield [raw.line_of(index), *row]
    yield {"end": len(raw.rows)}


def _findings(read: FindingsReader, name: str) -> Iterator[object]:
    imported = read(Evidence(name, _FILE, "").content(), file=name)
    executed = None if imported.executed is None else sorted(imported.executed)
    yield {"executed": executed, "doubts": imported.doubts, "bars": imported.bars}
    for finding in imported.findings:
        yield _plain(finding)
    yield {"end": len(imported.findings)}


def _plain(finding: Finding) -> dict[str, object]:
    values = {name: getattr(finding, name) for name in finding.__slots__}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


def _answer(lines: Iterator[object]) -> Iterator[object]:
    """The lines, or why there are none: whatever a reader does, the other side gets a line that says so."""
    try:
        yield from lines
    except ProblemsError as error:
        fields = ("line", "field", "found", "expected", "advice", "column")
        yield {"problems": [{name: getattr(problem, name) for name in fields} for problem in error.problems]}
    except MemoryError:
        lines.close()  # type: ignore[attr-defined]
        yield {"stopped": "memory"}
    except Exception as error:  # a file that its reader stumbles over must still be named
        yield {"stopped": type(error).__name__}
