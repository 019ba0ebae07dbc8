"""Residual risks by likelihood and impact: references and counts in each cell on the ground of the cell's rating.

Ratings within tolerance stand on greys, those above it on red; the rating's word stands in each cell, so that nothing
depends on colour.
"""

from dataclasses import dataclass
from typing import Any

from buttress.core.matrix import Band, ScaleVersion
from buttress.reports.charts import tokens
from buttress.reports.notation import write_count, write_round_money

CELL_WIDTH, CELL_HEIGHT = 140, 74
PER_LINE, LINES_OF_REFERENCES = 3, 2


@dataclass(frozen=True, slots=True)
class LevelView:
    """A level's axis label: `L4`, its name, and where it begins."""

    code: str
    name: str
    begins: str


@dataclass(frozen=True, slots=True)
class CellView:
    """`references` are of the risks in the cell, largest first; `steps_above` counts ratings above tolerance."""

    likelihood: int
    impact: int
    rating: str
    rank: int
    steps_above: int
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeatMapView:
    """Levels from lowest to highest; one cell a pair of levels; `not_placed` counts risks without an estimate."""

    title: str
    subtitle: str
    likelihood: tuple[LevelView, ...]
    impact: tuple[LevelView, ...]
    cells: tuple[CellView, ...]
    tolerance: str | None
    not_placed: int = 0


def heat_map_view(
    scale: ScaleVersion,
    placed: dict[tuple[int, int], tuple[str, ...]],
    *,
    title: str,
    subtitle: str,
    tolerance: str | None,
    not_placed: int = 0,
) -> HeatMapView:
    """`placed` maps (likelihood, impact), counted from 1, to references; `tolerance` is the highest rating allowed."""
    limit = scale.ratings.index(tolerance) if tolerance in scale.ratings else len(scale.ratings)
    cells = []
    for i, row in enumerate(scale.cells, 1):
        for j, rating in enumerate(row, 1):
            rank = scale.ratings.index(rating)
            cells.append(CellView(i, j, rating, rank, max(rank - limit, 0), placed.get((i, j), ())))
    likelihood = _levels("L", scale.likelihood, lambda value: f"{value:,g} a year")
    impact = _levels("I", scale.impact, lambda value: write_round_money(value, scale.currency))
    return HeatMapView(title, subtitle, likelihood, impact, tuple(cells), tolerance, not_placed)


def _levels(letter: str, bands: tuple[Band, ...], write: Any) -> tuple[LevelView, ...]:
    """Each level named by where it begins; the lowest by where it ends."""
    lowest = LevelView(f"{letter}1", bands[0].name, f"under {write(bands[0].high)}")
    rest = (LevelView(f"{letter}{i}", b.name, f"{write(b.low)} up") for i, b in enumerate(bands[1:], 2))
    return (lowest, *rest)


