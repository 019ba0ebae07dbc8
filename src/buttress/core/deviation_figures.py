"""Deviations in figures: how many stand open and how old, what failed in a period, and how long mending took."""

from collections import Counter
from collections.abc import Iterator, Sequence
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


@dataclass(frozen=True, slots=True)
class _Ended:
    """A spell that ended: how, after how many days, and whether the item failed again since."""

    ending: Ending
    days: int
    is_reopened: bool


def _ended_in(deviations: Sequence[Deviation], period: Period) -> Iterator[_Ended]:
    for deviation in deviations:
        for place, spell in enumerate(deviation.spells, start=1):
            if spell.closed_on is not None and spell.closed_on in period:
                assert spell.ending is not None
                days = (spell.closed_on - spell.opened_on).days
                yield _Ended(spell.ending, days, place < len(deviation.spells))


def deviation_figures(deviations: Sequence[Deviation], period: Period) -> DeviationFigures:
    """The deviations of one day in figures."""
    failing = [each for each in deviations if each.state is not DeviationState.CLOSED]
    states, ages = Counter(each.state for each in failing), Counter(each.age_bucket for each in failing)
    ended = list(_ended_in(deviations, period))
    fixed = [each for each in ended if each.ending is Ending.FIXED]
    days, endings = [each.days for each in fixed], Counter(each.ending for each in ended)
    return DeviationFigures(
        open=states[DeviationState.OPEN],
        excepted=states[DeviationState.EXCEPTED],
        late=sum(each.is_late for each in failing),
        ages=tuple((bucket, ages[bucket]) for bucket in AgeBucket),
        in_period=sum(failed_in(each, period) for each in deviations),
        opened=sum(spell.first_seen in period for each in deviations for spell in each.spells),
        endings=tuple((ending, endings[ending]) for ending in Ending),
        fixed=len(fixed),
        mean_days_to_mend=fmean(days) if days else None,
        median_days_to_mend=float(median(days)) if days else None,
        reopened=sum(each.is_reopened for each in fixed),
    )
