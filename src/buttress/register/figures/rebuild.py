"""Computing all live figures anew, from the register as it stands now.

The register is read and computed without holding anybody up; only then is the organisation's head locked, and where it
has moved on meanwhile the work is done again, at last under the lock. Doing it twice changes nothing.
"""

import uuid
from datetime import date

from django.db import transaction
from django.utils import timezone

from buttress import __version__
from buttress.core.snapshot import RegisterSnapshot
from buttress.orgs.models import Head
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor, writing_in_transaction
from buttress.register.figures import recomputing
from buttress.register.figures.collecting import without_collecting
from buttress.register.figures.computing import Complete, complete
from buttress.register.figures.inputs import day_of, has_scale, whole
from buttress.register.figures.lapsing import has_unrecorded, record_lapses
from buttress.register.figures.refreshing import store
from buttress.register.figures.rows import Stamp
from buttress.register.models import PortfolioFigures

WITHOUT_LOCK = 3
"""Attempts before writers are made to wait."""

Computed = tuple[RegisterSnapshot, Complete] | None
"""None before a register has its first scale, and so figures."""


def rebuild(organisation_id: uuid.UUID, day: date | None = None) -> None:
    """Brings all live figures up to the inputs as they stand, as of `day` (None: the organisation's today).

    Acceptances found to have ended are recorded as lapsed in the same transaction, or neither is. Raises `ProblemsError` or
    ValueError where figures cannot be computed; those before then stay.
    """
    with tenant(organisation_id):
        for _ in range(WITHOUT_LOCK):
            seen = revision_now()
            today = day or day_of(timezone.now())
            found = _computed(today)
            if revision_now() == seen and _stored(found, today, seen):
                return
        with transaction.atomic(durable=True):
            head = locked_head()
            today = day or day_of(timezone.now())
            _store(_computed(today), today, head)


def locked_head() -> Head:
    """The head of the organisation in context, locked as every write does first."""
    head: Head = Head.objects.select_for_update(of=("self",)).get()
    return head


@without_collecting()
def _computed(today: date) -> Computed:
    if not has_scale():
        return None
    snapshot = whole(today)
    return snapshot, complete(snapshot)


def _stored(found: Computed, today: date, seen: int) -> bool:
    """Writes the figures unless the inputs have moved on."""
    with transaction.atomic(durable=True):
        head = locked_head()
        if head.revision != seen:
            return False
        _store(found, today, head)
    return True


def _store(found: Computed, today: date, head: Head) -> None:
    """Writes the figures, which are those of the locked head, and what follows from them."""
    if found is not None:
        snapshot, figures = found
        store(figures, snapshot, Stamp(head.revision, today, __version__))
    recomputing.done()
    if found is not None and has_unrecorded(figures.risks):
        system = Actor(head.organisation_id, None, f"found when figures of {today} were computed")
        with writing_in_transaction(system, Operation.ACCEPTANCE_LAPSE) as opened:
            record_lapses(opened, figures.risks, today, head.revision)


def is_up_to(day: date) -> bool:
    """Whether the live figures of the organisation in context are those of `day` or later, by this version."""
    row = PortfolioFigures.objects.only("as_of", "core_version").first()
    return row is not None and row.as_of >= day and row.core_version == __version__


def revision_now() -> int:
    """The revision at which the organisation in context stands."""
    return int(Head.objects.values_list("revision", flat=True)[0])
