"""Figures of past days: made once when first asked for, kept for good, and read column by column."""

import json
import uuid
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from buttress import __version__
from buttress.orgs.moments import Moment
from buttress.orgs.reading import zone_of_organisation
from buttress.orgs.tenancy import current_organisation
from buttress.register.database.snapshots import snapshot_of
from buttress.register.figures.collecting import without_collecting
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
    """Every figure as of a past day, and from which inputs, by which version of the core, it was made.

    `time_zone` is the one in which its days began and ended.
    """

    id: uuid.UUID
    as_of: date
    known_at: datetime | None
    revision: int
    core_version: str
    currency: str
    time_zone: str
    risks: Table
    controls: Table
    criteria: Table
    portfolio: PortfolioValues


def figures_of_day(moment: Moment, engagement: str | None = None) -> PastFigures:
    """The figures of a day, from the set that stands for it; made now where there is none yet.

    A set stands until something is recorded that reaches back to its day. One that is bound to an instant of knowledge
    stands as long as days end when they do. What may still become otherwise by itself, a day that is not over, is computed
    and not kept. Raises `ProblemsError` where no figures can be computed as of the day.
    """
    if not _is_settled(moment):
        return _read(_computed(moment, engagement, revision_now()))
    return _standing(moment, engagement) or _made(moment, engagement)


def _is_settled(moment: Moment) -> bool:
    """Whether every write to come is later: the day is over, and so is the microsecond up to which things are known."""
    now = timezone.now()
    return moment.as_of < day_of(now) if moment.known_at is None else moment.known_at < now


def _standing(moment: Moment, engagement: str | None) -> PastFigures | None:
    """The newest set, unless something recorded since reaches back to it, or its days ended by another zone's midnight."""
    sets = FigureSet.objects.filter(
        as_of=moment.as_of, known_at=moment.known_at, engagement=engagement or "", core_version=__version__
    )
    newest = sets.defer(*_FIGURES).order_by("-revision").first()
    if newest is None:
        return None
    if moment.known_at is None:
        reaching_back = Backdating.objects.filter(revision__gt=newest.revision, since__lte=moment.as_of)
        if reaching_back.exists():
            return None
    found = _SETS.opened(newest)
    return found if found.time_zone == zone_of_organisation().key else None


def _made(moment: Moment, engagement: str | None) -> PastFigures:
    """A new set, of one revision: writers are made to wait only where they do not stop writing meanwhile.

    It is kept while the head is locked. A write that is open then, begun before midnight or before the instant of knowledge,
    would belong to the set and not be in it.
    """
    for _ in range(WITHOUT_LOCK):
        revision = revision_now()
        row = _computed(moment, engagement, revision)
        with transaction.atomic():
            if locked_head().revision == revision:
                return _kept(row, moment, engagement)
    with transaction.atomic():
        head = locked_head()
        return _kept(_computed(moment, engagement, head.revision), moment, engagement)


def _kept(row: FigureSet, moment: Moment, engagement: str | None) -> PastFigures:
    """The set as it is kept; the one that somebody else has made meanwhile, where there is one."""
    if not _is_settled(moment):
        return _read(row)
    standing = _standing(moment, engagement)
    if standing is None:
        row.save(force_insert=True)
        standing = _SETS.opened(row)
    return standing


@without_collecting()
def _computed(moment: Moment, engagement: str | None, revision: int) -> FigureSet:
    snapshot = snapshot_of(moment, engagement)
    found = complete(snapshot)
    about = {risk.ref: {"title": risk.title, "owner": risk.owner} for risk in snapshot.risks}
    named = {control.ref: {"title": control.title, "owner": control.owner} for control in snapshot.controls}
    portfolio = {
        "currency": snapshot.organisation.currency,
        "time_zone": zone_of_organisation().key,
        **portfolio_columns(found.portfolio),
    }
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
        portfolio["time_zone"],
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
