"""Data sets as a register declares them: where the files lie, how their columns are read and when they speak of.

A date without a time is the end of that day in the organisation's time zone. The columns are those that the declaration
names, or a shipped schema's; of a shipped schema a nullable column may be absent from the file, and a test that decides
by it is then not evaluated.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from buttress.evidence.data.canonical import digest_of
from buttress.evidence.data.cells import CellRule
from buttress.evidence.data.date_forms import DateForm
from buttress.evidence.data.tables import Column, ColumnType, Schema
from buttress.evidence.durations import Duration
from buttress.evidence.importers.registry import findings_formats, row_formats
from buttress.formats.models import Complaint, Flag, Ref, StrictModel, Text, Whole, complain, unfit, validated
from buttress.formats.problems import ProblemsError, nearest
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.formats.strict_yaml import YamlNode, read_yaml

COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_SAFE_PATTERN = re.compile(
    r"(?P<before>(?:[A-Za-z0-9 _/-]|\\?\.)*)"
    r"\(\?P<date>(?P<date>(?:(?:\[[0-9TZ:_.-]{1,16}\]|\\d|[0-9T:_-])(?:\+|\{[1-9][0-9]?\})?){1,16})\)"
    r"(?P<after>(?:[A-Za-z0-9 _/-]|\\?\.)*)\Z"
)
_LARGEST_SCALE = 18


class DatasetKind(StrEnum):
    FILE = "file"
    FINDINGS = "findings"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise unfit(value, "a time zone such as Europe/Amsterdam") from None
    return value


Zone = Annotated[Text, AfterValidator(_zone)]


class ColumnDeclaration(StrictModel):
    """A column: `from` is its name (or dotted path) in the file, `map` translates texts before they are typed; `value` is
    what the organisation states of every row, for a column that the file does not have; `empty` are the words that
    stand for nothing, such as N/A. `past` says that the column tells what has happened: none of its values may be later
    than the file."""

    type: ColumnType | None = None
    source: Text | None = Field(None, alias="from")
    nullable: Flag | None = None
    scale: Whole | None = None
    values: tuple[Text, ...] = ()
    map: dict[str, str | None] | None = None
    zone: Zone | None = None
    date_as: Literal["start_of_day", "end_of_day"] | None = None
    date_form: DateForm | None = None
    empty: tuple[Text, ...] = ()
    value: Text | None = None
    past: Flag | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = []
        if self.type is ColumnType.DECIMAL and self.scale is None:
            faults.append(Complaint(("scale",), "nothing", "the number of decimals", "Add e.g. `scale: 2`."))
        if self.scale is not None and not 0 <= self.scale <= _LARGEST_SCALE:
            faults.append(Complaint(("scale",), str(self.scale), f"0 to {_LARGEST_SCALE}"))
        if self.values and self.type not in (ColumnType.TEXT, None):
            faults.append(Complaint(("values",), f"values of a {self.type} column", "values of a text column only"))
        if (self.zone or self.date_as) and self.type not in (ColumnType.TIMESTAMP, None):
            faults.append(Complaint(("zone",), f"a {self.type} column", "zone and date_as on timestamps only"))
        if self.date_form and self.type not in (ColumnType.TIMESTAMP, ColumnType.DATE, None):
            faults.append(Complaint(("date_form",), f"a {self.type} column", "date_form on dates and timestamps only"))
        if self.past and self.type not in (ColumnType.TIMESTAMP, ColumnType.DATE, None):
            faults.append(Complaint(("past",), f"a {self.type} column", "past on dates and timestamps only"))
        if self.value is not None and (self.source or self.map is not None or self.empty):
            faults.append(Complaint(("value",), repr(self.value), "a value alone, or `from`, `map` and `empty`"))
        complain(faults)
        return self


class EffectiveAt(StrictModel):
    """Where the instant stands of which a file speaks: its name, a column (the oldest value) or its receipt."""

    source: Literal["file_name", "column", "receipt"] = Field(alias="from")
    pattern: Text | None = None
    column: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = []
        if (self.source == "file_name") != (self.pattern is not None):
            faults.append(Complaint(("pattern",), self.pattern or "nothing", "a pattern with file_name, else none"))
        if (self.source == "column") != (self.column is not None):
            faults.append(Complaint(("column",), self.column or "nothing", "a column with from: column, else none"))
        if self.pattern is not None and not _is_safe(self.pattern):
            advice = "Write literal text around one group such as (?P<date>[0-9-]+) or (?P<date>\\d{4}-\\d{2}-\\d{2})."
            faults.append(Complaint(("pattern",), repr(self.pattern), "a pattern with one group named date", advice))
        complain(faults)
        return self


def _is_safe(pattern: str) -> bool:
    """Patterns run on file names: only literals around one group of digits, so that none can run for ever."""
    found = _SAFE_PATTERN.match(pattern)
    if found is None or found["date"].count("+") > 1:
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


class DatasetDeclaration(StrictModel):
    """A data set of the register; `id` is its reference, by which SQL knows it.

    `format` is a name of `importers.registry`. `changes_within` is the longest time in which the content of the source
    may stay as it is: a feed that repeats itself for longer is held to be broken, however new its files are.
    """

    id: Text = ""
    title: Text = ""
    kind: DatasetKind = DatasetKind.FILE
    path: Text
    format: Text
    delimiter: Text | None = None
    sheet: Text | None = None
    schema_id: Ref | None = Field(None, alias="schema")
    key: tuple[Text, ...] = ()
    columns: dict[str, ColumnDeclaration] = Field(default_factory=dict)
    effective_at: EffectiveAt
    changes_within: Duration | None = None
    universe: tuple[Text, ...] = ()
    not_applicable: dict[str, tuple[Text, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain([*self._path_faults(), *self._kind_faults(), *self._column_faults()])
        return self

    def _path_faults(self) -> list[Complaint]:
        parts = self.path.split("/")
        if parts[0] != "evidence" or len(parts) < 2 or ".." in parts or "" in parts or "\\" in self.path:
            return [Complaint(("path",), repr(self.path), "a path below evidence/ with forward slashes")]
        return []

    def _kind_faults(self) -> list[Complaint]:
        faults = []
        known = findings_formats() if self.kind is DatasetKind.FINDINGS else row_formats()
        if self.format not in known:
            faults.append(self._format_fault(known))
        if self.kind is DatasetKind.FILE and (self.universe or self.not_applicable):
            faults.append(Complaint(("universe",), "kind file", "universe and not_applicable on findings only"))
        if self.kind is DatasetKind.FINDINGS and self.columns:
            faults.append(Complaint(("columns",), "columns", "no columns: those of a finding are fixed"))
        if self.delimiter is not None and (self.format != "csv" or len(self.separator) != 1):
            faults.append(Complaint(("delimiter",), repr(self.delimiter), "one character or tab, with format csv only"))
        if self.sheet is not None and self.format != "xlsx":
            faults.append(Complaint(("sheet",), repr(self.sheet), "the name of a sheet, with format xlsx only"))
        return faults

    def _format_fault(self, known: tuple[str, ...]) -> Complaint:
        is_report = self.kind is DatasetKind.FINDINGS
        other, kind = (row_formats(), DatasetKind.FILE) if is_report else (findings_formats(), DatasetKind.FINDINGS)
        advice = f"Is it of `kind: {kind}`?" if self.format in other else nearest(self.format, known)
        return Complaint(
            ("format",), repr(self.format), f"a format of kind {self.kind}", f"There are {', '.join(known)}. {advice}"
        )

    def _column_faults(self) -> list[Complaint]:
        faults = [
            Complaint(("columns", name), repr(name), "a name of lower-case letters, digits and underscores")
            for name in self.columns
            if not COLUMN_NAME.match(name)
        ]
        faults += [
            Complaint(("key",), repr(name), "each column once") for name in set(self.key) if self.key.count(name) > 1
        ]
        return faults

    @property
    def separator(self) -> str:
        """The sign between the fields of a CSV file; a tab is declared by its name, because nobody sees one."""
        return "\t" if self.delimiter == "tab" else self.delimiter or ","

    @property
    def meaning(self) -> str:
        """SHA-256 over everything that decides how a file is read; a change of it calls for a new result."""
        return digest_of(self.model_dump(mode="json", exclude={"title"}))


@dataclass(frozen=True, slots=True)
class DatasetSchema:
    """A data set's columns with how each is read; `optional` ones may be absent from a file."""

    schema: Schema
    rules: Mapping[str, CellRule]
    optional: frozenset[str] = field(default=frozenset())


