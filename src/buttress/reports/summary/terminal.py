"""The summary on a terminal: at most 100 columns, readable without colour."""

from collections.abc import Collection, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from buttress.core.criterion_state import Headline
from buttress.core.money import format_money
from buttress.core.verdicts import Verdict
from buttress.reports.ledger import QUIET, STYLES, FittedSection, Ledger, ledger, section, state_text, toned
from buttress.reports.notation import (
    round_to_sum,
    with_written_dates,
    write_count,
    write_date,
    write_list,
    write_move,
    write_range,
    write_share,
    write_whole,
)
from buttress.reports.states import CRITERIA, REPLACED, TOLERANCE, VERDICTS, Tone
from buttress.reports.summary.due import grouped
from buttress.reports.summary.portfolio import over_words
from buttress.reports.summary.view import (
    Answer,
    CriteriaView,
    CriterionRow,
    DeviationRow,
    EvidenceView,
    Figure,
    MendRow,
    Moved,
    RiskMoved,
    Summary,
)

_ANSWER_TONES = {
    Answer.WITHIN: Tone.QUIET,
    Answer.OUTSIDE_TOLERANCE: Tone.WARN,
    Answer.OVER: Tone.BAD,
    Answer.CANNOT_SAY: Tone.UNKNOWN,
}

REASONS = 2
"""Reasons told of one criterion."""

CRITERIA_TOLD = 12
"""Criteria told with their reasons; the others are named."""


def render(view: Summary) -> Group:
    """All sections that have something to say, in the order in which people ask."""
    parts = [
        _head(view),
        _figures(view),
        _appetite(view),
        _largest(view),
        _moved(view.moved, view.currency) if view.moved else None,
        _mend(view),
        _criteria(view.criteria) if view.criteria.counts else None,
        _evidence(view.evidence),
        deviations(view.evidence) if view.evidence.deviations else None,
        _due(view) if view.due else None,
    ]
    return Group(*(part for part in parts if part is not None))


def _head(view: Summary) -> Group:
    first = Text(f"{view.organisation} as of {write_date(view.as_of)}", style="bold")
    second = Text(view.engagement or "no engagement", style=QUIET)
    answer = Text(view.verdict.sentence, style=f"bold {STYLES[_ANSWER_TONES[view.verdict.answer]]}".strip())
    return Group(first, second, Text(""), answer, Text(" ".join(view.verdict.details)), Text(""))


def _figures(view: Summary) -> Group:
    since = f"since {write_date(view.moved.since, with_year=False)}" if view.moved else ""
    table = ledger(
        (
            ("", "left", 34),
            ("inherent", "right", None),
            ("residual", "right", None),
            ("target", "right", None),
            (since, "right", None),
        )
    )
    for figure in view.figures:
        name = Text(figure.name).append(f" ({figure.term})" if figure.term else "", style=QUIET)
        table.add_row(name, *_stage_texts(figure, view.currency))
    note = write_count(view.risks, "risk") + " together"
    if view.conditions:
        note += f", {write_count(view.conditions, 'condition')} that change others"
    return section("Loss in a year", table, note=note)


def _stage_texts(figure: Figure, currency: str) -> list[Text]:
    values = (figure.inherent, figure.residual, figure.target)
    texts = [format_money(v, currency) if figure.is_money else write_share(v) for v in values]
    move = "" if figure.before is None else write_move(figure.residual - figure.before, currency)
    return [Text(texts[0], style=QUIET), Text(texts[1], style="bold"), Text(texts[2]), Text(move)]


def _appetite(view: Summary) -> Group | None:
    if not view.appetite:
        return None
    table = ledger(
        (
            ("bearing on", "left", None),
            ("mean\na year", "right", None),
            ("", "left", None),
            ("chance\nof more", "right", None),
            ("appetite", "right", None),
            ("than", "right", None),
            ("over for losses", "left", 20),
        )
    )
    for row in view.appetite:
        state = toned("↑ over", Tone.BAD) if row.is_exceeded else Text("· within")
        table.add_row(
            row.category,
            format_money(row.mean, view.currency),
            state,
            write_share(row.chance),
            write_share(row.limit),
            format_money(row.tightest_at, view.currency),
            Text(over_words(row, view.currency), style=STYLES[Tone.BAD]),
        )
    return section(
        "Appetite", table, note="at the loss where it is tightest; a risk counts in each category it bears on"
    )


_RANGE, _OWNER = 3, 7
"""Columns of the largest risks that go where the console is narrow."""


