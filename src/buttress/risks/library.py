"""The starter library of risks: statements in three parts, the controls that answer them and suggested priors.

Frequencies of `Calibration.IRIS` are splits of a published rate of significant incidents; those of
`Calibration.OPERATIONAL` are expert priors without data. Both describe a software company of about 200 people with 10
to 100 million dollars of revenue and ordinary controls, so a figure taken from here stands on the controls listed with
the risk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from buttress.controls.library import StarterControl, pert, starter_controls
from buttress.core.estimates import Pert, Quantiles
from buttress.core.snapshot import Category, Effect, EffectFunction, Factor, RiskKind
from buttress.criteria.catalogue import CriterionId
from buttress.criteria.loading import content_mapping


class Calibration(StrEnum):
    """Whether a frequency was split from a published rate of externally visible incidents or is judgement alone."""

    IRIS = "iris"
    OPERATIONAL = "operational"


@dataclass(frozen=True, slots=True)
class StarterRisk:
    """A risk as the library proposes it.

    `frequency` is events a year and `loss` that of one event in US dollars; both are None for a condition, which makes
    the risks under `modifies` worse. `effects` hold one link for each of `controls`. `threats` are keys of the threat
    catalogue, `assets` kinds of asset. `is_people_scaled` says that the frequency grows with the number of people.
    """

    id: str
    title: str
    cause: str
    event: str
    consequence: str
    kind: RiskKind
    categories: frozenset[Category]
    criteria: tuple[CriterionId, ...]
    controls: tuple[str, ...]
    effects: tuple[Effect, ...]
    actor: str
    assets: tuple[str, ...]
    threats: tuple[str, ...]
    frequency: Pert | None
    loss: Quantiles | None
    calibration: Calibration | None
    sources: tuple[str, ...]
    is_fraud: bool = False
    modifies: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    usual_from: int = 1
    is_people_scaled: bool = False

    @property
    def mean_frequency(self) -> float:
        """Mean of the PERT frequency, events a year; 0 for a condition."""
        if self.frequency is None:
            return 0.0
        return (self.frequency.low + 4 * self.frequency.likely + self.frequency.high) / 6


@cache
def starter_risks() -> Mapping[str, StarterRisk]:
    """The 64 starter risks by id, in the library's order."""
    records = content_mapping("libraries/risks.yaml", "risks")
    return MappingProxyType({id_: _risk(id_, record) for id_, record in records.items()})


def _risk(id_: str, record: dict[str, Any]) -> StarterRisk:
    statement, frequency, loss = record["statement"], record.get("frequency"), record.get("loss")
    overrides = record.get("effects", {})
    return StarterRisk(
        id=id_,
        title=record["title"],
        cause=statement["cause"],
        event=statement["event"],
        consequence=statement["consequence"],
        kind=RiskKind(record.get("kind", RiskKind.EVENT)),
        categories=frozenset(Category(category) for category in record["categories"]),
        criteria=tuple(CriterionId(criterion) for criterion in record["criteria"]),
        controls=tuple(record["controls"]),
        effects=tuple(_effect(starter_controls()[c], overrides.get(c)) for c in record["controls"]),
        actor=record["actor"],
        assets=tuple(record["assets"]),
        threats=tuple(record["threats"]),
        frequency=pert([frequency["low"], frequency["likely"], frequency["high"]]) if frequency else None,
        loss=Quantiles(float(loss["p50"]), float(loss["p90"])) if loss else None,
        calibration=Calibration(record["calibration"]) if "calibration" in record else None,
        sources=tuple(record.get("sources", ())),
        is_fraud=record.get("is_fraud") == "true",
        modifies=tuple(record.get("modifies", ())),
        needs=frozenset(record.get("needs", ())),
        usual_from=int(record.get("usual_from", 1)),
        is_people_scaled=record.get("people_scaled") == "true",
    )


def _effect(control: StarterControl, override: dict[str, Any] | None) -> Effect:
    """What the control does by default, or what the library says of it at this risk."""
    if override is None:
        return Effect(control.id, control.factor, control.function, control.efficacy)
    return Effect(
        control.id,
        Factor(override["factor"]),
        EffectFunction(override["function"]),
        pert(override["effect_range"]),
        rationale=override["rationale"],
    )
