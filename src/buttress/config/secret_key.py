"""The key that signs what must not be forged: made once, kept in the data folder for its owner's eyes only."""

import os
import secrets
from pathlib import Path

from buttress.config.settings_table import SECRET_KEY, SettingError

_NAME = "secret_key"


def kept_secret_key(data: Path) -> str:
    """The key in the data folder, which with its key is made where missing. Raises SettingError, OSError."""
    path = data / _NAME
    if not path.exists():
        _make(path)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise SettingError(SECRET_KEY.name, f"{path} with mode {mode:04o}", "mode 0600", f"Run: chmod 600 '{path}'")
    key = path.read_text().strip()
    if len(key) < 32:
        advice = "Remove the file, and a new key is made; what the old one signed is then refused."
        raise SettingError(SECRET_KEY.name, f"{len(key)} characters in {path}", SECRET_KEY.kind, advice)
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{_NAME}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # Of two processes that start together one links first, and both then read its key whole.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
