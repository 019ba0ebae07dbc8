"""A document that attests a decision is in the folder where it is named by a path."""

from pathlib import Path

import pytest

from buttress.formats.problems import ProblemsError
from buttress.register.files.reader import read_register
from buttress.register.tests.folders import changed

CASES = (
    ("evidence.yaml", "Ticket SEC-118", "evidence/manual/sec-118", "exceptions.EX-001.attested_document"),
    ("evidence.yaml", "Ticket SEC-118", "Ticket SEC-118.pdf", "exceptions.EX-001.attested_document"),
    ("evidence.yaml", "Ticket SEC-118", "evidence/manual", "exceptions.EX-001.attested_document"),
    ("risks/security.yaml", "Minutes RC-2026-03", "../x.pdf", "risks.R-001.acceptances[0].attested_document"),
    ("risks/security.yaml", "Minutes RC-2026-03", "link.pdf", "risks.R-001.acceptances[0].attested_document"),
)


@pytest.mark.parametrize(("file", "title", "document", "field"), CASES)
def test_a_path_at_which_no_file_lies_attests_nothing(
    tmp_path: Path, file: str, title: str, document: str, field: str
) -> None:
    folder = changed(tmp_path, (file, title, document))
    (folder / "link.pdf").symlink_to(folder / "organisation.yaml")
    with pytest.raises(ProblemsError) as error:
        read_register(folder)
    (found,) = error.value.problems
    assert (found.field, found.expected) == (field, "a document in the folder")
    assert document in found.found


def test_a_file_that_lies_there_or_a_title_is_fine(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        ("evidence.yaml", "Ticket SEC-118", "evidence/manual/board-h1-2026.md"),
        ("risks/security.yaml", "Minutes RC-2026-03", '"Minutes RC 3 / 2026"'),
    )
    assert read_register(folder).exceptions["EX-001"].attested_document == "evidence/manual/board-h1-2026.md"
