"""Composes the summary of a posture: a pure function of snapshot, posture and explanation."""

from datetime import date

from buttress.core.explain import Explanation
from buttress.core.posture import Posture
from buttress.core.snapshot import Engagement, RegisterSnapshot
from buttress.reports.notation import write_age, write_date
from buttress.reports.summary.controls import controls_to_mend, controls_to_test
from buttress.reports.summary.criteria import criteria_view
from buttress.reports.summary.due import due_rows
from buttress.reports.summary.evidence import evidence_view
from buttress.reports.summary.portfolio import appetite_rows, figures, verdict_view
from buttress.reports.summary.risks import largest_risks, what_moved
from buttress.reports.summary.view import Summary


def summary(snapshot: RegisterSnapshot, posture: Posture, explanation: Explanation | None) -> Summary:
    """Everything a person asks of a posture, in the order in which people ask.

    `explanation` tells what moved since an earlier day; without it that part is left out.
    """
    conditions = sum(risk.is_condition for risk in posture.risks)
    largest = largest_risks(snapshot, posture)
    return Summary(
        snapshot.organisation.name,
        posture.as_of,
        posture.currency,
        posture.core_version,
        engagement_words(snapshot.engagement, snapshot.as_of) if snapshot.engagement else None,
        len(posture.risks) - conditions,
        conditions,
        verdict_view(snapshot, posture),
        figures(posture, explanation),
        appetite_rows(snapshot, posture),
        largest,
        what_moved(explanation, largest[0].ref if largest else None),
        controls_to_mend(snapshot, posture),
        controls_to_test(snapshot, posture),
        criteria_view(posture),
        evidence_view(snapshot),
        due_rows(snapshot, posture),
    )


def engagement_words(engagement: Engagement, as_of: date) -> str:
    """Reference, type and categories with the period, or with its nearer end where the day lies outside of it."""
    kind = engagement.type.value.replace("_", " ").capitalize()
    categories = ", ".join(sorted(c.value.replace("_", " ").capitalize() for c in engagement.categories))
    start, end = engagement.period_start, engagement.period_end
    if as_of < start:
        period = f"begins {write_date(start)} ({write_age((as_of - start).days)})"
    elif as_of > end:
        period = f"ended {write_date(end)} ({write_age((as_of - end).days)})"
    else:
        period = f"{write_date(start)} to {write_date(end)}"
    return f"{engagement.ref}, {kind}, {categories}, {period}"
