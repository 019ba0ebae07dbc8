"""Which heading of a file is which column of a schema, how sure that is, and how well the schema as a whole fits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from buttress.evidence.data.tables import Column, Schema
from buttress.evidence.mapping.headings import is_same, likeness, words
from buttress.evidence.mapping.known import KnownColumn, KnownDataset, KnownExport
from buttress.evidence.mapping.readings import Known, Reading, reading_of
from buttress.evidence.mapping.sample import Sample
from buttress.formats.printable import first_unsafe

SAME_HEADING, SAME_NAME, OTHER_EXPORT, USUAL_NAME, LAST_PART = 1.0, 0.95, 0.85, 0.8, 0.7
_LEAST_LIKENESS = 0.5
_LOOKED_AT = 200
_KEY, _NEEDED, _OTHER = 3.0, 2.0, 1.0
_WITHOUT_KEY, _WITHOUT_NEEDED = 0.3, 0.7
_PRODUCT_BONUS, _NAME_BONUS = 0.25, 0.15
_WORD = re.compile(r"[^\W_]+")
_NO_NAMES = frozenset(
    {"and", "of", "id", "scan", "service", "signature", "components", "public", "addresses", "accounts", "git"}
)


class Confidence(StrEnum):
    """How sure a part of a proposal is: known and every value read; by a usual name; by likeness alone."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESSED = "guessed"


@dataclass(frozen=True, slots=True)
class Match:
    """A column that is read from a heading; `nearness` is that of the names, 0 to 1."""

    column: Column
    heading: str
    nearness: float
    known: Known
    reading: Reading

    @property
    def weight(self) -> float:
        """How good the match is by name and values together, 0 to 1; a column without values shows less."""
        seen = 1.0 if self.reading.filled else 0.9
        return self.nearness * (0.4 + 0.6 * self.reading.share) * seen

    @property
    def confidence(self) -> Confidence:
        if self.reading.unread or self.nearness < LAST_PART:
            return Confidence.GUESSED
        is_plain = self.nearness >= SAME_NAME and self.reading.filled and not self.reading.doubts
        return Confidence.CERTAIN if is_plain else Confidence.LIKELY


@dataclass(frozen=True, slots=True)
class Fit:
    """A schema laid over a file: its columns that were found, what the export states without saying, and how well it
    fits as a whole: 0 is not at all, 1 is the whole of both, and more with a product that is known and a name that fits."""

    name: str
    schema: Schema
    export: KnownExport | None
    matches: tuple[Match, ...]
    stated: Mapping[str, str]
    score: float


def fit(name: str, schema: Schema, known: KnownDataset, sample: Sample) -> Fit:
    """The best reading of the sample as the schema `name`."""
    export = _export_of(known, sample)
    matches = {match.column.name: match for match in _of_export(schema, export, known, sample)}
    candidates = [
        match for column in schema.columns if column.name not in matches for match in _candidates(column, known, sample)
    ]
    taken = {match.heading for match in matches.values()}
    for match in sorted(candidates, key=lambda m: (-m.weight, not _is_needed(m.column, schema))):
        if match.column.name not in matches and match.heading not in taken:
            matches[match.column.name] = match
            taken.add(match.heading)
    stated = {column: value for column, value in (export.stated if export else {}).items() if column not in matches}
    ordered = tuple(matches[column.name] for column in schema.columns if column.name in matches)
    return Fit(name, schema, export, ordered, stated, _score(name, schema, (ordered, stated, export), sample))


def _export_of(known: KnownDataset, sample: Sample) -> KnownExport | None:
    """The product most of whose headings are there: one that the file is named after, or at least half of them with one
    that only it has, because a file of `User ID`, `Email` and `Status` may come from anywhere."""
    found = [(sum(_heading_in(c, sample) is not None for c in e.columns.values()), e) for e in known.exports.values()]
    likely = [
        (hits, hits / len(export.columns), export)
        for hits, export in found
        if hits >= 2 and (_is_named(export, sample.file) or _is_told_apart(hits, export, known, sample))
    ]
    return max(likely, key=lambda each: each[:2])[2] if likely else None


def _is_told_apart(hits: int, export: KnownExport, known: KnownDataset, sample: Sample) -> bool:
    usual = {words(name) for column, names in known.also_called.items() for name in (column, *names)}
    headings = (_heading_in(spelled, sample) for spelled in export.columns.values())
    own = [heading for heading in headings if heading is not None and words(heading) not in usual]
    return hits >= len(export.columns) / 2 and bool(own)


