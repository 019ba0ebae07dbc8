"""Nothing from outside commands a terminal, reorders a line or makes one line look like two."""

import unicodedata

import pytest

from buttress.formats.printable import UNSAFE, escaped, first_unsafe, in_one_line
from buttress.formats.problems import Problem, ProblemsError, refuse
from buttress.formats.strict_yaml import read_yaml

HOSTILE = {
    "colour": "\x1b[31mpassed\x1b[0m",
    "link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "carriage return": "fail\rpass",
    "eight-bit control": "\x9b31mred\x9d0;title\x9c",
    "right to left": "user\u202etxt.exe",
    "isolate": "\u2066a\u2069",
    "separator": "a\u2028b\u2029c\x85d",
    "second line": "risks.yaml\nrisks.yaml: no problem",
    "invisible": "a\u200bb\u2060c\ufeff",
    "tags": "a\U000e0041b",
    "surrogate": "a\udcffb",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_problem_is_one_line_that_a_terminal_only_shows(name: str) -> None:
    text = HOSTILE[name]
    line = str(Problem(text, 1, text, text, text, text))
    assert first_unsafe(line) is None
    assert "\\u" in line
    shown = str(refuse(text, None, text, text))
    assert "\n" not in shown
    assert UNSAFE.search(shown) is None


def test_whatever_unicode_calls_a_control_or_an_override_is_unsafe() -> None:
    bidirectional = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for code in range(0x110000):
        sign = chr(code)
        if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(sign) in bidirectional:
            assert first_unsafe(sign) == sign, hex(code)


def test_ordinary_text_of_any_script_stays() -> None:
    for text in ("Zoë, naïve, 日本語", "לקוח\u200fא", "می\u200cخواهم", "👩\u200d💻", "a'b\"c\\d"):
        assert in_one_line(text) == text


def test_an_escape_is_that_of_json() -> None:
    assert escaped("\x1b\U000e0041\udcff") == "\\u001b\\udb40\\udc41\\udcff"


@pytest.mark.parametrize("name", [n for n in HOSTILE if n not in ("second line", "invisible", "tags", "surrogate")])
def test_a_register_file_holds_no_such_text_not_even_as_an_escape(name: str) -> None:
    quoted = "".join(f"\\U{ord(sign):08x}" for sign in HOSTILE[name])
    for content in (f'title: "{quoted}"\n', f'"{quoted}": x\n'):
        with pytest.raises(ProblemsError, match="the character U\\+") as error:
            read_yaml(content, file="risks.yaml")
        assert error.value.problems[0].line == 1
