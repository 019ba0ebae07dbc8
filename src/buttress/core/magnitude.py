"""Loss magnitude: what one event costs, primary loss plus a secondary loss that follows only sometimes.

Theory: one event costs X + B Y with primary X, secondary Y and B = 1 with the secondary's probability p, all
independent; its transform is phi_X (1 - p + p phi_Y). Controls on the size of losses scale money, so they keep the
law's form.

Conventions: money of the currency that `exchange_rate` leads to. Exact: laws and moments; quantiles without secondary.
Approximate: quantiles with secondary, by the transform on a lattice of their own (to about 1e-5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log

import numpy as np
from scipy.fft import irfft
from scipy.special import ndtri

from buttress.core.discretisation import Complexes, severity_transforms, tilting
from buttress.core.estimates import (
    Exponential,
    Interval,
    IntervalLaw,
    Level,
    LossEstimate,
    MagnitudeEstimate,
    Pert,
    Point,
    Quantiles,
)
from buttress.core.matrix import ScaleVersion
from buttress.core.severity import BareLaw, Capped, ExponentialLaw, Floats, Lognormal, PertLaw, PointLoss, SeverityLaw

_Z95 = float(ndtri(0.95))
_Z90 = float(ndtri(0.9))
_EVENT_SIZE = 1024


@dataclass(frozen=True, slots=True)
class MagnitudeLaw:
    """Law of one event's loss: `primary`, and `secondary` on top with `secondary_probability` in 0..1.

    >>> law = MagnitudeLaw(PointLoss(100.0), PointLoss(1000.0), 0.25)
    >>> law.mean, law.second_moment
    (350.0, 310000.0)
    """

    primary: SeverityLaw
    secondary: SeverityLaw | None = None
    secondary_probability: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.secondary_probability <= 1:
            raise ValueError(
                f"Probability {self.secondary_probability} of a secondary loss is outside 0..1; give e.g. 0.1"
            )
        if self.secondary is None and self.secondary_probability > 0:
            raise ValueError(
                f"Probability {self.secondary_probability} of a secondary loss stands without the loss; give both"
            )

    @property
    def mean(self) -> float:
        return self.primary.mean + (self.secondary_probability * self.secondary.mean if self.secondary else 0.0)

    @property
    def second_moment(self) -> float:
        if self.secondary is None:
            return self.primary.second_moment
        together = 2 * self.primary.mean * self.secondary.mean + self.secondary.second_moment
        return self.primary.second_moment + self.secondary_probability * together

    @property
    def probability_of_loss(self) -> float:
        """Chance that an event costs anything; below 1 only where the primary loss is a certain 0."""
        if self.primary.mean > 0:
            return 1.0
        return self.secondary_probability if self.secondary is not None and self.secondary.mean > 0 else 0.0

    @property
    def has_secondary(self) -> bool:
        return self.secondary is not None and self.secondary_probability > 0

    def scaled(self, primary_factor: float, secondary_factor: float) -> "MagnitudeLaw":
        """Both losses times their factors; a factor of 0 leaves a certain loss of 0."""
        secondary = self.secondary.scaled(secondary_factor) if self.secondary else None
        return MagnitudeLaw(self.primary.scaled(primary_factor), secondary, self.secondary_probability)

    def quantile(self, q: float) -> float:
        """The loss that one event stays below with chance `q`, 0 <= q < 1 (with a secondary; 1 is allowed without)."""
        if not 0 <= q <= 1:
            raise ValueError(f"Quantile {q} is outside 0..1; give a fraction, e.g. 0.9")
        if self.secondary is None or self.secondary_probability == 0:
            return self.primary.quantile(q)
        # P(X > a) + p P(Y > b) <= 1 - q makes a + b an upper bound; its lattice then holds the quantile.
        half = (1 - q) / 2
        top = self.primary.quantile(1 - half) + self.secondary.quantile(max(0.0, 1 - half / self.secondary_probability))
        if not 0 < top < inf:
            return top
        step = top / (_EVENT_SIZE - 2)
        masses = irfft(magnitude_transforms([self], step, _EVENT_SIZE, _EVENT_SIZE // 2 + 1)[0], _EVENT_SIZE)
        cumulative = np.cumsum(np.maximum(masses / tilting(_EVENT_SIZE), 0.0))
        edges = np.concatenate([[0.0], (np.arange(_EVENT_SIZE) + 0.5) * step])
        return float(np.interp(q, np.concatenate([[0.0], cumulative]), edges))


def magnitude_transforms(magnitudes: Sequence[MagnitudeLaw], steps: float | Floats, size: int, count: int) -> Complexes:
    """Tilted transforms of one event's loss at the first `count` frequencies, (n_magnitudes, count)."""
    primaries = severity_transforms([law.primary for law in magnitudes], steps, size, count)
    return primaries * secondary_factors(magnitudes, steps, size, count)


