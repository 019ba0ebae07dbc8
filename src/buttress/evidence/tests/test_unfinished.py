"""Of what killed runs left, only what nobody can be writing any more goes."""

import time

from buttress.evidence.unfinished import sweep_unfinished


def test_unfinished_files_go_after_an_hour_and_evidence_stays(tmp_path):
    rows = tmp_path / "results" / "rows"
    rows.mkdir(parents=True)
    for name in (".writing-a.parquet", "b.parquet"):
        (rows / name).write_text("x")
    (rows.parent / ".2026-06-30.json.x1").write_text("x")
    assert sweep_unfinished(tmp_path) == 0
    assert sweep_unfinished(tmp_path, time.time() + 3700) == 2
    assert [path.name for path in rows.iterdir()] == ["b.parquet"]


def test_a_folder_without_results_has_nothing_to_sweep(tmp_path):
    assert sweep_unfinished(tmp_path) == 0
