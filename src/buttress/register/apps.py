"""The whole register, as Django knows it."""

from django.apps import AppConfig


class RegisterConfig(AppConfig):
    name = "buttress.register"
    label = "register"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models must be loaded before the step that writes them.
        from buttress.orgs.writing import Write, before_commit  # noqa: PLC0415
        from buttress.risks.models.scale import Scale  # noqa: PLC0415

        def refresh_figures(write: Write) -> None:
            """What computes is loaded with the first write after which there may be figures: most commands write none."""
            if Scale.objects.exists():
                from buttress.register.figures import before_commit as figures  # noqa: PLC0415

                figures.refresh_figures(write)

        before_commit(refresh_figures)
