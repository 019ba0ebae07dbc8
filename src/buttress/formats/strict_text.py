"""Bytes to text, strictly: UTF-8, bounded, without NUL."""

from buttress.formats.problems import refuse

_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_SAVE = "Save or export the file as UTF-8."


def decode(content: str | bytes, *, file: str, max_bytes: int) -> str:
    """`content` as text, its byte order mark kept; raises `ProblemsError` naming the first fault's line."""
    if len(content) > max_bytes:
        raise refuse(file, None, f"{len(content):,} bytes", f"at most {max_bytes:,}", "Split it into several files.")
    if isinstance(content, bytes):
        marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
        if marked is not None:
            raise refuse(file, 1, f"{marked} text", "UTF-8 text", _SAVE)
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            byte = content[error.start]
            likely = ", as texts in Windows-1252 or Latin-1 have it" if 0xC0 <= byte < 0xFF else ""
            raise refuse(file, line, f"the byte 0x{byte:02X}{likely}", "UTF-8 text", _SAVE) from None
    else:
        text = content
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refuse(file, line, "the character U+0000", "text", "The file is damaged, or not UTF-8.")
    return text
