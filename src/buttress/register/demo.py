"""The demo company: its files speak from one anchor day, and loading shifts every date so that this day is today.

Dates are shifted in texts and in names of files and folders; a digest of a file that a text quotes follows the file's
new content. Nothing stands half loaded: the copy is made beside its place and moved there at the end.
"""

import re
import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from buttress.formats.strict_yaml import read_yaml

DEMO = Path(__file__).parents[1] / "content" / "demo" / "harbourline"

TEXTS = frozenset({".yaml", ".yml", ".csv", ".jsonl", ".json", ".md", ".txt", ".sql"})
"""Endings of files whose content is shifted; other files are copied as they are."""

_ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)", re.ASCII)
_SHA256 = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_BYTES = "latin-1"
"""Reads every byte as itself, so that a file in another encoding comes back unharmed; dates are ASCII in all of them."""

_LEFT_OUT = frozenset({"results", "__pycache__"})


class DemoError(Exception):
    """The demo company cannot be loaded into a place, and why."""


def shift_dates(text: str, days: int) -> str:
    """The text with every ISO date moved by `days`; what looks like a date but is none stays.

    >>> shift_dates("from 2026-12-31T23:00:00Z to 2027-02-30, CHG-2026-03", 1)
    'from 2027-01-01T23:00:00Z to 2027-02-30, CHG-2026-03'
    """
    return _ISO_DATE.sub(lambda found: _shifted(found[0], days), text)


def _shifted(text: str, days: int) -> str:
    try:
        return (date.fromisoformat(text) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return text


def shift_files(files: Mapping[str, bytes], days: int) -> dict[str, bytes]:
    """Files by relative path with all dates moved by `days`, in names and in texts.

    Where a text quotes the SHA-256 of one of the files, it quotes that of the shifted file afterwards.
    """
    shifted = {name: _shift_content(name, content, days) for name, content in files.items()}
    digests = {
        sha256(files[name]).hexdigest(): sha256(content).hexdigest()
        for name, content in shifted.items()
        if content != files[name]
    }
    return {shift_dates(name, days): _requote(name, content, digests) for name, content in shifted.items()}


def _is_text(name: str) -> bool:
    return Path(name).suffix in TEXTS


def _shift_content(name: str, content: bytes, days: int) -> bytes:
    if not _is_text(name):
        return content
    return shift_dates(content.decode(_BYTES), days).encode(_BYTES)


def _requote(name: str, content: bytes, digests: Mapping[str, str]) -> bytes:
    if not _is_text(name) or not digests:
        return content
    return _SHA256.sub(lambda found: digests.get(found[0], found[0]), content.decode(_BYTES)).encode(_BYTES)


def anchor_of(folder: Path) -> date | None:
    """The day the files of a demo speak from; None where the folder is no demo."""
    path = folder / "organisation.yaml"
    if not path.is_file():
        return None
    organisation = read_yaml(path.read_text(encoding="utf-8"), file=path.name).value
    record = organisation.get("organisation") if isinstance(organisation, dict) else None
    anchor = record.get("anchor") if isinstance(record, dict) else None
    return date.fromisoformat(anchor) if isinstance(anchor, str) else None


def load_demo(target: Path, today: date, *, source: Path = DEMO, is_fresh: bool = False) -> bool:
    """Put the demo company into `target` with its anchor at `today`; False where one stood there already.

    With `is_fresh` a demo that stands there is replaced. Raises DemoError where `target` holds something else.
    """
    if target.exists() and not _is_empty(target):
        if anchor_of(target) is None:
            raise DemoError(f"{target} holds files that are no demo; name another folder, or an empty one")
        if not is_fresh:
            return False
    anchor = anchor_of(source)
    if anchor is None:
        raise DemoError(f"{source} states no organisation.anchor, so its dates cannot be shifted")
    files = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in sorted(source.rglob("*"))
        if path.is_file() and not _LEFT_OUT.intersection(path.relative_to(source).parts)
    }
    _write_whole(target, shift_files(files, (today - anchor).days))
    return True


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _write_whole(target: Path, files: Mapping[str, bytes]) -> None:
    """Write all files beside `target`, then put the folder in its place at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        whole = Path(scratch) / "new"
        for name, content in files.items():
            path = whole / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if target.exists():
            target.rename(Path(scratch) / "old")
        whole.rename(target)
