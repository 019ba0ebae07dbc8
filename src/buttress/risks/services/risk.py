"""Every write about risks themselves: wording, owners, links, flags and life. Their facts are written one by one."""

from collections.abc import Iterator
from datetime import date

from buttress.core.snapshot import RiskKind
from buttress.formats.models import Complaint
from buttress.formats.problems import shown
from buttress.orgs import recording
from buttress.orgs.errors import InvalidError
from buttress.orgs.kinds import fact_fields
from buttress.orgs.recording import stored
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.kinds import RISKS
from buttress.risks.models import Incident, IncidentRisk, Risk, RiskModifies
from buttress.risks.records.risk import RiskRecord
from buttress.risks.services.validity import current, refuse, refuse_incoherent, refuse_unknown


@writes(Operation.RISK_CHANGE)
def add_risk(write: Write, *, ref: str, risk: RiskRecord) -> Written:
    """A new risk without facts; raises `InvalidError` where it names what is not there, `TakenError` where `ref` is."""
    _refuse_unfit(write, ref, risk)
    return recording.add(write, RISKS, ref, risk)


@writes(Operation.RISK_CHANGE)
def change_risk(write: Write, *, ref: str, risk: RiskRecord, version: int) -> Written:
    """The risk as it is to stand, its facts as they are."""
    current(write, RISKS, ref, RiskRecord)
    _refuse_unfit(write, ref, risk)
    written = recording.change(write, RISKS, ref, risk, version)
    refuse_incoherent(write, ref)
    return written


@writes(Operation.RISK_CHANGE)
def close_risk(write: Write, *, ref: str, closed_on: date, version: int) -> Written:
    """The risk counts no more from `closed_on`; raises `InvalidError` where that lies before it was identified."""
    risk = current(write, RISKS, ref, RiskRecord)
    if risk.identified_on is not None and closed_on < risk.identified_on:
        expected = f"a date on or after identified_on ({risk.identified_on})"
        refuse([Complaint(("closed_on",), str(closed_on), expected)], RISKS.noun, ref)
    return recording.change(write, RISKS, ref, risk.model_copy(update={"closed_on": closed_on}), version)


@writes(Operation.RISK_CHANGE)
def remove_risk(write: Write, *, ref: str, version: int) -> Written:
    """A risk that should never have been there; one that ended is closed. Raises while a condition or incident names it."""
    row = stored(write, RISKS, ref)
    assert isinstance(row, Risk)
    naming = _conditions_on(row) + _incidents_of(row)
    if naming:
        raise InvalidError(
            f"The risk {ref} is named by {', '.join(naming)}; take it out there first, or close the risk"
        )
    return recording.remove(write, RISKS, ref, version)


@writes(Operation.RISK_CHANGE)
def rename_risk(write: Write, *, ref: str, new_ref: str, version: int) -> Written:
    """The risk under `new_ref`, which says what it was called. Raises `TakenError` where something has or had that name.

    Who renames gives the records that name it their new version in the same write: they lie in other stages too.
    """
    renamed = recording.rename(write, RISKS, ref, new_ref, version)
    risk = current(write, RISKS, new_ref, RiskRecord).model_copy(update={"formerly": ref})
    return recording.change(write, RISKS, new_ref, risk, renamed.version)


def _refuse_unfit(write: Write, ref: str, risk: RiskRecord) -> None:
    given = [name for name in fact_fields(RISKS.name) if getattr(risk, name)]
    if given:
        raise InvalidError(f"The risk {ref} was given with {', '.join(given)}; state each of these facts by itself")
    refuse_unknown(write, risk, RISKS.noun, ref)
    refuse([*_conditions(write, ref, risk), *_renamed(write, ref, risk)], RISKS.noun, ref)


def _conditions(write: Write, ref: str, risk: RiskRecord) -> Iterator[Complaint]:
    """A condition makes events worse and no other condition; what a condition modifies stays an event."""
    write.flush()
    modified = dict(Risk.objects.filter(ref__in=risk.modifies, removed_in=None).values_list("ref", "kind"))
    for position, other in enumerate(risk.modifies):
        if modified.get(other) == RiskKind.CONDITION or other == ref:
            yield Complaint(
                ("modifies", position), f"{shown(other)}, which is a condition itself", "a risk of kind event"
            )
    row = Risk.objects.filter(ref=ref, removed_in=None).first()
    if risk.kind is RiskKind.CONDITION and row is not None and (naming := _conditions_on(row)):
        found = f"a condition that {', '.join(naming)} modifies"
        yield Complaint(("kind",), found, "a risk of kind event", "Take it out of modifies there first.")


def _renamed(write: Write, ref: str, risk: RiskRecord) -> Iterator[Complaint]:
    """A former reference is free, and one risk's only."""
    if risk.formerly is None:
        return
    write.flush()
    if write.find(RISKS.name, risk.formerly) is not None:
        advice = "References are never used again; remove the old record or leave formerly out."
        yield Complaint(("formerly",), f"{shown(risk.formerly)}, which is still a risk", "its old name", advice)
    others = Risk.objects.filter(formerly=risk.formerly, removed_in=None).exclude(ref=ref)
    for other in others.values_list("ref", flat=True):
        found = f"{shown(risk.formerly)}, which {other} names too"
        yield Complaint(("formerly",), found, "a former reference of one risk only")


def _conditions_on(row: Risk) -> list[str]:
    ids = RiskModifies.objects.filter(target=row).values("record_id")
    return list(Risk.objects.filter(id__in=ids, removed_in=None).order_by("ref").values_list("ref", flat=True))


def _incidents_of(row: Risk) -> list[str]:
    ids = IncidentRisk.objects.filter(target=row).values("record_id")
    return list(Incident.objects.filter(id__in=ids, removed_in=None).order_by("ref").values_list("ref", flat=True))
