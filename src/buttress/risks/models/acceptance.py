"""Acceptances as they were asked for, and what was decided about each."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from buttress.orgs.models import Fact, Member, Person, Profile
from buttress.orgs.tenancy import TenantModel
from buttress.risks.decisions import DecisionKind
from buttress.risks.models.constraints import not_before, one_of
from buttress.risks.models.risk import Risk


def declared_sole_operator() -> bool:
    """Whether the organisation in context has declared itself a sole operator, as its profile stands now."""
    return bool(Profile.objects.filter(sole_operator=True).exists())


class Acceptance(Fact):
    """A request to bear a risk up to a ceiling. Requester and approver differ, unless the row says that a sole operator
    decided: the column takes that from the profile whenever a row is made, by whichever way."""

    record = models.ForeignKey(Risk, models.PROTECT, related_name="+")
    accepted_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    until = models.DateField()
    attested_document = models.TextField(null=True)
    by_sole_operator = models.BooleanField(default=declared_sole_operator)

    class Meta(Fact.Meta):
        abstract = False
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            not_before("until", "effective_on", "risks_acceptance_until_after_start"),
            models.CheckConstraint(
                condition=Q(requested_by__isnull=True) | ~Q(requested_by=F("accepted_by")) | Q(by_sole_operator=True),
                name="risks_acceptance_independent",
            ),
        ]


class AcceptanceDecision(TenantModel):
    """What became of an acceptance: confirmed, refused, withdrawn or lapsed, on which day, by whom (no member: the system
    itself). `shown` is canonical JSON of what stood before the eyes of who decided, and is never computed again.

    A confirmation names whom the request names as requester (`requested_by`) and who recorded the request (`recorded_by`):
    the database itself keeps both apart from who confirmed. `is_authority_claimed` marks one whose authority no person is
    named to hold.
    """

    acceptance = models.ForeignKey(Acceptance, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16)
    decided_by = models.ForeignKey(Member, models.PROTECT, related_name="+", null=True)
    decided_by_person = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    requested_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    recorded_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    by_sole_operator = models.BooleanField(default=declared_sole_operator)
    is_authority_claimed = models.BooleanField(default=False)
    effective_on = models.DateField()
    reason = models.TextField()
    shown = models.TextField(null=True)
    change = models.PositiveBigIntegerField(default=0)
    recorded_at = models.DateTimeField()

    APPEND_ONLY: ClassVar[bool] = True
    SEALED: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            one_of("kind", DecisionKind, "risks_decision_kind_known"),
            *(
                models.UniqueConstraint(fields=["acceptance"], condition=Q(kind=kind.value), name=f"risks_{kind}_once")
                for kind in DecisionKind
            ),
            models.CheckConstraint(
                condition=(
                    ~Q(kind=DecisionKind.CONFIRMED.value)
                    | Q(
                        decided_by_person__isnull=False,
                        requested_by__isnull=False,
                        recorded_by__isnull=False,
                        shown__isnull=False,
                    )
                    & (
                        Q(by_sole_operator=True)
                        | (~Q(requested_by=F("decided_by_person")) & ~Q(recorded_by=F("decided_by_person")))
                    )
                ),
                name="risks_decision_independent",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind=DecisionKind.LAPSED.value, decided_by__isnull=True)
                    | (
                        ~Q(kind=DecisionKind.LAPSED.value)
                        & Q(decided_by__isnull=False, decided_by_person__isnull=False)
                    )
                ),
                name="risks_decision_has_decider",
            ),
        ]