def heat_map_spec(view: HeatMapView) -> dict[str, Any]:
    """The Vega-Lite specification of the map, data inline."""
    rows = [_row(view, cell) for cell in view.cells]
    filled = [row for row in rows if row["count"]]
    layers = [
        _layer(view, rows, {"type": "rect", "cornerRadius": 2}, **_ground()),
        _layer(view, rows, _text(tokens.INK_3, -CELL_WIDTH // 2 + 8, CELL_HEIGHT // 2 - 9), text=_field("rating")),
        _layer(view, filled, _text(tokens.INK, CELL_WIDTH // 2 - 8, -CELL_HEIGHT // 2 + 13, 14), text=_field("count")),
        _layer(
            view, filled, _text(tokens.RESIDUAL, -CELL_WIDTH // 2 + 8, -CELL_HEIGHT // 2 + 13), text=_field("lines")
        ),
    ]
    return {
        "$schema": tokens.SCHEMA,
        "description": describe(view),
        "title": {"text": view.title, "subtitle": [view.subtitle, _legend(view)]},
        "width": CELL_WIDTH * len(view.impact),
        "height": CELL_HEIGHT * len(view.likelihood),
        "config": tokens.config(),
        "layer": layers,
    }


def describe(view: HeatMapView) -> str:
    """The map in a sentence, for those who do not see it."""
    placed = sum(len(cell.references) for cell in view.cells)
    above = [reference for cell in view.cells if cell.steps_above for reference in cell.references]
    text = f"Residual risks by likelihood and impact: {write_count(placed, 'risk')}"
    if view.tolerance:
        text += f", {len(above)} rated above tolerance ({view.tolerance})"
    missing = f"; {view.not_placed} not estimated" if view.not_placed else ""
    return f"{text}{missing}."


def _legend(view: HeatMapView) -> str:
    parts = ["impact: 90th percentile of the loss of one event"]
    if view.tolerance:
        parts.append(f"red: rated above tolerance ({view.tolerance})")
    if view.not_placed:
        parts.append(f"{view.not_placed} not estimated, not on the map")
    return " · ".join(parts)


def _row(view: HeatMapView, cell: CellView) -> dict[str, Any]:
    return {
        "likelihood": _axis_label(view.likelihood[cell.likelihood - 1]),
        "impact": _axis_label(view.impact[cell.impact - 1]),
        "rating": cell.rating,
        "ground": _ground_name(cell),
        "count": len(cell.references),
        "lines": _reference_lines(cell.references),
    }


def _reference_lines(references: tuple[str, ...]) -> list[str]:
    """References in lines of three; what does not fit is counted."""
    room = PER_LINE * LINES_OF_REFERENCES
    fits = list(references) if len(references) <= room else [*references[: room - 1], f"+{len(references) - room + 1}"]
    return ["  ".join(fits[i : i + PER_LINE]) for i in range(0, len(fits), PER_LINE)]


def _axis_label(level: LevelView) -> str:
    return f"{level.code} {level.name}|{level.begins}"


_GROUNDS = {
    "low": tokens.STONE,
    "middle": tokens.STONE_2,
    "high": tokens.STONE_3,
    "above": tokens.BAD_SOFT,
    "far above": tokens.BAD_SOFT_2,
}


def _ground_name(cell: CellView) -> str:
    if cell.steps_above:
        return "far above" if cell.steps_above > 1 else "above"
    return ("low", "middle", "high")[min(cell.rank, 2)]


def _ground() -> dict[str, Any]:
    names = list(_GROUNDS)
    edges = [tokens.BAD_EDGE if "above" in name else tokens.PAPER for name in names]
    return {
        "color": {
            "field": "ground",
            "type": "nominal",
            "scale": {"domain": names, "range": list(_GROUNDS.values())},
            "legend": None,
        },
        "stroke": {"field": "ground", "type": "nominal", "scale": {"domain": names, "range": edges}, "legend": None},
    }


def _layer(view: HeatMapView, rows: list[dict[str, Any]], mark: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "data": {"values": rows},
        "mark": mark,
        "encoding": {
            "x": _axis("impact", [_axis_label(level) for level in view.impact], "impact of one event"),
            "y": _axis(
                "likelihood", [_axis_label(level) for level in reversed(view.likelihood)], "likelihood: events a year"
            ),
            **more,
        },
    }


def _axis(field: str, domain: list[str], title: str) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "labelExpr": "split(datum.value, '|')",
        "labelAngle": 0,
        "labelLimit": CELL_WIDTH,
        "labelColor": tokens.INK_2,
        "domain": False,
        "ticks": False,
        "title": title,
        "titleAnchor": "end" if field == "impact" else "middle",
        "titlePadding": 8,
        "labelPadding": 8,
    }
    scale = {"domain": domain, "paddingInner": 0.03, "paddingOuter": 0}
    return {"field": field, "type": "ordinal", "sort": None, "scale": scale, "axis": axis}


def _field(name: str) -> dict[str, Any]:
    return {"field": name, "type": "nominal"}


def _text(colour: str, dx: int, dy: int, size: int = 11) -> dict[str, Any]:
    """Text at an offset from the centre of its cell, towards the side it is offset to."""
    return {
        "type": "text",
        "color": colour,
        "align": "left" if dx < 0 else "right",
        "baseline": "middle",
        "dx": dx,
        "dy": dy,
        "fontSize": size,
        "fontWeight": 600 if size > 11 else 400,
        "lineHeight": 16,
    }
