"""The starter library of controls: what organisations usually do, which criteria it answers and what it acts on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from buttress.core.estimates import Pert
from buttress.core.snapshot import Category, ControlKind, ControlMode, EffectFunction, Factor
from buttress.criteria.catalogue import CriterionId
from buttress.criteria.loading import content_mapping


@dataclass(frozen=True, slots=True)
class StarterControl:
    """A control as the library proposes it. Effects are one author's judgement, to be reviewed.

    `effect_range` is the share (0..1) of events or loss that the control stops while it works; for an indirect factor
    it is a strength that no figure uses. `effort` runs from 1 to 5. `usual_from` is the number of people from which
    organisations usually have it, `needs` the features without which it has no object, `for_categories` the categories
    one of which calls for it (empty: always). `references` are numbers in other frameworks.
    """

    id: str
    title: str
    description: str
    kind: ControlKind
    mode: ControlMode
    frequency: str
    owner_role: str
    criteria: tuple[CriterionId, ...]
    factor: Factor
    function: EffectFunction
    effect_range: Pert
    effort: int
    evidence: str
    test: str
    usual_from: int = 1
    needs: frozenset[str] = frozenset()
    for_categories: frozenset[Category] = frozenset()
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def efficacy(self) -> Pert | None:
        """The effect range where the control acts on a factor directly, else None."""
        return self.effect_range if self.factor.is_direct else None

    @property
    def family(self) -> str:
        """The letters before the number: controls of a family share a mechanism unless a link says otherwise."""
        return self.id.partition("-")[0]


@cache
def starter_controls() -> Mapping[str, StarterControl]:
    """The 96 starter controls by id, in the library's order."""
    records = content_mapping("libraries/controls.yaml", "controls")
    return MappingProxyType({id_: _control(id_, record) for id_, record in records.items()})


def pert(values: list[str]) -> Pert:
    """A triple of texts (least, most likely, greatest) as an estimate."""
    low, likely, high = (float(value) for value in values)
    return Pert(low, likely, high)


def _control(id_: str, record: dict[str, Any]) -> StarterControl:
    return StarterControl(
        id=id_,
        title=record["title"],
        description=record["description"].strip(),
        kind=ControlKind(record["kind"]),
        mode=ControlMode(record["mode"]),
        frequency=record["frequency"],
        owner_role=record["owner_role"],
        criteria=tuple(CriterionId(criterion) for criterion in record["criteria"]),
        factor=Factor(record["factor"]),
        function=EffectFunction(record["function"]),
        effect_range=pert(record["effect_range"]),
        effort=int(record["effort"]),
        evidence=record["evidence"],
        test=record["test"].strip(),
        usual_from=int(record["usual_from"]),
        needs=frozenset(record.get("needs", ())),
        for_categories=frozenset(Category(c) for c in record.get("for_categories", ())),
        references=MappingProxyType({key: tuple(ids) for key, ids in (record["references"] or {}).items()}),
    )
