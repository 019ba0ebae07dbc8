"""Control tests that run over data sets: shipped ones as adopted, and the organisation's own."""

from typing import ClassVar

from django.db import models

from buttress.orgs.models import Link, Record


class AdoptedTest(Record):
    """A shipped control test that the organisation adopts; its reference is the id under which it is shipped."""

    LINKS: ClassVar[dict[str, str]] = {"controls": "evidence.AdoptedTestControl"}

    class Meta(Record.Meta):
        abstract = False


class AdoptedTestControl(Link):
    """A control that an adoption names; one that names none tests the controls with which the test is shipped."""

    record = models.ForeignKey(AdoptedTest, models.PROTECT, related_name="+")
    target = models.ForeignKey("controls.Control", models.PROTECT, related_name="+")

    class Meta(Link.Meta):
        abstract = False


class OwnTest(Record):
    """A control test that the organisation declares itself."""

    LINKS: ClassVar[dict[str, str]] = {"controls": "evidence.OwnTestControl"}

    class Meta(Record.Meta):
        abstract = False


class OwnTestControl(Link):
    """A control that an own test looks at."""

    record = models.ForeignKey(OwnTest, models.PROTECT, related_name="+")
    target = models.ForeignKey("controls.Control", models.PROTECT, related_name="+")

    class Meta(Link.Meta):
        abstract = False
