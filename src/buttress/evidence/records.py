"""An own control test as a record: the whole text of its declaration."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from buttress.evidence.declarations import FILE_NAME, ControlTestDeclaration, declaration_in
from buttress.formats.folder import read_bytes
from buttress.formats.models import StrictModel, unfit
from buttress.formats.strict_text import decode

TESTS_FOLDER = "control_tests"
LONGEST_SOURCE = 200_000
"""Bytes of UTF-8, as much as a declaration's file may have."""


def _source(value: object) -> object:
    if not isinstance(value, str) or not value.strip():
        raise unfit(value, "the text of a test.yaml")
    # A line may end in CR LF in a file; in a value of YAML it is a line feed either way.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if len(text.encode(errors="replace")) > LONGEST_SOURCE:
        raise unfit(value, f"at most {LONGEST_SOURCE:,} bytes")
    return text


class OwnTestRecord(StrictModel):
    """A control test that the organisation declares itself. `source` is its `test.yaml`, with lines ended by LF."""

    source: Annotated[str, BeforeValidator(_source)]

    @property
    def controls(self) -> tuple[str, ...]:
        """The controls that it tests; raises `ProblemsError` where the source is no declaration."""
        return _any_declaration(self.source).controls

    def declaration(self, ref: str) -> ControlTestDeclaration:
        """The declaration under its reference; raises `ProblemsError`."""
        return _declaration(self.source, ref)


@lru_cache(1024)
def _declaration(source: str, ref: str) -> ControlTestDeclaration:
    return declaration_in(source, ref, shown_as=f"{TESTS_FOLDER}/{ref}/{FILE_NAME}")


@lru_cache(1024)
def _any_declaration(source: str) -> ControlTestDeclaration:
    return declaration_in(source, None, shown_as=FILE_NAME)


def read_own_test(folder: Path, ref: str) -> OwnTestRecord:
    """The own test `ref` of a register folder; raises `ProblemsError` where its file cannot be read."""
    name = f"{TESTS_FOLDER}/{ref}/{FILE_NAME}"
    content = read_bytes(folder, name, max_bytes=LONGEST_SOURCE)
    return OwnTestRecord(source=decode(content, file=name, max_bytes=LONGEST_SOURCE))
