"""Where a record stands that was not read from a file: in the database, which has no lines."""

from collections.abc import Iterator, Mapping
from typing import Any

from buttress.formats.problems import Problem, field_path
from buttress.formats.strict_yaml import Mark, YamlNode
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.register.files.register import Place

_NO_LINE = Mark(0, 0)


class StoredNode(YamlNode):
    """Stands for the file of a record of the database; problems in it name the record and the field, and no line."""

    __slots__ = ()

    def problem(self, path: FieldPath, found: str, expected: str, advice: str = "") -> Problem:
        return Problem(self.file, None, field_path(path), found, expected, advice)


class StoredPlaces(Mapping[tuple[str, str], Place]):
    """The place of each record by kind and reference, made when it is asked for."""

    def __init__(self, by_kind: Mapping[str, Mapping[str, Any]]) -> None:
        self._by_kind = by_kind

    def __getitem__(self, key: tuple[str, str]) -> Place:
        kind, ref = key
        if key not in self:
            raise KeyError(key)
        node = StoredNode(f"{ref or kind} in the database", {kind: {ref: None}}, _NO_LINE)
        return Place(node, (kind, ref) if ref else (kind,))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and key[1] in self._by_kind.get(key[0], ())

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((kind, ref) for kind, records in self._by_kind.items() for ref in records)

    def __len__(self) -> int:
        return sum(map(len, self._by_kind.values()))
