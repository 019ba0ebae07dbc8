"""Changes that raise themselves: what a write alters asks, in the same write, whether any risk changes (CC3.4).

Each stage says which of its records matter and when (`watch`), and from when on there is anything to think over again
(`asks_where`). A register folder states its own changes, so an apply raises none. What a change names may go: the change
then keeps its words and lets go of the reference, because a folder could not resolve it.
"""

import re
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import count

from buttress.formats.fields import SUBJECT_KINDS
from buttress.formats.models import StrictModel
from buttress.inventory.kinds import CHANGES
from buttress.inventory.models import Change
from buttress.inventory.records import ChangeRecord
from buttress.orgs import recording
from buttress.orgs.content import from_text
from buttress.orgs.kinds import record_kind
from buttress.orgs.models import RecordVersion
from buttress.orgs.reading import records_of, zone_of_organisation
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, before_commit

PREFIX = "CHG-"
_NUMBERED = re.compile(rf"{PREFIX}([0-9]{{1,9}})\Z")
"""References that are counted on from; a longer number leaves no room for the next ones."""

Named = tuple[str, str]
"""Kind and reference of a record."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a write made of a record: `before` is None where it is new, `after` where it went."""

    ref: str
    before: StrictModel | None
    after: StrictModel | None


Title = Callable[[Write, Turn], str | None]
"""The title of the change that a turn is; None where no risk can come of it."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Records of a kind that may alter risks; `noun` is what a change calls one as its subject."""

    kind: str
    noun: str
    title: Title


@dataclass(slots=True)
class _Watch:
    kinds: dict[str, Watched] = field(default_factory=dict)
    conditions: list[Callable[[], bool]] = field(default_factory=list)


_watch = _Watch()


def watch(watched: Watched) -> Watched:
    """From now on every write that touches such a record is looked at; raises ValueError where another watches the kind."""
    if _watch.kinds.setdefault(watched.kind, watched) != watched:
        raise ValueError(f"Two watch {watched.kind}")
    return watched


def asks_where(condition: Callable[[], bool]) -> Callable[[], bool]:
    """No change is raised while `condition` does not hold of the organisation in context: then nothing could alter."""
    if condition not in _watch.conditions:
        _watch.conditions.append(condition)
    return condition


@before_commit
def raise_changes(write: Write) -> None:
    """Raises what the write gives reason for, and lets changes go of what it removed."""
    if write.operation is Operation.REGISTER_APPLY:
        return
    _let_go(write, [named for named in _removed(write) if named[0] in SUBJECT_KINDS.values()])
    asked = [each for each in _asked(write) if each is not None]
    if not asked or not all(condition() for condition in _watch.conditions):
        return
    today = write.recorded_at.astimezone(zone_of_organisation()).date()
    free = _free_references()
    for title, subject in dict.fromkeys(asked):
        if not _is_asked(today, title, subject):
            change = ChangeRecord(title=title, effective_on=today, subject=subject)
            recording.add(write, CHANGES, next(free), change)
            write.flush()


def _asked(write: Write) -> Iterator[tuple[str, str | None] | None]:
    """Title and subject of each change that the write is, but for those that it states itself."""
    stated: set[Named] | None = None
    for (kind, record_id), ref in write.touched.items():
        watched = _watch.kinds.get(kind)
        turn = _turn(write, kind, record_id, ref) if watched else None
        title = watched.title(write, turn) if watched and turn else None
        if watched is None or turn is None or title is None:
            continue
        stated = _stated(write) if stated is None else stated
        if (SUBJECT_KINDS[watched.noun], ref) not in stated:
            yield title, None if turn.after is None else f"{watched.noun}:{ref}"


def _turn(write: Write, kind: str, record_id: uuid.UUID, ref: str) -> Turn | None:
    """None where the record itself says what it said before, whatever facts of it were stated."""
    versions = RecordVersion.objects.filter(record_id=record_id, change__lte=write.change).order_by("-change")[:2]
    newest, *earlier = versions
    if newest.change != write.change:
        return None
    of = record_kind(kind)
    before = of.to_record(ref, from_text(earlier[0].content)) if earlier else None
    after = None if newest.is_removed else of.to_record(ref, from_text(newest.content))
    return None if before == after else Turn(ref, before, after)


def _stated(write: Write) -> set[Named]:
    """The subjects of changes that this write records or amends itself."""
    subjects = Change.objects.filter(changed_in=write.change, removed_in=None).exclude(subject=None)
    return {_named(subject) for subject in subjects.values_list("subject", flat=True)}


def _named(subject: str) -> Named:
    noun, _, ref = subject.partition(":")
    return SUBJECT_KINDS[noun], ref


def _is_asked(today: date, title: str, subject: str | None) -> bool:
    """Whether the same question of the same day waits for its answer already."""
    waiting = Change.objects.filter(removed_in=None, assessed_on=None, effective_on=today)
    return bool(waiting.filter(title=title, subject=subject).exists())


def _free_references() -> Iterator[str]:
    """CHG-1, CHG-2 and so on, from the first number above all that were ever used."""
    used = set(RecordVersion.objects.filter(kind=CHANGES.name, ref__startswith=PREFIX).values_list("ref", flat=True))
    last = max((int(found[1]) for ref in used if (found := _NUMBERED.match(ref))), default=0)
    return (ref for number in count(last + 1) if (ref := f"{PREFIX}{number}") not in used)


def _removed(write: Write) -> Iterator[Named]:
    for draft in write.drafts.values():
        if draft.values.get("removed") is True:
            yield draft.kind, draft.ref


def _let_go(write: Write, gone: Collection[Named]) -> None:
    """A new version of each change that names what is gone, without the reference; the one before keeps it."""
    if not gone:
        return
    for ref, stored in records_of(CHANGES).items():
        change = stored.to_record(CHANGES)
        assert isinstance(change, ChangeRecord)
        if (kept := without(change, gone)) != change:
            recording.change(write, CHANGES, ref, kept, recording.stored(write, CHANGES, ref).version)


def without(change: ChangeRecord, gone: Collection[Named]) -> ChangeRecord:
    """The change without the references in `gone`, which name what is no longer there."""
    is_gone = change.subject is not None and _named(change.subject) in gone
    risks = tuple(ref for ref in change.risks if ("risks", ref) not in gone)
    return change.model_copy(update={"subject": None if is_gone else change.subject, "risks": risks})


def fields_changed(before: StrictModel, after: StrictModel, words: Mapping[str, str]) -> str:
    """The words of the fields that say something else after; the order of a list says nothing. Empty where none does.

    >>> from buttress.inventory.records import VendorRecord
    >>> fields_changed(VendorRecord(name="NewPay", tier=2), VendorRecord(name="Newpay", tier=1), {"tier": "tier"})
    'tier'
    """
    return ", ".join(word for name, word in words.items() if _said(before, name) != _said(after, name))


def _said(record: StrictModel, name: str) -> object:
    value = getattr(record, name)
    return frozenset(value) if isinstance(value, list | tuple | set | frozenset) else value
