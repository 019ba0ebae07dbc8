"""How a selector, or what stands before several of them, is permitted: the role allows its operation in one organisation.

A selector returns frozen values, never a queryset: nothing is left to be read once the organisation is out of context.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from buttress.orgs.errors import ForbiddenError, NotFoundError
from buttress.orgs.models.people import Member
from buttress.orgs.role_names import Role
from buttress.orgs.roles import Grant, Operation, grant_of
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor

P = ParamSpec("P")
R = TypeVar("R")


def reads(operation: Operation) -> Callable[[Callable[P, R]], Callable[Concatenate[Actor, P], R]]:
    """Makes a selector of a function that reads what is in context: the caller gives the viewer first."""

    def decorate(selector: Callable[P, R]) -> Callable[Concatenate[Actor, P], R]:
        @wraps(selector)
        def call(viewer: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with tenant(viewer.organisation_id):
                permit_read(viewer, operation)
                return selector(*args, **kwargs)

        call.operation = operation  # type: ignore[attr-defined]
        return call

    return decorate


def permits(
    operation: Operation,
) -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[Concatenate[Actor, P], R]]:
    """Asks for permission before anything else, of a function that works before its write begins or reads in several
    steps: what somebody gave who may not give it is not even looked at."""

    def decorate(door: Callable[Concatenate[Actor, P], R]) -> Callable[Concatenate[Actor, P], R]:
        @wraps(door)
        def call(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with tenant(actor.organisation_id):
                permit_read(actor, operation)
            return door(actor, *args, **kwargs)

        call.operation = operation  # type: ignore[attr-defined]
        return call

    return decorate


def permit_read(viewer: Actor, operation: Operation) -> Role | None:
    """The viewer's role now; raises `ForbiddenError` where it does not allow the operation. The system reads all."""
    if viewer.member_id is None:
        return None
    member = Member.objects.filter(id=viewer.member_id, removed_in=None, ended_on=None).first()
    if member is None:
        raise ForbiddenError("You are no member of this organisation any more; ask an owner of it")
    if grant_of(Role(member.role), operation) is Grant.NO:
        raise ForbiddenError(
            f"{operation} is not allowed to {Role(member.role).label}; ask an owner of the organisation"
        )
    return Role(member.role)


def engagement_wanted(viewer: Actor, engagement: str | None) -> str | None:
    """The engagement asked for, or to which a member is bound; raises `NotFoundError` where they are bound to another."""
    seen = engagement_seen(viewer)
    if seen is not None and engagement not in (None, seen):
        raise NotFoundError("engagement", str(engagement))
    return seen or engagement


def engagement_seen(viewer: Actor) -> str | None:
    """The one engagement within which a member acts, None where they are bound to none."""
    if viewer.member_id is None:
        return None
    bound: str | None = Member.objects.filter(id=viewer.member_id).values_list("engagement", flat=True).first()
    return bound
