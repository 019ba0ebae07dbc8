"""The sums of log transforms that stand behind the portfolio's figures: one for each stage and, of the residual, for each
category that the appetite has a curve for. How an edit changes them, and how they are kept as bytes; no Django.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from buttress.core.annual_loss import AnnualLoss
from buttress.core.appetite import Appetite
from buttress.core.portfolio import Grid, Layer, Portfolio, build_portfolio, restored_portfolio
from buttress.core.stages import Stage
from buttress.register.figures.laws import StageLaws

SumName = str
"""A stage, or the residual of one category as `residual:security`."""

Sums = Mapping[SumName, Portfolio]
Layers = Mapping[SumName, tuple[Layer, ...]]

_OF_CATEGORY = f"{Stage.RESIDUAL.value}:"
_COMPLEX = np.dtype("<c16")
_INLINE = 200
"""Up to so many losses a sum is built anew at once where an edit needs other lattices: in some ten milliseconds."""


@dataclass(frozen=True, slots=True)
class Summand:
    """A risk as sums see it: its laws and the categories that it bears on."""

    laws: StageLaws
    categories: frozenset[str]

    def in_sum(self, name: SumName) -> AnnualLoss | None:
        """Its law in a sum, None where it is no part of it."""
        if not name.startswith(_OF_CATEGORY):
            return self.laws.at(Stage(name))
        return self.laws.residual if name.removeprefix(_OF_CATEGORY) in self.categories else None


def sum_names(appetite: Appetite | None) -> tuple[SumName, ...]:
    """The sums that a register with this appetite needs."""
    curves = appetite.category_curves if appetite else ()
    return (*(stage.value for stage in Stage), *(f"{_OF_CATEGORY}{category}" for category, _ in curves))


def sum_of_category(category: str) -> SumName:
    return f"{_OF_CATEGORY}{category}"


def built(names: Iterable[SumName], summands: Iterable[Summand]) -> Sums:
    """Every sum from its laws; one of the same laws in the same order as another is that other."""
    parts = list(summands)
    made: dict[_Objects, Portfolio] = {}
    found = {}
    for name in names:
        losses = _in_sum(name, parts)
        found[name] = made[_objects(losses)] = made.get(_objects(losses)) or build_portfolio(losses)
    return found


def after(sums: Sums, removed: Sequence[Summand], added: Sequence[Summand]) -> Sums | None:
    """The sums less `removed` plus `added`; None where one of them is long and has to be built anew."""
    made: dict[tuple[int, _Objects, _Objects], Portfolio] = {}
    found: dict[SumName, Portfolio] = {}
    for name, portfolio in sums.items():
        less, more = _differing(_in_sum(name, removed), _in_sum(name, added))
        key = (id(portfolio), _objects(less), _objects(more))
        updated = made.get(key) or _updated(portfolio, less, more)
        if updated is None:
            return None
        found[name] = made[key] = updated
    return found


def _updated(portfolio: Portfolio, less: list[AnnualLoss], more: list[AnnualLoss]) -> Portfolio | None:
    updated = portfolio.updated(less, more) if less or more else portfolio
    if updated is None and len(portfolio.losses) + len(more) <= _INLINE:
        return portfolio.requantified(less, more)
    return updated


def caught_up(sums: Sums, removed: Sequence[Summand], added: Sequence[Summand], layers: Layers) -> Sums:
    """The sums less `removed` plus `added`, with the layers that another process made of them."""
    made: dict[tuple[int, _Objects, _Objects, int], Portfolio] = {}
    found = {}
    for name, portfolio in sums.items():
        less, more = _differing(_in_sum(name, removed), _in_sum(name, added))
        key = (id(portfolio), _objects(less), _objects(more), id(layers[name]))
        found[name] = made[key] = made.get(key) or portfolio.caught_up(less, more, layers[name])
    return found


def restored(layers: Layers, summands: Iterable[Summand]) -> Sums:
    """The sums of these laws from their layers, without computing a transform."""
    parts = list(summands)
    made: dict[tuple[_Objects, int], Portfolio] = {}
    found = {}
    for name, own in layers.items():
        losses = _in_sum(name, parts)
        key = (_objects(losses), id(own))
        found[name] = made[key] = made.get(key) or restored_portfolio(losses, own)
    return found


_Objects = tuple[int, ...]


def _objects(losses: Iterable[AnnualLoss]) -> _Objects:
    """By which very objects, in which order, a sum is known; they must be held on to meanwhile."""
    return tuple(map(id, losses))


def _in_sum(name: SumName, summands: Iterable[Summand]) -> list[AnnualLoss]:
    return [law for summand in summands if (law := summand.in_sum(name)) is not None]


def _differing(removed: list[AnnualLoss], added: list[AnnualLoss]) -> tuple[list[AnnualLoss], list[AnnualLoss]]:
    """Both without the very objects that stand in both: what neither comes nor goes costs nothing."""
    old, new = set(map(id, removed)), set(map(id, added))
    return [law for law in removed if id(law) not in new], [law for law in added if id(law) not in old]


def bytes_of(sums: Sums) -> bytes:
    """The layers of all sums: a length, a table in JSON, then the transforms as little-endian complex numbers."""
    table, parts = [], []
    for name, portfolio in sums.items():
        rows = []
        for layer in portfolio.layers:
            rows.append([layer.grid.step, layer.grid.size, len(layer.log_transform)])
            parts.append(layer.log_transform.astype(_COMPLEX, copy=False).tobytes())
        table.append([name, rows])
    head = json.dumps(table, separators=(",", ":")).encode()
    return b"".join([struct.pack("<I", len(head)), head, *parts])


def layers_of(stored: bytes) -> Layers:
    """The layers that `bytes_of` wrote, to the bit; those of equal sums are the very same."""
    (length,) = struct.unpack_from("<I", stored)
    found, start = {}, 4 + length
    made: dict[tuple[str, bytes], tuple[Layer, ...]] = {}
    for name, rows in json.loads(stored[4:start]):
        end = start + sum(count for *_, count in rows) * _COMPLEX.itemsize
        key = (json.dumps(rows), stored[start:end])
        found[name] = made[key] = made.get(key) or tuple(_layers(rows, stored[start:end]))
        start = end
    return found


def _layers(rows: Iterable[tuple[float, int, int]], stored: bytes) -> Iterator[Layer]:
    start = 0
    for step, size, count in rows:
        transform = np.frombuffer(stored, _COMPLEX, count, start).astype(np.complex128)
        yield Layer(Grid(step, size), transform)
        start += count * _COMPLEX.itemsize
