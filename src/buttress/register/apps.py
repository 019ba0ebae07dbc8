"""The whole register, as Django knows it."""

from django.apps import AppConfig


class RegisterConfig(AppConfig):
    name = "buttress.register"
    label = "register"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models must be loaded before the step that writes them.
        from buttress.orgs.writing import before_commit  # noqa: PLC0415
        from buttress.register.figures.step import refresh_figures  # noqa: PLC0415

        before_commit(refresh_figures)
