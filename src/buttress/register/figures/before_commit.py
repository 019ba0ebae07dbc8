"""What follows for the figures from every write, in its own transaction.

Few risks are refreshed at once, with their part of the portfolio. Where many are concerned, where a sum needs other
lattices, or where a day has passed since, the write asks for a rebuild instead: lists then show the last complete
figures and say so. A register so small that computing all of it is as quick is computed whole.
"""

from buttress import __version__
from buttress.formats.problems import ProblemsError
from buttress.orgs.errors import InvalidError
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write
from buttress.register.figures import recomputing
from buttress.register.figures.inputs import day_of, has_scale, whole
from buttress.register.figures.lapsing import record_lapses
from buttress.register.figures.refreshing import refresh, store_whole
from buttress.register.figures.rows import Stamp
from buttress.register.figures.scope import Scope, scope_of, since_of
from buttress.register.figures.values import RiskValues
from buttress.register.models import Backdating, PortfolioFigures
from buttress.risks.models import Risk

FEW = 50
"""Most risks that are refreshed within a write."""
_MOST_EDITS = 5_000
"""A rebuild takes away what so many additions and subtractions may have left of rounding."""


def refresh_figures(write: Write) -> None:
    """Refreshes the figures that `write` concerns, or asks for a rebuild of all.

    Raises `InvalidError`, so that nothing is written, where figures could not be computed after it.
    """
    scope = scope_of(write)
    if scope.is_nothing:
        return
    stamp = Stamp(write.head.revision + 1, day_of(write.recorded_at), __version__)
    write.insert(Backdating(revision=stamp.revision, since=since_of(write, stamp.as_of)))
    if write.operation is Operation.ACCEPTANCE_LAPSE:
        return  # A lapse is recorded because the live figures say so already.
    # What a warm process does not need is not read.
    row = PortfolioFigures.objects.defer("sums", "stages", "appetite").first()
    if row is None and not has_scale():
        return
    try:
        refreshed = _refreshed(scope, row, stamp)
    except ProblemsError as error:
        raise InvalidError(str(error)) from error
    if refreshed is None:
        recomputing.ask(stamp.revision, stamp.as_of, write.recorded_at, _reason(scope))
    else:
        record_lapses(write, refreshed, stamp.as_of, stamp.revision)


def _refreshed(scope: Scope, row: PortfolioFigures | None, stamp: Stamp) -> tuple[RiskValues, ...] | None:
    """What was computed at once; None where that would take too long."""
    if recomputing.is_recomputing():
        return None
    is_current = row is not None and (row.as_of, row.core_version) == (stamp.as_of, stamp.core_version)
    if row is not None and is_current and not scope.is_everything and len(scope.risks) <= FEW:
        refreshed = refresh(scope, row, stamp) if row.edits < _MOST_EDITS else None
        if refreshed is not None:
            return refreshed
    if Risk.objects.filter(removed_in=None).count() > FEW:
        return None
    return store_whole(whole(stamp.as_of), stamp)


def _reason(scope: Scope) -> str:
    if scope.is_everything:
        return "what all figures rest on changed"
    return (
        f"{len(scope.risks)} risks changed"
        if len(scope.risks) > FEW
        else "the figures need other lattices or a new day"
    )
