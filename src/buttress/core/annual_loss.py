"""Annual loss of one risk: how often times how much, as a compound law with an uncertain frequency.

Theory: S = X_1 + ... + X_N with N Poisson given lambda and lambda Gamma (shape a, scale theta). With phi the transform
of one event's loss, log Phi = -a log(1 - theta (phi - 1)), in the limit of a certain rate lambda (phi - 1). The
uncertain frequency is integrated: a figure of this law is predictive, not conditional on a guess of the rate.

Conventions: one year; money of one currency. Exact: moments and the chance of a year without loss, always taken from
closed forms and never from a lattice. Approximate: masses on a lattice (see `discretisation`).
Source: Klugman, Panjer and Willmot, Loss Models, chapters 7 and 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from scipy.fft import irfft, rfft

from buttress.core.discretisation import Complexes, Grid, tilting
from buttress.core.frequency import FrequencyLaw
from buttress.core.magnitude import MagnitudeLaw, magnitude_transforms
from buttress.core.severity import Floats

_BLOCK = 128


@dataclass(frozen=True, slots=True)
class AnnualLoss:
    """One risk at one stage: its yearly frequency and the loss of one event.

    >>> from buttress.core.severity import ExponentialLaw
    >>> loss = AnnualLoss(FrequencyLaw(0.5, 0.25), MagnitudeLaw(ExponentialLaw(1e5)))
    >>> loss.mean, round(loss.sd), round(loss.probability_of_none, 4)
    (50000.0, 111803, 0.6667)
    """

    frequency: FrequencyLaw
    magnitude: MagnitudeLaw

    @property
    def mean(self) -> float:
        return self.frequency.mean * self.magnitude.mean

    @property
    def variance(self) -> float:
        """E lambda * E X**2 + Var lambda * (E X)**2."""
        return self.frequency.mean * self.magnitude.second_moment + self.frequency.variance * self.magnitude.mean**2

    @property
    def sd(self) -> float:
        return sqrt(self.variance)

    @property
    def probability_of_one(self) -> float:
        """Chance of a year with exactly one event."""
        return self.frequency.probability_of_none * self.frequency.mean / (1 + self.frequency.scale)

    @property
    def log_probability_of_none(self) -> float:
        share = self.magnitude.probability_of_loss
        frequency = self.frequency if share == 1 else self.frequency.scaled(share, share**2)
        return frequency.log_probability_of_none

    @property
    def probability_of_none(self) -> float:
        """Chance of a year without loss: no event, or only events that cost nothing."""
        return exp(self.log_probability_of_none)

    def mean_range(self, low: float = 0.05, high: float = 0.95) -> tuple[float, float]:
        """Yearly means at these quantiles of the uncertain frequency: what is not known, not what may happen."""
        mean = self.magnitude.mean
        return self.frequency.quantile(low) * mean, self.frequency.quantile(high) * mean

    def log_transform(self, grid: Grid, count: int | None = None) -> Complexes:
        """Logarithm of the tilted transform on `grid` at the first `count` frequencies (default all), (count,)."""
        return np.asarray(log_transforms([self], grid.step, grid.size, count or grid.frequencies)[0])


def log_transforms(losses: Sequence[AnnualLoss], steps: float | Floats, size: int, count: int) -> Complexes:
    """Logarithms of the tilted transforms of annual losses at the first `count` frequencies, (n_losses, count).

    `steps` is one number or a column (n_losses, 1). Give a block of risks at a time (`blocks`): it takes about
    40 * size bytes a row.
    """
    return log_compound(losses, magnitude_transforms([loss.magnitude for loss in losses], steps, size, count))


def log_compound(losses: Sequence[AnnualLoss], transforms: Complexes) -> Complexes:
    """Logarithms of the transforms of annual losses from those of one event's loss, (n_losses, count)."""
    means = np.array([loss.frequency.mean for loss in losses])[:, np.newaxis]
    scales = np.array([loss.frequency.scale for loss in losses])[:, np.newaxis]
    return _log_compound(means, scales, transforms)


def blocks(losses: Sequence[AnnualLoss]) -> list[Sequence[AnnualLoss]]:
    """The losses in slices that keep memory small."""
    return [losses[start : start + _BLOCK] for start in range(0, len(losses), _BLOCK)]


def compound_pmf(frequency: FrequencyLaw, severity: Floats) -> Floats:
    """Masses of the annual loss from the masses of one event's loss on the same lattice, (size,), size even.

    What lies above the lattice is left off.
    """
    size = len(severity)
    tilt = tilting(size)
    log_transform = _log_compound(
        np.array(frequency.mean), np.array(frequency.scale), np.asarray(rfft(severity * tilt))
    )
    return masses_of_transform(np.exp(log_transform), size)


def masses_of_transform(transform: Complexes, size: int) -> Floats:
    """Masses on a lattice from a tilted transform, row by row; missing frequencies count as 0.

    The tilt is taken out again and rounding noise below 0 cut off.
    """
    masses = np.asarray(irfft(transform, size))
    masses /= tilting(size)
    return np.maximum(masses, 0.0, out=masses)


def _log_compound(means: Floats, scales: Floats, transforms: Complexes) -> Complexes:
    """log Phi = -(m/theta) log(1 + theta (1 - phi)), and its limit -m (1 - phi).

    The complex logarithm is written out in real functions: twice as fast, and without cancellation for small theta.
    """
    gaps = 1.0 - transforms
    certain = scales == 0
    factors = -means / np.where(certain, 1.0, scales)
    real, imaginary = scales * gaps.real, scales * gaps.imag
    logarithm = np.empty_like(gaps)
    logarithm.real = factors * 0.5 * np.log1p(real * (2.0 + real) + imaginary * imaginary)
    logarithm.imag = factors * np.arctan(imaginary / (1.0 + real))
    return np.where(certain, -means * gaps, logarithm) if certain.any() else logarithm
