"""Why figures moved between two snapshots: amounts by named cause that add up to the cent.

A risk's mean is a product: frequency, one share a control group, mean loss of one event, rate of exchange. The difference
of two means is split free of order by logarithmic-mean weights over the factors (additive LMDI, Ang 2005): factor f has
the share L(m0, m1) ln(f1 / f0), where L is the logarithmic mean; primary and secondary loss are split apart. Within a
group the share goes to its controls by log ratio. Within a control it goes, in this order, to age of the evidence, to
what the register says of the control, and to each test with a new result. A changed link, then a changed estimate, count
as a step of their own after that, whole. Risks that came or went count whole.

Exact: the parts of every risk and of the portfolio add up to the difference of the means, in cents by largest remainder.
The split of VaR and TVaR follows the order of `causes` (largest amount first, at most 20 steps): each step takes the law
of a risk along its way (`route`), and to its new law with its last cause; the steps add up exactly to the difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from buttress.core.annual_loss import AnnualLoss
from buttress.core.apportion import largest_remainder
from buttress.core.cause_details import cause_detail
from buttress.core.control_causes import CauseKey, CauseKind, ControlHistory
from buttress.core.portfolio import Portfolio, build_portfolio
from buttress.core.risk_change import Amounts, change_of
from buttress.core.route import Route
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.workings import Workings, work_out

MAX_TAIL_GROUPS = 20


@dataclass(frozen=True, slots=True)
class Part:
    """One cause's amount in one risk, in cents of the reporting currency a year."""

    kind: CauseKind
    subject: str
    detail: str
    cents: int


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause over all risks. Positive amounts raise the expected annual loss; `risks` has them by reference.

    The tail amounts are its step in the sequence of causes. `tail_step` counts the steps from 1; where there are more
    causes than steps, those of the last step share it, and the first of them carries its amounts.
    """

    kind: CauseKind
    subject: str
    detail: str
    cents: int
    risks: tuple[tuple[str, int], ...]
    var95_cents: int = 0
    tvar95_cents: int = 0
    tail_step: int = 0


@dataclass(frozen=True, slots=True)
class RiskMove:
    """How one risk's expected annual residual loss moved; `parts` add up to `cents`."""

    ref: str
    title: str
    before: float
    after: float
    cents: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`causes` and `moves` are ordered by size of amount; each adds up to `mean_cents`."""

    since: date
    until: date
    currency: str
    mean_before: float
    mean_after: float
    mean_cents: int
    var95_before: float
    var95_after: float
    tvar95_before: float
    tvar95_after: float
    causes: tuple[Cause, ...]
    moves: tuple[RiskMove, ...]
    notes: tuple[str, ...] = ()


Leaves = dict[str, Amounts]
"""By risk and cause: the amount in the reporting currency a year, unrounded."""

Cents = dict[str, dict[CauseKey, int]]
"""The same in cents, adding up to the portfolio's move in cents."""

Details = dict[CauseKey, str]
"""What each cause says of itself."""


def explain(before: RegisterSnapshot, after: RegisterSnapshot) -> Explanation:
    """Split the difference of two postures into named causes."""
    old, new = work_out(before), work_out(after)
    leaves, routes = _leaves(old, new)
    cents = _in_cents(leaves)
    keys = dict.fromkeys(key for amounts in cents.values() for key in amounts)
    details = {key: cause_detail(key, old, new) for key in keys}
    causes = _causes(cents, details)
    moves = _moves(cents, details, old, new)
    first = build_portfolio([s.residual for s in old.staged.values()])
    last = build_portfolio([s.residual for s in new.staged.values()])
    start, end = first.distribution(), last.distribution()
    tails = _tail_steps(causes, _Way(leaves, routes, old, new), first)
    return Explanation(
        before.as_of,
        after.as_of,
        after.organisation.currency,
        start.mean,
        end.mean,
        sum(c.cents for c in causes),
        start.value_at_risk(0.95),
        end.value_at_risk(0.95),
        start.tail_value_at_risk(0.95),
        end.tail_value_at_risk(0.95),
        tuple(
            replace(c, var95_cents=v, tvar95_cents=t, tail_step=min(place, MAX_TAIL_GROUPS))
            for place, (c, (v, t)) in enumerate(zip(causes, tails, strict=True), 1)
        ),
        moves,
        _notes(before, after),
    )


def _leaves(old: Workings, new: Workings) -> tuple[Leaves, dict[str, Route]]:
    before = {r.ref: r for r in old.snapshot.risks if r.ref in old.staged}
    after = {r.ref: r for r in new.snapshot.risks if r.ref in new.staged}
    history = ControlHistory(old, new)
    leaves: Leaves = {}
    routes: dict[str, Route] = {}
    for ref in sorted({*before, *after}):
        if ref not in before:
            leaves[ref] = {CauseKey(CauseKind.RISK_ADDED, ref): new.staged[ref].residual.mean}
        elif ref not in after:
            leaves[ref] = {CauseKey(CauseKind.RISK_CLOSED, ref): -old.staged[ref].residual.mean}
        else:
            change = change_of(before[ref], after[ref], old, new, history)
            leaves[ref], routes[ref] = change.amounts, change.route
    return {ref: amounts for ref, amounts in leaves.items() if amounts}, routes


