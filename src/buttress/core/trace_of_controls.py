"""Trace steps from the evidence on a control to the share that it lets through, and to what controls do together."""

from collections.abc import Iterator
from datetime import date

from buttress.core.effectiveness import GroupShare, LinkShare, design_efficacy
from buttress.core.moments import Moments
from buttress.core.operating_state import OperatingState
from buttress.core.reliability import AgeingStep, CountingStep, Posterior, Share
from buttress.core.snapshot import Combination, EffectFunction
from buttress.core.trace import TraceStep, TraceValue
from buttress.core.trace_of_estimate import as_given

Seen = set[tuple[str, date]]
"""Controls and days whose evidence was told already."""


def uncertain(name: str, value: Moments, source: str = "") -> TraceValue:
    """A share with its standard deviation; none where it is certain."""
    return TraceValue(name, value.mean, "share", source, value.sd if value.sd > 1e-12 else None)


def group_steps(group: GroupShare, seen: Seen) -> Iterator[TraceStep]:
    """Each control of the group with its evidence, then the group; `seen` grows by what was told."""
    for inner in group.inner:
        yield from _mechanism_steps(inner, seen)
    if group.inner:
        yield _paired_step(group)
    else:
        yield from _mechanism_steps(group, seen)


def _mechanism_steps(group: GroupShare, seen: Seen) -> Iterator[TraceStep]:
    for link in group.links:
        for state in (link.state, link.pinned_state):
            if state is not None and (state.control, state.as_of) not in seen:
                seen.add((state.control, state.as_of))
                yield from _evidence_steps(state, is_now=state is link.state)
        yield _link_step(link)
        if link.pinned_state is not None and link.pinned_state.status.counts_in_residual:
            yield _pinned_step(link, link.pinned_state)
    yield _group_step(group)


def _evidence_steps(state: OperatingState, *, is_now: bool) -> Iterator[TraceStep]:
    when = "" if is_now else f", as of {state.as_of}"
    for test, posterior in state.posteriors:
        yield _reliability_step(state, test, posterior, when)
    for test, share in state.shares:
        yield _coverage_step(state, test, share, when)
    if state.design_failure is not None:
        reason = (TraceValue("reason", state.design_failure, "text"),)
        yield TraceStep(
            f"Design of {state.control} failed{when}",
            state.control,
            (),
            "efficacy is that of the failing control",
            reason,
        )


def _reliability_step(state: OperatingState, test: str, posterior: Posterior, when: str) -> TraceStep:
    inputs = [TraceValue("prior", f"Beta({state.prior.a:g}, {state.prior.b:g})", "text", "type of the control")]
    inputs += [_posterior_step(step) for step in posterior.steps]
    law = posterior.beta
    return TraceStep(
        f"Operating reliability of {state.control} from {test}{when}",
        test,
        tuple(inputs),
        "n items at correlation icc count as n / (1 + (n − 1) × icc), in the same proportion; what was added to the prior "
        "ages by w = 2^(−age / half-life), the mean never rising; mean = a / (a + b), sd = √(a × b / (a + b + 1)) / (a + b)",
        (
            TraceValue("posterior", f"Beta({law.a:.6g}, {law.b:.6g})", "text"),
            TraceValue("reliability", law.mean, "share", deviation=law.variance**0.5),
        ),
    )


def _posterior_step(step: AgeingStep | CountingStep) -> TraceValue:
    after = f"Beta({step.after.a:.6g}, {step.after.b:.6g})"
    if isinstance(step, CountingStep):
        words = (
            f"{step.deviating} of {step.n} deviate, icc {step.icc:g}: count as {step.n_eff:.6g}, "
            f"{step.s:.6g} + {step.f:.6g} -> {after}"
        )
        return TraceValue(f"result of {step.effective_on}", words, "text", step.source)
    cut = "" if step.uncut_mean is None else f", mean cut from {step.uncut_mean:.6g} to {step.after.mean:.6g}"
    days = (step.until - step.since).days
    words = f"w {step.weight:.6g} -> {after}{cut}"
    return TraceValue(f"aged {step.since} to {step.until}", words, "text", f"2^(−{days} / {step.half_life_days:g})")


def _coverage_step(state: OperatingState, test: str, share: Share, when: str) -> TraceStep:
    failing = share.n - share.conforming
    inputs = [
        TraceValue("items judged", share.n, "count", f"result effective {share.effective_on}"),
        TraceValue("items failing", failing, "count", "excepted ones included"),
        TraceValue("passing share p", share.passing, "share", _passing_source(share)),
        TraceValue("share of population tested", share.tested_share, "share", share.source),
        TraceValue("prior mean", share.prior.mean, "share", f"Beta({share.prior.a:g}, {share.prior.b:g}) of its type"),
        TraceValue(
            "weight w left by age",
            share.weight,
            "share",
            f"2^(−{max((share.as_of - share.effective_on).days, 0)} / {share.half_life_days:g})",
        ),
        TraceValue("aged passing share", share.aged, "share", "w p + (1 − w) × least of p and prior mean"),
        TraceValue("items it weighs as", share.n_eff, "count", f"{share.n} / (1 + {share.n - 1} × {share.icc:g})"),
    ]
    return TraceStep(
        f"Coverage of {state.control} from {test}{when}",
        test,
        tuple(inputs),
        "mean = tested × aged passing share + untested × prior mean; "
        "sd = √(mean × (1 − mean) / (a0 + b0 + w × items it weighs as + 1))",
        (TraceValue("coverage", share.beta.mean, "share", deviation=share.beta.variance**0.5),),
    )


