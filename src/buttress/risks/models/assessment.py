"""Assessments of risks, and the controls that each of them pins."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from buttress.core.snapshot import BasisKind
from buttress.orgs.models import Fact, Link
from buttress.risks.models.constraints import one_of
from buttress.risks.models.risk import Risk
from buttress.risks.models.round import Round
from buttress.risks.records.risk import Method


class Assessment(Fact):
    """A dated statement about a risk. A review that changes nothing has no basis of its own; every other has one."""

    record = models.ForeignKey(Risk, models.PROTECT, related_name="+")
    round = models.ForeignKey(Round, models.PROTECT, related_name="+", null=True)
    method = models.CharField(max_length=16)
    basis = models.CharField(max_length=16, null=True)

    LINKS: ClassVar[dict[str, str]] = {"controls": "risks.AssessmentControl"}

    class Meta(Fact.Meta):
        abstract = False
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            one_of("method", Method, "risks_assessment_method_known"),
            one_of("basis", BasisKind, "risks_assessment_basis_known"),
            models.CheckConstraint(
                condition=(
                    Q(method=Method.UNCHANGED.value, basis__isnull=True)
                    | (~Q(method=Method.UNCHANGED.value) & Q(basis__isnull=False))
                ),
                name="risks_assessment_has_basis",
            ),
        ]


class AssessmentControl(Link):
    """A control that the assessment stands on: of the register, or of the starter library, hence by reference."""

    record = models.ForeignKey(Assessment, models.PROTECT, related_name="+")
    target = models.CharField(max_length=64)

    APPEND_ONLY: ClassVar[bool] = True

    class Meta(Link.Meta):
        abstract = False
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["record", "target"], name="risks_assessmentcontrol_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "target"], name="risks_assessments_by_control")]
