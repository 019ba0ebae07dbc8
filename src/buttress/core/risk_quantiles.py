"""Quantiles of every single risk's annual loss, each on a lattice of its own.

The lattice of the portfolio is too coarse for a small risk. Here each risk's top is the smallest x with its own
lambda P(X > x - E S) < 1e-4, raised by 4 sd or doubled, whichever is less, and further while too many years lie above.

The commonest bad year of a single risk has one event without secondary loss. That part of the law, P(N = 1)(1 - p) F(x),
is a closed form and taken as such; only the rest lies on the lattice. Quantiles that are small beside the top, as those
just above the chance of no loss, are right because of it. A quantile of fewer than 32 steps is read again on a lattice
with a sixteenth of the step (below its top a lattice is right whatever lies above). With 1,024 buckets the error is
below 0.1 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from buttress.core.annual_loss import AnnualLoss, blocks, log_compound, masses_of_transform
from buttress.core.discretisation import LawColumns, law_columns, severity_transforms
from buttress.core.magnitude import secondary_factors
from buttress.core.severity import Floats
from buttress.core.tails import WeightedLaws, weighted_laws

_TOP_RATE = 1e-4
_BISECTIONS = 40
_LEAST_STEPS = 32
_REFINEMENT = 16
_REFINEMENTS = 4
_MOST_ABOVE = 1e-4
"""Most years of a risk that may lie above its lattice: what the rule gives where one single loss makes a bad year."""
_RAISE = 1.5


def risk_quantiles(
    losses: Sequence[AnnualLoss], quantiles: Sequence[float] = (0.5, 0.9, 0.95, 0.99, 0.999), size: int = 1024
) -> Floats:
    """Quantiles of the annual loss of each risk, (n_losses, n_quantiles); quantiles lie in 0 <= q <= 0.9999.

    A risk that cannot occur, and a quantile within the chance of no event, give 0.
    """
    for q in quantiles:
        if not 0 <= q <= 1 - _TOP_RATE:
            raise ValueError(f"Quantile {q} of a single risk is outside 0..{1 - _TOP_RATE}; give e.g. 0.95")
    figures = [_quantiles_of_block(block, np.array(quantiles), size) for block in blocks(losses)]
    return np.concatenate([np.zeros((0, len(quantiles))), *figures])


def _quantiles_of_block(losses: Sequence[AnnualLoss], q: Floats, size: int) -> Floats:
    tops, figures = _on_high_enough_lattices(losses, q, size)
    for _ in range(_REFINEMENTS):
        coarse = (figures > 0) & (figures < (_LEAST_STEPS * tops / size)[:, np.newaxis])
        rows = np.flatnonzero(coarse.any(axis=1)).tolist()
        if not rows:
            break
        tops[rows] /= _REFINEMENT
        finer = _law_of_block([losses[row] for row in rows], tops[rows], size).quantiles(q)
        # Near its top the finer lattice only tells that the quantile lies higher.
        figures[rows] = np.where(coarse[rows] & (finer < 0.9 * tops[rows][:, np.newaxis]), finer, figures[rows])
    return figures


def _on_high_enough_lattices(losses: Sequence[AnnualLoss], q: Floats, size: int) -> tuple[Floats, Floats]:
    """Tops (n_risks,) and quantiles (n_risks, n_q): the tops of the rule, raised while too many years lie above them.

    The rule looks at single losses; of a frequent or capped risk several together pass it.
    """
    tops = _tops(losses)
    law = _law_of_block(losses, tops, size)
    figures, rows = law.quantiles(q), np.flatnonzero(law.chances_above > _MOST_ABOVE)
    while len(rows):
        tops[rows] *= _RAISE
        law = _law_of_block([losses[row] for row in rows.tolist()], tops[rows], size)
        figures[rows] = law.quantiles(q)
        rows = rows[law.chances_above > _MOST_ABOVE]
    return tops, figures


@dataclass(frozen=True, slots=True, eq=False)
class _BlockLaw:
    """Laws of some risks: atom at 0, one primary loss with chance `singles`, and the rest cumulated on lattices.

    `rest` (n_risks, size + 1) starts with 0 at x = 0 and continues at the bucket edges step/2, 3 step/2 ...
    """

    steps: Floats
    none: Floats
    singles: Floats
    primaries: Sequence[LawColumns]
    rest: Floats

    @property
    def chances_above(self) -> Floats:
        """P(S > top) of each risk, (n_risks,); 0 where nothing can be lost."""
        tops = ((self.rest.shape[1] - 1.5) * self.steps)[:, np.newaxis]
        return np.where(self.none == 1, 0.0, 1.0 - self._cumulative(tops)[:, 0])

    def quantiles(self, q: Floats) -> Floats:
        """Quantiles (n_risks, n_q) by bisection of the law up to the top of each lattice."""
        low = np.zeros((len(self.steps), len(q)))
        high = low + ((self.rest.shape[1] - 1.5) * self.steps)[:, np.newaxis]
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            reached = self._cumulative(middle) >= q
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        return np.where((q <= self.none[:, np.newaxis]) | (self.none[:, np.newaxis] == 1), 0.0, high)

    def _cumulative(self, x: Floats) -> Floats:
        """P(S <= x) at `x` (n_risks, m), 0 <= x <= top."""
        survival = np.empty_like(x)
        for columns in self.primaries:
            survival[columns.rows] = columns.survival(x[columns.rows])
        place = x / self.steps[:, np.newaxis] + 0.5
        edge = np.minimum(place.astype(np.intp), self.rest.shape[1] - 2)
        # Bucket 0 is only half as wide: its edges are 0 and step/2.
        share = np.where(edge == 0, 2 * place - 1, place - edge)
        rows = np.arange(len(x))[:, np.newaxis]
        before, after = self.rest[rows, edge], self.rest[rows, edge + 1]
        singles = self.singles[:, np.newaxis] * (1 - survival)
        return np.asarray(self.none[:, np.newaxis] + singles + before + share * (after - before))


def _law_of_block(losses: Sequence[AnnualLoss], tops: Floats, size: int) -> _BlockLaw:
    steps = np.where(tops > 0, tops, size) / size
    magnitudes = [loss.magnitude for loss in losses]
    none = np.array([loss.probability_of_none for loss in losses])
    singles = np.array([_chance_of_one_primary_loss(loss) for loss in losses])
    count, columns = size // 2 + 1, steps[:, np.newaxis]
    primaries = severity_transforms([law.primary for law in magnitudes], columns, size, count)
    whole = np.exp(log_compound(losses, primaries * secondary_factors(magnitudes, columns, size, count)))
    rest = masses_of_transform(whole - none[:, np.newaxis] - singles[:, np.newaxis] * primaries, size)
    cumulative = np.concatenate([np.zeros((len(losses), 1)), np.cumsum(rest, axis=1)], axis=1)
    return _BlockLaw(steps, none, singles, law_columns([law.primary for law in magnitudes]), cumulative)


def _chance_of_one_primary_loss(loss: AnnualLoss) -> float:
    """One event, no secondary loss; 0 where the primary is nothing, as that year counts as one without loss."""
    if loss.magnitude.primary.mean == 0:
        return 0.0
    return loss.probability_of_one * (1 - loss.magnitude.secondary_probability)


def _tops(losses: Sequence[AnnualLoss]) -> Floats:
    """Top of each risk's lattice, (n_losses,); 0 where nothing can be lost."""
    means = np.array([loss.mean for loss in losses])
    sds = np.array([loss.sd for loss in losses])
    components = weighted_laws(losses)
    # Markov's inequality: lambda P(X > t) is at most E S/t.
    low, high = np.zeros(len(losses)), np.full(len(losses), np.log1p(1 / _TOP_RATE))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        enough = _own_excess_rates(components, means * np.expm1(middle)) < _TOP_RATE
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    tops = means * np.exp(high)
    return np.asarray(tops + np.minimum(4 * sds, tops))


def _own_excess_rates(components: Sequence[WeightedLaws], x: Floats) -> Floats:
    """Number a year of each risk's single losses above its own `x`, (n_risks,)."""
    total = np.zeros(len(x))
    for laws in components:
        rows = laws.columns.rows
        rates = laws.weights * laws.columns.survival(x[rows][:, np.newaxis])
        total += np.bincount(rows, weights=rates[:, 0], minlength=len(x))
    return total