class _ShippedColumn(StrictModel):
    type: ColumnType
    nullable: Flag = True
    scale: Whole | None = None
    values: tuple[Text, ...] = ()


class _ShippedSchema(StrictModel):
    title: Text
    key: tuple[Text, ...]
    columns: dict[str, _ShippedColumn]


@cache
def dataset_schemas() -> Mapping[str, Schema]:
    """The schemas that Buttress ships, by the id that shipped control tests know them by."""
    resource = files("buttress") / "content" / "dataset_schemas.yaml"
    node = read_yaml(resource.read_text(encoding="utf-8"), file="content/dataset_schemas.yaml")
    shipped = {reference: validated(_ShippedSchema, node, (reference,)) for reference in node.value}
    return {reference: _schema_of(schema) for reference, schema in shipped.items()}


def _schema_of(shipped: _ShippedSchema) -> Schema:
    columns = tuple(Column(name, c.type, c.nullable, c.scale, c.values) for name, c in shipped.columns.items())
    return Schema(columns, shipped.key)


def declare_dataset(reference: str, node: YamlNode, at: FieldPath) -> DatasetDeclaration:
    """The data set under `at`, with its reference as id and its columns resolved once; raises `ProblemsError`."""
    declared = validated(DatasetDeclaration, node, at)
    return named_dataset(reference, declared, node, at)


