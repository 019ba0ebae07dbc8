"""Writing live figures into their tables, and reading back the state that they hold."""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from buttress.controls.models import Control
from buttress.orgs.tenancy import TenantModel, current_organisation
from buttress.register.figures import sums as summing
from buttress.register.figures.columns import (
    control_columns,
    criterion_columns,
    portfolio_columns,
    private_risk_columns,
    risk_columns,
)
from buttress.register.figures.laws import laws_of
from buttress.register.figures.standing import (
    Standing,
    StandingRisk,
    gains_after,
    gains_of,
    risks_after,
    summands,
)
from buttress.register.figures.sums import Summand, Sums
from buttress.register.figures.values import ControlValues, CriterionValues, PortfolioValues, RiskValues
from buttress.register.models import ControlFigures, CriterionFigures, PortfolioFigures, RiskFigures

_BATCH = 500
_LEAST_STORED = 200
"""Sums of fewer risks are made of their laws as fast as they are read, and finer lattices make them large."""

Row = TypeVar("Row", bound=TenantModel)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every row written together carries."""

    revision: int
    as_of: date
    core_version: str


def write_risks(values: Iterable[RiskValues], ids: Mapping[str, uuid.UUID], stamp: Stamp) -> None:
    """Writes or replaces the rows of these risks."""
    _replace(
        RiskFigures,
        "risk_id",
        [(ids[each.ref], {**risk_columns(each), **private_risk_columns(each)}) for each in values],
        stamp,
    )


def write_controls(values: Iterable[ControlValues], stamp: Stamp) -> None:
    """Writes the rows of all controls, and takes away those of controls that are gone."""
    rows = list(values)
    ids = dict(Control.objects.filter(removed_in=None).values_list("ref", "id"))
    _replace(ControlFigures, "control_id", [(ids[each.ref], control_columns(each)) for each in rows], stamp)
    ControlFigures.objects.exclude(control_id__in=[ids[each.ref] for each in rows]).delete()


def write_worths(worths: Mapping[str, float | None], stamp: Stamp) -> None:
    """What mending these controls is worth now; those of no register have no row."""
    for ref, worth in worths.items():
        ControlFigures.objects.filter(ref=ref).update(worth_mean=worth, revision=stamp.revision)


def write_criteria(values: Sequence[CriterionValues], stamp: Stamp) -> None:
    """Writes the rows of all criteria, and takes away those of others."""
    columns: list[tuple[Any, dict[str, Any]]] = [
        (each.criterion, criterion_columns(each, position)) for position, each in enumerate(values)
    ]
    _replace(CriterionFigures, "criterion", columns, stamp)
    CriterionFigures.objects.exclude(criterion__in=[each.criterion for each in values]).delete()


def write_portfolio(values: PortfolioValues, state: Standing, stamp: Stamp, currency: str, edits: int) -> None:
    columns = {
        **portfolio_columns(values),
        "currency": currency,
        "sums": summing.bytes_of(state.sums) if values.estimated > _LEAST_STORED else None,
        "token": state.token,
        "built": state.built,
        "states": state.states,
        "edits": edits,
        **_stamped(stamp),
    }
    # The organisation's head is locked: nobody else makes the row in between.
    if not PortfolioFigures.objects.update(**columns):
        PortfolioFigures.objects.create(organisation_id=current_organisation(), **columns)


def remove_risks(ids: Collection[uuid.UUID]) -> None:
    """Takes away the rows of risks that count no more."""
    if ids:
        RiskFigures.objects.filter(risk_id__in=list(ids)).delete()


def keep_only_risks(ids: Collection[uuid.UUID]) -> None:
    """Takes away the rows of all other risks."""
    gone = set(RiskFigures.objects.values_list("risk_id", flat=True)) - set(ids)
    for start in range(0, len(gone), _BATCH):
        remove_risks(list(gone)[start : start + _BATCH])


def _replace(model: type[Row], key: str, columns: Sequence[tuple[Any, dict[str, Any]]], stamp: Stamp) -> None:
    if not columns:
        return
    organisation_id = current_organisation()
    rows = [model(organisation_id=organisation_id, **{key: k}, **own, **_stamped(stamp)) for k, own in columns]
    model._default_manager.bulk_create(
        rows,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["organisation_id", key],
        update_fields=[*columns[0][1], *_stamped(stamp)],
    )


def _stamped(stamp: Stamp) -> dict[str, Any]:
    return {"revision": stamp.revision, "as_of": stamp.as_of, "core_version": stamp.core_version}


def loaded(row: PortfolioFigures, known: Standing | None) -> Standing:
    """The state that the tables hold, from what is known of an earlier one where it descends from the same computation."""
    if known is not None and known.token == row.token:
        return known
    if known is None or known.built != row.built or known.revision >= row.revision:
        return _reloaded(row)
    changed = _changed_since(known)
    sums = _sums_after(row, known, changed)
    if sums is None:
        return _reloaded(row)
    risks = risks_after(known.risks, changed)
    gains, _ = gains_after(known.gains, known.risks, changed)
    around = known.around if known.states == row.states else None
    return Standing(row.revision, row.token, row.built, row.states, risks, gains, sums, row.not_estimated, around)


def _changed_since(known: Standing) -> dict[uuid.UUID, StandingRisk | None]:
    """Risks whose rows were written since, None where they went. Laws that stayed are the very objects known before: by
    them the sums tell what to take out."""
    changed: dict[uuid.UUID, StandingRisk | None] = dict(_read(RiskFigures.objects.filter(revision__gt=known.revision)))
    if len({*known.risks, *changed}) != RiskFigures.objects.count():
        left = set(RiskFigures.objects.values_list("risk_id", flat=True))
        changed.update((risk_id, None) for risk_id in known.risks if risk_id not in left)
    return {risk_id: _with_known_laws(risk, known.risks.get(risk_id)) for risk_id, risk in changed.items()}


def _with_known_laws(risk: StandingRisk | None, before: StandingRisk | None) -> StandingRisk | None:
    if risk is None or before is None or risk.summand is None or before.summand is None:
        return risk
    same = Summand(risk.summand.laws.or_equal(before.summand.laws), risk.summand.categories)
    return StandingRisk(risk.ref, risk.is_condition, same, risk.gains)


def _sums_after(
    row: PortfolioFigures, known: Standing, changed: Mapping[uuid.UUID, StandingRisk | None]
) -> Sums | None:
    """The sums with what changed, from the table where it holds them; None where they must be made anew."""
    removed = summands(known.risks.get(risk_id) for risk_id in changed)
    added = summands(changed.values())
    if row.sums is not None:
        return summing.caught_up(known.sums, removed, added, summing.layers_of(bytes(row.sums)))
    return summing.after(known.sums, removed, added)


def _reloaded(row: PortfolioFigures) -> Standing:
    risks = _read(RiskFigures.objects.all())
    parts = summands(risks.values())
    if row.sums is not None:
        sums = summing.restored(summing.layers_of(bytes(row.sums)), parts)
    else:
        sums = summing.built(_sum_names(row), parts)
    gains = gains_of(risks)
    return Standing(row.revision, row.token, row.built, row.states, risks, gains, sums, row.not_estimated)


def _sum_names(row: PortfolioFigures) -> list[str]:
    """The sums behind a row's figures: one a stage, one a category with a verdict of its own."""
    categories = [category for category, *_ in json.loads(row.appetite) if category is not None]
    return [*summing.sum_names(None), *(summing.sum_of_category(category) for category in categories)]


def _read(rows: Any) -> dict[uuid.UUID, StandingRisk]:
    stored = list(rows.values_list("risk_id", "ref", "is_condition", "categories", "gains", "laws"))
    laws = iter(laws_of(text for *_, text in stored if text))
    found = {}
    for risk_id, ref, is_condition, categories, gains, text in stored:
        summand = Summand(next(laws), frozenset(json.loads(categories))) if text else None
        found[risk_id] = StandingRisk(ref, is_condition, summand, json.loads(gains))
    return found
