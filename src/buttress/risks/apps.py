"""The room of risks, as Django knows it."""

from django.apps import AppConfig


class RisksConfig(AppConfig):
    name = "buttress.risks"
    label = "risks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buttress.risks import kinds, watched  # noqa: F401, PLC0415 - registries are filled once models are loaded