def _is_named(export: KnownExport, file: str) -> bool:
    """Whether the file bears a name of the product."""
    product = _WORD.findall(export.title.partition(",")[0].casefold())
    return bool(({*product} - _NO_NAMES) & {*_WORD.findall(file.casefold())})


def _heading_in(known: KnownColumn, sample: Sample) -> str | None:
    folded = {heading.casefold(): heading for heading in reversed(sample.headings)}
    return next((folded[h.casefold()] for h in known.headings if h.casefold() in folded), None)


def _of_export(schema: Schema, export: KnownExport | None, known: KnownDataset, sample: Sample) -> Iterator[Match]:
    """Its own columns; one heading may give several."""
    for name, known_column in (export.columns if export else {}).items():
        heading, column = _heading_in(known_column, sample), schema.column(name)
        if heading is not None and column is not None:
            yield _match(column, heading, SAME_HEADING, Known(known_column.map, known.spellings.get(name)), sample)


def _candidates(column: Column, known: KnownDataset, sample: Sample) -> Iterator[Match]:
    spelled = Known(None, known.spellings.get(column.name))
    for heading in sample.headings:
        near = _nearness(column.name, heading, known)
        if near:
            match = _match(column, heading, near, spelled, sample)
            if near >= SAME_NAME or match.reading.share >= 0.5:
                yield match


def _nearness(column: str, heading: str, known: KnownDataset) -> float:
    """0 for a heading that no register file may hold."""
    if first_unsafe(heading) is not None:
        return 0.0
    if is_same(column, heading):
        return SAME_NAME
    usual = known.also_called.get(column, ())
    if any(is_same(each, heading) for each in usual):
        return USUAL_NAME
    if any(is_same(each, heading) for each in known.headings_of(column)):
        return OTHER_EXPORT
    last = heading.rpartition(".")[2]
    if last != heading and any(is_same(each, last) for each in (column, *usual)):
        return LAST_PART
    alike = likeness(heading, (column, *usual))
    return 0.3 + 0.4 * alike if alike >= _LEAST_LIKENESS else 0.0


def _match(column: Column, heading: str, nearness: float, known: Known, sample: Sample) -> Match:
    texts = [text for text in dict.fromkeys(sample.values(heading)) if text is not None]
    return Match(column, heading, nearness, known, reading_of(column, texts[:_LOOKED_AT], known))


def read_whole(match: Match, sample: Sample) -> Match:
    """The match after a look at every value of the sample, and not only at the first of them."""
    texts = [text for text in dict.fromkeys(sample.values(match.heading)) if text is not None]
    reading = reading_of(match.column, texts, match.known)
    return Match(match.column, match.heading, match.nearness, match.known, reading)


def _is_needed(column: Column, schema: Schema) -> bool:
    return column.name in schema.key or not column.nullable


def _score(
    name: str,
    schema: Schema,
    found: tuple[Sequence[Match], Mapping[str, str], KnownExport | None],
    sample: Sample,
) -> float:
    """The harmonic mean of how much of the schema and how much of the file is explained, less what is missing for good,
    and a little for a known product and a fitting name."""
    matches, stated, export = found
    weights = {c.name: _KEY if c.name in schema.key else _NEEDED if not c.nullable else _OTHER for c in schema.columns}
    explained = sum(weights[match.column.name] * match.weight for match in matches) / sum(weights.values())
    # A wide export is not held against it: most of its columns concern nobody here.
    used = sum(match.weight for match in matches) / max(1, min(len(sample.headings), 2 * len(schema.columns)))
    score = 2 * explained * used / (explained + used) if explained + used else 0.0
    there = {*stated, *(match.column.name for match in matches)}
    for column in schema.columns:
        if column.name not in there and _is_needed(column, schema):
            score *= _WITHOUT_KEY if column.name in schema.key else _WITHOUT_NEEDED
    score += _PRODUCT_BONUS if export is not None else 0.0
    return score + _name_bonus(name, sample.file) if matches else 0.0


def _name_bonus(name: str, file: str) -> float:
    """For a file that is named after the data set."""
    in_file = {word.removesuffix("s") for word in words(file)}
    of_schema = [word.removesuffix("s") for word in words(name)]
    share = sum(word in in_file for word in of_schema) / len(of_schema)
    return _NAME_BONUS * share
