"""Builds the trace of a residual: estimate, evidence of each control, shares let through, product, figures.

The steps follow the arithmetic of `reliability`, `effectiveness` and `stages` in order, and hold every number that the
next step uses, so that the residual can be recomputed by hand.
"""

from buttress.core.effectiveness import FactorShare, GroupShare, LinkShare, OperatingState, design_efficacy
from buttress.core.estimates import (
    Exponential,
    FrequencyEstimate,
    Interval,
    Level,
    LossEstimate,
    Pert,
    Point,
    Quantiles,
    YearlyProbability,
)
from buttress.core.reliability import AgeingStep, CountingStep, Posterior, Share
from buttress.core.snapshot import Assessment, BasisKind
from buttress.core.stages import StagedRisk
from buttress.core.trace import TraceStep, TraceValue

_SIDES = {"frequency": "Frequency", "primary": "Primary loss", "secondary": "Secondary loss"}


def residual_trace(staged: StagedRisk) -> tuple[TraceStep, ...]:
    """All steps from the estimate to the residual of one risk."""
    steps = [_estimate_step(staged)]
    seen: set[str] = set()
    for side, name in _SIDES.items():
        share: FactorShare = getattr(staged.shares, side)
        for group in share.groups:
            for link in group.links:
                if link.effect.control not in seen:
                    seen.add(link.effect.control)
                    steps += _evidence_steps(link.state)
                steps.append(_link_step(link))
            steps.append(_group_step(group))
        if share.groups:
            steps.append(_side_step(name, share))
    steps.append(_residual_step(staged))
    return tuple(steps)


def _estimate_step(staged: StagedRisk) -> TraceStep:
    assessment, law = staged.assessment, staged.estimate
    source = f"assessment of {assessment.effective_on}" + (f", {assessment.source}" if assessment.source else "")
    return TraceStep(
        f"Estimate, {_basis_words(assessment)}",
        assessment.round or "",
        (*_given(assessment, source),),
        "frequency as a Gamma with the mean and spread of the estimate; mean a year = frequency × mean loss of one event",
        (
            TraceValue("frequency, mean", law.frequency.mean, "per_year"),
            TraceValue("frequency, standard deviation", law.frequency.variance**0.5, "per_year"),
            TraceValue("loss of one event, mean", law.magnitude.mean, "money"),
            TraceValue("mean a year", law.mean, "money"),
        ),
    )


def _given(assessment: Assessment, source: str) -> list[TraceValue]:
    magnitude = assessment.magnitude
    assert assessment.frequency is not None
    assert magnitude is not None
    given = [
        TraceValue("frequency as given", as_given(assessment.frequency), "text", source),
        TraceValue("primary loss as given", f"{as_given(magnitude.primary)} {assessment.currency}", "text", source),
    ]
    if magnitude.cap is not None:
        given.append(TraceValue("cap of one event", f"{magnitude.cap:,.0f} {assessment.currency}", "text", source))
    if magnitude.secondary is not None:
        words = f"{as_given(magnitude.secondary.magnitude)} {assessment.currency}"
        given.append(TraceValue("secondary loss as given", words, "text", source))
        given.append(TraceValue("chance of secondary loss", magnitude.secondary.probability, "share", source))
    return given


def as_given(estimate: FrequencyEstimate | LossEstimate) -> str:
    """An estimate in the words of its form.

    >>> as_given(Pert(0.1, 0.2, 0.9)), as_given(Quantiles(120000, 900000)), as_given(Level(3))
    ('PERT(0.1, 0.2, 0.9)', 'p50 120,000, p90 900,000', 'level 3')
    """
    match estimate:
        case Interval(low, high, law):
            return f"90 % in {low:,g} to {high:,g} ({law.value})"
        case Pert(low, likely, high):
            return f"PERT({low:,g}, {likely:,g}, {high:,g})"
        case Quantiles(p50, p90):
            return f"p50 {p50:,.0f}, p90 {p90:,.0f}"
        case Point(value):
            return f"{value:,g}"
        case YearlyProbability(probability):
            return f"chance {probability:g} a year"
        case Exponential(mean):
            return f"exponential, mean {mean:,g}"
        case Level(level):
            return f"level {level}"


def _basis_words(assessment: Assessment) -> str:
    words = {
        BasisKind.INHERENT: "before controls",
        BasisKind.WITH_CONTROLS: "with the controls then in place",
        BasisKind.LIBRARY: "from the library, on ordinary controls",
    }
    return words[assessment.basis.kind]


def _evidence_steps(state: OperatingState) -> list[TraceStep]:
    steps = [_reliability_step(state, test, posterior) for test, posterior in state.posteriors]
    steps += [_coverage_step(state, test, share) for test, share in state.shares]
    if state.design_failure is not None:
        steps.append(
            TraceStep(
                "Design failed",
                state.control,
                (),
                "efficacy is that of the failing control",
                (TraceValue("reason", state.design_failure, "text"),),
            )
        )
    return steps


def _reliability_step(state: OperatingState, test: str, posterior: Posterior) -> TraceStep:
    inputs = [TraceValue("prior", f"Beta({state.prior.a:g}, {state.prior.b:g})", "text", "type of the control")]
    inputs += [_posterior_step(step) for step in posterior.steps]
    return TraceStep(
        f"Operating reliability of {state.control} from {test}",
        test,
        tuple(inputs),
        "ages by w = 2^(−age / half-life) towards the prior, its mean never rising; results add s and f × n_eff / n",
        (
            TraceValue("posterior", f"Beta({posterior.beta.a:.6g}, {posterior.beta.b:.6g})", "text"),
            TraceValue("reliability, mean", posterior.beta.mean, "share"),
        ),
    )


