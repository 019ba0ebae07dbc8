"""Records as Pydantic models: how text becomes typed values, and how what is wrong becomes problems with lines.

Every scalar arrives as text. The types here convert it strictly: `true` and `false`, plain integers and decimals, ISO
dates and timestamps. A model's field of a plain `bool`, `int`, `float`, `Decimal`, `date` or `datetime` would convert
loosely and is refused when the class is made. An empty field counts as left out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from buttress.formats.problems import Problem, ProblemsError, nearest, shown
from buttress.formats.strict_yaml import Path, YamlNode

T = TypeVar("T")
D = TypeVar("D", bound=date)

REFERENCE = r"^[A-Za-z][A-Za-z0-9._-]{0,63}$"
_REFERENCE = re.compile(REFERENCE.removesuffix("$") + r"\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})\Z"
)
_LONGEST_TEXT = 20_000
FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Years of the days that a register may name: one far outside is a slip, and the calendar ends at both sides."""
_PLAIN = (bool, int, float, Decimal, date, datetime)


def unfit(value: object, expected: str, advice: str = "") -> PydanticCustomError:
    """The error that a validator of a field raises: what was expected instead of `value`, and what to do."""
    return PydanticCustomError("unfit", "unfit", {"found": shown(value), "expected": expected, "advice": advice})


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a model finds wrong among its fields; `path` leads from the model to the value."""

    path: Path
    found: str
    expected: str
    advice: str = ""


def complain(complaints: Iterable[Complaint]) -> None:
    """Called at the end of a model's `mode="after"` validator; raises where there is anything to say."""
    items = list(complaints)
    if items:
        raise PydanticCustomError("complaints", "complaints", {"complaints": items})


class _Strict:
    """Marks a field type whose text is converted by one of the converters below."""


_STRICT = _Strict()


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise unfit(value, "text")
    if not value.strip():
        raise unfit(value, "text that is not blank", "Leave the field out where there is nothing to say.")
    if len(value) > _LONGEST_TEXT:
        raise unfit(value, f"at most {_LONGEST_TEXT:,} characters")
    return value


def _reference(value: object) -> object:
    if not isinstance(value, str) or not _REFERENCE.match(value):
        advice = "A reference starts with a letter and has letters, digits, '.', '_' and '-', 64 at most."
        raise unfit(value, "a reference", advice)
    return value


def _flag(value: object) -> object:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise unfit(value, "true or false")


def _whole(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.match(value):
        return int(value)
    raise unfit(value, "a whole number", "Write digits only, e.g. 1500, without separators.")


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, str) and _DECIMAL.match(value):
        return Decimal(value)
    advice = "Write a plain decimal such as 0.05 or 1500000, without exponent, separators, unit or percent sign."
    raise unfit(value, "a number", advice)


def _number(value: object) -> object:
    return float(_decimal(value))