def named_dataset(reference: str, declared: DatasetDeclaration, node: YamlNode, at: FieldPath) -> DatasetDeclaration:
    """A declaration with its reference as id; raises `ProblemsError` where its columns do not add up."""
    problems = []
    if declared.id not in ("", reference):
        problems.append(node.problem((*at, "id"), repr(declared.id), f"{reference}, or nothing"))
    if not COLUMN_NAME.match(reference):
        advice = "SQL knows the data set by this name."
        problems.append(
            node.problem(at, repr(reference), "a name of lower-case letters, digits and underscores", advice)
        )
    dataset = declared.model_copy(update={"id": reference})
    problems += [node.problem((*at, *c.path), c.found, c.expected, c.advice) for c in schema_faults(dataset)]
    if problems:
        raise ProblemsError(problems)
    return dataset


def schema_faults(dataset: DatasetDeclaration) -> list[Complaint]:
    """What is wrong between the declared columns, the key and the shipped schema."""
    shipped = _shipped(dataset)
    if dataset.schema_id is not None and shipped is None:
        known = ", ".join(sorted(dataset_schemas()))
        return [Complaint(("schema",), repr(dataset.schema_id), "a shipped schema", f"There are {known}.")]
    if shipped is None and not dataset.columns:
        advice = "Name a shipped `schema`, or declare `columns` and `key`."
        return [Complaint(("columns",), "neither schema nor columns", "the columns of the data set", advice)]
    return [*_type_faults(dataset, shipped), *_name_faults(dataset, shipped)]


