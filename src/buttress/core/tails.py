"""The far tail of a sum of annual losses: one big event.

Theory: far out a year is bad because one single loss is, P(S > x) ~ sum of lambda_i P(X_i > x - E S) over all component
losses (each primary at its frequency, each secondary at frequency times probability). The same sum tells how high a
lattice must reach.
Source: Embrechts, Klueppelberg and Mikosch 1997, theorem 1.3.9; the shift by the mean is a second-order correction.

Approximate by nature; good where the chance is small and the loss far above the mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from buttress.core.annual_loss import AnnualLoss
from buttress.core.discretisation import LawColumns, law_columns
from buttress.core.severity import Floats, SeverityLaw


@dataclass(frozen=True, slots=True, eq=False)
class WeightedLaws:
    """Component losses of one kind with `weights` (n_laws, 1), their number a year; `columns.rows` are the risks."""

    columns: LawColumns
    weights: Floats

    def without(self, other: "WeightedLaws") -> "WeightedLaws":
        """Less the laws of `other`, each once; ValueError where one is missing."""
        gone: list[int] = []
        for row in range(len(other.weights)):
            # The weight alone tells nearly all components apart; only what it leaves is compared whole.
            alike = np.flatnonzero(self.weights[:, 0] == other.weights[row, 0]).tolist()
            place = next((p for p in alike if p not in gone and self._row(p) == other._row(row)), None)
            if place is None:
                raise ValueError(f"A {self.columns.kind.__name__} component to take out is not part of the portfolio")
            gone.append(place)
        columns = replace(
            self.columns,
            parameters=np.delete(self.columns.parameters, gone, axis=1),
            caps=np.delete(self.columns.caps, gone, axis=0),
            rows=np.arange(len(self.weights) - len(gone)),
        )
        return WeightedLaws(columns, np.delete(self.weights, gone, axis=0))

    def joined(self, other: "WeightedLaws") -> "WeightedLaws":
        columns = replace(
            self.columns,
            parameters=np.concatenate([self.columns.parameters, other.columns.parameters], axis=1),
            caps=np.concatenate([self.columns.caps, other.columns.caps]),
            rows=np.arange(len(self.weights) + len(other.weights)),
        )
        return WeightedLaws(columns, np.concatenate([self.weights, other.weights]))

    def _row(self, place: int) -> list[float]:
        return [float(self.columns.caps[place, 0]), *self.columns.parameters[:, place, 0].tolist()]


def weighted_laws(losses: Sequence[AnnualLoss]) -> list[WeightedLaws]:
    """All component losses of the risks, by kind; `columns.rows` are places in `losses`."""
    laws: list[SeverityLaw] = []
    weights: list[float] = []
    owners: list[int] = []
    for owner, loss in enumerate(losses):
        rate, magnitude = loss.frequency.mean, loss.magnitude
        laws.append(magnitude.primary)
        weights.append(rate)
        owners.append(owner)
        if magnitude.secondary is not None and magnitude.has_secondary:
            laws.append(magnitude.secondary)
            weights.append(rate * magnitude.secondary_probability)
            owners.append(owner)
    owner_of, weight_of = np.array(owners, dtype=np.intp), np.array(weights)[:, np.newaxis]
    return [
        WeightedLaws(replace(columns, rows=owner_of[columns.rows]), weight_of[columns.rows])
        for columns in law_columns(laws)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class ComponentTails:
    """All component losses of a portfolio, by kind of law."""

    kinds: tuple[WeightedLaws, ...]

    @classmethod
    def of(cls, losses: Sequence[AnnualLoss]) -> "ComponentTails":
        return cls(tuple(weighted_laws(losses)))

    def excess_rate(self, x: Floats) -> Floats:
        """Number of single losses a year above each of `x`, summed over the components, of the shape of `x`."""
        points = np.ravel(x)
        total = np.zeros(len(points))
        for laws in self.kinds:
            total += (laws.weights * laws.columns.survival(points)).sum(axis=0)
        return total.reshape(np.shape(x))

    def replaced(self, removed: Sequence[AnnualLoss], added: Sequence[AnnualLoss]) -> "ComponentTails":
        """Less the components of `removed`, plus those of `added`; ValueError where one to remove is missing."""
        kinds = {laws.columns.kind: laws for laws in self.kinds}
        for gone in weighted_laws(removed):
            kind = gone.columns.kind
            if kind not in kinds:
                raise ValueError(f"A {kind.__name__} component to take out is not part of the portfolio")
            kinds[kind] = kinds[kind].without(gone)
        for new in weighted_laws(added):
            kind = new.columns.kind
            kinds[kind] = kinds[kind].joined(new) if kind in kinds else new
        return ComponentTails(tuple(kinds.values()))
