"""What Buttress makes of somebody's export: the data set it looks like, its declaration, and what remains to be said."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from buttress.evidence.data.datasets import dataset_schemas
from buttress.evidence.data.tables import Column
from buttress.evidence.mapping.file_names import NamedFor, named_for
from buttress.evidence.mapping.known import known_dataset
from buttress.evidence.mapping.matching import LAST_PART, Confidence, Fit, Match, fit, read_whole
from buttress.evidence.mapping.sample import UTF_8, Sample
from buttress.formats.problems import nearest, refuse, shown

_LEAST = 0.25
_SURE, _CLEAR = 0.6, 0.1
_NEAR = 0.8
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person who asks has said: the schema, the zone of times without one, where the file will lie."""

    schema: str | None = None
    zone: str | None = None
    folder: str = "evidence"


@dataclass(frozen=True, slots=True)
class Proposal:
    """`record` is the declaration of the data set `dataset` as plain data. It reads the file once nothing is `open`;
    `guesses` are for a person to look at, `unused` are headings that no column took."""

    dataset: str
    confidence: Confidence
    others: tuple[str, ...]
    product: str | None
    matches: tuple[Match, ...]
    stated: Mapping[str, str]
    missing: tuple[Column, ...]
    unused: tuple[str, ...]
    open: tuple[str, ...]
    guesses: tuple[str, ...]
    record: Mapping[str, Any]

    @property
    def is_ready(self) -> bool:
        return not self.open


def propose(sample: Sample, wish: Wish) -> Proposal:
    """The data set that the sample is most like; raises `ProblemsError` where it is like none, or like nothing shipped."""
    fits = _fits(sample, wish)
    best, *rest = fits
    if (best.score < _LEAST and wish.schema is None) or not best.matches:
        found = f"the headings {_listed(sample.headings)}"
        advice = "Name what it is with --schema, or declare it by hand with columns of your own."
        raise refuse(sample.file, 1, found, "those of a data set that Buttress knows", advice)
    best = replace(best, matches=tuple(read_whole(match, sample) for match in best.matches))
    others = tuple(other.name for other in rest if other.score >= max(best.score * _NEAR, _LEAST))[:3]
    named = named_for(sample.file)
    present = {*best.stated, *(match.column.name for match in best.matches)}
    missing = tuple(column for column in best.schema.columns if column.name not in present)
    used = {match.heading for match in best.matches}
    return Proposal(
        dataset=best.name,
        confidence=_confidence(best, rest, others, wish),
        others=others,
        product=best.export.title if best.export else None,
        matches=best.matches,
        stated=best.stated,
        missing=missing,
        unused=tuple(heading for heading in sample.headings if heading not in used),
        open=tuple(_open(best, missing, sample, named)),
        guesses=tuple(_guesses(best, sample, wish)),
        record=_record(best, sample, named, wish),
    )


def _fits(sample: Sample, wish: Wish) -> list[Fit]:
    """The schemas asked about, the best first. Findings have importers of their own."""
    shipped = dataset_schemas()
    if wish.schema is not None and wish.schema not in shipped:
        advice = nearest(wish.schema, shipped) or f"There are {', '.join(sorted(shipped))}."
        raise refuse("--schema", None, shown(wish.schema), "a shipped data set", advice)
    names = [wish.schema] if wish.schema is not None else [name for name in shipped if known_dataset(name).also_called]
    fits = [fit(name, shipped[name], known_dataset(name), sample) for name in names]
    return sorted(fits, key=lambda each: (-each.score, each.name))


def _confidence(best: Fit, rest: Sequence[Fit], others: Sequence[str], wish: Wish) -> Confidence:
    if wish.schema is not None or (best.score >= _SURE and not others):
        return Confidence.CERTAIN
    lead = best.score - (rest[0].score if rest else 0.0)
    return Confidence.LIKELY if lead >= _CLEAR else Confidence.GUESSED


