"""Text of another encoding is named by it, and never half-read."""

import pytest

from buttress.formats.problems import ProblemsError
from buttress.formats.strict_text import decode


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id\nJosé\n".encode("utf-16"), "f.csv:1: found UTF-16 text; expected UTF-8 text. Save or export"),
        ("id\n".encode("utf-16-be").join((b"\xfe\xff", b"")), "f.csv:1: found UTF-16 text"),
        ("id\n".encode("utf-32"), "f.csv:1: found UTF-32 text"),
        ("id\nJosé\n".encode("latin-1"), "f.csv:2: found the byte 0xE9, as texts in Windows-1252 or Latin-1 have it"),
        (b"id\n\x80\n", "f.csv:2: found the byte 0x80; expected"),
        ("id\n".encode("utf-16-le"), "f.csv:1: found the character U+0000"),
    ],
)
def test_another_encoding_is_named(content: bytes, words: str) -> None:
    with pytest.raises(ProblemsError) as error:
        decode(content, file="f.csv", max_bytes=1_000)
    assert words in str(error.value)


def test_utf_8_is_text() -> None:
    assert decode("id\nJosé €\n".encode(), file="f.csv", max_bytes=1_000) == "id\nJosé €\n"
