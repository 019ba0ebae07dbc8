"""The secret key is made once, is the same for all processes, and is nobody else's to read."""

import threading
from pathlib import Path

import pytest

from buttress.config.secret_key import kept_secret_key
from buttress.config.settings_table import SettingError


def test_the_key_is_made_once_and_read_afterwards(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    key = kept_secret_key(data)
    assert len(key) == 64
    assert kept_secret_key(data) == key
    assert (data / "secret_key").stat().st_mode & 0o777 == 0o600
    assert data.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in data.iterdir()] == ["secret_key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    start, keys = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        keys.append(kept_secret_key(tmp_path))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    kept_secret_key(tmp_path)
    (tmp_path / "secret_key").chmod(0o640)
    with pytest.raises(SettingError, match=r"mode 0640; expected mode 0600\. Run: chmod 600 "):
        kept_secret_key(tmp_path)


def test_a_cut_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("abc\n")
    (tmp_path / "secret_key").chmod(0o600)
    with pytest.raises(SettingError, match=r"found 3 characters .* expected at least 32"):
        kept_secret_key(tmp_path)
