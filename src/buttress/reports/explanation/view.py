"""An explanation in whole units of money that add up: causes, and risks with their parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from buttress.core.explain import Cause, Explanation, RiskMove
from buttress.reports.notation import round_to_sum

UNIT = 100
"""Cents in the unit in which amounts are printed: whole units of the reporting currency."""

MOVES = 10


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Amounts a year in whole units: expected annual loss, VaR 95 %, TVaR 95 %.

    The last line may stand for several causes that moved the tail in one step: `parts` (text, mean) add up to its mean.
    """

    kind: str
    subject: str
    text: str
    mean: int
    var95: int
    tvar95: int
    risks: tuple[str, ...]
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """`before` + the amounts of all causes = `after`."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class MoveLine:
    """A risk's move in whole units; `parts` (text, amount) add up to `amount`."""

    ref: str
    title: str
    before: int
    after: int
    amount: int
    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """`count` is the number of causes, `other_moves` counts the risks that are not listed, `other_amount` is their sum."""

    since: date
    until: date
    currency: str
    count: int
    totals: tuple[Total, ...]
    causes: tuple[CauseLine, ...]
    moves: tuple[MoveLine, ...]
    other_moves: int
    other_amount: int
    notes: tuple[str, ...]


def explanation_view(explanation: Explanation) -> ExplanationView:
    """Round everything to whole units so that causes, moves and parts add up to the totals shown."""
    e = explanation
    means = round_to_sum([c.cents for c in e.causes], UNIT)
    var, tvar = (round_to_sum([getattr(c, name) for c in e.causes], UNIT) for name in ("var95_cents", "tvar95_cents"))
    lines = tuple(
        CauseLine(c.kind.value, c.subject, c.detail, m, v, t, tuple(ref for ref, _ in c.risks))
        for c, m, v, t in zip(e.causes, means, var, tvar, strict=True)
    )
    causes = _by_step(e.causes, lines)
    totals = tuple(
        Total(name, round(after) - sum(amounts), round(after))
        for name, after, amounts in (
            ("mean", e.mean_after, means),
            ("VaR 95 %", e.var95_after, var),
            ("TVaR 95 %", e.tvar95_after, tvar),
        )
    )
    moved = [m for m in e.moves if m.cents]
    amounts = round_to_sum([m.cents for m in moved], UNIT, total=sum(means))
    told = [_move(move, amount) for move, amount in zip(moved, amounts, strict=True)]
    shown, others = told[:MOVES], told[MOVES:]
    return ExplanationView(
        e.since,
        e.until,
        e.currency,
        len(e.causes),
        totals,
        causes,
        tuple(shown),
        len(others),
        sum(line.amount for line in others),
        e.notes,
    )


def _by_step(causes: Sequence[Cause], lines: Sequence[CauseLine]) -> tuple[CauseLine, ...]:
    """One line a step of the tail: causes that share the last step come together."""
    last = max((cause.tail_step for cause in causes), default=0)
    alone = [line for cause, line in zip(causes, lines, strict=True) if cause.tail_step < last]
    together = lines[len(alone) :]
    if len(together) < 2:
        return tuple(lines)
    mean, var, tvar = (sum(getattr(line, name) for line in together) for name in ("mean", "var95", "tvar95"))
    parts = tuple((line.text, line.mean) for line in together)
    refs = tuple(dict.fromkeys(ref for line in together for ref in line.risks))
    return (*alone, CauseLine("several", "", f"{len(together)} smaller causes, together", mean, var, tvar, refs, parts))


def _move(move: RiskMove, amount: int) -> MoveLine:
    parts = round_to_sum([p.cents for p in move.parts], UNIT, total=amount)
    texts = tuple((p.detail, cents) for p, cents in zip(move.parts, parts, strict=True))
    after = round(move.after)
    return MoveLine(move.ref, move.title, after - amount, after, amount, texts)