def _largest(view: Summary) -> Group | FittedSection:
    table = ledger(
        (
            ("risk", "left", None),
            ("", "left", 20),
            ("mean", "right", None),
            ("range", "right", None),
            ("1 year\nin 20", "right", None),
            ("cell", "left", None),
            ("tolerance", "left", None),
            ("owner", "left", None),
        ),
        spare=(_OWNER, _RANGE),
    )
    for row in view.largest:
        table.add_row(
            Text(row.ref, style=QUIET),
            row.title,
            Text(format_money(row.mean, view.currency), style="bold"),
            write_range(*row.mean_range, view.currency),
            format_money(row.one_year_in_20, view.currency) if row.one_year_in_20 > 0 else "none",
            f"{row.cell} {row.rating}",
            state_text(TOLERANCE[row.tolerance]),
            row.owner or Text("nobody", style=STYLES[Tone.WARN]),
        )
    if not view.largest:
        return section("Largest risks", toned("No risk is estimated yet.", Tone.UNKNOWN))
    return FittedSection(f"{len(view.largest)} largest risks", table, _largest_note)


def _largest_note(kept: Collection[int]) -> str:
    """What the columns of money say, as far as there is room for them."""
    spread = "its range 5th to 95th percentile, " if _RANGE in kept else ""
    return f"residual a year: mean, {spread}what 1 year in 20 passes"


def _moved(moved: Moved, currency: str) -> Group:
    notes = [Text(f"Note: {with_written_dates(note)}.", style=QUIET) for note in moved.notes]
    ends = (f"Mean on {write_date(moved.since)}", "Mean now")
    parts = [_account("What moved and why", "residual, mean a year", moved, ends, currency, notes)]
    risk = moved.largest
    if risk is not None:
        ends = (f"{risk.ref} on {write_date(moved.since)}", f"{risk.ref} now")
        parts.append(_account(f"Why {risk.ref}, the largest risk, moved", "its mean a year", risk, ends, currency, []))
    return Group(*parts)


def _account(
    title: str, kind: str, moved: Moved | RiskMoved, ends: tuple[str, str], currency: str, notes: Sequence[Text]
) -> Group:
    """From the earlier mean over its causes to the mean of today, in one unit that adds up."""
    unit, words = money_unit(max(abs(moved.before), abs(moved.after)))
    amounts = [round(moved.before * 100), *(row.cents for row in moved.rows)]
    texts = [with_written_dates(row.text) for row in moved.rows]
    if moved.other_causes:
        amounts.append(moved.other_cents)
        texts.append(write_count(moved.other_causes, "smaller cause"))
    start, *parts = round_to_sum(amounts, unit)
    table = ledger((("", "left", 60), ("", "right", None)))
    table.add_row(Text(ends[0], style="bold"), Text(f"{start:,}", style="bold"))
    for text, amount in zip(texts, parts, strict=True):
        table.add_row(text, signed(amount))
    table.add_row(Text(ends[1], style="bold"), Text(f"{start + sum(parts):,}", style="bold"))
    return section(title, table, *notes, note=f"{kind}, {words} {currency}")


def money_unit(size: float) -> tuple[int, str]:
    """Cents in the unit that sums of this size share, and its name.

    >>> money_unit(1_400_000), money_unit(9_000)
    ((100000, 'thousand'), (100, 'whole'))
    """
    return (100_000, "thousand") if size >= 100_000 else (100, "whole")


def signed(amount: int) -> Text:
    """A whole amount with its sign: what raises loss in red, what lowers it in green."""
    tone = Tone.BAD if amount > 0 else Tone.GOOD if amount < 0 else Tone.QUIET
    return toned(write_whole(amount), tone)


def _mend(view: Summary) -> Group:
    if not view.mend and not view.untested:
        return section("Controls to mend first", "No control in place is known to fail.")
    table = ledger(
        (
            ("control", "left", None),
            ("", "left", 22),
            ("why", "left", 28),
            ("owner", "left", None),
            ("mean\na year", "right", None),
            ("worst 1\nin 20", "right", None),
        )
    )
    for row in view.mend:
        _mend_row(table, row, view.currency, VERDICTS[row.verdict].tone if row.verdict else Tone.BAD)
    for row in view.untested:
        _mend_row(table, row, view.currency, Tone.QUIET)
    worth = Text("Worth: how much less the portfolio would lose if the control worked as designed.", style=QUIET)
    note = "shown not to work first, then untested; each by worth"
    return section("Controls to mend first", table, worth, note=note)


def _mend_row(table: Ledger, row: MendRow, currency: str, tone: Tone) -> None:
    through = f"acts through others on {write_list(row.risks, limit=3)}" if row.risks else "acts on no estimated risk"
    worth = format_money(row.worth, currency) if row.worth is not None else ""
    worst = format_money(row.worth_in_worst_years, currency) if row.worth_in_worst_years is not None else ""
    why = toned(row.why if row.worth is not None else f"{row.why} ({through})", tone)
    table.add_row(Text(row.ref, style=QUIET), row.title, why, row.owner or "nobody", Text(worth, style="bold"), worst)


