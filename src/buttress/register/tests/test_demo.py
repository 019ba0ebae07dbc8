"""Loading the demo shifts every date alike, at once, and touches nothing that is not a demo."""

import re
from datetime import date, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttress.register import demo
from buttress.register.demo import DemoError, anchor_of, load_demo, shift_dates, shift_files

ANCHOR = date(2026, 9, 30)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "evidence").mkdir(parents=True)
    (folder / "results").mkdir()
    (folder / "organisation.yaml").write_text("organisation:\n  name: H\n  anchor: 2026-09-30\n")
    (folder / "evidence" / "a-2026-06-30.csv").write_text("id,on\n1,2026-02-28\n")
    (folder / "evidence" / "scan.png").write_bytes(b"\x89PNG 2026-01-01")
    (folder / "results" / "2026-09-30-abc.json").write_text("{}")
    return folder


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(-4000, 4000))
def test_a_date_moves_by_so_many_days(day: date, days: int) -> None:
    assert shift_dates(f"on {day.isoformat()}T06:00:00Z", days) == f"on {day + timedelta(days)}T06:00:00Z"


@pytest.mark.parametrize("text", ["2026-02-30", "12026-01-01", "2026-01-011", "CHG-2026-03", "1.2026-1-1"])
def test_what_is_no_date_stays(text: str) -> None:
    assert shift_dates(text, 7) == text


def test_distances_between_dates_are_kept() -> None:
    days = [date(2026, 1, 1) + timedelta(days=37 * i) for i in range(10)]
    moved = re.findall(r"\d{4}-\d{2}-\d{2}", shift_dates(" ".join(map(str, days)), 123))
    shifted = [date.fromisoformat(text) for text in moved]
    assert [b - a for a, b in pairwise(shifted)] == [timedelta(days=37)] * 9


def test_quoted_digests_follow_the_shifted_file() -> None:
    minutes = b"Meeting of 2026-03-01"
    files = {"m.md": minutes, "t.yaml": f"sha256: {sha256(minutes).hexdigest()}\n".encode()}
    found = shift_files(files, 30)
    assert found["t.yaml"].decode().strip() == f"sha256: {sha256(found['m.md']).hexdigest()}"


def test_files_in_another_encoding_come_back_unharmed() -> None:
    assert shift_files({"x.csv": b"caf\xe9,2026-01-01\n"}, 1) == {"x.csv": b"caf\xe9,2026-01-02\n"}


def test_names_and_texts_are_shifted_and_results_left_out(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "harbourline"
    assert load_demo(target, ANCHOR + timedelta(days=10), source=source)
    assert anchor_of(target) == date(2026, 10, 10)
    assert (target / "evidence" / "a-2026-07-10.csv").read_text() == "id,on\n1,2026-03-10\n"
    assert (target / "evidence" / "scan.png").read_bytes() == b"\x89PNG 2026-01-01"
    assert not (target / "results").exists()
    assert [path.name for path in target.parent.iterdir()] == ["harbourline"]


def test_a_second_load_changes_nothing(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "harbourline"
    load_demo(target, ANCHOR, source=source)
    (target / "note.md").write_text("mine")
    assert not load_demo(target, ANCHOR + timedelta(days=5), source=source)
    assert (anchor_of(target), (target / "note.md").read_text()) == (ANCHOR, "mine")


def test_a_fresh_load_replaces_the_demo(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "harbourline"
    load_demo(target, ANCHOR, source=source)
    assert load_demo(target, ANCHOR + timedelta(days=5), source=source, is_fresh=True)
    assert anchor_of(target) == date(2026, 10, 5)


@pytest.mark.parametrize("is_fresh", [False, True])
def test_a_folder_that_is_no_demo_is_left_alone(source: Path, tmp_path: Path, is_fresh: bool) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "organisation.yaml").write_text("organisation:\n  name: Real\n")
    with pytest.raises(DemoError, match="no demo"):
        load_demo(target, ANCHOR, source=source, is_fresh=is_fresh)
    assert (target / "organisation.yaml").read_text() == "organisation:\n  name: Real\n"


def test_a_failure_leaves_nothing_behind(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "place" / "harbourline"

    def full(self: Path, content: bytes) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        load_demo(target, ANCHOR, source=source)
    assert list(target.parent.iterdir()) == []


def test_the_shipped_demo_states_its_anchor() -> None:
    assert anchor_of(demo.DEMO) is not None
