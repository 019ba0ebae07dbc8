"""The address of a database, read into the entry that Django wants, with the options our guarantees rest on."""

from pathlib import PurePosixPath
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from buttress.config.redaction import redacted_text
from buttress.config.settings_table import DATABASE_URL, SettingError

# IMMEDIATE: a deferred transaction that reads and then writes fails at once instead of waiting for its turn. FULL: with
# NORMAL the last acknowledged commits can vanish at power loss. recursive_triggers: without it REPLACE deletes rows past
# the triggers that keep facts append-only.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=134217728; "
    "PRAGMA journal_size_limit=27103364; PRAGMA cache_size=-20000; PRAGMA recursive_triggers=ON; "
    "PRAGMA foreign_keys=ON;",
}

# A writer waits for another as long as on SQLite. Statements are short; the time between two statements of one
# transaction may hold the refresh of many figures.
_SESSION = {
    "synchronous_commit": "on",
    "lock_timeout": "20s",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "300s",
}
_POOL = {"min_size": 0, "max_size": 10, "timeout": 20}
_ASKED = ("host", "sslmode", "sslrootcert")
_EXPECTED = (
    "sqlite:////absolute/path/of/a/file, postgresql://user:password@host:port/database, "
    "or postgresql://user@/database?host=/folder/of/the/socket"
)


def database_entry(url: str) -> dict[str, Any]:
    """One entry of Django's DATABASES.

    Three slashes and four mean the same absolute path of an SQLite file. Raises SettingError, which never shows a password.

    >>> database_entry("sqlite:////srv/buttress/register.sqlite3")["NAME"]
    '/srv/buttress/register.sqlite3'
    >>> entry = database_entry("postgresql://ada:p%40ss@db.example:5433/buttress")
    >>> entry["HOST"], entry["PORT"], entry["NAME"], entry["PASSWORD"]
    ('db.example', 5433, 'buttress', 'p@ss')
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # What stands where a port belongs may be half a password, so nothing of it is shown.
        advice = (
            "The port is a number; special characters of a password are percent-encoded (/ as %2F, # as %23, @ as %40)."
        )
        _refuse(url.partition("://")[0] + "://...", advice)
    if parts.fragment:
        _refuse(url.partition("#")[0] + "#...", "Write # as %23.")
    if parts.scheme == "sqlite":
        return _sqlite(url, parts)
    if parts.scheme not in {"postgresql", "postgres"}:
        _refuse(url, "Only SQLite and PostgreSQL can hold a register.")
    return _postgresql(url, parts, port)


def _sqlite(url: str, parts: SplitResult) -> dict[str, Any]:
    if parts.netloc or parts.query:
        _refuse(url, "An SQLite file has no host and no options: three slashes, then the path.")
    path = PurePosixPath("/" + unquote(parts.path).strip("/"))
    # A single name was meant as relative to somewhere; nobody keeps a database in the root folder.
    if len(path.parts) < 3 or path.parts[1] == "~" or ".." in path.parts:
        _refuse(url, "Write the whole path of the file, e.g. sqlite:////srv/buttress/buttress.sqlite3.")
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": dict(SQLITE_OPTIONS)}


def _postgresql(url: str, parts: SplitResult, port: int | None) -> dict[str, Any]:
    name = unquote(parts.path).strip("/")
    if not name or "/" in name:
        _refuse(url, "The name of one database follows the host, e.g. postgresql://db.example/buttress.")
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    for option in asked:
        if option not in _ASKED:
            _refuse(url, f"After the ? only {', '.join(_ASKED)} are understood; {redacted_text(option)!r} is not.")
    session = " ".join(f"-c {key}={value}" for key, value in _SESSION.items())
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": asked.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": port or "",
        # The pool keeps connections: Django must hand each back at the end of its use, and have it tried at the start.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**asked, "pool": dict(_POOL), "options": session},
    }


def _refuse(url: str, advice: str) -> NoReturn:
    # An address that could not be read may hide its password anywhere before the last @.
    shown = url.partition("://")[0] + "://..." + url.rpartition("@")[2] if "@" in url else url
    raise SettingError(DATABASE_URL.name, repr(redacted_text(shown)), _EXPECTED, advice)
