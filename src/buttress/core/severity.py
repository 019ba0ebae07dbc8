"""Laws of a single loss: lognormal, PERT, exponential, a certain amount, and each of them under a cap.

Theory: the annual loss is computed from limited expected values LEV(d) = E[min(X, d)], whose second differences are a
discretisation that keeps the mean, and from survival functions P(X > x). Both are closed forms here; moments too.

Conventions: money in one currency, amounts of 0 or more. Each formula exists once, over a tuple of parameters that are
either numbers (one law) or columns of shape (n_laws, 1) (many laws of a kind at once, see `discretisation`).
Sources: Klugman, Panjer and Willmot, Loss Models, appendix A; Vose, Risk Analysis (PERT with weight 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, betaln, ndtr, ndtri

Floats: TypeAlias = NDArray[np.float64]
Parameters: TypeAlias = Sequence[float] | Sequence[Floats] | Floats

_GREATEST_MU = 100.0
_WIDEST_SIGMA = 15.0
"""Wider laws overflow in their second moment; 90 % of such a law spans twenty powers of ten."""


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Logarithm of the loss is normal with mean `mu` and standard deviation `sigma` > 0."""

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        if not (isfinite(self.mu) and self.mu <= _GREATEST_MU and 0 < self.sigma <= _WIDEST_SIGMA):
            raise ValueError(
                f"Lognormal loss with median e^{self.mu:g} and sigma {self.sigma:g}: "
                f"give a median up to e^{_GREATEST_MU:g} and a sigma above 0, at most {_WIDEST_SIGMA:g}"
            )

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.mu, self.sigma

    @property
    def mean(self) -> float:
        return exp(self.mu + self.sigma**2 / 2)

    @property
    def second_moment(self) -> float:
        return exp(2 * self.mu + 2 * self.sigma**2)

    @staticmethod
    def limited(parameters: Parameters, d: Floats) -> Floats:
        mu, sigma = parameters
        with np.errstate(divide="ignore"):
            z = np.asarray(np.log(d) - mu)
        # exp(mu + sigma**2/2) Phi(z - sigma) + d Phi(-z), in place: fresh arrays of this size cost a quarter of the time.
        z /= sigma
        below = np.asarray(z - sigma)
        ndtr(below, out=below)
        below *= np.exp(mu + sigma**2 / 2)
        np.negative(z, out=z)
        ndtr(z, out=z)
        z *= d
        below += z
        return below

    @staticmethod
    def exceeding(parameters: Parameters, x: Floats) -> Floats:
        mu, sigma = parameters
        with np.errstate(divide="ignore"):
            return np.asarray(ndtr((mu - np.log(np.maximum(x, 0.0))) / sigma))

    @staticmethod
    def reach(parameters: Parameters) -> Floats:
        mu, sigma = parameters
        return np.exp(mu + sigma * (8.2 + sigma))

    def limited_expected_value(self, d: Floats) -> Floats:
        return self.limited(self.parameters, np.asarray(d, dtype=float))

    def limited_second_moment(self, cap: float) -> float:
        """E[min(X, cap)**2]."""
        z = (log(cap) - self.mu) / self.sigma if cap > 0 else -inf
        return self.second_moment * float(ndtr(z - 2 * self.sigma)) + cap**2 * float(ndtr(-z))

    def survival(self, x: Floats | float) -> Floats:
        return self.exceeding(self.parameters, np.asarray(x, dtype=float))

    def quantile(self, q: float) -> float:
        return exp(self.mu + self.sigma * float(ndtri(q))) if q > 0 else 0.0

    def scaled(self, factor: float) -> "Lognormal | PointLoss":
        return Lognormal(self.mu + log(factor), self.sigma) if _factor(factor) > 0 else PointLoss(0.0)


