"""Chance of losing more in a year: residual against appetite, with inherent and target, on two logarithmic axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log, log10
from typing import Any

import numpy as np

from buttress.core.money import format_money
from buttress.reports.charts import tokens
from buttress.reports.charts.frame import LEAST_CHANCE, Curve, Frame, Layer, rounded
from buttress.reports.charts.placement import CHARACTER, Box, Placed, Points, place_labels
from buttress.reports.notation import write_range

WIDTH, HEIGHT = 760, 380
DECADES = (3, 5)
"""Least and greatest number of powers of ten on the loss axis."""

POINTS = 300
"""Most points of a curve: more are not seen, and the converter is slow with them."""


@dataclass(frozen=True, slots=True)
class ExceedanceView:
    """What the chart shows. `over` holds the ranges of loss in which residual lies above appetite.

    `is_suggested`: nobody has approved the appetite.
    """

    title: str
    subtitle: str
    currency: str
    inherent: Curve
    residual: Curve
    target: Curve
    appetite: Curve
    over: tuple[tuple[float, float], ...]
    one_year_in_20: float
    is_suggested: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    points: Curve
    colour: str
    width: float
    dash: tuple[int, ...] = ()


def exceedance_spec(view: ExceedanceView) -> dict[str, Any]:
    """The Vega-Lite specification of the chart, data inline."""
    frame = frame_of(view)
    lines = _lines(view)
    layers = [_over_region(view, frame), *(_line_layer(line, frame) for line in lines)]
    layers += _over_range(view, frame)
    layers += _one_year_in_20(view, frame)
    layers += _labels(view, lines, frame)
    return {
        "$schema": tokens.SCHEMA,
        "description": describe(view),
        "title": {"text": view.title, "subtitle": view.subtitle},
        "width": WIDTH,
        "height": HEIGHT,
        "config": tokens.config(),
        "layer": layers,
    }


def describe(view: ExceedanceView) -> str:
    """The chart in a sentence, for those who do not see it."""
    money = format_money(view.one_year_in_20, view.currency)
    text = f"Chance of losing more in a year, by loss. Residual: 1 year in 20 costs more than {money}."
    if not view.appetite:
        return f"{text} No appetite is stated."
    appetite = "the suggested appetite" if view.is_suggested else "appetite"
    if not view.over:
        return f"{text} Residual lies within {appetite}."
    ranges = " and ".join(write_range(low, high, view.currency) for low, high in view.over)
    return f"{text} Residual lies above {appetite} for losses of {ranges}."


def frame_of(view: ExceedanceView) -> Frame:
    """Ends of the loss axis: powers of ten that show residual and target down to 1 year in 1,000, and the appetite."""
    ends = [loss for loss, chance in (*view.residual, *view.target) if chance >= LEAST_CHANCE and loss > 0]
    ends += [loss for loss, _ in view.appetite]
    high = 10.0 ** ceil(log10(max(ends, default=1e6)) - 1e-9)
    starts = [loss for loss, _ in view.appetite] + [loss_at(view.residual, 0.5) or high]
    low = 10.0 ** floor(log10(max(min(starts), 1.0)))
    low = max(min(low, high / 10.0 ** DECADES[0]), high / 10.0 ** DECADES[1])
    return Frame(low, high, view.currency, WIDTH, HEIGHT)


def loss_at(curve: Curve, chance: float) -> float | None:
    """The loss at which a falling curve passes `chance`, interpolated log-log; None where it never does."""
    for (x0, y0), (x1, y1) in pairwise(curve):
        if y0 >= chance > y1 and x0 > 0:
            share = log(y0 / chance) / log(y0 / max(y1, LEAST_CHANCE / 100))
            return float(x0 * (x1 / x0) ** share)
    return None


def chances_at(curve: Curve, losses: Sequence[float]) -> Points:
    """Chances of a curve at `losses`, interpolated log-log; nan outside of its ends. Shape (len(losses),)."""
    known = [(x, y) for x, y in curve if x > 0 and y > 0]
    if not known:
        return np.full(len(losses), np.nan)
    x, y = np.log(np.array(known)).T
    return np.asarray(np.exp(np.interp(np.log(losses), x, y, left=np.nan, right=np.nan)))


def _lines(view: ExceedanceView) -> list[_Line]:
    """Lines from the back to the front; a target that lies on the residual is named with it and not drawn twice."""
    is_same = _coincide(view.residual, view.target)
    lines = [
        _Line("Inherent", view.inherent, tokens.LINE_2, 1.6, (1, 4)),
        _Line("Target", () if is_same else view.target, tokens.TARGET, 1.6, (6, 4)),
        _Line("Suggested appetite" if view.is_suggested else "Appetite", view.appetite, tokens.INK, 1.2),
        _Line("Residual and target" if is_same else "Residual", view.residual, tokens.RESIDUAL, 2.5),
    ]
    return [line for line in lines if len(line.points) > 1]


def _coincide(one: Curve, other: Curve) -> bool:
    """True where two curves differ by less than their lines' width wherever they are drawn."""
    losses = [loss for loss, chance in one if chance >= LEAST_CHANCE and loss > 0]
    if not losses or not other:
        return False
    ratio = chances_at(other, losses) / chances_at(one, losses)
    return bool(np.all(np.abs(np.log(ratio[np.isfinite(ratio)])) < 0.02))


