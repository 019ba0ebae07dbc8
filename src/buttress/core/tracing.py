"""Builds the trace of a risk: estimate, evidence of each control, shares let through, product, the three stages, cell.

The steps follow the arithmetic of `reliability`, `effectiveness` and `stages` in order, and hold every number that the
next step uses, so that each stage can be recomputed by hand. Moments of a product of independent quantities are products
of their moments: E[x y] = E[x] E[y] and E[(x y)²] = E[x²] E[y²], with E[x²] = mean² + sd².
"""

from buttress.core.annual_loss import AnnualLoss
from buttress.core.effectiveness import FLOOR, FactorShare
from buttress.core.matrix import Cell, ScaleVersion, cell, cell_of
from buttress.core.money import RateTable
from buttress.core.snapshot import Assessment, CellOverride
from buttress.core.stages import INHERENT_CAP, StagedRisk, StageShares
from buttress.core.trace import TraceStep, TraceValue
from buttress.core.trace_of_controls import Seen, group_steps, uncertain
from buttress.core.trace_of_estimate import as_given, band_words, estimate_steps, source_of

RESIDUAL, INHERENT, TARGET, CELL = "Residual", "Inherent", "Target", "Cell of the residual"
"""Titles of the steps that end at a stage."""

_SIDES = ("Frequency", "Primary loss", "Secondary loss")
_MEAN = "mean a year = frequency × loss of one event"


def risk_trace(staged: StagedRisk, scale: ScaleVersion, rates: RateTable) -> tuple[TraceStep, ...]:
    """All steps from the estimate to the residual of one risk, then those to its inherent and target.

    `scale` is the version in which levels of the assessment are read.
    """
    steps = estimate_steps(staged, scale, rates)
    seen: Seen = set()
    for name, share in zip(_SIDES, staged.shares.sides, strict=True):
        for group in share.groups:
            steps += group_steps(group, seen)
        if share.groups:
            steps.append(_side_step(name, share))
    steps.append(_stage_step(RESIDUAL, staged.estimate, staged.residual, staged.shares))
    steps += [_inherent_step(staged), _target_step(staged)]
    return tuple(steps)


def _side_step(name: str, share: FactorShare) -> TraceStep:
    rule = "product of the groups"
    if share.floored != 1.0:
        rule += f"; together controls let through {FLOOR:g} at least"
    return TraceStep(
        f"{name}: all controls",
        name,
        tuple(uncertain(g.mechanism, g.now, f"above; pinned {g.pinned:.6g}") for g in share.groups),
        rule,
        (
            uncertain("let through now", share.now),
            TraceValue("pinned", share.pinned, "share", "the same product of the pinned shares"),
            uncertain("the estimate is multiplied by", share.ratio, "now / pinned"),
        ),
    )


def _stage_step(
    title: str, before: AnnualLoss, after: AnnualLoss, shares: StageShares, source: str = "above"
) -> TraceStep:
    rule = (
        "frequency × its ratio, sd = √(E[frequency²] × E[ratio²] − mean²); one event = primary × its ratio"
        + (" + chance × secondary × its ratio" if before.magnitude.secondary else "")
        + f"; {_MEAN}; range: 5 % and 95 % points of a Gamma with that mean and sd × loss of one event"
    )
    return TraceStep(title, "", tuple(_stage_inputs(before, shares, source)), rule, _stage_results(after))


def _stage_inputs(before: AnnualLoss, shares: StageShares, source: str) -> list[TraceValue]:
    values = [
        _frequency("frequency of the estimate", before, "estimate"),
        uncertain("× frequency ratio", shares.frequency.ratio, source),
        TraceValue("primary loss of the estimate", before.magnitude.primary.mean, "money", "estimate"),
        uncertain("× primary loss ratio", shares.primary.ratio, source),
    ]
    if before.magnitude.secondary is not None:
        values += [
            TraceValue("secondary loss of the estimate", before.magnitude.secondary.mean, "money", "estimate"),
            TraceValue("chance of secondary loss", before.magnitude.secondary_probability, "share", "estimate"),
            uncertain("× secondary loss ratio", shares.secondary.ratio, source),
        ]
    return values


