"""How the texts of a column can be read as values of a type: by a map, by words for nothing, by a form of dates."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from buttress.evidence.data.cells import END_OF_DAY, START_OF_DAY, CellError, CellRule, cell_reader
from buttress.evidence.data.date_forms import DateForm, iso_text
from buttress.evidence.data.tables import Column, ColumnType
from buttress.evidence.mapping.headings import words
from buttress.evidence.mapping.known import known_exports
from buttress.formats.printable import first_unsafe
from buttress.formats.problems import shown

ANY = "*"
_UTC = ZoneInfo("UTC")
_PLAIN_EMPTY = frozenset({"n/a", "-", "--", "—", "null", "none", "(blank)"})
_ENDS = ("ended_at", "ends_at", "expires_at", "due_at", "_until", "period_end", "notify_by", "next_review")
_NUMBER = re.compile(r"\D*(\d{1,9})\D*\Z")
_HAS_ZONE = re.compile(r"(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)\Z")
_DAY_LENGTH = len("2026-06-30")
_HALF = re.compile(r"[ap]\.?m", re.IGNORECASE)
_MOST_NUMBERS = 20
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a column's spellings: an export's own map, and words for its values (see `known`)."""

    map: Mapping[str, str] | None = None
    spellings: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How a column's texts are read, in the terms of a data set's declaration.

    `filled` counts the different texts that were looked at, `unread` are those that cannot be read, `doubts` what was
    guessed about the others.
    """

    filled: int
    map: Mapping[str, str] | None = None
    empty: tuple[str, ...] = ()
    date_form: DateForm | None = None
    date_as: str | None = None
    needs_zone: bool = False
    unread: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Share of the different texts that are read, 1 where there is none."""
        return 1.0 - len(self.unread) / self.filled if self.filled else 1.0


def reading_of(column: Column, texts: Sequence[str], known: Known) -> Reading:
    """How the different `texts` of a column are best read."""
    is_open_text = column.type is ColumnType.TEXT and not column.values
    # A declaration cannot hold what no register file may: such a text stays what it is, unread.
    odd = frozenset() if is_open_text else frozenset(text for text in texts if first_unsafe(text) is not None)
    taken = {*(known.map or {}), *column.values, *odd}
    nothing = _PLAIN_EMPTY if is_open_text else known_exports().words.empty
    empty = tuple(t for t in texts if column.nullable and t not in taken and t.strip().casefold() in nothing)
    rest = [text for text in texts if text not in empty and text not in odd]
    reader = _READERS.get(column.type, _as_it_is)
    found = reader(replace(column, nullable=True), rest, known)
    found = replace(found, unread=(*found.unread, *odd))
    if not odd and column.nullable and found.unread and found.map is not None and found.share >= 0.5:
        found = _unknown_is_nothing(found)
    return replace(found, empty=(*empty, *found.empty), filled=len(texts))


def _unknown_is_nothing(found: Reading) -> Reading:
    """Words without a meaning here become nothing, which is said."""
    doubt = f"{_listed(found.unread)} says nothing here and is read as unknown"
    return replace(found, empty=(*found.empty, *found.unread), unread=(), doubts=(*found.doubts, doubt))


def _as_it_is(column: Column, texts: Sequence[str], known: Known) -> Reading:
    if column.values or known.map:
        return _by_words(column, texts, known)
    return Reading(len(texts), unread=_unread(column, texts, CellRule(column.name)))


def _by_words(column: Column, texts: Sequence[str], known: Known) -> Reading:
    """By an export's map, by the value itself, or by words that mean it."""
    translate = _translator(column, known)
    found = {text: value for text in texts if (value := translate(text)) is not None}
    unread = tuple(text for text in texts if text not in found)
    if known.map is None and not unread and all(text == value for text, value in found.items()):
        return Reading(len(texts))
    table = {**found, **(known.map or {})}
    if ANY in table:
        table = {text: value for text, value in table.items() if text == ANY or value != table[ANY]}
        unread = ()
    nothing = tuple(text for text, value in table.items() if not value)
    return Reading(len(texts), {text: value for text, value in table.items() if value}, nothing, unread=unread)


def _translator(column: Column, known: Known) -> Callable[[str], str | None]:
    given = known.map or {}
    folded = {key.casefold(): value for key, value in given.items() if key != ANY}
    by_words = {words(value): value for value in column.values}
    for value, spelled in (known.spellings or {}).items():
        by_words |= {words(each): value for each in spelled if words(each) not in by_words}

    def translate(text: str) -> str | None:
        if text in column.values:
            return text
        if text in given or text.casefold() in folded:
            return given.get(text, folded.get(text.casefold()))
        return by_words.get(words(text))

    return translate


