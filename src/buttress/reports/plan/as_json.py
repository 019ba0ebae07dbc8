"""A plan as plain data."""

from typing import Any

from buttress.orgs.content import from_text
from buttress.register.plan.planned import Plan
from buttress.reports.plain import plain


def document(plan: Plan, organisation: str) -> dict[str, Any]:
    """Contents of records and facts stand as data, fields of changes with before and after."""
    found = plain(plan)
    assert isinstance(found, dict)
    for each in (*found["added"], *found["facts"]):
        each["content"] = from_text(each["content"])
    head = {"format": "buttress.plan", "version": 1, "organisation": organisation, "digest": plan.digest}
    return {**head, "is_empty": plan.is_empty, "counts": plain(dict(plan.counts)), **found}
