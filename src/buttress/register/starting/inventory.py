"""What a first register says of the organisation itself: persons, objectives, assets with dependencies and vendors."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from buttress.core.snapshot import Category
from buttress.register.starting.answers import Answers, PersonAnswer

Record = dict[str, Any]
Records = dict[str, Record]

_NOT_IN_REFERENCES = re.compile(r"[^a-z0-9]+")
_LONGEST_REFERENCE = 40

_COMMITMENTS: Mapping[Category, str] = {
    Category.SECURITY: "Customer data and systems are reached only by those who are allowed to.",
    Category.AVAILABILITY: "The service is there when customers need it. State the figure that you promise.",
    Category.CONFIDENTIALITY: "Confidential data is used as agreed and deleted when the contract ends.",
    Category.PROCESSING_INTEGRITY: "Customers get complete, right and timely results.",
    Category.PRIVACY: "Personal data is handled as the privacy notice says.",
}
CONTINUITY, REPORT = "OBJ-01", "OBJ-02"

_DATA_NAMES: Mapping[str, str] = {
    "customer_confidential": "Confidential data of customers",
    "customer_personal": "Personal data entrusted by customers",
    "payment": "Payment and bank data",
    "health": "Health data",
    "employee": "Data of our own people",
}


@dataclass(frozen=True, slots=True)
class Inventory:
    """Records by reference, and for each kind of asset that the risk library names the references that stand for it."""

    owner: str
    persons: Records
    objectives: Records
    assets: Records
    vendors: Records
    assets_of: Mapping[str, tuple[str, ...]]
    commitment_of: Mapping[Category, str]
    systems: tuple[str, ...]
    provider: str | None


def reference_of(name: str, taken: Iterable[str], *, fallback: str) -> str:
    """A reference made of a name in lower-case letters and digits, with a number where it is taken.

    >>> reference_of("Payments Platform", [], fallback="system"), reference_of("Zoë", ["zoe"], fallback="person")
    ('payments-platform', 'zoe-2')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = _NOT_IN_REFERENCES.sub("-", plain.lower()).strip("-")
    reference = words[:_LONGEST_REFERENCE].strip("-")
    if not reference or not reference[0].isalpha():
        reference = f"{fallback}-{reference}".strip("-")
    used = {other.lower() for other in taken}
    number, candidate = 1, reference
    while candidate in used:
        number += 1
        candidate = f"{reference}-{number}"
    return candidate


def inventory_of(answers: Answers, today: date) -> Inventory:
    """The organisation's own records, owned by whoever looks after the register."""
    persons: Records = {}
    owner = _add_person(persons, answers.owner)
    if answers.approver is not None and not answers.sole_operator:
        _add_person(persons, answers.approver)
    vendors, provider = _vendors(answers, owner)
    assets, assets_of = _assets(answers, owner)
    objectives, commitment_of = _objectives(answers, owner, today)
    return Inventory(
        owner, persons, objectives, assets, vendors, assets_of, commitment_of, assets_of["service"], provider
    )


def _add_person(persons: Records, answer: PersonAnswer) -> str:
    first = answer.name.split()[0]
    reference = reference_of(first, persons, fallback="person")
    persons[reference] = _filled({"name": answer.name, "email": answer.email, "title": answer.title})
    return reference


def _vendors(answers: Answers, owner: str) -> tuple[Records, str | None]:
    vendors: Records = {}
    provider = None
    if answers.cloud_provider and "cloud" in answers.has:
        provider = reference_of(answers.cloud_provider, vendors, fallback="vendor")
        vendors[provider] = {
            "name": answers.cloud_provider,
            "tier": 1,
            "owner": owner,
            "services": "Hosting",
            "is_subservice": True,
        }
    for answer in answers.vendors:
        reference = reference_of(answer.name, vendors, fallback="vendor")
        record = {"name": answer.name, "tier": answer.tier, "owner": owner, "services": answer.services}
        vendors[reference] = _filled({**record, "is_subservice": answer.is_subservice or None})
    return vendors, provider