def _posterior_step(step: AgeingStep | CountingStep) -> TraceValue:
    after = f"Beta({step.after.a:.6g}, {step.after.b:.6g})"
    if isinstance(step, CountingStep):
        words = f"n {step.n} counts as {step.n_eff:.6g}: s {step.s:.6g}, f {step.f:.6g} -> {after}"
        return TraceValue(f"result of {step.effective_on}", words, "text", step.source)
    cut = "" if step.uncut_mean is None else f", mean cut from {step.uncut_mean:.6g} to {step.after.mean:.6g}"
    words = f"w {step.weight:.6g} -> {after}{cut}"
    return TraceValue(f"aged {step.since} to {step.until}", words, "text", f"half-life {step.half_life_days:g} days")


def _coverage_step(state: OperatingState, test: str, share: Share) -> TraceStep:
    return TraceStep(
        f"Coverage of {state.control} from {test}",
        test,
        (
            TraceValue("items tested", share.n, "count", share.source),
            TraceValue("passing share", share.passing, "share", f"result effective {share.effective_on}"),
            TraceValue("share of the population tested", share.tested_share, "share", "reconciliation of the data set"),
            TraceValue("prior mean", share.prior.mean, "share", "type of the control"),
            TraceValue(
                "weight left by age",
                share.weight,
                "share",
                f"2^(−{(share.as_of - share.effective_on).days} / {share.half_life_days:g}) on {share.as_of}",
            ),
            TraceValue("aged passing share", share.aged, "share"),
        ),
        "tested × aged passing share + untested × prior mean; aged = w p + (1 − w) min(p, prior mean)",
        (TraceValue("coverage, mean", share.beta.mean, "share"),),
    )


def _link_step(link: LinkShare) -> TraceStep:
    effect, state = link.effect, link.state
    inputs = [
        TraceValue("status", state.status.value, "text", f"as of {state.as_of}"),
        TraceValue("reliability", state.reliability.mean, "share", _reliability_source(state)),
        TraceValue("coverage", state.coverage.mean, "share", state.coverage_source),
    ]
    if effect.efficacy is not None:
        e = effect.efficacy
        inputs.append(
            TraceValue(
                "efficacy when it works",
                design_efficacy(e).mean,
                "share",
                f"{as_given(e)} of the link",
            )
        )
    inputs.append(TraceValue("efficacy while it fails", effect.variant_efficacy, "share", "link"))
    if link.note:
        inputs.append(TraceValue("note", link.note, "text"))
    return TraceStep(
        f"{effect.control} on {effect.factor.value.replace('_', ' ')}",
        effect.control,
        tuple(inputs),
        "share let through = 1 − coverage × [reliability × efficacy + (1 − reliability) × efficacy while it fails]",
        (
            TraceValue("share let through now", link.now.mean, "share"),
            TraceValue(
                "share pinned by the estimate", link.pinned, "share", "basis" if link.is_pinned else "outside the basis"
            ),
        ),
    )


def _reliability_source(state: OperatingState) -> str:
    if state.posteriors:
        return "tests " + ", ".join(test for test, _ in state.posteriors)
    if state.shares:
        return "tests of state only: 1"
    return f"prior Beta({state.prior.a:g}, {state.prior.b:g}), untested"


def _group_step(group: GroupShare) -> TraceStep:
    return TraceStep(
        f"Together: {group.mechanism} on {group.factor.value.replace('_', ' ')}",
        group.mechanism,
        tuple(TraceValue(link.effect.control, link.now.mean, "share", "above") for link in group.links),
        group.note or group.rule,
        (
            TraceValue("let through now", group.now.mean, "share"),
            TraceValue("pinned", group.pinned, "share"),
            TraceValue("ratio", group.ratio, "share"),
        ),
    )


def _side_step(name: str, share: FactorShare) -> TraceStep:
    return TraceStep(
        f"{name}: all controls",
        name,
        tuple(TraceValue(g.mechanism, g.now.mean, "share", "above") for g in share.groups),
        "product of the groups, held at 1 %" if share.floored != 1.0 else "product of the groups",
        (
            TraceValue("let through now", share.now.mean, "share"),
            TraceValue("pinned", share.pinned, "share"),
            TraceValue("the estimate is multiplied by", share.ratio.mean, "share"),
        ),
    )


def _residual_step(staged: StagedRisk) -> TraceStep:
    before, after, shares = staged.estimate, staged.residual, staged.shares
    inputs = [
        TraceValue("frequency of the estimate", before.frequency.mean, "per_year", "estimate"),
        TraceValue("× frequency ratio", shares.frequency.ratio.mean, "share", "above"),
        TraceValue("loss of one event of the estimate", before.magnitude.mean, "money", "estimate"),
        TraceValue("× primary loss ratio", shares.primary.ratio.mean, "share", "above"),
    ]
    if before.magnitude.secondary is not None:
        inputs.append(TraceValue("× secondary loss ratio", shares.secondary.ratio.mean, "share", "above"))
    return TraceStep(
        "Residual",
        "",
        tuple(inputs),
        "mean a year = frequency × mean loss of one event",
        (
            TraceValue("frequency now", after.frequency.mean, "per_year"),
            TraceValue("loss of one event now", after.magnitude.mean, "money"),
            TraceValue("mean a year", after.mean, "money"),
        ),
    )
