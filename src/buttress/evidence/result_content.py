"""A test result as canonical JSON, exactly: every field, times with their offset, rates to the last digit."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any

from buttress.core.verdicts import Outcome, TestResult
from buttress.orgs.content import from_text, to_text

_NAMES = tuple(field.name for field in fields(TestResult))
_DEFAULTS = {
    field.name: field.default for field in fields(TestResult) if field.name not in ("test", "as_of", "effective_at")
}


def result_to_text(result: TestResult) -> str:
    """Canonical JSON of a result; fields at their default, and dates of failing items where none has one, are left out."""
    values = {name: getattr(result, name) for name in _NAMES}
    if not any(result.failing_since):
        del values["failing_since"]
    return to_text({name: value for name, value in values.items() if name not in _DEFAULTS or value != _DEFAULTS[name]})


def result_from_text(content: str) -> TestResult:
    """The result that `result_to_text` wrote."""
    values: dict[str, Any] = from_text(content)
    values["as_of"] = date.fromisoformat(values["as_of"])
    values["effective_at"] = datetime.fromisoformat(values["effective_at"])
    values["outcome"] = Outcome(values["outcome"])
    for name in ("failing_keys", "reasons", "failing_since", "left_keys", "undecided_keys"):
        values[name] = tuple(values.get(name, ()))
    if values.get("tolerable_rate") is not None:
        values["tolerable_rate"] = float(values["tolerable_rate"])
    return TestResult(**values)
