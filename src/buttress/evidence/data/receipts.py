"""The record of how a file was got and how complete it is: `<file>.receipt.yaml` beside the evidence file.

It is what an auditor calls information produced by the entity: the source, the query with its parameters and filters,
who ran it and when, and the independent total that the rows are reconciled with.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, TypeAdapter, WithJsonSchema, model_validator

from buttress.formats.folder import is_there, read_bytes
from buttress.formats.models import Complaint, Day, Flag, Instant, StrictModel, Text, Whole, complain, validated
from buttress.formats.problems import refuse
from buttress.formats.strict_yaml import YamlLimits, read_yaml

SUFFIX = ".receipt.yaml"
_MAX_BYTES = 200_000
_DAY: TypeAdapter[date] = TypeAdapter(Day)
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def _moment(value: object) -> date | datetime:
    is_day = isinstance(value, str) and len(value) == len("2026-06-30")
    return (_DAY if is_day else _INSTANT).validate_python(value)


Moment = Annotated[Any, PlainValidator(_moment), WithJsonSchema({"type": "string"})]
"""A day, or an instant with its zone."""


class Receipt(StrictModel):
    """How the rows were got. `source_total` is counted by `total_from`, independently of the extraction."""

    source: Text | None = None
    tenant: Text | None = None
    method: Text | None = None
    query: Text | None = None
    parameters: dict[str, Text] = Field(default_factory=dict)
    filters: Text | tuple[Text, ...] | None = None
    extracted_by: Text | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None
    effective_at: Moment | None = None
    source_total: Whole | None = None
    total_from: Text | None = None
    cursor_exhausted: Flag | None = None
    errors: Whole | None = None
    scan_complete: Flag | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(self._complaints())
        return self

    def _complaints(self) -> list[Complaint]:
        faults = [
            Complaint((name,), str(value), "0 or more")
            for name, value in (("source_total", self.source_total), ("errors", self.errors))
            if value is not None and value < 0
        ]
        if self.source_total is not None and not self.total_from:
            advice = "Say who or what counted it, e.g. payroll headcount."
            faults.append(Complaint(("total_from",), "nothing", "where the total comes from", advice))
        if self.started_at and self.finished_at and self.finished_at < self.started_at:
            faults.append(Complaint(("finished_at",), str(self.finished_at), f"a time after {self.started_at}"))
        return faults

    @property
    def faults(self) -> tuple[str, ...]:
        """Reasons why the extraction itself was not complete, as codes."""
        codes = []
        if self.cursor_exhausted is False:
            codes.append("cursor_not_exhausted")
        if self.errors:
            codes.append(f"collection_errors({self.errors})")
        if self.scan_complete is False:
            codes.append("scan_not_complete")
        return tuple(codes)


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """A receipt with the SHA-256 (hex) of its bytes."""

    receipt: Receipt
    sha256: str


def read_receipt(folder: Path, name: str) -> ReceiptFile | None:
    """The receipt beside the evidence file `name` below `folder`, None where there is none; raises `ProblemsError`."""
    name += SUFFIX
    if not is_there(folder, name):
        return None
    content = read_bytes(folder, name, max_bytes=_MAX_BYTES)
    return ReceiptFile(_receipt_in(content, name), hashlib.sha256(content).hexdigest())


def read_receipt_file(path: Path) -> Receipt:
    """The receipt in a file of any name; raises `ProblemsError`."""
    try:
        return _receipt_in(read_bytes(path.parent, path.name, max_bytes=_MAX_BYTES), path.name)
    except OSError as error:
        raise refuse(path.name, None, f"no readable file ({error.strerror})", "a receipt") from None


def _receipt_in(content: bytes, name: str) -> Receipt:
    node = read_yaml(content, file=name, limits=YamlLimits(_MAX_BYTES, 8, 500))
    if (
        not isinstance(node.value, dict)
        or set(node.value) != {"receipt"}
        or not isinstance(node.value["receipt"], dict)
    ):
        raise refuse(name, 1, "something else", "one mapping named receipt", "Start the file with `receipt:`.")
    return validated(Receipt, node, ("receipt",))
