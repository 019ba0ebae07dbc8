"""The kinds of record that a register folder knows, each a mapping of references to records."""

from collections.abc import Mapping

from buttress.controls.records import ControlRecord
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.declared_terms import Adoption
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.manual import ManualTest
from buttress.formats.models import StrictModel
from buttress.inventory.records import AssetRecord, ChangeRecord, ObjectiveRecord, VendorRecord
from buttress.orgs.records import PersonRecord
from buttress.risks.records.incidents import IncidentRecord
from buttress.risks.records.risk import RiskRecord
from buttress.risks.records.rounds import RoundRecord
from buttress.risks.records.threats import ThreatRecord

ORGANISATION_FILE = "organisation.yaml"
ORGANISATION = "organisation"

KINDS: Mapping[str, type[StrictModel]] = {
    "persons": PersonRecord,
    "objectives": ObjectiveRecord,
    "assets": AssetRecord,
    "vendors": VendorRecord,
    "threats": ThreatRecord,
    "changes": ChangeRecord,
    "incidents": IncidentRecord,
    "rounds": RoundRecord,
    "risks": RiskRecord,
    "controls": ControlRecord,
    "datasets": DatasetDeclaration,
    "control_tests": Adoption,
    "manual_tests": ManualTest,
    "exceptions": ExceptionRecord,
}
"""Model of each kind, in the order in which files of a folder are written."""

MAY_BE_EMPTY = frozenset({"control_tests"})
"""Kinds whose reference alone says something: a shipped test adopted as it is."""
