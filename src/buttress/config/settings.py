"""The Django settings, made of the settings table and of what is the same everywhere; named by DJANGO_SETTINGS_MODULE.

Importing it writes nothing: the data folder and the secret key come into being with their first use.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject

from buttress.config import logging as _logging
from buttress.config.database_url import database_entry
from buttress.config.forked_pools import forget_pools_in_children
from buttress.config.secret_key import kept_secret_key
from buttress.config.settings_table import DATABASE_URL, SettingError, configuration

_PACKAGE = Path(__file__).parents[1]
_POSTGRESQL = "django.db.backends.postgresql"

try:
    _given = configuration(os.environ)
    _database = database_entry(_given.database_url)
    if _database["ENGINE"] == _POSTGRESQL and find_spec("psycopg_pool") is None:
        raise SettingError(
            DATABASE_URL.name, "PostgreSQL, without its driver", "psycopg", "Run: pip install 'buttress[postgres]'"
        )
except SettingError as error:
    raise ImproperlyConfigured(str(error)) from None


class _KeptKey(SimpleLazyObject):  # type: ignore[type-arg]  # generic in the stubs alone
    """The key in the data folder; to ask whether there is one does not make it."""

    def __init__(self) -> None:
        super().__init__(lambda: kept_secret_key(_given.data))

    def __bool__(self) -> bool:
        return True


BUTTRESS_DATA: Path = _given.data
BUTTRESS_INBOX: Path | None = _given.inbox
# Services open the transactions of writes; a request is none.
DATABASES = {"default": {**_database, "ATOMIC_REQUESTS": False}}
SECRET_KEY = _given.secret_key or _KeptKey()

if _database["ENGINE"] == _POSTGRESQL:
    forget_pools_in_children()

# A package is an app from the day it has tables.
_STAGES = ("orgs", "inventory", "criteria", "controls", "risks", "evidence", "register")
INSTALLED_APPS = ["django_q", *(f"buttress.{s}" for s in _STAGES if (_PACKAGE / s / "apps.py").exists())]

DEBUG = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LANGUAGE_CODE = "en-gb"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIDDLEWARE: list[str] = []

LOGGING_CONFIG = "buttress.config.logging.configure"
LOGGING = _logging.configuration(_given.log_level, _given.log_format)

# A task is locked from the moment it is fetched, not from its start: one is fetched at a time, and none runs as long as
# the lock holds. Retries are our own, by key, so that a failing task is not started for ever.
Q_CLUSTER = {
    "name": "buttress",
    "orm": "default",
    "workers": 2,
    "bulk": 1,
    "queue_limit": 1,
    "timeout": 900,
    "retry": 1000,
    "max_attempts": 3,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 50,
}