def _open(best: Fit, missing: Sequence[Column], sample: Sample, named: NamedFor) -> Iterator[str]:
    """Why the declaration would not read the file yet, each with what to do."""
    for column in missing:
        if not column.nullable or column.name in best.schema.key:
            values = f" ({', '.join(column.values)})" if column.values else ""
            yield f"{column.name}: no heading was found; name it with `from`, or state it of all rows with `value`{values}"
    for match in best.matches:
        if match.reading.unread:
            what = f"one of {', '.join(match.column.values)}" if match.column.values else f"a {match.column.type}"
            yield f"{match.column.name}: {_listed(match.reading.unread)} is not {what}; say in `map` what it means"
        holes = _holes(match, sample) if not match.column.nullable else 0
        if holes:
            yield f"{match.column.name}: {holes} of {len(sample.rows)} rows have nothing, and every row must say it"
    if named.pattern is None:
        stem, _, ending = sample.file.rpartition(".")
        yield f"the name of the file has no date; call it {stem}-2026-09-30.{ending}, or date its receipt"
    if sample.encoding not in (None, UTF_8):
        yield f"the file is in {sample.encoding} (a guess), and only UTF-8 is read; save it as CSV UTF-8"


def _holes(match: Match, sample: Sample) -> int:
    return sum(text is None for text in sample.values(match.heading))


def _guesses(best: Fit, sample: Sample, wish: Wish) -> Iterator[str]:
    for match in best.matches:
        name, reading = match.column.name, match.reading
        if match.nearness < LAST_PART:
            yield f"{name} is read from {shown(match.heading)} because the names are alike"
        yield from (f"{name}: {doubt}" for doubt in reading.doubts)
        if reading.needs_zone:
            whose = "as you say" if wish.zone else "for want of another"
            yield f"{name}: times without a zone are taken as {wish.zone or 'UTC'}, {whose}"
        if reading.date_as:
            yield f"{name}: days without a time are taken at the {reading.date_as.removesuffix('_of_day')} of the day"
    for column, value in best.stated.items():
        yield f"{column} is {value} in every row, as in such an export"
    if best.export and best.export.note:
        yield best.export.note
    yield from _repeated(best, sample)
    if not sample.is_whole:
        yield f"only the first {len(sample.rows):,} rows were looked at"


def _repeated(best: Fit, sample: Sample) -> Iterator[str]:
    """A key that is not one makes a population incomplete, which is better known before."""
    found = {match.column.name: match for match in best.matches}
    headings = [found[name].heading for name in best.schema.key if name in found]
    if headings and all(name in found or name in best.stated for name in best.schema.key):
        keys = list(zip(*(sample.values(heading) for heading in headings), strict=True))
        if len(set(keys)) < len(keys):
            again = len(keys) - len(set(keys))
            yield f"{' and '.join(best.schema.key)} should name a row, but {again} rows repeat the key of another"


def _record(best: Fit, sample: Sample, named: NamedFor, wish: Wish) -> Mapping[str, Any]:
    """The declaration, keys in the order in which a person writes them."""
    record: dict[str, Any] = {"path": f"{wish.folder}/{named.glob}", "format": sample.format}
    if sample.delimiter is not None:
        record["delimiter"] = "tab" if sample.delimiter == "\t" else sample.delimiter
    record["effective_at"] = (
        {"from": "file_name", "pattern": named.pattern} if named.pattern is not None else {"from": "receipt"}
    )
    columns = {match.column.name: _column(match, wish) for match in best.matches}
    columns |= {name: {"value": value} for name, value in best.stated.items()}
    kept = {c.name: columns[c.name] for c in best.schema.columns if columns.get(c.name)}
    if kept:
        record["columns"] = kept
    return record


def _column(match: Match, wish: Wish) -> dict[str, Any]:
    """What has to be said of a column; nothing where it is called and spelled as in the schema."""
    reading = match.reading
    said: dict[str, Any] = {}
    if match.heading != match.column.name:
        said["from"] = match.heading
    if reading.map:
        said["map"] = dict(reading.map)
    if reading.empty:
        said["empty"] = list(reading.empty)
    if reading.date_form is not None:
        said["date_form"] = reading.date_form.value
    if reading.date_as is not None:
        said["date_as"] = reading.date_as
    if reading.needs_zone:
        said["zone"] = wish.zone or "UTC"
    elif reading.date_as is not None and wish.zone:
        said["zone"] = wish.zone
    return said


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(shown(text) for text in texts[:_SHOWN]) + more
