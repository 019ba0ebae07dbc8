"""One evidence file, opened once: what is hashed is what is read, and no name is looked up a second time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buttress.formats.folder import opened, sha256_of_open
from buttress.formats.problems import refuse

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_PARQUET_BYTES = 8 * 1024 * 1024 * 1024
"""Parquet is loaded by a child and never held here as a whole."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An open evidence file: `name` is its path below the register folder, `sha256` (hex) that of its bytes."""

    name: str
    descriptor: int
    sha256: str

    def content(self) -> bytes:
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        with os.fdopen(self.descriptor, "rb", closefd=False) as stream:
            return stream.read(MAX_FILE_BYTES + 1)


def most_bytes(file_format: str) -> int:
    """How large a file of that format may be."""
    return MAX_PARQUET_BYTES if file_format == "parquet" else MAX_FILE_BYTES


@contextmanager
def evidence_file(folder: Path, name: str, max_bytes: int = MAX_FILE_BYTES) -> Iterator[Evidence]:
    """The file for the time of a WITH block; raises `ProblemsError` where it is no regular file, too large, or where it
    changed in the meantime."""
    with opened(folder, name, max_bytes=max_bytes) as descriptor:
        sha256 = sha256_of_open(descriptor)
        yield Evidence(name, descriptor, sha256)
        if sha256_of_open(descriptor) != sha256:
            raise refuse(name, None, "a file that changed while it was read", "a file at rest", "Run it again.")
