"""Bytes to text, strictly: UTF-8, bounded, without NUL."""

from buttress.formats.problems import refuse


def decode(content: str | bytes, *, file: str, max_bytes: int) -> str:
    """`content` as text, its byte order mark kept; raises `ProblemsError` naming the first fault's line."""
    if len(content) > max_bytes:
        raise refuse(file, None, f"{len(content):,} bytes", f"at most {max_bytes:,}", "Split it into several files.")
    if isinstance(content, bytes):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            found = f"the byte 0x{content[error.start]:02X}"
            raise refuse(file, line, found, "UTF-8 text", "Save or export the file as UTF-8.") from None
    else:
        text = content
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refuse(file, line, "the character U+0000", "text", "The file is damaged, or not UTF-8.")
    return text