def _rows(points: Curve, frame: Frame) -> list[dict[str, Any]]:
    """Points inside the drawing; the first one outside on either side is kept so that the line meets the edge."""
    kept = [(x, max(y, LEAST_CHANCE / 10)) for x, y in points if x > 0]
    first = max((i for i, (x, _) in enumerate(kept) if x <= frame.low), default=0)
    last = min((i for i, (x, y) in enumerate(kept) if x >= frame.high or y < LEAST_CHANCE), default=len(kept) - 1)
    inside = kept[first : last + 1]
    step = max(1, ceil(len(inside) / POINTS))
    thinned = inside[::step] if inside[-1] in inside[::step] else [*inside[::step], inside[-1]]
    return [{"loss": rounded(x), "chance": rounded(y)} for x, y in thinned]


def _line_layer(line: _Line, frame: Frame) -> Layer:
    mark: Layer = {"type": "line", "color": line.colour, "strokeWidth": line.width, "strokeCap": "round", "clip": True}
    if line.dash:
        mark["strokeDash"] = list(line.dash)
    return {"name": line.name.lower(), **frame.layer(_rows(line.points, frame), mark)}


def _over_region(view: ExceedanceView, frame: Frame) -> Layer:
    """The region where residual lies above appetite; empty where there is none."""
    values: list[dict[str, Any]] = []
    for part, (low, high) in enumerate(view.over):
        losses = np.geomspace(frame.clamp(low), frame.clamp(high), 60).tolist()
        residual, appetite = chances_at(view.residual, losses), chances_at(view.appetite, losses)
        values += [
            {"loss": rounded(x), "chance": rounded(a), "residual": rounded(max(r, a)), "part": part}
            for x, a, r in zip(losses, appetite, residual, strict=True)
            if np.isfinite(a) and np.isfinite(r)
        ]
    mark = {"type": "area", "fill": tokens.HATCH, "fillOpacity": 1, "clip": True, "line": False}
    detail = {"field": "part", "type": "nominal"}
    return {"name": "over", **frame.layer(values, mark, y2={"field": "residual"}, detail=detail)}


def _over_range(view: ExceedanceView, frame: Frame) -> list[Layer]:
    """The ranges over appetite, written on the loss axis; a word for each where there is room for it."""
    layers: list[Layer] = []
    taken = -1.0
    for low, high in view.over:
        start, end = frame.clamp(low), frame.clamp(high)
        at = frame.y_value(frame.height - 4)
        rule = {"type": "rule", "color": tokens.BAD, "strokeWidth": 3, "strokeCap": "butt"}
        layers.append(frame.layer([{"loss": start, "end": end, "chance": at}], rule, x2={"field": "end"}))
        text = f"over appetite: {write_range(low, high, view.currency)}"
        half = CHARACTER * len(text) / 2
        middle = min(max(frame.x_pixel((start * end) ** 0.5), half), frame.width - half)
        if middle - half <= taken:
            continue
        taken = middle + half
        mark = _text(tokens.BAD, is_bold=True) | {"align": "center", "baseline": "bottom", "dy": -5}
        layers.append(frame.layer([{"loss": frame.x_value(middle), "chance": at, "text": text}], mark, **_AS_TEXT))
    return layers


