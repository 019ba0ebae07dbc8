"""A first register from a dozen answers: filled from the starter libraries, sized to the organisation, approved by nobody.

Everything here is a draft: scale and appetite are suggestions without an approver, figures stand on the library, and
controls count as attested only where somebody said that they are in place.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from buttress.core.snapshot import Category
from buttress.criteria.loading import content_mapping
from buttress.register.files.json_schema import SCHEMA_FILE
from buttress.register.files.writer import write_folder
from buttress.register.starting.answers import Answers
from buttress.register.starting.inventory import Inventory, Record, inventory_of
from buttress.register.starting.questions import Holding
from buttress.register.starting.readme import readme
from buttress.register.starting.risks import chosen_controls, chosen_risks, control_records, risk_records, rounded

Kinds = Mapping[str, Any]

README = "README.md"
_HEAD = f"""\
# yaml-language-server: $schema={SCHEMA_FILE.name}
# A draft made by buttress init. README.md says what to do next.
# Figures, scale and appetite are suggestions: change them, then let somebody approve them.

"""


def initialise(answers: Answers, today: date) -> Mapping[str, Kinds]:
    """The files of a first register by name, each a mapping of kinds to records; nothing is written."""
    inventory = inventory_of(answers, today)
    round_ref = f"RND-{today.year}-1"
    risks, threats = risk_records(answers, inventory, today, round_ref)
    files: dict[str, Kinds] = {
        "organisation.yaml": {"organisation": _organisation(answers, inventory, today)},
        "persons.yaml": {"persons": inventory.persons},
        "objectives.yaml": {"objectives": inventory.objectives},
        "assets.yaml": {"assets": inventory.assets},
        "vendors.yaml": {"vendors": inventory.vendors},
        "threats.yaml": {"threats": threats},
        "rounds.yaml": {"rounds": {round_ref: _round(answers, inventory, today)}},
        "risks.yaml": {"risks": risks},
        "controls.yaml": {"controls": control_records(answers, inventory.owner, today)},
    }
    return {name: kinds for name, kinds in files.items() if all(kinds.values())}


def write_first_register(target: Path, answers: Answers, today: date) -> Mapping[str, Kinds]:
    """Write the first register, its README and its schema for editors into a new or empty folder, all or nothing.

    Returns its YAML files. Raises `ProblemsError` where `target` cannot take it.
    """
    files = initialise(answers, today)
    others = {README: readme(answers, today).encode(), SCHEMA_FILE.name: SCHEMA_FILE.read_bytes()}
    write_folder(target, files, others=others, head=_HEAD)
    return files


def _organisation(answers: Answers, inventory: Inventory, today: date) -> Record:
    start, end = answers.period(today)
    record: Record = {
        "name": answers.name,
        "time_zone": answers.time_zone,
        "currency": answers.currency,
        "size": answers.people,
        "sector": answers.sector.value,
        "annual_revenue_usd": rounded(answers.annual_revenue_usd, 6),
        "sole_operator": answers.sole_operator,
    }
    if answers.currency != "USD" and answers.usd_rate is not None:
        record["rates"] = [{"effective_on": today, "per_unit": {"USD": answers.usd_rate}}]
    record["scales"] = [_scale(answers, today)]
    record["appetite"] = [_appetite(answers, today)]
    record["engagements"] = [
        {
            "ref": f"SOC2-{end.year}",
            "type": answers.engagement_type.value,
            "period_start": start,
            "period_end": end,
            "categories": [category.value for category in Category if category in answers.in_scope],
            "systems": list(inventory.systems),
            "subservice_method": "carve_out",
        }
    ]
    return record


@cache
def _suggestions() -> tuple[dict[str, Any], dict[str, Any]]:
    """Scale and appetite as shipped, amounts as shares of yearly revenue."""
    path = "libraries/scale.yaml"
    return content_mapping(path, "scale"), content_mapping(path, "appetite")


def _amount(share: str, answers: Answers) -> Decimal:
    """A share of yearly revenue in the organisation's currency, to two digits."""
    rate = float(answers.usd_rate) if answers.currency != "USD" and answers.usd_rate is not None else 1.0
    return rounded(float(share) * answers.annual_revenue_usd * rate, 2)


def _scale(answers: Answers, today: date) -> Record:
    scale, _ = _suggestions()
    return {
        "version": str(today.year),
        "effective_on": today,
        "currency": answers.currency,
        "sigma": Decimal(scale["sigma"]),
        "likelihood": [
            {
                "name": band["name"],
                "low": Decimal(band["low"]),
                "high": Decimal(band["high"]),
                "wording": {"frequency": band["words"]},
            }
            for band in scale["likelihood"]
        ],
        "impact": [
            {
                "name": band["name"],
                "low": _amount(band["low"], answers),
                "high": _amount(band["high"], answers),
                "wording": {"money": band["words"]},
            }
            for band in scale["impact"]
        ],
        "ratings": scale["ratings"],
        "cells": scale["cells"],
    }


def _appetite(answers: Answers, today: date) -> Record:
    _, appetite = _suggestions()
    return {
        "effective_on": today,
        "highest_rating": appetite["highest_rating"],
        "curve": [
            {"loss": _amount(point["loss"], answers), "probability": Decimal(point["probability"])}
            for point in appetite["curve"]
        ],
        "authorities": [
            {
                "role": authority["role"],
                "highest_rating": authority["highest_rating"],
                "annual_loss": _amount(authority["annual_loss"], answers),
            }
            for authority in appetite["authorities"]
        ],
    }


def _round(answers: Answers, inventory: Inventory, today: date) -> Record:
    """What was done, and what was not: nobody has considered fraud, changes or the figures yet."""
    risks, controls = chosen_risks(answers), chosen_controls(answers)
    held = [sum(answers.holding(ref) is holding for ref in controls) for holding in Holding]
    in_place, planned, lacking, unknown = held
    fraud = [ref for ref, risk in risks.items() if risk.is_fraud]
    about_fraud = f" Risks of fraud to consider: {', '.join(fraud)}." if fraud else ""
    return {
        "effective_on": today,
        "scope": f"First draft for {', '.join(answers.systems)}",
        "participants": [inventory.owner],
        "method": "Risks and figures from the starter library, chosen and rescaled by answers about the organisation",
        "fraud_considered": False,
        "change_considered": False,
        "minutes": (
            f"{len(risks)} risks and {len(controls)} controls were drafted. Of the controls {in_place} are said to be"
            f" in place, {planned} planned, {lacking} lacking; {unknown} were not spoken of. Nobody has yet gone through"
            f" the risks, considered fraud and change, or approved scale and appetite.{about_fraud}"
        ),
    }
