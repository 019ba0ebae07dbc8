"""Threats that an organisation names."""

from django.db import models

from buttress.orgs.models import Record


class Threat(Record):
    title = models.TextField()
    catalogue = models.TextField(null=True)

    class Meta(Record.Meta):
        abstract = False