def _day(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.match(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise unfit(value, "a day that exists in the calendar") from None
        return _near(day, value)
    raise unfit(value, "a date such as 2026-01-31")


def _near(moment: D, value: object) -> D:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise unfit(value, f"a day from {FIRST_YEAR} to {LAST_YEAR}", "Leave the field out where there is no end.")
    return moment


def _instant(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, str) and _TIMESTAMP.match(value):
        try:
            instant = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            raise unfit(value, "a time that exists") from None
        return _near(instant, value).astimezone(UTC)
    raise unfit(value, "a timestamp with its zone such as 2026-01-31T08:00:00Z")


_NUMBER_SCHEMA = {"type": ["number", "string"], "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}

Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"], "minLength": 1})]
Ref = Annotated[str, BeforeValidator(_reference), WithJsonSchema({"type": "string", "pattern": REFERENCE})]
Flag = Annotated[
    bool, _STRICT, BeforeValidator(_flag), WithJsonSchema({"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]})
]
Whole = Annotated[
    int, _STRICT, BeforeValidator(_whole), WithJsonSchema({"type": ["integer", "string"], "pattern": "^-?[0-9]+$"})
]
Number = Annotated[float, _STRICT, BeforeValidator(_number), WithJsonSchema(_NUMBER_SCHEMA)]
Amount = Annotated[Decimal, _STRICT, BeforeValidator(_decimal), WithJsonSchema(_NUMBER_SCHEMA)]
Day = Annotated[
    date,
    _STRICT,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
]
Instant = Annotated[datetime, _STRICT, BeforeValidator(_instant), WithJsonSchema({"type": "string"})]
"""An instant with its zone, kept in UTC."""


class StrictModel(BaseModel):
    """A frozen record: unknown fields are errors, empty ones count as left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name, info in cls.model_fields.items():
            if any(isinstance(mark, _Strict) for mark in info.metadata):
                continue
            if loose := _loose_type(info.annotation):
                raise TypeError(
                    f"{cls.__name__}.{name} has the plain type {loose.__name__}, which converts text loosely;"
                    " use Flag, Whole, Number, Amount, Day or Instant"
                )

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        known = field_names(cls)
        return {key: value for key, value in data.items() if value is not None or key not in known}


def _loose_type(annotation: Any) -> type | None:
    """The first plain type inside `annotation` that converts text loosely."""
    if isinstance(annotation, type) and annotation in _PLAIN:
        return annotation
    origin = get_origin(annotation)
    if origin is Annotated:
        kind, *marks = get_args(annotation)
        return None if any(isinstance(mark, _Strict) for mark in marks) else _loose_type(kind)
    if origin in (Union, UnionType) or origin is not None:
        return next((loose for part in get_args(annotation) if (loose := _loose_type(part))), None)
    return None


def field_names(model: type[BaseModel]) -> dict[str, str]:
    """What a file calls each field, and its name in the model."""
    return {info.alias or name: name for name, info in model.model_fields.items()}


def validate(
    model: type[T], node: YamlNode, at: Path = (), *, context: Mapping[str, Any] | None = None
) -> T | list[Problem]:
    """The record under `at` as a `model`, or every problem it has, with file and line.

    `context` reaches validators as `info.context`.
    """
    value = node.value
    for part in at:
        value = value[part]
    try:
        return model.model_validate(value, context=dict(context or {}))  # type: ignore[attr-defined, no-any-return]
    except ValidationError as error:
        return [problem for detail in error.errors(include_url=False) for problem in _problems(detail, model, node, at)]


def validated(model: type[T], node: YamlNode, at: Path = (), *, context: Mapping[str, Any] | None = None) -> T:
    """As `validate`, but raises `ProblemsError`."""
    record = validate(model, node, at, context=context)
    if isinstance(record, list):
        raise ProblemsError(record)
    return record


def _problems(detail: ErrorDetails, model: type[Any], node: YamlNode, at: Path) -> list[Problem]:
    path = (
        *at,
        *(part for part in detail["loc"] if not (isinstance(part, str) and part.endswith("]") and "[" in part)),
    )
    context = detail.get("ctx", {})
    match detail["type"]:
        case "complaints":
            return [node.problem((*path, *c.path), c.found, c.expected, c.advice) for c in context["complaints"]]
        case "unfit":
            return [node.problem(path, context["found"], context["expected"], context["advice"])]
        case "missing":
            return [node.problem(path, "nothing", "a value", f"Add {path[-1]}.")]
        case "extra_forbidden":
            known = _known_at(model, detail["loc"][:-1])
            key = str(path[-1])
            advice = nearest(key, known) or f"Known fields: {', '.join(sorted(known))}."
            return [node.problem(path, f"the unknown field {shown(key)}", "a known field", advice)]
        case "enum" | "literal_error":
            return [_closed_vocabulary(detail, node, path)]
    return [node.problem(path, shown(detail["input"]), _EXPECTED.get(detail["type"]) or detail["msg"])]


_EXPECTED = {
    "model_type": "a mapping of fields",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "frozen_set_type": "a list",
    "set_type": "a list",
    "string_type": "text",
}


def _closed_vocabulary(detail: ErrorDetails, node: YamlNode, path: Path) -> Problem:
    expected = str(detail["ctx"]["expected"]).replace("'", "")
    words = re.split(r", | or ", expected)
    return node.problem(
        path, shown(detail["input"]), f"one of {', '.join(words)}", nearest(str(detail["input"]), words)
    )


def model_below(model: type[BaseModel], name: str) -> type[StrictModel] | None:
    """The model of the records under a field, looking into lists and mappings; None where it holds none."""
    found = _model_in(_annotation_below(model, name))
    return found if found is not None and issubclass(found, StrictModel) else None


def _known_at(model: Any, loc: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the model that stands at `loc` below `model`."""
    for part in loc:
        model = _annotation_below(model, part)
        if model is None:
            return []
    found = _model_in(model)
    return list(field_names(found)) if found else []


def _annotation_below(annotation: Any, part: int | str) -> Any:
    """The annotation of what stands under `part`."""
    model = _model_in(annotation)
    if model is not None and isinstance(part, str) and part in (names := field_names(model)):
        return model.model_fields[names[part]].annotation
    return annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The one model inside a field's annotation: `X`, `X | None`, `tuple[X, ...]`, `dict[str, X]`."""
    if isinstance(annotation, type) and not isinstance(annotation, type(list[int])):
        is_model = issubclass(annotation, BaseModel) and not issubclass(annotation, Enum)
        return annotation if is_model else None
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


__all__ = [
    "REFERENCE",
    "Amount",
    "Complaint",
    "Day",
    "Field",
    "Flag",
    "Instant",
    "Number",
    "Ref",
    "StrictModel",
    "Text",
    "Whole",
    "complain",
    "field_names",
    "model_below",
    "unfit",
    "validate",
    "validated",
]
