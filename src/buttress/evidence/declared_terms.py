"""The parts of a declared control test: its parameters, completeness, thresholds, effect, examples, and its adoption."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from buttress.core.verdicts import EffectMode, Exposure
from buttress.evidence.data.cells import CellError, CellRule, cell_reader
from buttress.evidence.data.tables import Column, ColumnType, Value
from buttress.evidence.durations import Duration, Margin, Rate, TolerableRate, Tolerance
from buttress.formats.models import Complaint, Flag, Instant, Ref, StrictModel, Text, Whole, complain, unfit

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_HALF_LIVES = {"quarterly": 180.0, "half-yearly": 180.0, "yearly": 365.0}
_HALF_LIFE = 90.0
_MANUAL_HALF_LIFE = 180.0


class Frequency(StrEnum):
    CONTINUOUS = "continuous"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half-yearly"
    YEARLY = "yearly"
    PER_EVENT = "per_event"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


def half_life_days(frequency: Frequency, *, is_manual: bool = False) -> float:
    """After how many days a result weighs half: longer for tests that come seldom, and never short for manual ones."""
    days = _HALF_LIVES.get(frequency, _HALF_LIFE)
    return max(days, _MANUAL_HALF_LIFE) if is_manual else days


def _name(value: str) -> str:
    if not NAME.match(value):
        raise unfit(value, "a name of lower-case letters, digits and underscores")
    return value


Name = Annotated[Text, AfterValidator(_name)]
"""A column, data set or parameter, as SQL knows it."""
Sql = Annotated[Text, StringConstraints(strip_whitespace=True)]
_PARAMETER_SCALE = 9


class Parameter(StrictModel):
    """A value that adoptions may set between `min` and `max`; without limits any of its type."""

    type: Literal["integer", "decimal", "text", "boolean", "date"]
    default: Text
    min: Text | None = None
    max: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(Complaint((field,), found, expected) for field, found, expected in self._faults())
        return self

    def _faults(self) -> list[tuple[str, str, str]]:
        if self.type in ("text", "boolean") and (self.min or self.max):
            return [("min", f"limits of a {self.type}", "limits of numbers and dates only")]
        for field, text in (("default", self.default), ("min", self.min), ("max", self.max)):
            try:
                self.typed(text)
            except CellError as error:
                return [(field, error.found, error.expected)]
        fault = self.range_fault(self.default)
        return [("default", repr(self.default), fault)] if fault else []

    def typed(self, text: str | None) -> Value:
        """The text as a value of the parameter's type; raises CellError."""
        column = Column("parameter", ColumnType(self.type), scale=_PARAMETER_SCALE)
        value = cell_reader(column, CellRule("parameter"), ZoneInfo("UTC"))(text)
        return value.normalize() + 0 if isinstance(value, Decimal) else value

    def range_fault(self, text: str) -> str | None:
        """What was expected where `text` is not of the type or out of range, else None."""
        try:
            value: Any = self.typed(text)
        except CellError as error:
            return error.expected
        low: Any = self.typed(self.min)
        high: Any = self.typed(self.max)
        if (low is not None and value < low) or (high is not None and value > high):
            return f"{self.min or '…'} to {self.max or '…'}"
        return None

    @property
    def value(self) -> Value:
        return self.typed(self.default)


class Due(StrictModel):
    """A match of `fail` is a failure only once `sla` has passed since the time in column `from`."""

    source: Name = Field(alias="from")
    sla: Duration


class Completeness(StrictModel):
    """What a population must show before it counts. `compare_to` names a data set, or `source_total` of the receipt."""

    min_rows: Whole = 1
    max_age: Duration | None = None
    compare_to: Name | None = None
    tolerance: Margin = Tolerance(rows=0)
    key_not_null: Flag = True
    unique: Flag = True
    max_shrink: Rate | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_rows < 1:
            advice = "An empty data set proves nothing."
            complain([Complaint(("min_rows",), str(self.min_rows), "at least 1", advice)])
        return self


class Thresholds(StrictModel):
    tolerable_rate: TolerableRate = Decimal(0)
    warn_rate: Rate = Decimal(0)
    min_population: Whole = 1

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_population < 1:
            complain([Complaint(("min_population",), str(self.min_population), "at least 1")])
        return self


class EffectOfTest(StrictModel):
    """What the result feeds: see evidence on reliability, coverage and design in `core.verdicts`."""

    control: Ref | None = None
    mode: EffectMode | None = None
    exposure: Exposure = Exposure.SHARE


ExampleRow = dict[str, str | None]


class Examples(StrictModel):
    """Rows with their known answer. A column left out is null; `also` holds the rows of the other data sets."""

    as_of: Instant
    period_start: Instant | None = None
    period_end: Instant | None = None
    also: dict[str, tuple[ExampleRow, ...]] = Field(default_factory=dict)
    passing: tuple[ExampleRow, ...] = Field((), alias="pass")
    fail: tuple[ExampleRow, ...] = ()
    not_due: tuple[ExampleRow, ...] = ()
    not_applicable: tuple[ExampleRow, ...] = ()
    outside: tuple[ExampleRow, ...] = ()

    def groups(self) -> dict[str, tuple[ExampleRow, ...]]:
        return {
            "pass": self.passing,
            "fail": self.fail,
            "not_due": self.not_due,
            "not_applicable": self.not_applicable,
            "outside": self.outside,
        }


class ThresholdOverrides(StrictModel):
    tolerable_rate: TolerableRate | None = None
    warn_rate: Rate | None = None
    min_population: Whole | None = None


class Adoption(StrictModel):
    """What an organisation changes of a shipped test: its controls, values within limits, thresholds, owner, age."""

    controls: tuple[Ref, ...] = ()
    params: dict[str, Text] = Field(default_factory=dict)
    thresholds: ThresholdOverrides = ThresholdOverrides()
    owner: Text | None = None
    max_age: Duration | None = None
