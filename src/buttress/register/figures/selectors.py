"""Every read of stored figures. Nothing is computed here, but for a past day that nobody has asked about before."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from buttress.core.workings import work_out
from buttress.criteria.kinds import ENGAGEMENTS
from buttress.criteria.records import EngagementRecord
from buttress.formats.ordering import natural
from buttress.orgs.moments import Moment
from buttress.orgs.reading import records_of
from buttress.orgs.reads import engagement_seen, engagement_wanted, permits, reads
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.figures.columns import criterion_columns, portfolio_of
from buttress.register.figures.computing import controls_and_criteria
from buttress.register.figures.inputs import day_of, with_all_controls
from buttress.register.figures.lines import (
    ControlLine,
    CriterionLine,
    L,
    Page,
    PortfolioLine,
    RiskLine,
    RiskOrder,
    Standing,
    columns_of,
    line_of,
)
from buttress.register.figures.past import PastFigures, Table, figures_of_day
from buttress.register.figures.recomputing import is_recomputing
from buttress.register.models import ControlFigures, CriterionFigures, PortfolioFigures, RiskFigures
from buttress.register.values.organisation import nearest_in_time

_PAGE = 50


@reads(Operation.REGISTER_READ)
def risk_figures(
    *,
    moment: Moment | None = None,
    order: RiskOrder = RiskOrder.RESIDUAL,
    is_descending: bool = True,
    tolerance: str | None = None,
    offset: int = 0,
    limit: int = _PAGE,
) -> Page[RiskLine]:
    """Risks in an order, those without an estimate last; with `tolerance` only those that stand so."""
    if (past := _past(moment)) is not None:
        return _page_of(past, order, is_descending, tolerance, offset, limit)
    standing = _standing()
    if standing is None:
        return Page((), 0, None)
    rows: QuerySet[RiskFigures] = RiskFigures.objects.all()
    if tolerance is not None:
        rows = rows.filter(tolerance=tolerance)
    sign = "-" if is_descending else ""
    by = [f"{sign}ref_order"] if order is RiskOrder.REFERENCE else ["-is_estimated", f"{sign}{order}", "ref_order"]
    shown = rows.order_by(*by)[offset : offset + limit]
    return Page(_lines(RiskLine, shown, title=F("risk__title"), owner=F("risk__owner__ref")), rows.count(), standing)


@reads(Operation.REGISTER_READ)
def control_figures(*, moment: Moment | None = None) -> Page[ControlLine]:
    """Every control in the order of references; sorting a few hundred lines is its reader's business."""
    if (past := _past(moment)) is not None:
        return _whole(ControlLine, past, past.controls)
    rows = ControlFigures.objects.order_by("ref_order")
    lines = _lines(ControlLine, rows, title=F("control__title"), owner=F("control__owner__ref"))
    return Page(lines, len(lines), _standing())


@permits(Operation.REGISTER_READ)
def criterion_figures(viewer: Actor, *, moment: Moment | None = None) -> Page[CriterionLine]:
    """Every criterion in the order of the framework, to an auditor as their own engagement has it.

    None where that engagement is not known.
    """
    with tenant(viewer.organisation_id):
        own = engagement_seen(viewer)
        if own is not None and own not in records_of(ENGAGEMENTS, moment, [own]):
            return Page((), 0, None)
        if (past := _past(moment, own)) is not None:
            return _whole(CriterionLine, past, past.criteria)
        standing = _standing()
        if own is not None and standing is not None and own != _engagement_of_rows(standing.as_of):
            lines = _criteria_within(own, standing.as_of)
        else:
            lines = _lines(CriterionLine, CriterionFigures.objects.order_by("position"))
        return Page(lines, len(lines), standing)


