"""Where an organisation's evidence files lie on the server, and how files get there: whole, for good, never changed.

The folder of an organisation has the layout of a register folder, so that a run works on it as on any other.
"""

import hashlib
import os
import secrets
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings

from buttress.formats.folder import check_relative, is_there, make_folder, opened, sha256_of
from buttress.formats.problems import Problem, ProblemsError

_FOLDER = "evidence"
_MAX_BYTES = 1 << 40
_BLOCK = 1 << 20


def folder_of(organisation_id: uuid.UUID) -> Path:
    """The folder of an organisation below the data folder; it exists afterwards, and only its owner may look into it."""
    data = Path(settings.BUTTRESS_DATA)
    data.mkdir(parents=True, exist_ok=True)
    folder = make_folder(data, f"{_FOLDER}/{organisation_id}")
    folder.parent.chmod(0o700)
    folder.chmod(0o700)
    return folder


def take_files(source: Path, organisation_id: uuid.UUID, names: Iterable[str]) -> tuple[str, ...]:
    """Copies the files `names`, paths below `source`, to the same paths below the organisation's folder.

    Returns the names that were new. Each is on the disk, whole, when this returns; a file that is there with the same
    content stays. Raises `ProblemsError`, with nothing copied, for each that is there with other content, and for
    links, special files and names that lead out of the folder.
    """
    target = folder_of(organisation_id)
    wanted = list(dict.fromkeys(names))
    problems: list[Problem] = []
    new: list[str] = []
    for name in wanted:
        try:
            if _is_new(source, target, name):
                new.append(name)
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    for name in new:
        _copy(source, target, name)
    return tuple(new)


def _is_new(source: Path, target: Path, name: str) -> bool:
    check_relative(name, file=name)
    if not is_there(target, name):
        with opened(source, name, max_bytes=_MAX_BYTES):
            return True
    _refuse_other(name, sha256_of(source, name, max_bytes=_MAX_BYTES), sha256_of(target, name, max_bytes=_MAX_BYTES))
    return False


def _refuse_other(name: str, given: str, kept: str) -> None:
    if given != kept:
        found = f"a file with {given[:12]}…, while one with {kept[:12]}… is kept under its name"
        advice = "Evidence is never overwritten: add the new file under a new name."
        raise ProblemsError([Problem(name, None, "", found, "the file that is kept", advice)])


def _copy(source: Path, target: Path, name: str) -> None:
    """Under a random name first, which nobody takes for a file; the link to its own name overwrites nothing."""
    parent, _, last = name.rpartition("/")
    folder = make_folder(target, parent) if parent else target
    unfinished = folder / f".{secrets.token_hex(16)}"
    try:
        given = _write(source, name, unfinished)
        try:
            os.link(unfinished, folder / last)
        except FileExistsError:
            # Somebody else took it in between.
            _refuse_other(name, given, sha256_of(target, name, max_bytes=_MAX_BYTES))
    finally:
        unfinished.unlink(missing_ok=True)
    for each in _folders(target, parent):
        _sync_folder(each)


def _write(source: Path, name: str, unfinished: Path) -> str:
    """SHA-256 (hex) of what was copied."""
    digest = hashlib.sha256()
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with opened(source, name, max_bytes=_MAX_BYTES) as descriptor, os.fdopen(handle, "wb") as stream:
        while block := os.read(descriptor, _BLOCK):
            digest.update(block)
            stream.write(block)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()


def _folders(target: Path, parent: str) -> Iterator[Path]:
    """From the one that holds the file up to the data folder: each of them may be new."""
    place = target / parent if parent else target
    while place != target.parent.parent:
        yield place
        place = place.parent
    yield place


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
