from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.sampling import upper_limit, upper_limit_exact

FIVE, TEN = Fraction(5, 100), Fraction(10, 100)

# Risk of over-reliance, sample, deviations, upper limit in per cent (AICPA Audit Sampling guide 2017, appendix A).
TABLE = [
    (FIVE, 25, 0, "11.3"),
    (FIVE, 25, 1, "17.7"),
    (FIVE, 25, 2, "23.2"),
    (FIVE, 45, 0, "6.5"),
    (FIVE, 60, 1, "7.7"),
    (FIVE, 100, 2, "6.2"),
    (FIVE, 20, 10, "69.9"),
    (TEN, 25, 0, "8.8"),
    (TEN, 25, 1, "14.7"),
    (TEN, 45, 1, "8.4"),
    (TEN, 60, 1, "6.4"),
    (TEN, 20, 10, "66.2"),
    # Customary sizes at no deviation.
    (TEN, 1, 0, "90.0"),
    (TEN, 2, 0, "68.4"),
    (TEN, 10, 0, "20.6"),
    (TEN, 45, 0, "5.0"),
    (TEN, 60, 0, "3.8"),
]


@pytest.mark.parametrize(("risk", "sample", "deviations", "percent"), TABLE)
def test_upper_limit_as_auditors_print_it(risk: Fraction, sample: int, deviations: int, percent: str) -> None:
    assert upper_limit(deviations, sample, risk=risk) == Fraction(percent) / 100


@pytest.mark.parametrize(
    ("deviations", "sample", "risk", "percent"),
    [(0, 25, 0.1, 8.799), (0, 25, 0.05, 11.293), (0, 60, 0.05, 4.870), (1, 25, 0.1, 14.687)],
)
def test_exact_limit_of_clopper_and_pearson(deviations: int, sample: int, risk: float, percent: float) -> None:
    assert 100 * upper_limit_exact(deviations, sample, risk=risk) == pytest.approx(percent, abs=0.001)


def test_no_deviation_has_a_closed_form() -> None:
    assert upper_limit_exact(0, 40, risk=0.1) == pytest.approx(1 - 0.1 ** (1 / 40), rel=1e-12)


def probability(deviations: int, sample: int, rate: Fraction) -> Fraction:
    terms = (comb(sample, i) * rate**i * (1 - rate) ** (sample - i) for i in range(deviations + 1))
    return sum(terms, Fraction(0))


samples = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(samples, st.integers(1, 99))
@settings(max_examples=60, deadline=None)
def test_the_rounded_limit_is_the_smallest_step_no_likelier_than_the_risk(taken: tuple[int, int], percent: int) -> None:
    deviations, sample = taken
    risk = Fraction(percent, 100)
    limit = upper_limit(deviations, sample, risk=risk)
    if deviations == sample:
        assert limit == 1
        return
    assert probability(deviations, sample, limit) <= risk
    assert probability(deviations, sample, limit - Fraction(1, 1000)) > risk


@pytest.mark.parametrize("sample", [1, 2, 4])
def test_a_limit_that_lies_on_a_step_is_not_rounded_further(sample: int) -> None:
    """No deviation at a risk of (1 - u)^n has the limit u exactly; in floats many of these come out a step too high."""
    for steps in range(1, 1000, 37):
        limit = Fraction(steps, 1000)
        assert upper_limit(0, sample, risk=(1 - limit) ** sample) == limit


@pytest.mark.parametrize(
    ("deviations", "sample", "risk"), [(0, 0, 0.1), (-1, 5, 0.1), (6, 5, 0.1), (1, 5, 0), (1, 5, 1)]
)
def test_what_is_no_sample_is_refused(deviations: int, sample: int, risk: float) -> None:
    with pytest.raises(ValueError, match=r"sample|Risk"):
        upper_limit(deviations, sample, risk=Fraction(risk))
    with pytest.raises(ValueError, match=r"sample|Risk"):
        upper_limit_exact(deviations, sample, risk=risk)
