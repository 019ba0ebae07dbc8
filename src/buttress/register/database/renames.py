"""References of the past: a record that was renamed goes by one reference on every day, the last one known.

Otherwise a risk would seem to go and another to come between two days of which it was renamed.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count
from django.utils import timezone

from buttress.orgs.kinds import RecordKind, record_kinds
from buttress.orgs.models import RecordVersion
from buttress.orgs.moments import Moment
from buttress.orgs.reading import zone_of_organisation
from buttress.register.plan.mentions import Mention
from buttress.register.plan.plan import renamed_content


@dataclass(frozen=True, slots=True)
class Renames:
    """Kind and reference, as it was at a moment and as it is `now`, to the reference that was known last."""

    at: Mapping[Mention, str] = field(default_factory=dict)
    now: Mapping[Mention, str] = field(default_factory=dict)

    def content(self, kind: RecordKind, content: str) -> str:
        """Canonical content of a record, naming others as they are known."""
        for old, new_ref in self.at.items():
            if old[1] != new_ref:
                content = renamed_content(kind, content, old, new_ref)
        return content


UNCHANGED = Renames()
"""Where everything goes by the reference that it has."""


def as_now(moment: Moment | None) -> Moment | None:
    """None for a moment at which everything stands as it stands now: to read that takes less."""
    if moment is None or moment.known_at is not None:
        return moment
    return None if moment.ends_at(zone_of_organisation()) > timezone.now() else moment


def renames_at(moment: Moment | None) -> Renames:
    """The renames that matter at a moment; none at the present."""
    if moment is None:
        return UNCHANGED
    limit = moment.ends_at(zone_of_organisation())
    at: dict[Mention, str] = {}
    now: dict[Mention, str] = {}
    for kind, versions in _several_names():
        known = [each for each in versions if moment.known_at is None or each.recorded_at <= moment.known_at]
        if known:
            then = [each for each in known if each.recorded_at < limit] or known[:1]
            at[kind, then[-1].ref] = now[kind, versions[-1].ref] = known[-1].ref
    return Renames(at, now)


@dataclass(frozen=True, slots=True)
class _Name:
    ref: str
    recorded_at: datetime


def _several_names() -> Iterator[tuple[str, list[_Name]]]:
    """Of each record that had several references its kind, and them in order."""
    kinds = [kind.name for kind in record_kinds() if "formerly" in kind.record.model_fields]
    several = (
        RecordVersion.objects.filter(kind__in=kinds).values("record_id").annotate(names=Count("ref", distinct=True))
    )
    ids = [row["record_id"] for row in several.filter(names__gt=1).values("record_id")]
    found: dict[tuple[str, uuid.UUID], list[_Name]] = {}
    versions = RecordVersion.objects.filter(record_id__in=ids).order_by("change")
    for kind, record_id, ref, recorded_at in versions.values_list("kind", "record_id", "ref", "recorded_at"):
        found.setdefault((kind, record_id), []).append(_Name(ref, recorded_at))
    return ((kind, names) for (kind, _), names in found.items())
