"""Which risks a change may concern: those that something ties to the subject of the change.

These are candidates for whoever answers it, no more: a change may alter a risk that nothing ties to its subject.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from buttress.core.snapshot import Change, RegisterSnapshot, Risk


class Tie(StrEnum):
    """What ties a risk to a subject: it names it, is owned by it, is acted on by a control that covers it or is owned by it.

    Depends: it names an asset that depends on the subject. Modifies: it is a condition that makes the subject worse.
    In order, the closest first.
    """

    IS = "is_subject"
    NAMES = "names_subject"
    OWNS = "owned"
    TREATS = "treated"
    ACCEPTS = "accepted"
    CAME_TRUE = "came_true"
    IN_SCOPE = "in_scope"
    DEPENDS = "depends"
    MODIFIES = "modifies"
    MODIFIED = "modified"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Concerned:
    """A risk with its closest tie; `via` names the record between it and the subject, None where there is none."""

    ref: str
    title: str
    owner: str | None
    tie: Tie
    via: str | None = None


_CLOSENESS = tuple(Tie)

Found = tuple[str, Tie, str | None]
"""Reference of a risk, tie, and what lies between."""

Ties = Callable[[str, RegisterSnapshot], Iterator[Found]]


def risks_concerned(change: Change, snapshot: RegisterSnapshot) -> tuple[Concerned, ...]:
    """Risks that are not closed, the closest ones first; none where the change names no subject, or an unknown one."""
    noun, _, ref = (change.subject or "").partition(":")
    ties = _TIES.get(noun)
    closest: dict[str, Found] = {}
    for found in ties(ref, snapshot) if ties else ():
        closest.setdefault(found[0], found)
    tied = [risk for risk in snapshot.risks if risk.ref in closest and not _is_closed(risk, snapshot)]
    tied.sort(key=lambda risk: _CLOSENESS.index(closest[risk.ref][1]))
    return tuple(Concerned(risk.ref, risk.title, risk.owner, *closest[risk.ref][1:]) for risk in tied)


def _is_closed(risk: Risk, snapshot: RegisterSnapshot) -> bool:
    return risk.closed_on is not None and risk.closed_on <= snapshot.as_of


def _where(snapshot: RegisterSnapshot, tie: Tie, is_tied: Callable[[Risk], bool]) -> Iterator[Found]:
    return ((risk.ref, tie, None) for risk in snapshot.risks if is_tied(risk))


def _of_vendor(ref: str, snapshot: RegisterSnapshot) -> Iterator[Found]:
    yield from _where(snapshot, Tie.NAMES, lambda risk: ref in risk.vendors)


def _of_objective(ref: str, snapshot: RegisterSnapshot) -> Iterator[Found]:
    yield from _where(snapshot, Tie.NAMES, lambda risk: ref in risk.objectives)


def _of_asset(ref: str, snapshot: RegisterSnapshot) -> Iterator[Found]:
    """Risks on the asset, on what depends on it over however many others, and those that controls over it act on."""
    yield from _where(snapshot, Tie.NAMES, lambda risk: ref in risk.assets)
    above = _resting_on(ref, snapshot)
    yield from ((risk.ref, Tie.DEPENDS, asset) for risk in snapshot.risks for asset in risk.assets if asset in above)
    for control in snapshot.controls:
        if ref in control.covers:
            yield from _of_control(control.ref, snapshot)


def _resting_on(ref: str, snapshot: RegisterSnapshot) -> set[str]:
    """Assets that depend on this one, directly or over others."""
    above: dict[str, list[str]] = {}
    for asset in snapshot.assets:
        for below in asset.depends_on:
            above.setdefault(below, []).append(asset.ref)
    found: set[str] = set()
    waiting = [ref]
    while waiting:
        for each in above.get(waiting.pop(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found - {ref}


def _of_control(ref: str, snapshot: RegisterSnapshot) -> Iterator[Found]:
    for risk in snapshot.risks:
        if any(effect.control == ref for effect in risk.effects):
            yield risk.ref, Tie.CONTROL, ref


def _of_person(ref: str, snapshot: RegisterSnapshot) -> Iterator[Found]:
    """What the person owns, treats or bears: the newest treatment and acceptance of each risk, and their own controls."""
    yield from _where(snapshot, Tie.OWNS, lambda risk: risk.owner == ref)
    yield from _where(snapshot, Tie.TREATS, lambda risk: any(each.owner == ref for each in risk.treatments[-1:]))
    yield from _where(
        snapshot, Tie.ACCEPTS, lambda risk: any(each.accepted_by == ref for each in risk.acceptances[-1:])
    )
    for control in snapshot.controls:
        if control.owner == ref:
            yield from _of_control(control.ref, snapshot)


def _of_risk(ref: str, snapshot: RegisterSnapshot) -> Iterator[Found]:
    for risk in snapshot.risks:
        if risk.ref == ref:
            yield ref, Tie.IS, None
            yield from ((other, Tie.MODIFIED, ref) for other in risk.modifies)
        elif ref in risk.modifies:
            yield risk.ref, Tie.MODIFIES, ref


def _of_incident(ref: str, snapshot: RegisterSnapshot) -> Iterator[Found]:
    named = {risk for incident in snapshot.incidents if incident.ref == ref for risk in incident.risks}
    yield from _where(snapshot, Tie.CAME_TRUE, lambda risk: risk.ref in named)


def _of_engagement(ref: str, snapshot: RegisterSnapshot) -> Iterator[Found]:
    """Risks on the systems in scope; of an engagement other than the snapshot's nothing is known."""
    engagement = snapshot.engagement
    systems = engagement.systems if engagement and engagement.ref == ref else ()
    yield from ((risk.ref, Tie.IN_SCOPE, each) for risk in snapshot.risks for each in risk.assets if each in systems)


_TIES: Mapping[str, Ties] = MappingProxyType(
    {
        "vendor": _of_vendor,
        "asset": _of_asset,
        "system": _of_asset,
        "control": _of_control,
        "person": _of_person,
        "objective": _of_objective,
        "risk": _of_risk,
        "incident": _of_incident,
        "engagement": _of_engagement,
    }
)
"""By the word with which a change names its subject."""
