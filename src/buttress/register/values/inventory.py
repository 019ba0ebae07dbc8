"""Persons, objectives, assets, vendors, changes, incidents and assessment rounds as core values."""

from datetime import date

from buttress.core.money import Money
from buttress.core.snapshot import AssessmentRound, Asset, Change, Incident, Objective, Person, Vendor
from buttress.formats.fields import MoneyRecord
from buttress.register.files.register import Register


def money_of(record: MoneyRecord | None, currency: str) -> Money | None:
    """An amount, in the organisation's currency where it states none."""
    return None if record is None else Money(record.amount, record.currency or currency)


def persons_of(register: Register) -> tuple[Person, ...]:
    return tuple(Person(ref, p.name, p.email, p.title, p.left_on) for ref, p in register.persons.items())


def objectives_of(register: Register) -> tuple[Objective, ...]:
    return tuple(
        Objective(ref, o.statement, o.kind.value, o.owner, o.categories) for ref, o in register.objectives.items()
    )


def assets_of(register: Register) -> tuple[Asset, ...]:
    return tuple(
        Asset(ref, a.name, a.kind.value, a.owner, a.in_scope, a.depends_on) for ref, a in register.assets.items()
    )


def vendors_of(register: Register) -> tuple[Vendor, ...]:
    return tuple(
        Vendor(ref, v.name, v.tier, v.owner, v.services or "", v.is_subservice) for ref, v in register.vendors.items()
    )


def changes_of(register: Register, as_of: date) -> tuple[Change, ...]:
    """Changes effective by `as_of`; an assessment of one counts from its own day."""
    by_then = [(ref, c) for ref, c in register.changes.items() if c.effective_on <= as_of]
    changes = []
    for ref, c in sorted(by_then, key=lambda pair: pair[1].effective_on):
        is_assessed = c.assessed_on is None or c.assessed_on <= as_of
        assessed_on, outcome = (c.assessed_on, c.outcome) if is_assessed else (None, None)
        changes.append(Change(ref, c.title, c.effective_on, c.subject, assessed_on, outcome, c.risks))
    return tuple(changes)


def incidents_of(register: Register, as_of: date) -> tuple[Incident, ...]:
    currency = register.organisation.currency
    by_then = [(ref, i) for ref, i in register.incidents.items() if i.occurred_on <= as_of]
    return tuple(
        Incident(ref, i.title, i.occurred_on, i.risks, money_of(i.loss, currency), _by(i.closed_on, as_of))
        for ref, i in sorted(by_then, key=lambda pair: pair[1].occurred_on)
    )


def _by(day: date | None, as_of: date) -> date | None:
    return day if day is not None and day <= as_of else None


def rounds_of(register: Register, as_of: date) -> tuple[AssessmentRound, ...]:
    by_then = [(ref, r) for ref, r in register.rounds.items() if r.effective_on <= as_of]
    return tuple(
        AssessmentRound(
            ref,
            r.effective_on,
            r.scope,
            r.participants,
            r.approver,
            r.fraud_considered,
            r.change_considered,
            r.method or "",
            r.minutes or "",
        )
        for ref, r in sorted(by_then, key=lambda pair: pair[1].effective_on)
    )
