"""Simulated years as a cross-check of the transforms; no figure that is shown comes from here.

Conventions: one stream of random numbers for each risk, drawn from its own `SeedSequence`, so that editing one risk
leaves the years of all others as they were. Sampling errors are those of independent years.
"""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from buttress.core.annual_loss import AnnualLoss
from buttress.core.frequency import FrequencyLaw
from buttress.core.magnitude import MagnitudeLaw
from buttress.core.severity import Capped, ExponentialLaw, Floats, Lognormal, PertLaw, PointLoss, SeverityLaw


def stream(seed: int, key: str) -> np.random.SeedSequence:
    """The child of `seed` that belongs to a risk by its `key`, whatever other risks there are."""
    return np.random.SeedSequence(seed, spawn_key=(int.from_bytes(sha256(key.encode()).digest()[:8], "big"),))


def simulated_years(losses: Sequence[AnnualLoss], years: int, streams: Sequence[np.random.SeedSequence]) -> Floats:
    """Total loss of independent years, (years,); `streams` holds one seed for each of `losses`."""
    total = np.zeros(years)
    for loss, seed in zip(losses, streams, strict=True):
        total += _simulated_risk(loss, years, np.random.default_rng(seed))
    return total


def _simulated_risk(loss: AnnualLoss, years: int, draw: np.random.Generator) -> Floats:
    counts = draw.poisson(_drawn_rates(loss.frequency, years, draw))
    events = _drawn_events(loss.magnitude, int(counts.sum()), draw)
    return np.asarray(np.bincount(np.repeat(np.arange(years), counts), weights=events, minlength=years))


def _drawn_rates(law: FrequencyLaw, years: int, draw: np.random.Generator) -> Floats:
    if law.variance == 0:
        return np.full(years, law.mean)
    return draw.gamma(law.shape, law.scale, years)


def _drawn_events(law: MagnitudeLaw, events: int, draw: np.random.Generator) -> Floats:
    amounts = _drawn_losses(law.primary, events, draw)
    if law.secondary is not None:
        follows = draw.random(events) < law.secondary_probability
        amounts[follows] += _drawn_losses(law.secondary, int(follows.sum()), draw)
    return amounts


def _drawn_losses(law: SeverityLaw, events: int, draw: np.random.Generator) -> Floats:
    match law:
        case Lognormal(mu, sigma):
            return draw.lognormal(mu, sigma, events)
        case PertLaw():
            low, width, first, second = law.parameters
            return low + width * draw.beta(first, second, events)
        case ExponentialLaw(mean):
            return draw.exponential(mean, events)
        case PointLoss(value):
            return np.full(events, value)
        case Capped(bare, cap):
            return np.minimum(_drawn_losses(bare, events, draw), cap)
