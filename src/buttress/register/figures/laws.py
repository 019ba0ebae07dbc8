"""The laws of a risk at its three stages as exact text, so that a risk can be taken out of a sum again as it was put in.

JSON lists of a law's own numbers, which a float's shortest text gives back to the bit; no Django.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from buttress.core.annual_loss import AnnualLoss
from buttress.core.frequency import FrequencyLaw
from buttress.core.magnitude import MagnitudeLaw
from buttress.core.severity import BareLaw, Capped, ExponentialLaw, Lognormal, PertLaw, PointLoss, SeverityLaw
from buttress.core.stages import Stage, StagedRisk

_NAMES: dict[type[BareLaw], str] = {
    Lognormal: "lognormal",
    PertLaw: "pert",
    ExponentialLaw: "exponential",
    PointLoss: "point",
}
_KINDS = {name: kind for kind, name in _NAMES.items()}


@dataclass(frozen=True, slots=True)
class StageLaws:
    """The annual loss of one risk before controls, with them as they work today, and with the planned ones too.

    A target that says the same as the residual is the very object: what is made of both is then made once (`sums`).
    """

    inherent: AnnualLoss
    residual: AnnualLoss
    target: AnnualLoss

    def __post_init__(self) -> None:
        if self.target == self.residual:
            object.__setattr__(self, "target", self.residual)

    @classmethod
    def of(cls, staged: StagedRisk) -> "StageLaws":
        return cls(staged.inherent, staged.residual, staged.target)

    def at(self, stage: Stage) -> AnnualLoss:
        law: AnnualLoss = getattr(self, stage.value)
        return law

    def or_equal(self, before: "StageLaws") -> "StageLaws":
        """The same laws, but the very objects of `before` where these say the same: sums find what they hold by identity."""
        kept = (old if old == new else new for old, new in zip(before._all, self._all, strict=True))
        return StageLaws(*kept)

    @property
    def _all(self) -> tuple[AnnualLoss, AnnualLoss, AnnualLoss]:
        return self.inherent, self.residual, self.target


def text_of(laws: StageLaws) -> str:
    """The laws as text; equal laws give equal text.

    >>> from buttress.core.severity import PointLoss
    >>> law = AnnualLoss(FrequencyLaw(0.5, 0.25), MagnitudeLaw(PointLoss(100.0)))
    >>> text_of(StageLaws(law, law, law)).split("]]")[0]
    '[[[0.5,0.25],["point",100.0'
    """
    return json.dumps([_plain(law) for law in laws._all], separators=(",", ":"), allow_nan=False)


def laws_of(texts: Iterable[str]) -> list[StageLaws]:
    """The laws of each text, in order."""
    # One call of the parser for all of them: ten thousand calls would take as long again as the parsing.
    return [StageLaws(*map(_law, stages)) for stages in json.loads(f"[{','.join(texts)}]")]


def _plain(law: AnnualLoss) -> list[Any]:
    magnitude = law.magnitude
    plain: list[Any] = [[law.frequency.mean, law.frequency.variance], _plain_severity(magnitude.primary)]
    if magnitude.secondary is not None:
        plain += [_plain_severity(magnitude.secondary), magnitude.secondary_probability]
    return plain


def _plain_severity(law: SeverityLaw) -> list[Any]:
    if isinstance(law, Capped):
        return ["capped", law.cap, *_plain_severity(law.law)]
    return [_NAMES[type(law)], *(float(getattr(law, field.name)) for field in fields(law))]


def _law(plain: list[Any]) -> AnnualLoss:
    frequency, primary, *secondary = plain
    if not secondary:
        return AnnualLoss(FrequencyLaw(*frequency), MagnitudeLaw(_severity(primary)))
    law, probability = secondary
    return AnnualLoss(FrequencyLaw(*frequency), MagnitudeLaw(_severity(primary), _severity(law), probability))


def _severity(plain: list[Any]) -> SeverityLaw:
    if plain[0] == "capped":
        return Capped(_bare(plain[2:]), plain[1])
    return _bare(plain)


def _bare(plain: list[Any]) -> BareLaw:
    return _KINDS[plain[0]](*plain[1:])
