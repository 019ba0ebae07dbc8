"""Evidence files are compared with what was recorded of them; each change, loss and addition is named."""

from pathlib import Path

import pytest

from buttress.evidence.services import declare_own_test, record_results
from buttress.evidence.store import folder_of
from buttress.evidence.tests.registers import DAY, OWN_TEST, declared, evidence_of_run, put
from buttress.evidence.verification import verify_files
from buttress.orgs.errors import ForbiddenError
from buttress.orgs.writing import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

FILE = "evidence/accounts-2026-06-30.csv"


@pytest.fixture
def cast(settings, tmp_path) -> dict[str, Actor]:
    """An organisation whose evidence was tested once."""
    settings.BUTTRESS_DATA = tmp_path
    actors = dict(declared())
    declare_own_test(actors["ruth"], ref="mfa-everywhere", test=OWN_TEST)
    folder = folder_of(actors["ruth"].organisation_id)
    put(folder, FILE, "id,status,mfa\na-1,ACTIVE,true\na-2,ACTIVE,false\n")
    record_results(actors["ruth"], found=evidence_of_run(actors["ruth"], folder, DAY))
    return actors


@pytest.fixture
def folder(cast) -> Path:
    return folder_of(cast["ruth"].organisation_id)


def problems(cast) -> list[str]:
    return [str(problem) for problem in verify_files(cast["paul"]).problems]


def test_files_as_they_were_recorded_are_found_so(cast):
    found = verify_files(cast["paul"])
    assert (found.ok, found.results, found.data) == (True, 1, 1)


def test_who_may_not_verify_is_refused(cast):
    with pytest.raises(ForbiddenError):
        verify_files(cast["vera"])


def test_changed_bytes_of_a_data_set_are_named(cast, folder):
    (folder / FILE).write_text("id,status,mfa\na-1,ACTIVE,true\n")
    (problem,) = problems(cast)
    assert problem.startswith(FILE)
    assert "as recorded" in problem


def test_a_file_that_is_gone_is_named(cast, folder):
    (folder / FILE).unlink()
    (problem,) = problems(cast)
    assert "no file" in problem


def test_a_results_file_that_was_changed_is_named(cast, folder):
    (file,) = (folder / "results").glob("*.json")
    file.write_text(file.read_text().replace('"population": 2', '"population": 3'))
    assert any(file.name in problem for problem in problems(cast))


def test_a_results_file_that_is_gone_is_named(cast, folder):
    (file,) = (folder / "results").glob("*.json")
    file.unlink()
    (problem,) = problems(cast)
    assert file.name in problem


def test_failing_rows_that_were_changed_are_named(cast, folder):
    rows = next((folder / "results" / "rows").glob("*.parquet"))
    rows.write_bytes(rows.read_bytes()[:-1] + b"x")
    assert any(rows.name in problem for problem in problems(cast))


def test_a_results_file_under_a_name_that_is_not_its_own_is_named(cast, folder):
    (file,) = (folder / "results").glob("*.json")
    put(folder, f"results/2026-07-01-{file.name[11:]}", file.read_text())
    (problem,) = problems(cast)
    assert problem.startswith(f"results/2026-07-01-{file.name[11:]}")


def test_a_receipt_that_was_not_recorded_is_named(cast, folder):
    put(folder, f"{FILE}.receipt.yaml", "receipt: {cursor_exhausted: true}\n")
    (problem,) = problems(cast)
    assert problem.startswith(f"{FILE}.receipt.yaml")
    assert "not recorded" in problem
