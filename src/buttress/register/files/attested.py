"""Documents that attest decisions: one that is named by its path lies in the folder, another is known by title only."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from buttress.formats.folder import opened
from buttress.formats.problems import Problem, ProblemsError, shown
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.register.files.register import Place, Register

MAX_BYTES = 256 * 1024 * 1024
TEXTS = frozenset({".csv", ".htm", ".html", ".json", ".md", ".rtf", ".txt", ".yaml", ".yml"})
OFFICE = frozenset({".doc", ".docx", ".eml", ".msg", ".odt", ".pdf", ".xls", ".xlsx"})
SUFFIXES = TEXTS | OFFICE | {".jpeg", ".jpg", ".png"}
"""Endings by which a file is told from a title."""

Attested = tuple[Place, FieldPath, str]
"""Record, path to the field in it, and what the field says."""


def is_path(document: str) -> bool:
    """Whether it names a file of the folder and not only a title: a known ending, or a '/' in a word without spaces.

    >>> is_path("evidence/minutes/2026-03"), is_path("Minutes 3.pdf"), is_path("Minutes 3 / 2026"), is_path("https://x/y")
    (True, True, False, False)
    """
    if "://" in document:
        return False
    has_space = any(mark.isspace() for mark in document)
    return PurePosixPath(document).suffix.lower() in SUFFIXES or ("/" in document and not has_space)


def attested(register: Register) -> Iterator[Attested]:
    """Every document that an exception or an acceptance names; retracted ones out."""
    for ref, exception in register.exceptions.items():
        if exception.attested_document is not None:
            yield register.place("exceptions", ref), ("attested_document",), exception.attested_document
    for ref, risk in register.risks.items():
        for position, acceptance in enumerate(risk.acceptances):
            if acceptance.attested_document is not None and acceptance.retracted is None:
                at = ("acceptances", position, "attested_document")
                yield register.place("risks", ref), at, acceptance.attested_document


def missing_documents(register: Register) -> Iterator[Problem]:
    """Documents named by a path at which no regular file lies: what they should attest is not attested."""
    for place, at, document in attested(register):
        if not is_path(document):
            continue
        try:
            with opened(register.folder, document, max_bytes=MAX_BYTES):
                pass
        except ProblemsError as error:
            advice = "Put the document there, or name it by its title."
            found = f"{shown(document)}: {error.problems[0].found}"
            yield place.problem(at, found, "a document in the folder", advice)


def unfiled_documents(register: Register) -> Iterator[Problem]:
    """Documents known by title only: nobody can read in the folder what was decided."""
    for place, at, document in attested(register):
        if not is_path(document):
            advice = "File a copy below evidence/ and name its path."
            yield place.problem(at, f"{shown(document)}, which is not filed", "a document in the folder", advice)
