"""Tables of the methodology (scales, appetite), of threats, rounds, risks with their facts, and incidents."""

from buttress.risks.models.acceptance import Acceptance, AcceptanceDecision
from buttress.risks.models.appetite import Appetite
from buttress.risks.models.assessment import Assessment, AssessmentControl
from buttress.risks.models.effect import Effect
from buttress.risks.models.incident import Incident, IncidentRisk
from buttress.risks.models.risk import (
    Risk,
    RiskAsset,
    RiskCategory,
    RiskCriterion,
    RiskModifies,
    RiskObjective,
    RiskVendor,
)
from buttress.risks.models.round import Round, RoundParticipant
from buttress.risks.models.scale import Scale
from buttress.risks.models.threat import Threat
from buttress.risks.models.treatment import Treatment

__all__ = [
    "Acceptance",
    "AcceptanceDecision",
    "Appetite",
    "Assessment",
    "AssessmentControl",
    "Effect",
    "Incident",
    "IncidentRisk",
    "Risk",
    "RiskAsset",
    "RiskCategory",
    "RiskCriterion",
    "RiskModifies",
    "RiskObjective",
    "RiskVendor",
    "Round",
    "RoundParticipant",
    "Scale",
    "Threat",
    "Treatment",
]
