"""Text from outside made safe to show: what could command a terminal or reorder a line stands as its code.

Covered are the control characters of ISO 6429 (C0, DEL, C1), the line and paragraph separators, the explicit
bidirectional formatting of Unicode UAX 9 (its implicit marks, which right-to-left scripts need, stay), invisible format
characters, tags, and lone surrogates.
"""

import re

_UNSAFE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff"
)
UNSAFE = re.compile(f"[{_UNSAFE}]")
"""One character that is never shown as it is; tab and line feed are not among them."""
_UNSAFE_IN_LINE = re.compile(f"[{_UNSAFE}\t\n]")


def in_one_line(text: str) -> str:
    r"""The text with each unsafe character, tab and line feed as an escape that JSON would use.

    >>> print(in_one_line("a\x1b[31m\nb\u202e"))
    a\u001b[31m\u000ab\u202e
    """
    return _UNSAFE_IN_LINE.sub(lambda found: escaped(found[0]), text)


def escaped(text: str) -> str:
    """Each character as `\\uXXXX`, above U+FFFF as a surrogate pair."""
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def first_unsafe(text: str) -> str | None:
    """The first character that is unsafe within a line, None where there is none."""
    found = _UNSAFE_IN_LINE.search(text)
    return found[0] if found else None
