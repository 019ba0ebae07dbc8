"""The room of engagements, as Django knows it."""

from django.apps import AppConfig


class CriteriaConfig(AppConfig):
    name = "buttress.criteria"
    label = "criteria"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buttress.criteria import kinds, watched  # noqa: F401, PLC0415 - registries are filled once models are loaded
