"""Which risks and controls of the starter library a first register holds, and what it says of each of them.

Suggested figures stand on the controls listed with them (basis `library`). Those split from published rates are
rescaled by size and sector; the others are expert priors whose losses shrink with small organisations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import prod

from buttress.controls.library import StarterControl, starter_controls
from buttress.core.estimates import Pert
from buttress.core.snapshot import Category, Effect, EffectFunction, RiskKind
from buttress.criteria.catalogue import criteria_in_scope
from buttress.register.starting.answers import Answers, ControlAnswer, usual_answers
from buttress.register.starting.inventory import REPORT, Inventory, Record, Records
from buttress.register.starting.questions import CONTROL_QUESTIONS, ControlQuestion, Holding
from buttress.risks.base_rates import (
    TIER_LIMITS,
    loss_factor,
    operational_loss_factor,
    sector_factor,
    size_factor,
)
from buttress.risks.library import Calibration, StarterRisk, starter_risks
from buttress.risks.threats import threat_catalogue

LIBRARY_PEOPLE = 200
"""People of the organisation for which the starter risks are stated."""

_TIME_TO_PLAN = timedelta(days=90)
_ABOUT_THE_REPORT = frozenset({"R-61", "R-62"})
_ASKED = frozenset(question.control for question in CONTROL_QUESTIONS)
_NOT_INSPECTED = "Said when the register was made. Nothing was inspected yet."


@dataclass(frozen=True, slots=True)
class Rescaling:
    """What a starter risk's figures are multiplied by, and why, in words."""

    frequency: float
    loss: float
    why: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What every record of a first register is made from."""

    answers: Answers
    inventory: Inventory
    today: date
    round_ref: str
    controls: Mapping[str, StarterControl]


def chosen_controls(answers: Answers) -> dict[str, StarterControl]:
    """Controls that answer a chosen risk and that an organisation of this size usually has, and every one it spoke of."""
    in_scope = {criterion.id for criterion in criteria_in_scope(answers.in_scope)}
    tied = {ref for risk in chosen_risks(answers).values() for ref in risk.controls}
    return {
        ref: control
        for ref, control in starter_controls().items()
        if answers.holding(ref) is not Holding.UNKNOWN or (ref in tied and _is_usual(control, answers, in_scope))
    }


def usual_control_questions() -> tuple[ControlQuestion, ...]:
    """Those of an organisation as the starter risks are stated for, with the usual answers."""
    return control_questions(usual_answers(LIBRARY_PEOPLE))


def control_questions(answers: Answers) -> tuple[ControlQuestion, ...]:
    """The usual controls worth asking about, once everything else was answered."""
    chosen = chosen_controls(answers)
    return tuple(question for question in CONTROL_QUESTIONS if question.control in chosen)


def _is_usual(control: StarterControl, answers: Answers, in_scope: set[str]) -> bool:
    return (
        control.usual_from <= answers.people
        and control.needs <= answers.has
        and (not control.for_categories or bool(control.for_categories & answers.in_scope))
        and bool(in_scope.intersection(control.criteria))
    )


def chosen_risks(answers: Answers) -> dict[str, StarterRisk]:
    """Risks that bear on a selected category and need nothing that the organisation lacks.

    A condition is there only with a risk that it makes worse.
    """
    usual = {
        ref: risk
        for ref, risk in starter_risks().items()
        if risk.usual_from <= answers.people and risk.needs <= answers.has and risk.categories & answers.in_scope
    }
    return {
        ref: risk for ref, risk in usual.items() if risk.kind is RiskKind.EVENT or usual.keys() & set(risk.modifies)
    }


def rescaling(risk: StarterRisk, answers: Answers) -> Rescaling:
    """Factors from the organisation of the library to the one that answered."""
    revenue = answers.annual_revenue_usd
    if risk.calibration is Calibration.IRIS:
        frequency = {"size": size_factor(revenue), "sector": sector_factor(answers.sector)}
        loss, source = loss_factor(revenue), "A published rate, split by judgement"
    else:
        frequency = {"the number of people": answers.people / LIBRARY_PEOPLE} if risk.is_people_scaled else {}
        loss, source = operational_loss_factor(revenue), "Expert prior without data"
    said = [f"frequency × {factor:.3g} for {what}" for what, factor in frequency.items() if factor != 1.0]
    said += [f"loss × {loss:.3g} for size"] if loss != 1.0 else []
    return Rescaling(prod(frequency.values()), loss, "; ".join([source, *said]) + ".")


def risk_records(answers: Answers, inventory: Inventory, today: date, round_ref: str) -> tuple[Records, Records]:
    """Records of the chosen risks, and of the threats that they name."""
    draft = Draft(answers, inventory, today, round_ref, chosen_controls(answers))
    risks = chosen_risks(answers)
    threats, threat_of = _threats(risks.values())
    in_scope = {criterion.id for criterion in criteria_in_scope(answers.in_scope)}
    records: Records = {}
    for ref, risk in risks.items():
        record: Record = {
            "title": risk.title,
            "statement": {"cause": risk.cause, "event": risk.event, "consequence": risk.consequence},
            "categories": [category.value for category in Category if category in risk.categories],
            "kind": risk.kind.value,
            "owner": inventory.owner,
            **_links(risk, inventory),
            "criteria": [criterion for criterion in risk.criteria if criterion in in_scope],
            "threat": threat_of[ref],
            "is_fraud": risk.is_fraud,
            "identified_on": today,
            "modifies": [other for other in risk.modifies if other in risks],
            "library": ref,
            **_facts(risk, draft),
        }
        records[ref] = {key: value for key, value in record.items() if value not in ([], False, "event")}
    return records, threats


def _facts(risk: StarterRisk, draft: Draft) -> Record:
    return {
        "assessments": [_assessment(risk, draft)] if risk.frequency else [],
        "effects": [_effect(effect) for effect in risk.effects if _is_linked(effect, draft.controls)],
        "treatments": _treatments(risk, draft.answers, draft.inventory.owner, draft.today),
    }


def _is_linked(effect: Effect, controls: Mapping[str, StarterControl]) -> bool:
    """An estimate stands on every listed control with a number, recorded or not; the others only where recorded."""
    return effect.efficacy is not None or effect.control in controls


def _links(risk: StarterRisk, inventory: Inventory) -> Record:
    """Assets, commitments and vendors that the risk bears on."""
    assets = dict.fromkeys(ref for kind in risk.assets for ref in inventory.assets_of.get(kind, ()))
    objectives = [ref for category, ref in inventory.commitment_of.items() if category in risk.categories]
    vendors: list[str] = []
    if "vendors" in risk.assets:
        vendors = [ref for ref, vendor in inventory.vendors.items() if vendor["tier"] == 1]
    elif "cloud" in risk.needs and inventory.provider:
        vendors = [inventory.provider]
    if risk.id in _ABOUT_THE_REPORT:
        objectives.append(REPORT)
    return {"assets": list(assets), "objectives": objectives, "vendors": vendors}


def _threats(risks: Iterable[StarterRisk]) -> tuple[Records, dict[str, str]]:
    """One threat for each catalogue entry and actor, and the threat of each risk."""
    references: dict[tuple[str, str], str] = {}
    records: Records = {}
    threat_of = {}
    for risk in risks:
        key = risk.threats[0]
        if (key, risk.actor) not in references:
            references[key, risk.actor] = ref = f"T-{len(references) + 1:02d}"
            records[ref] = {"title": threat_catalogue()[key].label, "actor": risk.actor, "catalogue": key}
        threat_of[risk.id] = references[key, risk.actor]
    return records, threat_of


def _assessment(risk: StarterRisk, draft: Draft) -> Record:
    assert risk.frequency is not None
    assert risk.loss is not None
    factors = rescaling(risk, draft.answers)
    record: Record = {
        "effective_on": draft.today,
        "round": draft.round_ref,
        "method": "money",
        "basis": "library",
        "controls": {effect.control: None for effect in risk.effects if _is_linked(effect, draft.controls)},
        "frequency": {
            name: rounded(getattr(risk.frequency, name) * factors.frequency) for name in ("low", "likely", "high")
        },
        "loss": {name: rounded(getattr(risk.loss, name) * factors.loss) for name in ("p50", "p90")},
        "currency": "USD",
        "source": f"starter library {risk.id}: {', '.join(risk.sources)}",
        "rationale": factors.why,
    }
    revenue = draft.answers.annual_revenue_usd
    if revenue < TIER_LIMITS[1]:
        record["cap"] = rounded(revenue)
        record["rationale"] += " One event is capped at a year's revenue."
    return record


def _effect(effect: Effect) -> Record:
    record: Record = {"control": effect.control, "factor": effect.factor.value}
    if effect.efficacy is None:
        return record
    if effect.function in (EffectFunction.DETECTION, EffectFunction.RESPONSE):
        record["function"] = effect.function.value
    pert = effect.efficacy
    assert isinstance(pert, Pert)
    record["efficacy"] = {"low": rounded(pert.low), "likely": rounded(pert.likely), "high": rounded(pert.high)}
    if effect.rationale:
        record["rationale"] = effect.rationale
    return record


def _treatments(risk: StarterRisk, answers: Answers, owner: str, today: date) -> list[Record]:
    """A plan where the organisation has already decided on controls that answer the risk."""
    planned = [ref for ref in risk.controls if answers.holding(ref) is Holding.PLANNED]
    if not planned:
        return []
    titles = "; ".join(starter_controls()[ref].title for ref in planned)
    return [
        {
            "effective_on": today,
            "response": "reduce",
            "plan": f"Put in place: {titles}.",
            "controls": planned,
            "owner": owner,
            "due_on": max(planned_on(answers.controls[ref], today) for ref in planned),
        }
    ]


def planned_on(answer: ControlAnswer, today: date) -> date:
    """When a planned control is due: as stated, else 90 days from today."""
    return answer.on or today + _TIME_TO_PLAN


def undated_plans(answers: Answers, today: date) -> list[str]:
    """A line about planned controls that were given a date; none where each had its own."""
    undated = [ref for ref, each in answers.controls.items() if each.holding is Holding.PLANNED and each.on is None]
    if not undated:
        return []
    day = today + _TIME_TO_PLAN
    return [f"Planned without a date, so {day} was put as planned_on: {', '.join(undated)}. Mend it in controls.yaml."]


def assumed_controls(answers: Answers) -> list[str]:
    """A line about recorded controls whose state is unknown; none where all were spoken of."""
    unknown = sum(answers.holding(ref) is Holding.UNKNOWN for ref in chosen_controls(answers))
    if not unknown:
        return []
    what = "1 control is unknown and stays" if unknown == 1 else f"{unknown} controls are unknown and stay"
    return [f"{what} assumed: the figures count on what controls.yaml does not deny."]


def control_records(answers: Answers, owner: str, today: date) -> Records:
    """Records of the chosen controls; what a record leaves out comes from the library."""
    return {ref: _control(control, answers, owner, today) for ref, control in chosen_controls(answers).items()}


def _control(control: StarterControl, answers: Answers, owner: str, today: date) -> Record:
    record: Record = {"library": control.id, "title": control.title, "owner": owner}
    if control.id in _ASKED:
        record["is_key"] = True
    answer = answers.controls.get(control.id)
    if answer is None or answer.holding is Holding.UNKNOWN:
        return record
    if answer.holding is Holding.LACKING:
        record["lacking"] = {"since": today, "reason": answer.reason or "Said when the register was made."}
        return record
    if answer.holding is Holding.PLANNED:
        record["planned_on"] = planned_on(answer, today)
        return record
    record["in_place_on"] = min(answer.since or today, today)
    record["walkthroughs"] = [
        {
            "effective_on": today,
            "performed_by": owner,
            "procedure": "inquiry",
            "is_suitable": True,
            "note": answer.reason or _NOT_INSPECTED,
        }
    ]
    return record


def rounded(value: float, digits: int = 3) -> Decimal:
    """The number to so many significant digits, as a plain decimal without needless zeros.

    >>> rounded(0.0000465432), rounded(123456.7), rounded(0.5)
    (Decimal('0.0000465'), Decimal('123000'), Decimal('0.5'))
    """
    return Decimal(format(Decimal(f"{value:.{digits - 1}e}").normalize(), "f"))
