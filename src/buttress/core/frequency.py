"""Laws of the yearly event frequency: Gamma at every stage, with a certain rate as its limit.

Theory: the number of events in a year is Poisson given the rate lambda; lambda itself is uncertain with mean m and
variance v and is worked with as a Gamma of shape m**2/v and rate m/v, so that counts are negative binomial, incidents
update in closed form, and stages differ by their controls and never by arithmetic. Variance 0 is the plain Poisson.

Conventions: events a year; shape and *rate* throughout, `scale` (theta = 1/rate = v/m) where a formula is shorter with
it. Exact: the laws of point, probability, level and Gamma estimates. Approximate: PERT and lognormal estimates keep
their first two moments (at 1,000 risks 0.06 % in VaR; for a single risk up to 2 % at its 99th percentile).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import exp, expm1, inf, isfinite, log, log1p, sqrt

from scipy.special import gammaincinv, ndtri

from buttress.core.estimates import FrequencyEstimate, Interval, IntervalLaw, Level, Pert, Point, YearlyProbability
from buttress.core.matrix import Band, ScaleVersion

_Z95 = float(ndtri(0.95))
_WIDEST_SIGMA = 15.0


@dataclass(frozen=True, slots=True)
class FrequencyLaw:
    """Gamma law of events a year by its mean and variance; variance 0 is a certain rate (Poisson counts).

    Raises ValueError where either is negative or not finite, or where a mean of 0 has a variance.

    >>> law = FrequencyLaw(mean=0.5, variance=0.25)
    >>> law.shape, law.rate, law.scale, round(law.probability_of_none, 6)
    (1.0, 2.0, 0.5, 0.666667)
    """

    mean: float
    variance: float

    def __post_init__(self) -> None:
        if not (isfinite(self.mean) and isfinite(self.variance) and self.mean >= 0 and self.variance >= 0):
            raise ValueError(
                f"Frequency with mean {self.mean} and variance {self.variance} is no law; give finite numbers from 0 up"
            )
        if self.mean == 0 and self.variance > 0:
            raise ValueError(f"Frequency with mean 0 cannot have variance {self.variance}; give variance 0")

    @property
    def shape(self) -> float:
        """Gamma shape mean**2/variance; infinite for a certain rate."""
        return self.mean**2 / self.variance if self.variance > 0 else inf

    @property
    def rate(self) -> float:
        """Gamma rate mean/variance, in years; infinite for a certain rate."""
        return self.mean / self.variance if self.variance > 0 else inf

    @property
    def scale(self) -> float:
        """Gamma scale theta = variance/mean, in events a year; 0 for a certain rate."""
        return self.variance / self.mean if self.variance > 0 else 0.0

    @property
    def log_probability_of_none(self) -> float:
        """Logarithm of the chance of a year without event: -shape * log(1 + theta), or -mean for a certain rate."""
        theta = self.scale
        return -self.mean * (log1p(theta) / theta if theta > 0 else 1.0)

    @property
    def probability_of_none(self) -> float:
        return exp(self.log_probability_of_none)

    def quantile(self, q: float) -> float:
        """The rate that the uncertain frequency stays below with chance `q` in 0..1; the rate itself if certain."""
        if not 0 <= q <= 1:
            raise ValueError(f"Quantile {q} is outside 0..1; give a fraction, e.g. 0.95")
        if self.variance == 0:
            return self.mean
        return float(gammaincinv(self.shape, q)) * self.scale

    def scaled(self, mean_factor: float, second_moment_factor: float) -> "FrequencyLaw":
        """Law of lambda * M for an independent M >= 0 with raw moments E M and E M**2, matched in both moments.

        >>> FrequencyLaw(2.0, 0.5).scaled(0.5, 0.25)
        FrequencyLaw(mean=1.0, variance=0.125)
        """
        if mean_factor < 0 or second_moment_factor < mean_factor**2 * (1 - 1e-9):
            raise ValueError(
                f"Factor with mean {mean_factor} and second moment {second_moment_factor} is no law of a factor; "
                "the mean must be 0 or more and the second moment at least its square"
            )
        mean = self.mean * mean_factor
        # Written as a sum of parts that are never negative: E M**2 Var lambda + (E lambda)**2 Var M.
        spread = max(second_moment_factor - mean_factor**2, 0.0)
        return FrequencyLaw(mean, self.variance * second_moment_factor + self.mean**2 * spread if mean > 0 else 0.0)


def frequency_law(estimate: FrequencyEstimate, scale: ScaleVersion | None = None) -> FrequencyLaw:
    """Working law of an estimate as given; a `Level` is read in `scale`.

    Raises ValueError where no law can be had: a level without scale or not on it, a range too narrow or too wide.
    """
    match estimate:
        case Interval(low, high, IntervalLaw.GAMMA):
            shape = _shape_of_ratio(high / low)
            theta = high / float(gammaincinv(shape, 0.95))
            return FrequencyLaw(shape * theta, shape * theta**2)
        case Interval(low, high):
            return _lognormal_matched(low, high)
        case Pert(low, likely, high):
            mean = (low + 4 * likely + high) / 6
            return FrequencyLaw(mean, (mean - low) * (high - mean) / 7)
        case Point(value):
            return FrequencyLaw(value, 0.0)
        case YearlyProbability(probability):
            return FrequencyLaw(-log1p(-probability), 0.0)
        case Level(level):
            band = _likelihood_band(level, scale)
            return FrequencyLaw(band.centre, band.centre**2 / _shape_of_ratio(band.high / band.low))


def after_incidents(law: FrequencyLaw, incidents: float, years: float) -> FrequencyLaw:
    """Gamma(shape + incidents, rate + years): the law once `incidents` events were seen in `years` of exposure.

    No incident in a long exposure is information too and lowers the mean. A certain rate learns nothing. Both numbers
    may be fractions where old experience is weighted down. Raises ValueError where either is negative.
    """
    if incidents < 0 or years < 0 or (incidents > 0 and years == 0):
        raise ValueError(f"{incidents} incidents in {years} years is no experience; give years of exposure above 0")
    if law.variance == 0:
        return law
    shape, rate = law.shape + incidents, law.rate + years
    return FrequencyLaw(shape / rate, shape / rate**2)


def _lognormal_matched(low: float, high: float) -> FrequencyLaw:
    sigma = log(high / low) / (2 * _Z95)
    if sigma > _WIDEST_SIGMA:
        raise ValueError(f"90 % interval {low:g} to {high:g} of a frequency is too wide; give at most 20 powers of ten")
    mean = sqrt(low) * sqrt(high) * exp(sigma**2 / 2)
    return FrequencyLaw(mean, mean**2 * expm1(sigma**2))


def _likelihood_band(level: int, scale: ScaleVersion | None) -> Band:
    if scale is None:
        raise ValueError(f"Likelihood level {level} needs a scale version; name the one that the level was chosen in")
    if not 1 <= level <= len(scale.likelihood):
        raise ValueError(
            f"Likelihood level {level} is not on scale {scale.version!r}; give 1 to {len(scale.likelihood)}"
        )
    return scale.likelihood[level - 1]


@lru_cache(maxsize=4096)
def _shape_of_ratio(ratio: float) -> float:
    """Gamma shape whose 95th and 5th percentiles stand in `ratio`, to 1e-13 in its logarithm.

    The logarithm of the ratio's logarithm falls almost in a line with the logarithm of the shape, so that false
    position in these coordinates needs a handful of steps; the bracket is kept throughout.
    """
    wanted = log(log(ratio))
    low, high = -3.0, 16.0
    at_low, at_high = _log_log_ratio(low) - wanted, _log_log_ratio(high) - wanted
    if not at_high < 0 < at_low:
        raise ValueError(
            f"A 90 % range whose ends stand in the ratio {ratio:g} has no Gamma law; "
            "give a ratio between 1.002 and 1e20, or a point"
        )
    for _ in range(100):
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        value = _log_log_ratio(middle) - wanted
        if abs(value) < 1e-13 or high - low < 1e-13:
            break
        # Illinois rule: halve the value at the end that stays, or one end would never move.
        if value > 0:
            low, at_low, at_high = middle, value, at_high / 2
        else:
            high, at_high, at_low = middle, value, at_low / 2
    return exp(middle)


def _log_log_ratio(log_shape: float) -> float:
    shape = exp(log_shape)
    return log(log(float(gammaincinv(shape, 0.95)) / float(gammaincinv(shape, 0.05))))
