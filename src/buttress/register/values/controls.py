"""Controls as core values; what a record leaves out comes from the starter library entry that it names."""

from dataclasses import dataclass, fields, replace
from datetime import date

from buttress.controls.library import starter_controls
from buttress.controls.records import ControlRecord
from buttress.core.snapshot import Control, ControlKind, ControlMode, Walkthrough
from buttress.register.files.register import Register
from buttress.register.values.facts import effective
from buttress.register.values.inventory import money_of


def controls_of(register: Register, as_of: date) -> tuple[Control, ...]:
    currency = register.organisation.currency
    return tuple(_control(ref, record, currency, as_of) for ref, record in register.controls.items())


def family_of(ref: str, record: ControlRecord | None) -> str:
    """The family stated, else the reference up to its first hyphen."""
    return (record.family if record is not None else None) or ref.partition("-")[0]


def _control(ref: str, record: ControlRecord, currency: str, as_of: date) -> Control:
    wording = _wording(ref, record)
    lacking = record.lacking
    return Control(
        ref,
        wording.title,
        wording.kind,
        wording.mode,
        wording.criteria,
        record.owner,
        wording.frequency,
        record.is_key,
        wording.description,
        family_of(ref, record),
        record.covers,
        record.planned_on,
        record.in_place_on,
        record.retired_on,
        lacking.since if lacking else None,
        lacking.reason if lacking else "",
        record.coverage,
        record.combination,
        money_of(record.yearly_cost, currency),
        _walkthroughs(record, as_of),
    )


@dataclass(frozen=True, slots=True)
class _Wording:
    """What a control record may leave to the starter library."""

    title: str
    description: str
    kind: ControlKind
    mode: ControlMode
    frequency: str
    criteria: tuple[str, ...]


def _wording(ref: str, record: ControlRecord) -> _Wording:
    base = _library_wording(record.library) if record.library is not None else None
    if base is None:
        assert record.kind is not None, "the reader refuses a control without a kind"
        base = _Wording(ref, "", record.kind, ControlMode.UNKNOWN, "continuous", ())
    stated = {field.name: getattr(record, field.name) for field in fields(_Wording)}
    return replace(base, **{name: value for name, value in stated.items() if value is not None})


def _library_wording(id_: str) -> _Wording:
    starter = starter_controls()[id_]
    return _Wording(
        starter.title, starter.description, starter.kind, starter.mode, starter.frequency, tuple(starter.criteria)
    )


def _walkthroughs(record: ControlRecord, as_of: date) -> tuple[Walkthrough, ...]:
    return tuple(
        Walkthrough(w.effective_on, w.performed_by, w.procedure, w.is_suitable, w.note or "")
        for w in effective(record.walkthroughs, as_of)
    )