def secondary_factors(magnitudes: Sequence[MagnitudeLaw], steps: float | Floats, size: int, count: int) -> Complexes:
    """What secondary losses multiply the tilted transforms of the primaries by, 1 without one, (n_magnitudes, count)."""
    factors = np.ones((len(magnitudes), count), dtype=np.complex128)
    rows = [row for row, law in enumerate(magnitudes) if law.has_secondary]
    if rows:
        own_steps = steps[rows] if isinstance(steps, np.ndarray) else steps
        secondaries = [law for row in rows if (law := magnitudes[row].secondary) is not None]
        chances = np.array([magnitudes[row].secondary_probability for row in rows])[:, np.newaxis]
        factors[rows] = (1.0 - chances) + chances * severity_transforms(secondaries, own_steps, size, count)
    return factors


def magnitude_law(
    estimate: MagnitudeEstimate, scale: ScaleVersion | None = None, exchange_rate: float = 1.0
) -> MagnitudeLaw:
    """Working law of an estimate as given, in the currency that `exchange_rate` leads to; levels are read in `scale`.

    The rate is that of the currency the amounts are in: for a `Level`, the scale's. Raises ValueError where no law can be
    had: a level without scale or not on it, an interval of another law than lognormal, a rate not above 0.
    """
    if not 0 < exchange_rate < inf:
        raise ValueError(f"Exchange rate {exchange_rate} is not above 0; give target units for one source unit")
    bare = loss_law(estimate.primary, scale)
    primary: SeverityLaw = bare if estimate.cap is None else Capped(bare, estimate.cap)
    if estimate.secondary is None:
        law = MagnitudeLaw(primary)
    else:
        law = MagnitudeLaw(primary, loss_law(estimate.secondary.magnitude, scale), estimate.secondary.probability)
    return law if exchange_rate == 1.0 else law.scaled(exchange_rate, exchange_rate)


def loss_law(estimate: LossEstimate, scale: ScaleVersion | None = None) -> BareLaw:
    """Working law of one loss, primary or secondary, in the currency of the estimate."""
    match estimate:
        case Interval(low, high, IntervalLaw.LOGNORMAL):
            return Lognormal((log(low) + log(high)) / 2, (log(high) - log(low)) / (2 * _Z95))
        case Interval(low, high, law):
            raise ValueError(f"Interval {low:g} to {high:g} of a loss is marked {law.value}; only lognormal is read")
        case Quantiles(p50, p90):
            return Lognormal(log(p50), log(p90 / p50) / _Z90)
        case Pert(low, likely, high):
            return PertLaw(low, likely, high)
        case Point(value):
            return PointLoss(value)
        case Exponential(mean):
            return ExponentialLaw(mean)
        case Level(level):
            return _law_of_level(level, scale)


def _law_of_level(level: int, scale: ScaleVersion | None) -> Lognormal:
    """Lognormal with its 90th percentile at the band's geometric centre and the scale's stated spread."""
    if scale is None:
        raise ValueError(f"Impact level {level} needs a scale version; name the one that the level was chosen in")
    if not 1 <= level <= len(scale.impact):
        raise ValueError(f"Impact level {level} is not on scale {scale.version!r}; give 1 to {len(scale.impact)}")
    return Lognormal(log(scale.impact[level - 1].centre) - _Z90 * scale.sigma, scale.sigma)
