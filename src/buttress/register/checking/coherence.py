"""Whether the scenarios of a register add up to a believable chance of an incident, beside the published one.

Compared are the risks that name a starter risk whose frequency was split from a published rate: externally visible
security incidents. A published rate describes organisations as they are, so it is compared with residual.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from buttress.core.verdicts import ControlTest, TestResult
from buttress.core.workings import Workings, work_out
from buttress.formats.problems import Problem
from buttress.register.files.register import Register
from buttress.register.snapshot import build_snapshot
from buttress.risks.base_rates import HIGHEST_RATIO, LOWEST_RATIO, Coherence, coherence
from buttress.risks.library import Calibration, starter_risks


def coherence_of(register: Register, workings: Workings) -> Coherence | None:
    """The register's chance of at least one such incident a year beside the published one of its size and sector.

    None where no risk with figures is one, or where the yearly revenue is not known.
    """
    revenue = register.organisation.annual_revenue_usd
    if not revenue:
        return None
    starters = starter_risks()
    visible = {id_ for id_, starter in starters.items() if starter.calibration is Calibration.IRIS}
    rates = {
        ref: -staged.residual.frequency.log_probability_of_none
        for ref, staged in workings.staged.items()
        if register.risks[ref].library in visible
    }
    return coherence(rates, revenue, register.organisation.sector)


def incoherence(
    register: Register, as_of: date, tests: Sequence[ControlTest], results: Sequence[TestResult]
) -> Iterator[Problem]:
    """A warning where that chance lies outside a third to three times the published one.

    Raises `ProblemsError` where a currency in use has no rate on `as_of`.
    """
    if not any(risk.library for risk in register.risks.values()):
        return
    found = coherence_of(register, work_out(build_snapshot(register, as_of, tests=tests, results=results)))
    if found is None or found.is_plausible:
        return
    advice = f"Most of it: {', '.join(f'{ref} ({rate:.2g} a year)' for ref, rate in found.largest)}."
    if found.ratio > HIGHEST_RATIO:
        advice += (
            " Frequencies of single scenarios often add up to too many; or say in rationales why yours are higher."
        )
    else:
        advice += " A scenario may be missing; or say in rationales why yours are lower."
    yield register.place("organisation").problem(
        (),
        f"risks that add up to a visible security incident in {_percent(found.chance)} of years",
        f"{_percent(found.expected * LOWEST_RATIO)} to {_percent(min(1.0, found.expected * HIGHEST_RATIO))},"
        f" as published rates of this size and sector are {_percent(found.expected)}",
        advice,
    )


def _percent(share: float) -> str:
    """Two digits, and never a certainty.

    >>> _percent(0.0619), _percent(0.9789), _percent(0.9999)
    ('6.2 %', '98 %', 'over 99 %')
    """
    return "over 99 %" if share > 0.99 else f"{100 * share:.2g} %"
