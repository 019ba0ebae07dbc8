"""Reads the content files shipped in the package: every value stays text, so that no identifier becomes a number."""

import csv
from importlib.resources import files
from typing import Any

from buttress.formats.strict_yaml import read_yaml


def content_text(path: str) -> str:
    """A shipped file as text; `path` is relative to `content/`, with forward slashes."""
    return files("buttress").joinpath("content", path).read_text(encoding="utf-8")


def content_rows(path: str) -> list[dict[str, str]]:
    """The rows of a shipped CSV file by column name."""
    return list(csv.DictReader(content_text(path).splitlines()))


def content_mapping(path: str, key: str) -> dict[str, Any]:
    """The mapping under a top-level key of a shipped YAML file, scalars as text."""
    node = read_yaml(content_text(path), file=path)
    mapping: dict[str, Any] = node.value[key]
    return mapping
