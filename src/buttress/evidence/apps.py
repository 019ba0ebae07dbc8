"""The room of data sets, control tests, their results and exceptions, as Django knows it."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "buttress.evidence"
    label = "evidence"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The registry of kinds, and that of steps before a commit, are filled once models are loaded.
        from buttress.evidence import kinds, manual_documents  # noqa: F401, PLC0415
