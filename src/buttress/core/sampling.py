"""What a sample says of its population: the one-sided upper limit of the deviation rate.

The limit for k deviations in n items at a risk of over-reliance beta is the rate u at which k or fewer deviations are
just as likely as beta, P[Bin(n, u) <= k] = beta (Clopper and Pearson 1934; the method of the AICPA Audit Sampling
guide, 2017, appendix A). The tables of auditors round it up to 0.1 %; floats corrupt single cells there, so the rounded
limit is decided in rationals and floats only choose where to look. Populations are taken as large against the sample.
"""

from fractions import Fraction
from math import ceil

from scipy.special import betaincinv

STEPS = 1000
"""Rates are rounded up to a multiple of 1 / STEPS."""


def upper_limit_exact(deviations: int, sample: int, *, risk: float | Fraction) -> float:
    """Upper limit of the deviation rate without rounding: BetaInv(1 - risk; deviations + 1, sample - deviations).

    >>> round(upper_limit_exact(0, 25, risk=0.1), 5), round(upper_limit_exact(1, 25, risk=0.1), 5)
    (0.08799, 0.14687)
    """
    _check(deviations, sample, risk)
    if deviations == sample:
        return 1.0
    return float(betaincinv(deviations + 1, sample - deviations, 1 - float(risk)))


def upper_limit(deviations: int, sample: int, *, risk: Fraction) -> Fraction:
    """Upper limit of the deviation rate, rounded up to 0.1 % and decided exactly; 1 where every item deviates.

    Raises ValueError where `sample` holds no item, `deviations` is not in 0..sample, or `risk` is not between 0 and 1.

    >>> upper_limit(0, 25, risk=Fraction(5, 100)), upper_limit(3, 3, risk=Fraction(1, 10))
    (Fraction(113, 1000), Fraction(1, 1))
    """
    _check(deviations, sample, risk)
    if deviations == sample:
        return Fraction(1)
    steps = ceil(upper_limit_exact(deviations, sample, risk=risk) * STEPS)
    while not _is_limit(deviations, sample, steps, risk):
        steps += 1
    while steps > 0 and _is_limit(deviations, sample, steps - 1, risk):
        steps -= 1
    return Fraction(steps, STEPS)


def _is_limit(deviations: int, sample: int, steps: int, risk: Fraction) -> bool:
    """True where at most `deviations` of `sample` is no likelier than `risk` at the rate steps / STEPS."""
    rest = STEPS - steps
    if rest == 0:
        return True
    # P[Bin <= k] = rest^(n - k) sum_i C(n, i) steps^i rest^(k - i) / STEPS^n in whole numbers, each term from the last.
    term: int = rest**deviations
    ways, others, whole = term, int(rest ** (sample - deviations)), int(STEPS**sample)
    for i in range(deviations):
        term = term * (sample - i) * steps // ((i + 1) * rest)
        ways += term
    return ways * others * risk.denominator <= risk.numerator * whole


def _check(deviations: int, sample: int, risk: float | Fraction) -> None:
    if sample < 1:
        raise ValueError(f"A sample of {sample} items shows nothing; give at least 1")
    if not 0 <= deviations <= sample:
        raise ValueError(f"{deviations} deviations cannot stand in a sample of {sample}")
    if not 0 < risk < 1:
        raise ValueError(f"Risk of over-reliance {risk} is not between 0 and 1; give a fraction, e.g. 0.1")
