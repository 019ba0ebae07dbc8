"""Where the labels of lines go: beside their own line, clear of every other line and label.

Everything is in pixels of the plot, origin top left. Candidates are tried at points along the line; the clearest wins,
and of equally clear ones the one nearest to its line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

CHARACTER = 6.6
LINE_HEIGHT = 13.0
CLEAR = 12.0
"""Distance from which a label counts as clear of a line."""

CROWDED = 24.0
"""Distance below which two labels crowd each other."""

_SHIFTS = (10.0, 22.0, 38.0, 56.0)
_SIDES = ((1, -1), (-1, 1), (1, 1), (-1, -1))

Points = NDArray[np.float64]
"""Shape (n, 2): x and y of points of a line."""

Lines = Sequence[tuple[str, Points]]


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A label: its text box, the point of the line it names, and whether a leader should join them."""

    text: str
    box: Box
    at: tuple[float, float]
    has_leader: bool

    @property
    def leader_end(self) -> tuple[float, float]:
        """The point of the box nearest to the line."""
        x = min(max(self.at[0], self.box.left), self.box.right)
        y = min(max(self.at[1], self.box.top), self.box.bottom)
        return x, y


def dense(points: Points, step: float = 3.0) -> Points:
    """The same polyline with points at most about `step` pixels apart."""
    if len(points) < 2:
        return points
    pieces = [points[:1]]
    for start, end in pairwise(points):
        count = max(1, int(np.hypot(*(end - start)) / step))
        share = np.linspace(0, 1, count + 1)[1:, None]
        pieces.append(start + share * (end - start))
    return np.concatenate(pieces)


def place_labels(lines: Lines, width: float, height: float, taken: Sequence[Box] = ()) -> tuple[Placed, ...]:
    """A place for the label of each line, in the order given; a line without points inside the plot gets none."""
    drawn = [(text, _inside(dense(points), width, height)) for text, points in lines]
    boxes, placed = list(taken), []
    for text, points in drawn:
        label = _best(text, points, drawn, boxes, (width, height))
        if label is not None:
            placed.append(label)
            boxes.append(label.box)
    return tuple(placed)


def _inside(points: Points, width: float, height: float) -> Points:
    x, y = points[:, 0], points[:, 1]
    return points[(x >= 0) & (x <= width) & (y >= 0) & (y <= height)]


def _best(text: str, points: Points, others: Lines, boxes: Sequence[Box], size: tuple[float, float]) -> Placed | None:
    best, best_score = None, -np.inf
    for at, shift, (side_x, side_y) in product(points[4:-4:5], _SHIFTS, _SIDES):
        box = _box(text, at, side_x * shift, side_y * shift)
        label = Placed(text, box, (float(at[0]), float(at[1])), shift > _SHIFTS[0])
        score = _score(label, others, boxes, size) - shift / 12
        if score > best_score:
            best, best_score = label, score
    return best


def _box(text: str, at: Points, dx: float, dy: float) -> Box:
    wide = CHARACTER * len(text)
    left = at[0] + dx if dx > 0 else at[0] + dx - wide
    top = at[1] + dy - LINE_HEIGHT / 2
    return Box(float(left), float(top), float(left + wide), float(top + LINE_HEIGHT))


def _score(label: Placed, lines: Lines, boxes: Sequence[Box], size: tuple[float, float]) -> float:
    """How well a label stands: clear of all lines, away from other labels, its leader crossing no other line."""
    box = label.box
    if box.left < 4 or box.top < 2 or box.right > size[0] - 4 or box.bottom > size[1] - 24:
        return -np.inf
    if any(_overlap(box, other) for other in boxes):
        return -np.inf
    near = sum(_gap(box, other) < CROWDED for other in boxes)
    off_centre = abs((box.left + box.right) / 2 - size[0] / 2) / size[0]
    return min(_clearance(box, lines), CLEAR) - 3 * near - 8 * _is_crossed(label, lines) - 2 * off_centre


def _clearance(box: Box, lines: Lines) -> float:
    points = np.concatenate([points for _, points in lines])
    dx = np.maximum(np.maximum(box.left - points[:, 0], points[:, 0] - box.right), 0)
    dy = np.maximum(np.maximum(box.top - points[:, 1], points[:, 1] - box.bottom), 0)
    return float(np.sqrt(np.min(dx * dx + dy * dy)))


def _is_crossed(label: Placed, lines: Lines) -> bool:
    others = [points for text, points in lines if text != label.text and len(points)]
    if not label.has_leader or not others:
        return False
    way = np.linspace(label.at, label.leader_end, 8)
    return bool(np.min(np.abs(np.concatenate(others)[:, None, :] - way[None, :, :]).max(axis=2)) < 3)


def _gap(one: Box, other: Box) -> float:
    across = max(one.left - other.right, other.left - one.right, 0.0)
    down = max(one.top - other.bottom, other.top - one.bottom, 0.0)
    return max(across, down)


def _overlap(one: Box, other: Box) -> bool:
    apart = 4.0
    return not (
        one.right + apart < other.left
        or other.right + apart < one.left
        or one.bottom + apart < other.top
        or other.bottom + apart < one.top
    )