def _criteria(view: CriteriaView) -> Group:
    counts = Text("   ").join(
        toned(f"{CRITERIA[state].sign} {count} {CRITERIA[state].word}", CRITERIA[state].tone)
        for state, count in view.counts
    )
    parts: list[RenderableType] = [counts]
    table = ledger((("", "left", None), ("", "left", 26), ("", "left", None), ("", "left", 36)))
    told = [row for row in view.not_operating if row.state is not Headline.DESIGNED_ONLY][:CRITERIA_TOLD]
    for row in told:
        more = len(row.reasons) - REASONS
        reasons = "; ".join(row.reasons[:REASONS]) + (f" and {more} more" if more > 0 else "")
        table.add_row(Text(row.id, style=QUIET), row.label, state_text(CRITERIA[row.state]), reasons)
    if told:
        parts += [Text(""), table]
    parts += _other_criteria([row for row in view.not_operating if row not in told])
    return section("Criteria", *parts, note=f"{view.in_scope} in scope")


def _other_criteria(rows: Sequence[CriterionRow]) -> list[RenderableType]:
    """Criteria without their reasons, one paragraph a state."""
    by_state: dict[Headline, list[str]] = {}
    for row in rows:
        by_state.setdefault(row.state, []).append(row.id)
    table = ledger((("", "left", None), ("", "left", 60)))
    for state, ids in by_state.items():
        table.add_row(state_text(CRITERIA[state]), ", ".join(ids))
    return [Text(""), table] if by_state else []


def _evidence(view: EvidenceView) -> Group:
    if not view.tests:
        words = "No control test yet. Until one runs, each control works at the prior of its type and says untested."
        return section("Evidence", words)
    counts = Text("   ").join(
        toned(f"{VERDICTS[verdict].sign} {count} {VERDICTS[verdict].word}", VERDICTS[verdict].tone)
        for verdict, count in view.counts
        if count
    )
    parts: list[RenderableType] = [counts]
    if view.unknown:
        parts += [Text(""), unknown_tests(view)]
    if view.replaced:
        parts += [Text(""), replaced_tests(view)]
    return section(
        "Evidence", *parts, note=f"{write_count(view.tests, 'control test')}; what does not tell lowers nothing"
    )


def unknown_tests(view: EvidenceView) -> Ledger:
    """Every test that does not tell, with the reason."""
    table = ledger((("", "left", None), ("", "left", None), ("", "left", 50)))
    for row in view.unknown:
        table.add_row(row.test, state_text(VERDICTS[row.verdict]), f"{row.why} ({write_list(row.controls)})")
    return table


REPLACED_NOTE = "an export may be mended, but under a new name"


def replaced_tests(view: EvidenceView) -> Ledger:
    """Every judged test that rests on a file whose bytes changed after a test of it."""
    table = ledger((("", "left", None), ("", "left", None), ("", "left", 40)))
    for row in view.replaced:
        table.add_row(row.test, state_text(REPLACED[row.verdict]), f"{row.why} ({write_list(row.controls)})")
    return table


def deviations(view: EvidenceView) -> Group:
    parts: list[RenderableType] = []
    for row in view.deviations:
        parts.append(_deviation_line(row))
        keys = ", ".join(row.keys) + (f" and {row.more} more" if row.more else "")
        if row.keys:
            parts.append(Padding(Text(keys, style=QUIET), (0, 0, 0, 2)))
    return section("Deviations", *parts, note="failing control tests, the first items by key")


def _deviation_line(row: DeviationRow) -> Text:
    text = toned(f"{VERDICTS[Verdict.FAIL].sign} {row.test}", Tone.BAD)
    excepted = f", {row.excepted} more excepted" if row.excepted else ""
    rates = f"{write_share(row.rate)} against a tolerable {write_share(row.tolerable_rate)}"
    text.append(
        f"  {row.failed} of {row.judged} deviate{excepted}, {rates}, on {write_date(row.effective_on)}"
        f" ({write_list(row.controls)})",
        style="not bold default",
    )
    return text


def _due(view: Summary) -> Group:
    table = ledger((("", "left", None), ("", "left", None), ("", "left", 50), ("owner", "left", None)))
    for row in grouped(view.due):
        late = row.due_on is not None and row.due_on < view.as_of
        day = write_date(row.due_on) if row.due_on else "undated"
        table.add_row(toned(day, Tone.WARN if late else Tone.QUIET), row.what, row.text, row.owner or "")
    overdue = sum(1 for row in view.due if row.due_on and row.due_on < view.as_of)
    note = f"{len(view.due)}, {overdue} overdue" if overdue else str(len(view.due))
    return section("Due", table, note=note)
