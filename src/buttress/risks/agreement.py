"""What facts about risks must agree with: the scale and the appetite in force, the currency of levels, who decides.

Pure: the register folder and the services ask the same questions here and give the same words. Paths lead from the fact
to the value.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import TypeVar

from buttress.formats.models import Complaint
from buttress.formats.problems import nearest, shown
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.risk import AcceptanceFact, AssessmentFact, Method
from buttress.risks.records.scales import ScaleFact

S = TypeVar("S", ScaleFact, AppetiteFact)


def in_force(dated: Iterable[S], day: date) -> S | None:
    """The last one effective by `day`, else the first there is; retracted ones out."""
    ordered = sorted((each for each in dated if not getattr(each, "retracted", None)), key=lambda e: e.effective_on)
    by_then = [each for each in ordered if each.effective_on <= day]
    return by_then[-1] if by_then else next(iter(ordered), None)


def scales_met(
    appetite: AppetiteFact, scales: Collection[ScaleFact], appetites: Collection[AppetiteFact]
) -> list[ScaleFact]:
    """The scale versions that an appetite is read with: the one in force on its day, and those that come while it is."""
    first = in_force(scales, appetite.effective_on)
    return [s for s in scales if s is first or in_force(appetites, s.effective_on) is appetite]


def appetite_complaints(appetite: AppetiteFact, scale: ScaleFact) -> Iterator[Complaint]:
    """The ratings that an appetite names exist in a scale version that it meets."""
    for path, rating in _ratings(appetite):
        if rating not in scale.ratings:
            expected = f"a rating of scale {scale.version}: {', '.join(scale.ratings)}"
            yield Complaint(path, shown(rating), expected, nearest(rating, scale.ratings))


def _ratings(appetite: AppetiteFact) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("highest_rating",), appetite.highest_rating
    for category, own in appetite.categories.items():
        if own.highest_rating is not None:
            yield ("categories", category.value, "highest_rating"), own.highest_rating
    for position, authority in enumerate(appetite.authorities):
        yield ("authorities", position, "highest_rating"), authority.highest_rating


def level_complaints(assessment: AssessmentFact, scale: ScaleFact) -> Iterator[Complaint]:
    """Levels stated or set by hand exist in the scale version of the assessment's day."""
    for path, level, most in _stated_levels(assessment, scale):
        if level > most:
            yield Complaint(path, str(level), f"a level from 1 to {most} of scale {scale.version}")


def _stated_levels(assessment: AssessmentFact, scale: ScaleFact) -> Iterator[tuple[tuple[str, str], int, int]]:
    likelihoods, impacts = len(scale.likelihood), len(scale.impact)
    if assessment.frequency is not None and assessment.frequency.level is not None:
        yield ("frequency", "level"), assessment.frequency.level, likelihoods
    if assessment.loss is not None and assessment.loss.level is not None:
        yield ("loss", "level"), assessment.loss.level, impacts
    if assessment.override is not None:
        yield ("override", "likelihood"), assessment.override.likelihood, likelihoods
        yield ("override", "impact"), assessment.override.impact, impacts


def level_currency_complaints(assessment: AssessmentFact, scale: ScaleFact, reporting: str) -> Iterator[Complaint]:
    """Levels are read in the currency of their scale version, which is the `reporting` one where it names none."""
    currency = scale.currency or reporting
    if assessment.method is Method.LEVELS and assessment.currency not in (None, currency):
        expected = f"{currency}, the currency of scale {scale.version}, or none with levels"
        yield Complaint(("currency",), shown(assessment.currency), expected)


def ceiling_complaints(
    acceptance: AcceptanceFact, scale: ScaleFact | None, appetite: AppetiteFact | None
) -> Iterator[Complaint]:
    """An acceptance names a rating of the scale and a role of the appetite of its day."""
    rating = acceptance.ceiling.rating
    if scale is not None and rating is not None and rating not in scale.ratings:
        expected = f"a rating of scale {scale.version}: {', '.join(scale.ratings)}"
        yield Complaint(("ceiling", "rating"), shown(rating), expected, nearest(rating, scale.ratings))
    roles = [authority.role for authority in appetite.authorities] if appetite else []
    if roles and acceptance.authority not in roles:
        expected = f"a role with authority to accept: {', '.join(roles)}"
        advice = nearest(acceptance.authority, roles) or "Add the role under appetite, authorities."
        yield Complaint(("authority",), shown(acceptance.authority), expected, advice)


def holder_complaints(acceptance: AcceptanceFact, appetite: AppetiteFact | None) -> Iterator[Complaint]:
    """Who is to bear the risk holds the authority, where the appetite of the day names who does."""
    for authority in appetite.authorities if appetite else ():
        holders = authority.held_by
        if authority.role == acceptance.authority and holders and acceptance.accepted_by not in holders:
            expected = f"who holds the authority of {authority.role}: {', '.join(holders)}"
            advice = "Ask one of them, or name the holder under appetite, authorities, held_by."
            yield Complaint(("accepted_by",), shown(acceptance.accepted_by), expected, advice)


SOMEBODY_ELSE = "Somebody else decides, or the organisation declares sole_operator: true."


def decider_complaints(acceptance: AcceptanceFact, *, is_sole_operator: bool) -> Iterator[Complaint]:
    """Who asks does not decide, unless the organisation has declared itself a sole operator."""
    if not is_sole_operator and acceptance.requested_by == acceptance.accepted_by:
        found = f"{shown(acceptance.accepted_by)}, who also requested it"
        yield Complaint(("accepted_by",), found, "another person", SOMEBODY_ELSE)


def currency_complaints(
    path: tuple[str | int, ...], currency: str | None, rated: Collection[str], reporting: str
) -> Iterator[Complaint]:
    """A currency in use has a rate into the `reporting` one; `rated` are those that have, the reporting one included."""
    if currency is not None and currency not in rated:
        expected = f"{reporting}, or a currency with a rate"
        advice = f"Add the rate of {currency} under organisation, rates, per_unit."
        yield Complaint(path, shown(currency), expected, advice)
