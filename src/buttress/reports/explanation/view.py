"""An explanation in whole units of money that add up: causes, and risks with their parts."""

from dataclasses import dataclass
from datetime import date

from buttress.core.explain import Explanation, RiskMove
from buttress.reports.notation import round_to_sum

UNIT = 100
"""Cents in the unit in which amounts are printed: whole units of the reporting currency."""

MOVES = 10


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Amounts a year in whole units: expected annual loss, VaR 95 %, TVaR 95 %."""

    kind: str
    subject: str
    text: str
    mean: int
    var95: int
    tvar95: int
    risks: tuple[str, ...]


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
    """`other_moves` counts the risks that are not listed, `other_amount` is their sum."""

    since: date
    until: date
    currency: str
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
    causes = tuple(
        CauseLine(c.kind.value, c.subject, c.detail, m, v, t, tuple(ref for ref, _ in c.risks))
        for c, m, v, t in zip(e.causes, means, var, tvar, strict=True)
    )
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
    lines = [_move(move, amount) for move, amount in zip(moved, amounts, strict=True)]
    shown, others = lines[:MOVES], lines[MOVES:]
    return ExplanationView(
        e.since,
        e.until,
        e.currency,
        totals,
        causes,
        tuple(shown),
        len(others),
        sum(line.amount for line in others),
        e.notes,
    )


def _move(move: RiskMove, amount: int) -> MoveLine:
    parts = round_to_sum([p.cents for p in move.parts], UNIT, total=amount)
    texts = tuple((p.detail, cents) for p, cents in zip(move.parts, parts, strict=True))
    after = round(move.after)
    return MoveLine(move.ref, move.title, after - amount, after, amount, texts)
