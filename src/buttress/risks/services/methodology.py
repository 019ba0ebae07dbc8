"""Every write about the methodology: scale versions and appetite, each judged with all that stands on it."""

from collections.abc import Iterator
from datetime import date

from buttress.formats.models import Complaint
from buttress.formats.problems import shown
from buttress.orgs import recording
from buttress.orgs.kinds_of_orgs import PROFILE_REF
from buttress.orgs.reading import facts_of
from buttress.orgs.recording import LAST, Standing
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.risks.agreement import (
    appetite_complaints,
    ceiling_complaints,
    currency_complaints,
    level_complaints,
    level_currency_complaints,
    scales_met,
)
from buttress.risks.kinds import ACCEPTANCES, APPETITE, ASSESSMENTS, SCALES
from buttress.risks.models import Risk
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.risk import AcceptanceFact, AssessmentFact
from buttress.risks.records.scales import ScaleFact
from buttress.risks.services import facts
from buttress.risks.services.validity import Methodology, methodology_in, refuse, refuse_unknown


@writes(Operation.METHODOLOGY_CHANGE)
def set_scale(write: Write, *, scale: ScaleFact, standing: Standing = LAST) -> Written:
    """A scale version in force from its day. Raises `InvalidError` where an appetite, assessment or acceptance of its days
    names a rating or level that it lacks."""
    return _with_scale(write, scale, recording.state(write, SCALES, PROFILE_REF, scale, standing))


@writes(Operation.METHODOLOGY_CHANGE)
def correct_scale(write: Write, *, scale: ScaleFact, version: int | None = None) -> Written:
    """The scale version of that day as it should have been; the actor says why."""
    return _with_scale(write, scale, facts.correct(write, SCALES, PROFILE_REF, scale, version))


@writes(Operation.METHODOLOGY_CHANGE)
def set_appetite(write: Write, *, appetite: AppetiteFact, standing: Standing = LAST) -> Written:
    """An appetite in force from its day. Raises `InvalidError` where a scale of its days lacks a rating that it names."""
    refuse_unknown(write, appetite, APPETITE.noun, f"of {appetite.effective_on}")
    written = recording.state(write, APPETITE, PROFILE_REF, appetite, standing)
    _refuse_disagreement(write, methodology_in(write))
    return written


@writes(Operation.METHODOLOGY_CHANGE)
def correct_appetite(write: Write, *, appetite: AppetiteFact, version: int | None = None) -> Written:
    """The appetite of that day as it should have been; the actor says why."""
    refuse_unknown(write, appetite, APPETITE.noun, f"of {appetite.effective_on}")
    written = facts.correct(write, APPETITE, PROFILE_REF, appetite, version)
    _refuse_disagreement(write, methodology_in(write))
    return written


@writes(Operation.METHODOLOGY_CHANGE)
def retract_appetite(write: Write, *, effective_on: date, reason: str, key: str | None = None) -> Written:
    """The appetite of that day is withdrawn; the one before it is in force again."""
    written = facts.retract(write, APPETITE, PROFILE_REF, (effective_on, key), reason)
    _refuse_disagreement(write, methodology_in(write))
    return written


def _with_scale(write: Write, scale: ScaleFact, written: Written) -> Written:
    refuse_unknown(write, scale, SCALES.noun, scale.version)
    methodology = methodology_in(write)
    refuse(_named_twice(methodology), SCALES.noun, scale.version)
    currency = currency_complaints(("currency",), scale.currency, methodology.rated, methodology.reporting)
    refuse(currency, SCALES.noun, scale.version)
    _refuse_disagreement(write, methodology)
    return written


def _named_twice(methodology: Methodology) -> Iterator[Complaint]:
    names = [scale.version for scale in methodology.scales]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Complaint(("version",), f"the version {shown(name)} again", "a version of its own")


def _refuse_disagreement(write: Write, methodology: Methodology) -> None:
    """Raises where an appetite, an assessment or an acceptance stands on a scale or appetite that lacks what it names."""
    for appetite in methodology.appetites:
        for scale in scales_met(appetite, methodology.scales, methodology.appetites):
            refuse(appetite_complaints(appetite, scale), APPETITE.noun, f"of {appetite.effective_on}")
    refs = dict(Risk.objects.filter(removed_in=None).values_list("id", "ref"))
    for kind in (ASSESSMENTS, ACCEPTANCES):
        for record_id, standing in facts_of(kind).items():
            if record_id not in refs:
                continue
            for fact in standing:
                if fact.retracted is None:
                    refuse(_faults(methodology, fact.to_fact(kind)), f"{kind.noun} of", refs[record_id])


def _faults(methodology: Methodology, fact: object) -> Iterator[Complaint]:
    if isinstance(fact, AssessmentFact):
        yield from assessment_complaints(methodology, fact)
    elif isinstance(fact, AcceptanceFact):
        day = fact.effective_on
        yield from ceiling_complaints(fact, methodology.scale_on(day), methodology.appetite_on(day))


def assessment_complaints(methodology: Methodology, assessment: AssessmentFact) -> Iterator[Complaint]:
    """What is wrong with an assessment under the methodology of its day: levels, their currency, the rate of a currency."""
    scale = methodology.scale_on(assessment.effective_on)
    has_levels = assessment.override is not None or (assessment.frequency is not None and assessment.frequency.is_level)
    if scale is None and has_levels:
        yield Complaint((), "levels", "a scale version that says what they mean", "Set the scale first.")
    if scale is not None:
        yield from level_complaints(assessment, scale)
        yield from level_currency_complaints(assessment, scale, methodology.reporting)
    yield from currency_complaints(("currency",), assessment.currency, methodology.rated, methodology.reporting)
