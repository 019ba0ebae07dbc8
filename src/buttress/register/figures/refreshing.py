"""Refreshing live figures within a write: the touched risks and the sums behind the portfolio, or all of them."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.db import transaction

from buttress.core.snapshot import RegisterSnapshot
from buttress.core.workings import work_out
from buttress.orgs.tenancy import current_organisation
from buttress.register.figures import rows
from buttress.register.figures.computing import (
    Complete,
    complete,
    controls_and_criteria,
    portfolio_values,
    risk_values,
)
from buttress.register.figures.inputs import of_risks, surroundings, with_all_controls
from buttress.register.figures.rows import Stamp
from buttress.register.figures.scope import Scope
from buttress.register.figures.standing import (
    CACHE,
    Standing,
    StandingRisk,
    gains_after,
    gains_of,
    not_estimated,
    risks_after,
    summands,
    worth_mean,
)
from buttress.register.figures.sums import after, sum_names
from buttress.register.figures.values import RiskValues
from buttress.register.models import PortfolioFigures
from buttress.risks.models import Risk


def refresh(scope: Scope, row: PortfolioFigures, stamp: Stamp) -> tuple[RiskValues, ...] | None:
    """Refreshes what the scope names and gives what was computed of its risks.

    None, and nothing is written, where all must be computed anew.
    """
    before = rows.loaded(row, CACHE.get(current_organisation()))
    if scope.has_states:
        before = replace(before, states=uuid.uuid4(), around=None)
        snapshot = with_all_controls(list(scope.risks.values()), stamp.as_of)
    else:
        around = before.around or surroundings(stamp.as_of)
        before = replace(before, around=around)
        snapshot = of_risks(scope.risks, stamp.as_of, around)
    if set(sum_names(snapshot.appetite)) != set(before.sums):
        return None
    workings = work_out(snapshot)
    values = risk_values(workings)
    state = _after(before, scope.risks, values, stamp)
    if state is None:
        return None
    found, touched = state
    ids = {ref: risk_id for risk_id, ref in scope.risks.items()}
    rows.write_risks(values, ids, stamp)
    rows.remove_risks([risk_id for risk_id in scope.risks if risk_id not in found.risks])
    if scope.has_states:
        worths = {each.ref: worth_mean(found.gains, each.ref) for each in snapshot.controls}
        controls, criteria = controls_and_criteria(
            workings, {ref: worth for ref, worth in worths.items() if worth is not None}
        )
        rows.write_controls(controls, stamp)
        rows.write_criteria(criteria, stamp)
    else:
        rows.write_worths(_worths_that_changed(before, found, touched), stamp)
    portfolio = portfolio_values(found.sums, snapshot.appetite, found.not_estimated)
    rows.write_portfolio(portfolio, found, stamp, snapshot.organisation.currency, row.edits + 1)
    remember(found)
    return values


def _after(
    before: Standing, ids: Mapping[uuid.UUID, str], values: tuple[RiskValues, ...], stamp: Stamp
) -> tuple[Standing, frozenset[str]] | None:
    """The state with the risks of `ids` as computed, those without figures gone; and the controls whose gains changed."""
    by_ref = {each.ref: each for each in values}
    changed: dict[uuid.UUID, StandingRisk | None] = {}
    for risk_id, ref in ids.items():
        computed = by_ref.get(ref)
        changed[risk_id] = None if computed is None else StandingRisk.of(computed, before.risks.get(risk_id))
    removed = summands(before.risks.get(risk_id) for risk_id in changed)
    sums = after(before.sums, removed, summands(changed.values()))
    if sums is None:
        return None
    gains, touched = gains_after(before.gains, before.risks, changed)
    risks = risks_after(before.risks, changed)
    without = before.not_estimated - not_estimated(before.risks.get(risk_id) for risk_id in changed)
    found = replace(
        before,
        revision=stamp.revision,
        token=uuid.uuid4(),
        risks=risks,
        gains=gains,
        sums=sums,
        not_estimated=without + not_estimated(changed.values()),
    )
    return found, touched


def _worths_that_changed(before: Standing, found: Standing, touched: Iterable[str]) -> dict[str, float | None]:
    worths = {control: worth_mean(found.gains, control) for control in touched}
    return {control: worth for control, worth in worths.items() if worth != worth_mean(before.gains, control)}


def store(found: Complete, snapshot: RegisterSnapshot, stamp: Stamp) -> None:
    """Writes every figure anew in place of what there was."""
    ids = dict(Risk.objects.filter(removed_in=None).values_list("ref", "id"))
    rows.write_risks(found.risks, ids, stamp)
    rows.keep_only_risks([ids[each.ref] for each in found.risks])
    rows.write_controls(found.controls, stamp)
    rows.write_criteria(found.criteria, stamp)
    risks = {ids[each.ref]: StandingRisk.of(each) for each in found.risks}
    built = uuid.uuid4()
    state = Standing(
        stamp.revision, built, built, built, risks, gains_of(risks), found.sums, found.portfolio.not_estimated
    )
    rows.write_portfolio(found.portfolio, state, stamp, snapshot.organisation.currency, 0)
    remember(state)


def store_whole(snapshot: RegisterSnapshot, stamp: Stamp) -> tuple[RiskValues, ...]:
    """Computes every figure of a snapshot and writes it."""
    found = complete(snapshot)
    store(found, snapshot, stamp)
    return found.risks


def remember(state: Standing) -> None:
    """Keeps the state in memory once it is committed; one that is rolled back was never there."""
    organisation_id = current_organisation()
    transaction.on_commit(lambda: CACHE.put(organisation_id, state))
