"""What may alter risks beyond the inventory: incidents, and people who leave with risks, controls or authority in hand.

Nothing asks before the first assessment, because there is none to think over again.
"""

from collections.abc import Iterator

from buttress.controls.models import Control
from buttress.inventory.asking import Turn, Watched, asks_where, watch
from buttress.orgs.kinds_of_orgs import MEMBERS, PERSONS
from buttress.orgs.records import MemberRecord, PersonRecord
from buttress.orgs.writing import Write
from buttress.risks.kinds import INCIDENTS
from buttress.risks.models import Assessment, Risk
from buttress.risks.records.incidents import IncidentRecord
from buttress.risks.services.validity import methodology_in, today_in


def is_assessed() -> bool:
    """Whether any risk of the organisation in context was ever assessed."""
    return bool(Assessment.objects.filter(retracted=None).exists())


def _incident(_write: Write, turn: Turn) -> str | None:
    if turn.before is not None or turn.after is None:
        return None
    assert isinstance(turn.after, IncidentRecord)
    return f"Incident: {turn.after.title}"


def _leaver(write: Write, turn: Turn) -> str | None:
    """A person who leaves, or a member who may act no more; the same words, so that both together ask once.

    The reference stands for the name, so that no title has to be looked for where a person is to be forgotten.
    """
    if turn.before is None or turn.after is None or _left(turn.before) or not _left(turn.after):
        return None
    held = " and ".join(_held(write, turn.ref))
    return f"Person leaves: {turn.ref} ({held})" if held else None


def _left(record: object) -> bool:
    assert isinstance(record, PersonRecord | MemberRecord)
    day = record.left_on if isinstance(record, PersonRecord) else record.ended_on
    return day is not None


def _held(write: Write, ref: str) -> Iterator[str]:
    """What the person leaves behind, in words."""
    risks = Risk.objects.filter(owner__ref=ref, removed_in=None, closed_on=None).count()
    controls = Control.objects.filter(owner__ref=ref, removed_in=None, retired_on=None).count()
    owned = [f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in ((risks, "risk"), (controls, "control")) if n]
    if owned:
        yield f"owner of {' and '.join(owned)}"
    appetite = methodology_in(write).appetite_on(today_in(write))
    roles = [each.role for each in appetite.authorities if ref in each.held_by] if appetite else []
    if roles:
        yield f"authority of {', '.join(roles)}"


asks_where(is_assessed)
watch(Watched(INCIDENTS.name, "incident", _incident))
watch(Watched(PERSONS.name, "person", _leaver))
watch(Watched(MEMBERS.name, "person", _leaver))
