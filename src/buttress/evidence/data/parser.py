"""Evidence files read by their importers: in this process, or by a limited child where others made the file.

The child has an empty environment, no file but the one it reads, bounded memory, processor time and answer, and where
the kernel has Landlock a fence. It answers in JSON lines, which are read as strictly as any file from outside: what it
says is believed as far as its shape goes.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.data.raw_rows import RawRows
from buttress.evidence.importers.finding import Finding
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.registry import Confinement, confinement_of, findings_reader, rows_reader
from buttress.formats.problems import Problem, ProblemsError, refuse
from buttress.formats.strict_json import JsonLimits, read_json_lines


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What one child may use: bytes of address space, seconds of processor and of wall clock, bytes of its answer.

    A few kilobytes can hold a value a billion times: what comes out is limited, and not only what goes in.
    """

    memory_bytes: int = 1 << 31
    cpu_seconds: int = 60
    seconds: float = 120.0
    answer_bytes: int = 512 * 1024 * 1024


LIMITS = ParserLimits()
_GOODBYE_SECONDS = 5
_ANSWER = JsonLimits(max_bytes=1_000_000_000, max_line_bytes=20_000_000, max_depth=4)
_CHILD = "import sys; sys.path.extend(sys.argv[2:]); from buttress.evidence.locked.parser_child import main; main()"
_PACKAGES = ("pydantic", "yaml", "openpyxl", "tzdata")
_FINDING = TypeAdapter(Finding)
_MOST_PROBLEMS = 200


def read_rows(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str], *, in_child: bool) -> RawRows:
    """The rows of a table's file with the `wanted` sources, as texts; raises `ProblemsError`.

    Formats that are never read in the process of a server are read in a child whatever `in_child` says.
    """
    place = confinement_of(dataset.format)
    if place is Confinement.ALWAYS or (in_child and place is Confinement.AS_ASKED):
        return _rows_of(_asked(source, dataset, wanted), source.name)
    return rows_reader(dataset.format)(source, dataset, wanted)


def read_findings(source: Evidence, dataset: DatasetDeclaration, *, in_child: bool) -> Imported:
    """What a scanner's report holds; raises `ProblemsError`."""
    if in_child:
        return _imported_of(_asked(source, dataset, ()), source.name)
    return findings_reader(dataset.format)(source.content(), file=source.name)


def _asked(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str]) -> list[Any]:
    """The lines that the child answers: a head, then rows or findings; raises `ProblemsError` with what it found."""
    request = {
        "name": source.name,
        "dataset": request_of(dataset),
        "wanted": list(wanted),
        "limits": asdict(LIMITS),
    }
    command = [sys.executable, "-I", "-S", "-c", _CHILD, json.dumps(request), *import_paths()]
    answer = heard_from(command, source, LIMITS)
    head, *lines = answer or [None]
    if not isinstance(head, dict):
        raise unreadable(source.name, "no answer")
    last = lines.pop() if lines else head
    if isinstance(last, dict) and "stopped" in last:
        raise unreadable(source.name, _why_stopped(last["stopped"], LIMITS))
    if isinstance(last, dict) and isinstance(last.get("problems"), list):
        raise ProblemsError(problem_of(each, source.name) for each in last["problems"][:_MOST_PROBLEMS] or [{}])
    if last != {"end": len(lines)}:
        raise unreadable(source.name, "an answer that was cut off")
    return [head, *lines]


