"""Texts that a database or a register file cannot hold are refused before anything is written."""

import re
from collections.abc import Iterator
from typing import Any

from buttress.formats.models import StrictModel
from buttress.formats.problems import shown
from buttress.orgs.errors import InvalidError

UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line and paragraph separators, marks that turn the direction of writing, lone surrogates."""


_ESCAPED = re.compile(r"\\[ubfr]")
"""How JSON writes control characters; a stroke before one of these letters looks the same, and is looked at closely."""


def refuse_unwritable(record: StrictModel, noun: str, content: str) -> None:
    """Raises `InvalidError` that names the text; `content` is the record's canonical JSON."""
    if not (UNWRITABLE.search(content) or _ESCAPED.search(content)):
        return
    for text in _texts(record.__dict__):
        if UNWRITABLE.search(text):
            raise InvalidError(
                f"The {noun} has a text with a sign that cannot be kept, {shown(text)}; take out control signs"
            )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, StrictModel):
        yield from _texts(value.__dict__)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(key)
            yield from _texts(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _texts(each)
