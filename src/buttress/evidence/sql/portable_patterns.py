r"""Regular expressions that engines read alike: literals, classes, anchors, groups, alternation, `?`, `*` and `+`.

Left out because engines differ or lack them: `\d` and the other named classes (ASCII or Unicode), `\b`, back
references, look-around, inline flags, counted and lazy repetition.
"""

import re

_TOKEN = re.compile(
    r"""
    \\[^A-Za-z0-9\s]                              # an escaped sign
    | \[\^?\]?(?:[^\]\\\[]|\\[^A-Za-z0-9\s])+\]   # a class of single signs and ranges
    | [?*+]                                       # repetition
    | [()|^$.]                                    # groups, alternation, anchors, any sign
    | [^\\\[\]{}?*+()|^$.]                        # a literal
    """,
    re.VERBOSE,
)
_FAULTS = (
    (re.compile(r"\(\?"), "groups with `(?` differ by engine"),
    (re.compile(r"[?*+][?*+]"), "lazy or possessive repetition differs by engine"),
    (re.compile(r"(?:^|[(|^])[?*+]"), "a repetition that repeats nothing"),
    (re.compile(r"\[:"), "named classes differ by engine"),
)


def pattern_fault(pattern: str) -> str:
    r"""What in a pattern is outside the portable part, or the empty text.

    >>> pattern_fault("^(release|hotfix)/[a-z0-9.-]+$"), pattern_fault(r"^\d+$")
    ('', "sign 2 ('\\\\d') is not portable")
    """
    bare = re.sub(r"\\.", "x", pattern)
    for fault, words in _FAULTS:
        if fault.search(bare):
            return words
    position = depth = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            return f"sign {position + 1} ({pattern[position : position + 2]!r}) is not portable"
        depth += (token.group() == "(") - (token.group() == ")")
        if depth < 0:
            return "a group that was never opened"
        position = token.end()
    return "a group that is never closed" if depth else ""
