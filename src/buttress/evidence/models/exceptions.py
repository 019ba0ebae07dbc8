"""Exceptions that were asked for, and how they were decided."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from buttress.evidence.decisions import Decision
from buttress.orgs.models import Member, Person, Record
from buttress.orgs.tenancy import TenantModel


class ExceptionRequest(Record):
    """Deviations of a control test that somebody asks to have covered for a time."""

    test = models.CharField(max_length=64)
    risk = models.ForeignKey("risks.Risk", models.PROTECT, null=True, related_name="+")
    compensating_control = models.ForeignKey("controls.Control", models.PROTECT, null=True, related_name="+")
    requested_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    starts_on = models.DateField()
    expires_on = models.DateField()
    revoked_on = models.DateField(null=True)

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=Q(expires_on__gte=F("starts_on")), name="evidence_exception_life_in_order"
            ),
            models.CheckConstraint(
                condition=Q(revoked_on=None) | Q(revoked_on__gte=F("starts_on")),
                name="evidence_exception_revoked_in_order",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "test"], name="evidence_exception_by_test")]


class ExceptionDecision(TenantModel):
    """What a member decided in their own session about an exception, on its terms as they stood (`terms_sha256`).

    Neither who asked nor who recorded the request (`recorder`) approves, unless the organisation is a sole operator, which
    the row then says.
    """

    exception = models.ForeignKey(ExceptionRequest, models.PROTECT, related_name="+")
    decision = models.CharField(max_length=32)
    decided_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    decider = models.ForeignKey(Person, models.PROTECT, related_name="+")
    requester = models.ForeignKey(Person, models.PROTECT, related_name="+")
    recorder = models.ForeignKey(Person, models.PROTECT, related_name="+")
    by_sole_operator = models.BooleanField(default=False)
    effective_on = models.DateField()
    reason = models.TextField()
    terms_sha256 = models.CharField(max_length=64)
    change = models.PositiveBigIntegerField()
    recorded_at = models.DateTimeField()

    APPEND_ONLY: ClassVar[bool] = True
    SEALED: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "exception", "terms_sha256", "decision"], name="evidence_decision_once"
            ),
            models.CheckConstraint(
                condition=Q(decision__in=[each.value for each in Decision]), name="evidence_decision_known"
            ),
            models.CheckConstraint(
                condition=(
                    ~Q(decision=Decision.APPROVED.value)
                    | Q(by_sole_operator=True)
                    | (~Q(decider=F("requester")) & ~Q(decider=F("recorder")))
                ),
                name="evidence_approver_is_another",
            ),
        ]
