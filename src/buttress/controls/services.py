"""Every write about controls and their walkthroughs.

Who may change only what they own changes their own controls and records walkthroughs of them; they neither hand
ownership over nor take it, and add and remove no controls.
"""

from functools import cache

from buttress.controls.kinds import CONTROLS, WALKTHROUGHS
from buttress.controls.library import starter_controls
from buttress.controls.models import Control
from buttress.controls.records import ControlRecord, WalkthroughFact
from buttress.criteria.catalogue import criteria
from buttress.inventory.services import refuse_named
from buttress.orgs import recording
from buttress.orgs.errors import InvalidError
from buttress.orgs.kinds_of_orgs import RATES
from buttress.orgs.models import Profile
from buttress.orgs.reading import facts_of
from buttress.orgs.recording import LAST, Standing
from buttress.orgs.records import RatesFact
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes


@writes(Operation.CONTROL_CHANGE)
def add_control(write: Write, *, ref: str, control: ControlRecord) -> Written:
    """Raises `InvalidError` where it names what is no criterion or starter control, or a currency without a rate."""
    write.permit_owner()
    _check(write, control)
    return recording.add(write, CONTROLS, ref, control)


@writes(Operation.CONTROL_CHANGE)
def change_control(write: Write, *, ref: str, control: ControlRecord, version: int) -> Written:
    """As `add_control` for one that exists; walkthroughs stay as they are."""
    write.permit_owner(_stored(write, ref).owner_id)
    write.permit_owner(None if control.owner is None else write.find("persons", control.owner))
    _check(write, control)
    return recording.change(write, CONTROLS, ref, control, version)


@writes(Operation.CONTROL_CHANGE)
def remove_control(write: Write, *, ref: str, version: int) -> Written:
    """For a control that should never have been there; one that ends gets the day it was retired on.

    Raises `InvalidError` while another record names it.
    """
    write.permit_owner()
    refuse_named(write, CONTROLS, ref)
    return recording.remove(write, CONTROLS, ref, version)


@writes(Operation.CONTROL_WALK_THROUGH)
def record_walkthrough(write: Write, *, ref: str, walkthrough: WalkthroughFact, standing: Standing = LAST) -> Written:
    """Somebody asked, watched or inspected whether the design of the control is suitable.

    The control's owner may be the one who did: a walkthrough attests. Whoever tests its operation is somebody else.
    """
    write.permit_owner(_stored(write, ref).owner_id)
    return recording.state(write, WALKTHROUGHS, ref, walkthrough, standing)


def _stored(write: Write, ref: str) -> Control:
    row = recording.stored(write, CONTROLS, ref)
    assert isinstance(row, Control)
    return row


def _check(write: Write, control: ControlRecord) -> None:
    if control.walkthroughs:
        raise InvalidError("Walkthroughs are facts of their own; record each by itself")
    for criterion in control.criteria or ():
        if criterion not in _criterion_ids():
            raise InvalidError(
                f"{criterion!r} is no criterion; the criteria are those of the Trust Services Criteria of 2017"
            )
    if control.library is not None and control.library not in starter_controls():
        raise InvalidError(
            f"{control.library!r} is no control of the starter library; leave library out for a control of your own"
        )
    _check_currency(write, control)


@cache
def _criterion_ids() -> frozenset[str]:
    return frozenset(criterion.id for criterion in criteria())


def _check_currency(write: Write, control: ControlRecord) -> None:
    """An amount that cannot be told in the reporting currency would leave the whole register without figures."""
    currency = control.yearly_cost.currency if control.yearly_cost is not None else None
    if currency is None:
        return
    write.flush()
    reporting = str(Profile.objects.values_list("currency", flat=True)[0])
    if currency != reporting and currency not in _rated():
        raise InvalidError(
            f"The yearly cost is in {currency}, which has no rate; state a rate table with {currency} first, or give"
            f" the amount in {reporting}"
        )


def _rated() -> set[str]:
    rated: set[str] = set()
    for facts in facts_of(RATES).values():
        for fact in facts:
            rates = fact.to_fact(RATES)
            assert isinstance(rates, RatesFact)
            if rates.retracted is None:
                rated.update(rates.per_unit)
    return rated