def _boolean(column: Column, texts: Sequence[str], known: Known) -> Reading:
    spelled = known_exports().words
    plain = Reading(len(texts), unread=_unread(column, texts, CellRule(column.name)))
    if not plain.unread and known.map is None:
        return plain
    usual = {"true": list(spelled.true), "false": list(spelled.false)}
    for value, more in (known.spellings or {}).items():
        usual[value] = [*more, *usual.get(value, ())]
    found = _by_words(replace(column, values=("true", "false")), texts, Known(known.map, usual))
    numbers = [text for text in texts if text.isdigit()]
    if found.unread and len(numbers) == len(texts):
        return Reading(len(texts), map={"0": "false", ANY: "true"}, doubts=("numbers are read as none or some",))
    return found


def _whole(column: Column, texts: Sequence[str], known: Known) -> Reading:
    if known.map:
        return _by_words(column, texts, known)
    unread = _unread(column, texts, CellRule(column.name))
    numbers = {text: found[1].lstrip("0") or "0" for text in texts if (found := _NUMBER.match(text))}
    if unread and len(texts) <= _MOST_NUMBERS and len(numbers) == len(texts):
        doubt = f"the numbers are taken out of {_listed(unread)}"
        return Reading(len(texts), map=numbers, doubts=(doubt,))
    return Reading(len(texts), unread=unread)


def _dated(column: Column, texts: Sequence[str], known: Known) -> Reading:
    """In the form in which most of them can be read; where day and month may be either, that is said."""
    read = {form: _unread_as(column, texts, form) for form in (None, *DateForm) if _may_be(form, texts)}
    least = min(map(len, read.values()))
    forms = [form for form, unread in read.items() if len(unread) == least]
    form = forms[0]
    doubts: tuple[str, ...] = ()
    if {DateForm.DAY_MONTH_YEAR, DateForm.MONTH_DAY_YEAR} <= {*forms} and None not in forms and texts:
        form, doubts = _day_or_month_first(texts)
    unread = read[form]
    plain = [_plain(text, form) for text in texts if text not in unread]
    has_days = column.type is ColumnType.TIMESTAMP and any(len(text) == _DAY_LENGTH for text in plain)
    needs_zone = column.type is ColumnType.TIMESTAMP and any(
        len(text) > _DAY_LENGTH and not _HAS_ZONE.search(text) for text in plain
    )
    return Reading(
        len(texts),
        date_form=form,
        date_as=_edge(column.name) if has_days else None,
        needs_zone=needs_zone,
        unread=unread,
        doubts=doubts,
    )


def _day_or_month_first(texts: Sequence[str]) -> tuple[DateForm, tuple[str, ...]]:
    if any(_HALF.search(text) for text in texts):
        form, said = DateForm.MONTH_DAY_YEAR, "the month"
    else:
        form, said = DateForm.DAY_MONTH_YEAR, "the day"
    if any("." in text.split(" ")[0] for text in texts):
        return DateForm.DAY_MONTH_YEAR, ()
    return form, (f"no date tells day from month; {said} is taken as the first number",)


def _edge(name: str) -> str:
    return END_OF_DAY if name.endswith(_ENDS) else START_OF_DAY


def _may_be(form: DateForm | None, texts: Sequence[str]) -> bool:
    """Numbers are counted from 1970 only where they are as long as such counts are today."""
    length = {DateForm.EPOCH_SECONDS: 10, DateForm.EPOCH_MILLISECONDS: 13}.get(form) if form else None
    return length is None or all(len(text.partition(".")[0]) == length for text in texts)


def _unread_as(column: Column, texts: Sequence[str], form: DateForm | None) -> tuple[str, ...]:
    edge = START_OF_DAY if column.type is ColumnType.TIMESTAMP else None
    return _unread(column, texts, CellRule(column.name, zone=_UTC, date_as=edge, date_form=form))


def _plain(text: str, form: DateForm | None) -> str:
    return text if form is None else iso_text(text, form)


def _unread(column: Column, texts: Sequence[str], rule: CellRule) -> tuple[str, ...]:
    read = cell_reader(column, rule, _UTC)

    def is_read(text: str) -> bool:
        try:
            read(text)
        except CellError:
            return False
        return True

    return tuple(text for text in texts if not is_read(text))


def _listed(texts: Sequence[str]) -> str:
    """A few of them, quoted, and how many more there are."""
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(shown(text) for text in texts[:_SHOWN]) + more


_READERS: Mapping[ColumnType, Callable[[Column, Sequence[str], Known], Reading]] = {
    ColumnType.BOOLEAN: _boolean,
    ColumnType.INTEGER: _whole,
    ColumnType.DATE: _dated,
    ColumnType.TIMESTAMP: _dated,
}
