"""The law of one risk on its way between two snapshots, while some of the causes that moved it have taken effect.

Causes that act on a factor multiply it by their own ratio, on the side where they act: frequency, primary loss, secondary
loss. The relative spread of the frequency goes from the old to the new law along with them. A changed link or estimate
counts as a whole: before it the way starts at the old law, after it the way leads to the new one. Exact at both ends.
"""

from collections.abc import Set
from dataclasses import dataclass
from math import exp

from buttress.core.annual_loss import AnnualLoss
from buttress.core.control_causes import CauseKey, CauseKind
from buttress.core.frequency import FrequencyLaw

SideLogs = tuple[float, float, float]
"""Log ratios by which a cause multiplies frequency, primary and secondary loss."""

_WHOLE = (CauseKind.EFFECT_CHANGED, CauseKind.ESTIMATE_CHANGED)


@dataclass(frozen=True, slots=True)
class Route:
    """From `first` over `moved`, the old estimate with the controls of today, to `last`; `logs` by cause lead to `moved`."""

    first: AnnualLoss
    moved: AnnualLoss
    last: AnnualLoss
    logs: dict[CauseKey, SideLogs]

    def law(self, done: Set[CauseKey], causes: Set[CauseKey]) -> AnnualLoss:
        """The law once those of `causes` that are in `done` have taken effect."""
        if done >= causes:
            return self.last
        whole = {key for key in causes if key.kind in _WHOLE}
        reached = self._share_reached(done)
        if whole and whole <= done:
            rest = self._sums(set(self.logs) - done)
            spread = _spread(self.last) + (1 - reached) * (_spread(self.first) - _spread(self.moved))
            return _scaled(self.last, (-rest[0], -rest[1], -rest[2]), spread)
        spread = _spread(self.first) + reached * (_spread(self.moved) - _spread(self.first))
        return _scaled(self.first, self._sums(set(self.logs) & done), spread)

    def _sums(self, keys: Set[CauseKey]) -> SideLogs:
        # In one order, so that equal input gives equal output to the last digit.
        chosen = [self.logs[key] for key in sorted(keys)]
        return sum(c[0] for c in chosen), sum(c[1] for c in chosen), sum(c[2] for c in chosen)

    def _share_reached(self, done: Set[CauseKey]) -> float:
        """How far the causes that act on frequency have taken effect, 0..1."""
        sizes = {key: abs(logs[0]) for key, logs in self.logs.items()}
        total = sum(sizes.values())
        return sum(size for key, size in sizes.items() if key in done) / total if total else 0.0


def _spread(law: AnnualLoss) -> float:
    """Variance of the frequency over the square of its mean."""
    return law.frequency.variance / law.frequency.mean**2 if law.frequency.mean else 0.0


def _scaled(law: AnnualLoss, logs: SideLogs, spread: float) -> AnnualLoss:
    mean = law.frequency.mean * exp(logs[0])
    return AnnualLoss(FrequencyLaw(mean, max(spread, 0.0) * mean**2), law.magnitude.scaled(exp(logs[1]), exp(logs[2])))