def _one_year_in_20(view: ExceedanceView, frame: Frame) -> list[Layer]:
    loss = view.one_year_in_20
    if not frame.low < loss < frame.high:
        return []
    box, text = _answer_box(view, frame)
    start = frame.x_value(box.left)
    rule = {"type": "rule", "color": tokens.RESIDUAL, "strokeDash": [2, 3], "strokeWidth": 1}
    dot = {"type": "point", "fill": tokens.PAPER, "stroke": tokens.RESIDUAL, "strokeWidth": 2, "size": 48, "opacity": 1}
    words = _text(tokens.RESIDUAL, is_bold=True) | {"align": "left", "baseline": "bottom", "dy": -4}
    return [
        frame.layer([{"loss": start, "end": loss, "chance": 0.05}], rule, x2={"field": "end"}),
        frame.layer([{"loss": loss, "chance": 0.05}], dot),
        frame.layer([{"loss": start, "chance": 0.05, "text": text}], words, **_AS_TEXT),
    ]


def _answer_box(view: ExceedanceView, frame: Frame) -> tuple[Box, str]:
    """Where the one annotation stands: on the 5 % line, left of every curve that crosses it."""
    text = f"1 year in 20 costs more than {format_money(view.one_year_in_20, view.currency)}"
    crossings = [loss_at(line.points, 0.05) for line in _lines(view)]
    edge = min([frame.x_pixel(c) for c in crossings if c is not None], default=frame.width / 2)
    left = max(edge - CHARACTER * len(text) - 24, 8)
    y = frame.y_pixel(0.05)
    return Box(left, y - 20, left + CHARACTER * len(text), y + 4), text


def _labels(view: ExceedanceView, lines: Sequence[_Line], frame: Frame) -> list[Layer]:
    taken = [_answer_box(view, frame)[0]]
    if view.over:
        taken.append(Box(0, frame.height - 30, frame.width, frame.height))
    paths = [(line.name, frame.pixels(line.points)) for line in reversed(lines)]
    colours = {line.name: line.colour for line in lines} | {"Inherent": tokens.INK_3}
    layers: list[Layer] = []
    for label in place_labels(paths, frame.width, frame.height, taken):
        if label.has_leader:
            layers.append(_leader(label, frame))
        layers += _label(label, colours[label.text], frame)
    return layers


def _leader(label: Placed, frame: Frame) -> Layer:
    (x0, y0), (x1, y1) = label.at, label.leader_end
    row = {
        "loss": frame.x_value(x0),
        "chance": frame.y_value(y0),
        "end": frame.x_value(x1),
        "end_chance": frame.y_value(y1),
    }
    rule = {"type": "rule", "color": tokens.LINE_2, "strokeWidth": 0.8}
    return frame.layer([row], rule, x2={"field": "end"}, y2={"field": "end_chance"})


def _label(label: Placed, colour: str, frame: Frame) -> list[Layer]:
    """The word, with a halo of paper under it."""
    is_right = label.box.left >= label.at[0]
    x = label.box.left if is_right else label.box.right
    y = (label.box.top + label.box.bottom) / 2
    row = {"loss": frame.x_value(x), "chance": frame.y_value(y), "text": label.text}
    mark = _text(colour, is_bold=label.text != "Inherent")
    mark |= {"align": "left" if is_right else "right", "baseline": "middle"}
    halo = mark | {"stroke": tokens.PAPER, "strokeWidth": 4, "strokeJoin": "round"}
    return [frame.layer([row], m, **_AS_TEXT) for m in (halo, mark)]


_AS_TEXT: Layer = {"text": {"field": "text", "type": "nominal"}}


def _text(colour: str, *, is_bold: bool) -> Layer:
    return {"type": "text", "color": colour, "fontWeight": 600 if is_bold else 400}