def _type_faults(dataset: DatasetDeclaration, shipped: Schema | None) -> list[Complaint]:
    faults = []
    for name, column in dataset.columns.items():
        known_column = shipped.column(name) if shipped else None
        if known_column is None and column.type is None:
            faults.append(Complaint(("columns", name, "type"), "nothing", "the type of a column of your own"))
        if known_column is not None and column.type not in (None, known_column.type):
            faults.append(Complaint(("columns", name, "type"), str(column.type), f"{known_column.type} as shipped"))
    return faults


def _name_faults(dataset: DatasetDeclaration, shipped: Schema | None) -> list[Complaint]:
    """Of the names that key and date refer to, and of columns that nothing is read from."""
    faults = []
    names = {*dataset.columns, *(shipped.names if shipped else ())}
    stated = {name for name, column in dataset.columns.items() if column.value is not None}
    if not names - stated:
        faults.append(Complaint(("columns",), "stated values only", "a column at least that the file has"))
    faults += [Complaint(("key",), repr(k), "a declared column") for k in dataset.key if k not in names]
    if not dataset.key and shipped is None:
        faults.append(Complaint(("key",), "nothing", "the columns that identify a row"))
    if dataset.effective_at.column is not None and dataset.effective_at.column not in names:
        faults.append(Complaint(("effective_at", "column"), repr(dataset.effective_at.column), "a declared column"))
    return faults


def resolve(dataset: DatasetDeclaration) -> DatasetSchema:
    """The columns of a data set: the shipped schema's, then its own; a declared one adds to how it is read."""
    shipped = _shipped(dataset)
    columns: dict[str, Column] = {c.name: c for c in shipped.columns} if shipped else {}
    optional = {c.name for c in columns.values() if c.nullable}
    rules = {name: CellRule(name) for name in columns}
    for name, own in dataset.columns.items():
        columns[name] = _own_column(name, own, columns.get(name))
        rules[name] = _own_rule(name, own)
        optional.discard(name)
    key = dataset.key or (shipped.key if shipped else ())
    return DatasetSchema(Schema(tuple(columns.values()), key), rules, frozenset(optional - set(key)))


def _own_column(name: str, own: ColumnDeclaration, shipped: Column | None) -> Column:
    if shipped is None:
        assert own.type is not None
        return Column(name, own.type, own.nullable is not False, own.scale, own.values)
    nullable = shipped.nullable and own.nullable is not False
    return Column(name, shipped.type, nullable, shipped.scale, own.values or shipped.values)


def _own_rule(name: str, own: ColumnDeclaration) -> CellRule:
    zone = ZoneInfo(own.zone) if own.zone else None
    return CellRule(own.source or name, own.map, zone, own.date_as, own.value, frozenset(own.empty), own.date_form)


def _shipped(dataset: DatasetDeclaration) -> Schema | None:
    if dataset.schema_id is not None:
        return dataset_schemas().get(dataset.schema_id)
    shipped = dataset_schemas().get(dataset.id)
    if shipped is None and dataset.kind is DatasetKind.FINDINGS:
        return FINDINGS_SCHEMA
    return shipped


def _finding_columns() -> tuple[Column, ...]:
    text, timestamp = ColumnType.TEXT, ColumnType.TIMESTAMP
    return (
        Column("finding_uid", text, nullable=False),
        Column("check_id", text, nullable=False),
        Column("check_title", text),
        Column("status", text, False, None, ("pass", "fail", "not_applicable", "manual", "unknown")),
        Column("raw_status", text),
        Column("status_detail", text),
        Column("suppressed", ColumnType.BOOLEAN, nullable=False),
        Column("severity_id", ColumnType.INTEGER, nullable=False),
        Column("first_seen", timestamp),
        Column("last_seen", timestamp),
        *(Column(name, text) for name in ("account_uid", "provider", "region", "resource_uid")),
        *(Column(name, text) for name in ("resource_name", "resource_type", "product", "product_version")),
        Column("archived", ColumnType.BOOLEAN, nullable=False),
    )


FINDINGS_SCHEMA = Schema(_finding_columns(), ("finding_uid",))
"""Columns of a findings data set that names no shipped schema."""
