"""What mending a control is worth: the portfolio now, less the same with that control at its designed efficacy.

At its designed efficacy a control is reliable, covers all and its design holds; its links keep their efficacy. Means are
exact; the mean of the worst 5 % of years comes from the portfolio with the touched risks replaced.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from buttress.core.operating_state import OperatingState
from buttress.core.portfolio import Portfolio
from buttress.core.snapshot import Risk
from buttress.core.stages import StateNow
from buttress.core.workings import Workings


@dataclass(frozen=True, slots=True)
class Worth:
    """What the portfolio would lose less in a year: in the mean, and in the mean of the worst 5 % of years."""

    mean: float
    tvar95: float


def linked_risks(workings: Workings) -> dict[str, list[Risk]]:
    """The estimated risks on which each control has a direct effect."""
    linked: defaultdict[str, list[Risk]] = defaultdict(list)
    for risk in workings.snapshot.risks:
        if risk.ref in workings.staged:
            for control in dict.fromkeys(e.control for e in risk.effects if e.factor.is_direct and e.efficacy):
                linked[control].append(risk)
    return dict(linked)


def worth_of_mending(workings: Workings, portfolio: Portfolio) -> Mapping[str, Worth]:
    """Worth of every control with a direct effect on an estimated risk, by reference."""
    tvar_now = portfolio.distribution().tail_value_at_risk(0.95)
    return {
        control: _worth(workings, portfolio, tvar_now, control, risks)
        for control, risks in linked_risks(workings).items()
    }


def _worth(workings: Workings, portfolio: Portfolio, tvar_now: float, control: str, risks: list[Risk]) -> Worth:
    now = [workings.staged[risk.ref].residual for risk in risks]
    mended = [workings.restaged(risk, _mended(workings, control)).residual for risk in risks]
    gain = sum(law.mean for law in now) - sum(law.mean for law in mended)
    if abs(gain) < 0.005:
        return Worth(0.0, 0.0)
    tvar = portfolio.requantified(now, mended).distribution().tail_value_at_risk(0.95)
    return Worth(gain, tvar_now - tvar)


def _mended(workings: Workings, control: str) -> StateNow:
    """Today's states, but with `control` as designed."""
    as_of = workings.snapshot.as_of

    def state(ref: str) -> OperatingState:
        found = workings.states(ref, as_of)
        return found.at_design() if ref == control else found

    return state
