"""JSON that readers differ on is refused."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.formats.problems import ProblemsError
from buttress.formats.strict_json import JsonLimits, read_json, read_json_lines


def refused(text: str | bytes, limits: JsonLimits | None = None) -> tuple[int | None, str]:
    with pytest.raises(ProblemsError) as error:
        read_json(text, file="f.json", limits=limits)
    return error.value.problems[0].line, error.value.problems[0].found


def test_numbers_become_int_or_decimal() -> None:
    value = read_json('{"a": 9223372036854775807, "b": 0.10, "c": 1e-7, "d": [true, null]}', file="f.json")
    assert value == {"a": 2**63 - 1, "b": Decimal("0.10"), "c": Decimal("1E-7"), "d": [True, None]}
    assert str(value["b"]) == "0.10"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"a": NaN}', 1, "NaN"),
        ("[-Infinity]", 1, "-Infinity"),
        ("[1e400]", 1, "1e400"),
        ("[9223372036854775808]", 1, "9223372036854775808"),
        ("[" + "9" * 5000 + "]", 1, "the number 9"),
        ("[0." + "1" * 100 + "]", 1, "a number of 102 characters"),
        ('{"a": 1, "a": 2}', 1, "the key 'a' twice"),
        ('["\\ud800"]', 1, "U+D800"),
        ('{"\\u0000": 1}', 1, "U+0000"),
        ('["\ud800"]', 1, "U+D800"),
        ('["a\0"]', 1, "U+0000"),
        ("\ufeff{}", 1, "a byte order mark"),
        ('{\n"a": 1\n"b": 2}', 3, "a syntax error"),
        ("[1] 2", 1, "a syntax error"),
        ("", 1, "a syntax error"),
        ("[" * 100_000, 1, "more than 64 levels"),
        ('\n{"a":' * 70 + "1" + "}" * 70, 66, "more than 64 levels"),
        (b'["\xff"]', 1, "the byte 0xFF"),
    ],
)
def test_what_readers_differ_on_is_refused(text: str | bytes, line: int, words: str) -> None:
    found_line, found = refused(text)
    assert words in found
    assert found_line == line


def test_brackets_inside_of_texts_are_no_nesting() -> None:
    text = '{"a": "' + "[" * 200 + '\\""}'
    assert read_json(text, file="f.json") == {"a": "[" * 200 + '"'}


def test_surrogate_pairs_are_characters() -> None:
    assert read_json('["\\ud83d\\ude00"]', file="f.json") == ["\U0001f600"]


def test_json_lines_name_the_bad_line_and_skip_blank_ones() -> None:
    lines = read_json_lines('{"a": 1}\n\n{"a": 2}\n{"a": }\n', file="f.jsonl")
    assert [next(lines), next(lines)] == [(1, {"a": 1}), (3, {"a": 2})]
    with pytest.raises(ProblemsError, match=r"f\.jsonl:4: found a syntax error"):
        next(lines)


def test_a_line_that_is_too_long_is_refused() -> None:
    with pytest.raises(ProblemsError, match=r"f\.jsonl:2: found a line of 9 characters"):
        list(read_json_lines('[1]\n"1234567"', file="f.jsonl", limits=JsonLimits(max_line_bytes=8)))


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet='[]{}":,0eE.-\\u nul', max_size=40))
def test_any_text_is_read_or_refused_with_a_problem(text: str) -> None:
    try:
        read_json(text, file="f.json")
    except ProblemsError as error:
        assert error.problems[0].file == "f.json"
