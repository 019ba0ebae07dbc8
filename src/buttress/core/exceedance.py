"""Reading an annual loss: value at risk, mean of the worst years, exceedance curve.

Conventions: the lattice mass at jh stands for the bucket ((j - 1/2)h, (j + 1/2)h] and is spread evenly over it; bucket
0 ends at h/2 and holds, beside years without event (an atom at 0), those of small losses. VaR_q is the q-quantile,
TVaR_q the mean of the worst 1 - q of years; P(S > x) is read on the same lines, so that curve and quantiles agree.
Mean, sd and the chance of no event are closed forms. Beyond the lattice the far tail of `tails` holds (approximate);
the curve is monotone.
"""

from dataclasses import dataclass, field

import numpy as np

from buttress.core.severity import Floats
from buttress.core.tails import ComponentTails


@dataclass(frozen=True, slots=True, eq=False)
class ExceedanceCurve:
    """`probabilities` (n,) of a year above `losses` (n,), losses ascending; both empty where nothing can be lost."""

    losses: Floats
    probabilities: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LossDistribution:
    """Predictive law of an annual loss.

    `pmf` (size,) are masses at 0, step, 2 step ..., short of 1 by what lies above; `mean`, `sd` and
    `probability_of_none` are closed forms; `far_tail` holds the components for losses above the lattice.
    `cumulative` (size,) and `chance_above_top` follow from them.
    """

    pmf: Floats
    step: float
    mean: float
    sd: float
    probability_of_none: float
    far_tail: ComponentTails
    cumulative: Floats = field(init=False, repr=False)
    chance_above_top: float = field(init=False)

    def __post_init__(self) -> None:
        cumulative = np.cumsum(self.pmf)
        object.__setattr__(self, "cumulative", cumulative)
        chance = min(float(self._tail(np.array(self.top))), 1.0 - self.probability_of_none)
        object.__setattr__(self, "chance_above_top", max(chance, 1.0 - float(cumulative[-1])))

    @property
    def top(self) -> float:
        """Upper edge of the last bucket."""
        return (len(self.pmf) - 0.5) * self.step

    def value_at_risk(self, q: float) -> float:
        """The annual loss that is not exceeded with chance `q`, 0 <= q < 1."""
        if not 0 <= q < 1:
            raise ValueError(f"Quantile {q} is outside 0 <= q < 1; give a fraction, e.g. 0.95")
        if q <= self.probability_of_none:
            return 0.0
        if 1 - q < self.chance_above_top:
            return self._far_quantile(q)
        bucket = min(int(np.searchsorted(self.cumulative, q)), len(self.pmf) - 1)
        before = float(self.cumulative[bucket - 1]) if bucket else self.probability_of_none
        mass = float(self.cumulative[bucket]) - before
        share = min(max((q - before) / mass, 0.0), 1.0) if mass > 0 else 1.0
        return (bucket - 0.5 + share if bucket else share / 2) * self.step

    def tail_value_at_risk(self, q: float) -> float:
        """Mean annual loss of the worst 1 - q of years: VaR + (E S - E min(S, VaR))/(1 - q), 0 <= q < 1.

        Raises ValueError where VaR lies above the lattice, whose part of E min(S, VaR) is not known there.
        """
        at_risk = self.value_at_risk(q)
        if at_risk > self.top:
            raise ValueError(
                f"The worst {1 - q:.3g} of years lies above the lattice, which ends at {self.top:.6g} and is exceeded "
                f"with chance {self.chance_above_top:.3g}; ask for a smaller q than {q}"
            )
        lattice = self.step * np.arange(len(self.pmf))
        above = max(0.0, 1.0 - float(self.cumulative[-1]))
        below = float(np.minimum(lattice, at_risk) @ self.pmf) + at_risk * above
        return at_risk + max(0.0, self.mean - below) / (1 - q)

    def exceedance(self, x: Floats) -> Floats:
        """P(annual loss > x) for each x, of the shape of `x`."""
        x = np.asarray(x, dtype=float)
        edges = np.concatenate([[0.0], (np.arange(len(self.pmf)) + 0.5) * self.step])
        reached = np.concatenate([[self.probability_of_none], self.cumulative])
        # The chance above the top bounds the lattice part from below, so that the far tail joins without a step upwards.
        chance = np.maximum(1.0 - np.interp(x, edges, reached), self.chance_above_top)
        beyond = x >= self.top
        if beyond.any():
            chance = np.where(beyond, np.minimum(self._tail(np.where(beyond, x, self.top)), chance), chance)
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
        begin = max(end * 1e-4, min(self.step / 2, end / 10), self.value_at_risk(0.01) / 2)
        losses = np.geomspace(begin, end, points)
        return ExceedanceCurve(losses, self.exceedance(losses))

    def _tail(self, x: Floats) -> Floats:
        return np.minimum(self.far_tail.excess_rate(x - self.mean), 1.0)

    def _far_quantile(self, q: float) -> float:
        """Bisection of the far tail above the lattice."""
        low = high = self.top
        while float(self._tail(np.array(high))) > 1 - q:
            low, high = high, 2 * high
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if float(self._tail(np.array(middle))) > 1 - q else (low, middle)
        return high
