"""Stored registers for tests of figures: a scale, controls, and risks drawn with a seed, written through the services."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from buttress.controls.records import ControlRecord, WalkthroughFact
from buttress.controls.services import add_control, record_walkthrough
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Actor, write
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.risk import AssessmentFact, EffectRecord, RiskRecord
from buttress.risks.records.scales import ScaleFact
from buttress.risks.services.assessment import assess_risk
from buttress.risks.services.effect import state_effect
from buttress.risks.services.methodology import set_appetite, set_scale
from buttress.risks.services.risk import add_risk

STARTED = date(2026, 1, 10)

SCALE = {
    "version": "1",
    "effective_on": "2025-12-01",
    "likelihood": [
        {"name": "rare", "low": "0.001", "high": "0.1"},
        {"name": "possible", "low": "0.1", "high": "1"},
        {"name": "often", "low": "1", "high": "50"},
    ],
    "impact": [
        {"name": "minor", "low": "1000", "high": "50000"},
        {"name": "major", "low": "50000", "high": "1000000"},
        {"name": "severe", "low": "1000000", "high": "100000000"},
    ],
    "ratings": ["low", "moderate", "high"],
    "cells": [["low", "low", "moderate"], ["low", "moderate", "high"], ["moderate", "high", "high"]],
}


def scale() -> ScaleFact:
    return ScaleFact.model_validate(SCALE)


def appetite(highest_rating: str = "moderate", *, on: date = STARTED, categories: Sequence[str] = ()) -> AppetiteFact:
    """An appetite with one curve, repeated for each of `categories`."""
    curve = [{"loss": "100000", "probability": "0.3"}, {"loss": "10000000", "probability": "0.01"}]
    own = {category: {"curve": curve} for category in categories}
    return AppetiteFact.model_validate(
        {"effective_on": on.isoformat(), "highest_rating": highest_rating, "curve": curve, "categories": own}
    )


def control(**changes: Any) -> ControlRecord:
    plain = {
        "title": "A control",
        "kind": "preventive",
        "mode": "automated",
        "criteria": ["CC6.1"],
        "in_place_on": "2025-01-01",
    }
    return ControlRecord.model_validate({**plain, **changes})


def walkthrough(on: date = STARTED, *, is_suitable: bool = True) -> WalkthroughFact:
    return WalkthroughFact.model_validate(
        {
            "effective_on": on.isoformat(),
            "performed_by": "ruth",
            "procedure": "inspection",
            "is_suitable": "true" if is_suitable else "false",
        }
    )


def risk(title: str = "A risk", **changes: Any) -> RiskRecord:
    plain = {
        "title": title,
        "statement": {"cause": "a weakness", "event": "something happens", "consequence": "money is lost"},
        "categories": ["security"],
        "owner": "ruth",
        "identified_on": STARTED.isoformat(),
    }
    return RiskRecord.model_validate({**plain, **changes})


def assessment(often: float = 0.5, median: float = 1e5, *, on: date = STARTED, **changes: Any) -> AssessmentFact:
    plain = {
        "effective_on": on.isoformat(),
        "method": "money",
        "basis": "with_controls",
        "frequency": {"low": f"{often / 4:.6f}", "high": f"{often * 4:.6f}"},
        "loss": {"p50": f"{median:.0f}", "p90": f"{median * 6:.0f}"},
        "estimators": ["ruth"],
    }
    return AssessmentFact.model_validate({**plain, **changes})


def effect(ref: str, factor: str = "susceptibility") -> EffectRecord:
    efficacy = {"low": "0.3", "likely": "0.5", "high": "0.7"}
    return EffectRecord.model_validate({"control": ref, "factor": factor, "efficacy": efficacy})


def estimates(draw: random.Random) -> tuple[float, float]:
    """Events a year and median loss, as registers have them."""
    return 10 ** draw.uniform(-2, 0.3), 10 ** draw.uniform(4, 6.3)


def risk_ref(i: int) -> str:
    return f"R-{i}"


def control_ref(i: int) -> str:
    return f"IAM-{i:02d}"


def build_register(
    actors: Mapping[str, Actor],
    *,
    risks: int,
    controls: int = 6,
    effects: int = 2,
    categories: Sequence[str] = (),
    seed: int = 7,
) -> None:
    """Scale, appetite, controls with walkthroughs, and risks with an assessment and some effects each, in one write."""
    draw = random.Random(seed)
    ruth = actors["ruth"]
    with write(ruth, Operation.REGISTER_APPLY):
        set_scale(ruth, scale=scale())
        set_appetite(ruth, appetite=appetite(categories=categories))
        for i in range(controls):
            add_control(ruth, ref=control_ref(i), control=control(title=f"Control {i}"))
            record_walkthrough(ruth, ref=control_ref(i), walkthrough=walkthrough())
        for i in range(risks):
            names = ["security"] if i % 3 else ["security", "availability"]
            add_risk(ruth, ref=risk_ref(i), risk=risk(f"Risk {i}", categories=names))
            assess_risk(ruth, ref=risk_ref(i), assessment=assessment(*estimates(draw)))
            for c in draw.sample(range(controls), min(effects, controls)):
                factor = draw.choice(["susceptibility", "primary_loss"])
                state_effect(ruth, ref=risk_ref(i), effect=effect(control_ref(c), factor))


def later(days: int) -> date:
    """A day after the register began, still in the past."""
    return STARTED + timedelta(days=days)
