"""The plot of an exceedance chart: two logarithmic axes, and the way between values and pixels."""

from dataclasses import dataclass
from math import log10
from typing import Any

import numpy as np

from buttress.reports.charts.placement import Points
from buttress.reports.notation import write_round_money

LEAST_CHANCE = 0.001
"""Lowest chance that is drawn: 1 year in 1,000."""

Curve = tuple[tuple[float, float], ...]
"""(annual loss, chance of losing more in a year), losses ascending, chances in 0..1."""

Layer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """Losses from `low` to `high` over `width` pixels, chances from 1 down to `LEAST_CHANCE` over `height` pixels."""

    low: float
    high: float
    currency: str
    width: int
    height: int

    def x_pixel(self, loss: float) -> float:
        return self.width * log10(loss / self.low) / log10(self.high / self.low)

    def x_value(self, pixel: float) -> float:
        return rounded(self.low * (self.high / self.low) ** (pixel / self.width))

    def y_pixel(self, chance: float) -> float:
        return self.height * log10(max(chance, LEAST_CHANCE / 10)) / log10(LEAST_CHANCE)

    def y_value(self, pixel: float) -> float:
        return rounded(LEAST_CHANCE ** (pixel / self.height))

    def pixels(self, points: Curve) -> Points:
        """Shape (n, 2)."""
        return np.array([(self.x_pixel(x), self.y_pixel(y)) for x, y in points if x > 0]).reshape(-1, 2)

    def clamp(self, loss: float) -> float:
        return min(max(loss, self.low), self.high)

    def layer(self, rows: list[dict[str, Any]], mark: Layer, **more: Any) -> Layer:
        """A layer of the chart: rows with `loss` and `chance`, a mark, and encodings beyond these two."""
        return {"data": {"values": rows}, "mark": mark, "encoding": {"x": self._x(), "y": self._y(), **more}}

    def _x(self) -> Layer:
        ticks = [10.0**k for k in range(round(log10(self.low)), round(log10(self.high)) + 1)]
        cases = " : ".join(
            f"datum.value < {tick * 2:.17g} ? '{write_round_money(tick, self.currency)}'" for tick in ticks
        )
        axis = {
            "values": ticks,
            "labelExpr": f"{cases} : ''",
            "labelFlush": False,
            "grid": False,
            "title": "loss in a year, log scale",
            "titleAnchor": "end",
            "titlePadding": 6,
        }
        scale = {"type": "log", "domain": [self.low, self.high], "nice": False}
        return {"field": "loss", "type": "quantitative", "scale": scale, "axis": axis}

    def _y(self) -> Layer:
        axis = {
            "values": [1, 0.5, 0.1, 0.05, 0.01, LEAST_CHANCE],
            "labelExpr": "format(datum.value * 100, '~g') + ' %'",
            "domain": False,
            "ticks": False,
            "title": "chance of losing more in a year, log scale",
            "titlePadding": 10,
        }
        scale = {"type": "log", "domain": [LEAST_CHANCE, 1], "nice": False}
        return {"field": "chance", "type": "quantitative", "scale": scale, "axis": axis}


def rounded(value: float) -> float:
    """Six significant digits: more than a drawing shows, and the same on every machine."""
    return float(f"{value:.6g}")
