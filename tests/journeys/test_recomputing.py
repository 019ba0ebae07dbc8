"""An auditor with a calculator: every figure of a risk follows from what `trace` prints, and from nothing else.

Numbers are read from the printed form of each value, as a person would copy them; formulas are written here again.
"""

import re
from collections.abc import Callable, Iterator
from math import exp, isclose, log, prod, sqrt
from pathlib import Path
from typing import Any

import pytest
from scipy.special import gammaincinv, ndtr
from typer.testing import Result

from buttress.core.posture import Posture, posture
from buttress.core.trace import TraceValue
from buttress.register.demo import DEMO, anchor_of
from buttress.register.snapshot import load_snapshot
from buttress.reports.trace.as_json import document
from buttress.reports.trace.terminal import write_value
from buttress.reports.trace.view import trace_view

_NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e-?\d+)?")


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in _NUMBER.findall(text.replace("(−", "(-"))]


class Step:
    """A step of a trace as printed: texts, numbers and standard deviations by name."""

    def __init__(self, step: dict[str, Any]) -> None:
        self.title, self.formula = step["title"], step["formula"]
        self.inputs = [v["name"] for v in step["inputs"]]
        values = [TraceValue(**v) for v in (*step["inputs"], *step["results"])]
        self.text = {v.name: write_value(v, "USD") for v in values}
        self.source = {v.name: v.source for v in values}

    def __contains__(self, name: str) -> bool:
        return name in self.text

    def __getitem__(self, name: str) -> float:
        return numbers(self.text[name].split(" ± ")[0])[0]

    def sd(self, name: str) -> float:
        shown = self.text[name].split(" ± ")
        return numbers(shown[1])[0] if len(shown) == 2 else 0.0

    def second(self, name: str) -> float:
        return self[name] ** 2 + self.sd(name) ** 2

    def pinned(self) -> list[float]:
        return [numbers(self.source[name].split("pinned")[1])[0] for name in self.inputs]

    def now(self) -> list[float]:
        return [self[name] for name in self.inputs]


