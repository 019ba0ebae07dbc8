"""First and second moments of quantities that evidence leaves uncertain; independent ones multiply."""

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True, slots=True)
class Moments:
    """First and second raw moment of a quantity that evidence leaves uncertain."""

    mean: float
    second: float

    @property
    def variance(self) -> float:
        return max(self.second - self.mean**2, 0.0)

    @property
    def sd(self) -> float:
        return sqrt(self.variance)

    @property
    def complement(self) -> "Moments":
        """Moments of 1 - x."""
        mean = 1.0 - self.mean
        # The difference loses its digits near 0, where it could fall below the square of the mean.
        return Moments(mean, max(1.0 - 2.0 * self.mean + self.second, mean**2))

    def times(self, other: "Moments") -> "Moments":
        """Moments of the product with an independent quantity."""
        return Moments(self.mean * other.mean, self.second * other.second)


ONE = Moments(1.0, 1.0)


def certain(value: float) -> Moments:
    """Moments of a number that is known."""
    return Moments(value, value * value)
