"""Deviations as plain data."""

from typing import Any

from buttress.reports.monitoring.deviations.view import DeviationsView
from buttress.reports.plain import plain


def document(view: DeviationsView) -> dict[str, Any]:
    """Fields of `DeviationsView`; figures by name, counts by age and by end as mappings."""
    found = plain(view)
    figures = found["figures"]
    figures["ages"] = {bucket.value: count for bucket, count in view.figures.ages}
    figures["endings"] = {ending.value: count for ending, count in view.figures.endings}
    figures["reopen_rate"] = view.figures.reopen_rate
    found["unnamed"] = dict(view.unnamed)
    for time, each in zip(found["times"], view.times, strict=True):
        time["share"] = each.share
    return {"format": "buttress.deviations", "version": 1, **found}