class Calculator:
    """Goes through a trace from its first step to its last and holds each result against what is shown."""

    def __init__(self, trace: dict[str, Any]) -> None:
        self.steps = [Step(step) for step in trace["steps"]]
        self.stages = {stage["stage"]: stage for stage in trace["stages"]}
        self.frequency = self.primary = self.chance = self.secondary = self.deviation = 0.0
        self.residual: tuple[float, float] = (0.0, 0.0)
        self.pins: dict[str, float] = {}
        self.step = self.steps[0]

    def recompute(self) -> Iterator[str]:
        """The titles of the steps that were recomputed."""
        for step in self.steps:
            self.step = step
            for pattern, check in _CHECKS:
                if re.search(pattern, step.title):
                    check(self, step)
                    yield step.title
                    break
            else:
                raise AssertionError(f"{step.title} is not recomputed")

    def same(self, computed: float, name: str, tolerance: float = 2e-6) -> None:
        shown, cent = self.step[name], 0.0051 if "USD" in self.step.text[name] else tolerance / 10
        assert isclose(computed, shown, rel_tol=tolerance, abs_tol=cent), (self.step.title, name, computed, shown)

    def same_spread(self, variance: float, name: str) -> None:
        shown = self.step.sd(name)
        assert isclose(sqrt(max(variance, 0)), shown, rel_tol=1e-4, abs_tol=1e-6), (self.step.title, name, variance)

    def estimated_frequency(self, step: Step) -> None:
        given, found = step.text["frequency as given"], numbers(step.text["frequency as given"])
        mean, variance = found[0], 0.0
        if given.endswith("(gamma)"):
            mean, variance = step["frequency of the estimate"], step.sd("frequency of the estimate") ** 2
            ends = [float(gammaincinv(mean**2 / variance, q)) * variance / mean for q in (0.05, 0.95)]
            assert ends == pytest.approx(found[1:], rel=1e-4)
        elif given.startswith("90 %"):
            mu, sigma = _lognormal(given)
            mean = exp(mu + sigma**2 / 2)
            variance = mean**2 * (exp(sigma**2) - 1)
        elif given.startswith("PERT"):
            mean = (found[0] + 4 * found[1] + found[2]) / 6
            variance = (mean - found[0]) * (found[2] - mean) / 7
        elif given.startswith("level"):
            low, high = numbers(step.text["band of that likelihood"].split(":")[1])
            mean, variance = sqrt(low * high), step.sd("frequency of the estimate") ** 2
        elif given.startswith("chance"):
            mean = -log(1 - found[0])
        self.same(mean, "frequency of the estimate", 1e-5)
        self.same_spread(variance, "frequency of the estimate")
        self.frequency, self.deviation = step["frequency of the estimate"], step.sd("frequency of the estimate")

    def estimated_loss(self, step: Step) -> None:
        rate = next((step[name] for name in step.inputs if name.startswith("USD for 1 ")), 1.0)
        self.same(rate * _mean_loss(step, "primary"), "primary loss, mean", 2e-5)
        self.primary = event = step["primary loss, mean"]
        if "secondary loss, mean" in step:
            self.same(rate * _mean_loss(step, "secondary"), "secondary loss, mean", 2e-5)
            self.chance, self.secondary = step["chance of secondary loss"], step["secondary loss, mean"]
            event += self.chance * self.secondary
        self.same(event, "one event of the estimate")
        self.same(self.frequency * event, "mean a year of the estimate")

    def reliability(self, step: Step) -> None:
        prior = numbers(step.text["prior"])
        a, b = prior
        for name in step.inputs[1:]:
            shown = numbers(re.findall(r"Beta\(.*?\)", step.text[name])[-1])
            if name.startswith("result"):
                failing, n, icc = numbers(step.text[name])[:3]
                effective = n / (1 + (n - 1) * icc)
                a, b = a + (n - failing) * effective / n, b + failing * effective / n
            else:
                days, half_life = numbers(step.source[name].removeprefix("2^(−"))
                w, before = 2 ** (-days / half_life), a / (a + b)
                a, b = prior[0] + w * (a - prior[0]), prior[1] + w * (b - prior[1])
                if a / (a + b) > before:
                    a, b = before * (a + b), (1 - before) * (a + b)
            assert [a, b] == pytest.approx(shown, rel=1e-5)
        self.same(a / (a + b), "reliability")
        self.same_spread(a * b / (a + b + 1) / (a + b) ** 2, "reliability")

    def coverage(self, step: Step) -> None:
        passing = 1 - step["items failing"] / step["items judged"]
        self.same(0.0 if "exposes all" in step.source["passing share p"] else passing, "passing share p")
        days, half_life = numbers(step.source["weight w left by age"].removeprefix("2^(−"))
        w = 2 ** (-days / half_life)
        self.same(w, "weight w left by age")
        aged = w * step["passing share p"] + (1 - w) * min(step["passing share p"], step["prior mean"])
        self.same(aged, "aged passing share")
        counted = numbers(step.source["share of population tested"])
        tested = min(1.0, counted[0] / counted[1]) if len(counted) == 2 else 1.0
        self.same(tested, "share of population tested")
        n, one, rest, icc = numbers(step.source["items it weighs as"])
        self.same(n / (one + rest * icc), "items it weighs as")
        mean = tested * aged + (1 - tested) * step["prior mean"]
        self.same(mean, "coverage")
        strength = sum(numbers(step.source["prior mean"])[:2]) + w * step["items it weighs as"]
        self.same_spread(mean * (1 - mean) / (strength + 1), "coverage")

    def link(self, step: Step) -> None:
        while_failing, efficacy, r = (
            step["efficacy while it fails"],
            step["efficacy when it works"],
            step["reliability"],
        )
        gain = step.second("efficacy when it works") - 2 * while_failing * efficacy + while_failing**2
        inner = while_failing + r * (efficacy - while_failing)
        second = (
            while_failing**2 + 2 * while_failing * r * (efficacy - while_failing) + step.second("reliability") * gain
        )
        if "design" in step:
            inner, second = while_failing, while_failing**2
        stopped = step["coverage"] * inner
        counts = not re.search("lets everything|target only|outside its basis", step.text.get("note", ""))
        if "share let through now" in step:
            self.same(1 - stopped if counts else 1.0, "share let through now")
            variance = step.second("coverage") * second - stopped**2
            self.same_spread(variance if counts else 0.0, "share let through now")
            self.pins[step.title] = step["share pinned by the estimate"]
        else:
            self.same(1 - stopped, "share pinned by the estimate")
            self.same(self.pins[step.title.removesuffix(", as the estimate pinned it")], "share pinned by the estimate")

    def together(self, step: Step) -> None:
        for shares, name in ((step.now(), "let through now"), (step.pinned(), "pinned")):
            self.same(_combined(step, shares), name, 1e-5)
        self.same(step["let through now"] / step["pinned"], "ratio")

    def side(self, step: Step) -> None:
        for shares, name in ((step.now(), "let through now"), (step.pinned(), "pinned")):
            self.same(max(prod(shares), 0.01), name, 1e-5)
        self.same(step["let through now"] / step["pinned"], "the estimate is multiplied by")

    def stage(self, step: Step) -> None:
        frequency, event = self._stage_of(step)
        self.same(frequency, "frequency")
        self.same(event, "loss of one event")
        self.same(frequency * event, "mean a year")
        mean, sd = step["frequency"], step.sd("frequency")
        for end, q in (("from", 0.05), ("to", 0.95)):
            rate = gammaincinv((mean / sd) ** 2, q) * sd**2 / mean if sd else mean
            self.same(float(rate) * event, f"range of the mean, {end}", 3e-4)
        assert step["mean a year"] == pytest.approx(self.stages[step.title.lower()]["mean"], abs=0.006)
        if step.title == "Residual":
            self.residual = frequency, event

    def _stage_of(self, step: Step) -> tuple[float, float]:
        loss = self.chance * self.secondary
        if "× frequency ratio" in step:
            ratio = step["× frequency ratio"]
            second = (self.frequency**2 + self.deviation**2) * step.second("× frequency ratio")
            self.same_spread(second - (self.frequency * ratio) ** 2, "frequency")
            secondary = loss * step["× secondary loss ratio"] if loss else 0.0
            return self.frequency * ratio, self.primary * step["× primary loss ratio"] + secondary
        if "frequency, pinned" in step:
            often, much, more = (min(20, 1 / share) for share in step.now())
            return self.frequency * often, self.primary * much + loss * more
        if "as the residual" in step.formula:
            return self.residual
        return step["frequency"], step["loss of one event"]

    def failed_design(self, step: Step) -> None:
        """Nothing to compute: the reason stands there, and the link then takes the efficacy while it fails."""
        assert step.text["reason"]

    def cell(self, step: Step) -> None:
        for name in step.inputs:
            low, high = numbers(step.source[name].split(":")[1])[:2]
            assert low <= step[name] < high or "cell set by hand" in step


