"""The published schema is that of the models, and accepts what the strict reader accepts."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from buttress.register.files.json_schema import SCHEMA_FILE, register_schema, schema_text
from buttress.register.files.schema.kinds import KINDS
from buttress.register.tests.folders import SAMPLE

VALIDATOR = Draft202012Validator(register_schema())


class EditorLoader(yaml.SafeLoader):
    """Types scalars as editors do (YAML 1.2 core): dates stay text, only true and false are truth values."""


EditorLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("null", r"(?:null|Null|NULL|~|)$", ["n", "N", "~", ""]),
    ("bool", r"(?:true|false)$", ["t", "f"]),
    ("int", r"[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"[-+]?[0-9]+\.[0-9]+$", list("-+0123456789")),
):
    EditorLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


def errors(text: str) -> list[str]:
    document: Any = yaml.load(text, EditorLoader)
    return [f"{list(error.path)} {error.message}" for error in VALIDATOR.iter_errors(document)]


def test_the_published_file_is_that_of_the_models() -> None:
    stale = "run python -m buttress.register.files.json_schema"
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), stale


def test_it_is_a_schema_of_every_kind() -> None:
    Draft202012Validator.check_schema(register_schema())
    assert set(register_schema()["properties"]) == {"organisation", *KINDS}


@pytest.mark.parametrize("path", sorted(SAMPLE.rglob("*.yaml")), ids=lambda path: path.stem)
def test_it_accepts_every_file_of_the_sample(path: Path) -> None:
    assert errors(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "risks:\n",
        "control_tests:\n  leavers-disabled:\n",
        "persons:\n  ada: {name: 42, email: }\n",
        'controls:\n  A-1: {title: x, kind: preventive, is_key: "true", coverage: "0.5", criteria: }\n',
    ],
)
def test_it_accepts_other_forms_that_the_reader_takes(text: str) -> None:
    assert errors(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("risk: {}\n", "'risk'"),
        ("persons:\n  ada: {nam: x}\n", "'nam'"),
        ("persons:\n  ada: {}\n", "'name' is a required property"),
        ("persons:\n  9x: {name: x}\n", "9x"),
        ("assets:\n  a: {name: x, kind: thing}\n", "'thing'"),
        ("assets:\n  a: {name: x, kind: data, in_scope: yes}\n", "'yes'"),
        ("controls:\n  A-1: {title: x, kind: preventive, coverage: 1e3}\n", "1e3"),
        ("controls:\n  A-1: {title: x, kind: preventive, in_place_on: 2026/01/01}\n", "2026/01/01"),
    ],
)
def test_it_marks_what_the_reader_refuses(text: str, words: str) -> None:
    found = errors(text)
    assert found
    assert any(words in error for error in found)