@dataclass(frozen=True, slots=True)
class PertLaw:
    """Beta law on [low, high] with weight 4 on `likely`; 0 <= low <= likely <= high, low < high."""

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.likely <= self.high < inf or self.low == self.high:
            raise ValueError(
                f"PERT loss {self.low}, {self.likely}, {self.high}: give 0 <= low <= likely <= high, low < high"
            )

    @property
    def parameters(self) -> tuple[float, ...]:
        width = self.high - self.low
        return self.low, width, 1 + 4 * (self.likely - self.low) / width, 1 + 4 * (self.high - self.likely) / width

    @property
    def mean(self) -> float:
        return (self.low + 4 * self.likely + self.high) / 6

    @property
    def second_moment(self) -> float:
        return (self.mean - self.low) * (self.high - self.mean) / 7 + self.mean**2

    @staticmethod
    def limited(parameters: Parameters, d: Floats) -> Floats:
        low, width, first, second = parameters
        u = np.clip((d - low) / width, 0.0, 1.0)
        within = betainc(first, second, u)
        # I_u(first + 1, second) follows from I_u(first, second); computed anew it would cost as much again.
        with np.errstate(divide="ignore"):
            powers = np.exp(first * np.log(u) + second * np.log1p(-u) - betaln(first, second))
        return np.asarray(
            np.minimum(d, low) + width * (first / (first + second) * (within - powers / first) + u * (1.0 - within))
        )

    @staticmethod
    def exceeding(parameters: Parameters, x: Floats) -> Floats:
        low, width, first, second = parameters
        # The mirrored lower tail: the complement as scipy offers it takes fifteen times as long.
        return np.asarray(betainc(second, first, np.clip((low + width - x) / width, 0.0, 1.0)))

    @staticmethod
    def reach(parameters: Parameters) -> Floats:
        return np.asarray(parameters[0] + parameters[1])

    def limited_expected_value(self, d: Floats) -> Floats:
        return self.limited(self.parameters, np.asarray(d, dtype=float))

    def limited_second_moment(self, cap: float) -> float:
        """E[min(X, cap)**2]."""
        low, width, first, second = self.parameters
        u, total = min(max((cap - low) / width, 0.0), 1.0), first + second
        parts = (
            low**2 * betainc(first, second, u),
            2 * low * width * first / total * betainc(first + 1, second, u),
            width**2 * first * (first + 1) / (total * (total + 1)) * betainc(first + 2, second, u),
            cap**2 * betainc(second, first, 1 - u),
        )
        return float(sum(parts))

    def survival(self, x: Floats | float) -> Floats:
        return self.exceeding(self.parameters, np.asarray(x, dtype=float))

    def quantile(self, q: float) -> float:
        low, width, first, second = self.parameters
        return low + width * float(betaincinv(first, second, q))

    def scaled(self, factor: float) -> "PertLaw | PointLoss":
        if _factor(factor) == 0:
            return PointLoss(0.0)
        return PertLaw(self.low * factor, self.likely * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class ExponentialLaw:
    """Exponential law of the given mean > 0."""

    mean: float

    def __post_init__(self) -> None:
        if not 0 < self.mean < inf:
            raise ValueError(f"Exponential loss with mean {self.mean}: give an amount above 0")

    @property
    def parameters(self) -> tuple[float, ...]:
        return (self.mean,)

    @property
    def second_moment(self) -> float:
        return 2 * self.mean**2

    @staticmethod
    def limited(parameters: Parameters, d: Floats) -> Floats:
        (mean,) = parameters
        return np.asarray(-mean * np.expm1(-d / mean))

    @staticmethod
    def exceeding(parameters: Parameters, x: Floats) -> Floats:
        (mean,) = parameters
        return np.exp(-np.maximum(x, 0.0) / mean)

    @staticmethod
    def reach(parameters: Parameters) -> Floats:
        return np.asarray(40.0 * parameters[0])

    def limited_expected_value(self, d: Floats) -> Floats:
        return self.limited(self.parameters, np.asarray(d, dtype=float))

    def limited_second_moment(self, cap: float) -> float:
        """E[min(X, cap)**2]."""
        left = exp(-cap / self.mean)
        return 2 * self.mean**2 * (1 - left) - 2 * self.mean * cap * left

    def survival(self, x: Floats | float) -> Floats:
        return self.exceeding(self.parameters, np.asarray(x, dtype=float))

    def quantile(self, q: float) -> float:
        return -self.mean * float(np.log1p(-q)) if q < 1 else inf

    def scaled(self, factor: float) -> "ExponentialLaw | PointLoss":
        return ExponentialLaw(self.mean * factor) if _factor(factor) > 0 else PointLoss(0.0)


@dataclass(frozen=True, slots=True)
class PointLoss:
    """A certain loss of `value` >= 0."""

    value: float

    def __post_init__(self) -> None:
        if not 0 <= self.value < inf:
            raise ValueError(f"Loss of {self.value}: give an amount of 0 or more")

    @property
    def parameters(self) -> tuple[float, ...]:
        return (self.value,)

    @property
    def mean(self) -> float:
        return self.value

    @property
    def second_moment(self) -> float:
        return self.value**2

    @staticmethod
    def limited(parameters: Parameters, d: Floats) -> Floats:
        return np.asarray(np.minimum(d, parameters[0]))

    @staticmethod
    def exceeding(parameters: Parameters, x: Floats) -> Floats:
        return np.asarray(np.asarray(parameters[0]) > x, dtype=float)

    @staticmethod
    def reach(parameters: Parameters) -> Floats:
        return np.asarray(parameters[0])

    def limited_expected_value(self, d: Floats) -> Floats:
        return self.limited(self.parameters, np.asarray(d, dtype=float))

    def limited_second_moment(self, cap: float) -> float:
        """E[min(X, cap)**2]."""
        return min(self.value, cap) ** 2

    def survival(self, x: Floats | float) -> Floats:
        return self.exceeding(self.parameters, np.asarray(x, dtype=float))

    def quantile(self, q: float) -> float:
        return self.value

    def scaled(self, factor: float) -> "PointLoss":
        return PointLoss(self.value * _factor(factor))


BareLaw: TypeAlias = Lognormal | PertLaw | ExponentialLaw | PointLoss
"""A law without a cap."""


@dataclass(frozen=True, slots=True)
class Capped:
    """Loss of `law`, but never more than `cap` > 0: min(X, cap)."""

    law: BareLaw
    cap: float

    def __post_init__(self) -> None:
        if not 0 < self.cap < inf:
            raise ValueError(f"Cap of {self.cap} on a loss: give an amount above 0")

    @property
    def mean(self) -> float:
        return float(self.law.limited_expected_value(np.array(self.cap)))

    @property
    def second_moment(self) -> float:
        return self.law.limited_second_moment(self.cap)

    def limited_expected_value(self, d: Floats) -> Floats:
        return self.law.limited_expected_value(np.minimum(d, self.cap))

    def limited_second_moment(self, cap: float) -> float:
        """E[min(X, cap)**2]."""
        return self.law.limited_second_moment(min(cap, self.cap))

    def survival(self, x: Floats | float) -> Floats:
        return np.where(np.asarray(x) < self.cap, self.law.survival(x), 0.0)

    def quantile(self, q: float) -> float:
        return min(self.law.quantile(q), self.cap)

    def scaled(self, factor: float) -> "Capped | PointLoss":
        return Capped(self.law.scaled(factor), self.cap * factor) if _factor(factor) > 0 else PointLoss(0.0)


SeverityLaw: TypeAlias = BareLaw | Capped
"""Law of one loss: `mean`, `second_moment`, `limited_expected_value`, `survival`, `quantile`, `scaled`."""


def _factor(factor: float) -> float:
    if not 0 <= factor < inf:
        raise ValueError(f"Factor {factor} on a loss: give a number of 0 or more")
    return factor
