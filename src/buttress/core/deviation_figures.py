"""Deviations in figures: how many stand open and how old, what failed in a period, and how long mending took."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from buttress.core.deviations import AgeBucket, Deviation, DeviationState, Ending, Spell
from buttress.core.period import Period


@dataclass(frozen=True, slots=True)
class DeviationFigures:
    """Of one day and one period up to it.

    `open` and `excepted` fail now, `late` are the open ones past their term, `ages` counts both by age. `in_period` failed
    at any time in the period, those ended since too; `opened` and `endings` count spells that opened or ended in it.
    Days to mend are of the spells that were fixed in it; None where none was.
    `reopened` of these `fixed` ones failed again by the day.
    """

    open: int
    excepted: int
    late: int
    ages: tuple[tuple[AgeBucket, int], ...]
    in_period: int
    opened: int
    endings: tuple[tuple[Ending, int], ...]
    fixed: int
    mean_days_to_mend: float | None
    median_days_to_mend: float | None
    reopened: int

    @property
    def reopen_rate(self) -> float | None:
        """Share of what was fixed in the period that failed again; None where nothing was fixed."""
        return self.reopened / self.fixed if self.fixed else None


def failed_in(deviation: Deviation, period: Period) -> bool:
    """True where a run may have found the item failing on a day of the period: it was seen by its end, and had not ended
    by its start."""
    return any(_is_in(spell, period) for spell in deviation.spells)


def _is_in(spell: Spell, period: Period) -> bool:
    return spell.first_seen <= period.end and (spell.closed_on is None or spell.closed_on > period.start)


def deviation_figures(deviations: Sequence[Deviation], period: Period) -> DeviationFigures:
    """The deviations of one day in figures."""
    failing = [d for d in deviations if d.state is not DeviationState.CLOSED]
    spells = [(d, i, spell) for d in deviations for i, spell in enumerate(d.spells)]
    ended = [(d, i, s) for d, i, s in spells if s.closed_on is not None and s.closed_on in period]
    fixed = [(d, i, s) for d, i, s in ended if s.ending is Ending.FIXED]
    days = [(s.closed_on - s.opened_on).days for _, _, s in fixed if s.closed_on is not None]
    ages, endings = Counter(d.age_bucket for d in failing), Counter(s.ending for _, _, s in ended)
    return DeviationFigures(
        open=sum(d.state is DeviationState.OPEN for d in failing),
        excepted=sum(d.state is DeviationState.EXCEPTED for d in failing),
        late=sum(d.is_late for d in failing),
        ages=tuple((bucket, ages[bucket]) for bucket in AgeBucket),
        in_period=sum(failed_in(d, period) for d in deviations),
        opened=sum(s.first_seen in period for _, _, s in spells),
        endings=tuple((ending, endings[ending]) for ending in Ending),
        fixed=len(fixed),
        mean_days_to_mend=fmean(days) if days else None,
        median_days_to_mend=float(median(days)) if days else None,
        reopened=sum(i < len(d.spells) - 1 for d, i, _ in fixed),
    )
