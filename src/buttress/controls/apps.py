"""The room of controls and their walkthroughs, as Django knows it."""

from django.apps import AppConfig


class ControlsConfig(AppConfig):
    name = "buttress.controls"
    label = "controls"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buttress.controls import kinds  # noqa: F401, PLC0415 - the registry is filled once models are loaded