def request_of(dataset: DatasetDeclaration) -> Any:
    """The declaration as a register writes it, so that the child reads it by the same model."""
    return _declared_text(dataset.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _declared_text(value: Any) -> Any:
    """Models of what a register holds take texts only."""
    if isinstance(value, dict):
        return {key: _declared_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_declared_text(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value


def _why_stopped(cause: object, limits: ParserLimits) -> str:
    if cause == "memory":
        return f"a file that needs more than {limits.memory_bytes >> 20:,} MB of memory"
    return f"a file that its reader stumbles over ({str(cause)[:60]})"


def problem_of(told: object, name: str) -> Problem:
    """A problem as the child told it, its texts cut; the file is the one that was handed out, whatever it says."""
    fields: dict[Any, Any] = told if isinstance(told, dict) else {}
    texts = {key: str(fields.get(key) or "")[:500] for key in ("field", "found", "expected", "advice")}
    line, column = (value if isinstance(value := fields.get(key), int) else None for key in ("line", "column"))
    return Problem(name, line, texts["field"], texts["found"], texts["expected"], texts["advice"], column)


def _rows_of(lines: list[Any], name: str) -> RawRows:
    head, *told = lines
    sources, doubts, bars = (_texts(head.get(key), name) for key in ("sources", "doubts", "bars"))
    width = len(sources) + 1
    if not all(_is_row(row, width) for row in told):
        raise unreadable(name, "rows of another shape than was announced")
    numbers = [row.pop(0) for row in told]
    return RawRows(sources, frozenset(_texts(head.get("present"), name)), told, numbers.__getitem__, doubts, bars)


def _is_row(row: object, width: int) -> bool:
    if not isinstance(row, list) or len(row) != width or not (row[0] is None or isinstance(row[0], int)):
        return False
    return all(cell is None or isinstance(cell, str) for cell in row[1:])


def _imported_of(lines: list[Any], name: str) -> Imported:
    head, *told = lines
    executed = None if head.get("executed") is None else frozenset(_texts(head["executed"], name))
    try:
        findings = tuple(_FINDING.validate_python(each) for each in told)
    except ValidationError:
        raise unreadable(name, "findings of another shape than was announced") from None
    return Imported(findings, executed, _texts(head.get("doubts"), name), _texts(head.get("bars"), name))


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise unreadable(name, "an answer of another shape")
    return tuple(value)


# ---- a child and its answer ------------------------------------------------------------------------------------------


def heard_from(command: Sequence[str], source: Evidence, limits: ParserLimits) -> list[Any]:
    """The JSON lines that a child answers which has the open file as standard input; raises `ProblemsError`.

    The child is gone afterwards, whatever it did.
    """
    os.lseek(source.descriptor, 0, os.SEEK_SET)
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        command, env={}, cwd="/", stdin=source.descriptor, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        try:
            answer = _heard(child, source.name, limits)
            child.wait(timeout=_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            raise unreadable(source.name, "a reader that does not end") from None
        finally:
            child.kill()
    if child.returncode:
        raise unreadable(source.name, f"a file at which the reader ended with code {child.returncode}")
    try:
        return [value for _, value in read_json_lines(answer, file=source.name, limits=_ANSWER)]
    except ProblemsError:
        raise unreadable(source.name, "an answer that is no JSON") from None


def _heard(child: "subprocess.Popen[bytes]", name: str, limits: ParserLimits) -> bytes:
    """All that the child says until it ends, as far as time and room allow."""
    assert child.stdout is not None
    reader = child.stdout.fileno()
    poll = select.poll()
    poll.register(reader, select.POLLIN | select.POLLHUP)
    until = time.monotonic() + limits.seconds
    heard = bytearray()
    while len(heard) <= limits.answer_bytes:
        wait = until - time.monotonic()
        if wait <= 0 or not poll.poll(wait * 1000):
            raise unreadable(name, f"a file that is not read within {limits.seconds:g} s")
        block = os.read(reader, 1 << 20)
        if not block:
            return bytes(heard)
        heard += block
    raise unreadable(name, f"cells of more than {limits.answer_bytes:,} bytes")


def unreadable(name: str, found: str) -> ProblemsError:
    return refuse(name, None, found, "a file that can be read within the limits", "Export it again, or less at a time.")


def import_paths() -> list[str]:
    """Folders that the child imports from: this package's root and those of the libraries that importers use."""
    paths = [str(Path(__file__).resolve().parents[3])]
    for package in _PACKAGES:
        found = find_spec(package)
        if found is not None and found.origin is not None:
            paths.append(str(Path(found.origin).resolve().parents[1]))
    return list(dict.fromkeys(paths))