def _in_cents(leaves: Leaves) -> Cents:
    """Rounded twice by largest remainder: the total to risks, each risk to its causes, so that every sum agrees."""
    moves = [100 * sum(amounts.values()) for amounts in leaves.values()]
    by_risk = largest_remainder(moves, round(sum(moves))) if moves else []
    return {
        ref: dict(zip(amounts, largest_remainder([100 * a for a in amounts.values()], total), strict=True))
        for (ref, amounts), total in zip(leaves.items(), by_risk, strict=True)
    }


def _causes(cents: Cents, details: Details) -> list[Cause]:
    by_cause: dict[CauseKey, list[tuple[str, int]]] = {}
    for ref, amounts in cents.items():
        for key, amount in amounts.items():
            by_cause.setdefault(key, []).append((ref, amount))
    causes = [
        Cause(
            key.kind,
            key.subject,
            details[key],
            sum(amount for _, amount in risks),
            tuple(sorted(risks, key=lambda r: (-abs(r[1]), r[0]))),
        )
        for key, risks in by_cause.items()
    ]
    return sorted(causes, key=lambda c: (-abs(c.cents), c.kind, c.subject))


def _moves(cents: Cents, details: Details, old: Workings, new: Workings) -> tuple[RiskMove, ...]:
    titles = {r.ref: r.title for r in (*old.snapshot.risks, *new.snapshot.risks)}
    moves = []
    for ref, amounts in cents.items():
        parts = [Part(key.kind, key.subject, details[key], c) for key, c in amounts.items() if c]
        parts.sort(key=lambda p: (-abs(p.cents), p.kind, p.subject))
        before = old.staged[ref].residual.mean if ref in old.staged else 0.0
        after = new.staged[ref].residual.mean if ref in new.staged else 0.0
        moves.append(RiskMove(ref, titles[ref], before, after, sum(amounts.values()), tuple(parts)))
    return tuple(sorted(moves, key=lambda m: (-abs(m.cents), m.ref)))


@dataclass(frozen=True, slots=True)
class _Way:
    """How the laws of all risks that moved come from one snapshot to the other."""

    leaves: Leaves
    routes: dict[str, Route]
    old: Workings
    new: Workings

    def start(self) -> dict[str, AnnualLoss | None]:
        return {ref: _residual(self.old, ref) for ref in self.leaves}

    def law(self, ref: str, done: set[CauseKey]) -> AnnualLoss | None:
        """The law of a risk once the causes in `done` have taken effect; None while it is not in the figures."""
        if ref in self.routes:
            return self.routes[ref].law(done, self.leaves[ref].keys())
        return _residual(self.new if done >= self.leaves[ref].keys() else self.old, ref)


def _tail_steps(causes: Sequence[Cause], way: _Way, start: Portfolio) -> list[tuple[int, int]]:
    """Cents of VaR and TVaR at 95 % for each cause, in order; beyond the twentieth they move with the twentieth."""
    done: dict[str, set[CauseKey]] = {ref: set() for ref in way.leaves}
    laws = way.start()
    portfolio, steps = start, list[tuple[float, float]]()
    distribution = start.distribution()
    var, tvar = distribution.value_at_risk(0.95), distribution.tail_value_at_risk(0.95)
    for group in _tail_groups(causes):
        touched = sorted({ref for cause in group for ref, _ in cause.risks})
        for cause in group:
            for ref, _ in cause.risks:
                done[ref].add(CauseKey(cause.kind, cause.subject))
        reached = {ref: way.law(ref, done[ref]) for ref in touched}
        removed = [law for ref in touched if (law := laws[ref]) is not None]
        portfolio = portfolio.requantified(removed, [law for law in reached.values() if law is not None])
        laws.update(reached)
        distribution = portfolio.distribution()
        then = distribution.value_at_risk(0.95), distribution.tail_value_at_risk(0.95)
        steps.append((100 * (then[0] - var), 100 * (then[1] - tvar)))
        var, tvar = then
    rounded = [largest_remainder(column, round(sum(column))) for column in zip(*steps, strict=True)]
    cents = list(zip(*rounded, strict=True))
    return [*cents, *[(0, 0)] * (len(causes) - len(cents))]


def _tail_groups(causes: Sequence[Cause]) -> list[Sequence[Cause]]:
    single = min(len(causes), MAX_TAIL_GROUPS - 1)
    groups: list[Sequence[Cause]] = [causes[i : i + 1] for i in range(single)]
    return [*groups, causes[single:]] if causes[single:] else groups


def _residual(workings: Workings, ref: str) -> AnnualLoss | None:
    return workings.staged[ref].residual if ref in workings.staged else None


def _notes(before: RegisterSnapshot, after: RegisterSnapshot) -> tuple[str, ...]:
    """What changed without moving money: it moves cells, ratings and verdicts."""
    notes = []
    if before.scale.version != after.scale.version:
        notes.append(f"scale version {after.scale.version} replaced {before.scale.version}: cells and ratings moved")
    if before.appetite != after.appetite:
        notes.append("the appetite changed: verdicts are judged against the new one")
    if before.core_version != after.core_version:
        notes.append(f"figures come from version {after.core_version}, before from {before.core_version}")
    return tuple(notes)
