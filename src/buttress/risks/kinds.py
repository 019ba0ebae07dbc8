"""The kinds that risks bring: scales and appetite, threats, rounds, risks with their facts, and incidents."""

from buttress.orgs.kinds import FactKind, RecordKind, register_fact_kind, register_record_kind
from buttress.orgs.roles import Operation
from buttress.risks.models import (
    Acceptance,
    Appetite,
    Assessment,
    Effect,
    Incident,
    Risk,
    Round,
    Scale,
    Threat,
    Treatment,
)
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.incidents import IncidentRecord
from buttress.risks.records.risk import AcceptanceFact, AssessmentFact, EffectRecord, RiskRecord, TreatmentFact
from buttress.risks.records.rounds import RoundRecord
from buttress.risks.records.scales import ScaleFact
from buttress.risks.records.threats import ThreatRecord

SCALES = register_fact_kind(
    FactKind(
        "organisation",
        "scales",
        "scale version",
        ScaleFact,
        Scale,
        Operation.METHODOLOGY_CHANGE,
        identity=("effective_on",),
    )
)
APPETITE = register_fact_kind(
    FactKind("organisation", "appetite", "appetite", AppetiteFact, Appetite, Operation.METHODOLOGY_CHANGE)
)

THREATS = register_record_kind(RecordKind("threats", "threat", ThreatRecord, Threat, Operation.RISK_CHANGE))
ROUNDS = register_record_kind(RecordKind("rounds", "assessment round", RoundRecord, Round, Operation.ROUND_RECORD))
RISKS = register_record_kind(RecordKind("risks", "risk", RiskRecord, Risk, Operation.RISK_CHANGE))
INCIDENTS = register_record_kind(
    RecordKind("incidents", "incident", IncidentRecord, Incident, Operation.INCIDENT_RECORD)
)

ASSESSMENTS = register_fact_kind(
    FactKind("risks", "assessments", "assessment", AssessmentFact, Assessment, Operation.RISK_ASSESS)
)
EFFECTS = register_fact_kind(
    FactKind(
        "risks",
        "effects",
        "effect",
        EffectRecord,
        Effect,
        Operation.EFFECT_STATE,
        identity=("control", "factor", "effective_on"),
    )
)
TREATMENTS = register_fact_kind(
    FactKind("risks", "treatments", "treatment", TreatmentFact, Treatment, Operation.RISK_TREAT)
)
ACCEPTANCES = register_fact_kind(
    FactKind("risks", "acceptances", "acceptance", AcceptanceFact, Acceptance, Operation.ACCEPTANCE_REQUEST)
)
