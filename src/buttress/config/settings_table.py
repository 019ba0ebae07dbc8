"""The environment variables that Buttress reads, as one table; the documentation page is written from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from buttress.config.redaction import redacted_text

PREFIX = "BUTTRESS_"
_FOR_TESTS = "BUTTRESS_TEST_"


class Kind(StrEnum):
    """What a setting takes."""

    DATABASE = "address of a database"
    FOLDER = "absolute path of a folder"
    SIGNING_KEY = "at least 32 characters nobody can guess"
    CHOICE = "one of"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. `default` says in words what holds when it is unset or empty, or is the choice itself."""

    name: str
    kind: Kind
    default: str
    help: str
    choices: tuple[str, ...] = ()


DATA = Setting(
    "BUTTRESS_DATA",
    Kind.FOLDER,
    "`buttress` below `$XDG_DATA_HOME`, or `~/.local/share/buttress`",
    "Where the database file, the secret key and stored evidence lie. On a local disk, never on a network file system.",
)
DATABASE_URL = Setting(
    "BUTTRESS_DATABASE_URL",
    Kind.DATABASE,
    "the SQLite file `buttress.sqlite3` in the data folder",
    "`sqlite:////srv/buttress/buttress.sqlite3`, `postgresql://user:password@host:5432/buttress`, or "
    "`postgresql://user@/buttress?host=/run/postgresql` for a Unix socket. Special characters of a password are "
    "percent-encoded; `sslmode` and `sslrootcert` may follow the `?`. PostgreSQL needs `pip install 'buttress[postgres]'`.",
)
INBOX = Setting(
    "BUTTRESS_INBOX",
    Kind.FOLDER,
    "no inbox",
    "Where other programs drop exports, as `<organisation>/<data set>/<file>`; the worker collects what lies there at rest.",
)
SECRET_KEY = Setting(
    "BUTTRESS_SECRET_KEY",
    Kind.SIGNING_KEY,
    "made once, then kept as `secret_key` with mode 0600 in the data folder",
    "Signs what must not be forged, the queue of jobs among it: whoever knows it can run code as the server.",
)
LOG_LEVEL = Setting(
    "BUTTRESS_LOG_LEVEL",
    Kind.CHOICE,
    "warning",
    "The least severe kind of message that is logged.",
    ("debug", "info", "warning", "error"),
)
LOG_FORMAT = Setting(
    "BUTTRESS_LOG_FORMAT",
    Kind.CHOICE,
    "console",
    "How messages look on standard error: lines for people, or one JSON object a line.",
    ("console", "json"),
)
SETTINGS = (DATA, DATABASE_URL, INBOX, SECRET_KEY, LOG_LEVEL, LOG_FORMAT)


class SettingError(ValueError):
    """An environment variable was refused; the message says what was found, what was expected and what to do."""

    def __init__(self, name: str, found: str, expected: str, advice: str = "") -> None:
        super().__init__(f"{name}: found {found}; expected {expected}.{' ' if advice else ''}{advice}")


@dataclass(frozen=True, slots=True, repr=False)
class Configuration:
    """What the environment says. `secret_key` is empty when the one in the data folder holds."""

    data: Path
    database_url: str
    inbox: Path | None
    secret_key: str
    log_level: str
    log_format: str


def configuration(environment: Mapping[str, str]) -> Configuration:
    """Reads and checks every setting of the table. Raises SettingError."""
    _refuse_misspelt(environment)
    data = _data_folder(environment)
    file = quote(str(data / "buttress.sqlite3"))
    return Configuration(
        data=data,
        database_url=environment.get(DATABASE_URL.name, "").strip() or f"sqlite://{file}",
        inbox=_inbox_folder(environment),
        secret_key=_secret(environment),
        log_level=_choice(LOG_LEVEL, environment),
        log_format=_choice(LOG_FORMAT, environment),
    )


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    """A misspelt address would silently write to another database; names far from ours may belong to somebody else."""
    known = [setting.name for setting in SETTINGS]
    for name in environment:
        if name.startswith(PREFIX) and name not in known and not name.startswith(_FOR_TESTS):
            near = get_close_matches(name, known, n=1, cutoff=0.85)
            if near:
                raise SettingError(name, "an unknown setting", f"one of {', '.join(known)}", f"Did you mean {near[0]}?")


def _data_folder(environment: Mapping[str, str]) -> Path:
    given = environment.get(DATA.name, "").strip()
    if not given:
        # The XDG base directory specification says to ignore a relative path.
        shared = Path(environment.get("XDG_DATA_HOME", ""))
        return (shared if shared.is_absolute() else Path.home() / ".local" / "share") / "buttress"
    return _absolute(DATA, given)


def _inbox_folder(environment: Mapping[str, str]) -> Path | None:
    given = environment.get(INBOX.name, "").strip()
    return _absolute(INBOX, given) if given else None


def _absolute(setting: Setting, given: str) -> Path:
    folder = Path(given).expanduser()
    if not folder.is_absolute():
        advice = f"Write {Path.cwd() / folder}, so that every working folder means the same one."
        raise SettingError(setting.name, repr(given), setting.kind, advice)
    return folder


def _secret(environment: Mapping[str, str]) -> str:
    secret = environment.get(SECRET_KEY.name, "")
    if secret and len(secret) < 32:
        advice = "Unset it, and Buttress makes one; or take the output of: openssl rand -base64 48"
        raise SettingError(SECRET_KEY.name, f"{len(secret)} characters", SECRET_KEY.kind, advice)
    return secret


def _choice(setting: Setting, environment: Mapping[str, str]) -> str:
    given = environment.get(setting.name, "").strip()
    value = given.lower() or setting.default
    if value in setting.choices:
        return value
    near = get_close_matches(value, setting.choices, n=1)
    advice = f"Did you mean {near[0]}?" if near else f"Unset it for {setting.default}."
    raise SettingError(setting.name, repr(redacted_text(given)), f"one of {', '.join(setting.choices)}", advice)
