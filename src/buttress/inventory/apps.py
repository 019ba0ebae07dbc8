"""The room of objectives, assets, vendors and changes, as Django knows it."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "buttress.inventory"
    label = "inventory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buttress.inventory import kinds, watched  # noqa: F401, PLC0415 - registries are filled once models are loaded
