"""The room of organisations, as Django knows it."""

from django.apps import AppConfig


class OrgsConfig(AppConfig):
    name = "buttress.orgs"
    label = "orgs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buttress.orgs import kinds_of_orgs  # noqa: F401, PLC0415 - the registry is filled once models are loaded
