"""The runs of a control on a terminal: per test its runs, the rate against the tolerable one, and the deviations."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from buttress.core.deviations import DeviationState
from buttress.core.period_runs import PooledRate
from buttress.core.verdicts import EffectMode
from buttress.reports.ledger import QUIET, ledger, section, state_text, toned
from buttress.reports.monitoring.deviations.terminal import ENDINGS
from buttress.reports.monitoring.runs.view import RunDeviation, RunRow, RunsView, TestOfControl
from buttress.reports.notation import write_count, write_date, write_share
from buttress.reports.states import VERDICTS, Tone


def render(view: RunsView) -> Group:
    days = f"{write_date(view.period.start)} to {write_date(view.period.end)}"
    parts: list[RenderableType] = [
        Text(f"{view.control}  {view.title}", style="bold"),
        Text(f"{view.organisation}, runs from {days}, known by {write_date(view.as_of)}", style=QUIET),
        Text(""),
    ]
    if not view.tests:
        parts.append(toned("No test looks at this control: nothing shows that it operates.", Tone.UNKNOWN))
    parts += [section(test.id, *_test(test, view.confidence), note=test.title) for test in view.tests]
    return Group(*parts)


def _test(test: TestOfControl, confidence: float) -> Iterator[RenderableType]:
    if not test.runs:
        yield toned("Never run in the period.", Tone.UNKNOWN)
        return
    yield _runs(test.runs)
    silent = len(test.runs) - test.judged
    if silent:
        yield toned(
            f"{write_count(silent, 'run')} of {len(test.runs)} told nothing, and count for nothing.", Tone.UNKNOWN
        )
    yield from _rate(test, confidence)
    if test.deviations:
        yield Text("")
        yield _deviations(test.deviations)


def _runs(runs: Sequence[RunRow]) -> RenderableType:
    table = ledger(
        (
            ("run", "left", None),
            ("verdict", "left", None),
            ("population", "right", None),
            ("passed", "right", None),
            ("failed", "right", None),
            ("excepted", "right", None),
            ("n/a", "right", None),
            ("unknown", "right", None),
            ("", "left", 16),
        ),
        spare=(8, 7, 6),
    )
    for run in runs:
        counts = (run.population, run.passed, run.failed, run.excepted, run.not_applicable, run.unknown)
        why = "" if run.verdict.is_judged else run.why
        table.add_row(write_date(run.as_of), state_text(VERDICTS[run.verdict]), *(f"{n:,}" for n in counts), why)
    return table


def _rate(test: TestOfControl, confidence: float) -> Iterator[Text]:
    if test.pooled is not None:
        yield from _pooled(test.pooled, test.tolerable_rate, confidence)
    elif test.rate is not None:
        tolerable = write_share(test.tolerable_rate)
        against = f"{write_share(test.rate)} fail in the newest run that tells, against a tolerable {tolerable}."
        yield toned(against, Tone.BAD if test.rate > test.tolerable_rate else Tone.GOOD)
        yield Text(_why_not_pooled(test), style=QUIET)


def _pooled(pooled: PooledRate, tolerable: float, confidence: float) -> Iterator[Text]:
    since = f" since {write_date(pooled.since)}" if pooled.since else " of the period"
    items = f"{pooled.failing:,} of {write_count(pooled.items, 'item')}{since} failed, {write_share(pooled.rate)}"
    limit = f"the upper limit is {write_share(pooled.upper_limit)} against a tolerable {write_share(tolerable)}"
    tone = Tone.BAD if pooled.rate > tolerable else Tone.GOOD if pooled.upper_limit <= tolerable else Tone.WARN
    yield toned(f"{items}; {limit}.", tone)
    yield Text(
        f"Items of {write_count(pooled.runs, 'run')}, each counted once. Limit: {confidence * 100:.0f} % one-sided "
        "(Clopper and Pearson), the items taken as a sample.",
        style=QUIET,
    )


def _why_not_pooled(test: TestOfControl) -> str:
    if test.mode is EffectMode.DESIGN:
        return "A test of design: its newest run stands, and there is no rate over a period."
    return "Each run looks at the whole population as it stands: no sampling risk, and runs do not add up."


def _deviations(rows: Sequence[RunDeviation]) -> RenderableType:
    table = ledger(
        (
            ("deviation", "left", 34),
            ("opened", "left", None),
            ("last seen", "left", None),
            ("", "left", 26),
            ("days", "right", None),
        )
    )
    for row in rows:
        table.add_row(row.key, write_date(row.opened_on), write_date(row.last_seen), _end(row), f"{row.age_days:,}")
    return table


def _end(row: RunDeviation) -> Text:
    again = f", failed {row.reopened + 1} times" if row.reopened else ""
    if row.closed_on is not None and row.ending is not None:
        return Text(f"{ENDINGS[row.ending]} by {write_date(row.closed_on)}{again}")
    if row.state is DeviationState.EXCEPTED:
        return toned(f"covered by {row.exception}{again}", Tone.WARN)
    return toned(f"open{again}", Tone.BAD)
