"""YAML is plain data with every scalar as text, or it is refused with its line."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.formats import strict_yaml
from buttress.formats.problems import ProblemsError
from buttress.formats.strict_yaml import YamlLimits, read_yaml

READERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]


@pytest.fixture(params=READERS, ids=lambda loader: loader.__name__)
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test with the parser in C and with the one in Python, as either may be installed."""
    monkeypatch.setattr(strict_yaml, "_LOADER", request.param)


def refused(text: str | bytes, limits: YamlLimits | None = None) -> tuple[int | None, str, str]:
    with pytest.raises(ProblemsError) as error:
        read_yaml(text, file="f.yaml", limits=limits)
    problem = error.value.problems[0]
    assert problem.file == "f.yaml"
    return problem.line, problem.field, problem.found


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("NO", "NO"),
        ("1:30", "1:30"),
        ("0777", "0777"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("2024-01-01", "2024-01-01"),
        ("2024-13-01", "2024-13-01"),
        ("true", "true"),
        ("null", None),
        ("", None),
        ('"null"', "null"),
        ("'null'", "null"),
        ('""', ""),
        ('"~"', "~"),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b", "a b"),
        ('"tab\\there"', "tab\there"),
        ("{a: , b}", {"a": None, "b": None}),
    ],
)
def test_every_scalar_is_text_and_only_empty_or_null_is_null(scalar: str, value: object) -> None:
    assert read_yaml(f"k: {scalar}", file="f.yaml").value == {"k": value}


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize(
    ("text", "line", "field", "words"),
    [
        ("a: 1\nb: &x 1", 2, "b", "the anchor &x"),
        ("a: &x {}\nb: *x", 1, "a", "the anchor &x"),
        ("a:\n  - *x", 2, "a[0]", "the alias *x"),
        ("a: !!binary aGk=", 1, "a", "the tag tag:yaml.org,2002:binary"),
        ("a:\n  b: !thing {}", 2, "a.b", "the tag !thing"),
        ("a: ! b", 1, "a", "the tag !"),
        ("a: !!set {x}", 1, "a", "the tag tag:yaml.org,2002:set"),
        ("%YAML 1.2\n---\na: 1", 1, "", "a directive"),
        ("# x\n%FOO bar\n---\na: 1", 2, "", "a directive"),
        ("a:\n  <<: {b: 1}", 2, "a", "a merge key <<"),
        ("a: 1\n---\nb: 2", 2, "", "a second document"),
        ("a: 1\n...\n---\nb: 2", 3, "", "a second document"),
        ("a:\n\tb: 1", 2, "", "a tab character"),
        ("a: b\tc", 1, "", "a tab character"),
        ("\ufeffa: 1", 1, "", "a byte order mark"),
        ("a: 1\nb: \0", 2, "", "U+0000"),
        ('a: "\\0"', 1, "a", "U+0000"),
        ('a: "\\x07"', 1, "a", "U+0007"),
        ("a: \ud800", 1, "", "U+D800"),
        ("a: \x1b[31m", 1, "", "U+001B"),
        ("? [a]\n: b", 1, "", "a mapping or list as a key"),
        ("{a: 1}: b", 1, "", "a mapping or list as a key"),
        ("{? : b}", 1, "", "an empty key"),
        ("'': b", 1, "", "an empty key"),
        ("a: ~", 1, "a", "a plain ~"),
        ("a: [NULL]", 1, "a[0]", "a plain NULL"),
        ("a: [a, , b]", 1, "", "a syntax error"),
        ("a: [1", 2, "", "a syntax error"),
        ("a: b: c", 1, "", "a syntax error"),
        ("a: 'b", 1, "", "a syntax error"),
        ("a:\n b: 1\n  c: 2", 3, "", "a syntax error"),
    ],
)
def test_what_plain_data_does_not_need_is_refused(text: str, line: int, field: str, words: str) -> None:
    found_line, found_field, found = refused(text)
    assert words in found
    if "syntax" not in words:
        assert (found_line, found_field) == (line, field)
    else:
        assert found_line is not None and abs(found_line - line) <= 1


@pytest.mark.usefixtures("either_parser")
def test_duplicate_keys_name_both_lines_and_come_all_at_once() -> None:
    with pytest.raises(ProblemsError) as error:
        read_yaml("a: 1\nb:\n  - x: 1\n    y: {c: 1}\n    x: {d: [2]}\na: 3\n", file="f.yaml")
    assert [(p.line, p.field, p.found) for p in error.value.problems] == [
        (5, "b[0].x", "the key 'x' again; it stands first on line 3"),
        (6, "a", "the key 'a' again; it stands first on line 1"),
    ]


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize("text", ["[" * 500 + "]" * 500, "a: " + "{a: " * 100 + "}" * 100, "- " * 100 + "x"])
def test_deep_nesting_is_refused_before_it_is_built(text: str) -> None:
    assert "more than 64 levels" in refused(text)[2]


def test_64_levels_are_read() -> None:
    assert read_yaml("[" * 64 + "]" * 64, file="f.yaml").value == eval("[" * 64 + "]" * 64)


def test_size_and_number_of_values_are_bounded() -> None:
    assert refused("a: é", YamlLimits(max_bytes=3))[2] == "4 bytes"
    assert "more than 3 values" in refused("[1, 2, 3]", YamlLimits(max_nodes=3))[2]


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    assert refused(b"a: 1\nb: \xff")[::2] == (2, "the byte 0xFF")


def test_the_merge_key_bomb_is_refused_at_once() -> None:
    bomb = "a0: &a0 {x: 1}\n" + "".join(
        f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 4)}]}}\n" for i in range(1, 16)
    )
    assert refused(bomb) == (1, "a0", "the anchor &a0")


@pytest.mark.usefixtures("either_parser")
def test_lines_are_those_of_keys_and_items_and_of_the_nearest_holder() -> None:
    text = "# head\nrisks:\n  R-1:\n    title: x\n    assessments:\n"
    text += "      - {low: 1,\n         high: 2}\n      -\n        low: 3\n"
    node = read_yaml(text, file="f.yaml")
    lines = {
        (): 2,
        ("risks",): 2,
        ("risks", "R-1", "title"): 4,
        ("risks", "R-1", "owner"): 3,
        ("risks", "R-1", "assessments", 0): 6,
        ("risks", "R-1", "assessments", 0, "high"): 7,
        ("risks", "R-1", "assessments", 1, "low"): 9,
        ("risks", "R-1", "assessments", 7): 5,
        ("risks", 0): 2,
    }
    assert {path: node.line_of(path) for path in lines} == lines


def test_an_empty_document_is_null() -> None:
    assert read_yaml("", file="f.yaml").value is None
    assert read_yaml("# only a comment\n---\n", file="f.yaml").value is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_problem(text: str) -> None:
    try:
        read_yaml(text, file="f.yaml")
    except ProblemsError as error:
        assert all(problem.file == "f.yaml" for problem in error.problems)
