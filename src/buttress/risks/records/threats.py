"""Threats: who or what may bring a risk about."""

from buttress.formats.models import StrictModel, Text


class ThreatRecord(StrictModel):
    """`catalogue` names the entry of a public catalogue, e.g. `attack:T1566`."""

    title: Text
    actor: Text | None = None
    catalogue: Text | None = None
