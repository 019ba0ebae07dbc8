"""The room of organisations, as Django knows it."""

from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models.signals import post_migrate, pre_migrate


class OrgsConfig(AppConfig):
    name = "buttress.orgs"
    label = "orgs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buttress.orgs import checks, kinds_of_orgs  # noqa: F401, PLC0415 - filled once models are loaded

        # Django tells each app of a migration, all of them before the first step and all after the last one.
        pre_migrate.connect(_lift_guards, sender=self)
        post_migrate.connect(_raise_guards, sender=self)


def _lift_guards(using: str = DEFAULT_DB_ALIAS, plan: object = None, **_: Any) -> None:
    """SQLite rebuilds a table under another name, which triggers that name it would bar; no step, nothing to lift."""
    from buttress.orgs.guards import drop_guards  # noqa: PLC0415 - the models are loaded by now

    if plan:
        drop_guards(connections[using])


def _raise_guards(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    from buttress.orgs.guards import create_guards  # noqa: PLC0415 - the models are loaded by now

    create_guards(connections[using])
