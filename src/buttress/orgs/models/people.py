"""Persons that the register names, and members: those of them who may sign in."""

from typing import ClassVar

from django.db import models

from buttress.orgs.models.record import Record
from buttress.orgs.role_names import Role


class Person(Record):
    name = models.TextField()
    email = models.TextField(null=True)
    title = models.TextField(null=True)
    left_on = models.DateField(null=True)

    class Meta(Record.Meta):
        abstract = False


class Member(Record):
    """A person who may act, with one role; its reference is the person's. `ended_on` closes it."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    role = models.CharField(max_length=32, choices=[(role.value, role.label) for role in Role])
    engagement = models.CharField(max_length=64, null=True)
    ended_on = models.DateField(null=True)

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            models.UniqueConstraint(fields=["organisation", "person"], name="orgs_member_person"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="orgs_member_role_known"
            ),
        ]
