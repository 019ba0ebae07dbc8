"""LDIF content (RFC 2849), as `ldapsearch -LLL` and `slapcat` write it: an entry a row, `dn` and attributes as columns.

Names of attributes are compared without case. Several values of an attribute are one text, sorted and joined by `|`
(with `\\` and `|` in them escaped by a backslash), because a directory keeps them in no order; `<attribute>.count` is
their number, 0 where there is none. Values in base64 are read where they are text. Secrets such as `userPassword` are
dropped while the file is read, and no column can be read from them.

An entry that the end of the file cuts off is no row, and a doubt: `cut_off(1)`.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import MAX_FILE_BYTES, Evidence
from buttress.evidence.data.raw_rows import RawRows
from buttress.evidence.data.tables import key_text
from buttress.formats.problems import Problem, ProblemsError, shown
from buttress.formats.strict_text import decode

_ATTRIBUTE = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]*(?:;[A-Za-z0-9-]+)*):([:<]?)[ ]*(.*)\Z", re.DOTALL)
_SECRETS = re.compile(
    r"userpassword|unicodepwd|dbcspwd|(nt|lm|user)pwdhistory|pwdhistory|sambapasswordhistory|supplementalcredentials"
    r"|samba(nt|lm)password|ipanthash|krb(5key|principalkey|extradata)|authpassword|userpkcs12|currentvalue"
    r"|trustauth(incoming|outgoing)|ms-mcs-admpwd|mslaps-.*password.*|.*password|.*passwd|.*privatekey|.*secret"
)
_NEEDED = {
    "person": ("cn", "sn"),
    "organizationalperson": ("cn", "sn"),
    "inetorgperson": ("cn", "sn"),
    "account": ("uid",),
    "posixaccount": ("cn", "uid", "uidnumber", "gidnumber", "homedirectory"),
    "posixgroup": ("cn", "gidnumber"),
    "groupofnames": ("cn", "member"),
    "groupofuniquenames": ("cn", "uniquemember"),
    "organizationalunit": ("ou",),
    "organization": ("o",),
}
"""Attributes without which no directory holds an entry of a class (RFC 2307, 2798, 4519, 4524)."""
_MOST_PROBLEMS = 200


class _BadLineError(Exception):
    def __init__(self, line: int, found: str, expected: str) -> None:
        super().__init__(found)
        self.line, self.found, self.expected = line, found, expected


@dataclass(slots=True)
class _Entry:
    """An entry's values by attribute in lower case, with the line on which it starts."""

    line: int
    values: dict[str, list[str]] = field(default_factory=dict)


def read(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str]) -> RawRows:
    """Every whole entry; raises `ProblemsError` where a line cannot be read."""
    sources = tuple(dict.fromkeys(wanted))
    problems = [
        Problem(source.name, None, name, "an attribute that holds secrets", "any other attribute")
        for name in sources
        if is_secret(name.removesuffix(".count"))
    ]
    text = decode(source.content(), file=source.name, max_bytes=MAX_FILE_BYTES).removeprefix("\ufeff")
    entries, faults = _entries(text)
    problems += [Problem(source.name, fault.line, "", fault.found, fault.expected) for fault in faults]
    if problems:
        raise ProblemsError(problems)
    is_cut = bool(entries) and _is_cut_off(entries, text)
    whole = entries[:-1] if is_cut else entries
    rows = [[_cell(entry, name) for name in sources] for entry in whole]
    present = _present(whole, sources)
    doubts = ("cut_off(1)",) if is_cut else ()
    return RawRows(sources, present, rows, lambda index: whole[index].line, doubts)


def _entries(text: str) -> tuple[list[_Entry], list[_BadLineError]]:
    """The entries and what is wrong with lines, except in an entry that the end of the file cuts off."""
    entries: list[_Entry] = []
    faults: list[_BadLineError] = []
    paragraphs = list(_paragraphs(text))
    for position, lines in enumerate(paragraphs, 1):
        try:
            entry = _entry_of(lines)
        except _BadLineError as fault:
            if position == len(paragraphs) and not _ends_a_line(text):
                entry = _Entry(lines[0][0])
            else:
                entry = None
                faults.append(fault)
        if entry is not None:
            entries.append(entry)
        if len(faults) >= _MOST_PROBLEMS:
            break
    return entries, faults


