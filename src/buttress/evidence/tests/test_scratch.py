"""The folder of a run's database goes with the run, and with the next one where the run was killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from buttress.evidence.locked.scratch import PREFIX, scratch_folder, sweep

HOLD = """
import sys, time
from buttress.evidence.locked.scratch import scratch_folder
with scratch_folder() as place:
    (place / "run.duckdb").write_text("rows")
    print(place, flush=True)
    time.sleep(60)
"""


def aged(folder: Path) -> Path:
    hour_ago = time.time() - 3600
    os.utime(folder, (hour_ago, hour_ago))
    return folder


def test_what_a_killed_run_left_goes_with_the_next_and_what_lives_stays(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as run:
        try:
            assert run.stdout is not None
            left = aged(Path(run.stdout.readline().strip()))
            sweep(tmp_path)
            assert (left / "run.duckdb").is_file()
        finally:
            run.send_signal(signal.SIGKILL)
    assert left.is_dir()
    sweep(tmp_path)
    assert not left.exists()


def test_new_folders_links_and_open_folders_are_left_alone(tmp_path: Path) -> None:
    new = tmp_path / f"{PREFIX}new"
    new.mkdir(mode=0o700)
    elsewhere = aged_folder(tmp_path / "elsewhere", 0o700)
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    shared = aged_folder(tmp_path / f"{PREFIX}shared", 0o755)
    sweep(tmp_path)
    assert all(each.is_dir() for each in (new, elsewhere, shared))


def aged_folder(path: Path, mode: int) -> Path:
    path.mkdir()
    path.chmod(mode)
    return aged(path)


def test_the_folder_is_private_and_goes_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch_folder() as place:
        assert (place.parent, place.stat().st_mode & 0o777) == (tmp_path, 0o700)
    assert not place.exists()
