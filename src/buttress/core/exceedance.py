"""Reading an annual loss: value at risk, mean of the worst years, exceedance curve.

Conventions: the lattice mass at jh stands for the bucket ((j - 1/2)h, (j + 1/2)h] and is spread evenly over it; bucket
0 ends at h/2 and holds, beside years without loss (an atom at 0), those of small losses. VaR_q is the q-quantile,
TVaR_q the mean of the worst 1 - q of years; P(S > x) is read on the same lines, so that curve and quantiles agree.
Mean, sd and the chance of no loss are closed forms.

A law is held on one lattice or several, each finer and lower than the next: below its top a lattice is right whatever
lies above, so every loss is read on the finest lattice that reaches it. Beyond the highest the far tail of `tails` holds
(approximate). The curve is monotone across all of them.
"""

from dataclasses import dataclass, field

import numpy as np

from buttress.core.severity import Floats
from buttress.core.tails import ComponentTails


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Masses `pmf` (size,) of a law at 0, step, 2 step ..., short of 1 by what lies above; `cumulative` follows."""

    pmf: Floats
    step: float
    cumulative: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cumulative", np.cumsum(self.pmf))

    @property
    def top(self) -> float:
        """Upper edge of the last bucket."""
        return (len(self.pmf) - 0.5) * self.step

    @property
    def chance_above(self) -> float:
        return max(0.0, 1.0 - float(self.cumulative[-1]))

    def chances(self, x: Floats, atom: float) -> Floats:
        """P(S > x) for 0 <= x <= top, given the `atom` at 0; linear within buckets."""
        edges = np.concatenate([[0.0], (np.arange(len(self.pmf)) + 0.5) * self.step])
        return np.asarray(1.0 - np.interp(x, edges, np.concatenate([[atom], self.cumulative])))

    def quantile(self, q: float, atom: float) -> float:
        """The loss that is not exceeded with chance `q` > `atom`; the top where the lattice ends first."""
        bucket = min(int(np.searchsorted(self.cumulative, q)), len(self.pmf) - 1)
        before = float(self.cumulative[bucket - 1]) if bucket else atom
        mass = float(self.cumulative[bucket]) - before
        share = min(max((q - before) / mass, 0.0), 1.0) if mass > 0 else 1.0
        return (bucket - 0.5 + share if bucket else share / 2) * self.step

    def limited_mean(self, x: float) -> float:
        """E[min(S, x)] for x up to the top."""
        points = self.step * np.arange(len(self.pmf))
        return float(np.minimum(points, x) @ self.pmf) + x * self.chance_above


@dataclass(frozen=True, slots=True, eq=False)
class ExceedanceCurve:
    """`probabilities` (n,) of a year above `losses` (n,), losses ascending; both empty where nothing can be lost."""

    losses: Floats
    probabilities: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LossDistribution:
    """Predictive law of an annual loss.

    `lattices` are ordered from the finest to the highest; `mean`, `sd` and `probability_of_none` are closed forms;
    `far_tail` holds the components for losses above the lattices. `floors` are the chances at the tops of the lattices.
    """

    lattices: tuple[Lattice, ...]
    mean: float
    sd: float
    probability_of_none: float
    far_tail: ComponentTails
    floors: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        beyond = min(float(self._tail(np.array(self.top))), 1.0 - self.probability_of_none)
        floors = [max(beyond, self.lattices[-1].chance_above)]
        for lattice, higher in zip(self.lattices[-2::-1], self.lattices[:0:-1], strict=True):
            here = float(higher.chances(np.array(lattice.top), self.probability_of_none))
            floors.insert(0, max(here, lattice.chance_above, floors[0]))
        object.__setattr__(self, "floors", tuple(floors))

    @property
    def top(self) -> float:
        """Upper edge of the highest lattice."""
        return self.lattices[-1].top

    def value_at_risk(self, q: float) -> float:
        """The annual loss that is not exceeded with chance `q`, 0 <= q < 1."""
        return self._located(q)[0]

    def tail_value_at_risk(self, q: float) -> float:
        """Mean annual loss of the worst 1 - q of years: VaR + (E S - E min(S, VaR))/(1 - q), 0 <= q < 1.

        Raises ValueError where VaR lies above the lattices, whose part of E min(S, VaR) is not known there.
        """
        at_risk, lattice = self._located(q)
        if lattice is None:
            raise ValueError(
                f"The worst {1 - q:.3g} of years lies above the lattice, which ends at {self.top:.6g} and is exceeded "
                f"with chance {self.floors[-1]:.3g}; ask for a smaller q than {q}"
            )
        return at_risk + max(0.0, self.mean - lattice.limited_mean(at_risk)) / (1 - q)

    def exceedance(self, x: Floats) -> Floats:
        """P(annual loss > x) for each x, of the shape of `x`."""
        x = np.asarray(x, dtype=float)
        beyond = x >= self.top
        chance = np.zeros(x.shape)
        if beyond.any():
            chance = np.minimum(self._tail(np.where(beyond, x, self.top)), self.floors[-1])
        for lattice, floor in zip(self.lattices[::-1], self.floors[::-1], strict=True):
            # The chance at its top bounds a lattice from below, so that what lies above joins without a step upwards.
            own = np.maximum(lattice.chances(x, self.probability_of_none), floor)
            chance = np.where(x < lattice.top, own, chance)
        return np.where(x < 0, 1.0, chance)

    def curve(self, points: int = 200, smallest_probability: float = 1e-4) -> ExceedanceCurve:
        """The curve at `points` losses evenly spaced on a log scale.

        It ends at `smallest_probability`, or a hundredth of the chance of any loss where that is less, and begins where
        nearly every year with loss lies above, at most four powers of ten lower.
        """
        chance = 1.0 - self.probability_of_none
        end = self.value_at_risk(1.0 - min(smallest_probability, chance / 100)) if chance > 0 and self.mean > 0 else 0.0
        if end <= 0:
            return ExceedanceCurve(np.empty(0), np.empty(0))
        begin = max(end * 1e-4, min(self.lattices[0].step / 2, end / 10), self.value_at_risk(0.01) / 2)
        losses = np.geomspace(begin, end, points)
        return ExceedanceCurve(losses, self.exceedance(losses))

    def _located(self, q: float) -> tuple[float, Lattice | None]:
        """The q-quantile and the lattice it was read on, none beyond the highest."""
        if not 0 <= q < 1:
            raise ValueError(f"Quantile {q} is outside 0 <= q < 1; give a fraction, e.g. 0.95")
        if q <= self.probability_of_none:
            return 0.0, self.lattices[0]
        lowest = 0.0
        for lattice, floor in zip(self.lattices, self.floors, strict=True):
            if 1 - q >= floor:
                return max(lowest, lattice.quantile(q, self.probability_of_none)), lattice
            lowest = lattice.top
        return self._far_quantile(q), None

    def _tail(self, x: Floats) -> Floats:
        return np.minimum(self.far_tail.excess_rate(x - self.mean), 1.0)

    def _far_quantile(self, q: float) -> float:
        """Bisection of the far tail above the lattices."""
        low = high = self.top
        while float(self._tail(np.array(high))) > 1 - q:
            low, high = high, 2 * high
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if float(self._tail(np.array(middle))) > 1 - q else (low, middle)
        return high
