"""Figures as they stand, in memory: the laws and sums of an organisation, so that a warm process reloads none of them.

Values are never changed, only replaced by those of a later state; the cache holds committed states only, by organisation,
and believes one only where the table of live figures names the very same (`token`). No Django.
"""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from buttress.controls.records import ControlRecord
from buttress.core.verdicts import ControlTest, TestResult
from buttress.register.figures.computing import worth_of
from buttress.register.figures.sums import Summand, Sums
from buttress.register.figures.values import RiskValues
from buttress.register.files.schema.organisation import OrganisationRecord

_KEPT = 4
"""Organisations whose figures a process keeps: some 60 MB each at 10,000 risks."""


@dataclass(frozen=True, slots=True)
class StandingRisk:
    """What of a risk's figures goes into those of others: its part of the sums, its gains by control."""

    ref: str
    is_condition: bool
    summand: Summand | None
    gains: Mapping[str, float]

    @classmethod
    def of(cls, values: RiskValues, before: "StandingRisk | None" = None) -> "StandingRisk":
        """As computed; laws that say the same as `before` are its very objects."""
        summand = values.summand
        if summand is not None and before is not None and before.summand is not None:
            summand = Summand(summand.laws.or_equal(before.summand.laws), summand.categories)
        return cls(values.ref, values.is_condition, summand, values.gains)


Risks = Mapping[uuid.UUID, StandingRisk]
Changed = Mapping[uuid.UUID, StandingRisk | None]
"""Risks by id as they are to stand, None for one that goes."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What figures of a risk rest on beside the risk itself, and what changes far more seldom.

    `results` name no failing items: how many there are is all that a control's state asks.
    """

    organisation: OrganisationRecord
    controls: Mapping[str, ControlRecord]
    tests: tuple[ControlTest, ...]
    results: tuple[TestResult, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of an organisation's figures after the inputs of `revision`.

    `gains` holds, by control, its gain on each risk; `not_estimated` counts events without figures. `token` names the
    state, `built` the full computation behind it, and `states` the last one of controls and criteria, since which `around`
    stands; None where it was not asked for yet.
    """

    revision: int
    token: uuid.UUID
    built: uuid.UUID
    states: uuid.UUID
    risks: Risks
    gains: Mapping[str, Mapping[uuid.UUID, float]]
    sums: Sums
    not_estimated: int
    around: Surroundings | None = None


def not_estimated(risks: Iterable[StandingRisk | None]) -> int:
    """How many of these are events and have no figures."""
    return sum(risk is not None and risk.summand is None and not risk.is_condition for risk in risks)


def summands(risks: Iterable[StandingRisk | None]) -> list[Summand]:
    return [risk.summand for risk in risks if risk is not None and risk.summand is not None]


def risks_after(risks: Risks, changed: Changed) -> dict[uuid.UUID, StandingRisk]:
    found = dict(risks)
    for risk_id, risk in changed.items():
        if risk is None:
            found.pop(risk_id, None)
        else:
            found[risk_id] = risk
    return found


def gains_of(risks: Risks) -> dict[str, dict[uuid.UUID, float]]:
    """By control, its gain on each risk."""
    found: dict[str, dict[uuid.UUID, float]] = {}
    for risk_id, risk in risks.items():
        for control, gain in risk.gains.items():
            found.setdefault(control, {})[risk_id] = gain
    return found


def gains_after(
    gains: Mapping[str, Mapping[uuid.UUID, float]], before: Risks, changed: Changed
) -> tuple[dict[str, Mapping[uuid.UUID, float]], frozenset[str]]:
    """The gains once risks have changed, and the controls whose gains did."""
    touched = {c for risk_id in changed if risk_id in before for c in before[risk_id].gains}
    touched |= {c for risk in changed.values() if risk is not None for c in risk.gains}
    found = dict(gains)
    for control in touched:
        own = dict(gains.get(control, {}))
        for risk_id, risk in changed.items():
            own.pop(risk_id, None)
            if risk is not None and control in risk.gains:
                own[risk_id] = risk.gains[control]
        found[control] = own
    return found, frozenset(touched)


def worth_mean(gains: Mapping[str, Mapping[uuid.UUID, float]], control: str) -> float | None:
    """What mending a control is worth in the mean; None where it acts on no estimated risk."""
    own = gains.get(control)
    return worth_of(own.values()) if own else None


class Cache:
    """The last committed states that this process knows, by organisation."""

    def __init__(self) -> None:
        self._states: OrderedDict[uuid.UUID, Standing] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, organisation_id: uuid.UUID) -> Standing | None:
        with self._lock:
            found = self._states.get(organisation_id)
            if found is not None:
                self._states.move_to_end(organisation_id)
            return found

    def put(self, organisation_id: uuid.UUID, state: Standing) -> None:
        """Keeps a state that was committed; an older one than is known is not kept."""
        with self._lock:
            known = self._states.get(organisation_id)
            if known is not None and known.built == state.built and known.revision > state.revision:
                return
            self._states[organisation_id] = state
            self._states.move_to_end(organisation_id)
            while len(self._states) > _KEPT:
                self._states.popitem(last=False)

    def forget(self, organisation_id: uuid.UUID) -> None:
        with self._lock:
            self._states.pop(organisation_id, None)


CACHE = Cache()
"""One for the process; a state in it never changes, so threads share it."""
