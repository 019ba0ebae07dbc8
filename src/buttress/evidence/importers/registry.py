"""The formats that can be read: the modules of `rows` (tables) and `findings` (scanners' reports), by name.

A file added to one of these folders is a format more, and nothing else is to be touched. The names come from the
listing of the folders; a module is imported when the first file of its format is read, so that a command pays for no
format that it does not use. Modules whose names begin with an underscore are shared parts, no formats.
"""

import pkgutil
from collections.abc import Callable, Sequence
from enum import StrEnum
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from buttress.evidence.importers import findings, rows

if TYPE_CHECKING:
    from buttress.evidence.data.datasets import DatasetDeclaration
    from buttress.evidence.data.evidence_file import Evidence
    from buttress.evidence.data.raw_rows import RawRows
    from buttress.evidence.importers.imported import Imported


class Confinement(StrEnum):
    """Where files of a format are read: `AS_ASKED` by the caller (a folder of one's own in this process, uploads in the
    parser child), `ALWAYS` in the parser child, or by the reader itself in a child of its `OWN`."""

    AS_ASKED = "as asked"
    ALWAYS = "always"
    OWN = "own"


class RowsReader(Protocol):
    """`read` of a table format: the rows of a file with the `wanted` sources (column names or paths), as texts.

    Raises `ProblemsError` with every fault named; never leaves a row out silently. Its module may say `CONFINEMENT`, and
    in `PRELOAD` the names of modules that it imports where used: the parser child can read no disk any more by then. A
    function `without_secrets` takes out of a file's bytes what must not be stored.
    """

    def __call__(self, source: "Evidence", dataset: "DatasetDeclaration", wanted: Sequence[str]) -> "RawRows": ...


class FindingsReader(Protocol):
    """`read` of a scanner's format: every finding of the file, what the tool says it ran, and why it may not be whole.

    Raises `ProblemsError` with every bad record, so that none is dropped silently.
    """

    def __call__(self, content: bytes, *, file: str) -> "Imported": ...


def row_formats() -> tuple[str, ...]:
    """Names of the table formats, in order."""
    return _formats(rows.__path__)


def findings_formats() -> tuple[str, ...]:
    """Names of the formats of scanners' reports, in order."""
    return _formats(findings.__path__)


def _formats(path: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_")))


def rows_reader(name: str) -> RowsReader:
    """The reader of a table format of `row_formats`."""
    reader: RowsReader = module_of(name, is_findings=False).read
    return reader


def findings_reader(name: str) -> FindingsReader:
    """The reader of a format of `findings_formats`."""
    reader: FindingsReader = module_of(name, is_findings=True).read
    return reader


def confinement_of(name: str) -> Confinement:
    """Where files of a table format are read."""
    return Confinement(getattr(module_of(name, is_findings=False), "CONFINEMENT", Confinement.AS_ASKED))


def secrets_remover(name: str, *, is_findings: bool) -> Callable[[bytes], bytes] | None:
    """What takes secrets out of a file of the format before any of it is stored; None where it has none to take out."""
    remover: Callable[[bytes], bytes] | None = getattr(
        module_of(name, is_findings=is_findings), "without_secrets", None
    )
    return remover


def module_of(name: str, *, is_findings: bool) -> ModuleType:
    """The module of a format that is known, imported now if it was not."""
    return import_module(f"{(findings if is_findings else rows).__name__}.{name}")
