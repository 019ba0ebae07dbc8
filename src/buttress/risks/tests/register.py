"""A small register of Harbourline in the database, on which the tests of risks write."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from buttress.controls.records import ControlRecord
from buttress.controls.services import add_control
from buttress.inventory.records import AssetKind, AssetRecord, ObjectiveRecord, VendorRecord
from buttress.inventory.services import add_asset, add_objective, add_vendor
from buttress.orgs.tests.organisations import harbourline, saltmarsh
from buttress.orgs.writing import Actor
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.risk import AcceptanceFact, AssessmentFact, EffectRecord, RiskRecord
from buttress.risks.records.scales import ScaleFact
from buttress.risks.services.methodology import set_appetite, set_scale
from buttress.risks.services.risk import add_risk

NEW_YEAR = date(2026, 1, 1)
RATINGS = ("low", "moderate", "high", "critical")


def scale(version: str = "2026", effective_on: date = NEW_YEAR, **other: Any) -> ScaleFact:
    """Three levels of likelihood and of impact."""
    bands = [
        {"name": name, "low": low, "high": high} for name, low, high in (("rare", 0.01, 0.1), ("at times", 0.1, 1))
    ]
    given = {
        "version": version,
        "effective_on": effective_on,
        "likelihood": [*bands, {"name": "often", "low": 1, "high": 10}],
        "impact": [
            {"name": "small", "low": 1000, "high": 10_000},
            {"name": "middling", "low": 10_000, "high": 100_000},
            {"name": "great", "low": 100_000, "high": 1_000_000},
        ],
        "ratings": list(RATINGS),
        "cells": [["low", "low", "moderate"], ["low", "moderate", "high"], ["moderate", "high", "critical"]],
    }
    return ScaleFact.model_validate({**given, **other})


def appetite(effective_on: date = NEW_YEAR, **other: Any) -> AppetiteFact:
    given = {
        "effective_on": effective_on,
        "highest_rating": "moderate",
        "curve": [{"loss": 100_000, "probability": 0.2}, {"loss": 1_000_000, "probability": 0.02}],
        "authorities": [
            {"role": "manager", "highest_rating": "moderate", "annual_loss": 50_000},
            {"role": "executive", "highest_rating": "high", "annual_loss": 300_000},
        ],
        "approved_by": "erin",
    }
    return AppetiteFact.model_validate({**given, **other})


def risk(**other: Any) -> RiskRecord:
    given = {
        "title": "Payout fraud",
        "statement": {"cause": "A stolen session", "event": "Payouts are redirected", "consequence": "Money is lost"},
        "categories": ["security", "confidentiality"],
    }
    return RiskRecord.model_validate({**given, **other})


def assessment(effective_on: date = NEW_YEAR, **other: Any) -> AssessmentFact:
    given = {
        "effective_on": effective_on,
        "basis": "inherent",
        "frequency": {"low": 0.1, "high": 2},
        "loss": {"low": 10_000, "high": 500_000},
    }
    return AssessmentFact.model_validate({**given, **other})


def effect(control: str = "IAM-02", **other: Any) -> EffectRecord:
    given = {
        "control": control,
        "factor": "susceptibility",
        "efficacy": {"low": 0.5, "likely": 0.7, "high": 0.9},
    }
    return EffectRecord.model_validate({**given, **other})


def acceptance(effective_on: date = NEW_YEAR, **other: Any) -> AcceptanceFact:
    given = {
        "effective_on": effective_on,
        "accepted_by": "erin",
        "authority": "executive",
        "reason": "The new console comes in autumn",
        "until": date(2990, 1, 1),
        "ceiling": {"rating": "high", "annual_loss": Decimal(200_000)},
    }
    return AcceptanceFact.model_validate({**given, **other})


def harbourline_with_risk() -> Mapping[str, Actor]:
    """Harbourline with a scale, an appetite, one control and the risk R-014."""
    return _with_risk(harbourline(), "ada")


def saltmarsh_with_risk() -> Mapping[str, Actor]:
    """Saltmarsh with records of the same references."""
    return _with_risk(saltmarsh(), "mallory")


def _with_risk(actors: Mapping[str, Actor], owner: str) -> Mapping[str, Actor]:
    actor = actors[owner]
    set_scale(actor, scale=scale())
    set_appetite(actor, appetite=appetite())
    add_asset(actor, ref="ledger", asset=AssetRecord(name="Ledger", kind=AssetKind.APPLICATION))
    add_objective(actor, ref="OBJ-1", objective=ObjectiveRecord(statement="Money arrives where it is sent"))
    add_vendor(actor, ref="newpay", vendor=VendorRecord(name="NewPay"))
    add_control(actor, ref="IAM-02", control=ControlRecord(library="IAM-02"))
    add_risk(
        actor,
        ref="R-014",
        risk=risk(owner="ruth", assets=["ledger"], objectives=["OBJ-1"], vendors=["newpay"], criteria=["CC6.1"]),
    )
    return actors