def _objectives(answers: Answers, owner: str, today: date) -> tuple[Records, Mapping[Category, str]]:
    in_scope = [category for category in Category if category in answers.in_scope]
    kind = answers.engagement_type.value.replace("_", " ")
    end = answers.period(today)[1]
    objectives: Records = {
        CONTINUITY: {
            "statement": "No single event keeps us from meeting our commitments.",
            "kind": "objective",
            "owner": owner,
        },
        REPORT: {
            "statement": f"A {kind} report for {' and '.join(_words(in_scope))}, up to {end.isoformat()}.",
            "kind": "objective",
            "owner": owner,
        },
    }
    commitments = {category: f"CMT-{number:02d}" for number, category in enumerate(in_scope, 1)}
    for category, reference in commitments.items():
        objectives[reference] = {
            "statement": _COMMITMENTS[category],
            "kind": "commitment",
            "owner": owner,
            "categories": [category.value],
        }
    return objectives, commitments


def _words(categories: list[Category]) -> list[str]:
    return [category.value.replace("_", " ") for category in categories]


# References of assets that most organisations have, with name, kind and the feature without which they are left out.
_USUAL_ASSETS: tuple[tuple[str, str, str, str | None], ...] = (
    ("identity-provider", "Identity provider", "service", None),
    ("email", "Mail and documents", "application", None),
    ("domains", "Domains, DNS and certificates", "service", None),
    ("source-code", "Source code and build pipeline", "application", "own_software"),
    ("cloud-accounts", "Cloud accounts", "infrastructure", "cloud"),
    ("own-servers", "Own servers and network", "infrastructure", "own_servers"),
    ("backups", "Backups", "infrastructure", None),
    ("monitoring", "Logs and alerts", "service", None),
    ("staff-devices", "Laptops and phones", "device", None),
    ("finance-system", "Finance system and bank accounts", "application", "payments"),
    ("office", "Office", "facility", "office"),
)


def _assets(answers: Answers, owner: str) -> tuple[Records, Mapping[str, tuple[str, ...]]]:
    """Asset records, and which of them stand for each kind of asset of the risk library."""
    usual = {
        ref: {"name": name, "kind": kind, "owner": owner}
        for ref, name, kind, needed in _USUAL_ASSETS
        if needed is None or needed in answers.has
    }
    data = {
        f"data-{kind.replace('_', '-')}": {"name": name, "kind": "data", "owner": owner}
        for kind, name in _DATA_NAMES.items()
        if kind in answers.data
    }
    assets_of = _assets_of(usual, data)
    needs = [ref for kind in _SYSTEMS_NEED for ref in assets_of[kind]]
    systems: Records = {}
    for name in answers.systems:
        reference = reference_of(name, {*usual, *data, *systems}, fallback="system")
        systems[reference] = {"name": name, "kind": "system", "owner": owner, "depends_on": needs}
    assets = {**systems, **usual, **data}
    _depend(assets, "backups", assets_of["hosting"])
    _depend(assets, "source-code", assets_of["identity_provider"])
    return assets, {**assets_of, "service": tuple(systems)}


# Kinds of asset of the risk library that one usual asset stands for, where there is one.
_ONE_ASSET: Mapping[str, str] = {
    "identity_provider": "identity-provider",
    "email": "email",
    "domains": "domains",
    "source_code": "source-code",
    "backups": "backups",
    "monitoring": "monitoring",
    "devices": "staff-devices",
    "finance": "finance-system",
    "office": "office",
}
_SYSTEMS_NEED = ("hosting", "identity_provider", "domains", "monitoring", "customer_data")


def _assets_of(usual: Records, data: Records) -> dict[str, tuple[str, ...]]:
    hosting = tuple(ref for ref in ("cloud-accounts", "own-servers") if ref in usual)
    of_customers = tuple(ref for ref in data if ref != "data-employee")
    return {
        "hosting": hosting,
        "network": hosting,
        "customer_data": of_customers or tuple(data),
        **{kind: (ref,) if ref in usual else () for kind, ref in _ONE_ASSET.items()},
    }


def _depend(assets: Records, ref: str, on: tuple[str, ...]) -> None:
    if ref in assets and on:
        assets[ref]["depends_on"] = list(on)


def _filled(record: Record) -> Record:
    """The record without fields that say nothing."""
    return {key: value for key, value in record.items() if value is not None}