def is_secret(attribute: str) -> bool:
    """Whether an attribute (with or without options) is never read nor kept."""
    return _SECRETS.fullmatch(attribute.partition(";")[0].casefold()) is not None


def without_secrets(content: bytes) -> bytes:
    """The file without the lines of secret attributes, for what is stored of an upload; all others stay as they are."""
    kept: list[bytes] = []
    drops = False
    for line in content.splitlines(keepends=True):
        if not line.startswith(b" "):
            drops = is_secret(line.partition(b":")[0].decode("utf-8", "replace"))
        if not drops:
            kept.append(line)
    return b"".join(kept)


def _paragraphs(text: str) -> Iterator[list[tuple[int, str]]]:
    """The unfolded lines of each entry with their numbers; comments are left out, and are folded like all lines."""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if line.startswith(" ") and lines:
            first, begun = lines[-1]
            lines[-1] = (first, begun + line[1:])
        elif line:
            lines.append((number, line))
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def _entry_of(lines: Sequence[tuple[int, str]]) -> _Entry | None:
    """The entry of a paragraph, None where it holds comments or the version only; raises `_BadLineError`."""
    said = [(number, line) for number, line in lines if not line.startswith("#")]
    if said and said[0][1].lower().startswith("version:"):
        if said[0][1].partition(":")[2].strip() != "1":
            raise _BadLineError(said[0][0], shown(said[0][1]), "version: 1")
        said = said[1:]
    if not said:
        return None
    entry = _Entry(said[0][0])
    for number, line in said:
        name, value = _value_of(number, line)
        if not entry.values and name != "dn":
            raise _BadLineError(number, shown(f"{name}:"), "an entry that starts with dn:")
        if name in ("changetype", "control") or (name == "dn" and entry.values):
            raise _BadLineError(number, f"{name}: within an entry", "entries, and no changes of entries")
        if not is_secret(name):
            entry.values.setdefault(name, []).append(value)
    return entry


def _value_of(number: int, line: str) -> tuple[str, str]:
    found = _ATTRIBUTE.match(line)
    if found is None:
        raise _BadLineError(number, "a line that is no attribute", "attribute: value")
    name, kind, value = found[1].casefold(), found[2], found[3]
    if is_secret(name):
        return name, ""
    if kind == "<":
        raise _BadLineError(number, f"{name}:< with an address", "the value itself")
    if kind == ":":
        value = _decoded(number, name, value)
    return name, value


def _decoded(number: int, name: str, value: str) -> str:
    """A value in base64; one that is no text stands as its size, because a picture is no cell."""
    try:
        content = b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise _BadLineError(number, f"{name}:: with {shown(value)}", "base64") from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return f"{len(content)} bytes"
    return f"{len(content)} bytes" if "\0" in text else text


def _is_cut_off(entries: Sequence[_Entry], text: str) -> bool:
    """Whether the last entry is not whole: it ends within a line, or lacks what its class needs and others have.

    An export of chosen attributes lacks the others in every entry, which is no cut.
    """
    if not _ends_a_line(text):
        return True
    *others, last = entries
    have = {name for entry in others for name in entry.values}
    classes = [name.casefold() for name in last.values.get("objectclass", [])]
    needed = {name for one in classes for name in _NEEDED.get(one, ())}
    return bool((needed & have) - last.values.keys()) or (not classes and "objectclass" in have)


def _ends_a_line(text: str) -> bool:
    return text.endswith(("\n", "\r"))


def _present(entries: Sequence[_Entry], sources: Sequence[str]) -> frozenset[str]:
    have = {name for entry in entries for name in entry.values}
    return frozenset(s for s in sources if not entries or s.casefold().removesuffix(".count") in have)


def _cell(entry: _Entry, source: str) -> str | None:
    name = source.casefold()
    if name.endswith(".count"):
        return str(len(entry.values.get(name.removesuffix(".count"), [])))
    values = entry.values.get(name)
    if values is None:
        return None
    return values[0] if len(values) == 1 else key_text(sorted(values))
