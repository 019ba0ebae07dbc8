"""What mending each control would take off one risk's mean: its other controls as they are, this one as designed.

As `core.mending` has it in the mean, but only what the control touches is computed again: the frequency, the primary or
the secondary loss of the estimate that it acts on. No Django.
"""

from collections.abc import Sequence
from dataclasses import replace

from buttress.core.effectiveness import FactorShare, LinkShare, combine
from buttress.core.snapshot import Factor
from buttress.core.stages import StagedRisk, share_now


def gains_of_mending(staged: StagedRisk) -> dict[str, float]:
    """Gain of each control with a direct effect on the risk, by reference; money a year."""
    sides = [_links(side) for side in staged.shares.sides]
    ratios = [side.ratio.mean for side in staged.shares.sides]
    now = _mean(staged, ratios)
    controls = dict.fromkeys(link.effect.control for links in sides for link in links if link.effect.efficacy)
    return {control: now - _mean(staged, _mended(staged, sides, ratios, control)) for control in controls}


def _links(side: FactorShare) -> list[LinkShare]:
    return [link for group in side.groups for link in group.links]


def _mended(
    staged: StagedRisk, sides: Sequence[Sequence[LinkShare]], ratios: Sequence[float], control: str
) -> list[float]:
    """The ratios of the three sides with `control` as designed."""
    found = list(ratios)
    for place, (links, belongs) in enumerate(zip(sides, _SIDES, strict=True)):
        if any(link.effect.control == control for link in links):
            mended = [_as_designed(link, staged) if link.effect.control == control else link for link in links]
            found[place] = combine(mended, belongs).ratio.mean
    return found


_SIDES = (
    lambda factor: factor.is_frequency,
    lambda factor: factor is Factor.PRIMARY_LOSS,
    lambda factor: factor is Factor.SECONDARY_LOSS,
)
"""Which factors make up each of `StageShares.sides`."""


def _as_designed(link: LinkShare, staged: StagedRisk) -> LinkShare:
    state = link.state.at_design()
    now, note = share_now(link.effect, state, staged.assessment, is_pinned=link.is_pinned)
    return replace(link, state=state, now=now, note=note)


def _mean(staged: StagedRisk, ratios: Sequence[float]) -> float:
    """The mean of the estimate with its frequency, primary and secondary loss multiplied by `ratios`."""
    frequency, primary, secondary = ratios
    magnitude = staged.estimate.magnitude
    loss = magnitude.primary.mean * primary
    if magnitude.secondary is not None:
        loss += magnitude.secondary_probability * magnitude.secondary.mean * secondary
    return staged.estimate.frequency.mean * frequency * loss
