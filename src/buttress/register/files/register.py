"""A register as it was read: validated records, and for each of them the place where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buttress.controls.records import ControlRecord
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.declared_terms import Adoption
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.manual import ManualTest
from buttress.evidence.records import OwnTestRecord
from buttress.formats.models import StrictModel
from buttress.formats.problems import Problem
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.formats.strict_yaml import YamlNode, YamlValue
from buttress.inventory.records import AssetRecord, ChangeRecord, ObjectiveRecord, VendorRecord
from buttress.orgs.records import PersonRecord
from buttress.register.files.schema.kinds import ORGANISATION
from buttress.register.files.schema.organisation import OrganisationRecord
from buttress.risks.records.incidents import IncidentRecord
from buttress.risks.records.risk import RiskRecord
from buttress.risks.records.rounds import RoundRecord
from buttress.risks.records.threats import ThreatRecord


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: the document and the path to it inside."""

    node: YamlNode
    path: FieldPath

    @property
    def file(self) -> str:
        return self.node.file

    @property
    def value(self) -> YamlValue:
        """The record as it stands in the file."""
        value = self.node.value
        for part in self.path:
            value = value[part]
        return value

    def line_of(self, path: FieldPath = ()) -> int:
        """Line (from 1) of the record, or of the field under `path` in it."""
        return self.node.line_of((*self.path, *path))

    def problem(self, path: FieldPath, found: str, expected: str, advice: str = "") -> Problem:
        return self.node.problem((*self.path, *path), found, expected, advice)


Places = Mapping[tuple[str, str], Place]
"""Place of each record by kind and reference; the organisation's is ("organisation", "")."""


@dataclass(frozen=True, slots=True)
class Register:
    """Every record by kind and reference, R-2 before R-10, wherever they stand in files or in the database.

    Records of the evidence side are declarations: what is to be read and tested, not what was found.
    """

    folder: Path
    organisation: OrganisationRecord
    persons: Mapping[str, PersonRecord] = field(default_factory=dict)
    objectives: Mapping[str, ObjectiveRecord] = field(default_factory=dict)
    assets: Mapping[str, AssetRecord] = field(default_factory=dict)
    vendors: Mapping[str, VendorRecord] = field(default_factory=dict)
    threats: Mapping[str, ThreatRecord] = field(default_factory=dict)
    changes: Mapping[str, ChangeRecord] = field(default_factory=dict)
    incidents: Mapping[str, IncidentRecord] = field(default_factory=dict)
    rounds: Mapping[str, RoundRecord] = field(default_factory=dict)
    risks: Mapping[str, RiskRecord] = field(default_factory=dict)
    controls: Mapping[str, ControlRecord] = field(default_factory=dict)
    datasets: Mapping[str, DatasetDeclaration] = field(default_factory=dict)
    control_tests: Mapping[str, Adoption] = field(default_factory=dict)
    manual_tests: Mapping[str, ManualTest] = field(default_factory=dict)
    exceptions: Mapping[str, ExceptionRecord] = field(default_factory=dict)
    own_tests: Mapping[str, OwnTestRecord] = field(default_factory=dict)
    places: Places = field(default_factory=dict)

    def of_kind(self, kind: str) -> Mapping[str, StrictModel]:
        """The records of a kind by reference; the organisation stands under the empty reference."""
        if kind == ORGANISATION:
            return {"": self.organisation}
        records: Mapping[str, StrictModel] = getattr(self, kind)
        return records

    def place(self, kind: str, ref: str = "") -> Place:
        """Where a record stands."""
        return self.places[kind, ref]
