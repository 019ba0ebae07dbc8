"""Figures of past days: made once when first asked for, kept for good, and read column by column."""

import json
import uuid
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from buttress import __version__
from buttress.orgs.moments import Moment
from buttress.orgs.tenancy import current_organisation
from buttress.register.database.snapshots import snapshot_of
from buttress.register.figures.columns import (
    Columns,
    control_columns,
    criterion_columns,
    json_of,
    portfolio_columns,
    portfolio_of,
    risk_columns,
)
from buttress.register.figures.computing import complete
from buttress.register.figures.inputs import day_of
from buttress.register.figures.rebuild import WITHOUT_LOCK, locked_head, revision_now
from buttress.register.figures.values import PortfolioValues
from buttress.register.models import Backdating, FigureSet

_FIGURES = ("risks", "controls", "criteria", "portfolio")

Table = Mapping[str, list[Any]]
"""Columns by name, each with one value a row; days as ISO text."""


@dataclass(frozen=True, slots=True)
class PastFigures:
    """Every figure as of a past day, and from which inputs, by which version of the core, it was made."""

    id: uuid.UUID
    as_of: date
    known_at: datetime | None
    revision: int
    core_version: str
    currency: str
    risks: Table
    controls: Table
    criteria: Table
    portfolio: PortfolioValues


def figures_of_day(moment: Moment, engagement: str | None = None) -> PastFigures:
    """The figures of a day, from the set that stands for it; made now where there is none yet.

    A set stands until something is recorded that reaches back to its day. One that is bound to an instant of knowledge
    stands for ever. What may still become otherwise by itself, a day that is not over, is computed and not kept. Raises
    `ProblemsError` where no figures can be computed as of the day.
    """
    if not _is_settled(moment):
        return _read(_computed(moment, engagement, revision_now()))
    row = _standing(moment, engagement or "") or _made(moment, engagement)
    return _SETS.opened(row)


def _is_settled(moment: Moment) -> bool:
    now = timezone.now()
    return moment.as_of < day_of(now) if moment.known_at is None else moment.known_at <= now


def _standing(moment: Moment, engagement: str) -> FigureSet | None:
    """The newest set that nothing recorded since reaches back to, its figures not read yet."""
    sets = FigureSet.objects.filter(
        as_of=moment.as_of, known_at=moment.known_at, engagement=engagement, core_version=__version__
    )
    newest: FigureSet | None = sets.defer(*_FIGURES).order_by("-revision").first()
    if newest is None or moment.known_at is not None:
        return newest
    outdated = Backdating.objects.filter(revision__gt=newest.revision, since__lte=moment.as_of)
    return None if outdated.exists() else newest


def _made(moment: Moment, engagement: str | None) -> FigureSet:
    """A new set, of one revision: writers are made to wait only where they do not stop writing meanwhile."""
    for _ in range(WITHOUT_LOCK):
        revision = revision_now()
        row = _computed(moment, engagement, revision)
        if revision_now() == revision:
            return _saved(row, moment, engagement)
    with transaction.atomic():
        head = locked_head()
        return _saved(_computed(moment, engagement, head.revision), moment, engagement)


def _saved(row: FigureSet, moment: Moment, engagement: str | None) -> FigureSet:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        standing = _standing(moment, engagement or "")
        assert standing is not None, "somebody else has made the set just now"
        return standing
    return row


def _computed(moment: Moment, engagement: str | None, revision: int) -> FigureSet:
    snapshot = snapshot_of(moment, engagement)
    found = complete(snapshot)
    about = {risk.ref: {"title": risk.title, "owner": risk.owner} for risk in snapshot.risks}
    named = {control.ref: {"title": control.title, "owner": control.owner} for control in snapshot.controls}
    portfolio = {"currency": snapshot.organisation.currency, **portfolio_columns(found.portfolio)}
    return FigureSet(
        organisation_id=current_organisation(),
        as_of=moment.as_of,
        known_at=moment.known_at,
        engagement=engagement or "",
        revision=revision,
        core_version=__version__,
        made_at=timezone.now(),
        risks=_packed({**about[each.ref], **risk_columns(each)} for each in found.risks),
        controls=_packed({**named[each.ref], **control_columns(each)} for each in found.controls),
        criteria=_packed(
            {"criterion": each.criterion, **criterion_columns(each, place)} for place, each in enumerate(found.criteria)
        ),
        portfolio=zlib.compress(json_of(portfolio).encode()),
    )


def _packed(rows: Iterable[Columns]) -> bytes:
    columns: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            columns.setdefault(name, []).append(value.isoformat() if isinstance(value, date) else value)
    return zlib.compress(json_of(columns).encode())


def _unpacked(stored: bytes | memoryview) -> Any:
    return json.loads(zlib.decompress(bytes(stored)))


def _read(row: FigureSet) -> PastFigures:
    portfolio = _unpacked(row.portfolio)
    return PastFigures(
        row.id,
        row.as_of,
        row.known_at,
        row.revision,
        row.core_version,
        portfolio["currency"],
        _unpacked(row.risks),
        _unpacked(row.controls),
        _unpacked(row.criteria),
        portfolio_of(portfolio),
    )


class _OpenedSets:
    """Sets that this process has opened: they never change, so that one opened is as good as a table."""

    KEPT = 8

    def __init__(self) -> None:
        self._sets: OrderedDict[uuid.UUID, PastFigures] = OrderedDict()

    def opened(self, row: FigureSet) -> PastFigures:
        found = self._sets.pop(row.id, None) or _read(FigureSet.objects.get(id=row.id))
        self._sets[row.id] = found
        while len(self._sets) > self.KEPT:
            self._sets.popitem(last=False)
        return found


_SETS = _OpenedSets()
