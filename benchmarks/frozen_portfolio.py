"""The portfolio that the benches measure: a seeded draw of risks as registers hold them.

Frequency: PERT(m/3, m, 4m) (70 %) or a lognormal 90 % interval [m/4, 4m], m log-uniform from 0.01 to 2 a year. Loss of
one event: lognormal 90 % interval (70 %) or PERT, median 10**4 to 10**6.3, high/low 10 to 316; 30 % have a secondary loss
with probability 0.05 to 0.4, its median three times the primary's, high/low 10 to 100. Up to four controls stop 10 to
80 % each, of the frequency (60 %) or of the magnitude.
"""

from math import sqrt

import numpy as np

from buttress.core.annual_loss import AnnualLoss
from buttress.core.estimates import FrequencyEstimate, Interval, LossEstimate, MagnitudeEstimate, Pert, SecondaryLoss
from buttress.core.frequency import frequency_law
from buttress.core.magnitude import magnitude_law

SEED = 20_250_601


def frozen_portfolio(n_risks: int, seed: int = SEED) -> list[AnnualLoss]:
    """The first `n_risks` annual losses of the draw, money in one currency."""
    return [_drawn_risk(np.random.default_rng(child)) for child in np.random.SeedSequence(seed).spawn(n_risks)]


def _drawn_risk(draw: np.random.Generator) -> AnnualLoss:
    rate = 10 ** draw.uniform(-2, np.log10(2))
    median = 10 ** draw.uniform(4, 6.3)
    frequency: FrequencyEstimate = Interval(rate / 4, 4 * rate)
    if draw.random() < 0.7:
        frequency = Pert(rate / 3, rate, 4 * rate)
    spread = _interval(median, 10 ** draw.uniform(1, 2.5))
    primary: LossEstimate = spread
    if draw.random() < 0.3:
        primary = Pert(spread.low, median, spread.high)
    secondary = None
    if draw.random() < 0.3:
        secondary = SecondaryLoss(draw.uniform(0.05, 0.4), _interval(3 * median, 10 ** draw.uniform(1, 2)))
    frequency_share, magnitude_share = 1.0, 1.0
    for _ in range(draw.integers(0, 5)):
        let_through = 1 - draw.uniform(0.1, 0.8)
        if draw.random() < 0.6:
            frequency_share *= let_through
        else:
            magnitude_share *= let_through
    return AnnualLoss(
        frequency_law(frequency).scaled(frequency_share, frequency_share**2),
        magnitude_law(MagnitudeEstimate(primary, secondary)).scaled(magnitude_share, magnitude_share),
    )


def _interval(median: float, ratio: float) -> Interval:
    return Interval(median / sqrt(ratio), median * sqrt(ratio))
