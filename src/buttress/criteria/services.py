"""Every write about engagements."""

from functools import cache

from buttress.criteria.catalogue import criteria, points_of_focus
from buttress.criteria.kinds import ENGAGEMENTS
from buttress.criteria.records import EngagementRecord
from buttress.orgs import recording
from buttress.orgs.errors import InvalidError
from buttress.orgs.models import Member
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes


@writes(Operation.ENGAGEMENT_CHANGE)
def add_engagement(write: Write, *, ref: str, engagement: EngagementRecord) -> Written:
    """Raises `InvalidError` where the record carries another reference, or names what is no criterion."""
    _check(ref, engagement)
    return recording.add(write, ENGAGEMENTS, ref, engagement)


@writes(Operation.ENGAGEMENT_CHANGE)
def change_engagement(write: Write, *, ref: str, engagement: EngagementRecord, version: int) -> Written:
    """As `add_engagement` for one that exists; it keeps its reference."""
    _check(ref, engagement)
    return recording.change(write, ENGAGEMENTS, ref, engagement, version)


@writes(Operation.ENGAGEMENT_CHANGE)
def remove_engagement(write: Write, *, ref: str, version: int) -> Written:
    """Raises `InvalidError` while a member acts within it."""
    recording.stored(write, ENGAGEMENTS, ref)
    bound = Member.objects.filter(engagement=ref, removed_in=None, ended_on=None).values_list("ref", flat=True).first()
    if bound is not None:
        raise InvalidError(f"The member {bound} acts within the engagement {ref}; end the member's access first")
    return recording.remove(write, ENGAGEMENTS, ref, version)


def _check(ref: str, engagement: EngagementRecord) -> None:
    if engagement.ref != ref:
        raise InvalidError(
            f"The record of the engagement {ref} carries the reference {engagement.ref!r}; give it {ref!r}"
        )
    for name in engagement.not_relevant:
        if name not in _judged():
            raise InvalidError(
                f"{name!r} under not_relevant is no criterion or point of focus of the Trust Services Criteria of"
                " 2017; mend it or leave it out"
            )


@cache
def _judged() -> frozenset[str]:
    """Ids of everything that an engagement may call not relevant."""
    return frozenset(criterion.id for criterion in criteria()) | {point.id for point in points_of_focus()}