_CHECKS: tuple[tuple[str, Callable[[Calculator, Step], None]], ...] = (
    (": frequency$", Calculator.estimated_frequency),
    (": loss of one event$", Calculator.estimated_loss),
    ("^Operating reliability", Calculator.reliability),
    ("^Coverage of", Calculator.coverage),
    ("^Design of", Calculator.failed_design),
    ("^Together", Calculator.together),
    (": all controls$", Calculator.side),
    ("^(Residual|Inherent|Target)$", Calculator.stage),
    ("^Cell", Calculator.cell),
    (" on ", Calculator.link),
)


def _lognormal(given: str) -> tuple[float, float]:
    found = numbers(given)
    if given.startswith("90 %"):
        _, low, high = found
        return (log(low) + log(high)) / 2, (log(high) - log(low)) / 3.28971
    _, p50, _, p90 = found
    return log(p50), log(p90 / p50) / 1.28155


def _mean_loss(step: Step, kind: str) -> float:
    given = step.text[f"{kind} loss as given"]
    found = numbers(given)
    if given.startswith("PERT"):
        return (found[0] + 4 * found[1] + found[2]) / 6
    if given.startswith("level"):
        low, high = numbers(step.text["band of that impact"].split(":")[1])
        sigma = step["spread of a level's loss, σ"]
        mu = log(sqrt(low * high)) - 1.28155 * sigma
    else:
        mu, sigma = _lognormal(given)
    if kind == "primary" and "cap of the primary loss" in step:
        cap = step["cap of the primary loss"]
        z = (log(cap) - mu) / sigma
        return float(exp(mu + sigma**2 / 2) * ndtr(z - sigma) + cap * ndtr(-z))
    return exp(mu + sigma**2 / 2)


def _combined(step: Step, shares: list[float]) -> float:
    if "not at all" in step.formula:
        return 1.0
    if step.formula == "one control":
        return shares[0]
    if step.formula.startswith("q = (1 − ρ)"):
        rho = numbers(step.formula.split("ρ =")[1])[0]
        return (1 - rho) * prod(shares) + rho * min(shares)
    sides = [
        prod(share for name, share in zip(step.inputs, shares, strict=True) if name.startswith(f"q of {function}"))
        for function in ("detection", "response")
    ]
    return 1 - (1 - sides[0]) * (1 - sides[1])


@pytest.fixture(scope="module")
def assessed(demo: tuple[Path, Result]) -> Posture:
    day = anchor_of(DEMO)
    assert day is not None
    return posture(load_snapshot(demo[0], day))


# Before controls; from the library; levels with a cell by hand and two detections of one mechanism; overlapping controls
# with evidence at the assessment; a failing coverage test, secondary loss, a cap and a planned control; detection alone.
FORMS = ("R-016", "R-014", "R-018", "R-041", "R-024", "R-003", "R-027")


@pytest.mark.parametrize("ref", FORMS)
def test_every_figure_follows_from_what_trace_prints(assessed: Posture, ref: str) -> None:
    done = list(Calculator(document(trace_view(assessed, ref))).recompute())
    assert {"Residual", "Inherent", "Target", "Cell of the residual"} <= set(done)


def test_no_risk_of_the_demo_has_a_figure_that_does_not_follow(assessed: Posture) -> None:
    estimated = [risk.ref for risk in assessed.risks if risk.residual is not None]
    assert len(estimated) > 50
    for ref in estimated:
        list(Calculator(document(trace_view(assessed, ref))).recompute())