@reads(Operation.REGISTER_READ)
def portfolio_figures(*, moment: Moment | None = None) -> PortfolioLine | None:
    """All risks together; None before there are figures."""
    if (past := _past(moment)) is not None:
        return PortfolioLine(past.portfolio, _standing_of(past))
    row = PortfolioFigures.objects.defer("sums").first()
    return None if row is None else PortfolioLine(portfolio_of(vars(row)), _standing_of_row(row))


@permits(Operation.REGISTER_READ)
def figures_at(viewer: Actor, *, moment: Moment, engagement: str | None = None) -> PastFigures:
    """Every figure as of a day, column by column; of a past day from the set that is kept.

    An auditor sees their own engagement; raises `NotFoundError` for another.
    """
    with tenant(viewer.organisation_id):
        return figures_of_day(moment, engagement_wanted(viewer, engagement))


def _engagement_of_rows(as_of: date) -> str | None:
    """The engagement that the stored figures of criteria are about."""
    records = [stored.to_record(ENGAGEMENTS) for stored in records_of(ENGAGEMENTS).values()]
    found = [each for each in records if isinstance(each, EngagementRecord)]
    ordered = sorted(found, key=lambda each: (each.period_start, natural(each.ref)))
    return nearest_in_time(ordered, as_of).ref if ordered else None


def _criteria_within(engagement: str, as_of: date) -> tuple[CriterionLine, ...]:
    """As the rows are, of another engagement than theirs: computed from controls and tests alone, and not kept."""
    _, criteria = controls_and_criteria(work_out(with_all_controls((), as_of, engagement)), {})
    return tuple(
        line_of(CriterionLine, {"criterion": each.criterion, **criterion_columns(each, place)})
        for place, each in enumerate(criteria)
    )


def _past(moment: Moment | None, engagement: str | None = None) -> PastFigures | None:
    """The figures of the moment's day, None where the live ones are meant."""
    if moment is None or (moment.known_at is None and moment.as_of == day_of(timezone.now())):
        return None
    return figures_of_day(moment, engagement)


def _standing() -> Standing | None:
    row = PortfolioFigures.objects.only("revision", "as_of", "core_version", "currency").first()
    return None if row is None else _standing_of_row(row)


def _standing_of_row(row: PortfolioFigures) -> Standing:
    return Standing(row.revision, row.as_of, row.core_version, row.currency, is_recomputing())


def _standing_of(past: PastFigures) -> Standing:
    return Standing(past.revision, past.as_of, past.core_version, past.currency)


def _lines(kind: type[L], rows: Any, **joined: F) -> tuple[L, ...]:
    own = [name for name in columns_of(kind) if name not in joined]
    return tuple(line_of(kind, columns) for columns in rows.values(*own, **joined))


def _whole(kind: type[L], past: PastFigures, table: Table) -> Page[L]:
    count = _length(table)
    return Page(tuple(line_of(kind, _row(table, place)) for place in range(count)), count, _standing_of(past))


def _page_of(
    past: PastFigures, order: RiskOrder, is_descending: bool, tolerance: str | None, offset: int, limit: int
) -> Page[RiskLine]:
    table = past.risks
    places = [place for place in range(_length(table)) if tolerance in (None, table["tolerance"][place])]
    places.sort(key=lambda place: table["ref_order"][place])
    if order is RiskOrder.REFERENCE:
        places = places[::-1] if is_descending else places
    else:
        column = table[order] if table else []
        known = [place for place in places if column[place] is not None and table["is_estimated"][place]]
        # Sorting keeps what is equal in its place, in the order of references.
        known.sort(key=lambda place: column[place], reverse=is_descending)
        rest = set(places).difference(known)
        places = known + [place for place in places if place in rest]
    lines = tuple(line_of(RiskLine, _row(table, place)) for place in places[offset : offset + limit])
    return Page(lines, len(places), _standing_of(past))


def _length(table: Table) -> int:
    return len(next(iter(table.values()))) if table else 0


def _row(table: Table, place: int) -> Mapping[str, Any]:
    return {name: column[place] for name, column in table.items()}
