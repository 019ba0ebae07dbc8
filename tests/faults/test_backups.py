"""What is restored is what was backed up, on the same engine and on the other."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buttress.register.demo import DEMO
from faults.conftest import Engine
from faults.warm import Forge

pytestmark = pytest.mark.faults

Engines = Callable[[str], Engine]
Forges = Callable[[str], Forge]


@pytest.mark.parametrize(
    ("source", "target"), [("sqlite", "postgres"), ("postgres", "sqlite"), ("postgres", "postgres")]
)
def test_a_register_moves_between_engines_and_stays_the_same(
    source: str, target: str, engines: Engines, forges: Forges, tmp_path: Path
) -> None:
    first, second = engines(source).fresh(), engines(target).fresh()
    forges(source).run("found", first)
    forges(source).run("apply", first, str(DEMO))
    forges(source).run("backup", first, str(tmp_path / "first.zip"))
    forges(target).run("restore", second, str(tmp_path / "first.zip"))
    forges(target).run("backup", second, str(tmp_path / "second.zip"))
    before, after = forges(source).run("state", first), forges(target).run("state", second)
    assert before == after
    assert before["problems"] == []
    assert len(before["files"]) > 10
    assert before["counts"]["harbourline"]["risks"] > 10
    assert contents(tmp_path / "first.zip") == contents(tmp_path / "second.zip")
    # The restored register is worked on as the first one was; figures are no part of a backup, and wait to be computed.
    assert (forges(source).run("jobs", first), forges(target).run("jobs", second)) == (1, 1)
    forges(target).run("rebuild", second)
    forges(target).run("write_persons", second, "later", 2)
    assert forges(target).run("figures", second) == {"waits": False, "differences": []}
    assert forges(target).run("state", second)["problems"] == []


def contents(path: Path) -> dict[str, Any]:
    """The entries of a backup, but for the time of its making."""
    with zipfile.ZipFile(path) as archive:
        entries: dict[str, Any] = {info.filename: archive.read(info) for info in archive.infolist()}
    entries["manifest.json"] = json.loads(entries["manifest.json"])
    del entries["manifest.json"]["created_at"]
    return entries


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_backup_while_others_write_is_whole_and_as_of_one_instant(
    engine: str, engines: Engines, forges: Forges, tmp_path: Path
) -> None:
    place, forge = engines(engine).fresh(), forges(engine)
    forge.run("found", place)
    forge.run("apply", place, str(DEMO))
    script = (
        "import django; django.setup(); import actions; print('writing', flush=True); actions.write_persons('w', 9999)"
    )
    writer = place.start("-c", script)
    seen: set[int] = set()
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        for number in range(3):
            forge.run("backup", place, str(tmp_path / f"{number}.zip"))
            manifest = contents(tmp_path / f"{number}.zip")["manifest.json"]
            seen.add(manifest["tables"]["orgs.person"]["rows"])
        assert writer.poll() is None, "the writer ended before the backups did"
    finally:
        writer.kill()
        writer.communicate()
    assert len(seen) > 1, "nothing was written between the backups"
    for number in range(3):
        copy = engines(engine).fresh()
        forge.run("restore", copy, str(tmp_path / f"{number}.zip"))
        assert forge.run("state", copy)["problems"] == []
        engines(engine).drop(copy)


def test_two_restores_at_once_fill_the_database_once(engines: Engines, forges: Forges, tmp_path: Path) -> None:
    for engine in ("sqlite", "postgres"):
        place, copy, forge = engines(engine).fresh(), engines(engine).fresh(), forges(engine)
        forge.run("found", place)
        target = str(tmp_path / f"{engine}.zip")
        forge.run("backup", place, target)
        script = f"import django; django.setup(); import actions; actions.restore({target!r})"
        processes = [copy.start("-c", script) for _ in range(2)]
        ends = [(*process.communicate(timeout=120), process.returncode) for process in processes]
        assert sorted(end[2] for end in ends) == [0, 1], ends
        assert "is not empty" in "".join(end[1] for end in ends)
        assert forge.run("state", copy) == forge.run("state", place)
