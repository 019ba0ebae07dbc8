"""Effects of controls on risks."""

from typing import ClassVar

from django.db import models

from buttress.core.snapshot import EffectFunction, Factor
from buttress.orgs.models import Fact
from buttress.risks.models.constraints import one_of
from buttress.risks.models.risk import Risk


class Effect(Fact):
    """What a control does to a risk. `control` is a reference: it may name one of the starter library."""

    record = models.ForeignKey(Risk, models.PROTECT, related_name="+")
    control = models.CharField(max_length=64)
    factor = models.CharField(max_length=32)
    function = models.CharField(max_length=16, null=True)

    class Meta(Fact.Meta):
        abstract = False
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            one_of("factor", Factor, "risks_effect_factor_known"),
            one_of("function", EffectFunction, "risks_effect_function_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "control"], name="risks_effects_by_control")]
