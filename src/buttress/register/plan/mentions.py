"""Which records a record names, and what it says once one of them has another reference.

References are found by validating: every field type that is a link asks whether what it names is known, and here it is
asked. So a new kind with links needs nothing here.
"""

from collections.abc import Iterator
from typing import Any

from buttress.formats.models import StrictModel

Mention = tuple[str, str]
"""Kind and reference."""


class _Listening:
    """Stands for the known references of one kind: knows all of them, and notes which were asked about."""

    def __init__(self, kind: str, heard: list[Mention]) -> None:
        self._kind, self._heard = kind, heard

    def __contains__(self, ref: object) -> bool:
        self._heard.append((self._kind, str(ref)))
        return True


class _Kinds:
    """Stands for what a folder defines, of any kind."""

    def __init__(self) -> None:
        self.heard: list[Mention] = []

    def get(self, kind: str, default: object = None) -> _Listening:
        return _Listening(kind, self.heard)


def mentions(model: type[StrictModel], content: Any) -> list[Mention]:
    """Every link that a record's content holds, as often as it holds it; `content` is what `from_text` gives."""
    kinds = _Kinds()
    model.model_validate(content, context={"known": kinds})
    return kinds.heard


def with_new_reference(model: type[StrictModel], content: Any, old: Mention, new_ref: str) -> Any:
    """The content with every link to `old` naming `new_ref`; texts that only read like it stay."""
    old_ref = old[1]
    rewritten = content
    for path, text in _texts(content, ()):
        prefix, colon, last = text.rpartition(":")
        if last != old_ref:
            continue
        tried = _put(rewritten, path, f"{prefix}{colon}{new_ref}")
        is_link = mentions(model, tried).count(old) < mentions(model, rewritten).count(old)
        rewritten = tried if is_link else rewritten
    return rewritten


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in a JSON value with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*path, key))
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from _texts(each, (*path, position))


def _put(value: Any, path: tuple[str | int, ...], text: str) -> Any:
    """The value with `text` at the end of `path`."""
    if not path:
        return text
    head, *rest = path
    if isinstance(value, dict):
        return {key: _put(each, tuple(rest), text) if key == head else each for key, each in value.items()}
    return [_put(each, tuple(rest), text) if place == head else each for place, each in enumerate(value)]
