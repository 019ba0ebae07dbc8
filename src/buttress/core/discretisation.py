"""Single-loss laws on a lattice of money, many at once, and their tilted transforms.

Theory: on a lattice of step h a law becomes p_0 = 1 - LEV(h)/h and p_j = (2 LEV(jh) - LEV((j-1)h) - LEV((j+1)h))/h,
which keeps its mean and adds variance of order h**2, so that errors fall by four when h halves. Rounding to the nearest
bucket instead would lose small losses beside large ones. Mass above the lattice is left off: those years lie above its
top. Before a transform the masses are tilted by exp(-TILT * j/size), which keeps the wrap-around of the discrete
transform below exp(-TILT) of what lies above the top.
Source: Gerber 1982 (mean-preserving discretisation); Gruebel and Hermesmeier 1999 (tilting).

Conventions: `steps` is one number for all laws or a column (n_laws, 1); rows are laws in the order given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from buttress.core.severity import BareLaw, Capped, Floats, SeverityLaw

Complexes: TypeAlias = NDArray[np.complex128]
Integers: TypeAlias = NDArray[np.intp]

TILT = 12.0
"""Wrap-around shrinks by exp(-12), to 3e-10 where 5e-5 lies above the top; rounding noise grows by exp(12) at the top.
At 20, often used, that noise would cost a thousandth of the tail's chance."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Lattice of `size` buckets of width `step` (money) around 0, step, 2 step ...; `size` is even."""

    step: float
    size: int

    def __post_init__(self) -> None:
        if not 0 < self.step < inf or self.size < 2 or self.size % 2:
            raise ValueError(f"Grid of {self.size} steps of {self.step}: give a step above 0 and an even size")

    @property
    def top(self) -> float:
        """Upper edge of the last bucket."""
        return (self.size - 0.5) * self.step

    @property
    def frequencies(self) -> int:
        """Number of frequencies of a real transform on this lattice."""
        return self.size // 2 + 1


@dataclass(frozen=True, slots=True, eq=False)
class LawColumns:
    """Laws of one kind as columns: `parameters` (n_parameters, n_laws, 1), `caps` (n_laws, 1; inf for none), and `rows`
    (n_laws,), the places of these laws in the sequence they were taken from."""

    kind: type[BareLaw]
    parameters: Floats
    caps: Floats
    rows: Integers

    def limited(self, d: Floats) -> Floats:
        """E[min(X, d)] of each law at each d; d broadcasts against (n_laws, 1)."""
        return self.kind.limited(self.parameters, np.minimum(d, self.caps) if np.isfinite(self.caps).any() else d)

    def survival(self, x: Floats) -> Floats:
        """P(X > x) of each law; x broadcasts against (n_laws, 1)."""
        return np.where(x < self.caps, self.kind.exceeding(self.parameters, x), 0.0)

    def reach(self) -> Floats:
        """Losses beyond which no mass of a double's precision lies, (n_laws, 1)."""
        return np.minimum(self.kind.reach(self.parameters), self.caps)


def law_columns(laws: Sequence[SeverityLaw]) -> list[LawColumns]:
    """The laws grouped by kind, kinds in order of first appearance."""
    groups: dict[type[BareLaw], list[tuple[int, tuple[float, ...], float]]] = {}
    for row, law in enumerate(laws):
        bare, cap = (law.law, law.cap) if isinstance(law, Capped) else (law, inf)
        groups.setdefault(type(bare), []).append((row, bare.parameters, cap))
    return [
        LawColumns(
            kind,
            np.array([parameters for _, parameters, _ in group]).T[:, :, np.newaxis],
            np.array([cap for *_, cap in group])[:, np.newaxis],
            np.array([row for row, *_ in group], dtype=np.intp),
        )
        for kind, group in groups.items()
    ]


def lattice_pmf(law: SeverityLaw, grid: Grid) -> Floats:
    """Masses of one law at 0, step, 2 step ..., (size,)."""
    (columns,) = law_columns([law])
    masses = np.zeros(grid.size)
    rows = _masses(columns, grid.step, grid.size)
    masses[: rows.shape[1]] = rows[0]
    return masses


def severity_transforms(laws: Sequence[SeverityLaw], steps: float | Floats, size: int, count: int) -> Complexes:
    """Tilted transforms of the laws at the first `count` frequencies, (n_laws, count)."""
    transforms = np.empty((len(laws), count), dtype=np.complex128)
    tilt = tilting(size)
    for columns in law_columns(laws):
        own_steps = steps[columns.rows] if isinstance(steps, np.ndarray) else steps
        masses = _masses(columns, own_steps, size)
        masses *= tilt[: masses.shape[1]]
        transforms[columns.rows] = rfft(masses, size)[:, :count]
    return transforms


def tilting(size: int) -> Floats:
    """exp(-TILT * j/size), (size,)."""
    return np.asarray(np.exp(-TILT / size * np.arange(size)))


def _masses(columns: LawColumns, steps: float | Floats, size: int) -> Floats:
    """Masses of the laws on their lattices, cut where the widest of them ends, (n_laws, width <= size)."""
    width = min(size, int(np.max(columns.reach() / steps)) + 2)
    limited = columns.limited(np.asarray(steps * np.arange(width + 1)))
    masses = np.empty((len(columns.rows), width))
    masses[:, :1] = 1.0 - limited[:, 1:2] / steps
    masses[:, 1:] = (2.0 * limited[:, 1:-1] - limited[:, :-2] - limited[:, 2:]) / steps
    # Differences of nearly equal numbers leave noise of either sign where no mass is.
    return np.maximum(masses, 0.0, out=masses)