def _passing_source(share: Share) -> str:
    if share.passing == 0 and share.conforming:
        return "one failing item exposes all"
    return "passing / judged"


def _link_step(link: LinkShare) -> TraceStep:
    effect, state = link.effect, link.state
    inputs = [TraceValue("status", state.status.value, "text", f"as of {state.as_of}"), *_operation(state)]
    if effect.efficacy is not None:
        efficacy = design_efficacy(effect.efficacy)
        inputs.append(uncertain("efficacy when it works", efficacy, f"{as_given(effect.efficacy)} of the link"))
    inputs.append(TraceValue("efficacy while it fails", effect.variant_efficacy, "share", "link"))
    if link.note:
        inputs.append(TraceValue("note", link.note, "text"))
    return TraceStep(
        f"{effect.control} on {effect.factor.value.replace('_', ' ')}",
        effect.control,
        tuple(inputs),
        _LINK_RULE,
        (
            uncertain("share let through now", link.now),
            TraceValue("share pinned by the estimate", link.pinned, "share", link.pinned_source),
        ),
    )


_LINK_RULE = "share let through = 1 − coverage × [reliability × efficacy + (1 − reliability) × efficacy while it fails]"


def _pinned_step(link: LinkShare, state: OperatingState) -> TraceStep:
    """Only means: a pinned share is a number."""
    effect = link.effect
    assert effect.efficacy is not None
    return TraceStep(
        f"{effect.control} on {effect.factor.value.replace('_', ' ')}, as the estimate pinned it",
        effect.control,
        (
            TraceValue("status", state.status.value, "text", f"as of {state.as_of}"),
            *_operation(state),
            TraceValue("efficacy when it works", design_efficacy(effect.efficacy).mean, "share", "as above"),
            TraceValue("efficacy while it fails", effect.variant_efficacy, "share", "as above"),
        ),
        _LINK_RULE,
        (TraceValue("share pinned by the estimate", link.pinned, "share"),),
    )


def _operation(state: OperatingState) -> list[TraceValue]:
    values = [
        uncertain("reliability", state.reliability, _reliability_source(state)),
        uncertain("coverage", state.coverage, _coverage_source(state)),
    ]
    if state.design_failure is not None:
        values.append(TraceValue("design", state.design_failure, "text", "the efficacy is that while it fails"))
    return values


def _reliability_source(state: OperatingState) -> str:
    if state.posteriors:
        return _joined([test for test, _ in state.posteriors], state.combination)
    if state.shares:
        return "tests of state only: 1"
    return f"prior Beta({state.prior.a:g}, {state.prior.b:g}), untested"


def _coverage_source(state: OperatingState) -> str:
    return _joined([test for test, _ in state.shares], state.combination) if state.shares else state.coverage_source


def _joined(tests: list[str], combination: Combination) -> str:
    if len(tests) == 1:
        return tests[0]
    how = "least" if combination is Combination.MINIMUM else "product"
    return f"{how} of {', '.join(tests)}"


def _group_step(group: GroupShare) -> TraceStep:
    functions = {link.effect.function for link in group.links} & {EffectFunction.DETECTION, EffectFunction.RESPONSE}
    part = f", {functions.pop().value}" if len(functions) == 1 and not group.note else ""
    return TraceStep(
        f"Together: {group.mechanism}{part} on {group.factor.value.replace('_', ' ')}",
        group.mechanism,
        tuple(_both(link.effect.control, link.now, link.pinned) for link in group.links),
        group.note or group.rule,
        _together(group),
    )


def _paired_step(group: GroupShare) -> TraceStep:
    inputs = tuple(
        _both(f"q of {_function(inner)}, {inner.mechanism}", inner.now, inner.pinned) for inner in group.inner
    )
    return TraceStep(
        f"Together: {group.mechanism} on {group.factor.value.replace('_', ' ')}",
        group.mechanism,
        inputs,
        "q = 1 − (1 − product of q of detection) × (1 − product of q of response)",
        _together(group),
    )


def _function(group: GroupShare) -> str:
    return group.links[0].effect.function.value


def _both(name: str, now: Moments, pinned: float) -> TraceValue:
    return uncertain(name, now, f"above; pinned {pinned:.6g}")


def _together(group: GroupShare) -> tuple[TraceValue, ...]:
    return (
        uncertain("let through now", group.now),
        TraceValue("pinned", group.pinned, "share", "the same rule on the pinned shares"),
        TraceValue("ratio", group.ratio, "share", "now / pinned"),
    )
