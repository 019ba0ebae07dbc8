"""Whether stored figures are what the register gives: all of them computed again from the snapshot, and compared."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose
from typing import Any

import numpy as np

from buttress.orgs.reads import reads
from buttress.orgs.roles import Operation
from buttress.register.figures.collecting import without_collecting
from buttress.register.figures.columns import (
    Columns,
    control_columns,
    criterion_columns,
    json_of,
    portfolio_columns,
    private_risk_columns,
    risk_columns,
)
from buttress.register.figures.computing import Complete, complete
from buttress.register.figures.inputs import has_scale, whole
from buttress.register.models import ControlFigures, CriterionFigures, PortfolioFigures, RiskFigures

RELATIVE = 1e-9
"""How near a stored figure is to be to one computed whole."""
_ABSOLUTE = 1e-10
"""How near where both are all but nothing: a share, a chance, a cent."""

_JSON = frozenset({"marks", "categories", "gains", "laws", "verdicts", "stages", "appetite"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A column of a row that is not as computed; a row that is missing, or should not be there, is a difference in `ref`."""

    kind: str
    ref: str
    column: str
    stored: Any
    computed: Any

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}, {self.column}: stored {self.stored!r}, computed {self.computed!r}"


@reads(Operation.REGISTER_READ)
@without_collecting()
def check_figures() -> tuple[Difference, ...]:
    """Every difference between live figures and the register as it stands now, as of the day that the figures are of.

    Empty where all agree within 1e-9 of each figure, and before there are figures.
    """
    row = PortfolioFigures.objects.first()
    if row is None or not has_scale():
        return ()
    snapshot = whole(row.as_of)
    found = complete(snapshot)
    return (
        *_of_rows("risk", RiskFigures, {e.ref: {**risk_columns(e), **private_risk_columns(e)} for e in found.risks}),
        *_of_rows("control", ControlFigures, {each.ref: control_columns(each) for each in found.controls}),
        *_of_rows(
            "criterion",
            CriterionFigures,
            {each.criterion: criterion_columns(each, place) for place, each in enumerate(found.criteria)},
        ),
        *_differences("portfolio", "", vars(row), _portfolio(found, row.stages)),
    )


def _portfolio(found: Complete, stored: str) -> Columns:
    """The portfolio as computed, its curves read at the losses that are stored.

    Where a curve ends is a matter of drawing. It is a quantile so far out that the noise of the transform shows in it.
    """
    columns = portfolio_columns(found.portfolio)
    stages = json.loads(columns["stages"])
    for name, (*_, (losses, _)) in json.loads(stored).items():
        chances = found.sums[name].distribution().exceedance(np.array(losses))
        stages[name][-1] = [losses, chances.tolist()]
    return {**columns, "stages": json_of(stages)}


def _of_rows(kind: str, model: Any, computed: Mapping[str, Mapping[str, Any]]) -> Iterator[Difference]:
    name = "criterion" if kind == "criterion" else "ref"
    stored = {row[name]: row for row in model.objects.values()}
    for ref in sorted({*stored, *computed}):
        if ref not in stored or ref not in computed:
            yield Difference(kind, ref, "ref", ref in stored, ref in computed)
        else:
            yield from _differences(kind, ref, stored[ref], computed[ref])


def _differences(kind: str, ref: str, stored: Mapping[str, Any], computed: Mapping[str, Any]) -> Iterator[Difference]:
    for column, value in computed.items():
        here, there = stored[column], value
        if column in _JSON:
            here, there = json.loads(here or "null"), json.loads(there or "null")
        for path, one, other in _disagreeing(column, here, there):
            yield Difference(kind, ref, path, one, other)


def _disagreeing(path: str, stored: Any, computed: Any) -> Iterator[tuple[str, Any, Any]]:
    """Where two values differ, down to the number."""
    if isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        for place, (one, other) in enumerate(zip(stored, computed, strict=True)):
            yield from _disagreeing(f"{path}.{place}", one, other)
    elif isinstance(stored, dict) and isinstance(computed, dict) and stored.keys() == computed.keys():
        for key in stored:
            yield from _disagreeing(f"{path}.{key}", stored[key], computed[key])
    elif isinstance(stored, float | int) and isinstance(computed, float | int):
        if not isclose(stored, computed, rel_tol=RELATIVE, abs_tol=_ABSOLUTE):
            yield path, stored, computed
    elif stored != computed:
        yield path, stored, computed
