"""Documentation is held true: worked examples run, links lead somewhere, nothing shipped is undocumented."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("page", sorted((DOCS / "explanation").glob("*.md")), ids=lambda p: p.stem)
def test_worked_examples_of_explanations_give_what_they_say(page: Path) -> None:
    failures, _ = doctest.testfile(str(page), module_relative=False)
    assert failures == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_package_has_its_line_in_the_architecture_page() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    packages = [p.name for p in (ROOT / "src" / "buttress").iterdir() if p.is_dir() and not p.name.startswith("__")]
    assert [name for name in packages if f"`{name}/`" not in text] == []


def test_generated_reference_pages_are_up_to_date() -> None:
    import runpy

    pages = runpy.run_path(str(DOCS / "generate.py"))["pages"]()
    stale = [name for name, text in pages.items() if (DOCS / "reference" / name).read_text() != text]
    assert stale == [], "run make docs"


def test_every_reason_code_is_documented() -> None:
    from buttress.reports import states

    text = (DOCS / "reference" / "reasons.md").read_text()
    assert [code for code in vars(states)["_REASONS"] if f"`{code}" not in text] == []


def test_every_code_that_evidence_gives_has_words() -> None:
    from buttress.reports import states

    source = ROOT / "src" / "buttress"
    files = [*(source / "evidence").rglob("*.py"), source / "core" / "verdicts.py"]
    # In `locked` and `sql` such texts are SQL; what comes out of them is coded by others.
    texts = [path.read_text() for path in files if not {"tests", "locked", "sql"}.intersection(path.parts)]
    given = {code for text in texts for code in re.findall(r"f\"([a-z]+(?:_[a-z]+)*)\(\{", text)} - {"open", "len"}
    assert given
    assert given - set(vars(states)["_REASONS"]) == set()


def test_every_format_of_scanners_is_documented() -> None:
    from buttress.evidence.importers.registry import findings_formats

    headings = re.findall(r"^## (.+)$", (DOCS / "reference" / "importers.md").read_text(), re.MULTILINE)
    named = {name for heading in headings for name in heading.split(", ")}
    assert set(findings_formats()) - named == set()
