"""What a control test asks of its data, ready to be turned into statements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from buttress.evidence.data.tables import Value
from buttress.evidence.sql.linter import Form


@dataclass(frozen=True, slots=True)
class TestQuery:
    """What to run for one control test, in predicate form (`fail`) or row form (`population_rows`, `failing_rows`).

    An empty `population` is the whole source. `due_sla` counts from the column `due_from`. `as_of` and the period are
    UTC timestamps. `watched` are keys, as `key_text` writes them, of which the answer tells whether they are in the
    population. `is_shipped` marks SQL of our own catalogue, which may run where the kernel cannot confine it.
    """

    __test__ = False

    test_id: str
    source: str
    key: tuple[str, ...]
    as_of: datetime
    period_start: datetime
    period_end: datetime
    also: tuple[str, ...] = ()
    display: tuple[str, ...] = ()
    population: str | None = None
    not_applicable: str | None = None
    fail: str | None = None
    due_from: str | None = None
    due_sla: timedelta | None = None
    population_rows: str | None = None
    failing_rows: str | None = None
    not_applicable_rows: str | None = None
    params: Mapping[str, Value] = field(default_factory=dict, hash=False)
    is_shipped: bool = False
    watched: tuple[str, ...] = ()

    @property
    def is_row_form(self) -> bool:
        return self.population_rows is not None or self.failing_rows is not None

    @property
    def shown(self) -> tuple[str, ...]:
        """Columns of the failing rows in predicate form: the key, then what is displayed, then what a term runs from."""
        return tuple(dict.fromkeys((*self.key, *self.display, *([self.due_from] if self.due_from else []))))

    @property
    def values(self) -> dict[str, Value]:
        """Every placeholder's value."""
        run: dict[str, Value] = {
            "as_of": self.as_of,
            "period_start": self.period_start,
            "period_end": self.period_end,
        }
        return {**self.params, **run}

    @property
    def texts(self) -> list[tuple[str, str, Form]]:
        """The declared SQL texts with their fields."""
        predicates = [(name, getattr(self, name)) for name in ("population", "not_applicable", "fail")]
        rows = [(name, getattr(self, name)) for name in ("population_rows", "failing_rows", "not_applicable_rows")]
        found: list[tuple[str, str, Form]] = [(name, text, "predicate") for name, text in predicates if text]
        return [*found, *((name, text, "select") for name, text in rows if text)]