def _stage_results(after: AnnualLoss) -> tuple[TraceValue, ...]:
    low, high = after.mean_range()
    return (
        _frequency("frequency", after),
        TraceValue("loss of one event", after.magnitude.mean, "money"),
        TraceValue("mean a year", after.mean, "money"),
        TraceValue("range of the mean, from", low, "money"),
        TraceValue("range of the mean, to", high, "money"),
    )


def _frequency(name: str, law: AnnualLoss, source: str = "") -> TraceValue:
    sd = law.frequency.variance**0.5
    return TraceValue(name, law.frequency.mean, "per_year", source, sd if sd > 0 else None)


def _inherent_step(staged: StagedRisk) -> TraceStep:
    stated = staged.inherent_assessment
    if stated is not None:
        return TraceStep(
            INHERENT, "", _stated_inputs(stated), f"as stated before controls; {_MEAN}", _stage_results(staged.inherent)
        )
    sides = zip(_SIDES, staged.shares.sides, strict=True)
    inputs = tuple(TraceValue(f"{name.lower()}, pinned", side.pinned, "share", "above") for name, side in sides)
    rule = f"frequency and losses of the estimate / pinned, each at most {INHERENT_CAP:g} times the estimate; {_MEAN}"
    return TraceStep(INHERENT, "", inputs, rule, _stage_results(staged.inherent))


def _stated_inputs(stated: Assessment) -> tuple[TraceValue, ...]:
    assert stated.frequency is not None
    assert stated.magnitude is not None
    source = source_of(stated)
    return (
        TraceValue("frequency as given", as_given(stated.frequency), "text", source),
        TraceValue("primary loss as given", as_given(stated.magnitude.primary), "text", source),
    )


def _target_step(staged: StagedRisk) -> TraceStep:
    """Only what differs from the residual: the planned links at the prior of their type."""
    joined = [
        link
        for side in staged.target_shares.sides
        for group in side.groups
        for link in group.links
        if link.note.startswith("planned: at")
    ]
    if not joined:
        return TraceStep(
            TARGET, "", (), "no planned control acts on it: as the residual", _stage_results(staged.target)
        )
    inputs = [uncertain(f"{link.effect.control} lets through", link.now, link.note) for link in joined]
    inputs += _stage_inputs(staged.estimate, staged.target_shares, "groups as above with these")
    return TraceStep(
        TARGET,
        "",
        tuple(inputs),
        f"planned controls let through 1 − prior mean × efficacy, all others as above; {_MEAN}",
        _stage_results(staged.target),
    )


def cell_step(
    law: AnnualLoss, event_p90: float, scale: ScaleVersion, scale_rate: float, override: CellOverride | None
) -> TraceStep:
    """How the cell of the residual follows; `scale_rate` is what one unit of the scale's currency is worth."""
    found = cell_of(scale, law.frequency.mean, event_p90 / scale_rate)
    often, much = scale.likelihood[found.likelihood - 1], scale.impact[found.impact - 1]
    rate = "" if scale_rate == 1 else f", at {scale_rate:g}"
    results = [_cell_value("cell", found)]
    if override is not None:
        by_hand = cell(scale, override.likelihood, override.impact)
        results.append(_cell_value("cell set by hand", by_hand, override.reason))
    return TraceStep(
        CELL,
        scale.version,
        (
            TraceValue("frequency", law.frequency.mean, "per_year", band_words(often, "a year")),
            TraceValue("90th percentile of one event", event_p90, "money", band_words(much, scale.currency) + rate),
        ),
        f"scale {scale.version}: the bands in which frequency and the 90th percentile of one event's loss lie",
        tuple(results),
    )


def _cell_value(name: str, cell: Cell, source: str = "") -> TraceValue:
    return TraceValue(name, f"L{cell.likelihood} I{cell.impact} {cell.rating}", "text", source)
